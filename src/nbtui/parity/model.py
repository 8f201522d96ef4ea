"""The outcome of comparing two traces, as frozen values that every front end renders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from nbtui.trace.model import Value

if TYPE_CHECKING:
    from nbtui.parity.overview import Overview


class Status(StrEnum):
    """spec/evidence_package.md, Statuses."""

    PASS = "PASS"
    MINOR = "MINOR"
    DIVERGENT = "DIVERGENT"
    CRITICAL = "CRITICAL"
    MISSING = "MISSING"

    @property
    def differs(self) -> bool:
        return self in (Status.MINOR, Status.DIVERGENT, Status.CRITICAL)


@dataclass(frozen=True)
class Row:
    """One compared scalar: one component of one occurrence of one field (or of a phi line)."""

    field: str  # canonical name; phi lines are "phi.k_frac" ...
    occurrence: int  # repeated block (sub-pixel/layer) index; phi lines: index of the phi line
    component: str  # "", "x", "y", "z", "h", "k", "l", or "0".."8"
    label: str  # e.g. "rot_a_angstroms[1].y", "phi.k_frac[phi 3]"
    stage: str  # stage id of the catalogue
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
    c_line: int = 0  # line of C's log that prints it, 0 where there is none
    py_line: int = 0


@dataclass(frozen=True)
class Comparison:
    rows: Sequence[Row]  # pipeline order
    overview: Overview = field(repr=False, compare=False)  # of these rows
    profile: str
    tolerance: float
    first_divergence: Row | None
    num_compared: int  # rows that both sides have
    num_divergent: int
    num_missing: int
    findings: tuple[str, ...]  # preflight sentences, most important first
    pixel_c: tuple[int, int] | None
    pixel_py: tuple[int, int] | None

    @property
    def agrees(self) -> bool:
        return self.first_divergence is None and self.num_compared > 0

    def row(self, field: str, occurrence: int = 0, component: str = "") -> Row | None:
        at = self.overview.place(field, occurrence, component)
        return None if at is None else self.rows[at]
