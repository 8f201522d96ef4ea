"""The bytes that a terminal sends, cut into whole units: a key, a mouse report, pasted text, an answer.

Textual's own parser gives up a sequence after a short pause and passes its characters on as keys, so that the late
answer of a terminal presses keys. Here a sequence stays one unit, and only known keys become keys.
"""

from __future__ import annotations

import codecs
import re
import time
from collections.abc import Callable, Iterator

from textual import events
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, FOCUSIN, FOCUSOUT, XTermParser
from textual.message import Message
from textual.messages import TerminalSupportsSynchronizedOutput

LATE = 5.0  # longest pause inside a sequence [s]
LARGEST_PASTE = 100_000  # characters; the rest of a longer paste is dropped
LONGEST = 256  # characters of a sequence; no key has a longer one

ESC = "\x1b"
_SEQUENCE = re.compile(
    r"\x1b\[M...|"  # mouse report of an old terminal: three characters follow its end
    r"\x1b\[\[.|"  # function key of the Linux console
    r"\x1b\[\d+\$(?=[^y])|"  # shifted key of rxvt; with y it is the report of a mode
    r"\x1b\[(?![M[])[0-?]*[ -/]*[@-~]|"
    r"\x1bO[\d;]*[@-~]",
    re.S,
)
_BEGINNING = re.compile(r"\x1b\[M.{0,2}|\x1b\[\[|\x1b\[[0-?]*[ -/]*|\x1bO[\d;]*", re.S)
_STRING = re.compile(r"\x1b[]PX^_][^\x00-\x1f\x9c]*")  # OSC, DCS, SOS, PM, APC: answers, never keys
_AMBIGUOUS = re.compile(r"\x1b.?|\x1b\[\d+\$", re.S)  # a key if nothing follows
_ANSWER = re.compile(r"\x1b(\[[?>=<][\d;:]*\$?[a-zA-Z]|\[\d+;[\d;:]+(\$y|[Rtxu])|[]P_^X][^\x00-\x1f]+(\x07|\x1b\\))")
_SYNCHRONIZED = re.compile(r"\x1b\[\?2026;[123]\$y")
_CURSOR_REPORT = re.compile(r"\x1b\[\d+;\d+R")


class TerminalInput:
    """Cuts input into units. ``delay`` [s] tells the Escape key from the beginning of a sequence."""

    def __init__(self, delay: float, clock: Callable[[], float] = time.monotonic) -> None:
        # a byte outside UTF-8 becomes a surrogate, which no unit contains
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self._delay, self._clock = delay, clock
        self._text = ""  # beginning of a unit
        self._at = clock()  # time of the last input
        self._taken_for_key = ""  # beginning of a sequence after which nothing came in time

    @property
    def pause(self) -> float | None:
        """Time until :meth:`tick` has an effect [s]; None: never."""
        if not self._text:
            return None
        limit = self._delay if _AMBIGUOUS.fullmatch(self._text) else LATE
        return max(0.0, self._at + limit - self._clock())

    def feed(self, data: bytes) -> Iterator[str]:
        """Units completed by these bytes."""
        now, text = self._clock(), self._decode(data)
        if self._taken_for_key and now - self._at <= LATE:
            rest = _ANSWER.match(self._taken_for_key + text)
            text = text[rest.end() - len(self._taken_for_key) :] if rest else text
        self._taken_for_key, self._at = "", now
        self._text += text
        while self._text and (found := self._first()) is not None:
            end, is_unit = found
            unit, self._text = self._text[:end], self._text[end:]
            if is_unit:
                yield unit

    def tick(self) -> Iterator[str]:
        """The unit completed by a pause: the Escape key, or Alt with a character that may begin a sequence."""
        if self.pause == 0.0:
            text, self._text = self._text, ""
            if _AMBIGUOUS.fullmatch(text):
                self._taken_for_key = text
                yield text

    def _first(self) -> tuple[int, bool] | None:
        """Length of the first unit, and False if it is to be dropped; None if it is incomplete."""
        text = self._text
        if text[0] != ESC:
            return 1, not "\ud800" <= text[0] <= "\udfff"
        if text[1:2] == ESC:
            return 1, True
        if text.startswith(BRACKETED_PASTE_START):
            return self._paste()
        if string := _STRING.match(text):
            return self._string(string.end())
        if text[1:2] not in ("", "[", "O"):
            return 2, not "\ud800" <= text[1] <= "\udfff"
        if sequence := _SEQUENCE.match(text):
            return sequence.end(), True
        beginning = _BEGINNING.match(text)
        end = beginning.end() if beginning else 1
        if end < len(text):
            return end, False  # cut short: the next character stands for itself
        if end > LONGEST:
            self._text = f"{ESC}[?"  # remains a sequence, but of no key
        return None

    def _paste(self) -> tuple[int, bool] | None:
        end = self._text.find(BRACKETED_PASTE_END)
        if end >= 0:
            return end + len(BRACKETED_PASTE_END), True
        if len(self._text) > LARGEST_PASTE:
            self._text = self._text[:LARGEST_PASTE] + self._text[-len(BRACKETED_PASTE_END) :]
        return None

    def _string(self, end: int) -> tuple[int, bool] | None:
        """Drop a string up to its terminator; a control character aborts it and stands for itself."""
        text = self._text
        last = text[end : end + 2]
        if last in ("", ESC):
            self._text = text[:3] + last if end > 2 else text  # the content may be long, and nobody needs it
            return None
        if last == f"{ESC}\\":
            return end + 2, False
        return end + (last[0] in "\x07\x9c"), False


def messages(unit: str, parser: XTermParser) -> list[Message]:
    """The messages of a unit: keys, a mouse event, a paste, a change of focus, or none for anything else."""
    if unit.startswith(BRACKETED_PASTE_START):
        pasted = unit[len(BRACKETED_PASTE_START) : -len(BRACKETED_PASTE_END)]
        return [events.Paste("".join(char for char in pasted if char != "\x00" and not "\ud800" <= char <= "\udfff"))]
    if unit in (FOCUSIN, FOCUSOUT):
        return [events.AppFocus() if unit == FOCUSIN else events.AppBlur()]
    if _SYNCHRONIZED.fullmatch(unit):
        return [TerminalSupportsSynchronizedOutput()]
    if _CURSOR_REPORT.fullmatch(unit):  # some terminals write F3 with a modifier alike; an answer must not be a key
        return []
    try:
        mouse = parser.parse_mouse_code(unit)
        return [mouse] if mouse is not None else _keys(unit, parser)
    except (ValueError, OverflowError):  # a number that no terminal of sound mind sends
        return []


def _keys(unit: str, parser: XTermParser) -> list[Message]:
    keys = list(parser._sequence_to_key_events(unit))
    if not keys and len(unit) == 2:
        keys = [_with_alt(key) for key in parser._sequence_to_key_events(unit[1], alt=True)]
    return [
        key for key in keys if key.key != "<ignore>" and not any("\ud800" <= c <= "\udfff" for c in key.character or "")
    ]


def _with_alt(key: events.Key) -> events.Key:
    """A key with Alt; Textual leaves Alt out where the character has a name, such as ``[``."""
    named = key.character is not None and key.character.isprintable() and not key.key.startswith("alt+")
    return events.Key(f"alt+{key.key}", key.character) if named else key
