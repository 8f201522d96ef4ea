"""The quick way through a large log gives what the grammar gives line by line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtui.trace.model import Trace, TraceError
from nbtui.trace.reading.quick import Quick
from nbtui.trace.reading.reader import read_trace

_NUMBER = st.sampled_from(["1", "-2.5", "3e-7", "0", "1e999", "nan", "1.2.3", "+4", "007", "1234567890123456789", "-"])
_SIDE = st.sampled_from(["C", "PY"])
_LINE = st.one_of(
    st.builds("TRACE_{}: F_cell {}".format, _SIDE, _NUMBER),
    st.builds("TRACE_{}: steps {}".format, _SIDE, _NUMBER),
    st.builds("TRACE_{}: hkl_frac {} {} {}".format, _SIDE, _NUMBER, _NUMBER, _NUMBER),
    st.builds("TRACE_{}: hkl_frac {}  {} 1".format, _SIDE, _NUMBER, _NUMBER),
    st.builds("TRACE_{}:distance_m={}".format, _SIDE, _NUMBER),
    st.builds("TRACE_C_PHI phi_tic={} phi_deg={} k_frac=1".format, _NUMBER, _NUMBER),
    st.builds("TRACE_{}_PHI k_frac={} phi_tic=1".format, _SIDE, _NUMBER),
    st.builds("TRACE_{}_TERM thick={} h={}".format, _SIDE, _NUMBER, _NUMBER),
    st.builds("TRACE_{}: I_pixel_final {}".format, _SIDE, _NUMBER),
    st.builds("TRACE_{}: nobody_knows {}".format, _SIDE, _NUMBER),
    st.just("TRACE_C: F_cell 1 TRACE_C: F_latt 2"),
    st.just("TRACE_C_PHI phi_tic=0 phi_deg=0 k_frac=1\r 50%|###|"),
    st.just("12 % done"),
)
_PHI = [f"TRACE_C_PHI phi_tic={tic} phi_deg={0.1 * tic:.15g} k_frac=1" for tic in range(4)]


def told(trace: Trace | None) -> object:
    if trace is None:
        return None
    parts = (trace.records, trace.phi, trace.terms, trace.notices, trace.unknown)
    return repr([list(part) for part in parts]), trace.sha256, trace.side, trace.runs, trace.pixel


def read(path: Path) -> Trace | None:
    try:
        return read_trace(path)
    except TraceError:
        return None


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(
    lines=st.lists(st.one_of(_LINE, st.sampled_from(_PHI)), max_size=40),
    end=st.sampled_from(["\n", "\r\n"]),
    closed=st.booleans(),
)
def test_quick_lines_are_the_grammars_lines(
    lines: list[str], end: str, closed: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "quick.log"
    path.write_bytes((end.join([*_PHI, *lines]) + (end if closed else "")).encode())
    quick = told(read(path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Quick, "take", lambda *given: False)
        patch.setattr(Quick, "take_many", lambda self, run, block, start, line: (0, start))
        assert told(read(path)) == quick


def test_a_million_is_no_other_phi_step(tmp_path: Path) -> None:
    path = tmp_path / "far.log"
    path.write_text("".join(f"TRACE_C_PHI phi_tic={tic} k_frac=1\n" for tic in (999_999, 1_000_000, 1_000_001)))
    assert [entry.occurrence for entry in read_trace(path).phi] == [0, 0, 0]
