"""The image kernel against the formula: every flag and every quirk gives the same pixels, or the kernel refuses it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import pytest
import torch

from nbsim import FLAGS, Experiment, Quirks
from nbsim.image import scope
from nbsim.image.scope import CONDITIONS, FOLLOWED, PARTS, fits_kernel
from nbsim.image.tiles import KernelTiles
from nbsim.pixel.accumulation import sum_pixels
from nbsim.pixel.terms import contributions
from support.flag_samples import BASES, SIZE, words_of, write_inputs

LEAST_CLAIMED = 0.7  # of the flags


@dataclass(frozen=True)
class Change:
    """A base with one flag added or one quirk switched."""

    base: str
    words: tuple[str, ...] = ()
    quirk: str = ""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kernel")
    write_inputs(path)
    return path


@cache
def experiment_of(change: Change, folder: Path) -> Experiment:
    draw = random.Random(change.base)
    angles = " ".join(f"{draw.uniform(0.0, 90.0):.3f}" for _ in range(3))
    start = (
        f"-cell 30 40 50 {draw.uniform(75, 105):.2f} 85 95 -misset {angles} -N 3 -lambda 1 -distance 60 "
        f"-detpixels {SIZE} -pixel 4 {BASES[change.base]}"
    )
    default = {field.name: field.default for field in fields(Quirks)}
    quirks = {change.quirk: not default[change.quirk]} if change.quirk else {}
    return Experiment.from_command([*start.split(), *change.words], folder, quirks=quirks)


def flag_changes() -> Iterator[Change]:
    for base in BASES:
        for flag in FLAGS:
            if flag.names == ("--column",) and "box.hkl" in BASES[base]:
                continue  # a text of h k l F has no columns to choose from
            yield Change(base, words_of(flag))


def quirk_changes() -> Iterator[Change]:
    for base in BASES:
        for field in fields(Quirks):
            yield Change(base, quirk=field.name)


CHANGES = (*map(Change, BASES), *flag_changes(), *quirk_changes())


def compared(experiment: Experiment) -> int:
    """Pixels on which the kernel and the formula were compared; the rest the kernel leaves to the formula itself."""
    size = torch.arange(experiment.detector.n_slow), torch.arange(experiment.detector.n_fast)
    pixels = torch.cartesian_prod(*size)
    with torch.no_grad():
        values, omega, doubtful = KernelTiles(experiment, None).values(pixels, lambda: None)
        sums = sum_pixels(experiment, contributions(experiment, pixels))
    sure = ~doubtful
    largest = float(sums.value.abs().max())
    torch.testing.assert_close(values[sure], sums.value[sure], rtol=1e-7, atol=1e-11 * largest)
    torch.testing.assert_close(omega[sure], sums.omega_now[sure, 0, 0], rtol=1e-12, atol=0.0)
    return int(sure.sum())


def test_every_field_is_followed_or_has_a_condition() -> None:
    listed = [f"{part}.{name}" for part, names in FOLLOWED.items() for name in names.split()] + [*CONDITIONS]
    assert len(set(listed)) == len(listed)
    assert set(listed) == {f"{part}.{field.name}" for part, kind in PARTS.items() for field in fields(kind)}


def test_a_field_that_the_kernel_does_not_know_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = experiment_of(Change("bare"), folder)
    assert fits_kernel(base)
    monkeypatch.setitem(scope.FOLLOWED, "beam", FOLLOWED["beam"].replace("polarization ", ""))
    assert scope.unlisted() == {"beam.polarization"}
    monkeypatch.setattr(scope, "_COMPLETE", not scope.unlisted())
    assert not fits_kernel(base)


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: " ".join((change.base, *change.words, change.quirk)))
def test_the_kernel_is_the_formula_or_refuses(change: Change, folder: Path) -> None:
    experiment = experiment_of(change, folder)
    if fits_kernel(experiment):
        assert compared(experiment) > 0


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_is_needed(condition: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the comparison above fails for some flag or quirk, which detects a false claim."""
    refused = [change for change in CHANGES if not fits_kernel(experiment_of(change, folder))]
    monkeypatch.delitem(scope.CONDITIONS, condition)
    claimed = [experiment_of(change, folder) for change in refused]
    claimed = [experiment for experiment in claimed if fits_kernel(experiment)]
    assert claimed

    def differs(experiment: Experiment) -> bool:
        try:
            compared(experiment)
        except AssertionError:
            return True
        return False

    assert any(differs(experiment) for experiment in claimed)


def test_most_flags_go_through_the_kernel(folder: Path) -> None:
    flags = list(flag_changes())
    fitting = sum(fits_kernel(experiment_of(change, folder)) for change in flags)
    assert fitting > LEAST_CLAIMED * len(flags)
