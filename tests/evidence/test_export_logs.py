"""Given logs of an export: the bytes compared are the bytes packed."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from nbtui.cli import main
from nbtui.evidence.check.verify import verify
from nbtui.evidence.write import gather as gathering
from nbtui.evidence.write.export import ExportRequest, export
from nbtui.live.cases import load_case
from nbtui.live.model import Settings
from nbtui.live.session import simulate
from support.places import DEMO


def load(package: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((package / "metrics.json").read_text("ascii"))
    return found


@pytest.mark.parametrize("given", ["c_log", "py_log", "py_phi"])
def test_a_given_log_is_read_once(given: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes compared are those in the package, even if the file changes with its size and time kept."""
    log, other = here / "moving.log", here / "other.log"
    before = (DEMO / "trace_c.log").read_bytes()
    for path in (log, other):
        path.write_bytes(before)
    logs = {"c_log": other, "py_log": other} | {given: log}
    when = log.stat().st_mtime_ns

    def change_then_simulate(case: Any, settings: Any) -> Any:
        log.write_bytes(before.replace(b"TRACE_C: steps 96", b"TRACE_C: steps 97"))
        os.utime(log, ns=(when, when))
        return simulate(case, settings)

    monkeypatch.setattr(gathering, "simulate", change_then_simulate)
    done = export(ExportRequest(load_case("demo"), Settings(), Path("reports"), **logs))
    assert log.read_bytes() != before and done.comparison.agrees
    names = {"c_log": "trace_c.log", "py_log": "trace_py_scaling_cpu.log", "py_phi": "trace_py_scaling_cpu_per_phi.log"}
    assert {(done.path / names[name]).read_bytes() for name in logs} == {before}
    found = load(done.path)
    digest = hashlib.sha256(before).hexdigest()
    assert {entry["sha256"] for entry in found["inputs"] if entry["path"].endswith(".log")} == {digest}
    assert {side["sha256"] for side in found["sides"]} == {digest}
    moved = {"c_log": 0, "py_log": 1}.get(given)
    assert moved is None or found["sides"][moved]["file"] == "moving.log"
    assert verify(done.path).ok


def test_a_log_that_is_gone_after_it_was_read_stays_in_the_package(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = here / "c.log"
    log.write_bytes((DEMO / "trace_c.log").read_bytes())

    def remove_then_simulate(case: Any, settings: Any) -> Any:
        log.unlink()
        return simulate(case, settings)

    monkeypatch.setattr(gathering, "simulate", remove_then_simulate)
    done = export(ExportRequest(load_case("demo"), Settings("c-parity"), Path("reports"), c_log=log))
    assert (done.path / "trace_c.log").read_bytes() == (DEMO / "trace_c.log").read_bytes()
    assert load(done.path)["sides"][0]["file"] == "c.log" and verify(done.path).ok


def test_an_unreadable_log_is_named_and_leaves_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "empty.log").write_text("")
    os.mkfifo(here / "pipe.log")
    for name, fault in (("empty.log", "is empty"), ("missing.log", "no such file"), ("pipe.log", "pipe")):
        capsys.readouterr()
        assert main(["export", "demo", "--c", name, "--reports", "a/b"]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"nbtui: {name}") and fault in said and ".building" not in said
        assert not Path("a").exists()
