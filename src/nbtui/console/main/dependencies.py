"""Dependencies between fields, and the evidence for phi carry-over in C's phi lines."""

from __future__ import annotations

from functools import cache

from nbtui.trace.columns import phi_ends
from nbtui.trace.fields import catalogue
from nbtui.trace.fields.field import Tap
from nbtui.trace.model import Trace


def dependencies(name: str) -> tuple[str, ...]:
    """Fields that the field ``name`` is made from directly; empty if it comes from the command line alone.

    A phi line prints few of its inputs: those that reach it through values that no log prints count as well.
    """
    known = catalogue.field(name)
    if known is None:
        return ()
    if known.depends_on and known.tap is not Tap.PHI_STEP:
        return known.depends_on
    return tuple(sorted((*known.depends_on, *known.hidden_inputs), key=catalogue.order))


@cache
def dependents(name: str) -> tuple[str, ...]:
    """Fields that use ``name`` directly, in pipeline order."""
    return tuple(entry.name for entry in catalogue.FIELDS if name in dependencies(entry.name))


def repeats_last_step(c: Trace) -> bool:
    """Whether C's first phi line repeats the values of its last one (the sign of phi carry-over)."""
    if len(c.phi) < 2:
        return False
    first, last = ({key: value for key, value in entry.values.items() if "phi" not in key} for entry in phi_ends(c.phi))
    return bool(first) and first == last
