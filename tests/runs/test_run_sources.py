"""Source files: which count, their hash, their difference, and their changes as they happen."""

from __future__ import annotations

import gzip
import threading
import tracemalloc
from pathlib import Path

import pytest

from nbtui.errors import UnusableInput
from nbtui.runs import sources
from nbtui.runs.follow import source_changes
from nbtui.runs.sources import changed_files, difference, read_state, source_files, source_state, write_state
from support.patience import wait_until


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("a.py", "src/b.py", "src/deep/c.py", "src/d.txt", ".venv/x.py", "env/lib/y.py", ".git/z.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}\n")
    (tmp_path / "env" / "pyvenv.cfg").touch()
    return tmp_path


def test_hidden_folders_and_virtual_environments_do_not_count(tree: Path) -> None:
    assert sorted(source_files(["**/*.py"], tree)) == ["a.py", "src/b.py", "src/deep/c.py"]
    assert sorted(source_files(["src/*"], tree)) == ["src/b.py", "src/d.txt"]
    assert sorted(source_files([str(tree / "a.*")], Path("/"))) == [str(tree / "a.py")]


def test_the_hash_is_of_names_and_contents(tree: Path) -> None:
    first = source_state(["**/*.py"], tree)
    (tree / "a.py").touch()
    assert source_state(["**/*.py"], tree).hash == first.hash
    (tree / "a.py").rename(tree / "other.py")
    moved = source_state(["**/*.py"], tree)
    assert moved.hash != first.hash
    assert changed_files(first, moved) == ("a.py", "other.py")
    assert source_state(["*.none"], tree).hash == ""


def test_two_states_differ_line_by_line(tree: Path) -> None:
    (tree / "a.py").write_text("one\ntwo\n")
    (tree / "binary.py").write_bytes(b"\0\1")
    before = source_state(["*.py"], tree)
    (tree / "a.py").write_text("one\n2\n")
    (tree / "binary.py").write_bytes(b"\0\2")
    now = source_state(["*.py"], tree)
    lines = difference(before, now, ("run 1", "run 2"))
    assert lines[:2] == ("--- a.py  (run 1)", "+++ a.py  (run 2)")
    assert lines[3:6] == (" one", "-two", "+2")
    assert lines[6].startswith("binary.py: ") and " -> " in lines[6]


def test_a_state_is_kept_whole(tree: Path) -> None:
    (tree / "a.py").write_bytes("ä\udcff".encode("utf-8", "surrogateescape"))
    state = source_state(["**/*"], tree)
    write_state(state, tree / "kept")
    assert read_state(tree / "kept") == state
    assert read_state(tree / "gone") is None


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes((content[at] ^ 0xFF,)) + content[at + 1 :]


WHOLE_STATE = gzip.compress(b'{"hashes": {"a.py": "00"}, "texts": {"a.py": "one"}}')


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x1f\x8bnonsense",
        WHOLE_STATE[:-20],
        flipped(WHOLE_STATE, 12),
        flipped(WHOLE_STATE, len(WHOLE_STATE) - 8),
        gzip.compress(b"[" * 100_000),
        gzip.compress(b"[]"),
        gzip.compress(b'{"hashes": {"a.py": 7}, "texts": {}}'),
        gzip.compress(b'{"hashes": {}, "texts": ["a.py"]}'),
    ],
    ids=["empty", "nonsense", "cut", "damaged inside", "wrong checksum", "deep", "a list", "no hash", "no texts"],
)
def test_a_damaged_state_is_named(tree: Path, content: bytes) -> None:
    (tree / "kept").write_bytes(content)
    with pytest.raises(UnusableInput, match="kept is damaged"):
        read_state(tree / "kept")


def test_a_state_that_unpacks_to_more_than_any_is_refused_before_all_of_it_is_unpacked(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "LARGEST_STATE", 1 << 20)
    (tree / "kept").write_bytes(gzip.compress(b'{"hashes": {}, "texts": {}}' + b" " * (64 << 20)))
    tracemalloc.start()
    with pytest.raises(UnusableInput, match="kept unpacks to more than 1 MiB; nbtui keeps no such file"):
        read_state(tree / "kept")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


def test_of_more_text_than_is_read_again_the_hashes_are_kept(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "LARGEST_STATE", 1 << 16)
    (tree / "a.py").write_text("one\n" * 20_000)
    state = source_state(["*.py"], tree)
    write_state(state, tree / "kept")
    kept = read_state(tree / "kept")
    assert kept is not None and kept.hash == state.hash and not kept.texts
    (tree / "a.py").write_text("two\n")
    (line,) = difference(kept, source_state(["*.py"], tree))
    assert line.startswith("a.py: ") and " -> " in line


def test_too_many_files_are_refused(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MOST_FILES", 2)
    with pytest.raises(UnusableInput, match="more than 2 files"):
        source_files(["**/*.py"], tree)


def test_changes_arrive_once_they_rest(tree: Path) -> None:
    ended, begun = threading.Event(), threading.Event()

    def stop() -> bool:
        begun.set()
        return ended.is_set()

    changes: list[frozenset[str]] = []

    def follow() -> None:
        changes.extend(source_changes(["**/*.py"], tree, stop))

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        wait_until(begun.is_set)
        (tree / "a.py").write_text("first\n")
        (tree / "src/b.py").write_text("second\n")
        wait_until(lambda: bool(changes))
        (tree / "src/d.txt").write_text("not a source\n")
        (tree / "src/new.py").write_text("new\n")
        wait_until(lambda: len(changes) > 1 and any("src/new.py" in one for one in changes))
        (tree / "a.py").unlink()
        wait_until(lambda: any("a.py" in one for one in changes[2:]) or "a.py" in changes[-1])
    finally:
        ended.set()
        thread.join()
    assert frozenset().union(*changes) == {"a.py", "src/b.py", "src/new.py"}
