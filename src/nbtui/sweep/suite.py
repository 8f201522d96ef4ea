"""A suite: the case folders of a directory, or the command lines of a text file, each with its port."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from nbtui.case_table import CaseCommands
from nbtui.errors import UnusableInput
from nbtui.live.cases import case_of_command, input_names, load_case
from nbtui.live.model import Case
from nbtui.paths import COMMAND_FILE
from nbtui.regular_file import read_regular
from nbtui.runs.known import named_files
from nbtui.settings import CaseEntry
from nbtui.sweep.plan import SweptCase, SweptPort
from nbtui.trace.text import clean

SWEPT = ".sweep"  # ending of the folder of a sweep, whose case folders belong to no suite
_LARGEST = 1 << 24  # bytes of a file of command lines
_COMMENT = "#"


@dataclass(frozen=True)
class Suite:
    """Cases, each with a name of its own, and the folders or lines that are unusable, with the reason."""

    cases: tuple[Case, ...]
    unusable: tuple[tuple[str, str], ...]


def read_suite(place: Path, workdir: Path | None = None) -> Suite:
    """The cases in a directory, at any depth, or the command lines in a text file, one per line.

    Args:
        workdir: folder of input files that a case folder lacks; of a text file, default: its folder.

    Raises:
        UnusableInput: there is no such place, or no usable case in it.
    """
    where = clean(str(place))
    if place.is_dir():
        read, empty = _in_folders(place, workdir), f"no case folder in it (a folder with {COMMAND_FILE})"
    elif place.is_file():
        read, empty = _in_lines(place, workdir), "no command line in it"
    else:
        raise UnusableInput(f"{where}: neither a directory of case folders nor a file of command lines")
    cases: list[Case] = []
    unusable: list[tuple[str, str]] = []
    for name, load in read:
        try:
            cases.append(replace(load(), name=name))
        except UnusableInput as error:
            unusable.append((name, str(error)))
    if not cases:
        raise UnusableInput(unusable[0][1] if unusable else f"{where}: {empty}")
    return Suite(tuple(cases), tuple(unusable))


_Load = Callable[[], Case]


def _in_folders(place: Path, workdir: Path | None) -> Iterator[tuple[str, _Load]]:
    for folder in _case_folders(place):
        name = folder.relative_to(place).as_posix() if folder != place else place.resolve().name
        yield name, partial(_in_folder, folder.absolute(), workdir)


def _in_folder(folder: Path, workdir: Path | None) -> Case:
    """The case of a folder, with its inputs from ``workdir`` where it lacks them itself."""
    # an absolute path is never taken for a name of the settings file
    case = load_case(str(folder), needs_pixel=False)
    own = all((case.workdir / name).is_file() for _, name in input_names(case.argv))
    return case if own or workdir is None else load_case(str(folder), workdir=workdir, needs_pixel=False)


def _case_folders(place: Path) -> Iterator[Path]:
    for parent, below, files in os.walk(place):
        below[:] = sorted(name for name in below if not name.startswith(".") and not name.endswith(SWEPT))
        if COMMAND_FILE in files:
            yield Path(parent)


def _in_lines(path: Path, workdir: Path | None) -> Iterator[tuple[str, _Load]]:
    where = clean(str(path))
    try:
        text = read_regular(path, _LARGEST).decode("utf-8-sig")
    except OSError as error:
        raise UnusableInput(f"{where}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UnusableInput(f"{where}: not UTF-8 text (byte {error.start + 1}); save it as UTF-8") from error
    place = workdir or path.absolute().parent
    for number, line in _commands(text):
        name = f"line {number}"
        yield name, partial(case_of_command, line, f"{where}: {name}", name=name, workdir=place)


def _commands(text: str) -> Iterator[tuple[int, str]]:
    """Number and text of every command line; comments and blank lines left out, a backslash goes on."""
    begun, first = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        first = first if begun else number
        if line.rstrip().endswith("\\"):
            begun += f"{line.rstrip()[:-1]} "
            continue
        whole, begun = f"{begun}{line}".strip(), ""
        if whole and not whole.startswith(_COMMENT):
            yield first, whole
    if begun.strip():
        yield first, begun.strip()


def known_ports(cases: Sequence[Case], entries: Mapping[str, CaseEntry]) -> tuple[SweptCase, ...]:
    """Every case with its port: the command of its own table in nbtui.toml, else the only command of all tables.

    Raises:
        UnusableInput: a case has no table with a command, and the tables have none or several.
    """
    ports = {name: port for name, entry in entries.items() if (port := _port_of(entry.commands)) is not None}
    own = {
        entry.folder.resolve(): ports[name]
        for name, entry in entries.items()
        if entry.folder is not None and name in ports
    }
    others = [port for at, port in enumerate(ports.values()) if port not in list(ports.values())[:at]]
    made: list[SweptCase] = []
    for case in cases:
        port = own.get(case.folder.resolve()) if case.folder is not None else None
        if port is None and len(others) != 1:
            found = f"nbtui.toml has {len(others)} of them" if others else "nbtui.toml has none"
            raise UnusableInput(
                f"{clean(case.name)}: no command for the port ({found}); give --suspect, such as "
                '"python port.py {command} -trace_pixel {pixel}"'
            )
        made.append(SweptCase(case, port or others[0]))
    return tuple(made)


def _port_of(commands: CaseCommands | None) -> SweptPort | None:
    """The port that the commands of a table name; None without one."""
    if commands is None or not commands.suspect.strip():
        return None
    return SweptPort(
        run_in=commands.run_in,
        sources_base=commands.base if commands.sources else commands.run_in,
        suspect=commands.suspect,
        environment=commands.environment,
        seconds=commands.seconds,
        shell=commands.shell,
        sources=commands.sources or named_files(commands.suspect, commands.run_in),
    )
