"""The numbers of unit cells along a, b and c, from C's summary line or from printed lattice factors."""

from __future__ import annotations

import math
import re

from nbtui.parity.own_rules import FACTORS, grating
from nbtui.trace.model import Trace

_LINE = re.compile(r" xtal: *(\d{1,9})x(\d{1,9})x(\d{1,9}) cells")
_MOST = 2000  # cells along one axis
_CLOSE = 1e-7  # relative to N: printed indices and factors
_BLOCKS = 50

Counts = tuple[int, int, int]


def cell_counts(c: Trace, py: Trace) -> Counts | None:
    """Unit cells along a, b and c; None when no log shows them."""
    for trace in (c, py):
        found = [match for notice in trace.notices if (match := _LINE.search(notice.text))]
        if found:
            a, b, c_axis = map(int, found[-1].groups())
            return a, b, c_axis
    return _from_factors(c) or _from_factors(py)


def _from_factors(trace: Trace) -> Counts | None:
    """The smallest numbers whose lattice factors sin(pi N h)/sin(pi h) are those of every block."""
    indices = trace.all("hkl_frac")[:_BLOCKS]
    counts = []
    for axis, name in enumerate(FACTORS):
        factors = trace.all(name)[:_BLOCKS]
        if not indices or len(factors) != len(indices):
            return None
        pairs = [
            (float(index.values[axis]), float(factor.values[0]))
            for index, factor in zip(indices, factors, strict=True)
            if len(index.values) == 3 and not any(isinstance(v, str) for v in (*index.values, factor.values[0]))
        ]
        fitting = next((n for n in range(1, _MOST + 1) if pairs and all(_fits(n, *pair) for pair in pairs)), None)
        if fitting is None:
            return None
        counts.append(fitting)
    return counts[0], counts[1], counts[2]


def _fits(count: int, index: float, factor: float) -> bool:
    if not (math.isfinite(index) and math.isfinite(factor)):
        return False
    below = math.sin(math.pi * index)
    made = grating(index, count) if below or not index else float(count)
    return abs(made - factor) <= _CLOSE * count
