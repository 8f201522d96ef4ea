"""The box above the foot line for the text after ``:``."""

from __future__ import annotations

from nbtui.console.drawing.line import Line, Span, block, clip, left, line, rule
from nbtui.console.main import jumping
from nbtui.console.main.state import State
from nbtui.trace.text import clean

_NAME = 30


def draw(state: State, width: int, height: int) -> list[Line]:
    """A title and the possible meanings (``>`` marks the target of Enter), best first."""
    found = jumping.targets(state)
    tail = (Span("Enter goes there, Tab completes, Esc cancels", "faint"),)
    lines: list[Line] = [rule((Span("go to, or do", "title"),), width, tail, focused=True)]
    room = height - 1
    if not found:
        lines.append(line(Span("   no match; ", "warning"), Span(jumping.hints(), "faint")))
    if not (state.prompt or "").strip():
        lines.append(line(Span("   " + clip(jumping.hints(), width - 3), "faint")))
        room -= 1
    top = max(0, min(state.choice - room // 2, len(found) - room))
    for index, target in enumerate(found[top : top + room], start=top):
        here = index == state.choice
        lines.append(
            line(
                Span(" > " if here else "   ", "focus"),
                Span(left(clean(target.name), _NAME) + " ", "cursor" if here else "text"),
                Span(left(target.kind, 6), "label"),
                Span(clip(clean(target.note), width - _NAME - 11), "faint"),
            )
        )
    return block(lines, width, height)
