"""Large traces are compared in columns: the same rows, statuses, causes and counts as those of the plain comparison."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtui.console.logs.aligned import aligned
from nbtui.parity import compare as comparing
from nbtui.parity.compare import compare
from nbtui.parity.model import Comparison
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines, read_trace
from support.live_sample import LIVING
from support.places import DATA

TRACES = DATA / "traces"

_NUMBER = st.sampled_from(
    ["1", "1.0000001", "1.0000000001", "1.1", "-1", "0", "-0", "1e-31", "2.5e-3", "nan", "inf", "-inf", "1e300", "3.25"]
)
_VECTOR = st.lists(_NUMBER, min_size=3, max_size=3).map(" ".join)
_LINE = st.one_of(
    st.builds("F_cell {}".format, _NUMBER),
    st.builds("rot_a_angstroms {}".format, _VECTOR),
    st.builds("rot_a_star_A_inv {}".format, _VECTOR),
    st.builds("scattering_vec_A_inv {}".format, _VECTOR),
    st.builds("hkl_frac {}".format, _VECTOR),
    st.builds("pix0_vector_meters {}".format, _VECTOR),
    st.builds("hkl_rounded {}".format, st.sampled_from(["0 4 -9", "0 4 -8", "1e0 2 3"])),
    st.builds("steps {}".format, st.sampled_from(["10", "11", "NOT_EXTRACTED"])),
    st.builds("I_before_scaling {}".format, _NUMBER),
    st.builds("polar {}".format, st.sampled_from(["0.123456", "0.123457", "NOT_EXTRACTED"])),
    st.builds("detector_convention={}".format, st.sampled_from(["MOSFLM", "XDS"])),
    st.builds("nobody_knows {}".format, _NUMBER),
)
_PHI = st.builds(
    "phi_tic={} phi_deg={} k_frac={} F_latt={}".format,
    st.sampled_from(["0", "1", "2", "7", "-3"]),
    _NUMBER,
    _NUMBER,
    _NUMBER,
)


def _lines(side: str) -> st.SearchStrategy[list[str]]:
    named = _LINE.map(lambda text: f"TRACE_{side}: {text}")
    return st.lists(st.one_of(named, _PHI.map(lambda text: f"TRACE_{side}_PHI {text}")), max_size=25)


def in_columns(c: Trace, py: Trace, profile: str = "full", tolerance: float | None = None) -> Comparison:
    """As `compare` does it for large traces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparing, "MANY", -1)
        return compare(c, py, profile, tolerance)


def assert_same(plain: Comparison, columns: Comparison) -> None:
    def told(value: object) -> str:  # nan is equal to itself here
        return repr(value)

    assert told(list(columns.rows)) == told(list(plain.rows))
    assert told(columns.first_divergence) == told(plain.first_divergence)
    numbers = ("num_compared", "num_divergent", "num_missing", "findings", "pixel_c", "pixel_py", "agrees")
    assert [getattr(columns, name) for name in numbers] == [getattr(plain, name) for name in numbers]
    one, other = plain.overview, columns.overview
    assert other.tallies == one.tallies
    assert (list(other.raised), other.worst, other.first_new) == (list(one.raised), one.worst, one.first_new)
    assert list(other.differing) == list(one.differing)
    assert list(other.reaching) == list(one.reaching)
    assert told(columns.first_reaching) == told(plain.first_reaching)
    for row in plain.rows:
        if row.status.differs and "known false divergence" not in row.note:
            assert other.cause(row.order) == one.cause(row.order), row.label
            assert other.reaches(row.order) == one.reaches(row.order), row.label
        assert other.find(row.label) == row.order == other.place(row.field, row.occurrence, row.component)
        assert list(other.of(row.field, row.component)) == list(one.of(row.field, row.component))
    assert aligned(columns, None) == aligned(plain, None)
    assert list(other.matches("ROT_a", among_raised=True)) == list(one.matches("ROT_a", among_raised=True))
    assert list(other.matches("ROT_a")) == list(one.matches("ROT_a"))
    assert list(other.matches("latt[")) == list(one.matches("latt["))


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(_lines("C"), _lines("PY"), st.sampled_from(["full", "scaling", "spec", "c-parity"]))
def test_columns_say_what_the_plain_comparison_says(c: list[str], py: list[str], profile: str) -> None:
    ours, theirs = parse_lines(c, "c.log"), parse_lines(py, "py.log")
    assert_same(compare(ours, theirs, profile), in_columns(ours, theirs, profile))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["custom_vectors_pix0", "oversample3", "phi_carryover"])
def test_real_logs_in_columns(name: str) -> None:
    c = read_trace(TRACES / f"{name}.log")
    text = (TRACES / f"{name}.log").read_text(encoding="utf-8").replace("TRACE_C", "TRACE_PY")
    py = parse_lines(text.replace("0.7", "0.700001").replace("rot_b_angstroms -", "rot_b_angstroms ").splitlines())
    for profile in ("full", "scaling"):
        assert_same(compare(c, py, profile), in_columns(c, py, profile))
    assert_same(compare(c, c), in_columns(c, c))
    empty = Trace("?", "", ())
    assert_same(compare(c, empty), in_columns(c, empty))
    assert_same(compare(empty, py), in_columns(empty, py))


@pytest.mark.parametrize("name", LIVING)
def test_logs_of_a_real_port_in_columns(shared: Path, name: str) -> None:
    """These pair blocks, convert units, put re-derived lines right and hold single-precision values."""
    case = shared / "live_sample" / "cases" / name
    c, py = read_trace(case / "trace_c.log"), read_trace(case / "trace_py.log")
    for profile in ("full", "scaling"):
        assert_same(compare(c, py, profile), in_columns(c, py, profile))
    assert_same(compare(py, c), in_columns(py, c))
