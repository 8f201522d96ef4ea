"""Where a pixel has no derivative: what jumps between two values of a parameter.

Source: nanobragg_pixel_loop sections 7 and 8 (nearest index, zero terms, interpolation), docs/api.md (exceptions to the
gradient).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import nbsim

_INTERPOLATED = nbsim.F_CELL_ORIGINS.index("interpolated")
_PLACES = ("thick", "sub_slow", "sub_fast", "source", "phi_step", "mosaic_domain")


@dataclass(frozen=True)
class Pattern:
    """The choices of one run, n terms: which terms there are, and what each of them takes its numbers from."""

    places: npt.NDArray[np.int64]  # (6, n)
    nearest: npt.NDArray[np.int64]  # (3, n)
    below: npt.NDArray[np.float64]  # (3, n), the integers below the index
    f_cell: npt.NDArray[np.float64]  # (n,)
    zero: npt.NDArray[np.bool_]  # (n,), F_latt is 0
    interpolated: npt.NDArray[np.bool_]  # (n,)
    by_nearest: bool  # F_latt depends on the nearest index, too


def pattern(result: nbsim.PixelResult) -> Pattern:
    """The choices behind a simulated pixel."""
    rows, details = nbsim.terms_rows(result), nbsim.term_details(result)
    return Pattern(
        places=np.stack([np.asarray(rows[name], dtype=np.int64) for name in _PLACES]),
        nearest=np.stack([np.asarray(rows[name], dtype=np.int64) for name in ("h0", "k0", "l0")]),
        below=np.floor(np.stack([np.asarray(rows[name], dtype=np.float64) for name in "hkl"])),
        f_cell=np.asarray(rows["F_cell"], dtype=np.float64),
        zero=np.asarray(rows["F_latt"]) == 0.0,
        interpolated=np.asarray(details["F_cell_origin"]) == _INTERPOLATED,
        by_nearest="F_latt_a" not in details,
    )


def kinks_between(one: Pattern, other: Pattern) -> tuple[str, ...]:
    """What jumps between two runs, as sentences without an end; empty on one smooth piece."""
    if one.places.shape != other.places.shape or not np.array_equal(one.places, other.places):
        return ("a term drops out (F_latt = 0, or -dmin)",)
    found = []
    if not np.array_equal(one.interpolated, other.interpolated):
        found.append("the interpolation of F ends")
    moved = (one.below != other.below).any(axis=0) & one.interpolated
    if moved.any():
        found.append("an index crosses an integer, where the interpolation of F has a kink")
    changed = (one.nearest != other.nearest).any(axis=0) & ~one.interpolated
    jumps = changed & ((one.f_cell != other.f_cell) | one.by_nearest)
    if jumps.any():
        at = int(np.flatnonzero(jumps)[0])
        before, after = (" ".join(map(str, side.nearest[:, at])) for side in (one, other))
        found.append(f"another reflection becomes the nearest ({before} -> {after}) in {int(jumps.sum())} terms")
    if not np.array_equal(one.zero, other.zero):
        found.append("F_latt becomes 0 in a term")
    return tuple(found)
