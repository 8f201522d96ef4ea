"""The list of ranked causes: how likely each is, and what it leaves as a bar on a log scale."""

from __future__ import annotations

import math
from collections.abc import Callable

from nbtui.console.diagnosis.state import DiagnosisState
from nbtui.console.drawing.line import Line, Span, left, line, right, width_of
from nbtui.diagnosis.explain.causes import Cause
from nbtui.diagnosis.hypotheses.record import CauseKind
from nbtui.trace.text import clean

WIDE = 110
_DECADES = 16  # of a bar on a log scale
_NAMED = 34  # cells below which names are cut last: "3 causes" twice would tell nothing, a bar repeats a number
_KIND = 11  # cells of the kind
_AROUND = 10  # cells before the name, after it, and of the mark of an applied cause

Numbers = Callable[[Cause, int], Line]


def ranking(state: DiagnosisState, width: int) -> list[Line]:
    """One line per cause, best first. What a line says about each is the most that fits for all of them."""
    wide = width >= WIDE
    kinds = wide or any(one.kind is not CauseKind.SIMULATION for one in state.causes)
    longest = max((len(one.name) for one in state.causes), default=0)

    def widest(numbers: Numbers) -> int:
        return max(width_of(numbers(one, width)) for one in state.causes) + (_KIND if kinds else 0)

    def first(name: int) -> Numbers | None:
        return next((numbers for numbers in forms if name + widest(numbers) + _AROUND <= width), None)

    forms = _FORMS if wide else _FORMS[2:]
    chosen = first(longest) or first(min(longest, _NAMED)) or _FORMS[-1]
    room = min(width - widest(chosen) - _AROUND, max(longest, _NAMED) if wide else longest)
    return [_row(state, rank, chosen, kinds, room, width) for rank in range(len(state.causes))]


def _row(state: DiagnosisState, rank: int, numbers: Numbers, kinds: bool, room: int, width: int) -> Line:
    cause, here = state.causes[rank], rank == state.cursor
    return line(
        Span(" > " if here else "   ", "focus"),
        Span(f"{rank + 1}  ", "label"),
        Span(left(cause.name_within(room), room), "cursor" if here else "text"),
        Span("  "),
        Span(f"{cause.kind:<10} " if kinds else "", "faint"),
        *(span._replace(tone="digit") if here and span.tone == "text" else span for span in numbers(cause, width)),
        Span(" *" if rank == state.applied else "", "changed"),
    )


def _everything(cause: Cause, width: int) -> Line:
    worst = f"  worst field left {clean(cause.worst_left.field)}" if cause.worst_left is not None else ""
    return line(*_explains(cause), *_bar(cause, width), Span(f" {_size(cause)}{worst}", "faint"))


def _with_bar(cause: Cause, width: int) -> Line:
    return line(*_explains(cause), *_bar(cause, width), Span(f" {_size(cause)}{_field(cause)}", "faint"))


def _with_field(cause: Cause, width: int) -> Line:
    return line(*_explains(cause), Span(f"  left {_size(cause)}{_field(cause)}", "faint"))


def _bar_and_field(cause: Cause, width: int) -> Line:
    return line(*_likely(cause), *_bar(cause, width), Span(f" {_size(cause)}{_field(cause)}", "faint"))


def _left_alone(cause: Cause, width: int) -> Line:
    return line(*_likely(cause), Span(f"  left {_size(cause)}{_field(cause)}", "faint"))


def _shortest(cause: Cause, width: int) -> Line:
    return line(*_likely(cause), Span(f"  left {_size(cause)}", "faint"))


_FORMS: tuple[Numbers, ...] = (_everything, _with_bar, _with_field, _bar_and_field, _left_alone, _shortest)


def _likely(cause: Cause) -> Line:
    return line(Span(f"{right(cause.likelihood, 5)} likely"))


def _explains(cause: Cause) -> Line:
    return line(*_likely(cause), Span(f"  explains {right(cause.share, 7)}"))


def _bar(cause: Cause, width: int) -> Line:
    return line(Span("  left ", "faint"), Span(bar(_decades(cause.residual), cells(width) // 2), "bar-py"))


def _size(cause: Cause) -> str:
    return f"{cause.residual:.0e}" if cause.residual else "0"


def _field(cause: Cause) -> str:
    return f" in {clean(cause.worst_left.field)}" if cause.worst_left is not None else ""


def _decades(left: float) -> float:
    """A relative difference on a log scale, from 0 at the rounding of float64 to 1 at 100 %."""
    return 1.0 + math.log10(left) / _DECADES if left > 0.0 else 0.0


def cells(width: int) -> int:
    """Width of a bar in cells."""
    return 40 if width >= 160 else 20 if width >= WIDE else 10


def bar(part: float, across: int) -> str:
    """A bar of ``across`` cells, filled to ``part``."""
    full = round(max(0.0, min(1.0, abs(part))) * across)
    return "█" * full + "·" * (across - full)
