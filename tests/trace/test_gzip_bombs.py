"""Gzip bombs: small logs that unpack to gigabytes. Memory, disk and time stay bounded, and a sentence says why."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import re
import tracemalloc
from pathlib import Path

import pytest

from nbtui.trace.model import TraceError
from nbtui.trace.reading import lines as line_reader
from nbtui.trace.reading import packed, reader
from nbtui.trace.reading.lines import FileLines, GivenLines, search
from nbtui.trace.reading.reader import read_trace
from support.bombs import TRACE, bomb

TOO_MUCH = "the log unpacks to more than 100 times its size; reading ended after {} MiB of text"
# RFC 8878: magic number, a single segment of so many bytes, and the last block, which is raw
ZSTD_FRAME = b"\x28\xb5\x2f\xfd\x20" + bytes([len(TRACE)]) + (len(TRACE) << 3 | 1).to_bytes(3, "little")


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "ANY_RATIO", 8 << 20)


@pytest.mark.slow
@pytest.mark.parametrize("filling", [b"\0", b"\n"], ids=["zeros", "line feeds"])
def test_two_gigabytes_are_read_up_to_the_first(tmp_path: Path, filling: bytes) -> None:
    path = bomb(tmp_path / "bomb.log.gz", filling, 2 << 30)
    assert path.stat().st_size < 3 << 20
    tracemalloc.start()
    trace = read_trace(path)
    lines = FileLines(path)
    assert lines.index()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    told = TOO_MUCH.format("1,024")
    assert trace.records[0].values == (100.5,) and f"{told}; only the readable part is used" in trace.notices[-1].text
    assert lines.fault == f"only the beginning is shown: {told}"
    assert lines.window(1, 2) == TRACE.decode().splitlines()[:2]
    assert os.fstat(lines._file.fileno()).st_size <= 1 << 30
    assert peak < 64 << 20
    lines.close()


def test_no_bomb_is_a_log_that_packs_well(tmp_path: Path, small_limit: None) -> None:
    """30 times its size, beyond the bytes that any log may have."""
    path = tmp_path / "a.log.gz"
    noise = b"".join(os.urandom(1000).hex().encode() + b"0" * 60_000 + b"\n" for _ in range(200))
    path.write_bytes(gzip.compress(TRACE + noise + TRACE))
    lines = FileLines(path)
    assert lines.index() and not lines.fault and lines.count == 200 + 2 * TRACE.count(b"\n")
    assert not [notice for notice in read_trace(path).notices if "unpacks" in notice.text]
    lines.close()


def test_a_bomb_without_a_trace_names_the_reason(tmp_path: Path, small_limit: None) -> None:
    path = tmp_path / "a.log.gz"
    path.write_bytes(gzip.compress(bytes(32 << 20)))
    with pytest.raises(TraceError, match=f"{TOO_MUCH.format(8)}; only the readable part is used, and it holds"):
        read_trace(path)


@pytest.mark.parametrize(
    "line", [b"TRACE_C: F_cell 100.5", b"TRACE_C_PHI phi_tic=0 F_latt=3", b"TRACE_C: no number in this line"]
)
def test_trace_lines_without_end_are_refused_before_they_fill_the_memory(
    tmp_path: Path, line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "_LARGEST", 1 << 20)
    path = tmp_path / "a.log"
    path.write_bytes((line + b"\n") * ((4 << 20) // len(line)))
    seen: list[int] = []
    with pytest.raises(TraceError, match=r"one run prints more than .* of trace lines; a trace is that of one pixel"):
        read_trace(path, progress=lambda done, size: seen.append(done))
    assert len(seen) < 2


@pytest.mark.parametrize(
    "filling",
    [
        TRACE,
        b"TRACE_C: I_pixel_final 1\n",
        b"TRACE_C_PHI phi_tic=0 F_latt=3\n",
        b"TRACE_C_TERM h=1\n",
        b"TRACE_C:\n",
        b"TRACE: omega 1\n",
        b"WARNING:\n",
    ],
    ids=["runs", "ends", "phi lines", "terms", "tags", "early dialect", "warnings"],
)
def test_a_bomb_of_trace_lines_is_refused_at_its_beginning(
    tmp_path: Path, filling: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "_MOST_LINES", 20_000)
    path = tmp_path / "a.log.gz"
    path.write_bytes(gzip.compress(TRACE + filling * ((16 << 20) // len(filling))))
    seen: list[int] = []
    with pytest.raises(
        TraceError, match=r"more than 20,000 trace lines .* more lines than compressed bytes.*'gzip -d'"
    ):
        read_trace(path, progress=lambda done, size: seen.append(done))
    assert len(seen) <= 1  # a call for each MiB of text


def test_as_many_lines_are_read_where_each_takes_bytes_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The terms of many steps: only the counters change, so a line of 70 bytes is packed into 3."""
    steps = [(phi, mosaic) for phi in range(100) for mosaic in range(300)]
    terms = b"".join(
        b"TRACE_C_TERM phi_step=%d mosaic_domain=%d h=1 k=2 l=3 F_latt=0 F_cell=100\n" % at for at in steps
    )
    path = tmp_path / "a.log.gz"
    path.write_bytes(gzip.compress(TRACE + terms))
    assert path.stat().st_size < len(terms) / 20
    monkeypatch.setattr(reader, "_MOST_LINES", 1000)
    assert len(read_trace(path).terms) == len(steps)


def test_repeated_lines_are_read_from_an_unpacked_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_MOST_LINES", 1000)
    path = tmp_path / "a.log"
    path.write_bytes(TRACE + b"TRACE_C_TERM h=1\n" * 5000 + TRACE)
    assert len(read_trace(path).records) == 3 and read_trace(path).runs == 2


def test_an_unpacked_log_leaves_half_of_the_free_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.log.gz"
    path.write_bytes(gzip.compress(b"0123456789\n" * 800_000))
    monkeypatch.setattr(line_reader, "_room", lambda file: 10 << 20)
    lines = FileLines(path)
    assert lines.index()
    assert re.match("only the beginning is shown: .* half of the free space in .*TMPDIR can name another", lines.fault)
    assert 4 << 20 < os.fstat(lines._file.fileno()).st_size <= 5 << 20
    assert lines.window(lines.count - 1, 1) == ["0123456789"]
    lines.close()


def test_a_search_counts_so_many_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_reader, "MOST_FOUND", 5000)
    assert list(search(GivenLines(["x"] * 20_000), re.compile("x"))) == list(range(1, 5001))


@pytest.mark.parametrize(
    ("content", "packer"),
    [
        (lzma.compress(TRACE), "xz"),
        (bz2.compress(TRACE), "bzip2"),
        (ZSTD_FRAME + TRACE, "zstd"),
    ],
    ids=["xz", "bzip2", "zstd"],
)
def test_logs_of_other_packers_are_named_with_the_way_out(tmp_path: Path, content: bytes, packer: str) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(content)
    with pytest.raises(TraceError, match=f"compressed with {packer}; only gzip is read: unpack it with '{packer} -d'"):
        read_trace(path)
