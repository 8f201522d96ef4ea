"""Set-up lines whose difference is one of the label: every line made from them is equal to the last digit.

A port prints the beam centre in another unit or convention and still places the detector as C does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from nbtui.parity.align import first_of
from nbtui.parity.streams import consumers
from nbtui.trace.fields import catalogue
from nbtui.trace.model import Trace, Value

_LAST_DIGIT = 1e-14  # relative to the length of a line's values: two prints with 15 digits


def label_only(c: Trace, py: Trace) -> dict[str, str]:
    """The reason of every such field."""
    found: dict[str, str] = {}
    for name in catalogue.setup_names():
        if not _common(name, c, py) or _same(name, c, py):
            continue
        followers = list(_followers(name, c, py))
        if followers and all(_same(follower, c, py) for follower in followers):
            verb = "agrees" if len(followers) == 1 else "agree"
            made = f"{', '.join(followers)}, made from it, {verb} to the last digit"
            found[name] = f"a difference of the label alone: {made}"
    return found


def _followers(name: str, c: Trace, py: Trace) -> Iterator[str]:
    """The nearest fields on both sides that are made from a field."""
    seen, waiting = {name}, list(consumers(name))
    while waiting:
        follower = waiting.pop(0)
        if follower in seen:
            continue
        seen.add(follower)
        if _common(follower, c, py):
            yield follower
        else:
            waiting += consumers(follower)


def _common(name: str, c: Trace, py: Trace) -> bool:
    return bool(c.all(name)) and bool(py.all(name))


def _same(name: str, c: Trace, py: Trace) -> bool:
    return _equal(_values(c, name), _values(py, name))


def _values(trace: Trace, name: str) -> tuple[Value, ...]:
    record = first_of(trace, name)
    return record.values if record is not None else ()


def _equal(ours: tuple[Value, ...], theirs: tuple[Value, ...]) -> bool:
    """Whether two lines are equal to the last digit."""
    if ours == theirs:
        return True
    numbers = [[float(value) for value in side if not isinstance(value, str)] for side in (ours, theirs)]
    if len(numbers[0]) != len(ours) or len(numbers[1]) != len(theirs) or len(ours) != len(theirs):
        return False
    return math.dist(*numbers) <= _LAST_DIGIT * math.hypot(*numbers[0])
