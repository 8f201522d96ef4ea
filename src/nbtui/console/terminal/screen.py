"""A screen that lies upon the main one until it is left."""

from __future__ import annotations

from typing import TypeVar

from textual import events
from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

Result = TypeVar("Result")


class Page(ModalScreen[Result], inherit_bindings=False):
    """What it is left with goes to whoever opened it."""

    def typed(self, event: events.Key) -> bool:
        """Whether a key was text or closed something; otherwise it may be bound to an action."""
        return False

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Leave, once: over a slow link the next key may have been on its way before this page was gone."""
        return super().dismiss(result) if self.is_active else AwaitComplete()
