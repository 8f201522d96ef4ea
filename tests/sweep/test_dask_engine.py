"""A sweep on dask workers: every task once, whatever happens to workers and scheduler."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import nbtui
from nbtui.cli import main
from nbtui.errors import SimulationFailed, UnusableInput
from nbtui.sweep import dask_engine
from nbtui.sweep.host_probe import Needs, faults, needs_of
from nbtui.sweep.judge import judge
from nbtui.sweep.plan_file import read_plan
from nbtui.sweep.rows import RowFile
from nbtui.sweep.sweep import jobs_of
from support.no_torch import no_torch

NOTHING = Needs(nbtui.__version__, (), (), (), ())
PLAN = """
command = "-cell 40 50 60 90 90 90 -default_F 100 -lambda 1.2 -N 5 -distance 120 -detpixels 12 -pixel 4 -oversample 1"
suspect_program = "fixed"
mode = "one-at-a-time"
reduce = 0
[axes]
"-phi" = ["0 -osc 0.6 -phisteps 4"]
"-lambda" = [1.1]
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="needs the extra nbtui[dask]")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as made:
        yield made


def engine_of(cluster: Any, needs: Needs = NOTHING) -> dask_engine.DaskEngine:
    return dask_engine.DaskEngine(needs, cluster.scheduler_address, say=lambda text: None, ready=no_torch)


def kills_its_worker_once(folder: str, number: int, scratch: Path) -> int:
    flag = Path(folder) / str(number)
    if number == 3 and not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    (scratch / "file").write_text("", encoding="utf-8")
    return 2 * number


@pytest.mark.slow
def test_a_lost_worker_loses_nothing_and_repeats_nothing(cluster: Any, here: Path) -> None:
    with engine_of(cluster) as engine:
        work = partial(kills_its_worker_once, str(here))
        found = sorted((done.task, done.result) for done in engine.map(work, range(12)))
    assert found == [(number, 2 * number) for number in range(12)]
    assert (here / "3").exists()


class Late:
    """A finished future whose result is computed again elsewhere, as after the loss of the worker that held it."""

    def __init__(self, status: str) -> None:
        self.status = status
        self.asked = 0
        self.released = False

    def result(self, timeout: float) -> str:
        self.asked += 1
        if self.asked < 3:
            raise TimeoutError(timeout)
        return "result"

    def release(self) -> None:
        self.released = True


def test_a_result_that_is_computed_again_is_waited_for() -> None:
    pytest.importorskip("distributed", reason="needs the extra nbtui[dask]")
    engine = object.__new__(dask_engine.DaskEngine)
    engine._client, engine._address = SimpleNamespace(status="running"), "tcp://nowhere:1"
    late, failed = Late("finished"), Late("error")
    assert engine._result(late) == "result" and late.released
    with pytest.raises(TimeoutError):  # of the work itself
        engine._result(failed)
    assert failed.asked == 1 and failed.released
    engine._client.status = "closed"
    with pytest.raises(SimulationFailed, match="is gone"):
        engine._result(Late("finished"))


@pytest.mark.slow
def test_rows_of_workers_are_those_of_this_process(
    cluster: Any, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("plan.toml").write_text(PLAN, encoding="utf-8")
    address = cluster.scheduler_address
    assert main(["sweep", "plan.toml", "--engine", "dask", "--scheduler", address]) == 1
    assert "dashboard" in capsys.readouterr().err
    plan = read_plan(Path("plan.toml"))
    alone = {row.key: row for job in jobs_of(plan) for row, _ in judge(job, plan, here)}
    rows = {row.key: row for row in RowFile(Path("plan.sweep/rows.jsonl")).read()}
    assert {key: replace(row, seconds=0.0) for key, row in rows.items()} == {
        key: replace(row, seconds=0.0) for key, row in alone.items()
    }
    lines = Path("plan.sweep/rows.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(rows) == 3


@pytest.mark.slow
def test_a_worker_without_the_files_is_named_at_the_start(cluster: Any, here: Path) -> None:
    needs = replace(NOTHING, files=((here / "few.hkl", "0"),))
    with pytest.raises(UnusableInput, match=r"host .*: no file .*few.hkl"):
        engine_of(cluster, needs)


@pytest.mark.slow
def test_the_end_of_the_scheduler_keeps_what_is_done(cluster: Any) -> None:
    with engine_of(cluster) as engine:
        found = engine.map(waits, [0.0, 60.0])
        assert next(found).result == 0.0
        cluster.close()
        with pytest.raises(SimulationFailed, match=r"scheduler .* is gone; the rows so far are kept"):
            next(found)


def waits(seconds: float, scratch: Path) -> float:
    time.sleep(seconds)
    return seconds


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="needs the extra nbtui[dask]")
    monkeypatch.setattr(dask_engine, "CONNECTING", 0.2)
    with pytest.raises(UnusableInput, match=r"--scheduler tcp://127.0.0.1:9: no scheduler answers"):
        dask_engine.DaskEngine(NOTHING, "tcp://127.0.0.1:9")


def test_without_dask_the_install_line_is_said(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("plan.toml").write_text(PLAN, encoding="utf-8")
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["sweep", "plan.toml", "--engine", "dask"]) == 2
    assert "pip install 'nbtui[dask]'" in capsys.readouterr().err


def test_a_scheduler_needs_the_engine_dask(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("plan.toml").write_text(PLAN, encoding="utf-8")
    assert main(["sweep", "plan.toml", "--scheduler", "tcp://127.0.0.1:9"]) == 2
    assert "--engine dask" in capsys.readouterr().err


def test_the_faults_of_a_host_are_named(here: Path) -> None:
    Path("few.hkl").write_text("0 0 1 5\n", encoding="utf-8")
    Path("port.py").write_text("1\n", encoding="utf-8")
    text = PLAN.replace('suspect_program = "fixed"', 'suspect = "python3 port.py {command}"')
    Path("plan.toml").write_text(text.replace("-default_F 100", "-hkl few.hkl"), encoding="utf-8")
    needs = needs_of(read_plan(Path("plan.toml")), here)
    assert list(faults(needs)) == []
    Path("few.hkl").write_text("0 0 1 6\n", encoding="utf-8")
    Path("port.py").write_text("2\n", encoding="utf-8")
    found = list(faults(replace(needs, version="0", programs=(("no-such-python", here),))))
    assert [sentence.split()[0] for sentence in found[:2]] == ["it", "no"]
    assert "few.hkl has another content" in found[2] and "the port's sources" in found[3] and len(found) == 4
