"""Folders of sweeps made by hand: a record, rows, their causes and smallest command lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from nbtui.sweep.explain import Explained
from nbtui.sweep.kept import KeptResults
from nbtui.sweep.record import BaseCommand, SweepRecord, write_record
from nbtui.sweep.rows import LOGS, ROWS, Answer, RowFile, SweepRow
from nbtui.sweep.smallest import Smallest

BASE = ("-cell", "40", "50", "60", "90", "90", "90", "-default_F", "100")
SUSPECT = "python port.py {command}"


def row(
    number: int, *flags: str, answer: Answer = Answer.DIVERGES, gap: float | None = -0.1, detail: str = ""
) -> SweepRow:
    """Row ``number`` of a sweep, with a value of 1 for each flag."""
    return SweepRow(
        key=f"{number:024d}",
        case="base",
        check="trace",
        changes=tuple((flag, (flag, "1")) for flag in flags),
        command=(*BASE, *(word for flag in flags for word in (flag, "1"))),
        pixel=(3, 4),
        answer=answer,
        detail=detail,
        first="rot_a_angstroms.x" if answer is Answer.DIVERGES else "",
        stage="Crystal" if answer is Answer.DIVERGES else "",
        roots=("rot_a_angstroms",) if answer is Answer.DIVERGES else (),
        gap=gap if answer.judged else None,
    )


def record(planned: int, command: Sequence[str] = BASE, suspect: str = SUSPECT, *, hunt: bool = False) -> SweepRecord:
    """The record of a sweep whose rows are 0, 1, ..."""
    return SweepRecord(
        port=suspect,
        reference="nbsim as stock C",
        bases=(BaseCommand("base", tuple(command), "/", suspect),),
        hunt=hunt,
        suite=False,
        mode="pairwise",
        number=200,
        seed=1,
        checks=("trace",),
        c_program="stock",
        keys=tuple((f"{number:024d}",) for number in range(planned)),
    )


def add_rows(folder: Path, rows: Iterable[SweepRow]) -> None:
    """Add rows, with a log of each that diverges."""
    listed = list(rows)
    RowFile(folder / ROWS).append(listed)
    (folder / LOGS).mkdir(exist_ok=True)
    for one in listed:
        if one.answer is Answer.DIVERGES:
            (folder / LOGS / f"{one.key}.log").write_text("TRACE_PY: lambda_meters 1.2e-10\n", encoding="utf-8")


def add_cause(folder: Path, one: SweepRow, cause: str, sentence: str = "the cause in words") -> None:
    """Add the cause of a row."""
    KeptResults(folder).keep_explained(Explained(one, (cause,), True, sentence))


def add_smallest(folder: Path, one: SweepRow, cause: str, *words: str) -> None:
    """Add the smallest command line of a finding."""
    KeptResults(folder).keep_smallest(Smallest(cause, one.key, one, words, 7, ""))


def finished_sweep(folder: Path, name: str = "first.sweep") -> Path:
    """A finished sweep: two causes, one refused flag, one agreement."""
    place = folder / name
    write_record(record(5), place)
    rows = (
        row(0, answer=Answer.AGREES),
        row(1, "-phi"),
        row(2, "-misset", gap=-0.3),
        row(3, "-phi", "-misset", gap=0.2),
        row(4, "-twotheta", answer=Answer.REFUSED, detail="exit status 1: -twotheta is not ported yet"),
    )
    add_rows(place, rows)
    for one, cause in ((rows[1], "phi_carryover"), (rows[2], "misset_order"), (rows[3], "misset_order")):
        add_cause(place, one, cause)
    add_smallest(place, rows[1], "phi_carryover", "-phi", "1")
    add_smallest(place, rows[2], "misset_order", "-misset", "1")
    add_smallest(place, rows[4], "refused: exit status N: -twotheta is not ported yet", "-twotheta", "1")
    return place


def write_case(folder: Path, name: str, *words: str) -> Path:
    """A case folder of a finding, with the port's log."""
    place = folder / "findings" / name
    place.mkdir(parents=True)
    (place / "command.txt").write_text(f"nanoBragg {' '.join(words)} -trace_pixel 3 4\n", encoding="utf-8")
    (place / "port.log").write_text("TRACE_PY: lambda_meters 1.2e-10\n", encoding="utf-8")
    return place
