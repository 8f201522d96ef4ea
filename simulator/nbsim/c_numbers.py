"""Numbers as the C program reads and casts them: the longest number at the start of a text, else 0."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import numpy.typing as npt

_REAL = re.compile(
    r"\s*([+-]?(?:0[xX][0-9a-fA-F]+|inf(?:inity)?|nan|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?))",
    re.IGNORECASE | re.ASCII,
)
_COMMENT = re.compile(r"#[^\n]*")
_WHOLE = re.compile(r"\s*([+-]?\d{1,4000})", re.ASCII)


_LOWEST = -(2**31)  # of the cast of a number that has no int, on x86


def leading_number(text: str) -> tuple[float, int]:
    """The number that strtod finds and its end; 0 and 0 without a number."""
    match = _REAL.match(text)
    if match is None:
        return 0.0, 0
    word = match.group(1)
    try:
        return (float.fromhex(word) if "x" in word.lower() else float(word)), match.end()
    except OverflowError:  # of a hexadecimal number
        return math.copysign(math.inf, -1.0 if word.startswith("-") else 1.0), match.end()


def atof(text: str) -> float:
    """The leading number of ``text``: ``1.5mm`` is 1.5, ``mm`` is 0."""
    return leading_number(text)[0]


def atoi(text: str) -> int:
    """The leading whole number of ``text``: ``1e3`` is 1, ``5.7`` is 5."""
    match = _WHOLE.match(text)
    return int(match.group(1)) if match else 0


def without_comments(text: str) -> str:
    """``text`` without anything from a ``#`` to the end of its line, which C reads as data."""
    return _COMMENT.sub("", text)


def cast(value: float) -> int:
    """``(int)value`` on x86: towards zero; the lowest int for NaN and for numbers out of range."""
    return int(value) if abs(value) < -_LOWEST else _LOWEST


def cast_all(values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """The same for an array of any shape."""
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(values) < -_LOWEST, values, _LOWEST).astype(np.int64)
