"""State of the main screen: one frozen value, and the pure steps between values."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from nbtui.console.main.contributions import Contributions, Place
from nbtui.console.main.freshness import Files
from nbtui.console.main.kept_diagnosis import KeptDiagnosis
from nbtui.console.main.live_causes import LiveCauses
from nbtui.console.main.origin import LogOrigin
from nbtui.console.main.pair import Compared, log_side
from nbtui.console.main.run_work import NO_RUNS, RunWork
from nbtui.errors import INTERRUPTED
from nbtui.live.model import Case, Settings, Simulation
from nbtui.parity.compare import raised
from nbtui.parity.model import Comparison, Row
from nbtui.parity.overview import first_of_stage
from nbtui.parity.standing import in_results
from nbtui.trace.model import Trace
from nbtui.trace.side import SIMULATED_C, C, Pair

if TYPE_CHECKING:
    from nbtui.evidence.history import Entry
    from nbtui.live.parameters.tuning import Tuning
    from nbtui.live.reference import StandIn

Mark = str | Place  # a field by its label, a step by its place
PANES = ("fields", "detail", "steps", "pipeline")


class Phase(Enum):
    """Activity of the live side."""

    READING = "reading the C log"
    SIMULATING = "simulating"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class State:
    """All data of the panes. Replaced, never changed."""

    settings: Settings
    case: Case | None = None
    name: str = ""
    obstacle: str = ""  # why a package without a case cannot be simulated
    opened: bool = False  # from the list of packages, to which quitting goes back
    c_trace: Trace | None = None
    ran: Mapping[tuple[int, int], Trace] = field(default_factory=dict)  # logs of C runs made here, by pixel
    stand_in: StandIn | None = None  # the last simulated reference
    suspect: Trace | None = None  # the user's log
    logs: tuple[Path | None, Path] | None = None  # C's log (None: simulated) and the user's, if named
    origin: LogOrigin = field(default_factory=LogOrigin)  # of the user's log
    shown: Compared = Compared.REFERENCE_LIVE  # the pair compared
    progress: str = ""  # progress of the current job
    comparison: Comparison | None = None  # of the pair shown
    others: Mapping[Compared, Comparison] = field(default_factory=dict)  # of the other pairs, as far as they are made
    causes: LiveCauses | None = None  # on the live side
    simulation: Simulation | None = None
    contributions: Contributions | None = None
    phase: Phase = Phase.READING
    generation: int = 0
    failure: str = ""  # reason why the live side failed, with the remedy
    failure_code: int = 0  # exit code for the failure
    message: str = ""  # last message; shown in the foot line until the next key
    exporting: bool = False
    pane: str = "fields"
    cursor: int = 0  # index into comparison.rows
    top: int = 0  # first row of the field table on the screen, counted among the visible ones
    only_differing: bool = False
    query: str = ""
    searching: bool = False
    phi: int = 0
    domain: int = 0
    block: int = 0
    axis: str = "phi"  # axis of the last step; playing continues along it
    trail: tuple[Place, ...] = ()  # places visited before, latest last
    later: tuple[tuple[str, int], ...] = ()  # steps (axis, by) requested before the contributions are available
    playing: bool = False
    view: str = "shares"  # plot of the contributions, see stepping.VIEWS
    zoomed: bool = False  # the focused pane alone, at any size
    link: int | None = None  # index of the chosen link of the field; None: not chosen
    path: tuple[int, ...] = ()  # rows from which the user followed links, latest last
    marks: tuple[Mark, ...] = ()
    detail_top: int = 0  # first visible line of a long detail
    prompt: str | None = None  # text after ":", None without a prompt
    choice: int = 0  # index of the chosen candidate for the text
    seen: str = ""  # values of the pixel in the two images, if the user came from them
    opened_at: tuple[int, int] | None = None  # pixel at the start; None until the user requests another one
    history: tuple[Entry, ...] | None = None  # packages of the reports folder, oldest first; None: not read
    tuning: Tuning | None = None  # parameters changed on their screen; None: the screen was never opened
    diagnosed: KeptDiagnosis | None = None  # the last diagnosis and its traces
    changed: frozenset[str] = frozenset()  # labels of the second values that the last simulation or reload changed
    changed_c: frozenset[str] = frozenset()  # labels of C values changed by the last reload
    files: Files = field(default_factory=Files)
    runs: RunWork = NO_RUNS

    @property
    def live(self) -> Trace | None:
        """The trace of the live side."""
        return self.simulation.trace if self.simulation is not None else None

    @property
    def c_here(self) -> Trace | None:
        """The C log of the current pixel; a run made here counts before the simulated one of an opened package."""
        own = None if self.elsewhere else self.c_trace
        pixel = self.case.pixel if self.case is not None else None
        ran = self.ran.get(pixel) if pixel is not None else None
        return ran if ran is not None and (own is None or own.simulated) else own

    @property
    def reference(self) -> Trace | None:
        """The C log of the current pixel, else the simulation that stands in for it."""
        if self.c_here is not None:
            return self.c_here
        found = self.stand_in.trace if self.stand_in is not None and self.case is not None else None
        return found if found is not None and self.case is not None and found.pixel == self.case.pixel else None

    @property
    def left(self) -> Trace | None:
        """The side that stands for the reference."""
        return self.suspect if self.shown is Compared.LOG_LIVE else self.reference

    @property
    def right(self) -> Trace | None:
        """The side compared with it."""
        return self.suspect if self.shown is Compared.REFERENCE_LOG else self.live

    @property
    def named(self) -> Pair:
        """The sides of the pair shown."""
        simulated = self.reference is not None and self.reference.simulated
        return self.shown.named(SIMULATED_C if simulated else C, log_side(self.suspect))

    @property
    def has_log(self) -> bool:
        """Whether the user named a log of his own."""
        return self.suspect is not None or self.logs is not None

    @property
    def at_log(self) -> bool:
        """Whether the current pixel is the one of the user's log."""
        if self.case is None or self.opened_at is None:
            return True
        of_log = self.suspect.pixel if self.suspect is not None else None
        return self.case.pixel == (of_log or self.opened_at)

    @property
    def possible(self) -> frozenset[Compared]:
        """The pairs that have both sides here; a log counts for its own pixel only."""
        logs = self.suspect is not None and self.at_log
        sides = {Compared.REFERENCE_LOG: logs, Compared.REFERENCE_LIVE: self.can_simulate}
        sides[Compared.LOG_LIVE] = logs and self.can_simulate
        return frozenset(pair for pair, there in sides.items() if there)

    @property
    def verdict(self) -> Comparison | None:
        """The comparison that the exit code speaks of: your log's, where there is one."""
        wanted = Compared.REFERENCE_LOG if self.has_log else Compared.REFERENCE_LIVE
        return self.comparison if wanted is self.shown else self.others.get(wanted)

    @property
    def with_live(self) -> Comparison | None:
        """The comparison of reference and live."""
        return self.comparison if self.shown is Compared.REFERENCE_LIVE else self.others.get(Compared.REFERENCE_LIVE)

    @property
    def pending(self) -> bool:
        """Whether the second side is missing: the screen shows the first one alone."""
        return self.right is None

    @property
    def rows(self) -> Sequence[Row]:
        return self.comparison.rows if self.comparison else ()

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return self.rows[self.cursor] if 0 <= self.cursor < len(self.rows) else None

    @property
    def place(self) -> Place:
        """Place of the step cursor."""
        return self.block, self.phi, self.domain

    @property
    def pixel(self) -> tuple[int, int] | None:
        """Current pixel, (slow, fast)."""
        if self.simulation is not None:
            return self.simulation.pixel
        if self.case is not None and self.case.pixel is not None:
            return self.case.pixel
        return self.c_trace.pixel if self.c_trace else None

    @property
    def c_pixel(self) -> tuple[int, int] | None:
        """Pixel of C's log, (slow, fast)."""
        if self.c_trace is None:
            return None
        return self.c_trace.pixel or self.opened_at or (self.case.pixel if self.case else None)

    @property
    def elsewhere(self) -> bool:
        """Whether the current pixel differs from the pixel of C's log: the two are not compared."""
        if self.case is None or self.opened_at is None or self.c_pixel is None:
            return False
        return self.case.pixel != self.c_pixel

    @property
    def can_step(self) -> bool:
        return self.contributions is not None

    @property
    def busy(self) -> bool:
        """Whether a job reads, compares or simulates."""
        return self.phase in (Phase.READING, Phase.SIMULATING)

    @property
    def can_simulate(self) -> bool:
        return self.case is not None


def visible(state: State) -> Sequence[int]:
    """Indices of the visible rows of the field table, ascending."""
    if not state.only_differing or state.pending or state.comparison is None:
        return range(len(state.rows))
    return state.comparison.overview.raised


def nearest(rows: Sequence[int], index: int) -> int:
    """Position of the first of these rows at or after ``index``; of the last one if there is none."""
    return min(bisect_left(rows, index), len(rows) - 1)


def inherits(state: State, row: Row) -> str:
    """Label of the differing row upstream of a row; empty without one."""
    if state.comparison is None or not raised(row):
        return ""
    cause = state.comparison.overview.cause(row.order)
    return "" if cause is None else state.rows[cause].label


def reaches(state: State, row: Row) -> bool:
    """Whether the difference of a row reaches the pixel, or is one of its gradients."""
    return state.comparison is not None and in_results(state.comparison, row)


def is_new(state: State, row: Row) -> bool:
    """Whether a difference reaches the pixel and follows from no other one."""
    return raised(row) and reaches(state, row) and not inherits(state, row)


# --- results of the workers --------------------------------------------------------------------------------------


def compared(state: State, comparison: Comparison) -> State:
    """Store a new comparison: the cursor stays on its field, or goes to the first divergence that reaches the pixel."""
    first = state.comparison is None or state.pending
    cursor = None if first or state.row is None else comparison.overview.find(state.row.label)
    if cursor is None:
        cursor = comparison.principal.order if comparison.principal else 0
    return replace(state, comparison=comparison, cursor=cursor)


def failed(state: State, generation: int, sentence: str, code: int) -> State:
    """Record a failure of the live side; keep the previous result."""
    if generation != state.generation:
        return state
    state = replace(state, progress="", later=())
    return replace(
        state, phase=Phase.FAILED, failure=sentence, failure_code=code, message="" if state.pending else sentence
    )


def asked(state: State, settings: Settings) -> State:
    """Request a simulation with ``settings``; every older request becomes stale."""
    generation = state.generation + 1
    return replace(state, settings=settings, generation=generation, phase=Phase.SIMULATING, failure="", progress="")


def stopped(state: State, sentence: str) -> State:
    """Cancel reading or simulation; keep the previous result.

    ``sentence`` is the message if there is no previous result.
    """
    cancelled = replace(state, generation=state.generation + 1, progress="", later=())
    if state.comparison is None or state.pending:
        return failed(cancelled, cancelled.generation, sentence, INTERRUPTED)
    settings = state.simulation.settings if state.simulation else state.settings
    return replace(cancelled, phase=Phase.READY, settings=settings, message="stopped; showing the previous result")


def at_pixel(state: State, pixel: tuple[int, int], seen: str = "") -> State:
    """Request another pixel (slow, fast). A log of the user counts for its own pixel; elsewhere the live side does."""
    assert state.case is not None
    there = replace(state, case=replace(state.case, pixel=pixel), opened_at=state.opened_at or state.case.pixel)
    wanted = Compared.REFERENCE_LOG if there.has_log and there.at_log else Compared.REFERENCE_LIVE
    there = paired(replace(there, causes=None), wanted, there.others.get(wanted, there.comparison))
    return replace(asked(there, state.settings), seen=seen)


def paired(state: State, shown: Compared, comparison: Comparison | None) -> State:
    """Show another pair with its comparison; the present one is kept."""
    if shown is state.shown:
        return state
    kept = {**state.others, **({state.shown: state.comparison} if state.comparison is not None else {})}
    others = {pair: found for pair, found in kept.items() if pair is not shown}
    there = replace(state, shown=shown, others=others, changed=frozenset(), changed_c=frozenset())
    return there if comparison is None else compared(there, comparison)


# --- cursor ------------------------------------------------------------------------------------------------------


def moved(state: State, by: int) -> State:
    """Move the field cursor ``by`` visible rows down; it stops at the ends."""
    shown = visible(state)
    if not shown:
        return state
    here = nearest(shown, state.cursor)
    return replace(state, cursor=shown[max(0, min(len(shown) - 1, here + by))])


def paged(state: State, by: int) -> State:
    """Move by a page of fields; scroll in a long detail."""
    if state.pane == "detail":
        return replace(state, detail_top=max(0, state.detail_top + by))
    return moved(state, by)


def to_end(state: State, last: bool) -> State:
    shown = visible(state)
    return replace(state, cursor=shown[-1 if last else 0]) if shown else state


def to_divergence(state: State, forward: bool) -> State:
    """Move to the next differing row after (before) the cursor; wraps around."""
    nothing = "nothing to compare with yet" if state.pending else "nothing differs"
    return jumped(state, state.comparison.overview.raised if state.comparison else (), forward, nothing)


def to_stage(state: State, by: int) -> State:
    """Move to the first visible row of the next (previous) stage."""
    if state.comparison is None or state.row is None:
        return state
    among = state.only_differing and not state.pending
    first = first_of_stage(state.comparison.overview.tallies, among_raised=among)
    stages = list(first)
    if not stages:
        return state
    here = stages.index(state.row.stage) if state.row.stage in stages else 0
    return replace(state, cursor=first[stages[max(0, min(len(stages) - 1, here + by))]])


def filtered(state: State) -> State:
    """Show only differing rows, or all again; the cursor goes to the nearest visible row."""
    turned = replace(state, only_differing=not state.only_differing)
    shown = visible(turned)
    if not shown:
        return replace(state, message="nothing differs: all fields stay shown")
    below = nearest(shown, state.cursor)
    cursor = min((shown[n] for n in (max(below - 1, 0), below)), key=lambda i: (abs(i - state.cursor), i))
    return replace(turned, cursor=cursor)


def to_pane(state: State, pane: str) -> State:
    """Focus the pane of this name."""
    return replace(state, pane=pane)


def paned(state: State, by: int) -> State:
    """Focus the next pane in the order of the digits."""
    return replace(state, pane=PANES[(PANES.index(state.pane) + by) % len(PANES)])


def exit_code(state: State) -> int:
    """0 agreement or nothing to compare, 1 divergence, 2 or 3 failure without a comparison, 130 interrupted."""
    comparison = state.verdict
    if comparison is not None and not state.pending:
        if comparison.num_compared:
            return 0 if comparison.agrees else 1
        return state.failure_code
    return state.failure_code if state.phase is Phase.FAILED else 130


def jumped(state: State, hits: Sequence[int], forward: bool, nothing: str) -> State:
    """Move to the next (previous) of these rows; wraps around."""
    if not hits:
        return replace(state, message=nothing)
    at = bisect_right(hits, state.cursor) if forward else bisect_left(hits, state.cursor) - 1
    around = not 0 <= at < len(hits)
    message = ("the only one" if len(hits) == 1 else "wrapped around") if around else ""
    return replace(state, cursor=hits[at % len(hits)], message=message)
