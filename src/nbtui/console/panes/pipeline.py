"""The pipeline: every stage with a mark and how many of its fields differ."""

from __future__ import annotations

from nbtui.console.panes.line import Line, Span, block, left, line, rule
from nbtui.console.state import State
from nbtui.parity.overview import Tally
from nbtui.trace.catalogue import STAGES

ROOMY = 22  # columns from which every name is written out
_SHORT = {"Structure factor": "Struct. fac."}


def draw(state: State, width: int, height: int) -> list[Line]:
    """One line per stage: cursor, glyph, name, number of differing fields."""
    here = state.row.stage if state.row else ""
    lines = [rule((Span("pipeline", "title"),), width, focused=state.pane == "pipeline")]
    known = {stage.id for stage in STAGES}
    stages = [(stage.id, stage.label) for stage in STAGES]
    tallies = state.comparison.overview.tallies if state.comparison else ()
    stages += [(name, "Other") for name in dict.fromkeys(tally.stage for tally in tallies) if name not in known]
    for stage, label in stages:
        mine = [tally for tally in tallies if tally.stage == stage]
        lines.append(_stage(state, label, mine, stage == here, width))
    return block(lines, width, height)


def _stage(state: State, label: str, tallies: list[Tally], here: bool, width: int) -> Line:
    glyph, tone = _mark(state, tallies)
    number = len({tally.field for tally in tallies if tally.raised})
    count = f"{number:>3}" if number and not state.pending else "   "
    return line(
        Span(">" if here else " ", "focus"),
        Span(glyph + " ", tone),
        Span(
            left(_SHORT.get(label, label) if width < ROOMY else label, width - 6),
            "title" if here else "text" if tallies else "faint",
        ),
        Span(count, tone),
    )


def _mark(state: State, tallies: list[Tally]) -> tuple[str, str]:
    """``=`` agrees, ``#`` new difference, ``+`` inherited difference only, ``o`` missing only, blank: no field."""
    if not tallies or state.pending:
        return (" ", "faint") if not tallies else (".", "faint")
    if any(tally.new for tally in tallies):
        return "#", "diverge"
    if any(tally.raised for tally in tallies):
        return "+", "inherited"
    if any(tally.both < tally.rows for tally in tallies):
        return ("=", "pass") if any(tally.both for tally in tallies) else ("o", "missing")
    return "=", "pass"
