"""Which C program a binary is: three tiny cases, on which the known programs make different images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

import nbsim
from nbtui.live.c_program import Limits, float_image
from nbtui.live.door import simulator
from nbtui.live.model import Case

Image = npt.NDArray[np.float64]

_COMMON = (
    "-cell 70 80 90 75 85 95 -misset 10 20 30 -lambda 1 -default_F 100 -N 5 -pixel 3 -distance 60 -detpixels 6 "
    "-fluence 1e20 -seed 3 -nonoise -nopgm"
)
_SAME = 1e-4  # relative to a pixel's value: builds round differently, programs differ by more
_SAME_SINGLE = 3e-3  # for a program with sums in single precision
_FAINT = 1e-6  # of the brightest pixel
_SINGLE = "cuda"


@dataclass(frozen=True)
class _Trial:
    """One case. ``behaviours``: what a program may do in it, as states of quirks, with words for each."""

    what: str
    flags: str
    behaviours: tuple[tuple[str, Mapping[str, bool]], ...]
    of_all: bool = True  # every known program takes these flags


_TRIALS = (
    _Trial(
        "phi = 0",
        "-oversample 2 -phi 0 -osc 3 -phisteps 3",
        (
            ("keeps the vectors of the last step", {"phi_carryover": True}),
            ("fresh vectors", {"phi_carryover": False}),
        ),
    ),
    _Trial(
        "oversample factors",
        "-oversample 2 -oversample_omega -water 4",
        (
            ("on the running sum", {"running_sum_weights": True, "background_weighted": True}),
            ("on each term and on the background", {"running_sum_weights": False, "background_weighted": True}),
            ("on each term, not on the background", {"running_sum_weights": False, "background_weighted": False}),
        ),
        of_all=False,
    ),
    _Trial(
        "-curved_det as the last word",
        "-oversample 1 -curved_det",
        (
            ("ignored", {"last_curved_det_ignored": True}),
            ("counts", {"last_curved_det_ignored": False}),
        ),
    ),
)
_ALONE = "as no known program"


@dataclass(frozen=True)
class Observed:
    """What the binary does in one case; ``quirks`` is empty where it behaves as no known program."""

    what: str
    words: str
    quirks: Mapping[str, bool]
    off: float  # largest relative difference of a pixel


@dataclass(frozen=True)
class Identity:
    """The answer: the program's name, or the nearest one with what is different."""

    name: str  # empty: none of the known ones
    nearest: str
    exceptions: tuple[Observed, ...]  # from the nearest one
    observed: tuple[Observed, ...]

    @property
    def sentence(self) -> str:
        """For the user."""
        if self.name:
            return self.name
        told = "; ".join(f"{seen.what}: {seen.words}" for seen in self.exceptions)
        return f"unknown: behaves as {self.nearest} except {told}"

    @property
    def own_table(self) -> tuple[str, ...]:
        """Lines for nbtui.toml that describe a program without a name; none where a case shows no known behaviour."""
        if self.name or not all(seen.quirks for seen in self.exceptions):
            return ()
        base = nbsim.program_named(self.nearest).switches
        states = {name: state for seen in self.exceptions for name, state in seen.quirks.items()}
        changed = [f"{name} = {str(state).lower()}" for name, state in states.items() if getattr(base, name) != state]
        return ("[c_programs.NAME]", f'base = "{self.nearest}"', *changed)


def identify(program: Path, limits: Limits, say: Callable[[str], None]) -> Identity:
    """Run ``program`` on the cases and compare its images with ours.

    Raises:
        SimulationFailed: it could not be started, failed, timed out, or wrote no image.
    """
    images: list[Image] = []
    for trial in _TRIALS:
        say(f"running {program.name}: {trial.what}")
        images.append(float_image(program, _case(trial), limits).astype(np.float64))
    with simulator("identify"):
        if _is_single(images):
            seen = [Observed(trial.what, f"as {_SINGLE}", {}, 0.0) for trial in _TRIALS]
            return Identity(_SINGLE, _SINGLE, (), tuple(seen))
        observed = tuple(_observed(trial, image) for trial, image in zip(_TRIALS, images, strict=True))
    candidates = [item for item in nbsim.PROGRAMS if item.name != _SINGLE]
    exceptions = {item.name: tuple(_exceptions(item, observed)) for item in candidates}
    nearest = min(exceptions, key=lambda name: len(exceptions[name]))
    left = exceptions[nearest]
    return Identity("" if left else nearest, nearest, left, observed)


def _case(trial: _Trial) -> Case:
    return Case("identify", tuple(f"{_COMMON} {trial.flags}".split()), Path(), None, None)


def _simulated(trial: _Trial, program: str, quirks: Mapping[str, bool]) -> Image:
    words = f"{_COMMON} {trial.flags}"
    photons = nbsim.from_command(words, c_program=program, quirks=quirks).image().photons
    found: Image = photons.numpy().astype(np.float64)
    return found


def _off(image: Image, ours: Image) -> float:
    """Largest difference relative to a pixel, faint ones relative to the brightest; infinite for another size."""
    if image.size != ours.size or not np.isfinite(image).all():
        return float("inf")
    theirs = image.reshape(ours.shape)
    floor = _FAINT * max(float(np.abs(ours).max()), 1e-300)
    return float((np.abs(theirs - ours) / np.maximum(np.abs(ours), floor)).max())


def _observed(trial: _Trial, image: Image) -> Observed:
    found = [(_off(image, _simulated(trial, "stock", quirks)), words, quirks) for words, quirks in trial.behaviours]
    off, words, quirks = min(found, key=lambda one: one[0])
    return Observed(trial.what, words, quirks, off) if off < _SAME else Observed(trial.what, _ALONE, {}, off)


def _is_single(images: list[Image]) -> bool:
    """Whether the images are those of the program in single precision, in the cases that it takes."""
    pairs = [(trial, image) for trial, image in zip(_TRIALS, images, strict=True) if trial.of_all]
    return all(_off(image, _simulated(trial, _SINGLE, {})) < _SAME_SINGLE for trial, image in pairs)


def _exceptions(program: nbsim.CProgram, observed: tuple[Observed, ...]) -> Iterator[Observed]:
    states = program.switches
    for seen in observed:
        if not seen.quirks or any(getattr(states, name) != state for name, state in seen.quirks.items()):
            yield seen
