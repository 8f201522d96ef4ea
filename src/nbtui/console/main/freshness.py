"""State of the files of a comparison, and the effect of a change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from nbtui.parity.model import Comparison
from nbtui.parity.render import fields_differing
from nbtui.trace.model import Value
from nbtui.trace.text import clean

MARKED = 20_000  # largest number of rows with marked changes
_NAMED = 3  # files named in one sentence


@dataclass(frozen=True)
class Files:
    """State of the files of a comparison. ``waiting``: to be read again when the current job has ended."""

    frozen: bool = False  # reloading is paused
    waiting: frozenset[Path] = frozenset()
    reading: frozenset[Path] = frozenset()
    read: frozenset[Path] = frozenset()  # read, but not yet compared
    before: Comparison | None = None  # comparison on the screen when the reading began
    gone: frozenset[Path] = frozenset()
    problem: str = ""  # reason why a changed file was not loaded


def names(paths: Iterable[Path]) -> str:
    """``trace_c.log and command.txt``; the rest is a count."""
    known = [clean(path.name) for path in sorted(paths)]
    if len(known) > _NAMED:
        return f"{', '.join(known[: _NAMED - 1])} and {len(known) - _NAMED + 1} more files"
    return " and ".join([", ".join(known[:-1]), known[-1]] if len(known) > 1 else known)


# --- steps -----------------------------------------------------------------------------------------------------------


def changed(files: Files, changed: Iterable[Path], gone: Iterable[Path]) -> Files:
    """Record the result of one check of the files."""
    there, away = frozenset(changed), frozenset(gone)
    return replace(files, waiting=(files.waiting | there) - away, gone=(files.gone | away) - there)


def begun(files: Files, paths: frozenset[Path], before: Comparison | None) -> Files:
    """Start reading these files again."""
    return replace(files, waiting=files.waiting - paths, reading=paths, before=before, problem="")


def interrupted(files: Files) -> Files:
    """Queue the files again that a new request interrupted."""
    return replace(files, waiting=files.waiting | files.reading, reading=frozenset(), before=None)


def differences(before: Comparison, now: Comparison) -> tuple[frozenset[str], frozenset[str]]:
    """Labels of rows with a changed first value, and with a changed second value; a new row counts as changed.

    Empty for a comparison of more than MARKED rows: the search would take longer than reading the log.
    """
    if max(len(before.rows), len(now.rows)) > MARKED:
        return frozenset(), frozenset()
    old = {row.label: row for row in before.rows}
    sides: tuple[set[str], set[str]] = (set(), set())
    for row in now.rows:
        was = old.get(row.label)
        if not _same(row.c_value, was.c_value if was else None):
            sides[0].add(row.label)
        if not _same(row.py_value, was.py_value if was else None):
            sides[1].add(row.label)
    return frozenset(sides[0]), frozenset(sides[1])


def _same(one: Value | None, two: Value | None) -> bool:
    return one == two or (one != one and two != two)  # NaN equals NaN here


def effect(before: Comparison, now: Comparison, c_side: int, py_side: int) -> str:
    """``11 fields differ, 14 before; 3 live values changed; first rot_a_angstroms.x``."""
    names = (side.name for side in now.named)
    counts = [f"{n} {side} value{'s' * (n > 1)}" for n, side in zip((c_side, py_side), names, strict=True) if n]
    few = max(len(before.rows), len(now.rows)) <= MARKED
    if few and not counts:
        return "no value has changed"
    differ, was = fields_differing(now)[0], fields_differing(before)[0]
    fields = f"{differ or 'no'} field{'s' * (differ != 1)} differ{'s' * (differ == 1)}"
    values = f"; {' and '.join(counts)} changed" if counts else ""
    first = f"; first {clean(now.principal.label)}" if now.principal is not None else ""
    return f"{fields}, {'as' if was == differ else was} before{values}{first}"
