"""Jobs of the main screen: read the logs, simulate, compare, list the packages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nbtui.console.jobs import Work
from nbtui.console.main.contributions import Contributions, arrange
from nbtui.console.main.dependencies import repeats_last_step
from nbtui.console.main.freshness import MARKED
from nbtui.console.main.live_causes import LiveCauses
from nbtui.console.main.pair import Compared, log_side
from nbtui.live.c_terms import terms_of_c
from nbtui.live.model import Case, Settings, Simulation, TermTable
from nbtui.parity.compare import compare
from nbtui.parity.model import Comparison
from nbtui.parity.profiles import Profile
from nbtui.trace.model import Trace, TraceError
from nbtui.trace.reading.reader import read_phi, with_phi
from nbtui.trace.side import LIVE, Pair
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.evidence.history import Entry
    from nbtui.live.reference import StandIn

NO_TRACE = Trace(side="?", origin="", records=())


@dataclass(frozen=True)
class Judgement:
    """Settings of the comparison of traces."""

    profile: str
    tolerance: float | None
    profiles: dict[str, Profile]
    allow_partial: bool = False

    def compare(self, c: Trace, py: Trace, work: Work | None = None, named: Pair | None = None) -> Comparison:
        limits = self.profile, self.tolerance, self.profiles
        if work is None:
            return compare(c, py, *limits, named=named, allow_partial=self.allow_partial)
        found = compare(
            c,
            py,
            *limits,
            named=named,
            allow_partial=self.allow_partial,
            progress=work.compared,
            cancelled=work.stopped,
        )
        repeats_last_step(c)  # a million phi lines: build them before painting
        return found


@dataclass(frozen=True)
class LogsRead:
    """Two given logs, read and compared."""

    c: Trace
    py: Trace
    comparison: Comparison
    stand_in: StandIn | None = None  # that c comes from


@dataclass(frozen=True)
class LogRead:
    """The C log, read. ``comparison`` is against an empty side, or the given one."""

    c: Trace
    comparison: Comparison


@dataclass(frozen=True)
class Simulated:
    """A simulation has ended."""

    generation: int
    simulation: Simulation
    made: Mapping[Compared, Comparison]  # with the live side
    contributions: Contributions
    stand_in: StandIn | None = None  # the reference, where no C log is of this pixel


@dataclass(frozen=True)
class Exported:
    """A package was written."""

    path: Path


@dataclass(frozen=True)
class Remembered:
    """Packages of the reports folder, oldest first."""

    history: tuple[Entry, ...]


def remember(reports: Path) -> Remembered:
    """Read every package below ``reports``, with all their fields."""
    from nbtui.evidence.history import history
    from nbtui.evidence.read.folder import find_packages
    from nbtui.evidence.read.package import read_package

    return Remembered(history(read_package(path) for path in find_packages(reports)))


def read_c(path: Path | None, judgement: Judgement, work: Work) -> LogRead:
    """Read the C log of a case; a case without one has an empty C side."""
    c = work.read(path) if path is not None else NO_TRACE
    return LogRead(c, judgement.compare(c, NO_TRACE, work))


def read_suspect(log: Path, phi: Path | None, work: Work) -> Trace:
    """Read the user's log, with its phi lines if they are in a file of their own."""
    trace = work.read(log)
    return trace if phi is None else with_phi(trace, read_phi(phi))


def read_logs(
    logs: tuple[Path | None, Path],
    phi: Path | None,
    judgement: Judgement,
    work: Work,
    case: Case | None,
    settings: Settings,
) -> LogsRead:
    """Read and compare two given logs; without a C log its reference is simulated.

    ``phi``: a file with the phi lines of the second.
    """
    py = read_suspect(logs[1], phi, work)
    if logs[0] is None:
        from nbtui.live.reference import simulated_reference  # imports torch

        assert case is not None
        work.begin("simulating the reference")
        stand_in = simulated_reference(replace(case, pixel=case.pixel or py.pixel), settings)
        return LogsRead(stand_in.trace, py, judgement.compare(stand_in.trace, py, work), stand_in)
    c = work.read(logs[0])
    return LogsRead(c, py, judgement.compare(c, py, work))


@dataclass(frozen=True)
class Origin:
    """Where the reference of a pixel comes from: its C log, else a simulation of ``case``."""

    log: Trace | None
    case: Case
    last: StandIn | None  # the last simulated reference

    def stand_in(self, settings: Settings) -> StandIn | None:
        """The simulated reference; None with a C log."""
        if self.log is not None:
            return None
        from nbtui.live.reference import simulated_reference  # imports torch

        if self.last is not None and self.last.serves(self.case, settings):
            return self.last
        return simulated_reference(self.case, settings)


def simulate_and_compare(
    case: Case,
    settings: Settings,
    generation: int,
    origin: Origin,
    judgement: Judgement,
    work: Work,
    *,
    suspect: Trace | None,
    shown: Compared,
    causes: LiveCauses | None = None,
    made: Simulation | None = None,
) -> Simulated:
    """Simulate the pixel (unless ``made``), compare it, and arrange the contributions beside C's terms.

    It is compared with the reference, and with ``suspect`` where that pair is shown.
    """
    from nbtui.live.session import simulate  # imports torch when called: never before the first paint

    simulation = made or simulate(case, settings)
    if causes is not None:
        from nbtui.diagnosis.imitated import imitated  # numpy replays

        simulation = imitated(causes.imitation, causes.on, simulation)
    stand_in = origin.stand_in(settings)
    c = origin.log or (stand_in.trace if stand_in is not None else NO_TRACE)
    terms, problem = _c_terms(case, c) if stand_in is None else (stand_in.simulation.terms, "")
    contributions = arrange(simulation, terms, problem, c.phi, suspect.phi if suspect is not None else ())
    contributions.prepare()
    live = simulation.trace
    compared: dict[Compared, Comparison] = {}
    if shown is not Compared.REFERENCE_LOG or len(c.records) + len(c.phi) <= MARKED:
        compared[Compared.REFERENCE_LIVE] = judgement.compare(c, live, work)
    if suspect is not None and shown is Compared.LOG_LIVE:
        compared[shown] = judgement.compare(suspect, live, work, (log_side(suspect), LIVE))
    return Simulated(generation, simulation, compared, contributions, stand_in)


def _c_terms(case: Case, c: Trace) -> tuple[TermTable | None, str]:
    """C's terms, or the reason for their absence; an unusable file must not hide the pixel itself."""
    try:
        return terms_of_c(case, c)[0], ""
    except TraceError as error:
        return None, clean(str(error))
