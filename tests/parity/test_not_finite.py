"""Numbers that are none, infinite or beyond all measure, in any line of a log: compared, never a fault."""

from __future__ import annotations

import itertools
import re

import pytest

from nbtui.parity.compare import compare
from nbtui.parity.position import brightest
from nbtui.trace.reading.reader import parse_lines
from support.places import DATA

C = (DATA / "golden" / "cases" / "cubic_default_f" / "trace_c.log").read_text().splitlines()
ODD = ("nan", "inf", "-inf", "1e308", "-1e308", "1e400", "99999999999999999999999", "NOT_EXTRACTED")
NAMED = [number for number, line in enumerate(C) if line.startswith("TRACE_C: ")]


def with_line(number: int, line: str) -> list[str]:
    return [*C[:number], line, *C[number + 1 :]]


@pytest.mark.parametrize("value", ODD[:-1])
@pytest.mark.parametrize("name", ["pixel_pos_meters", "pix0_vector_meters"])
def test_a_position_that_is_no_number_is_the_divergence(name: str, value: str) -> None:
    number = next(number for number in NAMED if f"{name} " in C[number])
    py = [line.replace("TRACE_C", "TRACE_PY") for line in with_line(number, f"TRACE_C: {name} {value} {value} {value}")]
    found = compare(parse_lines(C), parse_lines(py), "full")
    assert found.first_divergence is not None and found.first_divergence.field == name
    assert found.first_divergence.status.differs


@pytest.mark.parametrize("at", ["nan nan", "inf 0.01", "0.01 -inf", "1e308 1e308", "x y", "0.01 0.02"])
def test_a_brightest_pixel_nowhere_is_none(at: str) -> None:
    lines = [
        "INFO: wavelength",
        " distance=0.1 detsize=0.1x0.1  pixel=0.0001 meters (1x1 pixels)",
        "max_I = 5  at " + at,
    ]
    found = brightest(parse_lines([*lines, "TRACE_C: F_cell 1"]))
    assert found is None or at == "0.01 0.02"


@pytest.mark.parametrize("side", ["c", "py"])
def test_any_value_of_any_field_is_compared(side: str) -> None:
    odd = itertools.cycle(ODD)
    for number in NAMED[side == "py" :: 2]:
        changed = with_line(number, re.sub(r"(?<=[ =])[-+]?\d[-+\d.e]*", next(odd), C[number]))
        py = [line.replace("TRACE_C", "TRACE_PY") for line in (changed if side == "py" else C)]
        pair = parse_lines(changed if side == "c" else C), parse_lines(py)
        compare(*pair, "full")
