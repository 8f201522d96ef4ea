"""Ratios of two values that are products of known factors.

The factors are those of the trace itself (polarization, solid angle, steps ...) and of the case. A match
counts only at the printed precision of the numbers, and with its probability by chance: the number of products tried
times the width of the window over the range of the products.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from nbtui.diagnosis.replay.setup import PixelSetup
from nbtui.live.constants import DEFAULT_FLUENCE
from nbtui.live.scene import Array
from nbtui.parity.align import cells, plain_tokens
from nbtui.parity.numbers import printing
from nbtui.trace.fields.catalogue import FIELDS
from nbtui.trace.model import Trace, Value

COMPARED = frozenset(entry.name for entry in FIELDS if entry.may_be_ratio)
LONGEST = 3  # factors of a product
DOUBLE, SINGLE = 1e-12, 2.0**-22  # relative window of numbers with all their digits: rounding of the arithmetic
CHANCE = 1e-3  # a match more likely by chance is not reported
SAME = 1e-14
CONSTANTS = {"2 pi": 2.0 * math.pi, "pi": math.pi, "10": 10.0, "2": 2.0, "180/pi": 180.0 / math.pi}
SHOWN = {  # factors that a trace prints
    "polar": "polar",
    "omega": "omega_pixel",
    "capture": "capture_fraction",
    "steps": "steps",
    "r_e^2": "r_e_sqr",
    "fluence": "fluence_photons_per_m2",
    "close_distance/R": "obliquity_factor",
    "R": "R_distance_meters",
    "lambda [A]": "lambda_angstroms",
}


@dataclass(frozen=True)
class Match:
    """A ratio that is a product of named factors."""

    field: str
    ratio: float
    product: str
    chance: float

    @property
    def sentence(self) -> str:
        """For the user."""
        likely = f"by chance with probability {self.chance:.0e}"
        return f"{self.field}: {self.ratio:.15g} times the reference, as {self.product} is ({likely})"


def named_factors(c: Trace, setup: PixelSetup | None = None) -> dict[str, float]:
    """Named positive factors that a value may lack or have in excess, none of them 1."""
    shown = {name: value for name in SHOWN.values() if (value := _first(c, name)) is not None}
    return factors_of(shown, setup)


def factors_of(values: Mapping[str, float], setup: PixelSetup | None = None) -> dict[str, float]:
    """The same from the reference's values by field."""
    out = {**CONSTANTS, **{label: values[name] for label, name in SHOWN.items() if name in values}}
    if "fluence" in out:
        out["fluence/default fluence"] = out["fluence"] / DEFAULT_FLUENCE
    if setup is not None:
        out.update(_of_case(setup))
    return {name: value for name, value in out.items() if value > 0.0 and abs(value - 1.0) > SAME}


def _of_case(setup: PixelSetup) -> Iterator[tuple[str, float]]:
    scene = setup.scene
    yield from zip(("Na", "Nb", "Nc"), map(float, scene.n_cells), strict=True)
    yield "sources", float(len(scene.sources))
    yield "mosaic domains", float(len(scene.mosaic))
    yield "phi steps", float(scene.n_phi)
    yield "oversample^2", float(scene.oversample**2)
    yield "layers", float(scene.n_layers)
    yield "pixel size", scene.pixel_size
    if setup.frame.distance > 0.0 and scene.close_distance > 0.0:
        yield "distance/close_distance", setup.frame.distance / scene.close_distance


def _first(trace: Trace, name: str) -> float | None:
    for record in trace.all(name)[:1]:
        value: Value = record.values[0]
        if not isinstance(value, str) and math.isfinite(value):
            return float(value)
    return None


@dataclass(frozen=True)
class Products:
    """Every product of up to three factors, each up or down, by the number of factors."""

    powers: tuple[tuple[tuple[tuple[str, int], ...], ...], ...]  # per length: name and sign of each factor
    logs: tuple[Array, ...]  # per length: logarithms


def products(factors: Mapping[str, float], longest: int = LONGEST) -> Products:
    """All products of up to ``longest`` of the named positive factors; a factor never meets its own inverse."""
    signed = [(name, sign) for name in factors for sign in (1, -1)]
    values = np.asarray([sign * math.log(factors[name]) for name, sign in signed])
    powers, logs = [], []
    for count in range(1, longest + 1):
        chosen = [
            group
            for group in itertools.combinations_with_replacement(range(len(signed)), count)
            if not any(i ^ 1 in group for i in group)  # neighbours are a factor and its inverse
        ]
        powers.append(tuple(tuple(signed[i] for i in group) for group in chosen))
        logs.append(values[np.asarray(chosen, dtype=np.int64).reshape(-1, count)].sum(axis=1))
    return Products(tuple(powers), tuple(logs))


def _name(group: tuple[tuple[str, int], ...]) -> str:
    powers: dict[str, int] = {}
    for name, sign in group:
        powers[name] = powers.get(name, 0) + sign
    return " x ".join(name if power == 1 else f"({name})^{power}" for name, power in powers.items())


def match(ratio: float, tried: Products, window: float = DOUBLE) -> tuple[str, float] | None:
    """The shortest product equal to ``ratio`` within the relative ``window``, and its probability by chance."""
    if not (ratio > 0.0 and math.isfinite(ratio)) or abs(ratio - 1.0) <= window:
        return None
    wanted = math.log(ratio)
    near = 0
    for powers, logs in zip(tried.powers, tried.logs, strict=True):
        off = np.abs(logs - wanted)
        # the more factors, the more products: the chance is that of all products up to this length
        near += int((off <= 0.5).sum())
        hits = np.flatnonzero(off <= window)
        if hits.size:
            chance = min(1.0, max(near, 1) * 2.0 * window)
            return (min((_name(powers[int(n)]) for n in hits), key=len), chance) if chance < CHANCE else None
    return None


def matches(c: Trace, py: Trace, setup: PixelSetup | None = None, *, single: bool = False) -> tuple[Match, ...]:
    """Every ratio of two printed values that is a product of named factors; ``single``: one side is float32."""
    arithmetic = SINGLE if single else DOUBLE
    of_c, of_py = _coarseness(c), _coarseness(py)
    of_factors = LONGEST * max((of_c.get(name, 0.0) for name in SHOWN.values()), default=0.0)  # the factors are C's
    ratios: dict[str, tuple[float, float]] = {}
    for name in dict.fromkeys(name for name in c.names() if name in COMPARED):
        ours, theirs = _first(c, name), _first(py, name)
        window = arithmetic + of_c.get(name, 0.0) + of_py.get(name, 0.0) + of_factors
        if ours and theirs and abs(theirs / ours - 1.0) > window:
            ratios[name] = theirs / ours, window
    if not ratios:
        return ()
    tried = products(named_factors(c, setup))
    out = []
    for name, (ratio, window) in ratios.items():
        found = match(ratio, tried, window)
        if found is not None:
            out.append(Match(name, ratio, *found))
    return tuple(out)


def _coarseness(trace: Trace) -> dict[str, float]:
    """Largest relative rounding of every printed field of this log; 0 where it prints all digits."""
    found = cells(trace)
    log = printing(plain_tokens(found))
    whole = 0.0 if log.digits is None else 0.5 * 10.0 ** (1 - log.digits)
    rounding: dict[str, float] = {}
    for place, cell in found.items():
        if cell.half_unit is None or isinstance(cell.value, str):
            share = whole
        else:
            share = cell.half_unit / abs(cell.value) if cell.value else 0.0
        rounding[place[3]] = max(rounding.get(place[3], 0.0), share)
    return rounding
