"""Input files of a package, found again by name and sha256 in the usual places."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path, PurePath

import nbtui
from nbtui.evidence.ascii_text import spelled
from nbtui.evidence.layout import COMMANDS, EXPORT, METRICS, TERMS
from nbtui.evidence.read.folder import file_hash, mapping, read_text, regular_size, text, whole
from nbtui.evidence.write.environment import checkout_root
from nbtui.live.cases import input_names
from nbtui.paths import DEMO, expanded
from nbtui.settings import Configuration
from nbtui.trace.text import clean

ABOVE = 3  # folders above the package that are searched
_CHECKOUT = 'cd "$(git rev-parse --show-toplevel)"'  # written by an export in a checkout
_HEX = 8  # digits of a hash in a sentence


@dataclass(frozen=True)
class InputFile:
    """One input file as metrics.json records it."""

    name: str  # as the command names it, or relative to the folder of the inputs
    sha256: str  # "" if no checksum is recorded: any regular file of this name
    size: int
    carried: str = ""  # name of its copy in the package


@dataclass(frozen=True)
class FoundInputs:
    """A command line that finds its input files in ``workdir``; ``missing`` says what it does not find."""

    argv: tuple[str, ...]
    workdir: Path
    missing: str = ""


def recorded(metrics: Mapping[str, object], logs: Iterable[Path]) -> tuple[InputFile, ...]:
    """The input files of the simulation; ``logs`` of the package are inputs of the comparison only."""
    kept = {file_hash(log) for log in logs}
    return tuple(entry for entry in _listed(metrics) if entry.sha256 not in kept)


def unrecorded(argv: Sequence[str], files: Iterable[InputFile]) -> tuple[InputFile, ...]:
    """The input files that a command names and ``files`` do not hold: those of an old package."""
    known = {PurePath(entry.name).name for entry in files}
    names = dict.fromkeys(name for _, name in input_names(argv) if spelled(PurePath(name).name) not in known)
    return tuple(InputFile(name, "", 0) for name in names)


def input_file(entry: Mapping[str, object]) -> InputFile:
    """An entry of ``inputs`` in metrics.json."""
    size = whole(entry.get("size")) or 0
    carried = PurePath(text(entry.get("carried"))).name
    return InputFile(text(entry.get("path")), text(entry.get("sha256")), size, carried)


def _listed(metrics: Mapping[str, object]) -> Iterator[InputFile]:
    listed = metrics.get("inputs")
    found = (input_file(mapping(entry)) for entry in (listed if isinstance(listed, list) else []))
    yield from (file for file in found if file.name)


def c_terms(metrics: Mapping[str, object], c_log: Path, places: Sequence[Path]) -> Path | None:
    """C's terms.csv, where it still is beside the C log; the one in the package is of the simulation."""
    original = [entry for entry in _listed(metrics) if entry.sha256 == file_hash(c_log)]
    for entry in original:
        for path in _candidates(entry, places):
            beside = path.with_name(TERMS)
            if beside.is_file() and not path.with_name(METRICS).exists() and _is(path, entry):
                return beside
    return None


def usual_places(package: Path, configuration: Configuration) -> tuple[Path, ...]:
    """The folders that are searched, most likely first: those that the package names, those around it, the user's."""
    return tuple(dict.fromkeys(place for place in _places(package.resolve(), configuration) if _is_folder(place)))


def _is_folder(place: Path) -> bool:
    try:
        return place.is_dir()
    except (OSError, ValueError):  # a name too long for the file system, or with a NUL byte
        return False


def _places(package: Path, configuration: Configuration) -> Iterator[Path]:
    lines = commands_of(package)
    here = working_directory(lines, package)
    words = export_words(lines)
    for flag, value in pairwise(words):
        if flag in ("--workdir", EXPORT.split()[-1]):
            yield here / expanded(value)
            entry = configuration.cases.get(value)
            yield from () if entry is None else (place for place in (entry.workdir, entry.folder) if place is not None)
    yield here
    yield from (package, *package.parents[:ABOVE])
    yield Path.cwd()
    yield Path(nbtui.__file__).parent / DEMO
    for case in configuration.cases.values():
        yield from (place for place in (case.workdir, case.folder, case.source.parent) if place is not None)


def working_directory(lines: Sequence[str], package: Path) -> Path:
    """The directory of the commands in commands.txt, from its ``cd`` line; the package's own without one."""
    line = next((line for line in lines if line.startswith("cd ")), "")
    root = checkout_root(package) if line.startswith(_CHECKOUT) else None
    if root is not None:
        return root / "".join(_words(line.removeprefix(_CHECKOUT).lstrip("/")))
    return Path(*_words(line)[1:2]) if line else package


def commands_of(package: Path) -> list[str]:
    """The lines of commands.txt; none if it is unreadable."""
    return (read_text(package / COMMANDS) or "").splitlines()


def export_words(lines: Sequence[str]) -> list[str]:
    """The words of the last export command, without the flags after ``--``."""
    own = [line for line in lines if f" {EXPORT} " in f" {line} " and not line.startswith("#")]
    words = _words(own[-1]) if own else []
    return words[: words.index("--")] if "--" in words else words


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return []


def find_inputs(argv: Sequence[str], files: Sequence[InputFile], places: Sequence[Path]) -> FoundInputs:
    """The command line with a folder that holds every file; if no single one does, with absolute paths in it."""
    files = [_as_named(entry, argv) for entry in files]
    found = {entry: _place_of(entry, places) for entry in files}
    common = [place for place in places if all(_is(place / entry.name, entry) for entry in files)]
    if common:
        return FoundInputs(tuple(argv), common[0])
    missing = "; ".join(_missing(entry, places) for entry, path in found.items() if path is None)
    words, unnamed = list(argv), [path for path in found.values() if path is not None]
    for at, name in input_names(argv):
        path = _of_name(name, found)
        if path is not None:
            words[at] = str(path)
            unnamed = [other for other in unnamed if other != path]
    workdir = unnamed[0].parent if unnamed else places[0] if places else Path.cwd()
    return FoundInputs(tuple(words), workdir, missing)


def _as_named(entry: InputFile, argv: Sequence[str]) -> InputFile:
    """The entry with its name as the command writes it; packages spell names in ASCII."""
    names = (name for _, name in input_names(argv) if spelled(name) == entry.name)
    return replace(entry, name=next(names, entry.name))


def _of_name(name: str, found: Mapping[InputFile, Path | None]) -> Path | None:
    """The file of a name in the command: recorded under this name, else the only one with its last part."""
    exact = [path for entry, path in found.items() if entry.name == name]
    alike = [path for entry, path in found.items() if PurePath(entry.name).name == PurePath(name).name]
    return exact[0] if exact else alike[0] if len(alike) == 1 else None


def _place_of(entry: InputFile, places: Sequence[Path]) -> Path | None:
    return next((path for path in _candidates(entry, places) if _is(path, entry)), None)


def _candidates(entry: InputFile, places: Sequence[Path]) -> Iterator[Path]:
    names = (entry.name, PurePath(entry.name).name, entry.carried)
    for place in places:
        yield from dict.fromkeys(place / name for name in names if name)


def _is(path: Path, entry: InputFile) -> bool:
    if not entry.sha256:
        return regular_size(path) is not None
    return regular_size(path) == entry.size and file_hash(path) == entry.sha256


def _missing(entry: InputFile, places: Sequence[Path]) -> str:
    name = clean(entry.name)
    if not entry.sha256:
        return f"{name} not found; put it beside the package"
    other = next((path for path in _candidates(entry, places) if regular_size(path) is not None), None)
    if other is not None:
        return f"{clean(str(other))} has another content (sha256 {entry.sha256[:_HEX]} in the package)"
    return f"{name} not found (sha256 {entry.sha256[:_HEX]}); put it beside the package"
