"""``nbtui loop``: a run at the start, and one after every change of the sources, until interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nbtui.cli import main
from support.patience import PATIENCE
from support.run_port import port
from support.schemas import held


def test_every_change_is_a_run_and_an_interrupt_ends_the_loop(my_port: Path) -> None:
    words = [sys.executable, "-m", "nbtui", "loop", "mine", "--json", "--no-diagnose"]
    loop = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert loop.stdout is not None and loop.stderr is not None
    try:
        assert held(loop.stdout.readline())["verdict"] == "agrees"
        my_port.write_text(port(2))
        second = held(loop.stdout.readline())
        assert (second["run"], second["first_divergence"]) == (2, "omega_pixel")
        my_port.touch()  # the same content is not a change
        my_port.write_text("raise ValueError('half written')\n")
        failed = held(loop.stdout.readline())
        assert (failed["run"], failed["verdict"]) == (3, "failed")
        assert "ValueError: half written (port.py:1)" in failed["failure"]
        pid = my_port.with_name("pid")
        my_port.write_text(f"import os, time\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n")
        while not (pid.is_file() and pid.read_text()):
            assert loop.poll() is None
        my_port.write_text(port())  # stops the run that hangs
        last = held(loop.stdout.readline())
        assert (last["run"], last["verdict"]) == (4, "agrees")
        assert last["moved"].startswith("runs again; since run 2: agrees now; the first divergence was omega_pixel")
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid.read_text()), 0)
    finally:
        loop.send_signal(signal.SIGINT)
        _, said = loop.communicate(timeout=PATIENCE)
    assert loop.returncode == 130
    assert "following 1 source file of " in said
    assert "Traceback" not in said.replace("Traceback (most recent call last):\n    File", "")


def test_termination_ends_the_command_as_well(my_port: Path) -> None:
    pid = my_port.with_name("pid")
    my_port.write_text(f"import os, time\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n")
    loop = subprocess.Popen([sys.executable, "-m", "nbtui", "loop", "mine", "--plain"], stderr=subprocess.PIPE)
    while not (pid.is_file() and pid.read_text()):
        assert loop.poll() is None
    loop.send_signal(signal.SIGTERM)
    loop.communicate(timeout=PATIENCE)
    assert loop.returncode == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_a_loop_needs_sources(my_port: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["loop", "mine", "--plain", "--sources", "no/*.py"]) == 2
    assert "no file matches no/*.py" in capsys.readouterr().err
    assert main(["loop", "demo", "--plain", "--suspect", "my-port {pixel}"]) == 2
    assert "no source files to follow" in capsys.readouterr().err
