"""Logs of a stock build: the values of C's -printout block, each with the digits of its format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nbtui.live.cases import load_case
from nbtui.live.model import Settings
from nbtui.live.session import simulate
from nbtui.parity.compare import compare
from nbtui.parity.metrics import metrics
from nbtui.parity.model import Comparison
from nbtui.parity.render import table, verdict
from nbtui.parity.stock import stock_log, traced_fields
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines, read_trace
from support.places import DATA
from support.small_traces import c_trace, py_trace

LOGS = DATA / "stock"
CASES = ("rocking", "still")


def c_of(name: str) -> Trace:
    return read_trace(LOGS / name / "trace_c.log")


def live(name: str, **changes: str) -> Trace:
    case = load_case(str(LOGS / name))
    words = list(case.argv)
    for flag, value in changes.items():
        words[words.index(f"-{flag}") + 1] = value
    return simulate(replace(case, argv=tuple(words)), Settings(phi_mode="c-parity")).trace


def edited(name: str, old: str, new: str) -> Trace:
    text = (LOGS / name / "trace_c.log").read_text()
    assert text.count(old) == 1
    return parse_lines(text.replace(old, new).splitlines(), "edited.log")


@pytest.mark.parametrize("name", CASES)
def test_every_printed_value_is_compared_and_agrees(name: str) -> None:
    c = c_of(name)
    found = compare(c, live(name))
    assert found.agrees
    assert (found.fields_common, found.fields_judged) == (16, 16) == (len(set(c.names())), 16)
    assert verdict(found).startswith("AGREE  16 of 16 fields")


def test_the_sum_has_the_digits_of_the_sum_per_step() -> None:
    c = c_of("rocking")  # I = 19316, I/steps 402.4168051, 4 phi steps x 3 domains x 2^2 sub-pixels
    assert c.all("I_before_scaling")[0].values == (pytest.approx(402.4168051 * 48, rel=1e-12),)
    row = compare(c, live("rocking")).row("I_before_scaling")
    assert row is not None and row.rel_delta is not None and abs(row.rel_delta) < 1e-9
    assert "I/steps" in row.note


def test_an_uncertain_number_of_steps_leaves_the_sum_as_printed() -> None:
    lines = ["   5    6 : stol = 1e9 or 0.1", "at 0.1 0.2 0.3", " F_cell=10  F_latt=5   I = 2.5e+09"]
    block = [*lines, "I/steps            2500.0001", "polar 1", "omega 2", "capfrac 1", "pixel 5"]
    assert parse_lines(block).all("I_before_scaling")[0].values == (2.5e9,)
    counts = ["created a total of 1 sources:", "  1 mosaic domains over mosaic spread of 0 degrees"]
    counts += ["  1000000 phi steps from 0 to 1 degrees", "  1x1 pixel oversample steps"]
    assert parse_lines([*counts, *block]).all("I_before_scaling")[0].values == (pytest.approx(2500000100.0, rel=1e-12),)


def test_a_value_may_be_off_by_half_a_unit_on_each_side_and_no_more() -> None:
    py = live("still")
    printed = c_of("still").all("printout.hkl_frac")[0].text
    first = printed.split()[1]  # six decimals
    for step, agrees in ((1e-6, True), (2e-6, False)):
        other = f"{float(first) + step:.6f}"
        assert compare(edited("still", first, other), py).agrees is agrees
    assert not compare(edited("still", "F_cell=120", "F_cell=120.002"), py).agrees


def test_the_first_difference_is_the_position_and_what_follows_inherits() -> None:
    found = compare(c_of("rocking"), live("rocking", distance="90.3"))
    assert found.first_divergence is not None and found.first_reaching is found.first_divergence
    assert found.first_divergence.label == "printout.pixel_pos_meters.x"
    for name in ("printout.hkl_frac", "I_before_scaling", "omega_pixel"):
        rows = [row for row in (found.rows[at] for at in found.overview.of(name)) if row.status.differs]
        assert rows and all(found.overview.cause(row.order) is not None for row in rows), name


def test_a_log_with_trace_lines_gives_the_values_of_the_block_that_follow_from_it() -> None:
    """Of one pass per ray all of them; the live trace is taken without its own block."""
    still = compare(c_of("still"), replace(live("still"), printout=()))
    assert still.agrees and still.fields_common == 16
    rocking = compare(c_of("rocking"), replace(live("rocking"), printout=()))
    assert rocking.agrees and rocking.row("printout.F_latt") is not None
    compared = {row.field for row in rocking.rows if row.c_value is not None and row.py_value is not None}
    assert {"printout.pixel_pos_meters", "printout.stol", "printout.I_per_step"} <= compared
    assert not {"printout.hkl_frac", "printout.F_latt"} & compared  # of the last phi step and domain


def test_the_block_of_another_run_is_not_made_from_other_blocks() -> None:
    """A port that prints one block where C has four sub-pixels does not show C's last one."""
    py = replace(live("rocking"), printout=())
    first = [record for record in py.records if record.occurrence == 0]
    found = compare(c_of("rocking"), replace(py, records=tuple(first)))
    assert found.agrees
    position = found.row("printout.pixel_pos_meters", component="x")
    assert position is not None and position.py_value is None


@pytest.mark.parametrize("name", CASES)
def test_the_text_and_the_json_say_what_a_stock_log_holds(name: str) -> None:
    c, py = c_of(name), live(name)
    assert stock_log(c) == "stock log: 16 values; how to get all 73: docs/traces.md"
    found = compare(c, py)
    assert stock_log(c) in found.findings[0]
    assert metrics(found, c, py, case=name)["stock_log"] == stock_log(c)
    text = table(found, width=120)
    assert "MISSING on the" not in text and "Only in" not in text


def test_the_number_of_traced_fields_is_that_of_golden_logs(shared: Path) -> None:
    for name in ("cubic_default_f", "dials_orgxy", "gauss_xtal"):
        c = read_trace(shared / "golden" / "cases" / name / "trace_c.log")
        keys = {f"phi.{key}" for line in c.phi[:1] for key in line.values} - {"phi.phi_tic"}
        assert traced_fields(c) == len({*c.names(), *keys}), name


def test_a_log_with_trace_lines_is_no_stock_log() -> None:
    assert stock_log(live("still")) == ""
    assert stock_log(c_trace("F_cell 100")) == ""


def block(of: str, origin: str) -> Trace:
    lines = (LOGS / of / "trace_c.log").read_text().splitlines()
    start = next(at for at, line in enumerate(lines) if " : stol = " in line)
    return parse_lines(lines[start : start + 14], origin)


def test_two_printouts_are_neither_swapped_nor_the_same_trace() -> None:
    found = compare(block("still", "c.log"), block("still", "ours.log"))
    assert found.agrees and found.fields_common == 16
    assert not [text for text in found.findings if "TRACE_C" in text or "swapped" in text or "same trace" in text]
    again = compare(block("still", "c.log"), block("still", "c.log"))
    assert any("same trace" in text for text in again.findings)


def test_swapped_logs_are_named_where_lines_have_the_tag() -> None:
    found = compare(py_trace("F_cell 100"), c_trace("F_cell 100"))
    assert [text for text in found.findings if "Logs swapped?" in text and "TRACE_PY" in text]


def partly(common: int, alone: int, **options: bool) -> Comparison:
    names = ["R_distance_meters", "omega_pixel_sr", "close_distance_meters", "obliquity_factor", "F_latt_a", "F_latt_b"]
    c = [f"{name} 1.5" for name in names[:common]] + [f"only_c_{number} 2" for number in range(alone)]
    return compare(c_trace(*c), py_trace(*(f"{name} 1.5" for name in names[:common])), **options)


def test_agreement_of_few_fields_is_too_little() -> None:
    found = partly(1, 36)
    assert not found.agrees and found.first_divergence is None
    assert verdict(found).startswith("NO VERDICT  too little in common (1 of 37 fields)")
    c, py = c_trace("F_cell 1"), py_trace("F_cell 1")
    assert metrics(found, c, py, case="")["verdict"] == "too little in common"
    accepted = partly(1, 36, allow_partial=True)
    assert accepted.agrees and metrics(accepted, c, py, case="")["coverage"] == "too little, accepted"


@pytest.mark.parametrize(
    ("common", "alone", "enough"), [(1, 0, 1), (1, 1, 1), (1, 2, 0), (2, 2, 1), (2, 3, 0), (3, 27, 1), (3, 28, 0)]
)
def test_the_rule_is_a_tenth_and_three_fields_or_half(common: int, alone: int, enough: int) -> None:
    assert partly(common, alone).agrees is bool(enough)


def test_a_difference_is_a_divergence_however_few_fields_are_common() -> None:
    found = compare(c_trace("F_cell 1", *(f"only_{n} 2" for n in range(30))), py_trace("F_cell 2"))
    assert found.first_divergence is not None and verdict(found).startswith("FIRST DIVERGENCE  F_cell")


def test_a_pixel_without_a_pass_shows_no_last_pass() -> None:
    """Beyond -dmin, C prints what its variables happen to hold."""
    found = compare(c_of("beyond"), live("beyond"))
    assert found.agrees and found.fields_common == 9
    index = found.row("printout.hkl_rounded", component="h")
    assert index is not None and index.c_value == 32765 and index.py_value is None
