"""The statement of a sweep about itself, kept in its folder: how many command lines, of which port, in which order.

With it, whoever reads the rows of a folder, on this machine or another one, knows those of the present plan.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nbtui.errors import NbtuiError, NotWritten
from nbtui.live.door import options_of
from nbtui.regular_file import open_regular
from nbtui.sweep.judge import Job, row_key
from nbtui.sweep.plan import TRACE, Plan
from nbtui.sweep.rows import NOT_A_ROW
from nbtui.sweep.usual import usual_axes
from nbtui.trace.text import clean
from nbtui.whole_file import write_whole

FORMAT = 1
RECORD = "sweep.json"


@dataclass(frozen=True)
class BaseCommand:
    """A base command of a plan.

    Attributes:
        name: that of its rows.
        command: flags.
        workdir: folder of its input files.
        suspect: command text of its port; empty where nbsim stands for it.
    """

    name: str
    command: tuple[str, ...]
    workdir: str
    suspect: str


@dataclass(frozen=True)
class SweepRecord:
    """The present plan of a folder.

    Attributes:
        port: in a few words.
        reference: in a few words.
        bases: one base command, or those of a suite.
        hunt: one base command, and the usual axes.
        suite: the command lines are the base commands themselves.
        mode: how values combine, with ``number`` and ``seed``.
        checks: traces, images.
        c_program: C program of the reference.
        keys: of each command line in turn, the keys of all its rows.
    """

    port: str
    reference: str
    bases: tuple[BaseCommand, ...]
    hunt: bool
    suite: bool
    mode: str
    number: int
    seed: int
    checks: tuple[str, ...]
    c_program: str
    keys: tuple[tuple[str, ...], ...]

    @property
    def planned(self) -> int:
        """Number of command lines."""
        return len(self.keys)

    def base(self, name: str) -> BaseCommand | None:
        """The base command with this name."""
        return next((one for one in self.bases if one.name == name), None)


def record_of(plan: Plan, jobs: Iterable[Job]) -> SweepRecord:
    """The record of a plan with these command lines."""
    ranks = {check: plan.pixels.most if check == TRACE else 1 for check in plan.checks}
    return SweepRecord(
        port=plan.port_name,
        reference=f"nbsim as {plan.c_program} C" if plan.reference == "simulated" else plan.reference,
        bases=tuple(
            BaseCommand(one.case.name, one.case.argv, str(one.case.workdir.absolute()), one.port.suspect)
            for one in plan.cases
        ),
        hunt=_is_usual(plan),
        suite=plan.is_suite,
        mode=str(plan.mode),
        number=plan.number,
        seed=plan.seed,
        checks=plan.checks,
        c_program=plan.c_program,
        keys=tuple(
            tuple(row_key(job, check, rank) for check, count in ranks.items() for rank in range(count)) for job in jobs
        ),
    )


def _is_usual(plan: Plan) -> bool:
    if len(plan.cases) != 1:
        return False
    try:
        return plan.axes == usual_axes(options_of(plan.case))
    except NbtuiError:  # an unusable base command: every row says so
        return False


def write_record(record: SweepRecord, folder: Path) -> None:
    """Write the record, in one step for readers. Raises NotWritten."""
    path = folder / RECORD
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, f"{json.dumps({'format': FORMAT, **asdict(record)})}\n".encode())
    except OSError as error:
        raise NotWritten(f"{clean(str(path))}: {error.strerror or error}") from error


def read_record(folder: Path) -> SweepRecord | None:
    """The record of a folder; None without a readable one."""
    try:
        with open_regular(folder / RECORD) as stream:
            return _of_object(json.load(stream))
    except (OSError, RecursionError, *NOT_A_ROW):
        return None


def _of_object(content: Mapping[str, Any]) -> SweepRecord:
    return SweepRecord(
        port=str(content["port"]),
        reference=str(content["reference"]),
        bases=tuple(map(_base, content["bases"])),
        hunt=bool(content["hunt"]),
        suite=bool(content["suite"]),
        mode=str(content["mode"]),
        number=int(content["number"]),
        seed=int(content["seed"]),
        checks=tuple(map(str, content["checks"])),
        c_program=str(content["c_program"]),
        keys=tuple(tuple(map(str, keys)) for keys in content["keys"]),
    )


def _base(content: Mapping[str, Any]) -> BaseCommand:
    command = tuple(map(str, content["command"]))
    return BaseCommand(str(content["name"]), command, str(content["workdir"]), str(content["suspect"]))
