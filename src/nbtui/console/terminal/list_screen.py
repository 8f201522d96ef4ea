"""Base class of the screens that show a list, and texts in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import ClassVar, Generic, TypeVar

from textual import events
from textual.app import ComposeResult

from nbtui.console.action import ActionTable
from nbtui.console.drawing import list_state
from nbtui.console.drawing.line import Line
from nbtui.console.drawing.list_state import ListState
from nbtui.console.drawing.open_text import OpenText
from nbtui.console.terminal.screen import ActionScreen
from nbtui.console.terminal.widgets import PaneView, views
from nbtui.trace.text import clean

SHORT = 30  # lines; a lower screen has the class "short"
SIDEWAYS = 20  # columns
_FAR = 10**9  # rows

Shown = TypeVar("Shown", bound=ListState)
Result = TypeVar("Result")


class ListScreen(ActionScreen[Result], Generic[Shown, Result]):
    """A list in the pane ``table``, other panes around it, and an open text in place of the list.

    A subclass names its action table in ``ACTIONS`` and sets ``state``, ``views`` (with :meth:`panes`) and ``acts``
    (with :meth:`list_acts`). While a text is open, the screen has the class "reading"; without a row, "empty".
    """

    ACTIONS: ClassVar[ActionTable[object]]
    state: Shown
    views: Mapping[str, PaneView]

    # --- for subclasses ----------------------------------------------------------------------------------------------

    def panes(self, prefix: str, draws: Mapping[str, Callable[[Shown, int, int], list[Line]]]) -> dict[str, PaneView]:
        """The panes by name; ``prefix`` begins their ids."""
        return views(f"{prefix}-", {name: self._drawing(draw) for name, draw in draws.items()})

    def list_acts(self) -> dict[str, Callable[[], None]]:
        """The actions that every list has."""
        return {
            "up": lambda: self.move(-1),
            "down": lambda: self.move(1),
            "page_up": lambda: self.move(-self.rows()),
            "page_down": lambda: self.move(self.rows()),
            "first": lambda: self.move(-_FAR),
            "last": lambda: self.move(_FAR),
            "left": lambda: self.show(list_state.shifted(self.state, -SIDEWAYS)),
            "right": lambda: self.show(list_state.shifted(self.state, SIDEWAYS)),
            "help": self.read_help,
            "close": self.close,
        }

    def rows(self) -> int:
        """Visible rows of the list, below its heading."""
        return max(1, self.views["table"].size.height - 1)

    def read(self, title: str, lines: Iterable[str]) -> None:
        """Show a text in place of the list."""
        self.show(replace(self.state, reading=OpenText(clean(title), tuple(clean(text) for text in lines)), message=""))

    def read_help(self) -> None:
        """Show the keys, and what else the screen explains."""
        self.read("keys", (*(f"{entry.shown:11} {entry.help}" for entry in self.ACTIONS), *self.more_help()))

    def more_help(self) -> Iterable[str]:
        """Lines below the keys."""
        return ()

    def close(self) -> None:
        """Close the open text, else the screen."""
        if self.state.reading is not None:
            self.show(replace(self.state, reading=None))
        else:
            self.dismiss(None)

    def move(self, by: int) -> None:
        """Move the cursor, or scroll the open text."""
        self.show(list_state.moved(self.state, by, self.rows()))

    def show(self, state: Shown) -> None:
        """Show ``state``."""
        reading = state.reading is not None
        if reading != (self.state.reading is not None):
            self.set_class(reading, "reading")
        self.set_class(not state.length, "empty")
        self.state = state if reading else list_state.in_view(state, self.rows())
        for view in self.views.values():
            if view.display:
                view.update()

    # --- of the screen -----------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield from self.views.values()

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.height < SHORT, "short")

    def resized(self) -> None:
        self.show(self.state)

    def tell(self, sentence: str) -> None:
        self.show(replace(self.state, message=sentence))

    def forget_message(self) -> None:
        self.show(replace(self.state, message=""))

    def wheel(self, lines: int) -> None:
        self.move(lines)

    def _drawing(self, draw: Callable[[Shown, int, int], list[Line]]) -> Callable[[int, int], list[Line]]:
        return lambda width, height: draw(self.state, width, height)
