"""The contents of a trace log as frozen values, independent of the origin of the trace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Value = float | int | str
TraceSide = Literal["C", "PY", "?"]  # ? when the log does not say
LineSide = Literal["", "C", "PY"]  # empty for lines without a tag
PairsKind = Literal["phi", "term"]
NoticeKind = Literal[
    "warning",
    "convention",
    "pivot",
    "hkl",
    "sources",
    "mosaic",
    "wavelength",
    "fluence",
    "oversample",
    "info",
    "prose",
    "dtype",
]


@dataclass(frozen=True)
class Record:
    """One named trace value.

    ``occurrence`` counts repetitions of the same name in this trace from 0: with oversampling or
    absorption layers the block from ``pix0_vector_meters`` to ``F_cell`` repeats.
    """

    name: str  # canonical (aliases of the catalogue resolved)
    raw_name: str  # as printed
    values: tuple[Value, ...]
    occurrence: int
    line: int  # 1-based line in the log; 0 for a live trace
    text: str  # the raw line, cleaned of control characters


@dataclass(frozen=True)
class PhiRecord:
    """One TRACE_*_PHI line."""

    values: dict[str, float]  # phi_tic, phi_deg, k_frac, F_latt_b, F_latt, ...
    occurrence: int  # number of earlier lines with this phi_tic
    line: int
    text: str

    @property
    def phi_tic(self) -> int:
        return int(self.values.get("phi_tic", -1))


@dataclass(frozen=True)
class TermRecord:
    """One TRACE_*_TERM line: a contribution, keys as the columns of terms.csv."""

    values: dict[str, float]
    line: int


@dataclass(frozen=True)
class Notice:
    """A plain line of the log that settles a preflight question."""

    kind: NoticeKind
    text: str
    line: int


@dataclass(frozen=True)
class Trace:
    """Everything read from one trace, in emission order."""

    side: TraceSide
    origin: str  # path, or "live"
    records: Sequence[Record]
    phi: Sequence[PhiRecord] = ()
    terms: Sequence[TermRecord] = ()
    notices: tuple[Notice, ...] = ()
    unknown: tuple[tuple[int, str], ...] = ()  # (line, cleaned text) of unrecognized TRACE_* lines
    pixel: tuple[int, int] | None = None  # (slow, fast)
    runs: int = 1  # program runs in the log; the trace is the last complete one, with a notice
    sha256: str = ""  # of the normalised trace lines
    simulated: bool = False  # by our simulator, not read from a log
    printout: Sequence[Record] = ()  # of a live trace: C's -printout block, for a comparison with a stock build

    def all(self, name: str) -> Sequence[Record]:
        """Every occurrence of a canonical name."""
        named = getattr(self.records, "named", None)  # columns index their names
        if named is not None:
            found: Sequence[Record] = named(name)
            return found
        return tuple(record for record in self.records if record.name == name)

    def names(self) -> Iterator[str]:
        """The canonical name of every record, in emission order."""
        kept = getattr(self.records, "names", None)
        if kept is not None:
            found: Iterator[str] = kept()
            return found
        return (record.name for record in self.records)


class TraceError(Exception):
    """An unusable log; the message names the file (and line) and a remedy. Exit code 2."""
