"""ASCII equivalents of the console's drawing characters."""

from __future__ import annotations

from rich.cells import cell_len

_DRAWN = {
    **dict.fromkeys("█▉▊▋▌", "#"),
    **dict.fromkeys("▍▎▏", "-"),
    **dict(zip("═─│┊┤└┘▀▄²³·×µμ…–—−‘’“”°φ≤≥→←", "=-|:|`'##23.xuu.---''\"\"op<>><", strict=True)),
}
_UPPER_DOTS, _LOWER_DOTS = 0x1B, 0xE4  # of a braille cell; the low eight bits of its code point are its dots
_ascii_only = [False]


def choose(characters: str) -> None:
    """Choose ``unicode`` or ``ascii`` for this process, which has one terminal."""
    _ascii_only[:] = [characters == "ascii"]


def ascii_only() -> bool:
    return _ascii_only[0]


def ascii_for(char: str) -> str:
    """ASCII equivalent of ``char`` with the same width in cells."""
    if char.isascii():
        return char
    if char in _DRAWN:
        return _DRAWN[char]
    dots = ord(char) - 0x2800
    if 0 <= dots <= 0xFF:
        return " '.:"[bool(dots & _UPPER_DOTS) + 2 * bool(dots & _LOWER_DOTS)]
    return "?" * cell_len(char)
