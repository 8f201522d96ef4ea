"""The result of a suite as text: the findings, then one line for every case."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nbtui.diagnosis.hypotheses.catalogue import CATALOGUE
from nbtui.parity.percent import percent
from nbtui.sweep.findings import SweepFinding
from nbtui.sweep.rows import Answer, SweepRow
from nbtui.sweep.smallest import Smallest
from nbtui.sweep.sweep import Swept
from nbtui.trace.text import clean

NARROWEST = 60  # columns
HEAD = ("case", "finding", "pixel", "gap", "image", "first divergence")
_LONGEST_NAME = 28
_LEAST = 10  # columns of the first and the last cell
_PLURALS = {Answer.AGREES: "agree", Answer.DIVERGES: "diverge"}
_STATUS = re.compile(r"exit status [\dN]+: ")
_REST = "Not explained: "  # begins the part of a diagnosis that no cause covers
_ORDER = (Answer.DIVERGES, Answer.CRASHED, Answer.HUNG, Answer.NO_TRACE, Answer.REFUSED, Answer.NO_IMAGE, Answer.AGREES)


@dataclass(frozen=True)
class CaseLine:
    """One case of a suite.

    Attributes:
        case: its name.
        rows: its rows.
        findings: numbers of the findings that it belongs to, from 1.
    """

    case: str
    rows: tuple[SweepRow, ...]
    findings: tuple[int, ...]

    @property
    def answer(self) -> Answer:
        """The worst verdict of its rows."""
        return min((row.answer for row in self.rows), key=_rank)

    @property
    def trace(self) -> SweepRow | None:
        """Its trace: the first one that diverges, else the first one."""
        traces = [row for row in self.rows if row.check == "trace"]
        return min(traces, key=lambda row: _rank(row.answer), default=None)

    @property
    def image(self) -> SweepRow | None:
        """Its image."""
        return next((row for row in self.rows if row.check == "image"), None)

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells of HEAD; in place of a first divergence the sentence of another failure."""
        trace, image = self.trace, self.image
        worst = min((row for row in self.rows if row.detail), key=lambda row: _rank(row.answer), default=None)
        pixel = trace.pixel if trace is not None else None
        number = trace if trace is not None and trace.answer.judged else None
        first = number.first if number is not None else ""
        if not first and worst is not None:
            first = f"{self.answer}: {_STATUS.sub('', worst.detail)}"
        return (
            self.case,
            " ".join(map(str, self.findings)),
            f"{pixel[0]} {pixel[1]}" if pixel is not None else "-",
            percent(number.gap) if number is not None and number.gap is not None else "-",
            _image_cell(image),
            first if self.answer is not Answer.AGREES else "agrees",
        )


def _rank(answer: Answer) -> int:
    return _ORDER.index(answer) if answer in _ORDER else len(_ORDER)


def _image_cell(row: SweepRow | None) -> str:
    if row is None or not row.answer.judged:
        return "-" if row is None or row.answer is not Answer.NO_IMAGE else "none"
    if row.answer is Answer.AGREES:
        return "agrees"
    return f"{row.differing:,} px" if row.differing else "differs"


def case_lines(swept: Swept) -> tuple[CaseLine, ...]:
    """One line for every case, wrong numbers first, then in the order of the suite."""
    numbers: dict[str, list[int]] = {}
    for number, found in enumerate(swept.found, start=1):
        for one in found.members:
            numbers.setdefault(one.row.case, []).append(number)
    rows: dict[str, list[SweepRow]] = {}
    for row in swept.rows:
        rows.setdefault(row.case, []).append(row)
    lines = [CaseLine(case, tuple(own), tuple(dict.fromkeys(numbers.get(case, ())))) for case, own in rows.items()]
    return tuple(sorted(lines, key=lambda line: _rank(line.answer)))


def case_counts(lines: Sequence[CaseLine]) -> str:
    """How many cases agree, diverge, are refused and so on."""
    answers = [line.answer for line in lines]
    counts = [(answers.count(one), one) for one in Answer if one in answers]
    words = (f"{count} {_PLURALS.get(one, one) if count > 1 else one}" for count, one in counts)
    return f"{len(lines)}: {', '.join(words)}"


def suite_lines(swept: Swept, width: int, notes: Mapping[str, str]) -> Iterator[str]:
    """The findings, numbered, and the table of cases; no line is longer than ``width`` (at least NARROWEST).

    ``notes``: a last sentence on a finding, by its group.
    """
    width = max(width, NARROWEST)
    for number, found in enumerate(swept.found, start=1):
        yield from _finding_lines(number, found, swept.smallest.get(found.group), notes.get(found.group, ""), width)
    if swept.found:
        yield ""
    cells = [HEAD, *(tuple(map(clean, line.cells)) for line in case_lines(swept))]
    sizes = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
    free = width - sum(sizes[1:-1]) - 2 * (len(HEAD) - 1)
    sizes[0] = max(_LEAST, min(sizes[0], _LONGEST_NAME, free - _LEAST))
    sizes[-1] = max(1, free - sizes[0])
    for row in cells:
        yield "  ".join(fitted(cell, size) for cell, size in zip(row, sizes, strict=True)).rstrip()


def _finding_lines(number: int, found: SweepFinding, smallest: Smallest | None, note: str, width: int) -> Iterator[str]:
    cases = len({one.row.case for one in found.members})
    facts = f"{cases} case{'s' * (cases != 1)}"
    if found.worst_gap is not None and any(len(one.groups) == 1 for one in found.members):
        facts += f", worst gap {percent(found.worst_gap)}"
    facts += f", {'such as ' * (cases > 1)}{clean(found.simplest.row.case)}"
    head = f"{number:2}  {_STATUS.sub('', clean(found.group))}: {facts}"
    yield from textwrap.wrap(head, width, subsequent_indent="    ")
    if found.answer is Answer.DIVERGES:
        words = " ".join((*cause_words(found), *named_words(smallest)))
        for text in (words, note):
            yield from textwrap.wrap(text, width, initial_indent="    ", subsequent_indent="    ")


def cause_words(found: SweepFinding) -> tuple[str, ...]:
    """The cause of a finding, and its remedy; of an unknown cause what no known one explains."""
    cause = CATALOGUE.get(found.group.split()[0])
    if cause is not None:
        return cause.sentence, cause.fix
    _, unexplained, rest = clean(found.sentence).partition(_REST)
    return (f"{unexplained}{rest}" if rest else clean(found.sentence),)


def named_words(smallest: Smallest | None) -> tuple[str, ...]:
    """The cause of an unknown finding where a diagnosis of its smallest command line names one."""
    return (f"Named on its smallest command line: {clean(smallest.named)}",) if smallest and smallest.named else ()


def fitted(text: str, size: int) -> str:
    """A cell of ``size`` columns, a longer text cut."""
    return text.ljust(size) if len(text) <= size else f"{text[: size - 1]}…"
