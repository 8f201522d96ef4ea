"""The bytes of a terminal: keys become keys, and nothing else ever does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual import events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import XTermParser
from textual.message import Message
from textual.messages import TerminalSupportsSynchronizedOutput

from nbtui.console.terminal.input import LATE, TerminalInput, messages

DELAY = 0.1
ANSWERS = {
    "background colour, ended by ST": b"\x1b]11;rgb:0000/ffff/d7d7\x1b\\",
    "foreground colour, ended by BEL": b"\x1b]10;rgb:cccc/cccc/yyyy\x07",
    "palette colour": b"\x1b]4;1;rgb:cdcd/0000/0000\x1b\\",
    "clipboard": b"\x1b]52;c;" + 4000 * b"cXk=" + b"\x1b\\",
    "kitty's keyboard": b"\x1b[?0u",
    "mode": b"\x1b[?2048;2$y",
    "mode of ANSI": b"\x1b[4;2$y",
    "device": b"\x1b[?62;1;4c",
    "second device": b"\x1b[>41;354;0c",
    "version": b"\x1bP>|XTerm(390)\x1b\\",
    "status string": b"\x1bP1$r0m\x1b\\",
    "kitty's picture": b"\x1b_Gi=31;OK\x1b\\",
    "cursor": b"\x1b[12;40R",
    "status": b"\x1b[0n",
    "size of the window": b"\x1b[8;40;120t",
    "resize in band": b"\x1b[48;40;120;800;960t",
    "dark or light": b"\x1b[?997;1n",
    "pixels of sixel": b"\x1b[?2;0;800;600S",
}
TYPED = b"[0n"  # the rest of the status: short enough to have been typed after Escape


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def read(pieces: Sequence[bytes], gap: float = 0.5, after: float = 2 * LATE) -> list[Message]:
    """Messages of pieces that arrive with a gap [s] between them."""
    clock, parser = Clock(), XTermParser()
    reader = TerminalInput(DELAY, clock)
    got: list[Message] = []
    for piece in pieces:
        got += [message for unit in reader.feed(piece) for message in messages(unit, parser)]
        clock.now += gap
        got += [message for unit in reader.tick() for message in messages(unit, parser)]
    clock.now += after
    got += [message for unit in reader.tick() for message in messages(unit, parser)]
    return got


def keys(*pieces: bytes, gap: float = 0.5) -> list[str]:
    return [message.key for message in read(pieces, gap) if isinstance(message, events.Key)]


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_is_no_key_wherever_the_link_cuts_it(answer: bytes) -> None:
    assert keys(answer) == []
    short = answer if len(answer) < 100 else answer[:12]
    for cut in range(2, len(short)):
        early = ["alt+" in key or key == "escape" for key in keys(answer[:cut], answer[cut:])]
        if answer[1:] != TYPED:
            assert len(early) <= (cut == 2) and all(early), cut  # two characters may have been Alt with a key


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_the_rest_of_an_answer_after_a_lone_escape_is_dropped(answer: bytes) -> None:
    if answer[1:] != TYPED:
        assert keys(answer[:1], answer[1:], b"j") == ["escape", "j"]


def test_a_key_after_an_answer_is_that_key() -> None:
    for answer in ANSWERS.values():
        assert keys(answer + b"jk") == ["j", "k"], answer


def test_an_answer_without_an_end_costs_no_later_key() -> None:
    for begun in (b"\x1b]11;rgb:0", b"\x1b[?2026", b"\x1b[200~never ended", b"\x1b[<0;4"):
        assert keys(begun, b"j", gap=LATE + 0.1) == ["j"], begun
    assert keys(b"\x1b]11;rgb:0\x03") == ["ctrl+c"]
    assert keys(b"\x1b]11;rgb:0\x1b[A") == ["up"]
    assert keys(b"\x1b[?20\x1b[B") == ["down"]


def test_bytes_outside_utf8_are_dropped_and_their_neighbours_stay() -> None:
    for byte in range(0x80, 0x100):
        assert keys(bytes([byte]), b"j") == ["j"]
        assert keys(b"k" + bytes([byte]) + b"j") == ["k", "j"]
    assert keys(b"\x1b\xe4", b"j") in (["j"], ["escape", "j"])  # Alt and Latin-1
    assert [event.character for event in read(["ä€𝛼".encode()]) if isinstance(event, events.Key)] == ["ä", "€", "𝛼"]
    assert [event.character for event in read([b"\xe2", b"\x82", b"\xac"]) if isinstance(event, events.Key)] == ["€"]


def test_every_key_sequence_that_textual_knows_is_one_unit() -> None:
    for sequence in ANSI_SEQUENCES_KEYS:
        if not sequence.isascii() or sequence in ("\x1b\x1b", "\x1b[1;2R", "\x1b[1;5R", "\x1b[1;6R"):
            continue  # two Escapes, and reports of the cursor
        reader = TerminalInput(DELAY, clock := Clock())
        units = list(reader.feed(sequence.encode()))
        clock.now = 2 * DELAY
        assert [*units, *reader.tick()] == [sequence]


def test_escape_alt_and_sequences_are_told_apart() -> None:
    assert keys(b"\x1b") == ["escape"]
    assert keys(b"\x1b", b"j") == ["escape", "j"]
    assert keys(b"\x1b\x1b") == ["escape", "escape"]
    assert keys(b"\x1bj") == ["alt+j"]
    assert keys(b"\x1b[") == ["alt+left_square_bracket"]
    assert keys(b"\x1b[", b"[") == ["alt+left_square_bracket", "left_square_bracket"]
    assert keys(b"\x1b[A\x1bOB\x1b[6~\x1b[1;5C") == ["up", "down", "pagedown", "ctrl+right"]
    assert keys(b"\x1b[", b"A", gap=0.01) == ["up"]
    assert keys(b"\x1b\x03") == ["ctrl+c"]
    assert keys(b"\x1b[97;5u") == ["ctrl+a"]


def test_numbers_beyond_reason_are_no_event() -> None:
    digits = b"9" * 5000
    for sequence in (b"\x1b[97;1:3u", b"\x1b[%su", b"\x1b[1;1;%su", b"\x1b[<0;%s;1M", b"\x1b[%s~", b"\x1b[55296;1u"):
        assert keys(sequence.replace(b"%s", digits), b"j") == ["j"], sequence
    assert keys(b"\x1b[1114112;1u" + b"j") == ["j"]


def test_pasted_text_is_one_event() -> None:
    (paste,) = read([b"\x1b[200~one\r\x1b[A ", b"t\xc3", b"\xa4w\xe4o\x00\x1b[20", b"1~"])
    assert isinstance(paste, events.Paste) and paste.text == "one\r\x1b[A täwo"
    huge, key = read([b"\x1b[200~", *(20 * [10_000 * b"x"]), b"\x1b[201~j"], gap=0.01)
    assert isinstance(huge, events.Paste) and len(huge.text) <= 100_000
    assert isinstance(key, events.Key) and key.key == "j"


def test_mouse_focus_and_the_mode_that_is_used() -> None:
    got = read([b"\x1b[<0;4;5M\x1b[<0;4;5m\x1b[<65;4;5M", b"\x1b[I\x1b[O", b"\x1b[?2026;2$y"])
    mouse = [events.MouseDown, events.MouseUp, events.MouseScrollDown]
    assert [type(message) for message in got] == [
        *mouse, events.AppFocus, events.AppBlur, TerminalSupportsSynchronizedOutput,
    ]  # fmt: skip
    assert read([b"\x1b[?2026;0$y", b"\x1b[?2026;4$y"]) == []  # unknown, or switched off for ever
    assert keys(b"\x1b[M\x20\xe4j", b"j") == ["j"]  # a mouse report of before 1999


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=12), max_size=6), st.sampled_from([0.0, 0.2, 6.0]))
def test_no_bytes_raise_or_hold_up_a_later_key(pieces: list[bytes], gap: float) -> None:
    read(pieces, gap)
    assert keys(*pieces, b"", b"q", gap=LATE + 0.1)[-1:] == ["q"]
