"""The keys of ``[cases.NAME]`` in ``nbtui.toml`` as one table, and the commands among them.

docs/settings.md is printed from this table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbtui.errors import UnusableInput
from nbtui.paths import expanded
from nbtui.trace.text import clean


@dataclass(frozen=True)
class CaseKey:
    """One row: the name, the accepted values for people, and the meaning."""

    name: str
    type: str
    help: str


_COMMAND_KEYS = (
    CaseKey("suspect", "text", "command that makes the log of the port, for `nbtui run` and R in the console"),
    CaseKey(
        "reference",
        "text",
        'command that makes the C log, or "NB_C_BIN", or "simulated"; default: `c_log`, else the program of NB_C_BIN, '
        "else simulated",
    ),
    CaseKey(
        "sources",
        "list of texts",
        "source files of the port, such as `src/**/*.py`; default: the .py files in `suspect`",
    ),
    CaseKey("run_in", "path", "working directory of both commands; default: the directory of the settings file"),
    CaseKey("environment", "table of texts", "variables added to the environment of both commands"),
    CaseKey("limit", "number of seconds", "time limit of a command; default: 600"),
    CaseKey("loop", "true | false", "the console runs the suspect at its start and after every change of a source"),
    CaseKey("shell", "true | false", "run both commands in a shell, for pipes and variables; default: false"),
)
CASE_KEYS = (
    CaseKey("folder", "path", "folder with `command.txt`; this or `command` is required"),
    CaseKey("command", "text", "nanoBragg command line"),
    CaseKey("workdir", "path", "directory of the command's input files"),
    CaseKey("c_log", "path", "log of the C program; default: `trace_c.log` in the folder"),
    CaseKey("pixel", "[slow, fast]", "pixel to trace, in place of the command's own"),
    CaseKey("reports", "path", "directory of packages, in place of the general one"),
    CaseKey("c_program", "text", "C program, in place of the general one"),
    CaseKey("compat", "true | false", "reading of the command line, in place of the general one"),
    *_COMMAND_KEYS,
)
CASE_NAMES = tuple(key.name for key in CASE_KEYS)
SECONDS = 600.0  # time limit of a command


@dataclass(frozen=True)
class CaseCommands:
    """The commands of a case as written, and the circumstances of their runs.

    Attributes:
        suspect: command text; empty without one.
        reference: command text, ``NB_C_BIN`` or ``simulated``; empty for the default.
        sources: glob patterns of source files.
        base: directory of relative sources.
        run_in: working directory.
        environment: variables added to the environment, in order.
        seconds: time limit.
        loop: whether a change of a source runs the suspect.
        shell: whether a shell runs the commands.
    """

    base: Path
    run_in: Path
    suspect: str = ""
    reference: str = ""
    sources: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = field(default=())
    seconds: float = SECONDS
    loop: bool = False
    shell: bool = False


def commands_of(entry: Mapping[str, Any], file: Path, where: str) -> CaseCommands:
    """The commands of a ``[cases.NAME]`` table. Raises UnusableInput, naming the accepted values, for a wrong one."""
    run_in = _text(entry, "run_in", where)
    return CaseCommands(
        base=file.parent,
        run_in=file.parent / expanded(run_in) if run_in else file.parent,
        suspect=_text(entry, "suspect", where),
        reference=_text(entry, "reference", where),
        sources=_texts(entry.get("sources", []), where),
        environment=_environment(entry.get("environment", {}), where),
        seconds=_seconds(entry.get("limit", SECONDS), where),
        loop=_switch(entry, "loop", where),
        shell=_switch(entry, "shell", where),
    )


def _text(entry: Mapping[str, Any], key: str, where: str) -> str:
    value = entry.get(key)
    if value is None:
        return ""
    if not (isinstance(value, str) and value.strip()):
        raise UnusableInput(f"{where}: {key} must be a quoted string")
    return value


def _texts(value: object, where: str) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(one, str) and one.strip() for one in given):
        raise UnusableInput(f'{where}: sources must be a list of quoted patterns, such as ["src/**/*.py"]')
    return tuple(given)


def _environment(value: object, where: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Mapping) or not all(isinstance(one, str) for one in value.values()):
        raise UnusableInput(
            f'{where}: environment must be a table of quoted strings, such as {{ OMP_NUM_THREADS = "1" }}'
        )
    wrong = [name for name, one in value.items() if not name or "=" in name or "\0" in name + one]
    if wrong:
        raise UnusableInput(f"{where}: environment: '{clean(wrong[0])}' cannot be an environment variable")
    return tuple(value.items())


def _seconds(value: object, where: str) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not isinstance(value, int | float) or not (math.isfinite(value) and value > 0):
        raise UnusableInput(f"{where}: limit must be a number of seconds > 0")
    return float(value)


def _switch(entry: Mapping[str, Any], key: str, where: str) -> bool:
    value = entry.get(key, False)
    if not isinstance(value, bool):
        raise UnusableInput(f"{where}: {key} must be true or false")
    return value
