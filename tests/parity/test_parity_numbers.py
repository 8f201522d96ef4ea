"""Two single values: distance, status, and how far a printed number can be trusted."""

from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtui.parity.model import Status
from nbtui.parity.numbers import Printing, judge, printing, ulp_distance
from nbtui.parity.profiles import Limit

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
GATE = Limit(1e-6)
ORDER = (Status.PASS, Status.MINOR, Status.DIVERGENT, Status.CRITICAL)


def status(c: float | str, py: float | str, limit: Limit = GATE) -> Status:
    return judge(c, py, limit).status


@given(FLOATS, st.integers(min_value=0, max_value=60))
def test_ulp_distance_counts_the_floats_in_between(start: float, steps: int) -> None:
    end = start
    for _ in range(steps):
        end = math.nextafter(end, math.inf)
    if math.isfinite(end):
        assert ulp_distance(start, end) == ulp_distance(end, start) == steps


@given(FLOATS, FLOATS, FLOATS)
def test_ulp_distance_adds_up_along_the_number_line(a: float, b: float, c: float) -> None:
    low, middle, high = sorted((a, b, c))
    parts = [ulp_distance(low, middle), ulp_distance(middle, high), ulp_distance(low, high)]
    assert parts[0] is not None and parts[1] is not None
    assert parts[0] + parts[1] == parts[2]


def test_ulp_distance_at_the_edges() -> None:
    assert ulp_distance(0.0, -0.0) == 0
    assert ulp_distance(-5e-324, 5e-324) == 2
    assert ulp_distance(math.nan, math.nan) == 0
    assert ulp_distance(math.nan, 1.0) is None
    assert ulp_distance(sys.float_info.max, math.inf) == 1


@pytest.mark.parametrize(
    ("py", "expected"),
    [
        (1.0 + 0.9e-6, Status.PASS),
        (1.0 - 0.9e-6, Status.PASS),
        (1.0 + 1.1e-6, Status.MINOR),
        (1.0 - 0.99e-4, Status.MINOR),
        (1.0 + 1.01e-4, Status.DIVERGENT),
        (1.0 + 0.99e-2, Status.DIVERGENT),
        (1.0 - 1.01e-2, Status.CRITICAL),
        (-1.0, Status.CRITICAL),
        (math.nan, Status.CRITICAL),
        (math.inf, Status.CRITICAL),
    ],
)
def test_status_by_relative_difference(py: float, expected: Status) -> None:
    assert status(1.0, py) is expected


def test_not_a_number_and_infinities_agree_with_themselves() -> None:
    assert status(math.nan, math.nan) is Status.PASS
    assert status(-math.inf, -math.inf) is Status.PASS
    assert status(math.inf, -math.inf) is Status.CRITICAL
    assert status(math.inf, 1e300) is Status.CRITICAL
    assert status(math.nan, 0.0) is Status.CRITICAL


def test_c_value_zero_is_judged_by_absolute_value() -> None:
    assert status(0.0, -0.0) is Status.PASS
    assert status(0.0, 0.9e-30) is Status.PASS
    assert status(0.0, -1.1e-30) is Status.CRITICAL
    verdict = judge(0.0, 2.5, GATE)
    assert (verdict.status, verdict.abs_delta, verdict.rel_delta) == (Status.CRITICAL, 2.5, None)
    # the rule is C's zero: a tiny C value is no zero
    assert status(1e-31, 2e-31) is Status.CRITICAL


@given(FLOATS, FLOATS)
def test_status_does_not_depend_on_the_sign_and_only_falls_with_the_tolerance(c: float, py: float) -> None:
    assert status(c, py) is status(-c, -py)
    loose, strict = status(c, py, Limit(1e-3)), status(c, py, Limit(1e-9))
    assert ORDER.index(loose) <= ORDER.index(strict)
    if loose is not Status.PASS:
        assert loose is strict


@given(st.integers(-(2**40), 2**40).filter(bool), st.integers(-(2**40), 2**40))
def test_deltas_are_python_minus_c_over_the_size_of_c(c: int, py: int) -> None:
    verdict = judge(float(c), float(py), GATE)
    assert verdict.abs_delta == py - c
    assert verdict.rel_delta == (py - c) / abs(c)


def test_absolute_limits() -> None:
    assert status(1e-3, 1.5e-3, Limit(1e-3, absolute=True)) is Status.PASS
    assert status(100.0, 100.002, Limit(1e-3, absolute=True)) is Status.MINOR
    assert status(0.0, 2e-3, Limit(1e-3, absolute=True)) is Status.CRITICAL


def test_words_and_the_numbers_inside_them() -> None:
    assert status("MOSFLM", "MOSFLM") is Status.PASS
    assert status("MOSFLM", "XDS") is Status.CRITICAL
    assert status("rotx:0 roty:1", "rotx:0.0 roty:1.0000000001") is Status.PASS
    assert status("rotx:0 roty:1", "rotx:0 roty:1.001") is Status.DIVERGENT
    assert status("rotx:0 roty:1", "rotx:0 rotz:1") is Status.CRITICAL
    assert status("XDS", 1.0) is Status.CRITICAL


def test_rounding_noise_of_a_vector_component_passes_but_not_more() -> None:
    assert judge(0.0, 3e-15, GATE, length=45.0).status is Status.PASS
    assert "of the vector's length" in judge(0.0, 3e-15, GATE, length=45.0).note
    assert judge(0.0, 3e-12, GATE, length=45.0).status is Status.CRITICAL
    assert judge(0.0, 3e-15, GATE).status is Status.CRITICAL


def test_few_digits_alone_are_no_low_precision() -> None:
    assert printing(["0.1", "0.0196", "-0.0196", "0.4", "1.25"]) == Printing()
    assert printing(["0.1", "0.0196", "0.100398007948365", "-0.0196", "0.35"]) == Printing()
    assert printing(["0.100398", "0.35"]) == Printing()
