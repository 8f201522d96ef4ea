"""Traces for the tests of the diagnosis: the demo case simulated with other flags, switches, or edited lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

from nbtui.diagnosis.diagnose import Diagnosis, diagnose
from nbtui.live.cases import load_case
from nbtui.live.model import Case, Settings
from nbtui.live.session import simulate
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines, read_trace


@cache
def demo() -> Case:
    """The built-in case."""
    return load_case("demo")


@cache
def demo_log() -> Trace:
    """The C program's log of the built-in case."""
    case = demo()
    assert case.c_log is not None
    return read_trace(case.c_log)


def changed(flags: dict[str, Sequence[str]], case: Case | None = None) -> Case:
    """The case with values of flags replaced, or flags added."""
    case = case or demo()
    words = list(case.argv)
    for flag, values in flags.items():
        if flag in words:
            at = words.index(flag)
            words[at + 1 : at + 1 + len(values)] = values
        else:
            words += [flag, *values]
    return replace(case, argv=tuple(words))


@cache
def _lines(case: Case, quirks: tuple[tuple[str, bool], ...], phi_mode: str, dtype: str) -> tuple[str, ...]:
    return simulate(case, Settings(phi_mode=phi_mode, dtype=dtype, quirks=quirks)).trace_lines


def lines_of(
    case: Case | None = None,
    quirks: tuple[tuple[str, bool], ...] = (),
    phi_mode: str = "c-parity",
    dtype: str = "float64",
) -> tuple[str, ...]:
    """Lines of our simulator."""
    return _lines(case or demo(), quirks, phi_mode, dtype)


def edited(lines: Sequence[str], name: str, change: Callable[[float], float]) -> list[str]:
    """The lines with every number of one field changed."""
    pattern = re.compile(rf"^TRACE_PY: {re.escape(name)} (.*)$")
    out = []
    for line in lines:
        match = pattern.match(line)
        if match:
            numbers = " ".join(f"{change(float(word)):.15g}" for word in match.group(1).split())
            line = f"TRACE_PY: {name} {numbers}"
        out.append(line)
    return out


def value(lines: Sequence[str], name: str) -> float:
    """First number of a field."""
    return next(float(line.split()[2]) for line in lines if line.startswith(f"TRACE_PY: {name} "))


@cache
def _causes_in_demo(lines: tuple[str, ...]) -> Diagnosis:
    return diagnose(demo(), demo_log(), parse_lines(lines))


def causes(lines: Sequence[str], c: Trace | None = None) -> Diagnosis:
    """The diagnosis of lines against the demo's C log, or another reference."""
    return _causes_in_demo(tuple(lines)) if c is None else diagnose(demo(), c, parse_lines(lines))


def ids(diagnosis: Diagnosis) -> tuple[str, ...]:
    """Ids of the best cause."""
    return diagnosis.hypotheses[0].ids if diagnosis.hypotheses else ()
