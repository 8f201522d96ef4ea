"""Waiting for what must happen: a lost event fails a test, a busy machine does not."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 180.0  # seconds that a busy machine may take; an idle one never needs them


def wait_until(condition: Callable[[], bool], state: Callable[[], object] = lambda: "") -> None:
    """Look every 10 ms until the condition holds. AssertionError, with ``state``, when it never does."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"it never happened: {state()}"
        time.sleep(0.01)
