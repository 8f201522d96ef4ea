"""A text displayed in place of a table: its state, its moves, and its lines."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nbtui.console.drawing.line import Line, Span, block, clip, rule


@dataclass(frozen=True)
class OpenText:
    """A text displayed in place of the table."""

    title: str
    lines: tuple[str, ...]  # free of control characters
    top: int = 0
    shift: int = 0  # columns scrolled out at the left


def scrolled(text: OpenText, by: int, height: int) -> OpenText:
    """Scroll by ``by`` lines, clamped, with ``height`` lines visible."""
    last = max(0, len(text.lines) - height)
    return replace(text, top=max(0, min(last, text.top + by)))


def shifted(text: OpenText, by: int) -> OpenText:
    """Scroll horizontally by ``by`` columns."""
    widest = max((len(one) for one in text.lines), default=0)
    return replace(text, shift=max(0, min(widest - 1, text.shift + by)))


def draw(text: OpenText, width: int, height: int) -> list[Line]:
    """The title with the position, and the visible lines."""
    last = min(len(text.lines), text.top + height - 1)
    place = Span(f"line {text.top + 1} to {last} of {len(text.lines)}", "faint")
    lines = [rule((Span(clip(text.title, width - 40), "title"),), width, (place,), focused=True)]
    lines += [(Span(" " + one[text.shift :]),) for one in text.lines[text.top : last]]
    return block(lines, width, height)
