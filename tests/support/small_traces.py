"""Small traces for the tests of the comparison."""

from __future__ import annotations

from nbtui.parity.compare import compare
from nbtui.parity.model import Comparison
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines


def c_trace(*lines: str) -> Trace:
    return parse_lines([line if line.startswith(("TRACE", " ", "W")) else f"TRACE_C: {line}" for line in lines], "c")


def py_trace(*lines: str) -> Trace:
    return parse_lines([line if line.startswith("TRACE") else f"TRACE_PY: {line}" for line in lines], "py")


def both(c: list[str], py: list[str], profile: str = "full", tolerance: float | None = None) -> Comparison:
    return compare(c_trace(*c), py_trace(*py), profile, tolerance)
