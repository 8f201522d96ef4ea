"""Parse row labels: the block and repetition they name, and the rows that match a partly typed label."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

_INDEX = re.compile(r"\[([0-9]{1,9})\]")
_STEP = re.compile(r"\[phi (-?[0-9]{1,18})(?:, block ([0-9]{1,9}))?\]")
_TYPED = re.compile(r"([^\[]*)\[(?:phi )?([0-9]{0,9})(?:(, block )([0-9]{1,9}))?(\])?(?:\.?(\w*))?")
_LONGEST = 9  # digits of an index


def parsed(label: str, field: str, component: str) -> tuple[int, int] | None:
    """Block and repetition in the label of a row of this field and component; None for another's label."""
    tail = f".{component}" if component else ""
    if not (label.startswith(field) and label.endswith(tail) and len(label) >= len(field) + len(tail)):
        return None
    middle = label[len(field) : len(label) - len(tail)]
    if not middle:
        return 0, 0
    step = _STEP.fullmatch(middle)
    if step is not None:
        return int(step[2] or 0), int(step[1])
    index = _INDEX.fullmatch(middle)
    return (0, int(index[1])) if index is not None else None


def numbered(text: str, field: str, component: str, block: NDArray[Any], repetition: NDArray[Any]) -> NDArray[np.bool_]:
    """The rows of a field that match a partly typed ``name[12``, ``[12].x`` or ``[phi 3, block 1]``.

    An index without its closing bracket matches as a prefix.
    """
    typed = _TYPED.fullmatch(text.casefold())
    none = np.zeros(len(block), dtype=bool)
    if typed is None or not field.casefold().endswith(typed[1]) or not component.casefold().startswith(typed[6] or ""):
        return none
    phi = field.startswith("phi.")
    index = repetition if phi else np.where(block != 0, block, repetition)
    shown = np.ones(len(block), dtype=bool) if phi else index != 0  # the first one has no brackets
    if typed[2]:
        shown &= _begins(index, typed[2], whole=bool(typed[5] or typed[3]))
    if typed[4]:
        shown &= _begins(block, typed[4], whole=bool(typed[5])) & phi
    elif typed[5] and phi:
        shown &= block == 0
    return shown


def _begins(index: NDArray[Any], digits: str, *, whole: bool) -> NDArray[np.bool_]:
    """True where a number equals these digits, or begins with them."""
    first = int(digits)
    found = index == first
    if not whole and first:
        for more in range(1, _LONGEST + 1 - len(digits)):
            size = 10**more
            found |= (index >= first * size) & (index < (first + 1) * size)
    return np.asarray(found)
