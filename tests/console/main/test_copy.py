"""Copying says exactly where the text went, and never sends anything that a terminal would obey."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from nbtui.console.main.pair import Compared
from nbtui.console.main.selection import selected
from nbtui.console.main.state import State
from nbtui.console.terminal import clipboard as copying
from nbtui.console.terminal.clipboard import LARGEST, copy
from nbtui.live.model import Case, Settings, Simulation
from support.console_toy import console, ready, toy_simulator, toy_state, until

TMUX = "/run/tmux/default,1,0"


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def fake_tmux(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    program = folder / "tmux"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder / "given"


def test_everywhere_at_once(own_state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = fake_tmux(own_state, monkeypatch, f'echo "$@" > "{own_state}/args"; cat > "{own_state}/given"')
    offered: list[str] = []
    told = copy("a\tb", offered.append, {"TMUX": TMUX})
    assert told == "copied: tmux buffer, ~/state/nbtui/copied.txt; offered to the clipboard"
    assert offered == ["a\tb"] and given.read_text() == "a\tb"
    assert (own_state / "args").read_text() == "load-buffer -w -\n"
    file = own_state / "state" / "nbtui" / "copied.txt"
    assert file.read_text() == "a\tb\n" and stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_older_tmux_is_asked_again(own_state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = fake_tmux(own_state, monkeypatch, f'test "$2" = -w && exit 1; cat > "{own_state}/given"')
    assert "copied: tmux buffer, " in copy("text", lambda text: None, {"TMUX": TMUX})
    assert given.read_text() == "text"


def test_what_failed_is_said(own_state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_tmux(own_state, monkeypatch, "exit 1")
    (own_state / "state").write_text("in the way")
    told = copy("text", lambda text: None, {"TMUX": TMUX})
    assert told.startswith("not copied; tmux refused it; no file: ") and told.endswith("; offered to the clipboard")
    monkeypatch.setattr(copying, "PATIENCE", 0.05)
    fake_tmux(own_state, monkeypatch, "exec sleep 5")
    assert "tmux did not answer" in copy("text", lambda text: None, {"TMUX": TMUX})
    (own_state / "tmux").unlink()
    monkeypatch.setenv("PATH", str(own_state))
    assert "tmux did not answer" in copy("text", lambda text: None, {"TMUX": TMUX})


def test_too_long_for_a_terminal(own_state: Path) -> None:
    offered: list[str] = []
    told = copy("y" * (LARGEST + 1), offered.append, {})
    assert "too long for the clipboard" in told and "tmux" not in told and not offered
    assert len((own_state / "state" / "nbtui" / "copied.txt").read_text()) == LARGEST + 2


def at(state: State, label: str) -> State:
    return replace(state, cursor=next(i for i, row in enumerate(state.rows) if row.label == label))


def test_a_row_with_all_its_digits() -> None:
    found = selected(at(toy_state(), "rot_a_angstroms.x"))
    assert found is not None
    name, unit, c, python, status = found.split("\t")
    assert (name, unit, c, python) == ("rot_a_angstroms.x", "A", "C 29.5", "live 29.6")
    assert status in ("DIVERGENT", "CRITICAL")


def test_a_row_while_python_is_not_there_yet() -> None:
    found = selected(replace(at(toy_state(), "rot_a_angstroms.x"), suspect=None, shown=Compared.REFERENCE_LOG))
    assert found is not None and found.split("\t") == ["rot_a_angstroms.x", "A", "C 29.5"]


def test_a_step() -> None:
    found = selected(replace(toy_state(), pane="steps", phi=1, domain=0))
    assert found is not None
    values = dict(pair.split(" ", 1) for pair in found.split("\t"))
    assert values["phi_step"] == "1" and values["F_cell2_F_latt2"] == "600" and values["C_F_cell2_F_latt2"] == "600"


def test_a_row_at_a_step_is_copied_as_the_table_shows_it() -> None:
    """C's term at phi 0, domain 1 is 400, the live one 200; F_latt is the root of it, / 100."""
    toy = toy_state()
    found = selected(replace(at(toy, "F_latt"), domain=1))
    assert found is not None
    assert found.split("\t")[:5] == ["F_latt", "1", "at phi 0 domain 1", "C 0.2", f"live {0.02**0.5!r}"]


def test_nothing_there() -> None:
    assert selected(State(Settings())) is None


@pytest.mark.parametrize("nasty", ["\x1b]52;c;ZXZpbA==\x07", "a\tb\nc", "\u202eevil", "\x9b31m"], ids=ascii)
def test_what_is_copied_is_harmless(nasty: str) -> None:
    state = toy_state()
    assert state.comparison is not None
    row = state.rows[0]._replace(label=nasty, unit=nasty, c_value=nasty, py_value=nasty)
    text = selected(replace(state, cursor=0, comparison=replace(state.comparison, rows=(row, *state.rows[1:]))))
    assert text is not None and text.replace("\t", "").isprintable() and text.count("\t") == 4


async def test_the_key(own_state: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def simulate(case: Case, settings: Settings) -> Simulation:
        return toy_simulator(settings)

    monkeypatch.setattr("nbtui.live.session.simulate", simulate)
    monkeypatch.delenv("TMUX", raising=False)
    log = tmp_path / "c.log"
    log.write_text("TRACE_C: lambda_meters 1.2e-10\n")
    app = console(Case("toy", ("-hkl", "x"), tmp_path, (12, 14), log))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("y")
        await until(pilot, lambda: app.state.message.startswith("copied"))
        assert app.state.message == "copied: ~/state/nbtui/copied.txt; offered to the clipboard"
        assert app.clipboard == (own_state / "state" / "nbtui" / "copied.txt").read_text().rstrip("\n")
