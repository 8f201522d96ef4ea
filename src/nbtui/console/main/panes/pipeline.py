"""The pipeline: every stage with a mark and the number of its differing fields."""

from __future__ import annotations

from nbtui.console.drawing.line import Line, Span, block, clip, left, line, rule
from nbtui.console.drawing.numbers import relative
from nbtui.console.main.state import State, inherits, is_new, reaches
from nbtui.parity.model import Tally
from nbtui.trace.fields.catalogue import STAGES, Stage
from nbtui.trace.text import clean

ROOMY = 22  # width in columns from which names are written in full
WIDE = 60  # width in columns from which a stage's first difference is beside it
NAMED = 56  # width in columns of a stage's first difference from which its origin is named
_SHORT = {"Structure factor": "Struct. fac."}


def draw(state: State, width: int, height: int) -> list[Line]:
    """One line per stage: cursor, glyph, name, number of differing fields; in a wide pane also the first of them."""
    here = state.row.stage if state.row else ""
    lines = [rule((Span("pipeline", "title"),), width, focused=state.pane == "pipeline")]
    tallies = state.comparison.overview.tallies if state.comparison else ()
    for stage, label in _stages(state):
        mine = [tally for tally in tallies if tally.stage == stage]
        lines.append(_stage(state, label, mine, stage == here, width))
    return block(lines, width, height)


def row_at(state: State, y: int) -> int | None:
    """First differing row of the stage at line ``y``, or its first row; None beside the stages."""
    stages = _stages(state)
    if not 1 <= y <= len(stages) or state.comparison is None:
        return None
    mine = [tally for tally in state.comparison.overview.tallies if tally.stage == stages[y - 1][0]]
    differing = [tally.first_raised for tally in mine if tally.raised and not state.pending]
    return min(differing or [tally.first for tally in mine], default=None)


def _stages(state: State) -> list[tuple[Stage, str]]:
    """Id and label of every stage, including stages outside the catalogue; gradients only where a log has some."""
    tallies = state.comparison.overview.tallies if state.comparison else ()
    others = dict.fromkeys(tally.stage for tally in tallies if tally.stage not in STAGES)
    differentiated = any(tally.stage is Stage.GRADIENTS for tally in tallies)
    stages = [stage for stage in STAGES if differentiated or stage is not Stage.GRADIENTS]
    return [*((stage, stage.label) for stage in stages), *((name, "Other") for name in others)]


def _stage(state: State, label: str, tallies: list[Tally], here: bool, width: int) -> Line:
    glyph, tone = _mark(state, tallies)
    number = len({tally.field for tally in tallies if tally.raised})
    count = f"{number:>3}" if number and not state.pending else "   "
    name = left(label, ROOMY - 6) if width >= ROOMY else left(_SHORT.get(label, label), width - 6)
    return line(
        Span(">" if here else " ", "focus"),
        Span(glyph + " ", tone),
        Span(name, "title" if here else "text" if tallies else "faint"),
        Span(count, tone),
        *(_first(state, tallies, width - ROOMY) if width >= WIDE else ()),
    )


def _is_gradient(tally: Tally) -> bool:
    """Whether a component is a derivative, which the pixel is not made from."""
    return tally.stage is Stage.GRADIENTS


def _first(state: State, tallies: list[Tally], width: int) -> Line:
    """Number of fields in a stage, its first differing row, the difference, and its origin."""
    total = len({tally.field for tally in tallies})
    at = min((tally.first_raised for tally in tallies if tally.raised), default=None)
    if at is None or state.pending:
        return line(Span(f"{'  ' if width < NAMED else '    '}of {total:<4}" if total else "", "faint"))
    row = state.rows[at]
    cause = inherits(state, row)
    origin = f"from {clean(cause)}" if cause else "new here" if reaches(state, row) else "not in the pixel"
    tone = "diverge" if is_new(state, row) else "inherited"
    difference = Span(left(relative(row.rel_delta), 9), "digit")
    if width < NAMED:  # of the origin only its kind
        kind = Span("inherited" if cause else origin, tone)
        return line("  ", left(clean(row.label), width - 21), " ", difference, kind._replace(text=left(kind.text, 9)))
    return line(
        Span(f"    of {total:<4}", "faint"),
        left(clean(row.label), 22) + " ",
        difference,
        Span(clip(origin, width - 43), tone),
    )


def _mark(state: State, tallies: list[Tally]) -> tuple[str, str]:
    """``=`` agrees, ``#`` new, ``+`` inherited, ``~`` of the print only, ``o`` missing only, blank: no field."""
    if not tallies or state.pending:
        return (" ", "faint") if not tallies else (".", "faint")
    if any(tally.new for tally in tallies):
        return "#", "diverge"
    if any(tally.reaching for tally in tallies):
        return "+", "inherited"
    gradients = [state.rows[tally.first_raised] for tally in tallies if tally.raised and _is_gradient(tally)]
    if gradients:
        return ("#", "diverge") if any(is_new(state, row) for row in gradients) else ("+", "inherited")
    if any(tally.raised for tally in tallies):
        return "~", "minor"
    if any(tally.both < tally.rows for tally in tallies):
        return ("=", "pass") if any(tally.both for tally in tallies) else ("o", "missing")
    return "=", "pass"
