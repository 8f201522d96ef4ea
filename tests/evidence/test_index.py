"""The index of a root: nothing read twice, nothing stale, and no harm from a damaged or impossible index."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nbtui
from nbtui.evidence.check.verify import verify
from nbtui.evidence.follow.follower import Batch
from nbtui.evidence.follow.library import Library
from nbtui.evidence.history import load
from nbtui.evidence.read import contents, index
from nbtui.evidence.read.contents import Contents
from nbtui.evidence.read.package import Factor, Package, read_package
from support.evidence_packages import new_package, old_package

NEW, OLD = "20260101T000000Z", "20260101T000001Z"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty state directory; packages that were just written may be indexed, and two are worth it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(index, "SETTLED", -1e6)
    monkeypatch.setattr(index, "WORTH", 2)
    return tmp_path / "state" / "nbtui" / "index"


@pytest.fixture
def root(tmp_path: Path, state: Path) -> Path:
    """Two packages."""
    new_package(tmp_path / "reports", NEW)
    old_package(tmp_path / "reports" / "below", OLD)
    return tmp_path / "reports"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names of the packages that were read, as opposed to known."""
    names: list[str] = []

    def package_of(found: Contents, *, chain_only: bool) -> Package:
        names.append(found.path.name)
        return real(found, chain_only=chain_only)

    real = index.package_of
    monkeypatch.setattr(index, "package_of", package_of)
    yield names


def packages(root: Path) -> dict[str, Package]:
    return {package.stamp: package for package in load(root)}


def directly(root: Path) -> dict[str, Package]:
    """The packages of `root`, without any index."""
    places = [path.parent for path in root.rglob("summary.md")]
    return {place.name: read_package(place, chain_only=True) for place in places}


def test_a_package_is_read_once(root: Path, read: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    first = packages(root)
    assert sorted(read) == [NEW, OLD]
    assert packages(root) == first == directly(root)
    monkeypatch.chdir(root.parent)
    assert packages(Path("reports")) == {
        name: replace(one, path=one.path.relative_to(root.parent)) for name, one in first.items()
    }
    assert sorted(read) == [NEW, OLD]
    new_package(root, "20260101T000002Z", py=float("nan"), relative_delta="nan", dtype="\x1b[2J\n\x00")
    again = packages(root)
    assert read[2:] == ["20260101T000002Z"] and len(again) == 3
    assert str(packages(root)) == str(again) == str({**again, **directly(root)}) and len(read) == 3  # NaN != NaN


def test_a_text_that_is_no_unicode_costs_time_only(root: Path, read: list[str]) -> None:
    """JSON can spell half of a surrogate pair; no encoding of the index can."""
    new_package(root, "20260101T000002Z", dtype="\ud800")
    assert packages(root) == packages(root) == directly(root)
    assert read.count(NEW) == read.count(OLD) == 1


def test_the_real_packages_come_back_as_read(shared: Path, state: Path, read: list[str]) -> None:
    first = load(shared / "legacy_bundles")
    count = len(read)
    assert load(shared / "legacy_bundles") == first and len(read) == count > 1
    assert first == [read_package(package.path, chain_only=True) for package in first]


VALUES = st.floats() | st.none()
FACTORS = st.builds(
    Factor, st.text(), st.text(), st.text(), VALUES | st.text(), VALUES | st.text(), VALUES, VALUES, st.text()
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(FACTORS, max_size=4))
def test_factors_of_any_content_come_back_from_the_index(tmp_path: Path, factors: list[Factor]) -> None:
    """NaN, infinity, signed zero, texts for numbers, and every character in a text."""
    package = replace(read_package(tmp_path), factors=tuple(factors))
    again = index._package_in(index._line({}, package), tmp_path, package.files)
    assert str(again) == str(package)  # NaN differs from itself


def edited(package: Path) -> None:
    """Same size, same time of modification."""
    path = package / "metrics.json"
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    with path.open("r+") as stream:
        text = stream.read()
        stream.seek(0)
        stream.write(text.replace('"toy"', '"yot"').replace("-0.1", "-0.2"))
    os.utime(path, ns=times)


def replaced(package: Path) -> None:
    """Another file under the same name, size and time of modification."""
    old, new = package / "metrics.json", package / "new"
    new.write_text(old.read_text().replace('"toy"', '"yot"').replace("-0.1", "-0.2"))
    os.utime(new, ns=(old.stat().st_atime_ns, old.stat().st_mtime_ns))
    new.rename(old)


def emptied(package: Path) -> None:
    (package / "metrics.json").unlink()


def grown(package: Path) -> None:
    (package / "terms.csv").write_text("")


def swapped(package: Path) -> None:
    """Another package under this name."""
    package.rename(package.with_name("20260101T000009Z"))
    new_package(package.parent, package.name, py=70.0)


def another_environment(package: Path) -> None:
    (package / "env.json").write_text('{"torch": "2.14.0"}')


@pytest.mark.parametrize("change", [edited, replaced, emptied, grown, swapped, another_environment])
@pytest.mark.parametrize("name", [NEW, OLD])
def test_a_changed_package_is_read_again(
    root: Path, read: list[str], change: Callable[[Path], None], name: str
) -> None:
    before = packages(root)
    change(next(root.rglob(name)))
    found = packages(root)
    assert found == directly(root) != before
    assert read.count(name) == 2
    assert packages(root) == found


def test_a_removed_package_is_gone(root: Path, state: Path) -> None:
    packages(root)
    (root / NEW).rename(root / f".{NEW}")
    assert list(packages(root)) == [OLD]


def test_a_link_is_its_target(root: Path, read: list[str]) -> None:
    target = root / "metrics"
    (root / NEW / "metrics.json").rename(target)
    (root / NEW / "metrics.json").symlink_to(target)
    text = target.read_text()
    for content in (text, text.replace('"toy"', '"yot"'), None, text):
        target.unlink(missing_ok=True)
        if content is not None:
            target.write_text(content)
        assert packages(root) == directly(root)


def test_a_file_that_was_unreadable_for_now_is_read_again(
    root: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without too many open files, or with other rights, it has a content; its times have not changed."""
    monkeypatch.setattr(index, "WORTH", 1)
    real = contents.read_with_state

    def failing(path: str) -> tuple[bytes, os.stat_result]:
        if Path(path).name == "env.json":
            raise OSError(errno.EMFILE, "too many open files")
        return real(path)

    monkeypatch.setattr(contents, "read_with_state", failing)
    assert dict(packages(root)[NEW].environment).get("torch") is None
    monkeypatch.setattr(contents, "read_with_state", real)
    assert dict(packages(root)[NEW].environment)["torch"] == "2.13.0"
    assert packages(root) == directly(root) and read.count(NEW) == 2 and read.count(OLD) == 1


def test_a_package_that_may_still_change_is_not_indexed(
    root: Path, state: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the resolution of a file system's clock a change need not show in the times of a file."""
    monkeypatch.setattr(index, "SETTLED", 5.0)
    packages(root)
    packages(root)
    assert len(read) == 4 and not state.exists()


def the_file(state: Path) -> Path:
    (path,) = state.iterdir()
    return path


def test_the_index_is_private(root: Path, state: Path) -> None:
    packages(root)
    assert [path.stat().st_mode & 0o777 for path in (state, the_file(state))] == [0o700, 0o600]


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("damage", ["truncated", "another digit", "zeros"])
def test_a_damaged_index_costs_time_only(root: Path, state: Path, part: float, damage: str) -> None:
    first = packages(root)
    path = the_file(state)
    raw = path.read_bytes()
    at = int(part * len(raw))
    other = b"7" if raw[at : at + 1] != b"7" else b"8"
    path.write_bytes(raw[:at] + {"truncated": b"", "another digit": other, "zeros": bytes(40)}[damage] + raw[at + 1 :])
    if damage == "truncated":
        path.write_bytes(raw[:at])
    assert packages(root) == first
    assert packages(root) == first


VALUES_OF_NO_LINE = (None, [], {}, [1], {"a": b""}, [{}, []], [{}, [1] * 23], [{"a": [1]}, [None] * 23])


@pytest.mark.parametrize("content", [b"", b"\xc0", b"\x93" * 9999, *map(msgspec.msgpack.encode, VALUES_OF_NO_LINE)])
def test_no_index_raises(root: Path, state: Path, content: bytes) -> None:
    """An index with a right checksum, of any content or with lines of any content."""
    first = packages(root)
    path = the_file(state)
    head, _, lines = path.read_bytes().partition(b"\n")
    keys = msgspec.msgpack.decode(lines, type=dict[bytes, bytes])
    for text in (content, msgspec.msgpack.encode(dict.fromkeys(keys, content))):
        path.write_bytes(b"%b %08x\n%b" % (head[:-9], index.zlib.crc32(text), text))
        assert packages(root) == first


@pytest.mark.parametrize("kind", ["pipe", "directory", "link to nowhere"])
def test_something_else_in_the_place_of_the_index(root: Path, state: Path, kind: str) -> None:
    first = packages(root)
    path = the_file(state)
    path.unlink()
    {
        "pipe": lambda: os.mkfifo(path),
        "directory": lambda: path.mkdir(),
        "link to nowhere": lambda: path.symlink_to(root / "nowhere"),
    }[kind]()
    assert packages(root) == first == directly(root)


def test_an_index_of_another_version_is_not_used(
    root: Path, state: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    packages(root)
    monkeypatch.setattr(nbtui, "__version__", "0.0.0")
    index._head.cache_clear()
    packages(root)
    packages(root)
    assert len(read) == 4
    monkeypatch.undo()
    index._head.cache_clear()


def test_without_a_home_every_package_is_read(
    root: Path, state: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> Path:
        raise RuntimeError("could not determine home directory")

    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr(Path, "home", nobody)
    assert packages(root) == packages(root) == directly(root)
    assert len(read) == 4


def test_a_state_directory_that_takes_nothing(root: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "file").write_text("mine")
    monkeypatch.setenv("XDG_STATE_HOME", str(root / "file"))
    assert packages(root) == directly(root) and (root / "file").read_text() == "mine"
    monkeypatch.setenv("XDG_STATE_HOME", str(state))

    def full(path: Path, text: str) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(index, "write_private", full)
    assert packages(root) == directly(root)


def test_two_that_list_at_once_leave_a_whole_index(root: Path, state: Path, read: list[str]) -> None:
    one, other = index.Index(root), index.Index(root)
    for path in (root / NEW, root / "below" / OLD):
        one.read(path)
        other.read(path)
    one.keep()
    other.keep()
    assert packages(root) == directly(root) and len(read) == 4


def test_a_few_packages_get_no_index_and_a_few_new_ones_no_new_index(
    root: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "WORTH", 3)
    packages(root)
    assert not state.exists()
    new_package(root, "20260101T000002Z")
    packages(root)
    before = the_file(state).stat().st_ino
    monkeypatch.setattr(index, "NEWS", 0.3)
    new_package(root, "20260101T000003Z")
    assert packages(root) == directly(root) and the_file(state).stat().st_ino == before


def test_an_index_that_nobody_needs_is_removed(root: Path, state: Path) -> None:
    state.mkdir(parents=True)
    for name, age in (("old", index.KEPT + 60), ("recent", index.KEPT - 3600)):
        (state / name).write_text("")
        then = (root / NEW).stat().st_mtime - age
        os.utime(state / name, (then, then))
    packages(root)
    assert len(list(state.iterdir())) == 2 and not (state / "old").exists()


def test_the_packages_screen_reads_and_writes_the_same_index(root: Path, state: Path, read: list[str]) -> None:
    packages(root)
    library = Library(root)
    library.take(Batch(existing=(root / NEW, root / "below" / OLD), first=True))
    while library.behind:
        library.read_some()
    assert {entry.package.stamp: entry.package for entry in library.entries()} == directly(root)
    assert sorted(read) == [NEW, OLD]
    the_file(state).unlink()
    library.take(Batch(existing=(root / NEW, root / "below" / OLD), first=True))
    while library.behind:
        library.read_some()
    assert the_file(state).is_file()


def test_no_verification_uses_an_index(root: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package whose files change is wrong at once, whatever an index says."""
    packages(root)

    def none(*words: object) -> Package:
        raise AssertionError("read from an index")

    monkeypatch.setattr(index.Index, "__init__", none)
    monkeypatch.setattr(index.Index, "read", none)
    found = verify(root / NEW)
    edited(root / NEW)
    assert len(verify(root / NEW).findings) > len(found.findings)
