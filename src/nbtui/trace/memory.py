"""Making a million small records without the garbage collector walking over them again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collections(large: bool) -> Iterator[None]:
    """Keeps the garbage collector from walking over a million records again and again while they are being made.

    Each walk would stop every thread, the screen's too, for up to half a second. Records have no cycles: they are
    freed without the collector, and `gc.freeze` tells it so for later walks when there are very many.
    """
    if not (large and gc.isenabled()):
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
