"""The foot line of a screen: its keys, or the last message."""

from __future__ import annotations

from collections.abc import Iterable

from nbtui.console.drawing.line import Line, Span, block, clip, fit, line, width_of
from nbtui.console.drawing.list_state import ListState
from nbtui.trace.text import clean


def keys(entries: Iterable[tuple[str, str]], width: int, always: int = 2) -> Line:
    """Keys and their words, the most important first: as many as fit, and always the last ones.

    Those are help and the way back.
    """
    spans = [line(Span(f" {key}", "key"), Span(f" {word} ", "faint")) for key, word in entries]
    last = tuple(span for entry in spans[-always:] for span in entry)
    shown: Line = ()
    for entry in spans[:-always]:
        if width_of((*shown, *entry, *last)) > width:
            break
        shown = (*shown, *entry)
    return (*shown, *last)


def message(text: str, width: int) -> Line:
    """A sentence in place of the keys."""
    return fit(line(Span(" " + clip(clean(text), width - 2), "warning")), width)


def list_foot(
    state: ListState,
    listed: Iterable[tuple[str, str]],
    reading: Iterable[tuple[str, str]],
    width: int,
    height: int,
) -> list[Line]:
    """The last message, or the keys of the list, or those of the text in its place."""
    entries = listed if state.reading is None else reading
    return block([message(state.message, width) if state.message else keys(entries, width)], width, height)
