"""The compared rows by field: how far the two sides are apart, and what a field is made from."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from nbtui.diagnosis.search.rows import Rows
from nbtui.live.scene import Array
from nbtui.parity.judge import FIELDS_OF_VECTORS
from nbtui.parity.reach import Reach
from nbtui.parity.streams import upstream
from nbtui.trace.fields import catalogue
from nbtui.trace.fields.field import Tolerance

AGREE = 1e-6  # relative: the precision of float64 logs after every sum
NAMED = 6  # names in a sentence before "and N more"


@dataclass(frozen=True)
class FieldDifference:
    """One field of both logs, over all its blocks, phi steps and components."""

    field: str
    off: float  # largest relative difference; inf where a value is missing on one side
    agrees: bool  # to AGREE or to the printed digits
    worst: int  # row of the largest difference

    @property
    def log_only(self) -> bool:
        """Whether neither pixel nor any other line is made from it."""
        return bool(catalogue.log_only_reason(self.field))


def by_field(rows: Rows, predicted: Array, actual: Array) -> tuple[FieldDifference, ...]:
    """Every field in pipeline order, ``predicted`` against ``actual``, both (n,)."""
    distance = rows.distance(predicted, actual)
    within = distance <= np.maximum(AGREE, rows.floor)
    shown = rows.of_values(distance)
    out = []
    for here in (np.flatnonzero(rows.group == number) for number in range(len(rows.sizes))):
        worst = int(here[np.argmax(distance[here])])
        found = FieldDifference(rows.fields[worst], float(shown[worst]), bool(within[here].all()), worst)
        out.append((min(_rank(rows, int(n)) for n in here), found))
    return tuple(found for _, found in sorted(out, key=lambda item: item[0]))


def _rank(rows: Rows, n: int) -> tuple[int, int]:
    section, _, rank, *_ = rows.places[n]
    return section, rank


def together(rows: Rows, at: int) -> list[int]:
    """Rows of the same printed line as row ``at``: the components of its vector, or the row alone."""
    place = rows.places[at]
    return [n for n in rows.plan[place[3]][0].tolist() if rows.places[n][:5] == place[:5]]


def is_vector(field: str) -> bool:
    """Whether the components of a field make one vector."""
    known = catalogue.field(field)
    return known is not None and known.shape in FIELDS_OF_VECTORS


def is_whole(field: str) -> bool:
    """Whether the values of a field are integers."""
    known = catalogue.field(field)
    return known is not None and known.tolerance is Tolerance.INTEGER


def made_from(field: str, others: Collection[str]) -> bool:
    """Whether ``field`` is made from one of the ``others``."""
    return not upstream(field).isdisjoint(others)


def reaching(found: Sequence[FieldDifference], proving_nothing: Collection[str]) -> frozenset[str]:
    """Differing fields that reach the pixel: not every way to it passes through a field that agrees.

    ``proving_nothing``: agreeing fields that stop no way, such as a sum of zero.
    """
    compared = {item.field for item in found}
    differing = {item.field for item in found if not item.agrees}
    passed = differing | set(proving_nothing)
    reach = Reach(lambda name: int(name in compared), lambda name: int(name in passed))
    ways = {name: reach.way(name) for name in differing}
    return frozenset(name for name, way in ways.items() if way.everywhere or way.at)


def names(fields: Sequence[str], most: int = NAMED) -> str:
    """A list of names for a sentence; a long one ends with the number of those left out."""
    if len(fields) > most + 1:
        return f"{', '.join(fields[:most])} and {len(fields) - most} more"
    return " and ".join([", ".join(fields[:-1]), fields[-1]] if len(fields) > 1 else fields)


def to_within(off: float) -> str:
    """How well values agree, rounded up to two digits: "exactly", "to 8.7e-07"."""
    if off == 0.0:
        return "exactly"
    exponent = math.floor(math.log10(off))
    digits = math.ceil(off / 10.0**exponent * 10.0 - 1e-9) / 10.0
    return f"to {float(f'{digits:.1f}e{exponent}'):.1e}"
