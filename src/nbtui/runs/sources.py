"""The source files of a port: their state as one hash, and the difference of two states."""

from __future__ import annotations

import difflib
import glob
import gzip
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nbtui.errors import UnusableInput
from nbtui.paths import expanded
from nbtui.regular_file import open_regular, read_regular
from nbtui.trace.text import clean

MOST_FILES = 5000
LARGEST_TEXT = 1 << 20  # bytes; of a larger file only the hash is kept
LARGEST_STATE = 64 << 20  # bytes of a kept state, unpacked
_SHOWN_HASH = 12


@dataclass(frozen=True)
class SourceState:
    """Source files at one moment. ``hashes`` and ``texts`` by name; a large or binary file has no text."""

    hashes: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """One hash of all names and contents; empty without files."""
        if not self.hashes:
            return ""
        listed = "".join(f"{digest}  {name}\n" for name, digest in sorted(self.hashes.items()))
        return hashlib.sha256(listed.encode("utf-8", "surrogateescape")).hexdigest()


def source_files(patterns: Sequence[str], base: Path) -> dict[str, Path]:
    """The files that match, by name as found from ``base``; hidden directories and virtual environments left out.

    Raises:
        UnusableInput: more than MOST_FILES match.
    """
    found: dict[str, Path] = {}
    environments: dict[Path, bool] = {}
    for pattern in patterns:
        wanted = str(expanded(pattern))
        # Path.glob would enter hidden directories
        for name in glob.iglob(wanted, root_dir=base, recursive=True):  # noqa: PTH207
            path = base / name
            if path.is_file() and not _in_environment(path, base, environments):
                found[name] = path
            if len(found) > MOST_FILES:
                raise UnusableInput(f"sources: '{clean(pattern)}' matches more than {MOST_FILES} files; narrow it")
    return found


def _in_environment(path: Path, base: Path, known: dict[Path, bool]) -> bool:
    for folder in path.parents:
        if folder == base:
            return False
        if folder not in known:
            known[folder] = (folder / "pyvenv.cfg").is_file()
        if known[folder]:
            return True
    return False


def source_state(patterns: Sequence[str], base: Path) -> SourceState:
    """The present state of the source files; a file that vanishes meanwhile is left out."""
    hashes: dict[str, str] = {}
    texts: dict[str, str] = {}
    for name, path in source_files(patterns, base).items():
        try:
            content = read_regular(path)
        except OSError:
            continue
        hashes[name] = hashlib.sha256(content).hexdigest()
        if len(content) <= LARGEST_TEXT and b"\0" not in content:
            texts[name] = content.decode("utf-8", "replace")
    return SourceState(hashes, texts)


def write_state(state: SourceState, path: Path) -> None:
    """Keep a state in a file; of more text than is read again only the hashes. Raises OSError."""
    content = json.dumps({"hashes": dict(state.hashes), "texts": dict(state.texts)})
    if len(content) > LARGEST_STATE:
        content = json.dumps({"hashes": dict(state.hashes), "texts": {}})
    path.write_bytes(gzip.compress(content.encode(), mtime=0))


def read_state(path: Path) -> SourceState | None:
    """A kept state; None where none is kept.

    Raises:
        UnusableInput: the file is damaged, or larger than any state; the message is the reason.
    """
    try:
        with open_regular(path) as packed, gzip.open(packed) as file:
            text = file.read(LARGEST_STATE + 1)
    except FileNotFoundError:
        return None
    except (OSError, EOFError, zlib.error) as error:
        raise UnusableInput(f"{clean(str(path))} is damaged ({clean(str(error))})") from None
    if len(text) > LARGEST_STATE:
        raise UnusableInput(
            f"{clean(str(path))} unpacks to more than {LARGEST_STATE >> 20} MiB; nbtui keeps no such file"
        )
    try:
        content = json.loads(text)
        return SourceState(_texts(content["hashes"]), _texts(content["texts"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UnusableInput(f"{clean(str(path))} is damaged (not a list of source files)") from None


def _texts(content: object) -> dict[str, str]:
    """A JSON object with a text under every name. Raises TypeError."""
    if not isinstance(content, dict) or not all(isinstance(text, str) for text in content.values()):
        raise TypeError
    return content


def changed_files(before: SourceState, now: SourceState) -> tuple[str, ...]:
    """Names of the files with another content, new or gone; sorted."""
    names = before.hashes.keys() | now.hashes.keys()
    return tuple(sorted(name for name in names if before.hashes.get(name) != now.hashes.get(name)))


def difference(before: SourceState, now: SourceState, labels: tuple[str, str] = ("before", "now")) -> tuple[str, ...]:
    """The unified difference of two states, as lines; files without a text by their hashes."""
    lines: list[str] = []
    for name in changed_files(before, now):
        if _without_text(before, name) or _without_text(now, name):
            old, new = (state.hashes.get(name, "no file")[:_SHOWN_HASH] for state in (before, now))
            lines.append(f"{name}: {old} -> {new}")
            continue
        old_text, new_text = (state.texts.get(name, "").splitlines() for state in (before, now))
        old_name, new_name = (f"{name}  ({label})" for label in labels)
        lines += difflib.unified_diff(old_text, new_text, old_name, new_name, lineterm="")
    return tuple(lines)


def _without_text(state: SourceState, name: str) -> bool:
    return name in state.hashes and name not in state.texts
