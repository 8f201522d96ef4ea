"""Two consoles on one case, one state directory and one reports folder; a console without a state directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbtui.evidence.check.finding import Weight
from nbtui.evidence.check.verify import verify
from nbtui.evidence.read.folder import find_packages
from support.console_terminal import Start, nbtui_program

pytestmark = pytest.mark.slow


def test_two_consoles_leave_a_session_and_their_packages(on_terminal: Start, tmp_path: Path) -> None:
    state = tmp_path / "state"
    consoles = [on_terminal(nbtui_program("demo"), XDG_STATE_HOME=str(state)) for _ in range(2)]
    for console in consoles:
        console.wait_for("simulated in")
    for console in consoles:
        console.press("j")
        console.press("e")
    for console in consoles:
        console.wait_for("written: ")
        console.press("q")
    assert [console.end() for console in consoles] == [1, 1]
    packages = sorted(find_packages(tmp_path / "reports"))
    assert len(packages) == 2
    assert [finding for package in packages for finding in verify(package).of(Weight.WRONG)] == []
    left = [path.name for path in (state / "nbtui").rglob("*") if path.is_file()]
    assert left and all(not name.startswith(".") for name in left)
    resumed = on_terminal(nbtui_program("--resume"), XDG_STATE_HOME=str(state))
    resumed.wait_for("simulated in")
    resumed.press("q")
    assert resumed.end() == 1
    assert all(b"Traceback" not in console.received for console in (*consoles, resumed))


@pytest.mark.parametrize("place", ["/dev/full", "/proc/nowhere"])
def test_a_console_works_without_a_state_directory(place: str, on_terminal: Start, tmp_path: Path) -> None:
    console = on_terminal(nbtui_program("demo"), XDG_STATE_HOME=place)
    console.wait_for("simulated in")
    console.press("j")
    console.press("q")
    assert console.end() == 1
    assert b"Traceback" not in console.received
