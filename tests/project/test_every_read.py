"""Whatever stands in the place of a file - a pipe, a device, a socket, a folder - is named at once, by every reader."""

from __future__ import annotations

import ast
import os
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from torch import ones

import nbsim
import nbtui
from nbsim.errors import InputError
from nbsim.factors.reflections import read_reflections
from nbsim.factors.table import read_cache, read_hkl
from nbsim.options.headers import read_header, read_mask
from nbsim.options.quirks import Quirks
from nbsim.setup.crystal import read_matrix
from nbsim.setup.sources import read_sources
from nbtui.console.session import store
from nbtui.errors import UnusableInput
from nbtui.evidence.read.folder import file_hash, read_bytes
from nbtui.images.read import read_image
from nbtui.live.c_terms import read_terms
from nbtui.live.cases import case_of_command_file
from nbtui.live.files import Lookout
from nbtui.settings import load
from nbtui.trace.model import TraceError
from nbtui.trace.reading.lines import FileLines
from nbtui.trace.reading.reader import read_trace

LONGEST = 10.0  # s; a reader that waits for a pipe waits for ever
# opens files to write, files of the system, descriptors, or files of the package itself
ELSEWHERE = {
    "nbsim": {
        "memory.py", "regular_file.py", "whole_file.py", "cli.py", "output/destinations.py", "image/compiled.py",
        "image/kept.py",
    },
    "nbtui": {
        "regular_file.py", "installation.py", "processes.py", "setting_table.py", "schemas/__init__.py",
        "evidence/check/verify.py", "evidence/follow/watch.py", "evidence/write/environment.py",
        "evidence/write/files.py", "live/made_by.py",
    },
}  # fmt: skip


@contextmanager
def soon() -> Iterator[None]:
    def late(*_: object) -> None:
        raise TimeoutError("the reader waits")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def settings(path: Path) -> None:
    path.rename(path.with_name("nbtui.toml"))
    load(path.parent)


READERS: dict[str, tuple[type[Exception], Callable[[Path], object]]] = {
    "log": (TraceError, read_trace),
    "log on the screen": (TraceError, FileLines),
    "image": (UnusableInput, read_image),
    "terms": (TraceError, read_terms),
    "command": (UnusableInput, case_of_command_file),
    "settings": (UnusableInput, settings),
    "hkl": (InputError, lambda path: read_hkl(path, 0.0, Quirks())),
    "mtz": (InputError, lambda path: read_reflections(path.rename(path.with_suffix(".mtz")), 0.0)),
    "cif": (InputError, lambda path: read_reflections(path.rename(path.with_suffix(".cif")), 0.0)),
    "cache": (InputError, lambda path: read_cache(path, 0.0)),
    "header": (InputError, read_header),
    "mask": (InputError, lambda path: read_mask(path, 3, 3)),
    "matrix": (InputError, read_matrix),
    "sources": (InputError, lambda path: read_sources(path, ones(3), 1.0, literal=True)),
}


def fifo(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def listening(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


PLACES: dict[str, Callable[[Path], None]] = {
    "pipe": fifo,
    "device": endless,
    "socket": listening,
    "directory": Path.mkdir,
}


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("reader", READERS)
def test_anything_but_a_file_is_named_at_once(reader: str, kind: str, tmp_path: Path) -> None:
    error, read = READERS[reader]
    path = tmp_path / "input"
    PLACES[kind](path)
    with soon(), pytest.raises(error, match=kind):
        read(path)


@pytest.mark.parametrize("kind", PLACES)
def test_files_that_are_only_looked_at_are_passed_over(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "input"
    with soon():
        look = Lookout()
        look.follow([path])
        PLACES[kind](path)
        assert read_bytes(path) is None and file_hash(path) == ""
        for _ in range(12):
            look.look()


def test_a_session_that_is_no_file_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    store.folder().mkdir(parents=True)
    for kind, make in PLACES.items():
        make(store.folder() / f"{kind}.json")
    (store.folder() / "other.json").write_text("{}")
    os.mkfifo(store.folder() / "other.lock")
    with soon():
        found = store.find()
    assert not found.sessions and len(found.damaged) >= len(PLACES)
    assert "set aside" in found.complaint


@pytest.mark.parametrize("content", ['{"format": 1, "saved": 1e999}', "[" * 100_000, '{"format": ' * 2000, "\0", ""])
def test_a_session_of_any_content_is_set_aside(content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    store.folder().mkdir(parents=True)
    (store.folder() / "a.json").write_text(content)
    assert store.find().damaged and not store.find().damaged  # said once


def test_a_deeply_nested_settings_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "nbtui.toml").write_text("a = " + "[" * 50_000)
    with pytest.raises(UnusableInput, match=r"nbtui\.toml: not valid TOML"):
        load(tmp_path)


def test_a_file_that_grows_beyond_its_bound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nbtui.toml"
    with path.open("wb") as stream:
        stream.truncate(1 << 40)  # a hole: no bytes on the disk
    with soon(), pytest.raises(UnusableInput, match="larger than 1 MiB"):
        load(tmp_path)


def test_no_other_place_opens_a_file_for_reading() -> None:
    """A new reader goes through ``regular_file``; a file of the system or of the package itself is listed here."""
    found = []
    for package in (nbtui, nbsim):
        root = Path(package.__path__[0])
        for path in sorted(root.rglob("*.py")):
            name = str(path.relative_to(root))
            if name not in ELSEWHERE[package.__name__]:
                calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
                found += [f"{package.__name__}/{name}:{call.lineno}" for call in calls if reads(call)]
    assert not found


def reads(call: ast.Call) -> bool:
    """Whether a call reads a file by its path: open without a mode that writes, read_text, read_bytes, np.load."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if isinstance(call.func, ast.Attribute) and name in ("read_text", "read_bytes", "fromfile", "loadtxt", "memmap"):
        return True
    if name != "open":
        return False
    modes = [word.value for word in call.args if isinstance(word, ast.Constant) and isinstance(word.value, str)]
    return any("r" in mode and "+" not in mode and len(mode) <= 3 for mode in modes) or not (call.args or modes)


def test_sizes_in_npy_headers_are_checked(tmp_path: Path) -> None:
    """Each with the header of numpy, and a shape or an end that numpy itself does not refuse in words."""
    path = tmp_path / "a.npy"
    np.save(path, np.zeros((6, 6), dtype="f4"))
    whole = path.read_bytes()
    for shape in (b"(-6, -6)", b"(True, 6)", b"(6, 6) ", b"(9999999999, 9999999999)", b"(6,)", b"6", b"(6.0, 6)"):
        at = whole.index(b"(6, 6), }")
        path.write_bytes(whole[:at] + (shape + b", }" if shape != b"(6, 6) " else shape).ljust(40) + whole[at + 40 :])
        with soon(), pytest.raises(UnusableInput, match=r"a\.npy"):
            read_image(path)


def test_an_mtz_header_cannot_name_more_than_its_file_holds(tmp_path: Path) -> None:
    import gemmi

    mtz = gemmi.Mtz(with_base=True)
    mtz.spacegroup = gemmi.find_spacegroup_by_name("P 1")
    mtz.set_cell_for_all(gemmi.UnitCell(30, 40, 50, 90, 90, 90))
    mtz.add_dataset("x")
    mtz.add_column("F", "F")
    mtz.set_data(np.array([[0, 0, 1, 5.0], [1, 2, 3, 7.0]], dtype="f4"))
    path = tmp_path / "a.mtz"
    mtz.write_to_file(str(path))
    whole = path.read_bytes()
    table, _ = read_reflections(path, 0.0)
    assert table.grid is not None and table.grid.max() == 7.0
    at = whole.index(b"NCOL")
    for line in (b"NCOL 4 2000000000 0", b"NCOL 2000000000 2 0", b"NCOL -4 2 0", b"NCOL"):
        path.write_bytes(whole[:at] + line.ljust(80) + whole[at + 80 :])
        with soon(), pytest.raises(InputError, match="header names"):
            read_reflections(path, 0.0)
    path.write_bytes(whole.replace(b"NDIF        2", b"NDIF 99999999"))
    with soon(), pytest.raises(InputError, match="header names"):
        read_reflections(path, 0.0)
    for offset in (2**31 - 1, 0, -5, 2):
        path.write_bytes(whole[:4] + offset.to_bytes(4, "little", signed=True) + whole[8:])
        with soon(), pytest.raises(InputError, match="its header begins at byte"):
            read_reflections(path, 0.0)


def test_kinds_are_of_the_file_system(tmp_path: Path) -> None:
    """The places of these tests are what they are called."""
    tests = {"pipe": stat.S_ISFIFO, "device": stat.S_ISCHR, "socket": stat.S_ISSOCK, "directory": stat.S_ISDIR}
    for kind, is_kind in tests.items():
        PLACES[kind](tmp_path / kind)
        assert is_kind((tmp_path / kind).stat().st_mode)
