"""The input files of a package, and their names for a reader of another machine."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nbtui.errors import NotWritten
from nbtui.evidence.ascii_text import spelled
from nbtui.evidence.layout import CHECKSUMS, COMMANDS, ENVIRONMENT, METRICS, SIGNATURE, SUMMARY, TERMS
from nbtui.evidence.write.record import input_entry, sha256_of
from nbtui.live.cases import input_names
from nbtui.live.model import Case, Simulation
from nbtui.regular_file import read_regular
from nbtui.trace.text import clean

FILE_LIMIT = 16 << 20  # bytes of an input file in a package
FILES_LIMIT = 64 << 20  # bytes of all of them
_OWN = frozenset((CHECKSUMS, COMMANDS, ENVIRONMENT, METRICS, SIGNATURE, SUMMARY, TERMS))
_OTHERS = re.compile(r"trace_.*|run_.*|input_.*", re.IGNORECASE)
_PLAIN = re.compile(r"[A-Za-z0-9_+=,@%-][A-Za-z0-9_.+=,@% -]*")
_ODD = re.compile(r"[^A-Za-z0-9_.+=,@%-]")


@dataclass(frozen=True)
class RunInputs:
    """The input files of the simulation.

    Attributes:
        entries: as in metrics.json.
        copies: name in the package and content of those that it carries.
        remarks: on files that it should carry and does not.
    """

    entries: tuple[dict[str, object], ...]
    copies: Mapping[str, bytes] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def contents_of(case: Case) -> dict[Path, str]:
    """Checksums of the files that a command names, as far as they are there. Raises OSError."""
    return {path: sha256_of(path) for path in _named(case) if path.is_file()}


def run_inputs(case: Case, simulation: Simulation | None, before: Mapping[Path, str], *, carry: bool) -> RunInputs:
    """The input files of the simulation or, after a failure, those named by the command.

    ``before``: their checksums before the simulation; ``carry``: with the content of the small ones.

    Raises:
        NotWritten: a file has changed since.
        OSError: a file cannot be read.
    """
    entries: list[dict[str, object]] = []
    copies: dict[str, bytes] = {}
    remarks: list[str] = []
    files = _named(case) if simulation is None else simulation.input_files
    for path in dict.fromkeys(files):
        if not path.is_file():
            continue
        shown = shown_name(path, case.workdir)
        entry = input_entry(path, shown)
        bound = _exceeded(path.stat().st_size, sum(map(len, copies.values()))) if carry else ""
        if bound:
            remarks.append(f"--with-inputs: {shown} ({entry['size']} bytes) is left out, the limit is {bound}")
        elif carry:
            data = read_regular(path, FILE_LIMIT)
            name = _carried_name(path.name, len(entries) + 1, copies)
            copies[name] = data
            entry |= {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "carried": name}
        if before.get(path, entry["sha256"]) != entry["sha256"]:
            raise NotWritten(f"{clean(str(path))}: changed during the simulation; export again")
        entries.append(entry)
    return RunInputs(tuple(entries), copies, tuple(remarks))


def _exceeded(size: int, carried: int) -> str:
    """The limit that a file exceeds; empty if it can be carried."""
    if size > FILE_LIMIT:
        return f"{FILE_LIMIT >> 20} MiB a file"
    return f"{FILES_LIMIT >> 20} MiB in all" if size > FILES_LIMIT - carried else ""


def _named(case: Case) -> list[Path]:
    return [case.workdir / name for _, name in input_names(case.argv)]


def _carried_name(name: str, number: int, taken: Mapping[str, bytes]) -> str:
    """The name of an input file in the package: its own, or a new one where it is odd or taken."""
    lower = {other.lower() for other in (*taken, *_OWN)}
    if _PLAIN.fullmatch(name) and not _OTHERS.fullmatch(name) and name.lower() not in lower:
        return name
    return f"input_{number}_{_ODD.sub('_', spelled(name))[-80:]}"


def shown_name(path: Path, folder: Path) -> str:
    """A file's name relative to ``folder`` or to the current directory, else unchanged."""
    full = path.absolute()
    for place in (folder.absolute(), Path.cwd()):
        if full.is_relative_to(place):
            return spelled(str(full.relative_to(place)))
    return spelled(str(path))


def relative(path: Path) -> str:
    """A package's path without the machine's part: relative to the current directory, else its last two parts."""
    full = path.absolute()
    here = Path.cwd()
    return spelled(str(full.relative_to(here) if full.is_relative_to(here) else Path(*full.parts[-2:])))
