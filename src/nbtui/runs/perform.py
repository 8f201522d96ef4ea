"""One run from end to end: run the suspect, read its log, compare it, name the cause, and add it to the list."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from nbtui.errors import NotWritten
from nbtui.live.model import Settings
from nbtui.parity.model import Comparison
from nbtui.regular_file import open_regular
from nbtui.runs.entry import RunEntry, RunVerdict, judged
from nbtui.runs.known import KnownCommands
from nbtui.runs.log_making import Heard, MadeLog, RunStopped, make_log
from nbtui.runs.moved import since_before
from nbtui.runs.reference import Reference, reference_of_run
from nbtui.runs.run_list import RunList
from nbtui.runs.sources import SourceState, changed_files, source_state
from nbtui.trace.model import Trace, TraceError
from nbtui.trace.reading.reader import ReadCancelled, read_trace
from nbtui.trace.text import clean

LARGEST_FAILED = 1 << 26  # bytes; a larger log of a failed run is kept, not read
READING = 120.0  # s that reading a log may take
REFERENCES = "references"  # below the list of runs
_PIECE = 1 << 20

Compare = Callable[[Trace, Trace], Comparison]


@dataclass(frozen=True)
class SuspectRun:
    """The suspect's run, read and compared: the result for every caller.

    Attributes:
        log: its log, which may be missing.
        trace: read from it; None without a trace.
        comparison: with the reference; None without a trace.
        failure: why it cannot be judged, in one line; empty where it can.
    """

    log: MadeLog
    trace: Trace | None
    comparison: Comparison | None
    failure: str


@dataclass(frozen=True)
class Performed:
    """A run that is in the list, and its changes since the run before it."""

    entry: RunEntry
    moved: str  # in one line; empty for the first run
    suspect: SuspectRun
    reference: Reference


def no_output(stream: str, piece: bytes) -> None:
    """Ignore the output of a command."""


def quiet(sentence: str) -> None:
    """Ignore the progress."""


def run_suspect(
    known: KnownCommands,
    reference: Trace,
    folder: Path,
    compare: Compare,
    *,
    heard: Heard = no_output,
    cancel: threading.Event | None = None,
) -> SuspectRun:
    """Run the suspect once, keep its files in ``folder``, and compare its log with ``reference``.

    A command that fails after it has printed a trace is compared as well, but counts as failed.

    Raises:
        UnusableInput: the command text is unusable.
        SimulationFailed: the command cannot be started.
        OSError: a file cannot be written.
        RunStopped: ``cancel`` was set while the log was read.
    """
    made = make_log(known, known.commands.suspect, f"{known.where}suspect", folder, heard, cancel)
    if made.failure and _size(made.path) > LARGEST_FAILED:
        return SuspectRun(made, None, None, made.failure)
    deadline = time.monotonic() + READING

    def too_long() -> bool:
        return (cancel is not None and cancel.is_set()) or time.monotonic() > deadline

    try:
        trace = read_trace(made.path, cancelled=too_long)
    except ReadCancelled:
        if cancel is not None and cancel.is_set():
            raise RunStopped from None
        return SuspectRun(made, None, None, f"its log is not read within {READING:g} s; is it a trace?")
    except TraceError as error:
        return SuspectRun(made, None, None, made.failure or f"no trace in its log: {clean(str(error))}")
    trace = trace if trace.pixel is not None else replace(trace, pixel=known.pixel)
    return SuspectRun(made, trace, compare(reference, trace), made.failure)


def perform(
    known: KnownCommands,
    runs: RunList,
    settings: Settings,
    compare: Compare,
    *,
    heard: Heard = no_output,
    say: Callable[[str], None] = quiet,
    cancel: threading.Event | None = None,
    reference: Reference | None = None,
    again: bool = False,
    diagnose: bool = False,
) -> Performed:
    """One run of a case, added to its list.

    Args:
        reference: the reference, where it is here already.
        again: make the log of the reference again.
        diagnose: name the cause of a divergence.

    Raises:
        UnusableInput, SimulationFailed, TraceError: the commands or the reference are unusable.
        NotWritten: the run cannot be kept.
        RunStopped: ``cancel`` was set.
    """
    found = reference or reference_of_run(
        known, settings, runs.folder / REFERENCES, heard=heard, say=say, cancel=cancel, again=again
    )
    if cancel is not None and cancel.is_set():
        raise RunStopped
    sources = source_state(known.sources, known.sources_base)
    before = next((one for one in reversed(runs.entries()) if one.pixel == known.pixel), None)
    number = runs.begun()
    when = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    try:
        try:
            suspect = run_suspect(known, found.trace, runs.files(number), compare, heard=heard, cancel=cancel)
        except OSError as error:
            raise NotWritten(f"{clean(str(error.filename or runs.folder))}: {error.strerror or error}") from error
        if suspect.log.end.cancelled:
            raise RunStopped
        runs.keep_sources(number, before.number if before is not None else None, sources)
    except BaseException:
        runs.abandoned(number)
        raise
    entry = RunEntry(
        number=number,
        when=when,
        case=known.case.name,
        pixel=known.pixel,
        command=known.commands.suspect,
        status=suspect.log.end.status,
        seconds=round(suspect.log.end.seconds, 3),
        verdict=RunVerdict.FAILED,
        failure=suspect.failure,
        reference=found.origin,
        log_hash=hash_of(suspect.log.path),
        sources=sources.hash,
        changed=_changed(runs, before, sources),
    )
    if suspect.comparison is not None:
        entry = judged(entry, suspect.comparison)
    if diagnose and entry.verdict is RunVerdict.DIVERGES and suspect.trace is not None:
        entry = replace(entry, cause=_cause(known, found.trace, suspect.trace, say, cancel))
    runs.append(entry)
    return Performed(entry, since_before(runs.entries(), entry), suspect, found)


def _cause(
    known: KnownCommands,
    reference: Trace,
    suspect: Trace,
    say: Callable[[str], None],
    cancel: threading.Event | None,
) -> str:
    """The headline of the diagnosis; empty where the run was stopped meanwhile."""
    from nbtui.diagnosis.diagnose import diagnose  # imports the simulator

    def tell(sentence: str) -> None:
        if cancel is not None and cancel.is_set():
            raise RunStopped
        say(sentence)

    try:
        return diagnose(known.case, reference, suspect, tell=tell).headline()
    except RunStopped:
        return ""


def _changed(runs: RunList, before: RunEntry | None, now: SourceState) -> tuple[str, ...]:
    old = runs.sources(before.number) if before is not None else None
    return changed_files(old, now) if isinstance(old, SourceState) else ()


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def hash_of(path: Path) -> str:
    """SHA-256 of a file; empty where it cannot be read."""
    digest = hashlib.sha256()
    try:
        with open_regular(path) as stream:
            while piece := stream.read(_PIECE):
                digest.update(piece)
    except OSError:
        return ""
    return digest.hexdigest()
