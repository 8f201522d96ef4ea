"""What the best state of a search leaves: lines of the print, and differences without a known cause.

A value that the state reproduces is not fed by a difference upstream of it: that line was not taken from what made the
pixel. What differs beyond that is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nbtui.diagnosis.search.rows import PIXEL, SUM, Rows
from nbtui.diagnosis.search.search import SearchState
from nbtui.parity.align import LOOP
from nbtui.parity.streams import upstream

RECIPROCAL = ("rot_a_star_A_inv", "rot_b_star_A_inv", "rot_c_star_A_inv")
TOLERANCE = 1e-6  # relative: a smaller difference is within the comparison's tolerance


@dataclass(frozen=True)
class Remainder:
    """Fields that a state does not reproduce, in pipeline order."""

    of_print: tuple[str, ...]  # a value downstream of them is reproduced
    unknown: tuple[str, ...]


def remainder(rows: Rows, state: SearchState, slack: float = 0.0) -> Remainder:
    """Divide what ``state`` does not reproduce; ``slack``: bits of misfit that the noise of one side may leave."""
    left = _fields(rows, state.row_bits > slack)
    if not left:
        return Remainder((), ())
    sections = {place[3]: place[0] for place in rows.places}
    loose = np.where(state.row_bits > slack, state.row_bits, 0.0)
    explained = {name for name in (SUM, PIXEL) if rows.reproduced(name, loose, state.predicted)}
    if PIXEL in explained:
        return Remainder(tuple(left), ())
    of_print = {name for name in left if not feeds(name, rows) or (SUM in explained and sections[name] == LOOP)}
    return Remainder(
        tuple(name for name in left if name in of_print), tuple(name for name in left if name not in of_print)
    )


def feeds(name: str, rows: Rows) -> bool:
    """Whether the pixel is made from a field, or is the field."""
    if name in RECIPROCAL:  # of shapes other than SQUARE, for which no lattice factor is printed
        return "F_latt" not in rows.fields
    return name in upstream(PIXEL) or name == PIXEL or PIXEL in upstream(name)


def beyond_tolerance(rows: Rows, state: SearchState, names: Iterable[str], slack: float = 0.0) -> tuple[str, ...]:
    """Those of ``names`` that differ by more than the comparison's tolerance; ``slack``: as in `remainder`."""
    off = rows.distance(state.predicted, rows.suspect)
    large = set(_fields(rows, (state.row_bits > slack) & (off > TOLERANCE)))
    return tuple(name for name in names if name in large)


def _fields(rows: Rows, wanted: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[str]:
    return list(dict.fromkeys(rows.fields[int(n)] for n in np.flatnonzero(wanted)))
