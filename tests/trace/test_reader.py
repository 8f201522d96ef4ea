"""Logs of every kind to traces: dialects, encodings, damage, several runs, errors."""

from __future__ import annotations

import gzip
import json
import math
import random
from pathlib import Path

import pytest

from nbtui.trace.fields.catalogue import field
from nbtui.trace.model import Trace, TraceError
from nbtui.trace.reading.reader import parse_lines, read_phi, read_trace, with_phi
from nbtui.trace.units import unit_of_scattering
from support.places import DATA

TRACES = DATA / "traces"
CARRY, REPEAT, CUSTOM = (TRACES / f"{name}.log" for name in ("phi_carryover", "oversample3", "custom_vectors_pix0"))


def write(folder: Path, data: bytes, name: str = "trace.log") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def only(trace: Trace, name: str) -> object:
    records = trace.all(name)
    assert len(records) == 1
    assert len(records[0].values) == 1
    return records[0].values[0]


def same(left: Trace, right: Trace) -> bool:
    return [(r.name, r.values, r.occurrence) for r in left.records] == [
        (r.name, r.values, r.occurrence) for r in right.records
    ] and [p.values for p in left.phi] == [p.values for p in right.phi]


def warnings(trace: Trace) -> str:
    return "\n".join(notice.text for notice in trace.notices if notice.kind == "warning")


# C's own logs


def test_a_c_log() -> None:
    trace = read_trace(CARRY)
    assert (trace.side, trace.pixel, trace.runs, trace.unknown) == ("C", (30, 61), 1, ())
    assert only(trace, "I_before_scaling") == 4905348.80912365
    assert only(trace, "I_pixel_final") == 7.72490096091364
    assert only(trace, "detector_convention") == "MOSFLM"
    assert [phi.phi_tic for phi in trace.phi] == list(range(10))
    assert trace.phi[0].values["k_frac"] == trace.phi[9].values["k_frac"] == 2.68991165110762
    lines = CARRY.read_text().splitlines()
    assert all(lines[r.line - 1] == r.text for r in trace.records)
    assert all(lines[p.line - 1] == p.text for p in trace.phi)


def test_repeated_blocks_keep_their_place() -> None:
    trace = read_trace(REPEAT)
    blocks = trace.all("pixel_pos_meters")
    assert [record.occurrence for record in blocks] == list(range(9))
    assert len({record.values for record in blocks}) == 9
    assert len(trace.all("F_cell")) == 9 and len(trace.all("steps")) == 1
    assert [phi.occurrence for phi in trace.phi] == list(range(9))


def test_notices_settle_questions() -> None:
    said = {(n.kind, n.text) for n in read_trace(CUSTOM).notices if n.kind != "prose"}
    assert ("warning", "WARNING: auto-generating odet_vector") in said
    assert ("convention", "custom convention selected.") in said
    assert ("pivot", "pivoting detector around direct beam spot") in said
    assert any(kind == "hkl" and "initialized hkls" in text for kind, text in said)
    assert any(kind == "fluence" for kind, _ in said)
    assert any(kind == "info" and text.startswith("max_I = ") for kind, text in said)


def test_every_reference_log(shared: Path) -> None:
    """Independent count: the plain lines of the file, by the letter of the dialect."""
    logs = sorted((shared / "golden" / "cases").glob("*/trace_c.log"))
    logs += sorted((shared / "zoo_sample" / "cases").glob("*/trace_*.log"))
    assert len(logs) >= 90 - 1
    for path in logs:
        lines = path.read_text("utf-8").splitlines()
        main = [line for line in lines if line.startswith(("TRACE_C:", "TRACE_PY:", "DETECTOR_"))]
        phi = [line for line in lines if line.startswith(("TRACE_C_PHI ", "TRACE_PY_PHI "))]
        trace = read_trace(path)
        assert [record.text for record in trace.records] == main, path
        assert [record.text for record in trace.phi] == phi, path
        assert trace.side == ("C" if path.name == "trace_c.log" else "PY")
        assert all(field(record.name) is not None for record in trace.records), path
        assert not trace.unknown and trace.runs == 1
        command = (path.parent / "command.txt").read_text().split()
        at = command.index("-trace_pixel")
        assert trace.pixel == ((int(command[at + 1]), int(command[at + 2])) if trace.side == "C" else None)


# The dialects


def test_dialects(shared: Path) -> None:
    folder = shared / "dialects"
    trace = read_trace(folder / "py_setup_equals.log")
    assert (trace.side, len(trace.records)) == ("PY", 64)
    assert only(trace, "distance_m") == 0.231274627546742

    trace = read_trace(folder / "py_debug_pixel.log")
    assert trace.all("hkl_rounded")[0].values == (0, 5, 0)
    assert len(trace.all("fdet_after_rotz")) == 2 and trace.runs == 1
    assert unit_of_scattering(trace) == "A^-1"

    trace = read_trace(folder / "py_source.txt")
    assert trace.pixel == (158, 147)
    assert only(trace, "source[1].source_weight") == 0.200000002980232
    assert only(trace, "I_before_scaling") == 308842304
    assert only(trace, "I_before_scaling_post_polar") == 154450368
    assert len(trace.all("tricubic.grid")) == 64

    trace = read_trace(folder / "py_tricubic_rotstar.log")
    assert trace.all("tricubic.h_coords")[0].values == (-8.0, -7.0, -6.0, -5.0)
    assert len(trace.all("rotstar.ap_y")) == 10 and trace.runs == 1

    trace = read_trace(folder / "c_source2.txt")
    assert only(trace, "source[2].I_contribution") == 42185.0521
    assert trace.runs == 1

    trace = read_trace(folder / "c_tap5_oversample.log")
    assert len(trace.unknown) == 7 and trace.unknown[0][1] == "TRACE_C_TAP5: pixel 0 0"
    assert only(trace, "I_pixel_final") == 0.000301366151806705

    trace = read_trace(folder / "c_setup_beam_pivot.txt")
    assert trace.all("pix0_vector")[0].values == (0.110113918740374, 0.0546471770153985, -0.0465243988887638)


def test_seed_case_and_older_bundles(shared: Path) -> None:
    trace = read_trace(shared / "seed_case" / "c_trace_scaling.log")
    assert trace.pixel == (685, 1039) and only(trace, "I_before_scaling") == 943654.80923755
    seen = []
    for folder in sorted((shared / "legacy_bundles").iterdir()):
        trace = read_trace(folder / "trace_py_scaling_cpu.log")
        assert trace.side == "PY" and unit_of_scattering(trace) == "m^-1"
        seen.append(only(trace, "I_before_scaling"))
    assert seen == [941698.5, 736750.125, 861314.8125]


def test_per_phi_files_as_text_and_as_json_say_the_same(shared: Path) -> None:
    folder = shared / "legacy_bundles" / "20251008T044933Z"
    text = read_phi(folder / "trace_py_scaling_cpu_per_phi.log")
    data = read_phi(folder / "trace_py_scaling_cpu_per_phi.json")
    assert [phi.values for phi in text] == [phi.values for phi in data] and len(text) == 10
    assert read_trace(folder / "trace_py_scaling_cpu_per_phi.json").pixel == (685, 1039)
    trace = with_phi(read_trace(folder / "trace_py_scaling_cpu.log"), data)
    assert trace.phi[3].values["k_frac"] == -0.595205783843994


def test_json_of_the_other_kind_and_bad_json(tmp_path: Path) -> None:
    steps = [{"phi_tic": 0, "k_frac": 0.5, "note": "x", "F_latt": "nan"}, "no object", {"phi_tic": True}]
    path = write(tmp_path, json.dumps({"traces": steps, "pixel": "here"}).encode(), "per_phi.json")
    phi = read_phi(path)
    assert len(phi) == 1 and phi[0].values["k_frac"] == 0.5 and math.isnan(phi[0].values["F_latt"])
    assert "entry 1" in warnings(read_trace(path)) and "entry 2" in warnings(read_trace(path))
    with pytest.raises(TraceError, match=r"bad\.json: invalid JSON"):
        read_phi(write(tmp_path, b'{"per_phi_entries": [', "bad.json"))
    with pytest.raises(TraceError, match="no phi step"):
        read_phi(write(tmp_path, b"TRACE_C: F_cell 1\n"))


def test_printout_of_the_stock_program(tmp_path: Path) -> None:
    block = (
        "{fast:4d} {slow:4d} : stol = 1.21e+09 or 0.121\nat 0.1 0.01 -0.02\n"
        "hkl= 1.100000 -2.200000 3.300000  hkl0= 1 -2 3\n F_cell=12.5  F_latt=-3.5   I = {i}\n"
        "I/steps      100.5\npolar        0.95\nomega     1.5e-05\ncapfrac         1\npixel     0.001\n"
        "real-space cell vectors (Angstrom):\n     a           b           c         \n"
        "X: 28.42981162 -0.00000000  0.00000000\nY: -8.84726499 36.63709481  0.00000000\n"
        "Z: -3.67038328  5.16945685 45.00000000\n"
    )
    text = "real-space cell vectors (Angstrom):\nX: 1 2 3\n" + block.format(fast=9, slow=4, i=7) + "3% done\n"
    trace = read_trace(write(tmp_path, (text + block.format(fast=1039, slow=685, i=8)).encode()))
    assert (trace.side, trace.pixel) == ("C", (685, 1039))
    assert only(trace, "I_before_scaling") == 8.0 and only(trace, "printout.F_latt") == -3.5
    assert trace.all("printout.hkl_rounded")[0].values == (1, -2, 3)
    assert trace.all("printout.cell_y")[0].values == (-8.84726499, 36.63709481, 0.0)
    assert "2 -printout blocks" in warnings(trace)
    both = CARRY.read_text() + block.format(fast=61, slow=30, i=9) + block.format(fast=62, slow=30, i=10)
    trace = parse_lines(both.splitlines())
    assert only(trace, "printout.I") == 9.0 and only(trace, "steps") == 10 and trace.runs == 1


# Encodings and dirt


def dressed(kind: str) -> bytes:
    data = CARRY.read_bytes()
    lines = data.splitlines()
    return {
        "gzip": gzip.compress(data),
        "two gzip members": gzip.compress(data[:5000]) + gzip.compress(data[5000:]),
        "crlf": b"\r\n".join(lines) + b"\r\n",
        "nul": b"\n".join(b"\0\0" + line[:9] + b"\0" + line[9:] if b"_C:" not in line[:9] else line for line in lines)
        + b"\n",
        "utf-16": data.decode().encode("utf-16"),
        "utf-16-be": b"\xfe\xff" + data.decode().encode("utf-16-be"),
        "bom": b"\xef\xbb\xbf" + data,
        "colour": b"\n".join(b"\x1b[32m\x1b[K" + line + b"\x1b[0m" for line in lines) + b"\n",
        "progress": b"\n".join(b"\r 12% |##  |\r 13% |##  |\r" + line for line in lines) + b"\n",
        "logger": b"\n".join(b"2025-10-08 INFO root: " + line for line in lines) + b"\n",
    }[kind]


@pytest.mark.parametrize(
    "kind",
    ["gzip", "two gzip members", "crlf", "nul", "utf-16", "utf-16-be", "bom", "colour", "progress", "logger"],
)
def test_the_same_trace_however_it_is_dressed(kind: str, tmp_path: Path) -> None:
    plain, trace = read_trace(CARRY), read_trace(write(tmp_path, dressed(kind)))
    assert same(plain, trace) and trace.sha256 == plain.sha256 and trace.pixel == plain.pixel
    assert all(record.text.isprintable() for record in trace.records)
    assert [record.line for record in trace.records] == [record.line for record in plain.records]


def test_latin_1(tmp_path: Path) -> None:
    trace = read_trace(write(tmp_path, b"WARNING: caf\xe9\nTRACE_C: F_cell 1.5\n"))
    assert only(trace, "F_cell") == 1.5 and trace.notices[0].text == "WARNING: café"


def test_escape_sequences_never_get_through(tmp_path: Path) -> None:
    hostile = "TRACE_C: F_cell \x1b]52;c;aGk=\x07 \u202e[red]\nWARNING: \x1b[2J\x9b31m\nTRACE_C_TAP4: \x1b[H\n"
    trace = read_trace(write(tmp_path, hostile.encode()))
    texts = [n.text for n in trace.notices] + [text for _, text in trace.unknown] + [r.text for r in trace.records]
    assert len(trace.unknown) == 2 and not trace.records and all(text.isprintable() for text in texts)


def test_odd_numbers(tmp_path: Path) -> None:
    text = b"TRACE_C: F_latt -nan\nTRACE_C: F_cell 1.#IND\nTRACE_C: polar NOT_EXTRACTED\nTRACE_C: steps inf\n"
    trace = read_trace(write(tmp_path, text + b"TRACE_C: incident_vec 1 0 -0\n"))
    f_latt, f_cell = only(trace, "F_latt"), only(trace, "F_cell")
    assert isinstance(f_latt, float) and math.isnan(f_latt) and isinstance(f_cell, float) and math.isnan(f_cell)
    assert only(trace, "polar") == "NOT_EXTRACTED" and only(trace, "steps") == math.inf
    last = trace.all("incident_vec")[0].values[2]
    assert isinstance(last, float) and math.copysign(1, last) == -1


# Damage


def test_a_cut_number_is_never_taken_for_a_number(tmp_path: Path) -> None:
    """Whatever byte the log ends at, every value is one that stands in the whole log."""
    data = CARRY.read_bytes()
    whole = {(r.name, r.occurrence): r.values for r in read_trace(CARRY).records}
    phi = [p.values for p in read_trace(CARRY).phi]
    start = data.index(b"TRACE_CONFIG")
    for end in range(start + 200, len(data), 37):
        trace = read_trace(write(tmp_path, data[:end]))
        for record in trace.records:
            assert whole[record.name, record.occurrence] == record.values, end
        assert [p.values for p in trace.phi] == phi[: len(trace.phi)]
        if end < data.index(b"TRACE_C: I_pixel_final"):
            assert "ends before I_pixel_final" in warnings(trace)


def test_a_last_line_without_a_line_end(tmp_path: Path) -> None:
    data = CARRY.read_bytes()
    end = data.index(b"\n", data.index(b"TRACE_C: floatimage_accumulated"))
    trace = read_trace(write(tmp_path, data[:end]))
    assert len(trace.all("floatimage_accumulated")) == 1
    assert any("no line end" in notice.text for notice in trace.notices)
    trace = read_trace(write(tmp_path, data[: end - 9]))
    assert not trace.all("floatimage_accumulated") and "middle of this line" in warnings(trace)
    phi = b"TRACE_PY_PHI phi_tic=0 k_frac=1.5 F_latt=2\nTRACE_PY_PHI phi_tic=1 k_frac=1.25 "
    assert len(read_phi(write(tmp_path, phi + b"F_latt=3"))) == 2
    assert len(read_phi(write(tmp_path, phi))) == 1


def test_cut_gzip(tmp_path: Path) -> None:
    packed = gzip.compress(random.Random(1).randbytes(3 << 20) + b"\n" + CARRY.read_bytes() * 40)
    trace = read_trace(write(tmp_path, packed[:-30]))
    assert trace.records and "damaged or truncated" in warnings(trace)
    with pytest.raises(TraceError, match="damaged or truncated"):
        read_trace(write(tmp_path, packed[:1000]))


# Runs


def test_of_two_runs_the_last_complete_one() -> None:
    first, second = REPEAT.read_text().splitlines(), CUSTOM.read_text().splitlines()
    whole = parse_lines(second)
    trace = parse_lines(first + second)
    assert trace.runs == 2 and same(trace, whole) and trace.pixel == whole.pixel and trace.sha256 == whole.sha256
    assert "2 runs in this log; the last complete one is used" in warnings(trace)
    assert "auto-generating odet_vector" in warnings(trace)  # printed before the second banner

    stopped = second[: second.index(next(line for line in second if "I_before_scaling" in line))]
    trace = parse_lines(first + stopped)
    assert trace.runs == 2 and same(trace, parse_lines(first)) and trace.pixel == (33, 44)
    assert "the run after it is incomplete" in warnings(trace)
    trace = parse_lines(stopped + first)
    assert same(trace, parse_lines(first)) and "auto-generating" not in warnings(trace)


def test_two_python_runs_have_no_banner() -> None:
    loop = [line.replace("TRACE_C", "TRACE_PY") for line in REPEAT.read_text().splitlines() if line[:8] == "TRACE_C:"]
    loop = [line for line in loop if "=" not in line]
    trace = parse_lines(loop + loop)
    assert (trace.side, trace.runs) == ("PY", 2) and same(trace, parse_lines(loop))


def test_both_sides_in_one_log() -> None:
    c_side = [line for line in CARRY.read_text().splitlines() if line.startswith("TRACE_C")]
    trace = parse_lines([*c_side, "TRACE_PY: F_cell 1", "TRACE_PY: polar 0.5"])
    assert trace.side == "C" and same(trace, parse_lines(c_side)) and "both sides" in warnings(trace)


def test_identical_evidence_is_recognised_under_another_prefix() -> None:
    lines = [line for line in CARRY.read_text().splitlines() if line.startswith("TRACE_C")]
    copy = parse_lines([line.replace("TRACE_C", "TRACE_PY") for line in lines])
    assert copy.side == "PY" and copy.sha256 == parse_lines(lines).sha256 == read_trace(CARRY).sha256
    changed = [line.replace("I_pixel_final 7.7", "I_pixel_final 7.8") for line in lines]
    assert parse_lines(changed).sha256 != copy.sha256


# Errors


def test_errors_name_the_file_and_the_way_out(tmp_path: Path) -> None:
    cases = {
        tmp_path / "none.log": "none.log: no such file",
        tmp_path: "is a directory; give the log inside it",
        write(tmp_path, b"", "empty.log"): "empty.log is empty; a trace has lines like",
        write(tmp_path, b"12% done\n" * 9, "quiet.log"): "quiet.log: no trace line found; a trace has lines like",
        write(tmp_path, bytes(range(256)) * 9, "image.bin"): "image.bin is a binary file, not a log",
        tmp_path / "a\x1b[2Jb": "no such file",
        Path("a\0b"): "give the path",
    }
    for path, message in cases.items():
        with pytest.raises(TraceError) as caught:
            read_trace(path)
        text = str(caught.value)
        assert message in text and text.isprintable() and "\n" not in text


@pytest.mark.parametrize(
    ("error", "message"),
    [(PermissionError(13, "no"), "permission denied; check its permissions"), (OSError(5, "I/O error"), "I/O error")],
)
def test_unreadable(error: OSError, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr("nbtui.trace.reading.reader.open_regular", refuse)
    with pytest.raises(TraceError, match=message):
        read_trace(Path("some.log"))
