"""The files of a package: every one that its run makes, no other, in the form that nbtui gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from nbtui.evidence.check.commands import ExportCommand, run_logs
from nbtui.evidence.check.finding import FileFinding
from nbtui.evidence.check.inputs import given_logs_in
from nbtui.evidence.layout import (
    C_LOG,
    CHECKSUMS,
    COMMANDS,
    ENVIRONMENT,
    GIVEN_LOG,
    METRICS,
    PER_PHI,
    PYTHON_LOG,
    SIGNATURE,
    SUMMARY,
    TERMS,
)
from nbtui.evidence.read.folder import file_hash, mapping, number, regular_size, text
from nbtui.evidence.read.package import Package, python_logs
from nbtui.regular_file import open_regular

_ALWAYS = (COMMANDS, ENVIRONMENT, METRICS, CHECKSUMS, SUMMARY, C_LOG)
_PIECE = 1 << 20  # bytes
_TEXT = (".md", ".json", ".txt", ".csv")


def check_contents(
    package: Package, metrics: Mapping[str, object], command: ExportCommand | None, *, simulated: bool, current: bool
) -> list[FileFinding]:
    """Missing files, files of no use, folders, links, and the form of every text.

    ``simulated``: the simulation of this package succeeded. ``current``: all files are known from metrics.json.
    """
    found = list(_missing(package, metrics, simulated=simulated))
    if current:
        expected = _expected(metrics, command, simulated=simulated)
        found += [FileFinding(name, "is not a file of this package") for name in package.files if name not in expected]
        found += _made(package, metrics, expected)
    given = text(metrics.get("python_trace")) == GIVEN_LOG
    others = carried(metrics)  # kept byte for byte, in any form, and so are given logs
    for name in package.files:
        ours = name not in others and not (given and name.startswith("trace_py"))
        found += form(package.path, name) if ours else _no_file(package.path, name)
    return found + list(_folders(package.path))


def _made(package: Package, metrics: Mapping[str, object], expected: set[str]) -> Iterator[FileFinding]:
    """The files that the run made are those that metrics.json names."""
    stated = mapping(metrics.get("files"))
    given = given_logs_in(package.files, metrics)
    made = expected - {METRICS, SUMMARY, COMMANDS, CHECKSUMS, SIGNATURE, *carried(metrics), *given}
    for name in sorted(made & set(package.files)):
        if stated.get(name) != file_hash(package.path / name):
            yield FileFinding(name, "is not the file that the run made: metrics.json has another sha256")
    for name in sorted(stated.keys() - made):
        yield FileFinding(METRICS, f"files name {name}, which the run did not make")


def carried(metrics: Mapping[str, object]) -> tuple[str, ...]:
    """Names of the input files in the package."""
    listed = metrics.get("inputs")
    names = (text(mapping(entry).get("carried")) for entry in (listed if isinstance(listed, list) else []))
    return tuple(name for name in names if name)


def form(folder: Path, name: str) -> list[FileFinding]:
    """ASCII, LF line ends and one final newline, for every text that we write ourselves."""
    unreadable = _no_file(folder, name)
    if unreadable or (not name.endswith(_TEXT) and not name.startswith("trace_py")):
        return unreadable
    plain, turns, end = True, False, b""
    try:
        with open_regular(folder / name) as stream:
            while piece := stream.read(_PIECE):  # terms.csv may have millions of lines
                plain, turns, end = plain and piece.isascii(), turns or b"\r" in piece, (end + piece)[-2:]
    except OSError:
        return [FileFinding(name, "cannot be read")]
    found = []
    if not plain:
        found.append("is not pure ASCII")
    if turns:
        found.append("has carriage returns")
    if not end.endswith(b"\n"):
        found.append("does not end with a newline")
    elif end == b"\n\n":
        found.append("ends with more than one newline")
    return [FileFinding(name, what) for what in found]


def _no_file(folder: Path, name: str) -> list[FileFinding]:
    if (folder / name).is_symlink():
        return [FileFinding(name, "is a link: its target is not part of the package")]
    return [FileFinding(name, "cannot be read")] if regular_size(folder / name) is None else []


def _missing(package: Package, metrics: Mapping[str, object], *, simulated: bool) -> Iterator[FileFinding]:
    for name in (*_ALWAYS, *((TERMS,) if simulated else ())):
        if name not in package.files:
            yield FileFinding(name, "is missing")
    if not python_logs(list(package.files)):
        yield FileFinding(f"{PYTHON_LOG}<device>.log", "is missing")
    if _has_phi_log(metrics, simulated=simulated) and not any(name.endswith(PER_PHI) for name in package.files):
        steps = number(metrics.get("phi_steps"))
        yield FileFinding(f"{PYTHON_LOG}<device>{PER_PHI}", f"is missing: the run has {steps:g} phi steps")


def _has_phi_log(metrics: Mapping[str, object], *, simulated: bool) -> bool:
    """Whether nbtui writes the phi lines of this package to a log of their own."""
    steps = number(metrics.get("phi_steps"))
    return simulated and text(metrics.get("python_trace")) != GIVEN_LOG and steps is not None and steps > 1


def _expected(metrics: Mapping[str, object], command: ExportCommand | None, *, simulated: bool) -> set[str]:
    base = f"{PYTHON_LOG}{metrics.get('device')}"
    given_phi = command is not None and "--py-phi" in command.words.options
    phi = [f"{base}{PER_PHI}"] if given_phi or _has_phi_log(metrics, simulated=simulated) else []
    return {
        *_ALWAYS,
        SIGNATURE,
        *carried(metrics),
        f"{base}.log",
        *phi,
        *run_logs(metrics),
        *((TERMS,) if simulated else ()),
    }


def _folders(path: Path) -> Iterator[FileFinding]:
    try:
        names = [entry.name for entry in path.iterdir() if entry.is_dir()]
    except OSError:
        return
    for name in names:
        yield FileFinding(name, "is a folder; packages hold only files")
