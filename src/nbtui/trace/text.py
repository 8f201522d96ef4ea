"""Sanitize text of foreign files, so that it cannot control a terminal.

Rich and Textual markup is left alone (square brackets are ordinary text of a log): display the result as plain text,
never through a markup parser.
"""

from __future__ import annotations

import re
import unicodedata

_COLOUR = re.compile("(?:\x1b\\[|\x9b)[0-9;:]{0,64}[mK]")  # colour, and the "erase line" that grep adds to it
_PICTURES = 0x2400  # U+2400 .. U+241F show the control characters 0 .. 31


def clean(text: str) -> str:
    """The text on one line, without terminal control sequences.

    Colour sequences and byte order marks are removed, tabs and odd spaces become a space; every other control, format
    (bidi, zero width), surrogate, private or unassigned character becomes visible: U+2400 pictures for the ASCII
    controls, ``\\uXXXX`` for the rest.
    """
    if text.isprintable():
        return text
    return "".join(map(_visible, _COLOUR.sub("", text)))


def _visible(char: str) -> str:
    if char.isprintable():
        return char
    if char == "\t" or unicodedata.category(char) == "Zs":
        return " "
    code = ord(char)
    if code < 0x20:
        return chr(_PICTURES + code)
    if code == 0x7F:
        return "\u2421"
    if code == 0xFEFF:
        return ""
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
