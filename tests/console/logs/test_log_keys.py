"""The raw log screen in use: every key, hostile text, threads that are stopped, and a real terminal."""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from nbtui.console.app import Console
from nbtui.console.logs import state as states
from nbtui.console.logs.editor import NONE_SET
from nbtui.console.logs.screen import LogsScreen
from nbtui.trace.reading.lines import FileLines
from nbtui.trace.reading.reader import read_trace
from support.bombs import bomb
from support.console_terminal import Start, console_program
from support.console_toy import C_LINES, PY_LINES, console, screen_text, until
from support.patience import PATIENCE

C_LOG = ("nanoBragg of today", "reading the crystal", *C_LINES, "done")
PY_LOG = ("python", *PY_LINES)

# --- the screen ------------------------------------------------------------------------------------------------------


@pytest.fixture
def logs(tmp_path: Path) -> tuple[Path, Path]:
    c, py = tmp_path / "c.log", tmp_path / "py.log"
    c.write_text("\n".join(C_LOG) + "\n", encoding="utf-8")
    py.write_text("\n".join(PY_LOG) + "\n", encoding="utf-8")
    return c, py


Steps = Callable[[Pilot[int], LogsScreen], Coroutine[None, None, None]]


def run(logs: tuple[Path, Path], steps: Steps, size: tuple[int, int] = (80, 24)) -> Console:
    """The console on two logs, with the raw logs open and read."""
    app = console(None, c_trace=read_trace(logs[0]), suspect=read_trace(logs[1]))

    async def main() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await pilot.press("l")
            await until(pilot, lambda: isinstance(app.screen, LogsScreen))
            screen = app.screen
            assert isinstance(screen, LogsScreen)
            await until(pilot, lambda: screen.state.side.top != 1)  # on the field
            await steps(pilot, screen)

    asyncio.run(main())
    return app


async def find(pilot: Pilot[int], screen: LogsScreen, text: str) -> None:
    await pilot.press("slash")
    screen.show(replace(screen.state, query=text))
    await pilot.press("enter")
    await until(pilot, lambda: screen.state.pattern is None or not screen.state.searching)


@pytest.mark.slow
def test_the_keys_of_the_screen(logs: tuple[Path, Path]) -> None:
    async def steps(pilot: Pilot[int], screen: LogsScreen) -> None:
        def cursors() -> list[int]:
            return [side.cursor for side in screen.state.sides]

        assert cursors() == [4, 3]  # the first divergence: rot_a
        expected = {
            "down": [5, 4], "j": [6, 5], "up": [5, 4], "k": [4, 3], "d": [5, 4], "D": [4, 3],
            "end": [11, 8], "home": [1, 0], "pagedown": [11, 8], "pageup": [1, 0],
        }  # fmt: skip
        for key, lines in expected.items():
            await pilot.press(key)
            assert cursors() == lines, key
        await pilot.press("d", "tab")
        assert screen.state.active == 1
        await pilot.press("down", "s", "down")
        assert cursors() == [5, 5]
        assert not screen.state.locked
        await pilot.press("right", "right", "left")
        assert screen.state.shift == states.SHIFT
        await pilot.press("question_mark")
        assert "regular expression" in screen_text(screen.app)
        await pilot.press("x")
        assert not screen.state.helping
        await pilot.press("m", "e", "f")  # keys of the main screen
        assert screen.app.screen is screen
        assert not (logs[0].parent / "reports").exists()
        await pilot.press("q")
        assert screen.app.screen is not screen

    run(logs, steps)


@pytest.mark.slow
def test_a_log_that_changes_is_read_again_under_the_screen(logs: tuple[Path, Path]) -> None:
    async def steps(pilot: Pilot[int], screen: LogsScreen) -> None:
        app = pilot.app
        assert isinstance(app, Console)
        app.refresher.look()  # as the files are now
        await find(pilot, screen, "f_(latt|cell)")
        await pilot.press("home", *["down"] * 5)
        assert screen.state.side.cursor == 6
        grown = [line.replace("F_latt 320", "F_latt 321") for line in C_LOG]
        logs[0].write_text("\n".join([*grown, "TRACE_C: F_cell 100", "F_latt"]) + "\n", encoding="utf-8")
        app.refresher.look()
        await until(pilot, lambda: screen.state.sides[0].count == len(C_LOG) + 2 and not screen.state.searching)
        assert screen.state.side.cursor == 6 and "F_latt 321" in screen_text(app)
        await until(pilot, lambda: list(screen.state.sides[0].hits) == [6, 7, 8, 9, 12, 13])
        assert screen.state.side.cursor == 6 and "c.log read again" in screen.state.message
        assert list(screen.state.sides[1].hits) == [5, 6]
        logs[0].write_text("\n".join(C_LOG[:4]) + "\n", encoding="utf-8")
        app.refresher.look()
        await until(pilot, lambda: screen.state.sides[0].count == 4 and not screen.state.searching)
        assert screen.state.side.cursor == 4 and not screen.state.side.hits
        await pilot.press("escape", "q")
        await pilot.press("equals_sign", "l")
        frozen = app.screen
        assert isinstance(frozen, LogsScreen)
        logs[0].write_text("\n".join(C_LOG) + "\n", encoding="utf-8")
        app.refresher.look()
        await until(pilot, lambda: "c.log changed; = on the main screen reloads it" in screen_text(app))
        assert frozen.state.sides[0].count == 4

    run(logs, steps)


@pytest.mark.slow
def test_a_search_counts_on_both_sides_and_esc_forgets_it(logs: tuple[Path, Path]) -> None:
    async def steps(pilot: Pilot[int], screen: LogsScreen) -> None:
        await find(pilot, screen, "f_(latt|cell)")
        assert [list(side.hits) for side in screen.state.sides] == [[6, 7, 8, 9], [5, 6]]
        await until(pilot, lambda: screen.state.side.cursor == 6)
        await pilot.press("n")
        assert "hit 2 of 4" in screen_text(screen.app)
        assert "found: C 4  your log 2" in screen_text(screen.app)
        await pilot.press("N", "N")
        assert screen.state.side.cursor == 9
        await pilot.press("escape")
        assert screen.state.pattern is None
        await pilot.press("slash", "x", "backspace", "y", "escape")
        assert (screen.state.typing, screen.state.query) == (False, "")
        await find(pilot, screen, "nowhere at all")
        await until(pilot, lambda: "no line of this log contains" in screen.state.message)
        await find(pilot, screen, "(")
        assert "not a regular expression" in screen_text(screen.app)
        await pilot.press("escape", "escape")
        assert screen.app.screen is not screen

    run(logs, steps)


@pytest.mark.slow
def test_a_bomb_is_shown_up_to_its_limit_and_every_key_still_works(logs: tuple[Path, Path]) -> None:
    """2 MB that unpack to 2 GB: the sentence is whole at 80 columns, and the count says "the first"."""
    packed = bomb(logs[0].with_name("bomb.log.gz"), b"\0", 2 << 30)

    async def steps(pilot: Pilot[int], screen: LogsScreen) -> None:
        await until(pilot, lambda: not screen.state.busy)
        assert "only the beginning is shown: the log unpacks to more than 100 times its size" in screen_text(screen.app)
        assert "of the first 4 " in screen_text(screen.app)
        await pilot.press("G", "w", "right", "g")
        assert "of the first 4 " in screen_text(screen.app) and "only the beginning" not in screen_text(screen.app)
        await find(pilot, screen, "f_latt")
        assert list(screen.state.sides[0].hits) == [2]
        (lines,) = [side.lines for side in screen.state.sides if side.title == str(packed)]
        assert isinstance(lines, FileLines) and os.fstat(lines._file.fileno()).st_size <= 1 << 30
        await pilot.press("escape", "escape")
        assert screen.app.screen is not screen

    run((packed, logs[1]), steps)


def test_clicks_the_wheel_and_another_size(logs: tuple[Path, Path]) -> None:
    async def steps(pilot: Pilot[int], screen: LogsScreen) -> None:
        row = 2 + 5 - screen.state.sides[0].top
        await pilot.click(offset=(20, row))
        assert screen.state.side.cursor == 5
        screen.wheel(3)
        assert screen.state.side.cursor == 8
        screen.wheel(-3)
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert "│" in screen_text(screen.app)
        assert screen.state.side.cursor == 5

    run(logs, steps)


def test_without_an_editor_or_a_terminal_to_hand_over_it_says_so(
    logs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def steps(pilot: Pilot[int], screen: LogsScreen) -> None:
        for name in ("VISUAL", "EDITOR"):
            monkeypatch.delenv(name, raising=False)
        await pilot.press("v")
        assert screen.state.message == NONE_SET
        monkeypatch.setenv("EDITOR", "vi 'oops")
        await pilot.press("v")
        assert "cannot be read" in screen.state.message
        monkeypatch.setenv("EDITOR", "vi")
        await pilot.press("v")
        assert "cannot be suspended" in screen.state.message

    run(logs, steps)


def test_a_log_that_has_gone_is_a_sentence_and_the_other_one_can_be_read(logs: tuple[Path, Path]) -> None:
    app = console(None, c_trace=read_trace(logs[0]), suspect=read_trace(logs[1]))
    logs[1].unlink()

    async def main() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("l")
            await until(pilot, lambda: "the file is gone" in " ".join(screen_text(app).split()))
            await until(pilot, lambda: "> " in screen_text(app) and "line 4 of 11" in screen_text(app))
            await pilot.press("tab", "down", "end", "d", "n", "v", "tab")

    asyncio.run(main())


def test_reading_can_be_stopped_and_what_was_read_stays(
    logs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    index = FileLines.index

    def slowly(self: FileLines, progress: object = None, cancelled: Callable[[], bool] | None = None) -> bool:
        go.wait(PATIENCE)
        return index(self, None, cancelled)

    monkeypatch.setattr(FileLines, "index", slowly)
    app = console(None, c_trace=read_trace(logs[0]), suspect=read_trace(logs[1]))

    async def main() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("l")
            await until(pilot, lambda: isinstance(app.screen, LogsScreen) and app.screen.state.busy)
            screen = app.screen
            assert isinstance(screen, LogsScreen)
            await pilot.press("slash", "x", "enter")
            assert "still being read" in screen.state.message
            await pilot.press("escape")
            go.set()
            await until(pilot, lambda: not screen.state.busy)
            assert "reading was stopped" in screen.state.message

    asyncio.run(main())


@pytest.mark.slow
def test_a_search_can_be_stopped(logs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    endless = list(C_LOG) * 3

    def batches(self: FileLines) -> object:
        number = 1
        while True:
            yield number, endless
            number += len(endless)

    monkeypatch.setattr(FileLines, "batches", batches)

    async def steps(pilot: Pilot[int], screen: LogsScreen) -> None:
        await pilot.press("slash", "z", "z", "enter")
        assert screen.state.searching
        await pilot.press("escape")
        await until(pilot, lambda: not screen.state.searching)
        assert "stopped" in screen.state.message or "no line" in screen.state.message

    run(logs, steps)


def test_hostile_text_reaches_no_terminal(logs: tuple[Path, Path]) -> None:
    bad = "[/x][@click=app.quit]\x1b]0;owned\x07\u202e\x9b2J 日本 e\u0301 " + "y" * 10_000
    with logs[0].open("a", encoding="utf-8") as file:
        file.write(bad + "\n")

    async def steps(pilot: Pilot[int], screen: LogsScreen) -> None:
        await pilot.press("end", "right", "left")
        await find(pilot, screen, r"\[/x\]")
        text = screen_text(screen.app)
        assert "[/x][@click=app.quit]" in text
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)

    run(logs, steps)


# --- in a real terminal ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_bytes_the_editor_and_the_shell(on_terminal: Start, tmp_path: Path) -> None:
    lines = [f"noise {number}" for number in range(300)]
    (tmp_path / "c.log").write_text("\n".join([*lines, *C_LINES, *lines]) + "\n", encoding="utf-8")
    (tmp_path / "py.log").write_text("\n".join([*PY_LINES, *lines]) + "\n", encoding="utf-8")
    editor = tmp_path / "editor.sh"
    editor.write_text('#!/bin/sh\necho "$@" > called\nkill -INT $PPID\nexit 3\n', encoding="utf-8")
    editor.chmod(0o755)
    terminal = on_terminal(TWO_LOGS, EDITOR=str(editor), VISUAL="")
    terminal.wait_for("rot_a")
    terminal.press("l")
    terminal.wait_for("line 302 of 608")
    terminal.settle()
    moved = [terminal.press("\x1b[B") for _ in range(8)]
    # where one log has a line that the other lacks, the other one scrolls by a line
    assert sum(sent > 600 for sent in moved) <= 3, moved
    scrolled = [terminal.press(key) for key in ("\x1b[6~", "\x1b[B", "\x1b[5~", "\x1b[H", "\x1b[F")]
    assert max(moved + scrolled) <= 10_000, moved + scrolled
    assert terminal.press("\x1b[<35;50;20M\x1b[<35;51;21M") == 0
    assert len(terminal.read(2.0)) <= 400
    terminal.press("v")
    terminal.wait_for("ended with code 3")
    [line] = re.findall(r"line ([0-9]+) of 608", terminal.screen())
    assert (tmp_path / "called").read_text().split() == [f"+{line}", str(tmp_path / "c.log")]
    terminal.press("q")
    terminal.wait_for("FIRST")
    terminal.press("q")
    assert terminal.end() == 1


TWO_LOGS = console_program(Path("c.log"), Path("py.log"))
SHELL = """
import os, signal, sys, time
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
pid = os.fork()
if pid == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpgrp())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv(sys.executable, [sys.executable, "-c", {program!r}])
while True:
    _, status = os.waitpid(pid, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        raise SystemExit(os.waitstatus_to_exitcode(status))
    os.tcsetpgrp(0, os.getpgrp())
    print("back in the shell", flush=True)
    time.sleep(0.3)
    os.tcsetpgrp(0, pid)
    os.kill(pid, signal.SIGCONT)
"""


@pytest.mark.slow
@pytest.mark.parametrize("keys", ["", "l"], ids=["main", "logs"])
def test_ctrl_z_goes_to_the_shell_and_fg_comes_back(on_terminal: Start, logs: tuple[Path, Path], keys: str) -> None:
    terminal = on_terminal(SHELL.format(program=TWO_LOGS))
    terminal.wait_for("rot_a")
    if keys:
        terminal.press(keys)
        terminal.wait_for("LOGS")
    terminal.press("\x1a")
    terminal.wait_until(lambda: b"\x1b[?1049h" in terminal.received.partition(b"back in the shell")[2], "the way back")
    terminal.settle()
    left, back = terminal.received.split(b"back in the shell")
    assert left.count(b"\x1b[?1049h") == left.count(b"\x1b[?1049l") == back.count(b"\x1b[?1049h") == 1
    terminal.press("q" * len(keys) + "q")
    assert terminal.end() == 1
