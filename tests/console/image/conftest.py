"""What the tests of the image screen share."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from nbtui.live.model import Case, Settings
from support.console_toy import toy_simulator
from support.image_toy import C, ToyFrame


@pytest.fixture
def case(case: Case) -> Case:
    """A case with C's log of slow 12 fast 14 and C's image."""
    np.save(case.workdir / "image.npy", C)
    return case


@pytest.fixture
def frame(monkeypatch: pytest.MonkeyPatch) -> ToyFrame:
    """The toy detector and toy pixel in place of the simulator; the image comes at once."""
    toy = ToyFrame(threading.Event())
    toy.go.set()

    def pixel(case: Case, settings: Settings) -> object:
        return replace(toy_simulator(settings), case=case, pixel=case.pixel or (0, 0))

    monkeypatch.setattr("nbtui.live.session.simulate", pixel)
    monkeypatch.setattr("nbtui.console.image.jobs.prepare", lambda case, settings: toy)
    return toy
