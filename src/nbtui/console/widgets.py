"""The one widget: shows the lines of a pure pane and repaints only the cells that changed."""

from __future__ import annotations

from collections.abc import Callable

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from nbtui.console.palette import style
from nbtui.console.panes.line import Line, Span, block, fit, line, wrap
from nbtui.trace.text import clean

Draw = Callable[[int, int], list[Line]]
Cell = tuple[str, str]  # character ("" for the right half of a wide one), tone

_BRIDGE = 6  # equal cells between two changes that are cheaper to send again than to jump over


class PaneView(Widget, can_focus=False):
    """A pane. ``draw`` maps width and height to lines; :meth:`update` asks it again."""

    class Pressed(Message):
        """The pane was clicked at (x, y) of its own."""

        def __init__(self, pane: PaneView, x: int, y: int) -> None:
            self.pane, self.x, self.y = pane, x, y
            super().__init__()

    class Resized(Message):
        """The pane has another size."""

    def __init__(self, draw: Draw, id: str) -> None:
        super().__init__(id=id)
        self._draw = draw
        self._lines: list[Line] = []

    def update(self) -> None:
        """Draw again; only cells that differ from what is shown are repainted."""
        width, height = self.size
        if not (width and height):
            return
        try:
            lines = self._draw(width, height)
        except Exception as error:  # one pane that cannot be drawn must not take the console with it
            lines = _apology(error, width, height)
        before, self._lines = self._lines, lines
        regions = changed_regions(before, lines, width)
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """Line API of Textual."""
        width = self.size.width
        spans = self._lines[y] if y < len(self._lines) else ()
        return Strip([Segment(span.text, style(span.tone)) for span in fit(spans, width)], width)

    def on_resize(self) -> None:
        self._lines = []
        self.update()
        self.post_message(self.Resized())

    def on_click(self, event: events.Click) -> None:
        self.post_message(self.Pressed(self, event.x, event.y))


def _apology(error: Exception, width: int, height: int) -> list[Line]:
    reason = clean(str(error)) or "no reason given"
    sentence = f"this pane cannot be drawn, please report it: {type(error).__name__}: {reason}"
    return block([line(Span(f" {part}", "warning")) for part in wrap(sentence, width - 2)], width, height)


def changed_regions(before: list[Line], after: list[Line], width: int) -> list[Region]:
    """The runs of cells in which two drawings of one pane differ, (x, y, width, 1) each."""
    regions: list[Region] = []
    for y, new in enumerate(after):
        old = before[y] if y < len(before) else None
        if new == old:
            continue
        if old is None:
            regions.append(Region(0, y, width, 1))
            continue
        regions += [Region(start, y, end - start, 1) for start, end in _runs(cells(old), cells(new), width)]
    return regions


def cells(spans: tuple[Span, ...]) -> list[Cell]:
    """A line cell by cell. What takes no cell of its own (a combining mark) belongs to the cell before it."""
    row: list[Cell] = []
    for text, tone in spans:
        for char in text:
            size = cell_len(char)
            if size == 0 and row:
                row[-1] = (row[-1][0] + char, row[-1][1])
            else:
                row += [(char, tone), *[("", tone)] * (size - 1)]
    return row


def _runs(old: list[Cell], new: list[Cell], width: int) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for x in range(width):
        if (old[x] if x < len(old) else None) == (new[x] if x < len(new) else None):
            continue
        # a wide character is repainted as a whole, whichever half of it has changed
        start = x - 1 if x and (_right_half(old, x) or _right_half(new, x)) else x
        end = x + 2 if _right_half(old, x + 1) or _right_half(new, x + 1) else x + 1
        if runs and start - runs[-1][1] <= _BRIDGE:
            runs[-1] = (runs[-1][0], max(end, runs[-1][1]))
        else:
            runs.append((start, end))
    return [(start, min(end, width)) for start, end in runs]


def _right_half(row: list[Cell], x: int) -> bool:
    return x < len(row) and row[x][0] == ""
