"""A detector made by hand, its two images, which differ in two pixels, and the image screen's picture of any image."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from textual.pilot import Pilot

from nbtui.console.app import Console
from nbtui.console.image import state
from nbtui.console.image.screen import ImageScreen
from nbtui.console.image.state import ImagePhase, ImageState
from nbtui.live.images import Cancelled, PixelFacts, Resolution
from support.console_toy import ready, screen_text, until

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

    def thread_counts(self, c: np.ndarray, differing: np.ndarray) -> tuple[int, ...]:
        return ()

    def facts(self, slow: int, fast: int) -> PixelFacts:
        return PixelFacts(slow, fast, slow / 10, fast / 10, 1.0 * slow, 2.0, (slow, fast, 0.0), 0.0)

    def resolution(self) -> Resolution:
        """1/d = 0.01 per pixel from the beam at slow 20, fast 25."""
        slow, fast = np.arange(40.0), np.arange(50.0)
        return Resolution(slow, fast, 1e-4 * ((slow[:, None] - 20) ** 2 + (fast - 25) ** 2), (20.0, 25.0))

    def spot(self, at: tuple[float, float], phi_deg: float, *indices: object) -> tuple[float, float]:
        """Two pixels down per degree."""
        return at[0] + 2.0 * phi_deg, at[1]

    def image(self, *, progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> np.ndarray:
        self.started += 1
        for part in range(20):
            progress(part, 20)
            while not self.go.wait(0.02):
                if cancelled():
                    raise Cancelled("stopped")
        return PYTHON


SPOTS = {(0, 0): 1.0, (1, 2): 0.02, (4, 3): 0.2, (5, 5): 0.5}


def spots(rows: int, columns: int, values: dict[tuple[int, int], float]) -> np.ndarray:
    """A dark image with these pixels."""
    made = np.zeros((rows, columns), dtype=np.float32)
    for pixel, value in values.items():
        made[pixel] = value
    return made


def finished(python: np.ndarray, c: np.ndarray | None = None, **changes: object) -> ImageState:
    """A finished picture of these images."""
    start = ImageState("toy", (0, 0), (0, 0), "spec", shape=python.shape, python=python, c=c, phase=ImagePhase.READY)
    start = replace(start, bright_python=state.largest(python), bright_c=0.0 if c is None else state.largest(c))
    if c is not None:
        start = replace(start, difference=state.differences(c, python), c_origin="image.npy")
    return replace(start, **changes)


async def opened(pilot: Pilot[int], phase: ImagePhase = ImagePhase.READY) -> ImageScreen:
    """The image screen, once it is in this phase."""
    await ready(pilot)
    await pilot.press("i")
    await until(pilot, lambda: isinstance(pilot.app.screen, ImageScreen))
    screen = pilot.app.screen
    assert isinstance(screen, ImageScreen)
    await until(pilot, lambda: screen.state.phase is phase and (screen.state.judged or phase is not ImagePhase.READY))
    await pilot.pause()
    return screen


def text_of(pilot: Pilot[int]) -> str:
    """The text on the screen now."""
    assert isinstance(pilot.app, Console)
    return screen_text(pilot.app)
