"""Commands of a package: running the extra ones, and ``commands.txt``. Source: spec/evidence_package.md, Files."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nbtui.evidence.ascii_text import ascii_copy, shell_line, shell_word
from nbtui.evidence.write.environment import checkout_root
from nbtui.live.cases import C_LOG
from nbtui.live.model import Case, Settings
from nbtui.live.programs import simulation_words
from nbtui.paths import DEMO
from nbtui.processes import Bounds, run_process

_PLAIN = re.compile(r"[\w@%+:./-][\w@%+=:,./ -]*", re.ASCII)
_OF_THE_SHELL = frozenset(
    {
        *(".", "alias", "bind", "builtin", "cd", "command", "declare", "enable", "eval", "exec", "exit", "export"),
        *("getopts", "hash", "let", "local", "logout", "mapfile", "popd", "pushd", "read", "readarray", "readonly"),
        *("return", "set", "shift", "shopt", "source", "trap", "typeset", "ulimit", "umask", "unalias", "unset"),
    }
)  # words that change the shell that runs them
LARGEST_LOG = 1 << 28  # bytes of the output of one extra command
OPENMP = "KMP_DUPLICATE_LIB_OK"  # needed by torch on some machines


@dataclass(frozen=True)
class Ran:
    """One extra command after its run.

    Attributes:
        status: exit status as a shell gives it: 128 + n after signal n.
        name: of the log with its whole stdout and stderr as ASCII text.
        remarks: on a run that was ended or whose output was cut.
    """

    command: str
    when: datetime  # UTC
    status: int
    name: str
    remarks: tuple[str, ...] = ()


def run_all(commands: Iterable[str], folder: Path, seconds: float) -> tuple[Ran, ...]:
    """Run the command lines in a shell in the current directory, one after the other; their logs go to ``folder``.

    ``seconds``: the time limit of each.

    Raises:
        SimulationFailed: the shell cannot be started.
        OSError: a log cannot be written.
    """
    shell = shutil.which("bash") or "/bin/sh"
    found = []
    for count, command in enumerate(commands, start=1):
        when, name = datetime.now(UTC), f"run_{count}.log"
        with tempfile.TemporaryFile(dir=folder) as output:
            end = run_process([shell, "-c", command], output, bounds=Bounds(seconds, LARGEST_LOG))
            output.seek(0)
            with (folder / name).open("xb") as log:
                ascii_copy(output, log)
        remarks = [f"{name}: ended at the time limit of {seconds:g} s (--run-limit)"] if end.timed_out else []
        remarks += [f"{name}: cut at {LARGEST_LOG >> 20} MiB of output"] if end.cut else []
        found.append(Ran(command, when, end.status, name, tuple(remarks)))
    return tuple(found)


def command_entries(
    argv: Sequence[str], when: datetime, status: int, extra: Iterable[Ran], settings: Sequence[str]
) -> list[dict[str, object]]:
    """Every command of a package in execution order, as in metrics.json, each replayable as pasted.

    ``when``: UTC, of the export; ``settings``: options that nbtui.toml added to ``argv``.
    """
    here = _directory(Path.cwd())

    def entry(
        time: datetime, line: str, status: int, log: str | None = None, added: Sequence[str] = ()
    ) -> dict[str, object]:
        return {
            "utc": f"{time:%Y-%m-%dT%H:%M:%SZ}",
            "directory": here,
            "command": line,
            "status": status,
            "log": log,
            "settings": list(added),
        }

    own = f"{_setting(OPENMP)}nbtui {shell_line(list(argv))}"
    return [
        entry(when, f"cd {here}", 0),
        *(entry(ran.when, pasteable(ran.command), ran.status, ran.name) for ran in extra),
        entry(when, own, status, added=settings),
    ]


def equivalent(
    case: Case,
    settings: Settings,
    reports: Path,
    *,
    c_log: Path | None,
    py_log: Path | None,
    py_phi: Path | None = None,
    made_by: str = "",
    port: Path | None = None,
    profile: str,
    tolerance: float | None,
    allow_partial: bool,
    sign: Path | None = None,
    diagnose: bool,
    note: str = "",
    todo: str = "",
    runs: Sequence[str] = (),
) -> tuple[str, ...]:
    """The export command line equivalent to an export from the console."""
    words = ["export"]
    flags: list[str] = []
    if case.name == DEMO:
        words.append("demo")
    elif case.folder is not None:
        words += [str(case.folder), "--workdir", str(case.workdir)]
    else:
        words += ["--workdir", str(case.workdir)]
        flags = ["--", *case.argv]
    if not case.compat:
        words.append("--no-compat")
    if case.pixel is not None:
        words += ["--pixel", str(case.pixel[0]), str(case.pixel[1])]
    words += simulation_words(settings)
    if c_log is not None and (case.folder is None or c_log != case.folder / C_LOG):
        words += ["--c", str(c_log)]
    if py_log is not None:
        words += ["--py", str(py_log)]
        words += ["--py-phi", str(py_phi)] if py_phi is not None else []
        words += ["--py-made-by", made_by] if made_by else []
        words += ["--port", str(port)] if port is not None else []
    if tolerance is not None:
        words += ["--tolerance", repr(tolerance)]
    if allow_partial:
        words.append("--allow-partial")
    words += ["--sign", str(sign)] if sign is not None else []
    if diagnose:
        words.append("--diagnose")
    words += ["--note", note] if note else []
    words += ["--todo", todo] if todo else []
    words += [word for run in runs for word in ("--run", run)]
    words += ["--profile", profile, "--reports", str(reports)]
    return (*words, *flags)


def _directory(here: Path) -> str:
    """The directory of the commands for a shell, relative to the checkout if there is one."""
    root = checkout_root(here)
    if root is None or not here.is_relative_to(root):
        return shell_word(str(here))
    below = here.relative_to(root)
    return '"$(git rev-parse --show-toplevel)"' + (f"/{shell_word(str(below))}" if below.parts else "")


def _setting(name: str) -> str:
    """An environment variable before a command, where it was set."""
    value = os.environ.get(name)
    return "" if value is None else f"{name}={shell_word(value)} "


def pasteable(command: str) -> str:
    """The command as typed if pasting it repeats the run, else wrapped in a shell.

    Each ran in a shell of its own: ``cd elsewhere`` or ``exit 5`` must not affect the shell of a reader.
    """
    first = command.partition(" ")[0]
    plain = _PLAIN.fullmatch(command) and first not in _OF_THE_SHELL and "=" not in first
    return command if plain else f"bash -c {shell_word(command)}"
