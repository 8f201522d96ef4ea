"""One run of the port on one command line: a command in a contained process, or nbsim in this one."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import nbtui
from nbtui.case_table import CaseCommands
from nbtui.errors import NbtuiError, SimulationFailed, UnusableInput
from nbtui.images.read import Picture, read_image
from nbtui.live.images import Photons, PreparedCase, prepare
from nbtui.live.model import Case, Settings
from nbtui.live.programs import restored_program
from nbtui.live.reference import reference_settings
from nbtui.parity.model import Comparison
from nbtui.regular_file import read_regular
from nbtui.runs.known import SIMULATED, KnownCommands
from nbtui.runs.log_making import IMAGE, OUTPUT, tail
from nbtui.runs.perform import SuspectRun, no_output, quiet, run_suspect
from nbtui.runs.reference import reference_of_run
from nbtui.sweep.axes import Choice, applied
from nbtui.sweep.plan import STORED, Plan, renamed
from nbtui.sweep.rows import Answer
from nbtui.trace.model import Trace, TraceSide
from nbtui.trace.reading.reader import parse_lines, read_trace
from nbtui.trace.text import clean

Compare = Callable[[Trace, Trace], Comparison]
_IMAGE_FILE = Choice("-floatfile", ("-floatfile", IMAGE))  # in place of the own one: ports take the first or the last
_TRACEBACK = "Traceback (most recent call last)"


@dataclass(frozen=True, eq=False)
class PortRun:
    """What the port made of a command line.

    Attributes:
        failure: the answer of a run without a usable log; None otherwise.
        detail: a sentence on it.
        trace: None without a log.
        comparison: of the trace with the reference.
        log: lines of the log that was compared.
        image: None without one, or after an unreadable one, which ``detail`` names.
        seconds: elapsed time.
    """

    failure: Answer | None
    detail: str
    trace: Trace | None
    comparison: Comparison | None
    log: str
    image: Picture | None
    seconds: float


def program_settings(name: str) -> Settings:
    """Settings of a simulation that stands for a C program of the table.

    Raises:
        UnusableInput: no program has this name.
    """
    return reference_settings(Settings(c_program=restored_program(name, "", {})))


@dataclass(frozen=True)
class SimulatedCase:
    """A command line as nbsim computes it for a C program: set up once for its image and all its pixels."""

    case: Case
    program: str

    @cached_property
    def _prepared(self) -> PreparedCase:
        return prepare(self.case, program_settings(self.program))

    @property
    def shape(self) -> tuple[int, int]:
        """Pixels of the detector, (slow, fast). Raises UnusableInput or SimulationFailed."""
        return self._prepared.shape

    def image(self) -> Photons:
        """The whole image. Raises UnusableInput or SimulationFailed."""
        return self._prepared.image()

    def lines(self, pixel: tuple[int, int], prefix: str) -> tuple[str, ...]:
        """The trace of a pixel (slow, fast). Raises UnusableInput or SimulationFailed."""
        return self._prepared.trace_lines(pixel, prefix)

    def reference(self, pixel: tuple[int, int]) -> Trace:
        """The trace of a pixel as a reference. Raises UnusableInput or SimulationFailed."""
        origin = f"nbsim {nbtui.__version__} as {self.program} C"
        return _traced(self.lines(pixel, "TRACE_C"), origin, "C", pixel, simulated=True)


def _traced(
    lines: tuple[str, ...], origin: str, side: TraceSide, pixel: tuple[int, int], *, simulated: bool = False
) -> Trace:
    return replace(parse_lines(lines, origin), side=side, pixel=pixel, simulated=simulated)


def known_commands_of(plan: Plan, case: Case) -> KnownCommands:
    """The port's command, and that of the reference, for a case with a pixel."""
    port = plan.port
    commands = CaseCommands(
        base=port.run_in,
        run_in=port.run_in,
        suspect=port.suspect,
        reference=plan.reference,
        environment=port.environment,
        seconds=port.seconds,
        shell=port.shell,
    )
    return KnownCommands(case, commands, "sweep", "")


def reference_of(plan: Plan, case: Case, scratch: Path, simulated: SimulatedCase | None = None) -> Trace:
    """The reference trace of a case with a pixel; logs made for it are kept in ``scratch``.

    ``simulated``: the case as the plan's C program, where it is set up already.

    Raises:
        UnusableInput, SimulationFailed, TraceError: it cannot be made.
    """
    if plan.reference == SIMULATED:
        return (simulated or SimulatedCase(case, plan.c_program)).reference(_pixel_of(case))
    if plan.reference == STORED:
        return _stored(case)
    known, settings = known_commands_of(plan, case), program_settings(plan.c_program)
    return reference_of_run(known, settings, scratch / "reference", heard=no_output, say=quiet).trace


def _stored(case: Case) -> Trace:
    """The C log of a case."""
    pixel, name = _pixel_of(case), clean(case.name)
    if case.c_log is None:
        raise UnusableInput(f'{name}: no C log (trace_c.log) of this command line; reference = "simulated" needs none')
    trace = read_trace(case.c_log)
    if trace.pixel not in (None, pixel):
        raise UnusableInput(f"{name}: its C log is of pixel {trace.pixel}, not {pixel}; trace the pixels of the logs")
    return replace(trace, pixel=pixel)


def _pixel_of(case: Case) -> tuple[int, int]:
    if case.pixel is None:
        raise UnusableInput(f"{clean(case.name)}: no pixel; give --pixel SLOW FAST")
    return case.pixel


def run_port(
    plan: Plan, case: Case, reference: Trace, compare: Compare, folder: Path, simulated: SimulatedCase, *, image: bool
) -> PortRun:
    """Run the port once; ``folder`` holds the files of the run and is emptied before. ``image``: also its image.

    ``simulated``: the case as nbsim computes it in place of a port; unused with a command.

    Raises:
        UnusableInput: the command cannot run at all.
        OSError: a file cannot be written.
    """
    if plan.port.program:
        return _simulated(simulated, plan.port.name, _pixel_of(case), reference, compare, image)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    asked = applied(case.argv, [_IMAGE_FILE]) if image else case.argv
    words = renamed(asked, plan.port.rename)
    known = known_commands_of(plan, replace(case, argv=words))
    try:
        run = run_suspect(known, reference, folder, compare)
    except SimulationFailed as error:
        raise UnusableInput(str(error)) from error
    failure = _failure(run, folder)
    detail = run.failure
    picture: Picture | None = None
    if image and run.log.image is not None:
        try:
            picture = read_image(run.log.image)
        except NbtuiError as error:
            detail = detail or str(error)
    log = "" if failure is not None else read_regular(run.log.path).decode("utf-8", "replace")
    return PortRun(failure, clean(detail), run.trace, run.comparison, log, picture, run.log.end.seconds)


def _failure(run: SuspectRun, folder: Path) -> Answer | None:
    if not run.failure:
        return None
    end = run.log.end
    if end.timed_out:
        return Answer.HUNG
    if end.signal or _TRACEBACK in tail(folder / OUTPUT):
        return Answer.CRASHED
    return Answer.REFUSED if end.status else Answer.NO_TRACE


def _simulated(
    simulated: SimulatedCase, name: str, pixel: tuple[int, int], reference: Trace, compare: Compare, image: bool
) -> PortRun:
    """nbsim as the port: a sweep of the simulator against itself, or as one C program against another."""
    began = time.perf_counter()
    try:
        lines = simulated.lines(pixel, "TRACE_PY")
        picture = Picture(name, simulated.image(), "simulated") if image else None
    except NbtuiError as error:
        seconds = time.perf_counter() - began
        return PortRun(Answer.REFUSED, clean(str(error)), None, None, "", None, seconds)
    seconds = time.perf_counter() - began
    trace = _traced(lines, name, "PY", pixel)
    text = "".join(f"{line}\n" for line in lines)
    return PortRun(None, "", trace, compare(reference, trace), text, picture, seconds)
