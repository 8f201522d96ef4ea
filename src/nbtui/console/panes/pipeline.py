"""The pipeline: every stage with a mark and how many of its fields differ."""

from __future__ import annotations

from collections import Counter

from nbtui.console.panes.line import Line, Span, block, left, line, rule
from nbtui.console.state import State, is_new
from nbtui.parity.compare import raised
from nbtui.parity.model import Row, Status
from nbtui.trace.catalogue import STAGES

ROOMY = 22  # columns from which every name is written out
_SHORT = {"Structure factor": "Struct. fac."}


def draw(state: State, width: int, height: int) -> list[Line]:
    """One line per stage: cursor, glyph, name, number of differing fields."""
    here = state.row.stage if state.row else ""
    lines = [rule((Span("pipeline", "title"),), width, focused=state.pane == "pipeline")]
    known = {stage.id for stage in STAGES}
    stages = [(stage.id, stage.label) for stage in STAGES]
    stages += [(name, "Other") for name in dict.fromkeys(row.stage for row in state.rows) if name not in known]
    for stage, label in stages:
        rows = [row for row in state.rows if row.stage == stage]
        lines.append(_stage(state, label, rows, stage == here, width))
    return block(lines, width, height)


def _stage(state: State, label: str, rows: list[Row], here: bool, width: int) -> Line:
    glyph, tone = _mark(state, rows)
    number = len({row.field for row in rows if raised(row)})
    count = f"{number:>3}" if number and not state.pending else "   "
    return line(
        Span(">" if here else " ", "focus"),
        Span(glyph + " ", tone),
        Span(
            left(_SHORT.get(label, label) if width < ROOMY else label, width - 6),
            "title" if here else "text" if rows else "faint",
        ),
        Span(count, tone),
    )


def _mark(state: State, rows: list[Row]) -> tuple[str, str]:
    """``=`` agrees, ``#`` new difference, ``+`` inherited difference only, ``o`` missing only, blank: no field."""
    if not rows or state.pending:
        return (" ", "faint") if not rows else (".", "faint")
    kinds = Counter("new" if is_new(state, row) else "inherited" for row in rows if raised(row))
    if kinds["new"]:
        return "#", "diverge"
    if kinds["inherited"]:
        return "+", "inherited"
    if any(row.status is Status.MISSING for row in rows):
        compared = any(row.status is not Status.MISSING for row in rows)
        return ("=", "pass") if compared else ("o", "missing")
    return "=", "pass"
