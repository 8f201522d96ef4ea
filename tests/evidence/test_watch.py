"""Watching a root: every package is announced once, when it is whole, whatever happens to the root."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nbtui.evidence.follow.follower import FRESH, QUIET_BROKEN, QUIET_PARTIAL, QUIET_READABLE, Batch, Follower, is_whole
from nbtui.evidence.follow.watch import follow, on_network
from support.evidence_packages import checksums, new_package, old_package
from support.patience import PATIENCE, wait_until
from support.schemas import held


class Watched:
    """What a follower in its own thread has told so far."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.ended = False

    def names(self, kind: str) -> list[str]:
        return [path.name for batch in list(self.batches) for path in getattr(batch, kind)]

    def wait(self, condition: Callable[[Watched], bool]) -> None:
        wait_until(lambda: condition(self), lambda: self.batches)


@contextmanager
def watching(root: Path, *, poll: bool = False, started: bool = True) -> Iterator[Watched]:
    watched = Watched()

    def run() -> None:
        for batch in follow(root, lambda: watched.ended, poll=poll):
            watched.batches.append(batch)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        if started:
            watched.wait(lambda seen: bool(seen.batches))
        yield watched
    finally:
        watched.ended = True
        thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.mark.slow
@pytest.mark.parametrize("poll", [False, True])
def test_a_burst_of_packages_each_once(tmp_path: Path, poll: bool) -> None:
    old = new_package(tmp_path, "20251231T000000Z")
    stamps = [f"20260101T{number:06d}Z" for number in range(200)]
    with watching(tmp_path, poll=poll) as seen:
        assert seen.batches[0].existing == (old,)
        for stamp in stamps:
            new_package(tmp_path, stamp)
        seen.wait(lambda now: len(now.names("added")) >= len(stamps))
        assert sorted(seen.names("added")) == stamps
        assert len(seen.batches) < len(stamps) / 4  # a burst comes in a few batches
    assert not seen.names("gone") + seen.names("changed")


@pytest.mark.slow
def test_a_root_that_comes_later_goes_and_comes_back(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "reports"
    with watching(root) as seen:
        assert not seen.batches[0].root_there
        new_package(root, "20260101T000000Z")
        seen.wait(lambda now: now.names("added") == ["20260101T000000Z"])
        shutil.rmtree(root)
        seen.wait(lambda now: not now.batches[-1].root_there)
        new_package(root, "20260101T000000Z")
        new_package(root / "nested" / "further", "20260101T000001Z")
        seen.wait(lambda now: len(now.names("added")) == 3)
        shutil.rmtree(root)
        new_package(root, "20260101T000002Z")  # made again before anybody looked
        seen.wait(lambda now: "20260101T000002Z" in now.names("added"))


@pytest.mark.slow
def test_a_package_written_in_place_is_announced_when_it_is_done(tmp_path: Path) -> None:
    done = tmp_path / "20260101T000000Z" / "sha256.txt"
    with watching(tmp_path) as seen:
        writer = threading.Thread(target=old_package, args=(tmp_path, done.parent.name), kwargs={"pause": 0.2})
        writer.start()
        seen.wait(lambda now: bool(now.names("added")))
        assert done.exists()
        writer.join()
        (done.parent / "more.log").write_text("x")
        seen.wait(lambda now: now.names("changed") == [done.parent.name])
        shutil.rmtree(done.parent)
        seen.wait(lambda now: now.names("gone") == [done.parent.name])
    assert seen.names("added") == [done.parent.name]


def test_files_that_are_no_package_are_no_event(tmp_path: Path) -> None:
    with watching(tmp_path) as seen:
        (tmp_path / "note.txt").write_text("x")
        (tmp_path / "20260101T000000Z").mkdir()
        (tmp_path / ".20260101T000001Z.building").mkdir()
        (tmp_path / ".20260101T000001Z.building" / "metrics.json").write_text("{}")
        new_package(tmp_path, "20260101T000002Z")
        seen.wait(lambda now: bool(now.names("added")))
    assert seen.names("added") == ["20260101T000002Z"]


# --- when is a package whole: with a clock of our own ----------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def followed(tmp_path: Path) -> tuple[Follower, Clock]:
    clock = Clock()
    follower = Follower(tmp_path, clock)
    assert follower.start() == ()
    return follower, clock


def test_ours_is_whole_at_once(tmp_path: Path, followed: tuple[Follower, Clock]) -> None:
    follower, _ = followed
    package = new_package(tmp_path, "20260101T000000Z")
    follower.touch({str(package)})
    assert follower.settle().added == (package,)


@pytest.mark.parametrize(
    ("left_out", "quiet"),
    [((), QUIET_READABLE), (("summary.md",), QUIET_PARTIAL), (("metrics.json",), QUIET_BROKEN)],
)
def test_the_less_is_there_the_longer_it_takes(
    tmp_path: Path, followed: tuple[Follower, Clock], left_out: tuple[str, ...], quiet: float
) -> None:
    follower, clock = followed
    package = old_package(tmp_path, "20260101T000000Z", sums="not yet\n")
    for name in left_out:
        (package / name).unlink()
    follower.rescan()
    assert not follower.settle()
    clock.time += quiet - 0.01
    assert not follower.settle()
    (package / "more.log").write_text("x")  # still being written: the wait begins again
    assert not follower.settle()
    clock.time += quiet - 0.01
    assert not follower.settle()
    clock.time += 0.02
    assert follower.settle().added == (package,)


def test_a_copy_of_ours_is_whole_when_its_checksums_hold(tmp_path: Path, followed: tuple[Follower, Clock]) -> None:
    follower, _ = followed
    whole = new_package(tmp_path / "elsewhere" / ".hidden", "20260101T000000Z")
    target = tmp_path / whole.name
    target.mkdir()
    for path in sorted(whole.iterdir()):
        content = path.read_bytes()
        (target / path.name).write_bytes(content[:10])
        follower.rescan()
        assert not follower.settle()
        (target / path.name).write_bytes(content)
        assert is_whole(target) == (path.name == max(one.name for one in whole.iterdir()))
    follower.touch({str(target / "trace_py_scaling_cpu.log")})
    assert follower.settle().added == (target,)


def test_what_lay_there_long_is_known_and_what_is_being_written_is_not(tmp_path: Path) -> None:
    long_ago = old_package(tmp_path, "20260101T000000Z", sums="")
    os.utime(long_ago, (time.time() - FRESH - 5,) * 2)
    old_package(tmp_path, "20260101T000001Z", sums="")
    fresh_but_whole = new_package(tmp_path, "20260101T000002Z")
    assert Follower(tmp_path).start() == (long_ago, fresh_but_whole)


def test_a_change_inside_a_known_package_is_found_without_notifications(tmp_path: Path) -> None:
    package = new_package(tmp_path, "20260101T000000Z")
    follower = Follower(tmp_path, clock := Clock())
    follower.start()
    follower.look_into_known()
    assert not follower.settle()
    (package / "summary.md").write_text("changed\n")
    (package / "sha256.txt").write_text(checksums(package))
    follower.look_into_known()
    clock.time += QUIET_BROKEN
    assert follower.settle().changed == (package,)


def test_network_file_systems_are_known_by_their_name(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text("/dev/sda / ext4 rw 0 0\nserver:/x /data nfs4 rw 0 0\nx /data/my\\040disk ext4 rw 0 0\nodd\n")
    assert on_network(Path("/data/reports"), mounts)
    assert not on_network(Path("/data/my disk/reports"), mounts)
    assert not on_network(Path("/database"), mounts)
    assert not on_network(Path("/home"), tmp_path / "nowhere")


@pytest.mark.slow
def test_ten_thousand_old_packages_are_taken_stock_of_without_reading_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10_000):
        folder = tmp_path / f"20250101T{number:06d}Z"
        folder.mkdir()
        (folder / "metrics.json").touch()
        os.utime(folder, (0, 0))
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail(f"{self} was read"))
    follower = Follower(tmp_path)
    assert len(follower.start()) == 10_000
    follower.rescan()
    assert not follower.settle()


# --- the command -----------------------------------------------------------------------------------------------------


@contextmanager
def command(*words: str) -> Iterator[subprocess.Popen[str]]:
    """``nbtui watch`` in a process of its own that has begun to watch."""
    program = (sys.executable, "-c", "import sys; from nbtui.cli import main; sys.exit(main())", "watch", *words)
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1)
    try:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("nbtui: ")
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_plain_lines_are_flushed_and_an_interrupt_ends_it(tmp_path: Path) -> None:
    new_package(tmp_path, "20260101T000000Z", py=80.0)
    with command(str(tmp_path), "--plain") as process:
        new_package(tmp_path, "20260101T000001Z", py=90.0, case="toy")
        line = line_of(process)
        assert line == (
            f"new {tmp_path / '20260101T000001Z'} toy (3, 4) spec: better; gap -10.0 % in I_pixel_final; "
            "first divergence I_before_scaling -10.0 %\n"
        )
        shutil.rmtree(tmp_path / "20260101T000000Z")
        assert line_of(process) == f"removed {tmp_path / '20260101T000000Z'}\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
        assert process.stderr is not None and "Traceback" not in process.stderr.read()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_json_lines_and_the_other_ways_to_end_it(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with command(str(tmp_path / "later"), "--json") as process:
        new_package(tmp_path / "later", "20260101T000000Z", case="\x1b[2J\u2028x")
        found = held(line_of(process))
        assert (found["event"], found["case"], found["stamp"]) == ("new", "\x1b[2J\u2028x", "20260101T000000Z")
        process.send_signal(number)
        assert process.wait(PATIENCE) == code


@pytest.mark.slow
def test_a_package_in_many_steps_is_one_event_and_its_removal_another(tmp_path: Path) -> None:
    root = tmp_path / "reports"
    root.mkdir()
    with command(str(root), "--json") as process:
        package = new_package(root, "20260101T000000Z", py=90.0)
        for number in range(4):  # a log of a later step, then its checksum, each within the two seconds
            time.sleep(0.4)
            (package / f"run_{number}.log").write_text("more\n")
            (package / "sha256.txt").write_text(checksums(package))
        first = held(line_of(process))
        assert (first["event"], first["stamp"]) == ("new", package.name)
        assert (first["gap"], first["gap_field"]) == (pytest.approx(-0.1), "I_pixel_final")
        shutil.rmtree(root)
        assert held(line_of(process))["package"] == str(package)
        assert process.stderr is not None
        assert process.stderr.readline() == f"nbtui: {root} was removed; waiting for it\n"
        new_package(root, "20260101T000001Z", py=90.0)
        assert held(line_of(process))["stamp"] == "20260101T000001Z"


def test_a_package_counts_as_settled_after_the_quiet_time(tmp_path: Path) -> None:
    follower = Follower(tmp_path, clock := Clock(), quiet=2.0)
    follower.start()
    package = new_package(tmp_path, "20260101T000000Z")
    follower.rescan()
    assert not follower.settle()
    clock.time += 1.9
    (package / "more.log").write_text("x")
    (package / "sha256.txt").write_text(checksums(package))
    assert not follower.settle()
    clock.time += 1.9
    assert not follower.settle()
    clock.time += 0.2
    assert follower.settle().added == (package,)
    assert not follower.settle()


def test_a_reader_that_goes_ends_it(tmp_path: Path) -> None:
    with command(str(tmp_path), "--plain") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(PATIENCE) in (0, 4)
        assert process.stderr is not None and "Traceback" not in process.stderr.read()


def test_a_file_cannot_be_watched(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from nbtui.cli import main; sys.exit(main())", "watch", tmp_path / "file"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "not a directory" in done.stderr
