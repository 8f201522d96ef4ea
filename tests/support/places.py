"""Where the tests find things."""

from __future__ import annotations

from pathlib import Path

import nbtui

TESTS = Path(__file__).resolve().parents[1]
TOP = TESTS.parent
DATA = TESTS / "data"
SHARED = TOP.parent / "shared"
DEMO = Path(nbtui.__file__).parent / "demo"
