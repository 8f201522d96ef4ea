"""The scale of a field: the size that a difference of it is compared with, where its own value may be near zero.

An index counts in units of the width of a lattice peak, 1/N; a lattice factor in units of its peak, N; a component of a
vector at least as a tenth of it. Source: nanobragg_pixel_loop section 7.
"""

from __future__ import annotations

from nbtui.parity.cell_counts import Counts
from nbtui.parity.numbers import ErrorScale, SingleRoom
from nbtui.trace.fields import catalogue
from nbtui.trace.fields.field import Stage

_NEAR_ZERO = 0.1  # of its vector: a smaller component is judged as if it were this large
_INDEX = {("hkl_frac", "h"): 0, ("hkl_frac", "k"): 1, ("hkl_frac", "l"): 2, ("phi.k_frac", ""): 1}
_FACTOR = {"F_latt_a": 0, "F_latt_b": 1, "F_latt_c": 2, "phi.F_latt_b": 1}
_SINGLE = 2.0**-22  # relative: some roundings to single precision
_SINGLE_DIFFERENCE = 1e-6  # relative: of a difference of unit vectors, and of what is made from it
_SINGLE_INDEX = 1e-6  # of an index: a product of single-precision vectors
_SINGLE_SUM = 1e-5  # relative: squared lattice factors of such indices
_SINGLE_GRADIENT = 1e-4  # relative: a sum of their slopes, which have both signs
_SUMS = frozenset({"F_latt", "phi.F_latt", "I_before_scaling", "I_before_scaling_post_polar"})
_PIXEL = frozenset({"I_pixel_final", "floatimage_accumulated"})


def scale_of(name: str, component: str, counts: Counts | None) -> ErrorScale | None:
    """The scale of one component of a field; None for a field that is judged by its own value or its vector."""
    axis = _INDEX.get((name, component))
    if axis is not None:
        return ErrorScale(1.0 / counts[axis], "1/N") if counts else ErrorScale(1.0, "an index")
    axis = _FACTOR.get(name)
    return ErrorScale(float(counts[axis]), "N") if axis is not None and counts else None


def scale_of_component(length: float) -> ErrorScale | None:
    """The scale of a component of a vector of this length; None without a vector."""
    return ErrorScale(_NEAR_ZERO * length, "a tenth of its vector") if length else None


def single_room(name: str, component: str, counts: Counts | None) -> SingleRoom:
    """How much of a difference in this field single precision explains.

    The slope of sin(pi N h)/sin(pi h) is below 2 N^2.
    """
    if (name, component) in _INDEX:
        return SingleRoom(_SINGLE, _SINGLE_INDEX)
    axis = _FACTOR.get(name)
    if axis is not None:
        return SingleRoom(_SINGLE, 2.0 * counts[axis] ** 2 * _SINGLE_INDEX if counts else 0.0)
    if name in _SUMS or name in _PIXEL:
        return SingleRoom(_SINGLE_SUM)
    known = catalogue.field(name)
    if known is not None and known.stage is Stage.GRADIENTS:
        return SingleRoom(_SINGLE_GRADIENT)
    early = known is not None and known.stage in (Stage.DETECTOR, Stage.PIXEL, Stage.CRYSTAL)
    return SingleRoom(_SINGLE if early else _SINGLE_DIFFERENCE)
