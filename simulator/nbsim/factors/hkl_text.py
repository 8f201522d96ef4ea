"""The text of ``-hkl``: rows ``h k l F``, read as the C program reads them, and notices of rows that it ignores.

Source: nanobragg_setup.md section 5.1 (quirk S24).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path

import numpy as np

from nbsim.c_numbers import without_comments
from nbsim.errors import InputError
from nbsim.factors.plain_rows import Floats, Whole, plain_rows
from nbsim.memory import check_memory
from nbsim.options.quirks import Quirks
from nbsim.regular_file import open_regular

LARGEST_F = 1e60  # its square is still finite
_COLUMNS = 4
_LARGEST_INDEX = 2**31 - 1
_PER_BYTE = 40  # bytes of memory per byte of a text, while its words are taken apart
_SKIP_COMMENTS = "'--quirk comments_as_data=off', in Python quirks={'comments_as_data': False}, skips comments"


@dataclass(frozen=True)
class Rows:
    """Rows of a text."""

    indices: Whole  # (n, 3)
    values: Floats  # F (n,)
    used: int  # of the n rows; the others only extend the box
    notices: list[str]


def read_rows(path: Path, quirks: Quirks) -> Rows:
    """The rows of a text file of ``h k l F``, one at least.

    Raises:
        InputError: unreadable, or without a single valid row.
    """
    try:
        with open_regular(path) as stream:
            check_memory(_PER_BYTE * os.fstat(stream.fileno()).st_size, f"-hkl {path}: reading it")
            data = stream.read()
    except OSError as error:
        raise InputError(f"-hkl {path}: cannot be read ({error.strerror})") from error
    plain = plain_rows(data)
    if plain is not None and (np.abs(plain[1]) <= LARGEST_F).all():
        return Rows(plain[0].T, plain[1], len(plain[1]), [])
    return rows_of_words(data, path, quirks)


def rows_of_words(data: bytes, path: Path, quirks: Quirks) -> Rows:
    """:func:`read_rows` of a text of any form; ``path`` is named in messages.

    Raises:
        InputError: without a single valid row.
    """
    text = TextIOWrapper(BytesIO(data), "latin-1").read()
    if not quirks.comments_as_data:
        text = without_comments(text)
    notices: list[str] = []
    words = text.split()
    numbers, bad = _leading_numbers(words)
    comment = bad is not None and "#" in words[bad]
    rows = len(numbers) // _COLUMNS
    if rows == 0:
        line = _line_of(text, bad if bad is not None else 0)
        why = "'#' begins no comment in C, " if comment else ""
        way = f"; {_SKIP_COMMENTS}" if comment else ""
        raise InputError(f"{path}:{line}: {why}no row of 'h k l F' can be read{way}")
    if comment and bad is not None:
        line = _line_of(text, bad)
        notices.append(
            f"{path}:{line}: '#' begins no comment in C, this row and all after it ignored; {_SKIP_COMMENTS}"
        )
    elif bad is not None:
        notices.append(
            f"{path}:{_line_of(text, bad)}: not a number ('{words[bad]}'); this row and all after it ignored"
        )
    elif len(numbers) % _COLUMNS:
        notices.append(f"{path}:{_line_of(text, rows * _COLUMNS)}: incomplete last row ignored")
    table = numbers[: rows * _COLUMNS].reshape(rows, _COLUMNS)
    usable = (np.abs(table[:, 3]) <= LARGEST_F) & (np.abs(table[:, :3]) <= _LARGEST_INDEX).all(axis=1)
    if not usable.all():
        row = int(np.argmin(usable))
        words_of_row = " ".join(f"{value:g}" for value in table[row])
        raise InputError(f"{path}:{_line_of(text, row * _COLUMNS)}: '{words_of_row}' is not a reflection h k l F")
    used = rows
    if quirks.hkl_integer_rows:
        # C finds the box in a pass that accepts fractions, and reads values in one that stops at them
        indices = np.trunc(table[:, :3]).astype(np.int64)
        stop = _first_fractional_row(words, rows)
        if stop is not None:
            used = stop
            line = _line_of(text, stop * _COLUMNS)
            notices.append(f"{path}:{line}: index not written as an integer; C ignores this row and all after it (S24)")
    else:
        indices = np.rint(table[:, :3]).astype(np.int64)
    return Rows(indices, table[:, 3], used, notices)


def _is_float(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return "_" not in word


def _is_integer(word: str) -> bool:
    return word.lstrip("+-").isdecimal() and _is_float(word)


def _line_of(text: str, word_index: int) -> int:
    """1-based line that holds the ``word_index``-th word."""
    seen = 0
    for number, line in enumerate(text.splitlines(), start=1):
        seen += len(line.split())
        if seen > word_index:
            return number
    return text.count("\n") + 1


def _leading_numbers(words: Sequence[str]) -> tuple[Floats, int | None]:
    """Words as floats up to the first non-number, and the index of that word."""
    try:
        if "_" in "".join(words):
            raise ValueError("Python would read 1_000 as a number, C does not")
        return np.array(words, dtype=np.float64), None
    except ValueError:
        bad = next(i for i, word in enumerate(words) if not _is_float(word))
        return np.array(words[:bad], dtype=np.float64), bad


def _first_fractional_row(words: Sequence[str], rows: int) -> int | None:
    """First row with an index that is not written as an integer."""
    columns = [words[column : rows * _COLUMNS : _COLUMNS] for column in range(3)]
    # a table of thousands of rows has few distinct indices
    fractional = {word for word in set().union(*columns) if not _is_integer(word)}
    if not fractional:
        return None
    return next(row for row, indices in enumerate(zip(*columns, strict=True)) if not fractional.isdisjoint(indices))
