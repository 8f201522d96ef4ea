"""Logs of the C program printed again with the six digits of %g, in the early dialect: the same trace, consistent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nbtui.parity.compare import compare
from nbtui.parity.own_values import contradictions
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines, read_trace
from nbtui.trace.side import YOUR_LOG
from support.places import DATA, DEMO

LOGS = [*sorted((DATA / "golden" / "cases").glob("*/trace_c.log")), DEMO / "trace_c.log"]
_LINE = re.compile(r"TRACE_C:(?: (\w+) |(\w+)=)(.*)")
_REAL = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+(?:[eE][-+]?\d+)?|[eE][-+]?\d+)(?!\w)")


def with_six_digits(text: str) -> Trace:
    lines = [match for line in text.splitlines() if (match := _LINE.fullmatch(line))]
    short = [(match[1] or match[2], _REAL.sub(lambda real: f"{float(real[0]):g}", match[3])) for match in lines]
    return parse_lines([f"TRACE: {name} = {values}" for name, values in short], "early.log")


@pytest.mark.parametrize("log", LOGS, ids=lambda path: path.parent.name)
def test_six_digits_agree_with_fifteen(log: Path) -> None:
    c, py = read_trace(log), with_six_digits(log.read_text())
    found = compare(c, py)
    assert found.agrees and found.fields_common > 50
    assert not contradictions(py, YOUR_LOG)


def test_a_seventh_digit_is_not_asked_for_and_a_sixth_is() -> None:
    text = (DEMO / "trace_c.log").read_text()
    c, py = read_trace(DEMO / "trace_c.log"), with_six_digits(text)
    printed = next(record for record in py.records if record.name == "F_latt")
    value = float(str(printed.values[0]))
    unit = 10.0 ** (len(f"{abs(value):.0f}") - 6)
    for step, agrees in ((0.0, True), (2.0, False)):
        lines = [line.text for line in py.records]
        lines[lines.index(printed.text)] = f"TRACE: F_latt = {value + step * unit:g}"
        row = compare(c, parse_lines(lines)).row("F_latt")
        assert row is not None and row.status.differs is not agrees
