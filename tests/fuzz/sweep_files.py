"""The files of a sweep's folder as inputs: each with damage, read and drawn as the console does."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from support.sweep_folder import finished_sweep

SWEEP_FILES = ("rows.jsonl", "explained.jsonl", "smallest.jsonl", "sweep.json")


@cache
def whole() -> Path:
    """A folder of a finished sweep."""
    return finished_sweep(Path(tempfile.mkdtemp(prefix="nbtui-fuzz-")))


def content(name: str) -> list[bytes]:
    """A file of the folder."""
    return [(whole() / name).read_bytes()]


def drawn(name: str, path: Path) -> Iterator[str]:
    """The texts on the screen of a sweep whose file ``name`` is that of ``path``."""
    from nbtui.console.drawing.line import plain
    from nbtui.console.sweeps import pane
    from nbtui.console.sweeps.state import SweepsState, looked
    from nbtui.sweep.follow import SweepFolders

    copy = path.with_name("x.sweep")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(whole(), copy)
    shutil.copyfile(path, copy / name)
    state = looked(SweepsState(), SweepFolders([copy.parent]).look(), 1e9)
    for draw in (pane.header, pane.table, pane.detail, pane.matrix, pane.footer):
        yield from plain(draw(state, 120, 20))
