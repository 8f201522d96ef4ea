"""A case with a port, and a state directory of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.run_port import write_case


@pytest.fixture
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory of this test alone."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def my_port(here: Path, own_state: Path) -> Path:
    """The port of the case ``mine`` in the current directory."""
    return write_case(here)
