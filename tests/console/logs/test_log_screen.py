"""The raw log screen: pure panes and moves, every key, hostile text, and the screen in a real terminal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nbtui.console.drawing.line import Line, plain, width_of
from nbtui.console.logs import pane as panes
from nbtui.console.logs import state as states
from nbtui.console.logs.actions import LOGS_ACTIONS
from nbtui.console.logs.aligned import Alignment, aligned
from nbtui.console.logs.differences import differing
from nbtui.console.logs.editor import command
from nbtui.console.logs.state import BadPattern, LogSide, LogsState, compiled
from nbtui.console.logs.step_lines import lines_at_opening, lines_of_step
from nbtui.parity.compare import compare
from nbtui.trace.reading.lines import GivenLines
from nbtui.trace.reading.reader import parse_lines
from support.console_toy import C_LINES, PY_LINES, toy_state

C_LOG = ("nanoBragg of today", "reading the crystal", *C_LINES, "done")
PY_LOG = ("python", *PY_LINES)


def alignment() -> Alignment:
    c, py = parse_lines(C_LOG, "c.log"), parse_lines(PY_LOG, "py.log")
    return aligned(compare(c, py), None)[0]


def view(c: tuple[str, ...] = C_LOG, py: tuple[str, ...] = PY_LOG) -> LogsState:
    sides = [LogSide(name, GivenLines(lines), count=len(lines)) for name, lines in (("c.log", c), ("py.log", py))]
    return LogsState("toy", (sides[0], sides[1]), alignment())


# --- which line belongs to which -------------------------------------------------------------------------------------


def test_a_line_stands_beside_the_line_of_the_same_field() -> None:
    pairs = alignment()
    for number, text in enumerate(C_LOG, 1):
        words = text.split()
        twin = next((n for n, other in enumerate(PY_LOG, 1) if other.split()[1:2] == words[1:2]), None)
        if text.startswith("TRACE_C:") and twin is not None:
            assert pairs.partner(0, number) == twin
            assert pairs.partner(1, twin) == number


def test_noise_between_two_fields_follows_the_field_above() -> None:
    c = ["TRACE_C: lambda_meters 1e-10", "noise", "noise", "noise", "TRACE_C: F_cell 7", "after"]
    py = ["p", "TRACE_PY: lambda_meters 1e-10", "only one", "TRACE_PY: F_cell 7"]
    pairs, _ = aligned(compare(parse_lines(c), parse_lines(py)), None)
    assert [pairs.partner(0, line) for line in range(1, 7)] == [2, 3, 3, 3, 4, 5]
    assert [pairs.partner(1, line) for line in range(5)] == [-1, 0, 1, 2, 5]


def test_marks_say_what_became_of_a_line() -> None:
    pairs = alignment()
    marks = [pairs.mark(0, number) for number in range(1, len(C_LOG) + 1)]
    assert "".join(marks) == "  =###o=o# "
    assert "".join(pairs.mark(1, number) for number in range(1, len(PY_LOG) + 1)) == " =###=#"
    assert pairs.next_mark(0, 1, True) == 4
    assert pairs.next_mark(0, 10, True) == 4
    assert pairs.next_mark(0, 4, False) == 10
    assert Alignment().next_mark(0, 4, True) is None


def test_phi_lines_of_blocks_and_steps_find_each_other() -> None:
    c = [f"TRACE_C_PHI phi_tic={tic} phi_deg=0 k_frac=1 F_latt_b=1 F_latt=1" for tic in (0, 1, 0, 1)]
    py = [f"TRACE_PY_PHI phi_tic={tic} phi_deg=0 k_frac={k} F_latt_b=1 F_latt=1" for tic, k in ((0, 1), (0, 1), (1, 9))]
    left, right = parse_lines(c), parse_lines(py)
    comparison = compare(left, right)
    row = next(row for row in comparison.rows if row.field == "phi.k_frac" and row.py_value == 9)
    pairs, wanted = aligned(comparison, row)
    assert [pairs.partner(0, line) for line in (1, 2, 3)] == [1, 3, 2]
    assert wanted == (2, 3)
    assert pairs.mark(1, 3) == "#"


def test_traces_that_are_not_there_have_no_lines() -> None:
    pairs, wanted = aligned(None, None)
    assert (pairs.partner(0, 7), pairs.mark(1, 2), wanted) == (7, " ", (None, None))


# --- search texts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["(", "[a", "a{2,1}", "*", "(?P<1>a)", "\\"])
def test_a_bad_pattern_is_said_plainly(text: str) -> None:
    with pytest.raises(BadPattern, match="not a regular expression"):
        compiled(text)


@pytest.mark.parametrize(
    "text", ["(a+)+$", "(?:a*)*", "(a|aa)+$", "((a?)b?)*", "(?P<x>a{1,9})+", r"([\])(]+)+", "(a+){3,}"]
)
def test_what_could_search_for_ever_is_refused(text: str) -> None:
    with pytest.raises(BadPattern, match="for ever"):
        compiled(text)


@pytest.mark.parametrize(
    "text",
    ["rot_[abc]", r"hkl.*-9\.05", "(ab)+", "(a|b)", r"(\S+ ){3}", "[(*]+[)+]", r"\(a+\)+", "(?:rot|hkl)_", "x{2,5}"],
)
def test_ordinary_patterns_are_taken(text: str) -> None:
    compiled(text)


def test_small_letters_find_capitals_and_capitals_only_themselves() -> None:
    assert compiled("trace").search("TRACE_C")
    assert not compiled("Trace").search("TRACE_C")


# --- moves -----------------------------------------------------------------------------------------------------------


def test_opening_puts_one_field_in_one_row_of_the_screen() -> None:
    opened = states.opened(view(), (5, 4), 8)
    assert [(side.cursor, side.cursor - side.top) for side in opened.sides] == [(5, 4), (4, 4)]
    alone = states.opened(view(), (None, 4), 8)
    assert (alone.active, [side.cursor for side in alone.sides]) == (1, [5, 4])
    nowhere = view()
    assert states.opened(nowhere, (None, None), 8) is nowhere


def test_the_other_log_follows_until_it_is_unlocked() -> None:
    start = states.opened(view(), (3, 2), 4)
    down = states.moved(start, 3, 4)
    assert [side.cursor for side in down.sides] == [6, 5]
    alone = states.moved(states.unlocked(down), 1, 4)
    assert [side.cursor for side in alone.sides] == [7, 5]
    again = states.unlocked(alone)
    assert again.locked
    assert again.sides[1].cursor == again.alignment.partner(0, 7)


@pytest.mark.parametrize("by", [-1000, -1, 1, 1000])
def test_the_cursor_stays_among_the_lines_and_in_sight(by: int) -> None:
    now = view()
    for _ in range(15):
        now = states.moved(now, by, 4)
        assert 1 <= now.side.cursor <= len(C_LOG)
        assert now.side.top <= now.side.cursor < now.side.top + 4


def test_an_empty_log_can_be_walked() -> None:
    empty = view((), ())
    for step in (1, -1):
        assert states.moved(empty, step, 4).side.cursor == 1
    assert panes.draw(states.turned(empty), 80, 24)


def test_hits_are_walked_around_the_end() -> None:
    now = replace(states.gone(view(), 3, 8), pattern=compiled("trace"), query="trace")
    now = states.put(now, 0, replace(now.sides[0], hits=(3, 5, 9)))
    seen = []
    for _ in range(3):
        now = states.to_hit(now, True, 8)
        seen.append((now.side.cursor, states.hit_number(now.side), now.message))
    assert seen == [(5, 2, ""), (9, 3, ""), (3, 1, "wrapped around")]
    assert states.to_hit(now, False, 8).side.cursor == 9
    nothing = states.put(now, 0, replace(now.sides[0], hits=()))
    nothing = states.put(nothing, 1, replace(nothing.sides[1], hits=(1,)))
    assert states.to_hit(nothing, True, 8).message.endswith("1 on the other side, Tab goes there")
    assert "/ starts" in states.to_hit(view(), True, 8).message


# --- panes -----------------------------------------------------------------------------------------------------------


def test_stacked_at_80_columns() -> None:
    now = states.opened(view(), (4, 3), 3)
    assert plain(panes.draw(now, 80, 10)) == [
        " LOGS  scroll together   toy",
        "══ C  c.log ═════════════════════════════════════════════════════ line 4 of 11 ═",
        "    3 = TRACE_C: lambda_meters 1.2e-10",
        ">   4 # TRACE_C: rot_a_angstroms 29.5 4 -1.75",
        "    5 # TRACE_C: hkl_frac -0.03 4.0317 -9.05",
        "── live  py.log ────────────────────────────────────────────────── line 3 of 7 ─",
        "    2 = TRACE_PY: lambda_meters 1.2e-10",
        ">   3 # TRACE_PY: rot_a_angstroms 29.6 4 -1.75",
        "    4 # TRACE_PY: hkl_frac -0.03 4.0462 -9.05",
        " / search  n next hit  Tab side  s together  d next diff  ? help  q back",
    ]


def test_side_by_side_at_120_columns() -> None:
    now = states.opened(view(), (4, 3), 4)
    rows = plain(panes.draw(now, 120, 7))
    assert rows[2] == "    2   reading the crystal                                │    1   python"
    assert rows[4] == (
        ">   4 # TRACE_C: rot_a_angstroms 29.5 4 -1.75              │>   3 # TRACE_PY: rot_a_angstroms 29.6 4 -1.75"
    )


def test_counts_progress_and_problems_are_told() -> None:
    now = replace(states.gone(view(), 4, 8), pattern=compiled("x"), query="x")
    now = states.put(now, 0, replace(now.sides[0], hits=(4, 5), searched=1500, read=(30, 120)))
    now = states.put(now, 1, replace(now.sides[1], problem="py.log: the file is gone; open it again"))
    text = "\n".join(plain(panes.draw(now, 120, 12)))
    for words in ("/x/", "C 2 up to line 1,500", "hit 1 of 2", "reading 25 %", "the file is gone"):
        assert words in text


def test_what_is_found_is_marked_and_long_lines_can_be_shifted() -> None:
    long = "".join(f"{n:<10}" for n in range(40))
    now = replace(view((long,)), pattern=compiled("25|日"), query="25|日", shift=240)
    row = panes.draw(now, 80, 8)[2]
    assert plain([row])[0].endswith("~") and not plain([row])[0].endswith("~~")
    assert [span.text for span in row if span.tone == "changed"] == ["25"]
    wide = replace(view(("日本語" * 30,)), shift=21)
    assert plain(panes.draw(wide, 80, 8))[2].startswith(">   1    語日")


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (40, 6), (3, 2)])
def test_every_size_is_filled_exactly(size: tuple[int, int]) -> None:
    hostile = tuple(bad * 40 for bad in ("[/x][@click=app.quit]", "日本", "e\u0301", "\x1b[2J", "\u202ertl", "x" * 300))
    for now in (view(hostile, hostile), replace(view(hostile), shift=7), replace(view(), helping=True)):
        now = replace(now, pattern=compiled("本|x"), query="\x1b本", message="")
        rows = panes.draw(now, *size)
        assert len(rows) == size[1]
        assert {width_of(row) for row in rows} == {size[0]}
        assert all(span.text.isprintable() for row in rows for span in row)


def test_a_click_means_the_line_under_it() -> None:
    state = view()
    assert panes.line_at(state, 80, 10, 5, 3) == (0, 2)
    assert panes.line_at(state, 80, 10, 5, 6) == (1, 1)
    assert panes.line_at(state, 120, 40, 100, 2) == (1, 1)
    assert panes.line_at(state, 80, 10, 5, 0) is None
    assert panes.line_at(state, 80, 10, 5, 5) is None


# --- differing characters and long lines -----------------------------------------------------------------------------


def shown_differences(text: str, other: str) -> str:
    pieces, at = [], 0
    for first, last in differing(text, other):
        pieces += [text[at:first], "<", text[first:last], ">"]
        at = last
    return "".join([*pieces, text[at:]])


@pytest.mark.parametrize(
    ("text", "other", "shown"),
    [
        ("TRACE_C: rot_a 29.648 4.2 -1.78", "TRACE_PY: rot_a 29.688 3.9 -1.78", "TRACE_C: rot_a 29.6<48> <4.2> -1.78"),
        ("TRACE_C: rot_a 4.2", "TRACE_PY: rot_a 4.2", "TRACE_C: rot_a 4.2"),
        ("TRACE_C: lambda 1e-10", "TRACE_PY: lambda 0.0000000001", "TRACE_C: lambda 1e-10"),
        ("TRACE_C_PHI tic=0 k=4.03", "TRACE_PY_PHI tic=0 k=4.046 more=1", "TRACE_C_PHI tic=0 k=4.0<3>"),
        ("TRACE_PY_PHI tic=0 k=4.0 more=1", "TRACE_C_PHI tic=0 k=4.0", "TRACE_PY_PHI tic=0 k=4.0 <more>=<1>"),
        ("TRACE_C: hkl 0 4 -9", "TRACE_PY: hkl 0 4 9", "TRACE_C: hkl 0 4 <-9>"),
        ("TRACE_C: n 9007199254740993", "TRACE_PY: n 9007199254740992", "TRACE_C: n 900719925474099<3>"),
        ("TRACE_C: x nan", "TRACE_PY: x 1.5", "TRACE_C: x <nan>"),
        ("TRACE_C: type square", "TRACE_PY: type round", "TRACE_C: type <square>"),
        ("", "TRACE_PY: x 1", ""),
    ],
)
def test_differing_characters_of_a_line(text: str, other: str, shown: str) -> None:
    assert shown_differences(text, other) == shown


def test_only_lines_beyond_the_tolerance_are_bright() -> None:
    state = view()
    bright = {number: "".join(span.text for span in row if span.tone == "digit") for number, row in rows_of(state, 0)}
    signs = {number: state.alignment.mark(0, number) for number in bright}
    assert any(bright.values())
    assert all(signs[number] == "#" for number, text in bright.items() if text)


def rows_of(state: LogsState, side: int) -> list[tuple[int, Line]]:
    """Rows of one log of a wide screen, with their line numbers."""
    drawn = panes.draw(state, 160, 30)[2:-1]
    found = []
    for row in drawn:
        at = next(at for at, span in enumerate(row) if span.text == "│")
        half = row[:at] if side == 0 else row[at + 1 :]
        number = "".join(span.text for span in half[1:2]).strip()
        if number.isdigit():
            found.append((int(number), half))
    return found


def test_search_hits_lie_over_differences() -> None:
    state = replace(view(), pattern=compiled("rot_a.*"))
    tones = {span.tone for row in panes.draw(state, 120, 30) for span in row if "29" in span.text}
    assert tones == {"changed"}


@pytest.mark.parametrize("width", [60, 80, 119, 120, 160])
def test_a_wrapped_log_shows_every_character(width: int) -> None:
    words = " ".join(f"word{number}" for number in range(40))
    c, py = (*C_LOG, f"TRACE_C: {words} ä€宽宽宽 end"), (*PY_LOG, "short")
    state = states.turned_over(view(c, py))
    rows = panes.draw(state, width, 60)
    text = "".join(row.partition("│")[0][8:].replace(" ", "") for row in plain(rows)[2:-1])
    assert f"TRACE_C: {words} ä€宽宽宽 end".replace(" ", "") in text
    assert "~" not in text
    assert {width_of(row) for row in rows} == {width}


def test_paired_lines_begin_in_one_row_and_the_cursor_stays_in_sight() -> None:
    c = tuple(f"TRACE_C: lambda_meters{n} {'1' * (300 if n % 3 else 9)}" for n in range(30))
    sides = [LogSide(name, GivenLines(lines), count=30) for name, lines in (("c", c), ("py", ("short",) * 30))]
    state = replace(LogsState("toy", (sides[0], sides[1])), wrapped=True)
    for number in range(1, 31):
        state = states.gone(state, number, panes.heights(140, 20)[0])
        rows = [panes.line_at(state, 140, 20, x, y) for x in (5, 100) for y in range(2, 19)]
        ours, theirs = rows[:17], rows[17:]
        assert [line for _, line in filter(None, ours)] == [line for _, line in filter(None, theirs)]
        assert (0, number) in ours
    before = state.side.cursor
    assert 1 <= panes.page(state, 140, 20) < panes.heights(140, 20)[0] <= before


def test_wrapping_puts_an_end_to_scrolling_sideways() -> None:
    state = states.turned_over(states.shifted(view(), 40))
    assert state.shift == 0 and states.shifted(state, 20).shift == 0
    assert not states.turned_over(state).wrapped


def test_the_help_of_the_screen_names_every_key() -> None:
    text = "\n".join(plain(panes.draw(replace(view(), helping=True), 80, 24)))
    assert "missing in the other log" in text
    assert all(action.help in text for action in LOGS_ACTIONS)
    keys = [key for action in LOGS_ACTIONS for key in action.keys]
    assert len(keys) == len(set(keys))


# --- the lines of a step ---------------------------------------------------------------------------------------------


def test_the_lines_of_a_step_are_its_term_else_its_phi_line() -> None:
    """Terms in the order of the loops; the pass at phi 0, domain 1 was skipped and has no line."""
    axes = "thick=0 sub_slow=0 sub_fast=0 source=0"
    rest = "h=0 k=0 l=0 h0=0 k0=0 l0=0 F_latt=1 F_cell=1 F_cell2_F_latt2=1"
    c = [*C_LINES, *(f"TRACE_C_TERM {axes} phi_step={p} mosaic_domain={d} {rest}" for p, d in ((0, 0), (1, 0), (1, 1)))]
    state = replace(toy_state(), c_trace=parse_lines(c))
    seen = {place: lines_of_step(replace(state, phi=place[0], domain=place[1])) for place in ((0, 0), (0, 1), (1, 1))}
    assert seen == {(0, 0): (9, None), (0, 1): (None, None), (1, 1): (11, None)}
    by_phi = replace(state, c_trace=parse_lines(C_LINES), phi=1)
    assert lines_of_step(by_phi) == (7, None)
    assert lines_at_opening(by_phi, (2, 2)) == (2, 2)  # the field has the focus
    assert lines_at_opening(replace(by_phi, pane="steps"), (2, 2)) == (7, None)


def test_a_step_moves_both_logs_and_scrolls_as_little_as_possible() -> None:
    state = states.opened(view(), (5, 3), 5)
    there = states.at_lines(state, (6, 4), 5)
    assert [side.cursor for side in there.sides] == [6, 4] and there.sides[0].top == state.sides[0].top
    assert there.sides[1].cursor - there.sides[1].top == there.sides[0].cursor - there.sides[0].top
    assert states.at_lines(state, (None, None), 5) is state
    only_right = states.at_lines(state, (None, 2), 5)
    assert only_right.active == 1 and only_right.sides[1].cursor == 2
    assert " at phi 1 domain 0 " in plain(panes.draw(replace(view(), step="phi 1 domain 0"), 120, 9))[0]


# --- the editor ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"EDITOR": "vi"}, ["vi", "+7", "/logs/c.log"]),
        ({"EDITOR": "vi", "VISUAL": "emacs -nw"}, ["emacs", "-nw", "+7", "/logs/c.log"]),
        ({"VISUAL": "/usr/bin/hx"}, ["/usr/bin/hx", "/logs/c.log:7"]),
        ({"EDITOR": "code"}, ["code", "--wait", "--goto", "/logs/c.log:7"]),
        ({"EDITOR": " ", "VISUAL": ""}, []),
    ],
)
def test_the_editor_is_told_the_line(environment: dict[str, str], expected: list[str]) -> None:
    assert command(Path("/logs/c.log"), 7, environment) == expected
