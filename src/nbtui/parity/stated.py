"""The precisions that a log states itself: ``TRACE_PY_DTYPE: F_cell float32``, as `nbtui.tap` prints it."""

from __future__ import annotations

from nbtui.trace.fields import catalogue
from nbtui.trace.fields.field import Tolerance
from nbtui.trace.model import Trace

_SINGLE_OR_LESS = ("float32", "float16", "bfloat16", "single", "half")
_EXACT = (Tolerance.FLOAT32, Tolerance.INTEGER)  # single precision by nature; whole in any precision


def stated_precisions(trace: Trace) -> dict[str, list[str]]:
    """Precision -> the fields that the log states to be in it, without those that it says nothing about."""
    found: dict[str, list[str]] = {}
    for notice in trace.notices:
        name, _, precision = notice.text.partition(" ")
        known = catalogue.field(name)
        if notice.kind == "dtype" and (known is None or known.tolerance not in _EXACT):
            found.setdefault(precision, []).append(name)
    return found


def states_single(trace: Trace) -> bool:
    """Whether the log states that some fields are in single precision or less."""
    return any(kind in _SINGLE_OR_LESS for kind in stated_precisions(trace))
