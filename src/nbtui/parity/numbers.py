"""Compare two single values: distances, statuses, printed precision.

Source: spec/evidence_package.md, Statuses.
"""

from __future__ import annotations

import math
import re
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from nbtui.parity.model import Status
from nbtui.parity.profiles import Limit
from nbtui.trace.model import Value

MINOR_BELOW = 1e-4
DIVERGENT_BELOW = 1e-2
ZERO_BELOW = 1e-30  # both sides below this count as zero when C says 0
NOISE = 64 * 2.0**-52  # of a vector's length: rounding of reordered float64 sums
_FEW_DIGITS = 12  # numbers with more digits are printed in full
_VERY_FEW_DIGITS = 7  # as the most in a log: some numbers of so many digits rule out a print with 15
_ENOUGH = 100_000
_EXPONENT = 6  # characters of an exponent that is in the range of floats
NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?!\w)")


class RowVerdict(NamedTuple):
    """The result of comparing two values; an undefined delta (words, nan) is None."""

    status: Status
    abs_delta: float | None = None
    rel_delta: float | None = None
    ulp: int | None = None
    note: str = ""
    within_single: bool = False  # differs by no more than single precision explains


@dataclass(frozen=True)
class ErrorScale:
    """The size that a difference is compared with."""

    size: float
    words: str


@dataclass(frozen=True)
class SingleRoom:
    """How much of a difference single precision explains."""

    relative: float  # of the value, and of the length of its vector
    absolute: float = 0.0

    def of(self, value: float, length: float) -> float:
        """The largest such difference of this value, a component of a vector of this length."""
        return max(self.relative * abs(value), self.relative * length, self.absolute)


def ulp_distance(a: float, b: float) -> int | None:
    """The number of float64 steps from a to b; 0 for equal values and for two NaN, None when one is NaN."""
    if math.isnan(a) or math.isnan(b):
        return 0 if math.isnan(a) and math.isnan(b) else None
    return abs(_rank(a) - _rank(b))


def _rank(x: float) -> int:
    """The rank of x among all float64 values; +0 and -0 share rank 0."""
    bits = int(struct.unpack("<q", struct.pack("<d", x))[0])
    return bits if bits >= 0 else -(bits & 0x7FFF_FFFF_FFFF_FFFF)


def relative_status(rel: float, tolerance: float) -> Status:
    """PASS within the tolerance, else MINOR, DIVERGENT or CRITICAL by |rel|."""
    size = abs(rel)
    if size <= tolerance:
        return Status.PASS
    if size < MINOR_BELOW:
        return Status.MINOR
    return Status.DIVERGENT if size < DIVERGENT_BELOW else Status.CRITICAL


def judge(
    c: Value,
    py: Value,
    limit: Limit,
    *,
    exact: bool = False,
    length: float = 0.0,
    half_unit: float = 0.0,
    scale: ErrorScale | None = None,
    single: SingleRoom | None = None,
) -> RowVerdict:
    """Compare one value of C with one of Python.

    ``exact``: integers. ``length``: length of C's vector when this is a component of one, in the same unit.
    ``half_unit``: half a unit of the last printed digit of the coarser print (both added), 0 when unknown. ``scale``:
    of the field, where it has one. ``single``: for logs that show single-precision values.
    """
    if isinstance(c, str) or isinstance(py, str):
        return _judge_text(str(c), str(py), limit)
    a, b = float(c), float(py)
    if a == b or (math.isnan(a) and math.isnan(b)):
        return RowVerdict(Status.PASS, 0.0, 0.0, 0)
    if math.isnan(a) or math.isnan(b):
        return RowVerdict(Status.CRITICAL, note="not a number on one side")
    delta = b - a
    rel = delta / abs(a) if a != 0 and math.isfinite(a) else None
    if rel is not None and math.isnan(rel):
        rel = None
    ulp = ulp_distance(a, b)
    if exact:
        return RowVerdict(Status.CRITICAL, delta, rel, ulp)
    status = _status(a, b, delta, rel, limit)
    note = ""
    if status is not Status.PASS and abs(delta) <= half_unit * (1 + 1e-9):
        status, note = Status.PASS, "agrees to the digits printed"
    elif status is not Status.PASS and not limit.absolute and abs(delta) <= NOISE * length:
        status, note = Status.PASS, f"rounding noise: {abs(delta) / length:.1e} of the vector's length"
    elif status is not Status.PASS and limit.of_scale and scale and abs(delta) <= limit.value * scale.size:
        status, note = Status.PASS, f"{abs(delta) / scale.size:.1e} of {scale.words}"
    small = single is not None and status.differs and abs(delta) <= single.of(a, length)
    return RowVerdict(status, delta, rel, ulp, note, small)


def _status(a: float, b: float, delta: float, rel: float | None, limit: Limit) -> Status:
    if a == 0 and abs(b) < ZERO_BELOW:
        return Status.PASS
    if limit.absolute and abs(delta) <= limit.value:
        return Status.PASS
    if rel is None:
        return Status.CRITICAL
    return relative_status(rel, -1.0 if limit.absolute else limit.value)


_ARROWS = str.maketrans({"\u2190": "<-", "\u2192": "->"})  # as the ASCII logs of packages spell them


def _judge_text(c: str, py: str, limit: Limit) -> RowVerdict:
    """Words must be equal; numbers inside a text (``rotx:0 roty:0``) are compared as numbers."""
    c, py = c.translate(_ARROWS), py.translate(_ARROWS)
    if c == py:
        return RowVerdict(Status.PASS, note="")
    ours, theirs = NUMBER.findall(c), NUMBER.findall(py)
    if not ours or len(ours) != len(theirs) or _words(c) != _words(py):
        return RowVerdict(Status.CRITICAL)
    parts = [judge(float(a), float(b), limit) for a, b in zip(ours, theirs, strict=True)]
    order = (Status.PASS, Status.MINOR, Status.DIVERGENT, Status.CRITICAL)
    return max(parts, key=lambda part: order.index(part.status))


def _words(text: str) -> list[str]:
    return NUMBER.sub("#", text).split()


@dataclass(frozen=True)
class Printing:
    """The precision of the numbers in a log; ``digits`` None: as many as a float64 needs."""

    digits: int | None = None  # significant, trailing zeros dropped (%.6g)
    decimals: int | None = None  # places after the point, always the same (%.6f)

    def half_unit(self, token: str) -> float:
        """Half a unit of the last printed digit of this number; 0 when all digits are printed."""
        if self.decimals is not None:
            exponent = int(token.lower().partition("e")[2][:_EXPONENT] or 0)
            return 0.5 * 10.0 ** (min(exponent, sys.float_info.max_10_exp) - self.decimals)
        if self.digits is None:
            return 0.0
        value = abs(float(token))
        if value == 0 or not math.isfinite(value):
            return 0.0
        return 0.5 * 10.0 ** (math.floor(math.log10(value)) - self.digits + 1)


@lru_cache(maxsize=8192)  # the numbers of two logs, in several passes
def significant_digits(token: str) -> int:
    """Digits of a printed number from its first non-zero one on."""
    mantissa = _mantissa(token).lstrip("+-").replace(".", "")
    return len(mantissa.lstrip("0"))


def printing(tokens: Iterable[str]) -> Printing:
    """The precision of a log, from all its numbers (from the first 100 000 different ones of a huge log).

    C prints %.15g, where 0.1 is exact, so a short number alone proves nothing. A log counts as one of low precision
    only when none of its different non-integers shows more than 12 digits, and most (of up to 7 digits: some) of them
    show the largest number of digits, at least 5.
    """
    fractions: set[str] = set()
    decimals: set[int] = set()
    long = False
    for token in tokens:
        if "." not in token or token in fractions:
            continue
        fractions.add(token)
        decimals.add(len(_mantissa(token).partition(".")[2]))
        long = long or significant_digits(token) > _FEW_DIGITS
        if (long and len(decimals) > 1) or len(fractions) == _ENOUGH:
            break
    if len(fractions) < 4 or (long and len(decimals) > 1):
        return Printing()
    ending = any(_mantissa(token).endswith("0") for token in fractions)
    if len(decimals) == 1 and ending and max(decimals) <= _FEW_DIGITS:
        return Printing(decimals=max(decimals))
    counts = [significant_digits(token) for token in fractions]
    most = max(counts)
    # %g drops trailing zeros, so that round numbers hide its 6 digits
    share = 0.0 if most <= _VERY_FEW_DIGITS else len(counts) / 2
    if 5 <= most <= _FEW_DIGITS and counts.count(most) >= max(3, share):
        return Printing(digits=most)
    return Printing()


def _mantissa(token: str) -> str:
    return token.lower().partition("e")[0]
