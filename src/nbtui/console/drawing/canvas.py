"""Curves in braille dots with marks on top, in a frame. Pure: numbers in, lines out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from nbtui.console.drawing.line import Line, Span, fit, left, line, right

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # bits of a braille cell, [row][column]
_BRAILLE = 0x2800
LABELS = 9  # cells to the left of the frame


class Canvas:
    """Drawing area of ``width`` x ``height`` cells of 2 x 4 dots each; the origin is the upper left."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = max(width, 1), max(height, 1)
        self._masks: dict[tuple[int, int], int] = {}
        self._tones: dict[tuple[int, int], str] = {}
        self._marks: dict[tuple[int, int], Span] = {}

    def dot(self, x: int, y: int, tone: str) -> None:
        """Draw one dot at (x, y), in dots; ignore a dot outside the canvas."""
        if not (0 <= x < 2 * self.width and 0 <= y < 4 * self.height):
            return
        cell = x // 2, y // 4
        self._masks[cell] = self._masks.get(cell, 0) | _DOTS[y % 4][x % 2]
        self._tones[cell] = tone

    def path(self, points: Sequence[tuple[int, int]], tone: str) -> None:
        """Draw straight segments between points, in dots."""
        for (x0, y0), (x1, y1) in pairwise(points):
            n = max(abs(x1 - x0), abs(y1 - y0), 1)
            for i in range(n + 1):
                self.dot(round(x0 + (x1 - x0) * i / n), round(y0 + (y1 - y0) * i / n), tone)
        if len(points) == 1:
            self.dot(*points[0], tone)

    def mark(self, x: int, y: int, text: str, tone: str) -> None:
        """Put a character in the cell of the dot (x, y); it hides the dots there."""
        if 0 <= x < 2 * self.width and 0 <= y < 4 * self.height:
            self._marks[x // 2, y // 4] = Span(text, tone)

    def marked(self, x: int, y: int) -> str:
        """Character marked in the cell of the dot (x, y); empty without one."""
        found = self._marks.get((x // 2, y // 4))
        return found.text if found else ""

    def lines(self, column: int | None = None) -> list[Line]:
        """Lines of the drawing; empty cells of ``column`` (a dot position) show a dashed vertical line."""
        upright = None if column is None else column // 2
        return [self._row(y, upright) for y in range(self.height)]

    def _row(self, y: int, upright: int | None) -> Line:
        spans: list[Span] = []
        for x in range(self.width):
            text, tone = self._cell(x, y, x == upright)
            if spans and spans[-1].tone == tone:
                spans[-1] = Span(spans[-1].text + text, tone)
            else:
                spans.append(Span(text, tone))
        return tuple(spans)

    def _cell(self, x: int, y: int, upright: bool) -> Span:
        if (x, y) in self._marks:
            return self._marks[x, y]
        mask = self._masks.get((x, y), 0)
        if mask:
            return Span(chr(_BRAILLE + mask), self._tones[x, y])
        return Span("┊", "focus") if upright else Span(" ")


@dataclass(frozen=True)
class Curve:
    """One curve: its name, the tone and character of its points, and y for every x (NaN: no point)."""

    name: str
    tone: str
    mark: str
    y: np.ndarray


@dataclass(frozen=True)
class Scale:
    """Maps values to dots. ``log``: decades; values below ``low`` lie on the floor."""

    low: float
    high: float
    dots: int
    log: bool = False

    def at(self, value: float) -> int:
        """Distance from the top, in dots."""
        if self.log:
            value = math.log10(max(value, self.low))
            low, high = math.log10(self.low), math.log10(self.high)
        else:
            low, high = self.low, self.high
        part = (value - low) / (high - low) if high > low else 0.5
        return round((1.0 - min(1.0, max(0.0, part))) * (self.dots - 1))


def scale_of(values: np.ndarray, dots: int) -> Scale:
    """Scale for values >= 0: linear from 0, or logarithmic (at most six decades) if they span more than three."""
    finite = values[np.isfinite(values)]
    positive = finite[finite > 0]
    if not positive.size:
        return Scale(0.0, 1.0, dots)
    high, middle = float(positive.max()), float(np.median(positive))
    if middle < high / 1e3:
        return Scale(max(float(positive.min()), high / 1e6), high, dots, log=True)
    return Scale(0.0, high, dots)


def chart(
    x: np.ndarray, curves: Sequence[Curve], cursor: int, width: int, height: int, words: str, same: float
) -> list[Line]:
    """Curves over ``x`` with a vertical line at the cursor, a frame and a legend: ``height`` lines.

    Points of curves that agree within ``same`` (relative) are drawn once, as ``*``. ``words``: the title.
    """
    canvas = Canvas(width - LABELS - 2, height - 2)
    scale = scale_of(np.concatenate([curve.y for curve in curves]), 4 * canvas.height)
    columns = _columns(x, 2 * canvas.width)
    for curve in reversed(curves):  # the first curve is on top
        canvas.path([(at, scale.at(value)) for at, value in _outline(columns, curve.y)], curve.tone)
    _points(canvas, scale, columns, curves, same)
    at = int(columns[cursor]) if cursor < len(columns) else 0
    legend: list[Span | str] = [Span(" " + words, "title"), Span("  log scale" if scale.log else "", "faint")]
    for curve in curves:
        legend += ["  ", Span(f"{curve.mark} {curve.name}", curve.tone)]
    if len(curves) > 1:
        legend += ["  ", Span("* equal", "pass")]
    if len(curves) > 2:
        legend += ["  ", Span("% overlap", "faint")]
    return [line(*legend), *_framed(canvas, scale, at), _foot(canvas, x, at, cursor)]


def _columns(x: np.ndarray, dots: int) -> np.ndarray:
    """Column of every point, in dots; centred in the cells if there is room."""
    if len(x) < 2 or float(x.max()) == float(x.min()):
        return np.full(len(x), dots // 2)
    return np.asarray(np.rint((x - x.min()) / (x.max() - x.min()) * (dots - 1)), dtype=int)


def _outline(columns: np.ndarray, y: np.ndarray) -> list[tuple[int, float]]:
    """One point per column: the largest value in it."""
    best: dict[int, float] = {}
    for column, value in zip(columns.tolist(), y.tolist(), strict=True):
        if math.isfinite(value) and value >= best.get(column, -math.inf):
            best[column] = value
    return sorted(best.items())


def _points(canvas: Canvas, scale: Scale, columns: np.ndarray, curves: Sequence[Curve], same: float) -> None:
    """Marks for the largest value in each column of cells."""
    cells = columns // 2 * 2
    outlines = [dict(_outline(cells, curve.y)) for curve in curves]
    for column in sorted(set().union(*outlines)):
        values = [outline.get(column) for outline in outlines]
        known = [value for value in values if value is not None]
        if len(known) > 1 and max(known) - min(known) <= same * max(abs(value) for value in known):
            canvas.mark(column, scale.at(known[0]), "*", "pass")
            continue
        for curve, value in zip(curves, values, strict=True):
            if value is not None:
                y = scale.at(value)
                taken = canvas.marked(column, y)  # two different points in one cell
                canvas.mark(column, y, "%" if taken and taken != "*" else curve.mark, curve.tone)


def _framed(canvas: Canvas, scale: Scale, at: int) -> list[Line]:
    rows = canvas.lines(at)
    last = len(rows) - 1
    labels = {0: scale.high, last: scale.low}
    if not scale.log and last >= 4:
        labels[last // 2] = scale.high - (scale.high - scale.low) * (last // 2) / last
    return [
        (
            Span(right(f"{labels[y]:.3g}" if y in labels else "", LABELS) + " ", "faint"),
            Span("┤" if y in labels else "│", "rule"),
            *row,
        )
        for y, row in enumerate(rows)
    ]


def _foot(canvas: Canvas, x: np.ndarray, at: int, cursor: int) -> Line:
    """The x axis: the cursor's value under the vertical line, and both ends if there is room for them."""
    here = f"^{x[cursor]:.4g}" if cursor < len(x) else ""
    start = min(at // 2, max(0, canvas.width - len(here)))
    low, high = (f"{x[0]:.4g}", f"{x[-1]:.4g}") if len(x) else ("", "")
    head = left(low if len(low) < start else "", start)
    room = canvas.width - start - len(here)
    tail = right(high if len(high) < room else "", room)
    spans = line(Span(" " * (LABELS + 1) + "└", "rule"), Span(head, "faint"), Span(here, "focus"), Span(tail, "faint"))
    return fit(spans, LABELS + 2 + canvas.width)
