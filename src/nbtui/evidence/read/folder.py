"""Finding packages below a reports root, and reading their files without trusting them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Container, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from nbtui.evidence.layout import CHECKSUMS, METRICS, SUMMARY
from nbtui.regular_file import WHOLE, open_regular, read_regular

STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", re.ASCII)  # as STAMP_FORMAT
_NUMBERS = (int, float, str)
TELLING = frozenset({METRICS, SUMMARY, CHECKSUMS})


def stamp_time(name: str) -> datetime | None:
    """The time in a directory name, taken as UTC; None if the name is not a stamp.

    spec/evidence_package.md, Directory.
    """
    found = STAMP.fullmatch(name)
    if found is None:
        return None
    year, month, day, hour, minute, second = map(int, found.groups())  # strptime takes longer than all other steps
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
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
    return (path for path, _ in find_listed(root, known))


def find_listed(root: Path, known: Container[Path] = ()) -> Iterator[tuple[Path, Sequence[os.DirEntry[str]]]]:
    """As `find_packages`, each with everything but folders in it; of those in ``known`` nothing."""
    todo = [Path(root)]
    while todo:
        here = todo.pop()
        if here in known:
            yield here, ()
            continue
        folders: list[Path] = []
        files: list[os.DirEntry[str]] = []
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    if not entry.is_dir(follow_symlinks=False):
                        files.append(entry)
                    elif not entry.name.startswith("."):
                        folders.append(here / entry.name)
        except OSError:
            continue
        if is_package(here.name, {entry.name for entry in files}):
            yield here, files
        else:
            todo.extend(folders)


def list_entries(path: Path) -> list[os.DirEntry[str]]:
    """Everything but folders directly in ``path``, unsorted; nothing if unreadable."""
    try:
        with os.scandir(path) as entries:
            return [entry for entry in entries if not entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def list_files(path: Path) -> list[str]:
    """Names of everything but folders directly in ``path``, sorted; nothing if unreadable."""
    return sorted(entry.name for entry in list_entries(path))


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
        return {}, unreadable(path)
    return object_in(raw)


def unreadable(path: Path) -> str:
    """The fault of a file without readable content."""
    return "is missing" if regular_size(path) is None else "cannot be read"


def object_in(raw: bytes) -> tuple[dict[str, object], str]:
    """The object in the bytes of a JSON file, as `read_json`."""
    try:
        value = _STRICT.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return _object_and_fault(raw)
    return (value, "") if isinstance(value, dict) else ({}, "holds no JSON object")


_STRICT = msgspec.json.Decoder()


def _object_and_fault(raw: bytes) -> tuple[dict[str, object], str]:
    """The object in the bytes of a JSON file that a strict reader refuses, and its fault."""
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
    if type(value) is float:
        return value
    if isinstance(value, _NUMBERS) and not isinstance(value, bool):
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
