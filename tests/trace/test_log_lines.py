"""The line index of big logs: against a plain split of the whole text."""

from __future__ import annotations

import gzip
import re
import threading
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbtui.trace.model import TraceError
from nbtui.trace.reading import lines as module
from nbtui.trace.reading.lines import LONGEST, FileLines, GivenLines, Lines, search
from nbtui.trace.reading.reader import read_trace


def opened(path: Path) -> FileLines:
    lines = FileLines(path)
    assert lines.index()
    return lines


def every(lines: Lines) -> list[str]:
    return [text for _, texts in lines.batches() for text in texts]


PIECES = st.lists(
    st.sampled_from(["\n", "a", "TRACE_C: x 1", "é", "\r\n", "日本", " ", "b" * 30, "\n\n\n"]), max_size=60
)


@pytest.mark.slow
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(pieces=PIECES, step=st.sampled_from([1, 2, 3, 7, 64]), read=st.sampled_from([1, 5, 50]))
def test_every_line_is_where_a_plain_split_puts_it(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str], step: int, read: int
) -> None:
    text = "".join(pieces)
    path = tmp_path_factory.mktemp("log") / "a.log"
    path.write_bytes(text.encode())
    expected = [line.removesuffix("\r") for line in text.split("\n")]
    if expected[-1] == "":
        expected.pop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "STEP", step)
        patch.setattr(module, "_READ", read)
        lines = opened(path)
        assert lines.count == len(expected)
        assert lines.window(1, 1000) == expected
        assert every(lines) == expected
        for number in range(1, len(expected) + 1):
            assert lines.window(number, 2) == expected[number - 1 : number + 1]
        lines.close()


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_the_same_lines_plain_and_packed(tmp_path: Path, pack: type[bytes]) -> None:
    text = "".join(f"line {number} {'x' * (number % 200)}\n" for number in range(1, 30_001))
    path = tmp_path / "a.log"
    path.write_bytes(pack(text.encode()))
    lines = opened(path)
    assert lines.count == 30_000
    for number in (1, 2, 777, 15_000, 29_999, 30_000):
        assert lines.window(number, 1)[0].startswith(f"line {number} ")
    assert len(lines.window(29_995, 100)) == 6
    assert list(search(lines, re.compile("line 2999[0-9] "))) == list(range(29_990, 30_000))
    lines.close()


def test_a_utf_16_log_is_counted_as_text(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes("one\r\nTRACE_C: lambda_meters 1e-10 Å\r\nthree".encode("utf-16"))
    lines = opened(path)
    assert [text.removeprefix("\ufeff") for text in lines.window(1, 9)] == [
        "one",
        "TRACE_C: lambda_meters 1e-10 Å",
        "three",
    ]
    lines.close()


def test_lines_are_numbered_as_the_reader_numbers_them(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"noise\n\n10%\r20%\r30%\nTRACE_C: lambda_meters 1e-10\r\nTRACE_C: F_cell 7\n" + b"n\n" * 99_999)
    trace, lines = read_trace(path), opened(path)
    assert [lines.window(record.line, 1)[0] for record in trace.records] == [record.text for record in trace.records]
    lines.close()


def test_what_a_terminal_would_obey_is_made_visible(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"a\x1b[2Jb\nlatin \xe9\nnul \0 end\n[/x][@click=app.quit]\n\xe2\x80\xaertl\n")
    lines = opened(path)
    shown = lines.window(1, 9)
    assert all(text.isprintable() for text in shown)
    assert shown[1:4] == ["latin é", "nul  end", "[/x][@click=app.quit]"]
    lines.close()


def test_a_line_without_end_costs_no_memory_and_hides_no_line(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"first\n" + b"x" * 3_000_000 + b"\nlast\n" + "é".encode() * LONGEST)
    lines = opened(path)
    first, long, last, accents = lines.window(1, 9)
    assert (first, long, last) == ("first", "x" * LONGEST, "last")
    assert accents == "é" * (LONGEST // 2)
    assert every(lines) == [first, long, last, accents]
    lines.close()


def test_progress_ends_at_the_size_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"0123456789\n" * 300_000)
    seen: list[tuple[int, int]] = []
    lines = FileLines(path)
    assert lines.index(lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert len(seen) >= 3
    assert seen[-1] == (3_300_000, 3_300_000)
    lines.close()


def test_after_cancelling_the_lines_passed_stay_readable(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"0123456789\n" * 300_000)
    lines = FileLines(path)
    assert not lines.index(cancelled=lambda: True)
    assert 0 < lines.count < 300_000
    assert lines.window(lines.count - 1, 1) == ["0123456789"]
    lines.close()


def test_a_search_can_be_cancelled_and_keeps_what_it_found() -> None:
    lines = GivenLines(["x"] * 10_000)
    stop = threading.Event()
    found = search(lines, re.compile("x"), progress=lambda hits, upto: stop.set(), cancelled=stop.is_set)
    assert 0 < len(found) < 10_000


def test_a_cut_archive_shows_what_is_there_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.log.gz"
    path.write_bytes(gzip.compress(b"".join(b"line %d\n" % n for n in range(200_000)))[:-5000])
    lines = opened(path)
    assert lines.count > 1000
    assert lines.window(1, 1) == ["line 0"]
    assert "damaged or truncated" in lines.fault
    lines.close()


def test_what_cannot_be_opened_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="the file is gone"):
        FileLines(tmp_path / "missing.log")
    with pytest.raises(TraceError, match="cannot be read"):
        FileLines(tmp_path)
    with pytest.raises(TraceError, match="cannot be read"):
        FileLines(Path("a\0b"))


def test_a_file_cut_short_while_it_is_shown_is_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"0123456789\n" * 300_000)
    lines = opened(path)
    path.write_bytes(b"gone\n")
    assert lines.window(299_000, 10) == []
    assert every(lines)[0] == "gone"
    lines.close()


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.touch()
    lines = opened(path)
    assert (lines.count, lines.window(1, 5), every(lines)) == (0, [], [])
    lines.close()


def test_memory_stays_small_and_other_threads_get_their_turn(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with path.open("wb") as file:
        for _ in range(64):
            file.write(b"some noise of a program, and more of it\n" * 26_214)  # 1 MB
    gaps: list[float] = []
    done = threading.Event()

    def tick() -> None:
        last = time.perf_counter()
        while not done.is_set():
            time.sleep(0.001)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    lines = FileLines(path)
    tracemalloc.start()
    ticker = threading.Thread(target=tick)
    ticker.start()
    assert lines.index()
    done.set()
    ticker.join()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert lines.count == 64 * 26_214
    assert peak < 8e6
    assert sorted(gaps)[int(0.95 * (len(gaps) - 1))] < 0.05
    lines.close()
