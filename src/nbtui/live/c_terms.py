"""The C program's contributions to the pixel: its terms.csv, or the TRACE_C_TERM lines of its log."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from nbtui.live.model import TERM_COLUMNS, Case, TermTable
from nbtui.regular_file import open_regular_text
from nbtui.trace.columns import TermLines
from nbtui.trace.model import TermRecord, Trace, TraceError
from nbtui.trace.text import clean

FLOATS = ("h", "k", "l", "F_latt", "F_cell", "F_cell2_F_latt2")
INTEGERS = tuple(name for name in TERM_COLUMNS if name not in FLOATS)
SIBLING = "terms.csv"
_LARGEST = 2**53  # index: exact as a float
PACKAGE = "metrics.json"  # a terms.csv beside it is the Python side's


def terms_of_c(case: Case, c: Trace) -> tuple[TermTable | None, str]:
    """C's terms and their source: lines of the log, the case's file, or ``terms.csv`` beside the log.

    Raises:
        TraceError: the file or the lines exist but are unusable.
    """
    if c.terms:
        return _from_lines(c), "the TRACE_C_TERM lines"
    if case.c_terms is not None:
        return read_terms(case.c_terms), clean(case.c_terms.name)
    beside = Path(c.origin).with_name(SIBLING) if Path(c.origin).is_file() else None
    if beside is not None and beside.is_file() and not beside.with_name(PACKAGE).exists():
        return read_terms(beside), f"{SIBLING} beside the C log"
    return None, ""


def _from_lines(c: Trace) -> TermTable:
    lines = c.terms if isinstance(c.terms, TermLines) else _as_columns(c.terms)
    start, values = np.asarray(lines.start, dtype=np.int64), np.asarray(lines.values)
    columns = {name: np.empty(len(lines)) for name in (*INTEGERS, *FLOATS)}
    for keys, positions in zip(lines.kinds, lines.positions, strict=True):
        at = np.asarray(positions, dtype=np.int64)
        for name, column in columns.items() if len(at) else ():
            if name not in keys:
                where = f"{clean(c.origin)}, line {lines.line[positions[0]]}"
                raise TraceError(f"{where}: a TERM line without {name}; print every column")
            column[at] = values[start[at] + keys.index(name)]
    return _table(columns)


def _as_columns(terms: Iterable[TermRecord]) -> TermLines:
    lines = TermLines()
    for term in terms:
        lines.put(term)
    return lines


def _table(columns: dict[str, np.ndarray]) -> TermTable:
    if not all((np.abs(columns[name]) <= _LARGEST).all() for name in INTEGERS):
        raise TraceError(f"a term has an index that is not a number up to {_LARGEST}; make the terms again")
    whole = {name: columns[name].astype(np.int64) for name in INTEGERS}
    return TermTable(**(columns | whole))


def read_terms(path: Path) -> TermTable:
    """C's terms.csv. Raises TraceError that names the file and the line."""
    way_out = "give the terms.csv of the C run, or remove it from the case"
    columns: dict[str, list[float]] = {name: [] for name in (*INTEGERS, *FLOATS)}
    try:
        with open_regular_text(path) as handle:
            reader = csv.DictReader(handle)
            missing = [name for name in columns if name not in (reader.fieldnames or [])]
            if missing:
                raise TraceError(f"{path.name}: no column {missing[0]}; {way_out}")
            for row in reader:
                for name, column in columns.items():
                    column.append(float(row[name]))
    except OSError as error:
        raise TraceError(f"{path.name}: cannot be read ({error.strerror}); {way_out}") from error
    except (TypeError, ValueError, csv.Error) as error:
        line = 2 + len(columns["F_cell2_F_latt2"])
        raise TraceError(f"{path.name}, line {line}: not a row of numbers; {way_out}") from error
    return _table({name: np.asarray(column, dtype=float) for name, column in columns.items()})
