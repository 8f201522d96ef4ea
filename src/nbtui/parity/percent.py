"""Relative differences as percentages: one format for tables, headers and packages."""

from __future__ import annotations

import math
from collections.abc import Iterator

SMALLEST, LARGEST = 1e-3, 1e3  # per cent; a size outside is printed as a power of ten
DIGITS = 3  # significant


def percent_pair(one: float, other: float) -> tuple[str, str]:
    """Two fractions as percentages with as many digits as it takes to tell them apart."""
    if one == other or not (_plain(one) and _plain(other)):
        return percent(one), percent(other)
    pairs = zip(_shown(100.0 * one), _shown(100.0 * other), strict=True)
    first, second = next((pair for pair in pairs if pair[0] != pair[1]), (f"{100.0 * one:+}", f"{100.0 * other:+}"))
    return f"{first} %", f"{second} %"


def percent(fraction: float) -> str:
    """A fraction as a signed percentage of three significant digits, such as ``-8.73 %``.

    A value beside 100 % gets as many digits as it takes to tell: -100 % means that nothing is left.
    """
    scaled = 100.0 * fraction
    if scaled == 0:
        return "0 %"
    if not _plain(fraction):
        return f"{scaled:+.1e} %"
    exact = abs(scaled) == 100.0
    shown = next(text for text in _shown(scaled) if exact or abs(float(text)) != 100.0)
    return f"{shown} %"


def _plain(fraction: float) -> bool:
    """Whether a percentage is printed without a power of ten."""
    return math.isfinite(fraction) and SMALLEST <= abs(100.0 * fraction) < LARGEST


def _shown(scaled: float) -> Iterator[str]:
    """The number with more and more significant digits, trailing zeros kept."""
    return (f"{scaled:+#.{digits}g}".rstrip(".") for digits in range(DIGITS, 18))
