"""Exports killed, starved or crowded: old packages untouched, no half package, no litter after the next run."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nbtui.errors import NotWritten
from nbtui.evidence.check.verify import verify
from nbtui.evidence.follow.watch import follow
from nbtui.evidence.read.folder import find_packages, stamp_time
from nbtui.evidence.write.files import write_package
from support.faulty_export import Faulty
from support.patience import PATIENCE

ROOT = Path("reports")
WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FILES = {
    *("trace_py_scaling_cpu.log", "trace_py_scaling_cpu_per_phi.log", "terms.csv", "trace_c.log"),
    *("summary.md", "metrics.json", "commands.txt", "env.json", "sha256.txt"),
}
OLD = ("20251008T044933Z", "20251008T044934Z")


@pytest.fixture(scope="module")
def faulty() -> Iterator[Faulty]:
    started = Faulty()
    yield started
    started.close()


def nothing(folder: Path, stamp: str) -> None:
    """What a package of this test holds."""
    (folder / "metrics.json").write_text("{}\n")


def contents(root: Path) -> dict[str, tuple[bytes, int, int]]:
    """Every file below a folder: bytes, time of change and inode."""
    return {
        str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino)
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def hidden(root: Path = ROOT) -> list[str]:
    return [path.name for path in root.iterdir() if path.name.startswith(".")] if root.is_dir() else []


class Old:
    """Packages that were there before: nothing may change them."""

    def __init__(self) -> None:
        for stamp in OLD:
            (ROOT / stamp).mkdir(parents=True)
            (ROOT / stamp / "metrics.json").write_text('{"case": "demo", "pixel": {"slow": 12, "fast": 14}}')
            (ROOT / stamp / "summary.md").write_text("# old\n")
        self.known = {stamp: contents(ROOT / stamp) for stamp in OLD}
        self.seen: set[str] = set()  # names of all whole packages

    def new(self) -> list[Path]:
        """The packages that have come, after a look that each is whole and nothing else was touched."""
        assert {stamp: contents(ROOT / stamp) for stamp in OLD} == self.known
        found = [path for path in find_packages(ROOT) if path.name not in OLD]
        for path in found:
            sums = {line.split("  ")[1]: line.split("  ")[0] for line in (path / "sha256.txt").read_text().splitlines()}
            files = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in path.iterdir()}
            assert set(files) == FILES and sums == {name: files[name] for name in FILES - {"sha256.txt"}}
        self.seen |= {path.name for path in found}
        visible = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
        assert visible == {*OLD, *(path.name for path in found)}
        return found

    def after_next_run(self, faulty: Faulty) -> None:
        """One undisturbed export: it works, and no litter is left."""
        before = len(self.new())
        assert faulty.order("none", 1) == (0, "")
        assert hidden() == []
        assert len(self.new()) == before + 1
        for path in self.new():
            shutil.rmtree(path)


@contextmanager
def watching() -> Iterator[list[str]]:
    """Names of the packages that a watcher of the root announces meanwhile."""
    announced: list[str] = []
    ended = threading.Event()

    def run() -> None:
        for batch in follow(ROOT, ended.is_set):
            announced.extend(path.name for path in batch.added)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield announced
    finally:
        ended.set()
        thread.join(PATIENCE)


@pytest.mark.slow
def test_killed_at_every_point(here: Path, faulty: Faulty) -> None:
    old = Old()
    littered = finished = point = 0
    with watching() as announced:
        while True:
            point += 1
            status, sentence = faulty.order("kill", point)
            if sentence == "unharmed":
                break
            assert status == -9
            littered += bool(hidden())
            for path in old.new():  # killed after the rename
                finished += 1
                assert verify(path).ok
            old.after_next_run(faulty)
    assert point > 40 and littered > 30 and 1 <= finished <= 6
    assert status == 0
    assert announced and set(announced) <= {*old.seen, *OLD}  # a watcher sees only whole packages


@pytest.mark.slow
def test_killed_in_the_middle_of_a_write(here: Path, faulty: Faulty) -> None:
    old = Old()
    for size in (0, 1, 700, 4096, 9000, 40_000):
        status, _ = faulty.order("torn", size)
        assert status == -signal.SIGXFSZ
        assert old.new() == []
        old.after_next_run(faulty)


@pytest.mark.slow
def test_a_full_disk_at_every_point(here: Path, faulty: Faulty) -> None:
    old = Old()
    refused = point = 0
    while True:
        point += 1
        status, sentence = faulty.order("full", point)
        if sentence == "unharmed":
            break
        if status == 4:
            refused += 1
            assert "No space left on device" in sentence and sentence.startswith("reports")
            assert old.new() == [] and hidden() == []  # not even until the next run
        else:  # nothing was made from there on
            assert (status, len(old.new())) == (0, 1)
            shutil.rmtree(old.new()[0])
    assert status == 0 and refused > 30
    shutil.rmtree(old.new()[0])
    old.after_next_run(faulty)


@pytest.mark.slow
def test_a_quota_in_the_middle_of_a_write(here: Path, faulty: Faulty) -> None:
    old = Old()
    for size in (0, 700, 9000, 40_000):
        status, sentence = faulty.order("large", size)
        assert status == 4 and "File too large" in sentence
        assert old.new() == [] and hidden() == []


@pytest.mark.slow
def test_a_full_disk_that_is_one(here: Path) -> None:
    """On a file system of 48 KiB, where the kernel lets us make one."""
    program = textwrap.dedent(
        """
        import os, sys
        from nbtui.cli import main
        code = main(["export", "demo"])
        print(code, sorted(os.listdir("reports")), len(open("reports/old").read()))
        """
    )
    ROOT.mkdir()
    mount = "mount -t tmpfs -o size=48k none reports && printf old > reports/old"
    allowed = subprocess.run(["unshare", "-rm", "sh", "-c", mount], capture_output=True, check=False).returncode == 0
    if not allowed:  # the injected one has to do
        return
    words = ["unshare", "-rm", "sh", "-c", f'{mount} && exec "$0" -c "$1"', sys.executable, program]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[-2] == "4 ['old'] 3", done
    assert "No space left on device" in done.stderr


@pytest.mark.slow
def test_a_root_that_vanishes_at_every_point(here: Path, faulty: Faulty) -> None:
    point = written = 0
    while True:
        point += 1
        ROOT.mkdir(exist_ok=True)
        status, sentence = faulty.order("vanish", point)
        if sentence == "unharmed":
            break
        assert status in (0, 4), sentence
        assert status == 0 or "cannot be written" in sentence
        assert hidden() == []
        for path in find_packages(ROOT):
            assert verify(path).ok
            written += 1
        shutil.rmtree(ROOT, ignore_errors=True)
    assert status == 0 and point > 30 and written < 8


@pytest.mark.slow
def test_a_root_without_write_permission(here: Path, faulty: Faulty) -> None:
    old = Old()
    if os.geteuid() == 0:  # whom no permission stops: then as somebody else, who may enter here
        here.chmod(0o755)
    ROOT.chmod(0o555)
    try:
        status, sentence = faulty.order("nobody" if os.geteuid() == 0 else "none", 1)
    finally:
        ROOT.chmod(0o755)
    assert status == 4 and sentence == "reports: cannot be written (Permission denied)"
    assert old.new() == [] and hidden() == []


@pytest.mark.slow
def test_two_hundred_exports_at_once(here: Path, faulty: Faulty) -> None:
    old = Old()
    assert faulty.at_once(4, "none", 50) == [(0, "")] * 4
    assert hidden() == []
    found = sorted(path for path in find_packages(ROOT) if path.name not in OLD)
    assert len(found) == 200
    assert sorted(old.new()) == found
    for path in found:
        assert f"- package: reports/{path.name}\n" in (path / "summary.md").read_text()
    for path in (*found[:3], *found[-3:]):
        assert verify(path).ok


def test_a_living_export_is_left_alone(here: Path) -> None:
    seen = []

    def slow(folder: Path, stamp: str) -> None:
        nothing(folder, stamp)
        seen.append(write_package(here, WHEN, nothing).name)
        nothing(folder, stamp)

    assert write_package(here, WHEN, slow).name == "20260102T030405Z"
    assert seen == ["20260102T030406Z"]
    assert sorted(path.name for path in here.iterdir()) == ["20260102T030405Z", "20260102T030406Z"]


def test_litter_of_any_age_is_removed_and_nothing_else(here: Path) -> None:
    (here / ".20260102T030405Z.building").mkdir()
    (here / ".20260102T030405Z.building" / "metrics.json").write_text("half")
    (here / ".20260102T030407Z.lock").write_text("")
    for other in (".git", ".20260102.building", "20260102T030409Z.building"):
        (here / other).mkdir()
    (here / ".20260102T030408Z.building").symlink_to(".git")
    assert write_package(here, WHEN, nothing).name == "20260102T030405Z"
    left = {path.name for path in here.iterdir()}
    assert left == {
        *(".git", ".20260102.building", "20260102T030409Z.building"),
        *("20260102T030405Z", ".20260102T030408Z.building"),
    }


def test_a_file_system_without_locks(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    (here / ".20260102T030405Z.building").mkdir()  # nobody can tell whether its owner lives

    def slow(folder: Path, stamp: str) -> None:
        nothing(folder, stamp)
        assert write_package(here, WHEN, nothing).name == "20260102T030407Z"

    assert write_package(here, WHEN, slow).name == "20260102T030406Z"
    assert hidden(here) == [".20260102T030405Z.building"]


@pytest.mark.parametrize("kind", ["empty", "begun", "file"])
def test_what_takes_the_name_meanwhile_stays(kind: str, here: Path) -> None:
    taken = here / "20260102T030405Z"

    def fill(folder: Path, stamp: str) -> None:
        nothing(folder, stamp)
        if stamp == taken.name:
            if kind == "file":
                taken.write_text("mine")
            else:
                taken.mkdir()
            if kind == "begun":
                (taken / "summary.md").write_text("mine")

    assert write_package(here, WHEN, fill).name == "20260102T030406Z"
    assert taken.read_text() == "mine" if kind == "file" else len(list(taken.iterdir())) == (kind == "begun")
    assert hidden(here) == []


def test_a_clock_that_goes_back(here: Path) -> None:
    made: list[Path] = []
    before: dict[str, object] = {}
    for seconds in (10, 0, -86400, 0, 10, -86400):
        made.append(write_package(here, WHEN + timedelta(seconds=seconds), nothing))
        now = contents(here)
        assert {name: now[name] for name in before} == before
        before = dict(now)
    assert len(set(made)) == 6 and hidden(here) == []
    assert all(stamp_time(path.name) is not None for path in made)


def test_no_free_stamp_is_an_error(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbtui.evidence.write.files._STAMPS_TRIED", 2)
    for _ in range(2):
        write_package(here, WHEN, nothing)
    with pytest.raises(NotWritten, match="no free time stamp"):
        write_package(here, WHEN, nothing)
