"""Numbers as the C library reads them: the longest number at the start of a text, else 0."""

from __future__ import annotations

import re

_REAL = re.compile(
    r"\s*([+-]?(?:0[xX][0-9a-fA-F]+|inf(?:inity)?|nan|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))", re.IGNORECASE | re.ASCII
)
_WHOLE = re.compile(r"\s*([+-]?\d+)", re.ASCII)


def leading_number(text: str) -> tuple[float, int]:
    """The number that strtod finds and its end; 0 and 0 without a number."""
    match = _REAL.match(text)
    if match is None:
        return 0.0, 0
    word = match.group(1)
    return (float.fromhex(word) if "x" in word.lower() else float(word)), match.end()


def atof(text: str) -> float:
    """The leading number of ``text``: ``1.5mm`` is 1.5, ``mm`` is 0."""
    return leading_number(text)[0]


def atoi(text: str) -> int:
    """The leading whole number of ``text``: ``1e3`` is 1, ``5.7`` is 5."""
    match = _WHOLE.match(text)
    return int(match.group(1)) if match else 0
