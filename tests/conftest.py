"""What every test shares: a clean environment and where the reference data lie."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from support.places import SHARED

for name in (
    "NO_COLOR",
    "TEXTUAL_THEME",
    "COLORTERM",
    "SSH_CONNECTION",
    "SSH_TTY",
    "COLORFGBG",
    "TMUX",
    "COLUMNS",  # the size of a terminal that is not the tests' own
    "LINES",
):
    os.environ.pop(name, None)
os.environ["TERM"] = "xterm-256color"  # of every program that a test starts, whatever the tests run in
os.environ.setdefault("KMP_DUPLICATE_LIB_OK", "TRUE")
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="nbtui-tests-")  # sessions and copies of the tests
atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference data beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"reference data not there: {SHARED}")
    return SHARED


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory, and no settings of the person who runs the tests."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("NB_C_BIN", raising=False)
    return place
