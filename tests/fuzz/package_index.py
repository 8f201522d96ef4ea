"""The example package, and an index that holds it."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


@cache
def package() -> Path:
    """The example package of this checkout."""
    return next(path for path in sorted((TESTS.parent / "reports").iterdir()) if path.is_dir())


def indexes() -> list[bytes]:
    from nbtui.evidence.read.index import Index

    with tempfile.TemporaryDirectory() as state, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", state)
        for name, value in (("WORTH", 1), ("SETTLED", 0.0)):
            patch.setattr(f"nbtui.evidence.read.index.{name}", value)
        index = Index(package().parent)
        index.read(package())
        index.keep()
        return [path.read_bytes() for path in Path(state).rglob("index/*")]


def read_index(path: Path) -> None:
    from nbtui.evidence.history import load
    from nbtui.evidence.read.package import read_package as read

    os.environ["XDG_STATE_HOME"] = str(path.parent)
    name = hashlib.sha256(os.fsencode(package().parent.resolve())).hexdigest()
    (path.parent / "nbtui" / "index").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, path.parent / "nbtui" / "index" / name)
    assert load(package().parent) == [read(package(), chain_only=True)]
