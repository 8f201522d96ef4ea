"""Numbers printed in a summary against the values behind them."""

from __future__ import annotations

import bisect
import math
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation

from nbtui.evidence.read.folder import number

TOKEN = re.compile(r"(?<![\w.+\-/:])[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?(?![\w/:]|\.\w|-\d)(\s?%)?")
SLACK = 1.001  # rounding twice (to double, to print) may pass half a unit by a hair


def half_unit(token: str) -> float:
    """Half a unit of the last digit of a printed number; inf if it is not a number."""
    try:
        exponent = Decimal(token).as_tuple().exponent
    except InvalidOperation:
        return math.inf
    return 0.5 * 10.0**exponent if isinstance(exponent, int) and abs(exponent) < 400 else math.inf


def stands_for(token: str, value: float) -> bool:
    """Whether ``token`` is ``value`` rounded to the digits that the token shows."""
    shown = number(token)
    if shown is None:
        return False
    if not (math.isfinite(shown) and math.isfinite(value)):
        return shown == value or (math.isnan(shown) and math.isnan(value))
    return abs(shown - value) <= SLACK * half_unit(token) + 1e-14 * abs(value)


def tokens(line: str) -> Iterator[tuple[str, bool]]:
    """The numbers of a line and whether each is a percentage. Parts of words, dates and paths do not count."""
    for match in TOKEN.finditer(line):
        percent = match[1] is not None
        yield (match[0][: -len(match[1])] if percent else match[0]).rstrip("."), percent


def numbers_in(value: object) -> Iterator[float]:
    """Every number anywhere in a JSON value, also "nan" and "inf", and the lengths of its lists."""
    if isinstance(value, dict):
        for entry in value.values():
            yield from numbers_in(entry)
    elif isinstance(value, list):
        yield float(len(value))
        for entry in value:
            yield from numbers_in(entry)
    else:
        found = number(value)
        if found is not None:
            yield found


def texts_in(value: object) -> Iterator[str]:
    """Every string anywhere in a JSON value, keys too."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield key
            yield from texts_in(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from texts_in(entry)
    elif isinstance(value, str):
        yield value


def unexplained(lines: Iterable[str], values: Iterable[float], texts: Iterable[str]) -> list[tuple[int, str]]:
    """(line number, token) of every printed number that is neither one of ``values`` nor part of one of ``texts``."""
    known = sorted({value for value in values if math.isfinite(value)})
    hundredfold = [100 * value for value in known]
    spoken = sorted({text for text in texts if re.search(r"\d", text) and len(text) > 1}, key=len, reverse=True)
    found = []
    for at, line in enumerate(lines, start=1):
        for text in spoken:
            line = line.replace(text, " ")
        for token, percent in tokens(line):
            if not _among(token, hundredfold if percent else known):
                found.append((at, token))
    return found


def _among(token: str, ordered: list[float]) -> bool:
    """Whether ``token`` is one of the ordered values, rounded; only its neighbours are tried."""
    shown = number(token)
    if shown is None or not math.isfinite(shown):
        return False
    margin = 2 * half_unit(token) + 1e-13 * abs(shown)
    start = bisect.bisect_left(ordered, shown - margin)
    return any(stands_for(token, value) for value in ordered[start : bisect.bisect_right(ordered, shown + margin)])
