"""The arguments of the Python interface: a log or a simulation, and a case with its settings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nbtui.errors import UnusableInput
from nbtui.results.logs import TraceResult, file_of, log_of, trace_of
from nbtui.results.simulation import SimulationResult, simulation_of
from nbtui.settings import Configuration, load
from nbtui.trace.model import Trace

if TYPE_CHECKING:
    from nbtui.live.model import Case, Settings, Simulation

Log = str | os.PathLike[str] | TraceResult | SimulationResult
CaseName = str | os.PathLike[str] | Sequence[str]

NO_REFERENCE = "nothing to compare with: give reference=, or a case"
NOT_C = "the reference is simulated, but not as a C program: use simulate(case, as_reference=True)"


@dataclass(frozen=True, eq=False)
class GivenLog:
    """A log, or a simulation in its place."""

    trace: Trace
    log: TraceResult | None = None
    simulation: Simulation | None = None

    def kept(self, folder: Path) -> Path | None:
        """The file of the log, a text becoming one in ``folder``; None for a simulation.

        Raises:
            NotWritten: it cannot be written.
        """
        return None if self.log is None else file_of(self.log, folder)


@dataclass(frozen=True, eq=False)
class Question:
    """A case with the settings of its simulation."""

    case: Case
    settings: Settings
    configuration: Configuration


def given_log(given: Log) -> GivenLog:
    """A log by path, text or result, or a simulation.

    Raises:
        TraceError, UnusableInput: an unusable log.
    """
    if isinstance(given, SimulationResult):
        return GivenLog(trace_of(given.trace), simulation=simulation_of(given))
    log = log_of(given)
    return GivenLog(trace_of(log), log)


def given_reference(question: Question | None, given: Log | None) -> GivenLog:
    """The reference: as given, else the C log of the case, else the case simulated as its C program.

    Raises:
        TraceError, UnusableInput, SimulationFailed: an unusable log or case, or no reference.
    """
    if given is not None:
        if isinstance(given, SimulationResult) and not given.stands_for_c:
            raise UnusableInput(NOT_C)
        return given_log(given)
    if question is None:
        raise UnusableInput(NO_REFERENCE)
    if question.case.c_log is not None:
        return given_log(question.case.c_log)
    from nbtui.live.reference import simulated_reference

    made = simulated_reference(question.case, question.settings)
    return GivenLog(made.trace, simulation=made.simulation)


def question_of(
    given: CaseName,
    *,
    pixel: tuple[int, int] | None,
    workdir: str | os.PathLike[str] | None,
    c_program: str,
    traced: tuple[int, int] | None = None,
    needs_pixel: bool = True,
) -> Question:
    """A case by name, folder or command line, read as the commands of nbtui read it.

    ``pixel`` replaces that of the command line; ``traced``, the pixel of a log, counts where neither is there.

    Raises:
        UnusableInput: no such case, an unusable command line or setting, or no pixel while ``needs_pixel``.
    """
    from nbtui.live.cases import load_case
    from nbtui.live.model import Settings
    from nbtui.live.programs import chosen

    configuration = load()
    name, flags = name_or_flags(given)
    case = load_case(
        name,
        workdir=None if workdir is None else Path(workdir),
        flags=flags,
        pixel=pixel,
        configuration=configuration,
        needs_pixel=needs_pixel and traced is None,
    )
    wanted = c_program or configuration.c_program(name)
    program = chosen(wanted, configuration) if wanted or configuration.c_programs else None
    case = replace(case, pixel=case.pixel or traced, compat=configuration.compat(name), c_program=program)
    return Question(case, Settings("spec" if program is None else program.phi_mode, c_program=program), configuration)


def name_or_flags(given: CaseName) -> tuple[str | None, list[str] | None]:
    """The name of a case, or the words of a command line."""
    if isinstance(given, os.PathLike):
        return os.fspath(given), None
    if not isinstance(given, str):
        return None, list(given)
    if not given.lstrip().startswith("-"):
        return given, None
    from nbtui.live.session import split_command

    return None, split_command(given, "the command line")


def one_of(name: str, value: str, known: Sequence[str]) -> str:
    """``value``, if it is known. Raises UnusableInput."""
    if value not in known:
        raise UnusableInput(f"{name} {value!r}: must be one of {', '.join(known)}")
    return value
