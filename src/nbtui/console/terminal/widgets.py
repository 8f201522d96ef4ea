"""The only widget: shows the lines of a pure pane and repaints only changed ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from nbtui.console.drawing.foot import MOST
from nbtui.console.drawing.line import Line, Span, block, fit, line, wrap
from nbtui.console.drawing.palette import style
from nbtui.trace.text import clean

Draw = Callable[[int, int], list[Line]]


class PaneView(Widget, can_focus=False):
    """A pane. ``draw`` maps width and height to lines; :meth:`update` calls it again."""

    class Pressed(Message):
        """Click at (x, y) of the pane."""

        def __init__(self, pane: PaneView, x: int, y: int) -> None:
            self.pane, self.x, self.y = pane, x, y
            super().__init__()

    class Scrolled(Message):
        """Turn of the wheel over the pane by ``notches``, down if positive."""

        def __init__(self, pane: PaneView, notches: int) -> None:
            self.pane, self.notches = pane, notches
            super().__init__()

    class Resized(Message):
        """Change of the pane's size."""

    def __init__(self, draw: Draw, id: str) -> None:
        super().__init__(id=id)
        self._draw = draw
        self._lines: list[Line] = []

    def update(self) -> None:
        """Draw the pane again and repaint only changed lines."""
        width, height = self.size
        if not (width and height):
            return
        try:
            lines = self._draw(width, height)
        except Exception as error:  # an error in one pane must not end the console
            lines = _apology(error, width, height)
        before, self._lines = self._lines, lines
        changed = [Region(0, y, width, 1) for y, new in enumerate(lines) if before[y : y + 1] != [new]]
        if changed:
            self.refresh(*changed)

    def render_line(self, y: int) -> Strip:
        """Line API of Textual."""
        width = self.size.width
        spans = self._lines[y] if y < len(self._lines) else ()
        return Strip([segment for span in fit(spans, width) for segment in _segments(span)], width)

    def on_resize(self) -> None:
        self._lines = []
        self.update()
        self.post_message(self.Resized())

    def on_click(self, event: events.Click) -> None:
        self.post_message(self.Pressed(self, event.x, event.y))

    def on_mouse_scroll_down(self) -> None:
        self.post_message(self.Scrolled(self, 1))

    def on_mouse_scroll_up(self) -> None:
        self.post_message(self.Scrolled(self, -1))


class FootView(PaneView):
    """The foot of a screen, as high as the lines that it draws."""

    def update(self) -> None:
        width, height = self.size
        needed = len(self._draw(width, MOST)) if width else height
        if needed != height:
            self.styles.height = needed  # the new size draws it
        super().update()


def views(prefix: str, draws: Mapping[str, Draw]) -> dict[str, PaneView]:
    """The panes of a screen by name; ``prefix`` begins their ids."""
    return {name: (FootView if name == "footer" else PaneView)(draw, f"{prefix}{name}") for name, draw in draws.items()}


def _segments(span: Span) -> list[Segment]:
    """A span in its style; underlining leaves out the surrounding blanks."""
    text, look = span.text, style(span.tone)
    if not look.underline or text == text.strip(" "):
        return [Segment(text, look)]
    words = text.strip(" ")
    before = len(text) - len(text.lstrip(" "))
    plain = (Segment(" " * before), Segment(words, look), Segment(" " * (len(text) - before - len(words))))
    return [segment for segment in plain if segment.text]


def _apology(error: Exception, width: int, height: int) -> list[Line]:
    reason = clean(str(error)) or "no reason given"
    sentence = f"this pane cannot be drawn, please report it: {type(error).__name__}: {reason}"
    return block([line(Span(f" {part}", "warning")) for part in wrap(sentence, width - 2)], width, height)
