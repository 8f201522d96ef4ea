"""A screen that lies upon the main one until it is left."""

from __future__ import annotations

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

Result = TypeVar("Result")


class Page(ModalScreen[Result], inherit_bindings=False):
    """What it is left with goes to whoever opened it."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Leave, once: over a slow link the next key may have been on its way before this page was gone."""
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()
