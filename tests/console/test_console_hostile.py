"""Text of files is data: nothing in a name, a value, a path or a message steers the terminal or is read as markup."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtui.console.drawing.line import Line, plain, width_of
from nbtui.console.help import pane as help
from nbtui.console.main import marks
from nbtui.console.main import state as moves
from nbtui.console.main.freshness import Files, names
from nbtui.console.main.kept_diagnosis import KeptDiagnosis
from nbtui.console.main.pair import Compared
from nbtui.console.main.panes import detail, fields, footer, header, pipeline, prompt, steps, tabs
from nbtui.console.main.state import Phase, State
from nbtui.console.screens import KEY_TABLES
from nbtui.live.model import Settings
from nbtui.parity.compare import compare
from nbtui.parity.overview import RowList
from nbtui.trace.reading.reader import parse_lines
from support.console_causes import cause, diagnosis
from support.console_terminal import Start, console_program
from support.console_toy import C_LINES, PY_LINES, toy_state

NASTY = (
    "\x1b[2J\x1b[31mred",
    "\x1b]0;title\x07",
    "\x9b31m",
    "[bold]b[/bold]",
    "[/x]",
    "[@click=app.quit]here[/]",
    "C[hkl=1]",
    "a\rb\nc\td",
    "\u202eevil\u202c",
    "\u200b\ufeff\u2066x\u2069",
    "漢字漢字",
    "e\u0301\u0301\u0301",
    "👩\u200d🔬",
    "\x00\x7f\x85",
)
HARMLESS = re.compile("[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]*")


def drawn(state: State) -> list[Line]:
    lines: list[Line] = []
    for draw in (header.draw, tabs.draw, pipeline.draw, fields.draw, detail.draw, steps.draw, footer.draw):
        for width, height in ((120, 24), (80, 20)):
            some = draw(state, width, height)
            assert {width_of(entry) for entry in some} <= {width}
            lines += some
    return lines + help.lines(state, KEY_TABLES, 80)


def check(state: State) -> str:
    text = "\n".join("".join(span.text for span in entry) for entry in drawn(state))
    for row in text.split("\n"):
        assert HARMLESS.fullmatch(row), ascii(row)
    return text


@pytest.mark.parametrize("nasty", NASTY, ids=ascii)
def test_names_paths_and_messages(nasty: str) -> None:
    toy = replace(toy_state(), name=f"case {nasty}", message=f"written: {nasty}", query=nasty)
    check(toy)
    check(replace(toy, searching=True))
    assert toy.comparison is not None and toy.c_trace is not None
    check(
        replace(
            toy,
            message="",
            comparison=replace(
                toy.comparison, findings=(nasty, nasty), limits=replace(toy.comparison.limits, name=nasty)
            ),
        )
    )
    row = toy.rows[1]._replace(
        label=f"{nasty}.x", unit=nasty, description=nasty, note=nasty, c_value=nasty, py_value=nasty + "y"
    )
    rows = (toy.rows[0], row, *toy.rows[2:])
    check(replace(toy, comparison=replace(toy.comparison, rows=rows, overview=RowList(rows))))
    waiting = replace(
        toy,
        suspect=None,
        shown=Compared.REFERENCE_LOG,
        c_trace=replace(toy.c_trace, origin=nasty),
        phase=Phase.SIMULATING,
    )
    check(waiting)
    failed = moves.failed(waiting, waiting.generation, nasty, 3)
    check(failed)
    check(replace(failed, contributions=None))


@pytest.mark.parametrize("nasty", NASTY, ids=ascii)
def test_files_that_change_and_marks(nasty: str) -> None:
    toy = toy_state()
    named = frozenset({Path(nasty.replace("\x00", "")) / "x", Path(f"y{nasty}")})
    for files in (
        Files(problem=nasty),
        Files(gone=named),
        Files(frozen=True, waiting=named),
    ):
        check(replace(toy, files=files))
    check(replace(toy, message=f"{names(named)} read again", marks=(nasty, (0, 0, 1)), prompt=nasty))
    assert HARMLESS.fullmatch(marks.note(replace(toy, marks=(nasty,))))
    assert all(HARMLESS.fullmatch(text) for text in plain(prompt.draw(replace(toy, marks=(nasty,), prompt=""), 80, 11)))


@pytest.mark.parametrize("nasty", NASTY, ids=ascii)
def test_the_likely_cause_and_the_help(nasty: str) -> None:
    toy = toy_state()
    assert toy.c_trace is not None and toy.right is not None
    found = KeptDiagnosis(diagnosis(cause(nasty)), toy.c_trace, toy.right, 1.0)
    check(replace(toy, diagnosed=found))
    for reading in (
        help.HelpState(query=nasty, typing=True),
        help.HelpState(query=nasty),
        help.HelpState(message=nasty),
    ):
        assert all(HARMLESS.fullmatch(text) for text in plain(help.draw(toy, KEY_TABLES, reading, 80, 24)))


@pytest.mark.parametrize("nasty", NASTY, ids=ascii)
def test_values_of_logs(nasty: str) -> None:
    c = parse_lines([*C_LINES, f"TRACE_C: convention {nasty}"], nasty)
    py = parse_lines([*PY_LINES, f"TRACE_PY: convention {nasty}2"], nasty)
    start = State(Settings(), c_trace=c, suspect=py, shown=Compared.REFERENCE_LOG, phase=Phase.READY)
    check(moves.to_end(moves.compared(start, compare(c, py)), last=True))


def test_markup_is_shown_as_it_stands() -> None:
    text = check(replace(toy_state(), name="C[hkl=1] [/x]"))
    assert "C[hkl=1] [/x]" in text


@given(st.text(max_size=40))
@settings(max_examples=60, deadline=None)
def test_any_text(anything: str) -> None:
    check(replace(toy_state(), name=anything, message=anything))


@pytest.mark.slow
def test_hostile_logs_in_a_real_terminal(on_terminal: Start, tmp_path: Path) -> None:
    """The same through reader, Textual and a pty: no foreign sequence, no crash, markup literally."""
    c, py = tmp_path / "[red]\x1b[2Jc.log", tmp_path / "py[bold].log"
    names = [f"TRACE_C: F_cell[{n}] 1 {text}" for n, text in enumerate(NASTY)]
    c.write_text("\n".join([*C_LINES, *names]), encoding="utf-8")
    py.write_text("\n".join([*PY_LINES, "TRACE_PY: strange[/x] [bold]5[/bold]"]), encoding="utf-8")
    terminal = on_terminal(console_program(c, py))
    terminal.wait_for("FIRST DIVERGENCE")
    for keys in ("\x1b[F", "\x1b[H", "f", "f", "?", "\x1b[F", "q", *"ddddd"):
        terminal.press(keys)
    terminal.wait_for("py[bold].log")
    terminal.press("q")
    assert terminal.end() == 1
    received = terminal.received.decode("utf-8", "replace")
    assert "\x1b]0;title" not in received and "\u202e" not in received and "Traceback" not in received
    assert "[red]" in received
