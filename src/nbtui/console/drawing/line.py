"""A line of a pane: spans of text, each with a tone. Independent of the terminal except for cell widths."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size


class Span(NamedTuple):
    """Text in one tone; :mod:`nbtui.console.drawing.palette` names the tones."""

    text: str
    tone: str = "text"


Line = tuple[Span, ...]


def line(*parts: Span | str) -> Line:
    """Line of spans and plain strings (tone ``text``); empty parts are left out."""
    spans = (Span(part) if isinstance(part, str) else part for part in parts)
    return tuple(span for span in spans if span.text)


def width_of(spans: Iterable[Span]) -> int:
    """Width of the spans in cells."""
    return sum(cell_len(span.text) for span in spans)


def clip(text: str, width: int) -> str:
    """Shorten ``text`` to at most ``width`` cells; a final ``~`` marks the cut."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1) + "~"


def ending(text: str, width: int) -> str:
    """The end of a path in at most ``width`` cells, after ``...``: a ``~`` in front would be a home folder."""
    if cell_len(text) <= width:
        return text
    return "..." + from_cell(text, cell_len(text) - width + 3) if width > 3 else ""


def from_cell(text: str, cell: int) -> str:
    """The text without its first ``cell`` cells; a wide character cut in half becomes a blank."""
    gone = 0
    for at, char in enumerate(text):
        size = cell_len(char)
        if gone >= cell and size:
            return " " * (gone - cell) + text[at:]
        gone += size
    return " " * max(0, gone - cell)


def left(text: str, width: int) -> str:
    """Align ``text`` left in exactly ``width`` cells."""
    return set_cell_size(clip(text, width), max(width, 0))


def right(text: str, width: int) -> str:
    """Align ``text`` right in exactly ``width`` cells."""
    cut = clip(text, width)
    return " " * (width - cell_len(cut)) + cut


def fit(spans: Line, width: int, tone: str = "text") -> Line:
    """Cut the line to exactly ``width`` cells, or pad it with blanks of ``tone``; a final ``~`` marks lost words."""
    kept, lost = trimmed(spans, width)
    room = width - width_of(kept)
    if room > 0:
        return (*kept, Span(" " * room, tone))
    if not kept or not any(map(str.isalnum, lost)):
        return kept
    text, last = kept[-1]  # half a number is another one
    return (*kept[:-1], Span(set_cell_size(text, cell_len(text) - 1) + "~", last))


def trimmed(spans: Line, width: int) -> tuple[Line, str]:
    """The line in at most ``width`` cells, and the text cut off."""
    room = width
    kept: list[Span] = []
    for at, span in enumerate(spans):
        size = cell_len(span.text)
        if size > room:
            part = set_cell_size(span.text, room) if room > 0 else ""
            rest = "".join(one.text for one in spans[at + 1 :])
            return (*kept, *line(Span(part, span.tone))), span.text[len(part.rstrip(" ")) :] + rest
        kept.append(span)
        room -= size
    return tuple(kept), ""


def beside(first: Line, width: int, second: Line, gap: str = " ") -> Line:
    """``first`` in ``width`` cells, then ``gap``, then ``second``."""
    return (*fit(first, width), Span(gap, "rule"), *second)


def block(lines: Iterable[Line], width: int, height: int) -> list[Line]:
    """Exactly ``height`` lines of ``width`` cells: cut, or padded with blank lines."""
    shaped = [fit(entry, width) for entry in list(lines)[: max(height, 0)]]
    shaped += [(Span(" " * width),)] * (height - len(shaped))
    return shaped


def rule(title: Line, width: int, tail: Line = (), *, focused: bool = False) -> Line:
    """Title line of a pane: ``== title ==== tail ==`` with the focus, ``-`` instead of ``=`` without it.

    The double line shows the focus without colour.
    """
    stroke, tone = ("═", "focus") if focused else ("─", "rule")
    head = (Span(stroke * 2 + " ", tone), *title, Span(" ", tone)) if title else ()
    end = (Span(" ", tone), *tail, Span(" " + stroke, tone)) if tail else ()
    room = width - width_of(head) - width_of(end)
    if room < 0 and tail:
        return rule(title, width, focused=focused)
    return fit((*head, Span(stroke * max(room, 0), tone), *end), width, tone)


def plain(lines: Iterable[Line]) -> list[str]:
    """Text without tones and trailing blanks, for golden tests."""
    return ["".join(span.text for span in entry).rstrip() for entry in lines]


def wrap(text: str, width: int) -> list[str]:
    """Break ``text`` at blanks into pieces of at most ``width`` cells; a longer word is clipped."""
    rows: list[str] = []
    current = ""
    for word in text.split():
        candidate = f"{current} {word}" if current else word
        if cell_len(candidate) <= width:
            current = candidate
            continue
        if current:
            rows.append(current)
        current = clip(word, width)
    return [*rows, current] if current else rows


def breaks(text: str, width: int, most: int) -> list[tuple[int, int]]:
    """First and last character (exclusive) of up to ``most`` pieces of ``text``, each of at most ``width`` cells.

    A piece ends at a blank of its second half where there is one.
    """
    pieces: list[tuple[int, int]] = []
    first = 0
    while len(pieces) < most:
        end = _reach(text, first, width)
        if end < len(text) and (blank := text.rfind(" ", first + (end - first) // 2, end + 1)) > first:
            end = blank
        pieces.append((first, end))
        first = end + (text[end : end + 1] == " ")
        if first >= len(text):
            break
    return pieces


def labelled(label: str, text: str, width: int, size: int, most: int = 2) -> list[Line]:
    """A label of ``size`` columns and its text, on up to ``most`` lines; a mark shows that the text goes on."""
    room = max(10, width - size - 2)
    ends = breaks(text, room, most)
    pieces = [text[first:last] for first, last in ends]
    if ends[-1][1] < len(text):
        pieces[-1] = clip(pieces[-1] + "~", room)
    head, *rest = pieces
    return [line(Span(f" {left(label, size)}", "label"), head), *(line(" " * (size + 1) + piece) for piece in rest)]


def _reach(text: str, first: int, width: int) -> int:
    """The character before which ``width`` cells from ``first`` on are full; at least one character further."""
    end = first + width
    if text[first:end].isascii():
        return min(end, len(text))
    cells = 0
    for at in range(first, min(end, len(text))):
        cells += cell_len(text[at])
        if cells > width:
            return max(at, first + 1)
    return min(end, len(text))
