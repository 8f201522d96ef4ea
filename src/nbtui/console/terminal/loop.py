"""The way back from a thread into the loop that owns the state."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from textual.message_pump import MessagePump

Event = TypeVar("Event")


def in_loop(pump: MessagePump, handler: Callable[[Event], None]) -> Callable[[Event], None]:
    """``handler`` for the use of a thread: it runs in the loop of ``pump``, or not at all once that has ended.

    Every event keeps its type on the way; the thread never waits.
    """

    def hand_over(event: Event) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: no screen is left to show the event
            pump.call_later(handler, event)

    return hand_over
