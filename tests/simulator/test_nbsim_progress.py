"""Progress of ``nbsim`` on stderr."""

from __future__ import annotations

import io

import pytest

from nbsim.output.progress import ProgressBar, duration, progress_line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3600, "1 h 00 min"),
        (7861, "2 h 11 min"),
    ],
)
def test_durations_have_two_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_the_line_shows_bar_rate_and_time_left() -> None:
    assert progress_line(250_000, 1_000_000, 2.0) == "[######..................]  25 %  0.12 Mpixel/s  6 s left"
    assert progress_line(500, 1000, 10.0) == "[############............]  50 %  50 pixel/s  10 s left"
    assert progress_line(10, 10, 1.0).startswith(f"[{'#' * 24}] 100 %")
    assert progress_line(0, 10, 1.0) == f"[{'.' * 24}]   0 %  0 pixel/s"
    assert all(len(progress_line(999 * 10**k, 10**9, 5e5)) <= 79 for k in range(6))


def test_the_line_ends_with_the_work_and_only_a_terminal_sees_it() -> None:
    seen, unseen, unwanted = Terminal(), io.StringIO(), Terminal()
    for stream, wanted in ((seen, True), (unseen, True), (unwanted, False)):
        bar = ProgressBar(stream, wanted)
        bar(1, 9)
        bar(9, 9)
    assert seen.getvalue().startswith("\r[") and seen.getvalue().endswith("\x1b[K\n")
    assert seen.getvalue().count("\r") == 1  # too soon after the start for a second one
    assert unseen.getvalue() == unwanted.getvalue() == ""
