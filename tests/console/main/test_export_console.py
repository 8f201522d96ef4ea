"""The console is ended while it exports: the package is finished or not there, and the next export finds no litter."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nbtui.evidence.check.verify import verify
from nbtui.evidence.read.folder import find_packages
from nbtui.evidence.write.files import write_package
from support.console_terminal import Start, Terminal

pytestmark = pytest.mark.slow

ON_A_DISK_THAT_HANGS = """
import os, time
from nbtui.cli import main
flush = os.fsync
def fsync(descriptor):
    open("writing", "w").close()
    while not os.path.exists("disk is back"):
        time.sleep(0.01)
    flush(descriptor)
os.fsync = fsync
raise SystemExit(main(["demo"]))
"""


@pytest.fixture
def exporting(on_terminal: Start, tmp_path: Path) -> Terminal:
    """A console on the demo in the middle of writing a package."""
    terminal = on_terminal(ON_A_DISK_THAT_HANGS)
    terminal.wait_for("simulated in")
    terminal.press("e")
    terminal.wait_until((tmp_path / "writing").exists, "the package")
    return terminal


@pytest.mark.parametrize(
    ("ending", "code"), [("TERM", 143), ("INT", 130), ("HUP", 129), ("hang up", 129), ("\x03", 130), ("q", 1)]
)
def test_a_package_is_finished_before_the_console_ends(
    ending: str, code: int, exporting: Terminal, tmp_path: Path
) -> None:
    reports = tmp_path / "reports"
    assert [path.name for path in reports.iterdir() if not path.name.startswith(".")] == []
    if ending == "hang up":
        exporting.hang_up()
    elif len(ending) == 1:
        exporting.press(ending)
    else:
        exporting.signal(getattr(signal, f"SIG{ending}"))
    (tmp_path / "disk is back").touch()
    assert exporting.end() == code
    (package,) = reports.iterdir()  # whole, and nothing hidden beside it
    assert verify(package).ok
    assert b"Traceback" not in exporting.received


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL], ids=str)
def test_an_impatient_end_leaves_no_half_package(number: int, exporting: Terminal, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    for _ in range(3):
        exporting.signal(number)
        exporting.read(0.2)
    (tmp_path / "disk is back").touch()
    exporting.end()
    for package in find_packages(reports):
        assert verify(package).ok
    before = len(list(find_packages(reports)))
    write_package(reports, datetime.now(UTC), lambda folder, stamp: (folder / "metrics.json").touch())
    assert len(list(reports.iterdir())) == before + 1
    assert b"Traceback" not in exporting.received
