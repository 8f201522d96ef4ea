"""The live side as a log: C's set-up with the causes of a difference applied, and the gap as they are taken away."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from nbtui.diagnosis.hypotheses.record import CauseKind, Variant
from nbtui.diagnosis.replay.replay import replay
from nbtui.diagnosis.replay.setup import PixelSetup
from nbtui.trace.model import Trace

TOTALS = ("I_before_scaling", "I_pixel_final")  # the values whose gap is followed
CLOSE = 1e-4  # relative difference up to which a state is called the log
MOST_ORDERED = 4  # causes for which every order is tried
MOST_TERMS = 8_000_000  # of the replays of one waterfall; with more, the causes keep the order of the diagnosis

Gaps = Mapping[str, float]  # relative gap to the reference, by the names of TOTALS


@dataclass(frozen=True)
class Imitation:
    """What turns the simulation of the reference into the log."""

    base: PixelSetup  # of the command line, as C simulates it
    changes: tuple[Variant, ...]  # in the order in which they apply
    adds: bool  # the base is the user's log, the causes lead to the reference

    @property
    def ids(self) -> tuple[str, ...]:
        """The causes, in the order in which they apply."""
        return tuple(dict.fromkeys(variant.id for variant in self.changes))

    def setup(self, on: Collection[str]) -> PixelSetup:
        """The set-up with these causes."""
        setup = self.base
        for variant in self.changes:
            if variant.id in on:
                setup = variant.change(setup)
        return setup


@dataclass(frozen=True)
class Level:
    """One state of the live side between the log and the reference."""

    cause: str  # taken away (or added) last; empty for the state that imitates the log
    on: frozenset[str]  # causes in effect
    gaps: Gaps


@dataclass(frozen=True)
class Waterfall:
    """The gap from the log to the reference, one cause at a time."""

    log: Gaps  # of the log itself
    simulated: bool  # the log is the live trace, not the user's
    levels: tuple[Level, ...]  # the first imitates the log
    adds: bool  # levels add causes instead of taking them away

    @property
    def names(self) -> tuple[str, str]:
        """What is imitated, and what imitates it."""
        return ("live", "replay") if self.simulated else ("your log", "live")

    @property
    def is_log(self) -> bool:
        """Whether the first level is close enough to be called the log."""
        return self.off <= CLOSE

    @property
    def tells(self) -> bool:
        """Whether the levels say more than the cause: one cause of the live side is its whole gap."""
        return not self.simulated or len(self.levels) > 2

    @property
    def rows(self) -> Sequence[tuple[str, Gaps]]:
        """Every state with its name, the log first."""
        log, made = self.names
        count = len(self.levels[0].on)
        causes = "no cause" if self.adds else {1: "its only cause", 2: "both causes"}.get(count, f"all {count} causes")
        word = "with" if self.adds else "without"
        steps = ((f"{word} {level.cause}", level.gaps) for level in self.levels[1:])
        return ((log, self.log), (f"{made} with {causes}", self.levels[0].gaps), *steps)

    @property
    def falls(self) -> tuple[str, ...]:
        """The causes, in the order of the levels."""
        return tuple(level.cause for level in self.levels[1:])

    @property
    def off(self) -> float:
        """How far the first level is from the log, in the worse of the two values."""
        made = self.levels[0].gaps
        whole = {name: (1.0 + gap, 1.0 + made[name]) for name, gap in self.log.items() if name in made}
        return max((abs(live / log - 1.0) for log, live in whole.values() if log), default=0.0)

    def as_object(self) -> dict[str, object]:
        """For JSON."""
        return {
            "off": self.off,
            "log": dict(self.log),
            "levels": [
                {"cause": level.cause or None, "in_effect": sorted(level.on), "gaps": dict(level.gaps)}
                for level in self.levels
            ],
        }


def waterfall(imitation: Imitation, reference: Trace, log: Trace) -> Waterfall:
    """The levels between ``log`` and ``reference``, in the order in which the gap grows least.

    Causes may compensate each other: then no order lets the gap fall at every level.
    """
    known: dict[frozenset[str], Gaps] = {}

    def gaps(on: frozenset[str]) -> Gaps:
        if on not in known:
            known[on] = _gaps(imitation.setup(on), reference)
        return known[on]

    ids = imitation.ids
    order = _order(imitation, gaps)
    on = frozenset() if imitation.adds else frozenset(ids)
    levels = [Level("", on, gaps(on))]
    for cause in order:
        on = on ^ {cause}
        levels.append(Level(cause, on, gaps(on)))
    return Waterfall(_own_gaps(log, reference), log.simulated, tuple(levels), imitation.adds)


def _order(imitation: Imitation, gaps: Callable[[frozenset[str]], Gaps]) -> Sequence[str]:
    """The causes in the order that lets the gap grow least; those of the print first, which move no pixel."""
    ids = imitation.ids
    if len(ids) > MOST_ORDERED or imitation.base.scene.n_terms * 2 ** len(ids) > MOST_TERMS:
        of_print = {variant.id for variant in imitation.changes if variant.hypothesis.kind is CauseKind.PRINT}
        return sorted(ids, key=lambda cause: cause not in of_print)
    start = frozenset() if imitation.adds else frozenset(ids)

    def rises(order: Sequence[str]) -> tuple[float, float]:
        on, before, up, whole = start, gaps(start), 0.0, 0.0
        for cause in order:
            on = on ^ {cause}
            here = gaps(on)
            up += sum(max(0.0, abs(here[name]) - abs(before[name])) for name in here if name in before)
            whole += sum(map(abs, here.values()))
            before = here
        return up, whole

    return min(permutations(ids), key=rises)


def _gaps(setup: PixelSetup, reference: Trace) -> Gaps:
    with np.errstate(all="ignore"):
        made = replay(setup).fields
    return _relative(((name, float(made[name][-1, 0])) for name in TOTALS if name in made), reference)


def _own_gaps(log: Trace, reference: Trace) -> Gaps:
    return _relative(((name, value) for name in TOTALS if (value := _last(log, name)) is not None), reference)


def _relative(values: Iterable[tuple[str, float]], reference: Trace) -> Gaps:
    """Relative to the reference, where it prints a value other than zero."""
    ours = {name: _last(reference, name) for name in TOTALS}
    return {name: (value - c) / abs(c) for name, value in values if (c := ours[name])}


def _last(trace: Trace, name: str) -> float | None:
    records = trace.all(name)
    value = records[-1].values[0] if records and records[-1].values else None
    return float(value) if isinstance(value, int | float) else None
