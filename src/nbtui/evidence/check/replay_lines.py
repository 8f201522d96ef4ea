"""Lines of a package against the lines that the simulator writes again, number by number."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile, zip_longest
from pathlib import Path
from typing import TextIO

from nbtui.evidence.check.finding import SHOWN
from nbtui.evidence.read.folder import regular_size
from nbtui.regular_file import open_regular_text

_BETWEEN = re.compile(r"([\s,=:;\[\]]+)")  # two numbers
_INSIDE = re.compile(r"[\s;\[\]]+")  # a vector or matrix
_LONGEST = 1 << 16  # characters of a line that a package of ours may hold
_SHOWN_WIDTH = 100  # characters of a line in a sentence


@dataclass(frozen=True)
class LineDifferences:
    """The outcome for one file.

    Attributes:
        sentences: the first lines that differ by more than rounding.
        count: number of such lines.
        rounding: largest relative difference in the other lines; 0 if they are the same to the last digit.
    """

    sentences: tuple[str, ...] = ()
    count: int = 0
    rounding: float = 0.0


def compare_file(path: Path, expected: Iterable[str], tolerance: float, first_line: int = 1) -> LineDifferences:
    """A file against the expected lines, the first of which is line ``first_line`` of the file.

    ``tolerance``: relative difference of two numbers that counts as rounding.
    """
    if regular_size(path) is None:
        return LineDifferences((f"{path.name} is not a readable file",), 1)
    try:
        with open_regular_text(path, "\n") as stream:
            for _ in range(first_line - 1):
                stream.readline(_LONGEST)
            recorded = (line.removesuffix("\n") for line in _lines_of(stream))
            return _compare(recorded, expected, tolerance, first_line)
    except OSError as error:
        return LineDifferences((f"{path.name} cannot be read: {error.strerror or error}",), 1)


def header_lines(path: Path, mark: str) -> int:
    """The number of lines at the head of a file that begin with ``mark``."""
    if regular_size(path) is None:
        return 0
    try:
        with open_regular_text(path, "\n") as stream:
            return sum(1 for _ in takewhile(lambda line: line.startswith(mark), _lines_of(stream)))
    except OSError:
        return 0


def relative_difference(old: str, new: str) -> float:
    """The largest relative difference of two lines that differ in numbers only; otherwise infinite.

    The components of a vector or matrix share the scale of the largest one.
    """
    if old == new:
        return 0.0
    words, others = _BETWEEN.split(old), _BETWEEN.split(new)
    if len(old) > _LONGEST or len(words) != len(others):
        return math.inf
    scales = _scales(others)
    return max((_apart(*pair) for pair in zip(words, others, scales, strict=True)), default=0.0)


def _lines_of(stream: TextIO) -> Iterator[str]:
    return iter(partial(stream.readline, _LONGEST), "")


def _scales(words: Sequence[str]) -> list[float]:
    """For each word of a line (numbers, and the text between them) the size of the largest number beside it."""
    found = [0.0] * len(words)
    begin = 0
    for at, word in enumerate((*words, "")):
        if at == len(words) or not (math.isfinite(_value(word)) or _INSIDE.fullmatch(word)):
            largest = max(map(_size, words[begin:at]), default=0.0)
            found[begin:at] = [largest] * (at - begin)
            begin = at + 1
    return found


def _apart(old: str, new: str, scale: float) -> float:
    """Relative difference of two words: 0 for equal ones, infinite where one of them is no finite number."""
    if old == new:
        return 0.0
    one, other = _value(old), _value(new)
    if not (math.isfinite(one) and math.isfinite(other)):
        return math.inf
    return 0.0 if one == other else abs(one - other) / max(abs(one), abs(other), scale)


def _value(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return math.nan


def _size(word: str) -> float:
    size = abs(_value(word))
    return size if math.isfinite(size) else 0.0


def _compare(recorded: Iterable[str], expected: Iterable[str], tolerance: float, first: int) -> LineDifferences:
    found: list[str] = []
    count, rounding = 0, 0.0
    for at, (old, new) in enumerate(zip_longest(recorded, expected), start=first):
        apart = math.inf if old is None or new is None else relative_difference(old, new)
        if apart <= tolerance:
            rounding = max(rounding, apart)
            continue
        count += 1
        if len(found) < SHOWN:
            found.append(f"line {at}: {_shown(old)} recorded, the simulation gives {_shown(new)}")
    return LineDifferences(tuple(found), count, rounding)


def _shown(line: str | None) -> str:
    if line is None:
        return "nothing"
    return f"'{line}'" if len(line) <= _SHOWN_WIDTH else f"'{line[:_SHOWN_WIDTH]}...'"
