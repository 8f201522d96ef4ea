"""An installation without torch: everything that reads works, everything that simulates names the remedy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from nbsim.errors import NEEDS_TORCH, absent_package
from nbtui.live.cases import load_case
from nbtui.live.session import simulate
from nbtui.parity.compare import compare
from nbtui.paths import RECORDED_LOG
from nbtui.trace.reading.reader import read_trace
from support.console_terminal import Terminal, nbtui_program
from support.places import DEMO, TOP

REFUSE = """
import sys
class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Refusing())
"""
RUN = """
import contextlib, io, json, os
from nbtui.cli import main as nbtui
from nbsim.cli import main as nbsim
for line in sys.stdin:
    program, *words = json.loads(line)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = {"nbtui": nbtui, "nbsim": nbsim}[program](words)
    print(json.dumps([code, out.getvalue(), err.getvalue(), "torch" in sys.modules]), flush=True)
"""
C_LOG, IMAGE = str(DEMO / "trace_c.log"), str(DEMO / "image.npy")
PACKAGE = str(next((TOP / "reports").glob("2*Z")))
SMALL = ("-default_F", "1", "-lambda", "1", "-distance", "60", "-detpixels", "8", "-N", "2")


@dataclass
class Lean:
    """One process without torch that runs command lines."""

    process: subprocess.Popen[str]

    def __call__(self, *words: str) -> tuple[int, str, str]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        code, out, err, loaded = json.loads(self.process.stdout.readline())
        assert not loaded
        return code, out, err


@pytest.fixture(scope="module")
def lean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lean]:
    with subprocess.Popen(
        [sys.executable, "-c", REFUSE + RUN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path_factory.mktemp("lean"),
    ) as process:
        yield Lean(process)
        assert process.stdin is not None
        process.stdin.close()


@pytest.mark.parametrize(
    ("words", "code", "printed"),
    [
        (("compare", "--c", C_LOG, "--py", C_LOG), 0, "I_pixel_final"),
        (("compare", "--py", str(RECORDED_LOG), "demo"), 1, "rot_a_angstroms"),
        (("open", C_LOG, str(RECORDED_LOG)), 1, "rot_a_angstroms"),
        (("images", IMAGE, IMAGE), 0, "16384 pixels"),
        (("verify", PACKAGE), 0, "ok"),
        (("history", str(TOP / "reports")), 0, Path(PACKAGE).name),
        (("diagnose", "--c", C_LOG, "--py", str(RECORDED_LOG)), 1, "rot_a_angstroms"),
        (("config",), 0, "reports"),
        (("completion", "bash"), 0, "-default_F"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_reads_works(lean: Lean, words: tuple[str, ...], code: int, printed: str) -> None:
    found, out, _ = lean("nbtui", *words)
    assert found == code
    assert printed in out


@pytest.mark.parametrize(
    "words",
    [
        ("nbtui", "compare", "demo"),
        ("nbtui", "compare", "demo", "--matrix"),
        ("nbtui", "console", "demo", "--phi-mode", "c-parity"),
        ("nbtui", "trace", "demo", "--out", "-"),
        ("nbtui", "terms", "demo"),
        ("nbtui", "gradients", "demo"),
        ("nbtui", "images", "demo"),
        ("nbtui", "diagnose", "demo"),
        ("nbtui", "export", "demo"),
        ("nbtui", "hunt", "demo", "--suspect", "false"),
        ("nbsim", *SMALL),
    ],
    ids=" ".join,
)
def test_what_simulates_names_the_remedy_in_one_line(lean: Lean, words: tuple[str, ...]) -> None:
    code, out, err = lean(*words)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].endswith(NEEDS_TORCH)
    assert "Traceback" not in err and "bug" not in err


def test_replaying_a_package_stays_incomplete(lean: Lean) -> None:
    code, out, _ = lean("nbtui", "verify", "--replay", PACKAGE)
    assert code == 5
    assert NEEDS_TORCH in out


def test_the_demo_is_the_c_log_beside_the_recorded_one(lean: Lean) -> None:
    code, out, err = lean("nbtui")
    assert code == 1
    assert "FIRST DIVERGENCE  rot_a_angstroms.x" in out
    assert "recorded" in out and "your log" not in out
    assert "torch is not installed" in err


def test_the_recorded_log_is_what_nbsim_traces() -> None:
    live, kept = simulate(load_case("demo")).trace, read_trace(RECORDED_LOG)
    comparison = compare(kept, live, "full", 1e-9)
    assert comparison.agrees and len(comparison.rows) > 100
    assert len(kept.phi) == len(live.phi) and len(kept.records) == len(live.records)


def test_the_doctor_calls_torch_optional_and_names_the_remedy(lean: Lean) -> None:
    _, out, _ = lean("nbtui", "doctor", "--json")
    torch = next(one for one in json.loads(out)["findings"] if one["name"] == "torch")
    assert torch["state"] == "missing"
    assert NEEDS_TORCH.endswith(torch["remedy"])


@pytest.mark.slow
def test_the_console_shows_two_logs_and_the_reason_for_no_stepping(here: Path) -> None:
    terminal = Terminal(REFUSE + nbtui_program("demo"), here, {"XDG_STATE_HOME": str(here)}, None)
    terminal.wait_for("FIRST DIVERGENCE")
    terminal.wait_for("a simulation needs torch")
    assert "C | recorded" in terminal.screen()
    os.write(terminal.fd, b"q")
    assert terminal.end() == 1


def test_other_absent_packages_and_broken_ones() -> None:
    absent = ModuleNotFoundError("No module named 'fabio.edfimage'", name="fabio.edfimage")
    assert absent_package(absent) == "this needs fabio, which is not installed: pip install fabio"
    assert absent_package(ModuleNotFoundError("no", name="nbtui.nothing")) is None
    assert absent_package(ModuleNotFoundError("no", name="json.nothing")) is None
    assert absent_package(ImportError("libc.so: not found", name="torch")) is None
