"""The differing characters of two lines that print the same field."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache

from nbtui.parity.render import split_common

Stretch = tuple[int, int]  # first character, and the one after the last

LONGEST = 4_000  # characters compared
_WORD = re.compile(r"[^\s=:,;()\[\]{}]+")


@lru_cache(maxsize=1024)
def differing(text: str, other: str) -> tuple[Stretch, ...]:
    """Stretches of ``text`` that differ from ``other``, ascending.

    Words are aligned by their names; of two numbers the digits after the common ones differ. The first word, the mark
    of the program that printed the line, does not count, nor does another spelling of the same number.
    """
    ours, theirs = ([*_WORD.finditer(line[:LONGEST])][1:] for line in (text, other))
    matcher = SequenceMatcher(None, [_name(word[0]) for word in ours], [_name(word[0]) for word in theirs], False)
    found: list[Stretch] = []
    for kind, first, last, there, _ in matcher.get_opcodes():
        for number, word in enumerate(ours[first:last]):
            if kind != "equal":
                found.append(word.span())
            elif (common := _common(word[0], theirs[there + number][0])) < len(word[0]):
                found.append((word.start() + common, word.end()))
    return tuple(found)


def _name(word: str) -> str:
    """The word itself, or one name for all numbers: they are aligned by their place."""
    return "" if _number(word) is not None else word


def _common(one: str, other: str) -> int:
    """Number of leading characters of ``one`` that mean the same as those of ``other``."""
    integers = one.isdigit() and other.isdigit()  # may differ beyond the digits of a float
    same = one == other or (not integers and _number(one) == _number(other))
    return len(one) if same else len(split_common(one, other)[0])


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None
