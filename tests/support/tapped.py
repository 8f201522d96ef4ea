"""Values for every field of the catalogue that a tap prints, and what a log of them must read as."""

from __future__ import annotations

import math
import random
import struct

from nbtui.trace.fields.catalogue import FIELDS, Shape, Tap, Tolerance
from nbtui.trace.fields.field import Field
from nbtui.trace.model import Trace, Value

TAPPED = tuple(entry for entry in FIELDS if entry.tap is not Tap.PRINTOUT)
COUNTS = {Shape.SCALAR: 1, Shape.VECTOR: 3, Shape.HKL: 3, Shape.MATRIX: 9, Shape.ANGLES: 4, Shape.BEAM: 3}
COUNTERS = ("thick", "sub_slow", "sub_fast", "source", "phi_step", "mosaic_domain")
GRID = 2  # cells along an edge of the interpolation neighbourhood


def any_double(chance: random.Random) -> float:
    """A finite double with any sign, exponent and fraction."""
    while True:
        found = float(struct.unpack("<d", chance.randbytes(8))[0])
        if math.isfinite(found):
            return found


def values_of(entry: Field, chance: random.Random) -> tuple[Value, ...]:
    """Values of the field's shape, every bit of them by chance; counters are 0, as in the first pass."""
    if entry.shape is Shape.TEXT:
        return ("XDS",)
    if entry.name.rpartition(".")[2] in (*COUNTERS, "phi_tic", "source_index"):
        return (0,)
    count = GRID**3 if entry.name == "tricubic.grid" else COUNTS.get(entry.shape, 4)
    whole = entry.tolerance is Tolerance.INTEGER
    return tuple(chance.randint(-99, 99) if whole else any_double(chance) for _ in range(count))


def every_value() -> dict[str, tuple[Value, ...]]:
    """Field -> its values."""
    chance = random.Random(14)
    return {entry.name: values_of(entry, chance) for entry in TAPPED}


def read_back(trace: Trace) -> dict[str, tuple[Value, ...]]:
    """Field -> its values, as our reader has them; several lines of a field follow each other."""
    found: dict[str, tuple[Value, ...]] = {}
    for record in trace.records:
        name = record.name.replace("source[0].", "source.")
        found[name] = (*found.get(name, ()), *record.values)
    for kind, lines in (("phi", trace.phi), ("term", trace.terms)):
        for line in lines:
            found |= {f"{kind}.{key}": (value,) for key, value in line.values.items()}
    return found
