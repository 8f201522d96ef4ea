"""A detector made by hand, and its two images: they differ in two pixels."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from nbtui.live.images import Cancelled, PixelFacts, Resolution

SHAPE = (40, 50)
PYTHON = np.zeros(SHAPE, dtype=np.float32)
PYTHON[12, 14], PYTHON[30, 20], PYTHON[5, 45] = 8.0, 4.0, 2.0
C = PYTHON.copy()
C[30, 20], C[5, 45] = 3.0, 2.5


class ToyFrame:
    """A detector of 40 x 50 pixels. It waits until ``go``, in 20 parts, and can be stopped between them."""

    shape = SHAPE

    def __init__(self, go: threading.Event) -> None:
        self.go = go
        self.started = 0

    def facts(self, slow: int, fast: int) -> PixelFacts:
        return PixelFacts(slow, fast, slow / 10, fast / 10, 1.0 * slow, 2.0, (slow, fast, 0.0), 0.0)

    def resolution(self) -> Resolution:
        """1/d = 0.01 per pixel from the beam at slow 20, fast 25."""
        slow, fast = np.arange(40.0), np.arange(50.0)
        return Resolution(slow, fast, 1e-4 * ((slow[:, None] - 20) ** 2 + (fast - 25) ** 2), (20.0, 25.0))

    def image(self, *, progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> np.ndarray:
        self.started += 1
        for part in range(20):
            progress(part, 20)
            while not self.go.wait(0.02):
                if cancelled():
                    raise Cancelled("stopped")
        return PYTHON
