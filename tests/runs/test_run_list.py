"""The list of runs on disk: numbers, damage, and the files that are kept."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from nbtui.runs import run_list as module
from nbtui.runs.entry import RunEntry
from nbtui.runs.run_list import DIFF, LIST, SOURCES, RunList
from nbtui.runs.sources import SourceState
from runs.test_moved import DIVERGES, FAILED


def added(runs: RunList, size: int = 10, entry: RunEntry = DIVERGES) -> int:
    number = runs.begun()
    (runs.files(number) / "log").write_bytes(b"x" * size)
    runs.append(replace(entry, number=number))
    return number


def test_damaged_lines_are_skipped_and_a_cut_one_is_closed(tmp_path: Path) -> None:
    runs = RunList(tmp_path / "case")
    added(runs)
    with (runs.folder / LIST).open("ab") as file:
        file.write(b'{"number": 2, "verdict": "agr')
    added(runs)
    with (runs.folder / LIST).open("ab") as file:
        file.write(b"\xff\xfe\n[]\nnull\n")
    assert [entry.number for entry in runs.entries()] == [1, 2]


def test_a_cause_is_added_to_its_run(tmp_path: Path) -> None:
    runs = RunList(tmp_path)
    added(runs)
    runs.add_cause(1, "explained: omega")
    runs.add_cause(7, "of no run")
    assert [entry.cause for entry in runs.entries()] == ["explained: omega"]


def test_runs_of_several_processes_have_numbers_of_their_own(tmp_path: Path) -> None:
    runs = RunList(tmp_path / "case")
    threads = [threading.Thread(target=added, args=(runs,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.number for entry in runs.entries()] == list(range(1, 9))


def test_an_abandoned_run_leaves_nothing(tmp_path: Path) -> None:
    runs = RunList(tmp_path / "case")
    runs.abandoned(runs.begun())
    assert runs.entries() == () and not [path for path in runs.folder.iterdir() if path.is_dir()]


def test_old_files_are_removed_but_the_last_good_ones_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = RunList(tmp_path / "case")
    monkeypatch.setattr(module, "KEPT_RUNS", 3)
    good = added(runs)
    for _ in range(5):
        added(runs, entry=FAILED)
    kept = [entry.number for entry in runs.entries() if runs.log(entry.number) is not None]
    assert kept == [good, 4, 5, 6]
    monkeypatch.setattr(module, "KEPT_BYTES", 1500)
    last = added(runs, size=1000)
    assert [number for number in range(1, last + 1) if runs.log(number) is not None] == [5, 6, 7]
    added(runs, size=1000)
    assert [entry.number for entry in runs.entries() if runs.log(entry.number) is not None] == [8]
    assert len(runs.entries()) == 8


def test_changes_since_a_run_whose_sources_are_lost_or_damaged_name_the_reason(tmp_path: Path) -> None:
    runs = RunList(tmp_path / "case")
    now = SourceState({"a.py": "00"}, {"a.py": "one"})
    first, second, third = added(runs), added(runs), added(runs)
    runs.keep_sources(first, None, now)
    (runs.files(first) / SOURCES).write_bytes(b"\x1f\x8bnonsense")
    runs.keep_sources(second, first, now)
    assert "the sources of run 1 cannot be read: " in (runs.files(second) / DIFF).read_text()
    (runs.files(second) / SOURCES).unlink()
    runs.keep_sources(third, second, now)
    assert (runs.files(third) / DIFF).read_text() == "the files of run 2 are not kept any more\n"
    assert runs.sources(third) == now
