"""The parameters in a C log: each row of the table names its line or trace field.

Trace fields have 15 digits and win over the plain lines of the set-up, which C prints with 6. Source:
nanobragg_setup.md sections 2.8 and 6, nanobragg_pixel_loop.md section 12.6.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from nbtui.live.model import CProgram
from nbtui.live.parameters.parameter import EXACT, PRINTED, Kind, Parameter, Value
from nbtui.live.parameters.table import QUIRK, parameters
from nbtui.trace.model import Trace
from nbtui.trace.numbers import number


@dataclass(frozen=True)
class Shown:
    """A value that C prints, and its relative precision."""

    value: Value
    within: float = EXACT


def c_setup(trace: Trace, program: CProgram | None = None) -> dict[str, Shown]:
    """The parameters that a trace of the C program shows, by their ids; empty for a trace without values.

    ``program``: the one that made it, for what no line shows; the stock one by default.
    """
    if not trace.records:
        return {}
    rows = parameters()
    found = {row.id: Shown(row.in_c) for row in rows if row.in_c is not None}
    if program is not None:
        found["phi_mode"] = Shown(program.phi_mode)
        found |= {id: Shown(getattr(program.switches, id.removeprefix(QUIRK))) for id in found if id.startswith(QUIRK)}
    for notice in trace.notices:
        found |= dict(_noticed(notice.text))
    printed = dict(found)
    for row in rows:
        traced = _traced(row, trace, printed)
        # distance_m is traced before a close distance overrules it: if they differ, the line is right
        if traced is not None and not (row.id in printed and differs(traced.value, printed[row.id])):
            found[row.id] = traced
    return found


def differs(value: Value, c: Shown) -> bool:
    """Whether a value differs from C's within the precision of C's digits; an unknown one does not."""
    if value is None or c.value is None:
        return False
    if isinstance(value, (bool, str)) or isinstance(c.value, (bool, str)):
        return value != c.value
    ours, theirs = _numbers(value), _numbers(c.value)
    if len(ours) != len(theirs):
        return True
    room = c.within * max(*map(abs, theirs), 1e-300)
    return any(one != other and not abs(one - other) <= room for one, other in zip(ours, theirs, strict=True))


def _numbers(value: float | tuple[float, ...]) -> tuple[float, ...]:
    return value if isinstance(value, tuple) else (value,)


@cache
def _lines() -> tuple[tuple[re.Pattern[str], tuple[Parameter, ...]], ...]:
    """Every pattern of a plain line, with the rows of its numbers."""
    patterns = dict.fromkeys(row.printed.pattern for row in parameters() if row.printed is not None)
    return tuple(
        (re.compile(pattern), tuple(row for row in parameters() if row.printed and row.printed.pattern == pattern))
        for pattern in patterns
    )


@cache
def _sayings() -> tuple[tuple[str, str, Value], ...]:
    return tuple((words, row.id, value) for row in parameters() for words, value in row.says)


def _noticed(text: str) -> Iterator[tuple[str, Shown]]:
    for pattern, rows in _lines():
        match = pattern.search(text)
        if match is None:
            continue
        numbers = [number(word) for word in match.groups()]
        known = [value for value in numbers if value is not None and math.isfinite(value)]
        for row in rows if len(known) == len(numbers) else ():
            if row.printed is not None:
                yield row.id, Shown(_printed(row, known), PRINTED)
    for words, id, value in _sayings():
        if words in text:
            yield id, Shown(value)


def _printed(row: Parameter, numbers: Sequence[float]) -> Value:
    """The value of a row in a line with these ``numbers``."""
    line = row.printed
    if line is None:
        return None
    value = numbers[line.place] * line.factor
    if line.minus is not None:
        value -= numbers[line.minus] * line.factor
    return int(value) if row.kind == Kind.WHOLE else value


def _traced(row: Parameter, trace: Trace, printed: Mapping[str, Shown]) -> Shown | None:
    """The value of a row in the last records of its trace fields; None where one is missing or invalid."""
    traced = row.traced
    if traced is None:
        return None
    if traced.only_while is not None:
        id, needed = traced.only_while
        if id in printed and printed[id].value != needed:
            return None
    values = [_values(trace, name, traced.size) for name in traced.fields]
    known = [numbers for numbers in values if numbers is not None]
    return Shown(traced.of(known), traced.within) if len(known) == len(values) else None


def _values(trace: Trace, name: str, count: int) -> Sequence[float] | None:
    """The last record of a name as numbers; None where it is missing or invalid."""
    records = trace.all(name)
    values = records[-1].values if records else ()
    numbers = [float(value) for value in values if isinstance(value, (int, float))]
    return numbers if len(numbers) == len(values) == count else None
