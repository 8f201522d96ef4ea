"""The help page, scrollable and searchable: preflight findings, meanings of the signs, all keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType

from nbtui.console.action import KeyTable
from nbtui.console.help import pane as panes
from nbtui.console.help.actions import HELP_ACTIONS
from nbtui.console.help.state import HelpState
from nbtui.console.main.state import State
from nbtui.console.terminal.screen import ActionScreen, bindings
from nbtui.console.terminal.widgets import PaneView

_FAR = 10**6


class HelpScreen(ActionScreen[None]):
    """Help on the state at opening, and the keys of all screens."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(HELP_ACTIONS)

    def __init__(self, state: State, tables: Sequence[KeyTable]) -> None:
        super().__init__()
        self._main_state, self._tables = state, tables
        self.state = HelpState()
        self.view = PaneView(
            lambda width, height: panes.draw(self._main_state, self._tables, self.state, width, height), "help"
        )
        self.acts = {
            "search": lambda: self._show(replace(self.state, typing=True, query="")),
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
        }

    def compose(self) -> ComposeResult:
        yield self.view

    def tell(self, sentence: str) -> None:
        self._show(replace(self.state, message=sentence))

    def forget_message(self) -> None:
        self.state = replace(self.state, message="")

    def typed(self, event: events.Key) -> bool:
        """During entry of a search text keys are text; otherwise any unbound key closes the page."""
        if self.state.typing:
            self._typed(event.key, event.character if event.is_printable else None)
            return True
        if event.key in self.active_bindings:
            return False
        self._leave()
        return True

    def _typed(self, key: str, character: str | None) -> None:
        """Handle a key during entry; the page scrolls to the first match from its starting position."""
        state = self.state
        if key == "escape":
            self._show(replace(state, typing=False, query=""))
        elif key == "enter":
            self._show(replace(state, typing=False))
        else:
            query = state.query[:-1] if key == "backspace" else state.query + (character or "")
            self._show(
                panes.found(
                    self._main_state, self._tables, replace(state, query=query), self.size.width, True, stay=True
                )
            )

    def _found(self, forward: bool) -> None:
        self._show(panes.found(self._main_state, self._tables, self.state, self.size.width, forward))

    def _section(self, forward: bool) -> None:
        self._show(panes.to_section(self._main_state, self._tables, self.state, self.size.width, forward))

    def _scroll(self, by: int) -> None:
        self._show(replace(self.state, top=self.state.top + by))

    def _leave(self) -> None:
        self.dismiss(None)

    def wheel(self, lines: int) -> None:
        self._scroll(lines)

    def resized(self) -> None:
        self._show(self.state)

    def _show(self, state: HelpState) -> None:
        self.state = panes.kept_in_view(self._main_state, self._tables, state, self.size.width, self.size.height)
        self.view.update()
