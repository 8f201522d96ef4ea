"""Base class of all screens: keys from one table, central error handling, mouse, copying and leaving."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Never, TypeVar

from textual import events
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from nbtui.console.action import ActionTable
from nbtui.console.jobs import Failure, explained, start
from nbtui.console.terminal import clipboard
from nbtui.console.terminal.loop import in_loop
from nbtui.console.terminal.widgets import PaneView
from nbtui.errors import INTERRUPTED

WHEEL = 3  # lines per notch of the mouse wheel

Result = TypeVar("Result")


def bindings(table: ActionTable[Never]) -> list[BindingType]:
    """Bindings of a screen: all actions of its table except the app-wide ones."""
    return [
        Binding(",".join(action.keys), f"perform('{action.id}')", action.help, show=False, id=table.setting(action))
        for action in table
        if not action.everywhere
    ]


def bindings_everywhere(table: ActionTable[Never], ids: frozenset[str] | None = None) -> list[BindingType]:
    """Bindings of an app: the actions of the table for every screen, or those of them in ``ids``."""
    return [
        Binding(
            ",".join(action.keys),
            f"app.everywhere('{action.id}')",
            action.help,
            show=False,
            id=table.setting(action),
            priority=True,
        )
        for action in table
        if action.everywhere and (ids is None or action.id in ids)
    ]


class ActionScreen(ModalScreen[Result], inherit_bindings=False):
    """Screen whose keys are the actions of one table. Modal: other screens' keys have no effect on it.

    A subclass sets ``BINDINGS`` with :func:`bindings` and ``acts``, defines where messages appear (:meth:`tell`), and
    overrides other methods as needed. Its result goes to the screen below.
    """

    BINDINGS: ClassVar[list[BindingType]] = []
    acts: Mapping[str, Callable[[], None]]
    """What each action of the table does, by id; ``interrupt`` and ``suspend`` are done here."""

    # --- for subclasses ------------------------------------------------------------------------------------------

    def tell(self, sentence: str) -> None:
        """Show a sentence in the message area of this screen."""
        raise NotImplementedError

    def forget_message(self) -> None:
        """Clear the last message after a key press."""

    def typed(self, event: events.Key) -> bool:
        """Whether a key was input for a text field or closed something; otherwise a binding may apply."""
        return False

    def pressed(self, pane: PaneView, x: int, y: int) -> None:
        """Handle a click at (x, y) of a pane."""

    def scrolled(self, pane: PaneView, notches: int) -> None:
        """Handle a turn of the wheel over a pane, down if positive."""
        self.wheel(WHEEL * notches)

    def wheel(self, lines: int) -> None:
        """Scroll down by this number of lines."""

    def resized(self) -> None:
        """Handle a new size of a pane."""

    # --- actions -------------------------------------------------------------------------------------------------

    def action_perform(self, id: str) -> None:
        """Perform the action of this id, with error handling."""
        self.forget_message()
        self.attempt(self.act(id))

    def act(self, id: str) -> Callable[[], None]:
        """Function of the action of this id."""
        common = {"interrupt": lambda: self.app.exit(INTERRUPTED), "suspend": lambda: self.app.action_suspend_process()}
        return self.acts[id] if id in self.acts else common[id]

    def attempt(self, act: Callable[[], None]) -> None:
        """Run a function; an exception becomes a message, and the program continues."""
        try:
            act()
        except Exception as error:
            self.failed(explained(error))

    def failed(self, failure: Failure) -> None:
        """Show the failure of an action or a job of this screen."""
        self.tell(failure.sentence)

    def takes_key(self, event: events.Key) -> bool:
        """Whether a key was text rather than an action. Ctrl-C never is."""
        if event.key == "ctrl+c":
            return False
        try:
            return self.typed(event)
        except Exception as error:
            self.failed(explained(error))
            return True

    def copy_to_terminal(self, text: str) -> None:
        """Copy ``text`` in a thread, and report its destinations."""
        offer = self.app.copy_to_clipboard
        start(lambda: clipboard.copy(text, offer), in_loop(self, self.tell), in_loop(self, self.failed), "nbtui-copy")

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close the screen once: over a slow link, the next key may already be on its way."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    # --- mouse and size ------------------------------------------------------------------------------------------

    def on_pane_view_pressed(self, message: PaneView.Pressed) -> None:
        message.stop()
        self.attempt(lambda: self.pressed(message.pane, message.x, message.y))

    def on_pane_view_scrolled(self, message: PaneView.Scrolled) -> None:
        message.stop()
        self.attempt(lambda: self.scrolled(message.pane, message.notches))

    def on_pane_view_resized(self, message: PaneView.Resized) -> None:
        message.stop()
        self.resized()
