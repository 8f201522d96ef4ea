"""Output of the console: never a cell that the terminal already shows, and always the differing ones."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region, Size
from textual.strip import Strip

from nbtui.console.drawing import characters
from nbtui.console.terminal.damage import DisplayedCells
from support.console_terminal import Terminal

SIZE = Size(8, 2)
BOLD = Style.parse("bold")
CONSOLE = Console(force_terminal=True, color_system="256", width=8, _environ={})

texts = st.text(st.sampled_from("ab 漢é\u0301█"), max_size=12)


def strip(text: str, style: Style | None = None, width: int = SIZE.width) -> Strip:
    return Strip([Segment(text, style)]).adjust_cell_length(width)


def whole(*rows: Strip) -> LayoutUpdate:
    return LayoutUpdate([[row] for row in rows], Region(0, 0, *SIZE))


def sent(displayed: DisplayedCells, update: LayoutUpdate | ChopsUpdate, size: Size = SIZE) -> str:
    return displayed.frame(update, size).render_segments(CONSOLE)


class Screen:
    """What a terminal makes of it, by the same few rules as `console_terminal.Terminal.screen`."""

    def __init__(self) -> None:
        self.received = b""
        self.columns, self.lines = SIZE

    def text(self) -> list[str]:
        return Terminal.screen(self).split("\n")  # type: ignore[arg-type]


def test_a_frame_is_sent_once() -> None:
    displayed = DisplayedCells()
    assert sent(displayed, whole(strip("one"), strip("two"))) == "\x1b[1;1Hone\x1b[K\x1b[2;1Htwo\x1b[K"
    assert sent(displayed, whole(strip("one"), strip("two"))) == ""
    assert sent(displayed, whole(strip("one"), strip("tow"))) == "\x1b[2;2How"


def test_another_style_is_another_cell() -> None:
    displayed = DisplayedCells()
    sent(displayed, whole(strip("one"), strip("")))
    assert sent(displayed, whole(strip("one", BOLD, 3).adjust_cell_length(8), strip(""))) == "\x1b[1;1H\x1b[1mone\x1b[m"


def test_the_terminals_own_colours_are_not_named() -> None:
    displayed = DisplayedCells()
    named = Style.parse("bold default on default")
    assert sent(displayed, whole(strip("one", named), strip(""))) == "\x1b[1;1H\x1b[1mone\x1b[m\x1b[K\x1b[2;1H\x1b[K"
    assert sent(displayed, whole(strip("one", Style.parse("color(39) on color(49)")), strip(""))).startswith(
        "\x1b[1;1H\x1b[38;5;39;48;5;49mone"
    )


def test_the_part_of_a_line_that_changed() -> None:
    displayed = DisplayedCells()
    sent(displayed, whole(strip("abcdefgh"), strip("")))
    partial = ChopsUpdate([{0: strip("abcDefgh")}, {}], [(0, 2, 5)], [[8], []])
    assert sent(displayed, partial) == "\x1b[1;4HD"


def test_after_somebody_else_has_written_all_is_sent_again() -> None:
    displayed = DisplayedCells()
    first = sent(displayed, whole(strip("one"), strip("two")))
    displayed.forget()
    assert sent(displayed, whole(strip("one"), strip("two"))) == first
    assert sent(displayed, whole(strip("one"), strip("two")), Size(9, 2)) != ""  # after a resize every cell is unknown


def test_on_a_terminal_with_ascii_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(characters, "_ascii_only", [True])
    displayed, screen = DisplayedCells(), Screen()
    screen.received = sent(displayed, whole(strip("█▋▎┤\u28ff\u2801=漢"), strip("═ 漢é\u0301Å"))).encode("ascii")
    assert screen.text() == ["##-|:'= ", "= ????  "]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(texts, texts), min_size=2, max_size=4))
def test_frames_upon_frames_leave_what_the_last_one_shows(frames: list[tuple[str, str]]) -> None:
    displayed, screen = DisplayedCells(), Screen()
    for rows in frames:
        screen.received += sent(displayed, whole(*(strip(row) for row in rows))).encode()
    fresh = Screen()
    fresh.received = sent(DisplayedCells(), whole(*(strip(row) for row in frames[-1]))).encode()
    assert screen.text() == fresh.text()
    assert {cell_len(row) for row in screen.text()} == {SIZE.width}


def interpreted(sequence: str, state: tuple[frozenset[int], str, str]) -> tuple[frozenset[int], str, str]:
    """Attributes and the two colours after ``sequence``, by the rules of ECMA-48 and xterm."""
    attributes, front, behind = state
    words = sequence.removeprefix("\x1b[").removesuffix("m").split(";")
    while words:
        word = words.pop(0)
        number = int(word or 0)
        if number == 0:
            attributes, front, behind = frozenset(), "", ""
        elif number in (38, 48):
            mode = words.pop(0)
            colour = ";".join([mode, *(words.pop(0) for _ in range({"5": 1, "2": 3}[mode]))])
            front, behind = (colour, behind) if number == 38 else (front, colour)
        elif number in (39, 49):
            front, behind = ("", behind) if number == 39 else (front, "")
        elif 30 <= number < 38 or 90 <= number < 98:
            front = word
        elif 40 <= number < 48 or 100 <= number < 108:
            behind = str(number - 10)
        else:
            attributes |= {number}
    return attributes, front, behind


STYLES = ["", "bold", "color(19)", "color(19) on color(3)", "on color(200)", "bold red on blue", "reverse bright_red"]
STYLES += ["#102030 on color(19)", "dim on #102030", "red on #405060", "color(200) on color(19)"]


@given(st.lists(st.sampled_from(STYLES), min_size=1, max_size=8))
def test_a_change_of_style_leaves_exactly_the_new_one(names: list[str]) -> None:
    """Only what changes is sent, and the terminal ends up where a fresh start would."""
    console = Console(force_terminal=True, color_system="truecolor", width=8, _environ={})
    plain = (frozenset[int](), "", "")
    row = Strip([Segment(str(at), Style.parse(name)) for at, name in enumerate(names)]).adjust_cell_length(8)
    state, found = plain, []
    update = DisplayedCells().frame(LayoutUpdate([[row]], Region(0, 0, 8, 1)), Size(8, 1)).render_segments(console)
    for sequence, text in re.findall(r"(\x1b\[[0-9;]*[mHK])|([^\x1b])", update):
        if sequence.endswith("m"):
            state = interpreted(sequence, state)
        found += [state] if text.strip() else []
    afresh = [Style.parse(name).render("x", color_system=console._color_system).partition("x")[0] for name in names]
    assert found == [interpreted(sequence, plain) if sequence else plain for sequence in afresh]
    assert state == plain
