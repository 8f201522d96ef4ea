"""Passing of events from a thread to the event loop that owns the state."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from textual.message_pump import MessagePump

Event = TypeVar("Event")


def in_loop(pump: MessagePump, handler: Callable[[Event], None]) -> Callable[[Event], None]:
    """Wrap ``handler`` for use in a thread: it runs in the loop of ``pump``, or not at all after the loop has ended.

    Events keep their types; the thread never waits.
    """

    def hand_over(event: Event) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: no screen is left to show the event
            pump.call_later(handler, event)

    return hand_over
