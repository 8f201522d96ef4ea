"""The foot line of a screen: its keys, or the last message."""

from __future__ import annotations

from collections.abc import Iterable

from nbtui.console.drawing.line import Line, Span, clip, fit, line, width_of, wrap
from nbtui.console.drawing.list_state import ListState
from nbtui.trace.text import clean

MOST = 3  # lines of a message


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


def message(text: str, width: int, height: int) -> list[Line]:
    """A sentence in place of the keys, in up to ``height`` lines: its end often tells the way on."""
    rows = wrap(clean(text), width - 2) or [""]
    if len(rows) > height:
        rows = [*rows[: height - 1], clip(" ".join(rows[height - 1 :]), width - 2)]
    return [fit(line(Span(" " + row, "warning")), width) for row in rows]


def list_foot(
    state: ListState,
    listed: Iterable[tuple[str, str]],
    reading: Iterable[tuple[str, str]],
    width: int,
    height: int,
) -> list[Line]:
    """The last message, or the keys of the list, or those of the text in its place."""
    if state.message:
        return message(state.message, width, height)
    return [fit(keys(listed if state.reading is None else reading, width), width)]
