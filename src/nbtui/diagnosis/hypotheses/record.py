"""A hypothesis: one way in which two implementations come apart, as one record.

A record holds all that nbtui knows of one cause: how it is named and explained, the forms in which it can be simulated,
where C's log shows it, and what the live side changes to correct it. The records stand in the modules of this package,
one per group of hypotheses.md; ``catalogue`` lists them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from nbtui.diagnosis.hypotheses.changes import Change
from nbtui.diagnosis.hypotheses.log_lines import Evidence, nothing
from nbtui.diagnosis.replay.setup import PixelSetup
from nbtui.live.model import Case
from nbtui.live.scene import Scene
from nbtui.trace.model import Trace


@dataclass(frozen=True)
class Problem:
    """What the forms are made for: the case, C's set-up of it, and the trace to be explained."""

    case: Case
    base: PixelSetup
    reference: Trace
    suspect: Trace
    explains_c: bool = False  # the C log is the suspect: it does not follow from the base
    follows: bool = True  # the reference follows from the base

    @property
    def scene(self) -> Scene:
        return self.base.scene

    @property
    def workdir(self) -> Path:
        return self.case.workdir

    @property
    def may_begin_thread(self) -> bool:
        """Whether the C program may have reached the pixel as the first one of an OpenMP thread, but not of the run.

        Such a pixel has fresh vectors at phi = 0 (nanobragg_pixel_loop.md section 3.3).
        """
        options = self.scene.options
        first = max(options.roi[0], 0) if options.roi is not None else 0
        leftmost = self.scene.pixel[1] <= first or options.mask_file is not None or options.dmin_a > 0.0
        return leftmost and not self.scene.first_pixel


@dataclass(frozen=True)
class Form:
    """One form of a hypothesis. ``price`` [bits] is what it costs beyond the usual."""

    name: str
    change: Change
    price: float = 0.0
    options: tuple[tuple[str, Any], ...] = ()  # the same change as fields of the simulator's Options
    rebuilds: bool = False  # makes the set-up again: applies before every other change
    quirks: tuple[tuple[str, bool], ...] = ()  # the same change as switches of the simulator
    flag: str = ""  # of the command line that the change is about, in a hypothesis about any flag


Forms = Callable[[Problem], Iterable[Form]]
PER_DIGIT = math.log2(10.0)  # bits


def number_price(value: float) -> float:
    """Bits that a number taken from the suspect costs: its digits, so that only a round one is evidence."""
    digits = f"{abs(value):.12e}".partition("e")[0].replace(".", "").rstrip("0")
    return PER_DIGIT * max(0, len(digits) - 1)


class CauseKind(StrEnum):
    """What a cause changes."""

    SIMULATION = "simulation"  # the pixel
    PRINT = "print"  # trace lines only
    PRECISION = "precision"  # digits


@dataclass(frozen=True)
class NoticeMeaning:
    """A message of the C program that bears on the cause."""

    text: str  # part of the message
    meaning: str  # for parity, as a sentence
    bits: float = 0.0  # off the price of the hypothesis when a log has the message


@dataclass(frozen=True)
class DecisiveSetting:
    """A field of the live side's Settings that decides the matter."""

    name: str
    as_c: str
    otherwise: str | None = None  # None: C's behavior is not given up to imitate a C log


def no_forms(problem: Problem) -> Iterator[Form]:
    """Forms that only the search can make, from the compared rows."""
    return iter(())


@dataclass(frozen=True)
class Hypothesis:
    """One cause. The ids are those of hypotheses.md and part of the output."""

    id: str
    sentence: str
    confirm: str  # what to look for in the C log
    fix: str  # what corrected it in ports that had it
    forms: Forms = no_forms
    evidence: Evidence = nothing  # lines of the C log that show it
    kind: CauseKind = CauseKind.SIMULATION
    notice: NoticeMeaning | None = None
    quirks: tuple[str, ...] = ()  # the simulator's switches for it: on as in C
    setting: DecisiveSetting | None = None
    own_lines: tuple[str, ...] = ()  # the only lines it changes: explained before anything else

    def variant(self, form: Form) -> Variant:
        """The hypothesis in one of its forms."""
        return Variant(self, form)

    def variants(self, problem: Problem) -> Iterator[Variant]:
        """The hypothesis in every form that the case allows."""
        return map(self.variant, self.forms(problem))


@dataclass(frozen=True)
class Variant:
    """A hypothesis in one of its forms: what a search replays."""

    hypothesis: Hypothesis
    form: Form

    @property
    def id(self) -> str:
        return self.hypothesis.id

    @property
    def name(self) -> str:
        """The id, with the flag of a hypothesis about any flag: two flags are two causes."""
        return f"{self.id} {self.form.flag}" if self.form.flag else self.id

    @property
    def label(self) -> str:
        """Id and form, for the user."""
        return f"{self.id}: {self.form.name}" if self.form.name else self.id

    @property
    def price(self) -> float:
        return self.form.price

    def change(self, setup: PixelSetup) -> PixelSetup:
        """``setup`` with this fault."""
        return self.form.change(setup)
