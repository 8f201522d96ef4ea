"""Logs of any size and any bytes: memory, line numbers, cancelling; and the unit of the scattering vector."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtui.trace.model import TraceError
from nbtui.trace.reading import scan
from nbtui.trace.reading.reader import ReadCancelled, parse_lines, read_trace
from nbtui.trace.units import unit_of_scattering
from support.places import DATA

TRACES = DATA / "traces"
CARRY = TRACES / "phi_carryover.log"


def noisy(folder: Path, megabytes: int) -> Path:
    path, lines = folder / "noisy.log", CARRY.read_bytes().splitlines(keepends=True)
    noise = b"".join(b"%d%% done\n" % number for number in range(100)) * 1200
    with path.open("wb") as file:
        file.writelines(lines[:60])
        for _ in range(megabytes // 2):
            file.write(noise)
        file.writelines(lines[60:])
        for _ in range(megabytes // 2):
            file.write(noise)
    return path


@pytest.mark.slow
def test_noise_costs_no_memory_and_lines_keep_their_numbers(tmp_path: Path) -> None:
    path = noisy(tmp_path, 60)
    seen: list[tuple[int, int]] = []
    tracemalloc.start()
    trace = read_trace(path, progress=lambda done, size: seen.append((done, size)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    whole = read_trace(CARRY)
    assert [r.values for r in trace.records] == [r.values for r in whole.records] and trace.sha256 == whole.sha256
    assert trace.notices and peak < 16 << 20
    with path.open("rb") as file:
        wanted = {number: line for number, line in enumerate(file, 1) if b"TRACE_C: " in line}
    assert {r.line: r.text for r in trace.records if r.raw_name in ("F_cell", "I_pixel_final")}.items() <= {
        number: line.decode().strip() for number, line in wanted.items()
    }.items()
    assert seen == sorted(seen) and seen[-1][0] == seen[-1][1] == path.stat().st_size and len(seen) > 40


def test_reading_can_be_stopped(tmp_path: Path) -> None:
    asked = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(ReadCancelled):
        read_trace(noisy(tmp_path, 20), cancelled=cancelled)
    assert len(asked) == 4


def test_a_line_without_end_is_no_memory_either(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    with path.open("wb") as file:
        for _ in range(40):
            file.write(b"x" * (1 << 20))
        file.write(b"\nTRACE_C: F_cell 1.5\n")
    tracemalloc.start()
    trace = read_trace(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert trace.records[0].values == (1.5,) and trace.records[0].line == 2 and peak < 48 << 20


_LINE = st.sampled_from(
    [
        b"TRACE_C: F_cell 1",
        b"12% done",
        b"",
        b"DETECTOR_FAST_AXIS 0 0 1",
        b"WARNING: x",
        b"\r 3%|#|\r",
        b"TRAC",
        b"x" * 40,
    ]
)


@settings(deadline=None)
@given(st.lists(_LINE, max_size=60), st.integers(1, 97), st.booleans())
def test_no_line_is_lost_wherever_the_blocks_are_cut(lines: list[bytes], width: int, closed: bool) -> None:
    data = b"\n".join(lines) + (b"\n" if closed else b"")

    def blocks() -> Iterable[bytes]:
        return (data[at : at + width] for at in range(0, len(data), width))

    found = {line.number for line in scan.lines(blocks()) if b"TRACE_C" in line.text}
    assert found == {number for number, line in enumerate(data.split(b"\n"), 1) if b"TRACE_C" in line}


@settings(deadline=None, max_examples=60)
@given(data=st.binary(max_size=3000), magic=st.sampled_from([b"", b"\x1f\x8b", b"\xff\xfe", b"{", b"\0" * 9]))
def test_hostile_bytes_give_a_trace_or_a_clear_error(
    data: bytes, magic: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    for extra in (b"", b"\nTRACE_C: F_cell 1\n", b" TRACE_PY_PHI k=1"):
        try:
            path = folder / "hostile.log"
            path.write_bytes(magic + data + extra)
            trace = read_trace(path)
        except TraceError as error:
            assert str(error).isprintable()
        else:
            assert trace.records or trace.phi or trace.terms or trace.unknown


# Units


def test_unit_of_the_scattering_vector() -> None:
    base = ["TRACE_C: lambda_meters 1e-10", "TRACE_C: diffracted_vec 0 1 0", "TRACE_C: incident_vec 1 0 0"]
    assert unit_of_scattering(parse_lines([*base, "TRACE_C: scattering_vec_A_inv -1e10 1e10 0"])) == "m^-1"
    assert unit_of_scattering(parse_lines([*base, "TRACE_C: scattering_vec_A_inv -1 1 0"])) == "A^-1"
    two_pi = f"TRACE_C: scattering_vec_A_inv {-2e10 * math.pi} {2e10 * math.pi} 0"
    assert unit_of_scattering(parse_lines([*base, two_pi])) == "m^-1"
    near = ["TRACE_C: lambda_angstroms 1", "TRACE_C: cos_2theta 0.5", "TRACE_C: scattering_vec_A_inv 0 1 0"]
    assert unit_of_scattering(parse_lines(near)) == "A^-1"
    assert unit_of_scattering(parse_lines(["TRACE_C: scattering_vec_A_inv 0 1e8 0"])) == "m^-1"
    assert unit_of_scattering(parse_lines(["TRACE_C: scattering_vec_A_inv 0 0.3 0"])) == "A^-1"
    assert unit_of_scattering(parse_lines(["TRACE_C: scattering_vec_A_inv nan 1 0"])) == "m^-1"
    assert unit_of_scattering(parse_lines([])) == "m^-1"


def test_a_line_beyond_a_megabyte_is_cut_with_a_notice(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    path.write_bytes(b"TRACE_C: F_cell 100\nTRACE_C: note " + b"x" * (3 << 20) + b"\nTRACE_C: F_latt 7\n")
    trace = read_trace(path)
    assert [record.name for record in trace.records] == ["F_cell", "note", "F_latt"]
    assert [notice.text for notice in trace.notices] == ["line 2 is longer than 1 MB; only a part of it is read"]
    path.write_bytes(b"." * (3 << 20) + b"TRACE_C: F_cell 100\n")
    trace = read_trace(path)
    assert trace.records[0].values == (100.0,) and "line 1 is longer than 1 MB" in trace.notices[0].text
