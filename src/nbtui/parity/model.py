"""The result of comparing two traces, as frozen values for every front end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

from nbtui.parity.profiles import Profile
from nbtui.trace.fields.field import Stage
from nbtui.trace.model import Value
from nbtui.trace.side import Pair

# beginning of a note: the difference does not affect the image, and the row does not count
FALSE_DIVERGENCE = "known false divergence"
OUTSIDE = "not judged by profile"


class Status(StrEnum):
    """spec/evidence_package.md, Statuses."""

    PASS = "PASS"
    MINOR = "MINOR"
    DIVERGENT = "DIVERGENT"
    CRITICAL = "CRITICAL"
    MISSING = "MISSING"

    def __init__(self, text: str) -> None:
        self.differs = text in {"MINOR", "DIVERGENT", "CRITICAL"}


class Row(NamedTuple):  # a comparison makes hundreds, and tuples are made several times as fast as dataclasses
    """One compared scalar: one component of one occurrence of one field (or of a phi line)."""

    field: str  # canonical name; phi lines are "phi.k_frac" ...
    occurrence: int  # repeated block (sub-pixel/layer) index; phi lines: index of the phi line
    component: str  # "", "x", "y", "z", "h", "k", "l", or "0".."8"
    label: str  # e.g. "rot_a_angstroms[1].y", "phi.k_frac[phi 3]"
    stage: Stage
    unit: str
    description: str
    order: int  # pipeline order
    c_value: Value | None
    py_value: Value | None
    abs_delta: float | None  # py - c
    rel_delta: float | None  # (py - c) / |c|
    ulp: int | None  # distance in float64 units in the last place
    tolerance: float  # relative, of the profile
    status: Status
    note: str = ""  # e.g. "known false divergence: ..."
    of_print: bool = False  # the line was not taken from what made the pixel
    within_single: bool = False  # differs by no more than single precision explains, in logs that show some
    c_line: int = 0  # line of C's log that prints it, 0 where there is none
    py_line: int = 0


class Tally(NamedTuple):
    """The counts of all rows of one component of one field: its blocks, phi steps, sources."""

    field: str
    component: str
    stage: Stage
    judged: bool  # by the profile
    rows: int
    only_c: int  # rows missing in the second trace
    only_py: int
    differing: int
    raised: int  # rows that count as a divergence
    reaching: int  # of these, rows whose difference reaches the pixel
    new: int  # of these, rows without a differing row upstream
    first: int  # index of the first row
    first_differing: int  # -1 without one
    first_raised: int
    first_only_c: int
    first_only_py: int
    worst: int  # index of the raised row with the largest relative difference, -1 without one

    @property
    def both(self) -> int:
        """Rows present on both sides."""
        return self.rows - self.only_c - self.only_py

    @property
    def counted(self) -> int:
        """Rows present on both sides that count."""
        return self.both - (self.differing - self.raised) if self.judged else 0


class Overview(Protocol):
    """Questions to a comparison as a whole, for few rows and for millions. Rows are given by their index."""

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """One tally per component of every field, in the order of their first rows."""

    @property
    def differing(self) -> Sequence[int]:
        """Rows whose status differs, including rows that do not count; ascending."""

    @property
    def raised(self) -> Sequence[int]:
        """Rows that count as a divergence, ascending."""

    @property
    def reaching(self) -> Sequence[int]:
        """Rows that count as a divergence and reach the pixel, ascending."""

    def reaches(self, order: int) -> bool:
        """Whether a row differs and its difference reaches the pixel, judged by the profile or not."""

    @property
    def worst(self) -> int | None:
        """The row with the largest relative difference among those within their tolerance."""

    @property
    def first_new(self) -> int | None:
        """First differing row without a differing row upstream, judged by the profile or not.

        Of the rows that reach the pixel, where there are any.
        """

    def cause(self, order: int) -> int | None:
        """Earliest differing row upstream of a differing row; None for a difference of the print or of precision."""

    def of(self, field: str, component: str | None = None) -> Sequence[int]:
        """Rows of a field, or of one component of it, ascending."""

    def place(self, field: str, occurrence: int, component: str) -> int | None:
        """The row of one component of one occurrence."""

    def find(self, label: str) -> int | None:
        """The row with this label."""

    def matches(self, text: str, *, among_raised: bool = False) -> Sequence[int]:
        """Rows whose label or description contains the text, ignoring case; ascending."""


@dataclass(frozen=True)
class Comparison:
    named: Pair  # the sides compared; their values are c_value and py_value of a row
    rows: Sequence[Row]  # pipeline order
    overview: Overview = field(repr=False, compare=False)  # of these rows
    limits: Profile  # by which the rows were judged
    first_divergence: Row | None
    first_reaching: Row | None  # the first divergence that reaches the pixel
    num_compared: int  # rows present on both sides
    num_divergent: int
    num_missing: int
    findings: tuple[str, ...]  # preflight sentences, most important first
    pixel_c: tuple[int, int] | None
    pixel_py: tuple[int, int] | None
    fields_common: int = 0  # judged fields on both sides
    fields_judged: int = 0  # of these and of those on one side only
    covered: bool = True  # enough of them are on both sides for a verdict
    allow_partial: bool = False  # the user accepts less
    stock: str = ""  # what C's log of a stock build holds, as a sentence without an end; empty for any other log

    @property
    def profile(self) -> str:
        """Name of the tolerance profile."""
        return self.limits.name

    @property
    def tolerance(self) -> float:
        """Relative tolerance of every judged number without a limit of its own."""
        return self.limits.tolerance

    @property
    def too_little(self) -> bool:
        """Whether too few fields are on both sides for agreement."""
        return not (self.covered or self.allow_partial)

    @property
    def agrees(self) -> bool:
        return self.first_divergence is None and self.num_compared > 0 and not self.too_little

    @property
    def principal(self) -> Row | None:
        """The first divergence that reaches the pixel; the first of all where none does."""
        return self.first_reaching or self.first_divergence

    def row(self, field: str, occurrence: int = 0, component: str = "") -> Row | None:
        at = self.overview.place(field, occurrence, component)
        return None if at is None else self.rows[at]
