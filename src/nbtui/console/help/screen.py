"""The help page: what the signs mean, all keys, all preflight findings; it can be scrolled and searched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from nbtui.console.help import pane as panes
from nbtui.console.help.actions import HELP_ACTIONS
from nbtui.console.help.pane import HelpState
from nbtui.console.main.state import State
from nbtui.console.terminal.screen import Page
from nbtui.console.terminal.widgets import PaneView
from nbtui.errors import INTERRUPTED

WHEEL = 3  # lines of a turn of the mouse wheel
_FAR = 10**6


class HelpScreen(Page[None]):
    """About the state it was opened in."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(entry.keys), f"help('{entry.id}')", entry.help, show=False, id=f"help.{entry.id}")
        for entry in HELP_ACTIONS
    ]

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state
        self.reading = HelpState()
        self.view = PaneView(lambda width, height: panes.draw(self._state, self.reading, width, height), "help")
        self._acts: dict[str, Callable[[], None]] = {
            "search": lambda: self._show(replace(self.reading, typing=True, query="")),
            "match_next": lambda: self._found(True),
            "match_previous": lambda: self._found(False),
            "section_next": lambda: self._section(True),
            "section_previous": lambda: self._section(False),
            "up": partial(self._scroll, -1),
            "down": partial(self._scroll, 1),
            "page_up": lambda: self._scroll(-panes.room(self.size.height)),
            "page_down": lambda: self._scroll(panes.room(self.size.height)),
            "home": partial(self._scroll, -_FAR),
            "end": partial(self._scroll, _FAR),
            "close": lambda: self._leave(),
            "interrupt": lambda: self.app.exit(INTERRUPTED),
        }

    def compose(self) -> ComposeResult:
        yield self.view

    def action_help(self, id: str) -> None:
        """Do the action of this id (see `help_actions`)."""
        self.reading = replace(self.reading, message="")
        self._acts[id]()

    def typed(self, event: events.Key) -> bool:
        """While a search text is typed, keys are text; else a key without a meaning closes the page."""
        if event.key == "ctrl+c":
            return False
        if self.reading.typing:
            self._typed(event.key, event.character if event.is_printable else None)
            return True
        if event.key in self.active_bindings:
            return False
        self._leave()
        return True

    def _typed(self, key: str, character: str | None) -> None:
        """The page follows the text from where it was."""
        reading = self.reading
        if key == "escape":
            self._show(replace(reading, typing=False, query=""))
        elif key == "enter":
            self._show(replace(reading, typing=False))
        else:
            query = reading.query[:-1] if key == "backspace" else reading.query + (character or "")
            self._show(panes.found(self._state, replace(reading, query=query), self.size.width, True, stay=True))

    def _found(self, forward: bool) -> None:
        self._show(panes.found(self._state, self.reading, self.size.width, forward))

    def _section(self, forward: bool) -> None:
        self._show(panes.to_section(self._state, self.reading, self.size.width, forward))

    def _scroll(self, by: int) -> None:
        self._show(replace(self.reading, top=self.reading.top + by))

    def _leave(self) -> None:
        self.dismiss(None)

    def on_mouse_scroll_down(self) -> None:
        self._scroll(WHEEL)

    def on_mouse_scroll_up(self) -> None:
        self._scroll(-WHEEL)

    def on_pane_view_resized(self) -> None:
        self._show(self.reading)

    def _show(self, reading: HelpState) -> None:
        self.reading = panes.kept_in_view(self._state, reading, self.size.width, self.size.height)
        self.view.update()
