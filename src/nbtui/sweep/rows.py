"""Rows of a sweep: the verdict on one command line, as one line of JSON each in a file that only grows."""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from nbtui.errors import NotWritten, UnusableInput
from nbtui.regular_file import open_regular
from nbtui.sweep.axes import Choice
from nbtui.trace.text import clean

FORMAT = 1
ROWS = "rows.jsonl"
LOGS = "port_logs"  # folder of the logs of diverging rows, as KEY.log


NOT_A_ROW = (LookupError, TypeError, ValueError, OverflowError)  # errors of from_object
_TEXTS = ("key", "case", "check", "detail", "first", "stage")


class Answer(StrEnum):
    """The verdict on one command line."""

    AGREES = "agrees"
    DIVERGES = "diverges"
    REFUSED = "refused"  # by the port, with an exit status and without a traceback
    CRASHED = "crashed"  # a traceback, or a signal
    HUNG = "hung"  # the time limit passed
    NO_TRACE = "no trace"  # an exit status of 0 and nothing to compare
    NO_IMAGE = "no image"
    NO_GRADIENTS = "no gradients"  # none to judge in the log
    NO_REFERENCE = "no reference"  # the command line is unusable for the reference

    @property
    def judged(self) -> bool:
        """Whether the port's numbers were compared."""
        return self in (Answer.AGREES, Answer.DIVERGES)

    @property
    def fails(self) -> bool:
        """Whether the port is at fault."""
        return self not in (Answer.AGREES, Answer.NO_REFERENCE)


@dataclass(frozen=True)
class SweepRow:
    """One command line with its verdict.

    Attributes:
        key: hash of everything that the verdict depends on.
        case: name of the base command.
        check: of CHECKS.
        changes: axis and words of every choice, in order.
        command: flags of the case, without the pixel.
        pixel: (slow, fast), of a differing image the worst one; None where none was found.
        detail: a sentence on a failure; empty for a comparison.
        first: label of the first divergence that reaches the pixel.
        stage: its stage.
        roots: fields that differ without a differing input, or parameters with wrong derivatives.
        gap: (port - reference) / abs(reference) of I_pixel_final, or of the sum of an image.
        differing: fields, pixels or derivatives that differ.
        shared: fields, pixels or derivatives on both sides.
        seconds: of the port.
    """

    key: str
    case: str
    check: str
    changes: tuple[tuple[str, tuple[str, ...]], ...]
    command: tuple[str, ...]
    pixel: tuple[int, int] | None
    answer: Answer
    detail: str = ""
    first: str = ""
    stage: str = ""
    roots: tuple[str, ...] = ()
    gap: float | None = None
    differing: int = 0
    shared: int = 0
    seconds: float = 0.0

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The choices in the base command."""
        return tuple(Choice(axis, words) for axis, words in self.changes)


def changes_of(choices: Iterable[Choice]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Choices as a row keeps them."""
    return tuple((choice.axis, choice.words) for choice in choices)


def to_object(row: SweepRow) -> dict[str, Any]:
    """A row as a JSON object; a gap that is not finite is text."""
    gap = row.gap if row.gap is None or math.isfinite(row.gap) else str(row.gap)
    return {"format": FORMAT, **vars(row), "gap": gap}


def to_line(row: SweepRow) -> str:
    """A row as one line of JSON."""
    return json.dumps(to_object(row), allow_nan=False)


def from_object(content: Mapping[str, Any]) -> SweepRow:
    """A row from its JSON object. Raises one of NOT_A_ROW for any other."""
    known = {item.name for item in fields(SweepRow)}
    values = {name: value for name, value in content.items() if name in known}
    pixel, gap = values["pixel"], values.get("gap")
    values.update({name: str(values[name]) for name in _TEXTS if name in values})
    values.update({name: int(values[name]) for name in ("differing", "shared") if name in values})
    values.update(
        seconds=float(values.get("seconds", 0.0)),
        changes=tuple((str(axis), tuple(map(str, words))) for axis, words in values["changes"]),
        command=tuple(map(str, values["command"])),
        pixel=None if pixel is None else (int(pixel[0]), int(pixel[1])),
        answer=Answer(values["answer"]),
        roots=tuple(map(str, values.get("roots", ()))),
        gap=None if gap is None else float(gap),
    )
    return SweepRow(**values)


@dataclass(frozen=True)
class RowFile:
    """The rows of a sweep on disk. A killed writer leaves at most one damaged line, which reading skips."""

    path: Path

    def read(self) -> Iterator[SweepRow]:
        """All rows in the order of writing; those of a key that occurs twice once.

        Raises:
            UnusableInput: the file cannot be read.
        """
        seen: set[str] = set()
        for content in objects_in(self.path):
            try:
                row = from_object(content)
            except NOT_A_ROW:
                continue
            if row.key not in seen:
                seen.add(row.key)
                yield row

    def append(self, rows: Iterable[SweepRow]) -> None:
        """Add rows at the end. Raises NotWritten."""
        append_lines(self.path, map(to_line, rows))


def objects_in(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects in the lines of a file, damaged lines skipped; none without a file.

    Raises:
        UnusableInput: the file cannot be read.
    """
    try:
        with open_regular(path) as stream:
            for line in stream:
                with contextlib.suppress(ValueError):
                    content = json.loads(line)
                    if isinstance(content, dict):
                        yield content
    except FileNotFoundError:
        return
    except OSError as error:
        raise UnusableInput(f"{clean(str(path))}: cannot be read ({error.strerror})") from error


def append_lines(path: Path, lines: Iterable[str]) -> None:
    """Add whole lines at the end of a file, also beside other writers.

    Raises:
        NotWritten: the file cannot be written.
    """
    text = "".join(f"{line}\n" for line in lines)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            end = file.seek(0, 2)
            file.seek(max(0, end - 1))
            cut = end > 0 and file.read(1) != b"\n"  # of a writer that was killed
            file.write(b"\n" * cut + text.encode("utf-8", "replace"))
    except OSError as error:
        raise NotWritten(f"{clean(str(path))}: {error.strerror or error}") from error
