"""Single precision on one side, recognized by its printed digits, and its effect on later values.

A float32 number printed with 15 digits is recognized with certainty (chance 2^-29). Replays with noise of that size,
from the first such field on, give the resulting error of every later value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbtui.diagnosis.replay.replay import replay
from nbtui.diagnosis.replay.setup import PixelSetup, with_rules
from nbtui.diagnosis.search.rows import SINGLE, Rows, predictions
from nbtui.live.scene import Array
from nbtui.trace.fields import catalogue
from nbtui.trace.fields.catalogue import STAGES, Stage

PRINTED = 2e-14  # relative uncertainty of 15 printed digits, with a margin
APART = 1e-11  # relative distance from the nearest float32 number beyond which a value is not one
DIGITS = 9  # significant digits from which a float32 number cannot be a short decimal by chance
NOISES = 8  # replays with noise
MARGIN = 4.0  # times the largest effect seen among them
UNITS = (1.0, 1e-10, 1e10)  # a number rounded in metres may be printed in Angstrom, or the reverse
WHOLE = 0.8  # share of the decisive fields that makes it the whole run
SMALL = 2e-6  # relative: a smaller first difference may be single precision although no digit proves it


@dataclass(frozen=True)
class Single:
    """The beginning of single precision."""

    field: str
    stage: int  # index into STAGES
    proven: bool  # by the digits; otherwise only by size
    fields: tuple[str, ...]  # every field whose values are float32 numbers
    share: float  # share of the fields that can show it

    @property
    def whole_run(self) -> bool:
        """Whether the whole run is in single precision, not one stage of it."""
        return self.proven and self.stage == 0 and self.share >= WHOLE


def _off(values: Array, unit: float) -> Array:
    """Distance to the nearest float32 number in a unit, relative."""
    scaled = values * unit
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        near = scaled.astype(np.float32).astype(np.float64)
        off = np.abs(near - scaled) / np.where(scaled == 0.0, 1.0, np.abs(scaled))
    return np.where(np.isfinite(off), off, 1.0)


def _digits(value: float) -> int:
    """Significant decimal digits; a short decimal may be a float32 number by chance."""
    mantissa = f"{abs(value):.14e}".partition("e")[0].replace(".", "")
    return len(mantissa.rstrip("0"))


def stage_of(name: str) -> int:
    """Index of a field's stage in the pipeline."""
    known = catalogue.field(name)
    return STAGES.index(known.stage if known is not None and known.stage in STAGES else Stage.SCALING)


def find_single(rows: Rows) -> Single | None:
    """The first field whose values are float32 numbers on the suspect's side only."""
    long = np.asarray([_digits(value) >= DIGITS for value in rows.suspect], dtype=bool)
    apart = {unit: _off(rows.reference, unit) > APART for unit in UNITS}
    telling = np.logical_or.reduce(list(apart.values())) & long
    rounded = [apart[unit] & (_off(rows.suspect, unit) <= PRINTED) for unit in UNITS]
    single = telling & np.logical_or.reduce(rounded)
    fields: list[str] = []
    could_tell = 0
    for number in range(len(rows.sizes)):
        here = rows.group == number
        name = rows.fields[int(np.argmax(here))]
        if name == "floatimage_accumulated" or not telling[here].any():
            continue
        could_tell += 1
        if single[here].sum() == telling[here].sum():
            fields.append(name)
    if not fields:
        return None
    first = min(fields, key=stage_of)
    return Single(first, stage_of(first), True, tuple(fields), len(fields) / could_tell)


def suspected_single(rows: Rows, predicted: Array) -> Single | None:
    """Single precision judged by size alone: the first unexplained difference is below 2e-6."""
    differing = np.flatnonzero(rows.bits(predicted, rows.suspect) > 0.0)
    if differing.size == 0:
        return None
    distance = rows.distance(predicted, rows.suspect)
    first = min(differing, key=lambda n: stage_of(rows.fields[n]))
    stage = stage_of(rows.fields[first])
    start = [n for n in differing if stage_of(rows.fields[n]) == stage]
    if max(distance[n] for n in start) > SMALL:
        return None
    return Single(rows.fields[first], stage, False, (), 0.0)


def single_noise(base: PixelSetup, rows: Rows, stage: int) -> Array:
    """Relative error of each row due to single precision from ``stage`` on."""
    plain = predictions(rows, replay(base))
    spread = np.zeros(len(rows))
    for seed in range(NOISES):
        noisy = with_rules(base, "precision", noise_from=stage, noise_seed=seed)
        with np.errstate(invalid="ignore"):
            off = np.abs(predictions(rows, replay(noisy)) - plain) / np.fmax(rows.scale, np.abs(plain))
        spread = np.maximum(spread, np.where(np.isfinite(off), off, 0.0))
    later = np.asarray([stage_of(name) >= stage for name in rows.fields])
    return np.where(later, np.maximum(MARGIN * spread, 0.51 * SINGLE), 0.0)
