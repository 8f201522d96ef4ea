"""Finding packages below a reports root, and reading their files without trusting them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Container, Iterator
from datetime import UTC, datetime
from pathlib import Path

from nbtui.evidence.layout import CHECKSUMS, METRICS, STAMP_FORMAT, SUMMARY
from nbtui.regular_file import WHOLE, open_regular, read_regular

STAMP = re.compile(r"\d{8}T\d{6}Z")
TELLING = frozenset({METRICS, SUMMARY, CHECKSUMS})


def stamp_time(name: str) -> datetime | None:
    """The time in a directory name, taken as UTC; None if the name is not a stamp.

    spec/evidence_package.md, Directory.
    """
    if STAMP.fullmatch(name) is None:
        return None
    try:
        return datetime.strptime(name, STAMP_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def is_package(name: str, files: set[str]) -> bool:
    """Whether a directory of this name, holding these files, is meant as a package (whole or not)."""
    if METRICS in files or (SUMMARY in files and len(files) > 1):
        return True
    traced = any(file.startswith("trace_py") for file in files)
    return stamp_time(name) is not None and (traced or bool(files & TELLING))


def find_packages(root: Path, known: Container[Path] = ()) -> Iterator[Path]:
    """Every package directory at or below ``root``, unsorted; those in ``known`` are yielded without a look inside.

    Hidden directories (where exports are built) and links are not entered; unreadable ones and a
    missing root yield nothing.
    """
    todo = [Path(root)]
    while todo:
        here = todo.pop()
        if here in known:
            yield here
            continue
        folders: list[Path] = []
        files: set[str] = set()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if not entry.name.startswith("."):
                            folders.append(here / entry.name)
                    else:
                        files.add(entry.name)
        except OSError:
            continue
        if is_package(here.name, files):
            yield here
        else:
            todo.extend(folders)


def regular_size(path: Path) -> int | None:
    """Size in bytes of a regular file; None for everything else (missing, folder, pipe, no permission)."""
    try:
        info = path.stat()
    except (OSError, ValueError):
        return None
    return info.st_size if stat.S_ISREG(info.st_mode) else None


def file_hash(path: Path) -> str:
    """sha256 of a regular file in hex, read in pieces; "" if unreadable."""
    try:
        with open_regular(path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def read_bytes(path: Path, limit: int = WHOLE) -> bytes | None:
    """Content of a regular file of at most ``limit`` bytes; None if unreadable."""
    try:
        return read_regular(path, limit)
    except OSError:
        return None


def read_text(path: Path) -> str | None:
    """Text of a file with undecodable bytes replaced; None if unreadable."""
    raw = read_bytes(path)
    return None if raw is None else raw.decode("utf-8", "replace")


def read_json(path: Path) -> tuple[dict[str, object], str]:
    """The object in a JSON file and its fault ("" for none).

    Python's spelling of NaN and infinities is accepted and reported: strict readers refuse it.
    """
    raw = read_bytes(path)
    if raw is None:
        return {}, "is missing" if regular_size(path) is None else "cannot be read"
    return object_in(raw)


def object_in(raw: bytes) -> tuple[dict[str, object], str]:
    """The object in the bytes of a JSON file, as `read_json`."""
    odd: list[str] = []

    def constant(text: str) -> float:
        odd.append(text)
        return float(text.replace("Infinity", "inf"))

    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=constant)
    except (ValueError, RecursionError) as error:
        at = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        return {}, f"is not valid JSON{at}"
    if not isinstance(value, dict):
        return {}, "holds no JSON object"
    return value, f"holds a bare {odd[0]}, which is not strict JSON" if odd else ""


def number(value: object) -> float | None:
    """A number as metrics.json writes it (also "nan" and "inf" as strings); None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float | str):
        try:
            return float(value)
        except (ValueError, OverflowError):
            return None
    return None


def whole(value: object) -> int | None:
    """A whole number; None for anything else, infinity and fractions included."""
    found = number(value)
    return int(found) if found is not None and found.is_integer() else None


def text(value: object) -> str:
    """A string as it is, anything else as empty."""
    return value if isinstance(value, str) else ""


def mapping(value: object) -> dict[str, object]:
    """A JSON object as it is, anything else as empty."""
    return value if isinstance(value, dict) else {}
