"""The detector pane: half blocks or characters, with cursor, resolution rings and a legend of the levels."""

from __future__ import annotations

from itertools import groupby

import numpy as np

from nbtui.console.drawing.line import Line, Span, block, line, rule, wrap
from nbtui.console.image.levels import BEYOND, NO_NUMBER, Codes, dots
from nbtui.console.image.reading import keys
from nbtui.console.image.rings import BEAM, RING, beam_cell, rings
from nbtui.console.image.state import FIT, Image, ImageState, Pixel, dot_of, missing, scale
from nbtui.trace.text import clean

# characters of the levels without colour
LETTERS = dict(zip("0123456ABCDEFabcdef", " .:=*#@123456abcdef", strict=True)) | {NO_NUMBER: "?", BEYOND: " "}
_STRENGTH = {code: at for at, code in enumerate(" 0aA1bB2cC3dD4eE5fF6?")}  # the stronger of two dots in a cell wins
WIDE = 60  # cells: from this width the legend uses words
_DOT = {False: "\u00b7", True: "'"}  # by character mode, whose levels already use a dot
_UPPER, _LOWER, _FULL = "\u2580", "\u2584", "\u2588"  # half blocks, and both
_LONG = 3  # cells


def dots_in(width: int, height: int) -> Pixel:
    """Dots (down, across) of a canvas of this size in cells, without title, legend and margin."""
    return 2 * max(0, height - 2), max(0, width - 1)


class ImageCanvas:
    """The detector. Caches the last levels: for a large image they take too long for a key press."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._image: Image | None = None
        self._codes: Codes = np.empty((0, 0), dtype="<U1")
        self._ring_key: tuple[object, ...] = ()
        self._ring_codes: Codes | None = None
        self._rings: dict[int, dict[int, Span]] = {}

    def draw(self, state: ImageState, width: int, height: int) -> list[Line]:
        """A title with the cursor's column, the dots with the cursor's row, and the legend."""
        if state.keys:
            return block(keys(), width, height)
        size = dots_in(width, height)
        why = missing(state)
        if why:
            told = [line(Span(" " + part, "warning")) for part in wrap(clean(why), width - 2)]
            return block([_ruler(state, width, None, scale(state, size)), (), *told], width, height)
        zoom = scale(state, size)
        at = dot_of(state, state.cursor, zoom)
        cursor = (at[0] // 2, at[1])
        codes = self._levels(state, size)
        rows = _rows(codes, state.characters)
        marks = self._marks(state, codes, zoom)
        spots = _spots(state, zoom)
        edge = Span("\u2502" if codes.shape[1] < size[1] else "", "rule")  # the detector ends here
        body = []
        for y, row in enumerate(rows):
            here = y == cursor[0]
            margin = Span(">", "cursor") if here else Span(" ")
            on_row = {**marks.get(y, {}), **spots.get(y, {})}
            if here:
                on_row[cursor[1]] = Span(spots.get(y, {}).get(cursor[1], Span("+")).text, "cursor")
            body.append(line(margin, *_with_marks(row, on_row), edge))
        if codes.shape[0] < size[0]:
            body.append(line(" ", Span("\u2500" * codes.shape[1] + ("\u2518" if edge.text else ""), "rule")))
        body = block(body, width, height - 2)
        return block([_ruler(state, width, cursor[1] + 1, zoom), *body, _legend(state, width)], width, height)

    def _marks(self, state: ImageState, codes: Codes, zoom: int) -> dict[int, dict[int, Span]]:
        """Rings and beam centre by line and column; cached with the levels, on which they depend."""
        if not state.rings or state.resolution is None:
            return {}
        key = (state.corner, zoom, state.characters, codes.shape)
        if key != self._ring_key or codes is not self._ring_codes:
            self._ring_key, self._ring_codes = key, codes
            free = (codes[::2] == "0") & (codes[1::2] == "0")
            size = (codes.shape[0] // 2, codes.shape[1])
            self._rings = {}
            for (y, x), char in rings(state, zoom, size, free).items():
                span = Span(_DOT[state.characters]) if char == RING else Span(char, "label")
                self._rings.setdefault(y, {})[x] = span
            beam = beam_cell(state, zoom, size)
            if beam is not None:
                self._rings.setdefault(beam[0], {})[beam[1]] = Span(BEAM, "focus")
        return self._rings

    def _levels(self, state: ImageState, size: Pixel) -> Codes:
        key = (state.corner, state.zoom, state.decades, state.top, state.view, size)
        if key != self._key or state.shown is not self._image:
            self._key, self._image = key, state.shown
            self._codes = dots(state, size)
        return self._codes


def _spots(state: ImageState, zoom: int) -> dict[int, dict[int, Span]]:
    """Marks of the step by line and column."""
    found: dict[int, dict[int, Span]] = {}
    for spot in state.step.spots if state.step is not None else ():
        down, across = dot_of(state, (round(spot.at[0]), round(spot.at[1])), zoom)
        found.setdefault(down // 2, {})[across] = Span(spot.sign, spot.tone)
    return found


def _rows(codes: Codes, characters: bool) -> list[Line]:
    """Two dots per cell: half blocks in two colours, or the stronger dot's character."""
    pairs = zip(codes[::2].tolist(), codes[1::2].tolist(), strict=True)
    return [_row(list(zip(upper, lower, strict=True)), characters) for upper, lower in pairs]


def _row(cells: list[tuple[str, str]], characters: bool) -> Line:
    if characters:
        return (Span("".join(LETTERS[max(cell, key=_STRENGTH.__getitem__)] for cell in cells)),)
    return tuple(_cell(upper, lower, len(list(same))) for (upper, lower), same in groupby(cells))


def _cell(upper: str, lower: str, count: int) -> Span:
    """``count`` cells of two dots, in as few colours as possible: dark dots keep the terminal's background."""
    upper, lower = upper.replace(BEYOND, "0"), lower.replace(BEYOND, "0")
    if upper == lower:
        if upper == "0":
            return Span(" " * count)
        # a full block needs no background colour and so no reset; in a long run blanks are fewer bytes
        return Span(_FULL * count, f"dots {upper}0") if count < _LONG else Span(" " * count, f"dots 0{lower}")
    if upper == "0":
        return Span(_LOWER * count, f"dots {lower}0")
    return Span(_UPPER * count, f"dots {upper}{lower}")


def _with_marks(row: Line, marks: dict[int, Span]) -> Line:
    """The row with one-cell ``marks`` by column."""
    spans: list[Span] = []
    start = 0
    for span in row:
        end, at = start + len(span.text), start
        for x in sorted(x for x in marks if start <= x < end):
            spans += [Span(span.text[at - start : x - start], span.tone), marks[x]]
            at = x + 1
        spans.append(Span(span.text[at - start :], span.tone))
        start = end
    return tuple(span for span in spans if span.text)


def _ruler(state: ImageState, width: int, column: int | None, zoom: int) -> Line:
    """A line with ``v`` above the cursor, and the zoom."""
    closeness = f"1:{zoom}" if zoom > 0 else f"{-zoom}:1"
    spans = rule((), width, (Span(closeness + " all" * (state.zoom == FIT), "faint"),), focused=True)
    return spans if column is None else _with_marks(spans, {column: Span("v", "cursor")})


def _legend(state: ImageState, width: int) -> Line:
    """The legend of the levels."""
    top, decades = state.top, state.decades
    if state.view == "difference":
        if state.difference is not None and not state.difference.differing:
            return line(Span(" every pixel agrees", "pass"))
        return line(
            *_ramp(state, "abcdef", "-"),
            *_ramp(state, "ABCDEF", "+"),
            Span(f" {10.0**-decades * top:.2g} to {top:.2g}", "faint"),
            Span(f", {decades} decades, + live more" if width >= WIDE else "", "faint"),
        )
    low = f" {10.0**-decades * top:.2g} to {top:.3g} photons"
    return line(*_ramp(state, "123456", ""), Span(f"{low}{f', {decades} decades' if width >= WIDE else ''}", "faint"))


def _ramp(state: ImageState, codes: str, sign: str) -> Line:
    if state.characters:
        return (Span(f" {sign}", "faint"), Span("".join(LETTERS[code] for code in codes)))
    return (Span(f" {sign}", "faint"), *(_cell(code, code, 1) for code in codes))
