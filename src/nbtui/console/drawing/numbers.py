"""Numbers in the console's format, and the digits in which two of them agree."""

from __future__ import annotations

import math

from nbtui.console.drawing.line import Span, clip
from nbtui.parity.percent import percent as percent
from nbtui.parity.render import split_common
from nbtui.trace.model import Value
from nbtui.trace.text import clean


def full(value: Value | None) -> str:
    """A value as C prints it (``%.15g``); text is sanitized; a missing value is ``-``."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, int):
        return str(value)
    return f"{value:.15g}"


def common_digits(first: str, second: str) -> int:
    """Number of leading characters of ``first`` that are common digits (see `split_common`)."""
    return len(split_common(first, second)[0])


def agreeing_digits(first: str, second: str) -> int:
    """Number of significant digits (without leading zeros) in which two printed numbers agree."""
    shared = first[: common_digits(first, second)].partition("e")[0]
    return len("".join(c for c in shared if c.isdigit()).lstrip("0"))


def marked(text: str, other: str, width: int, tolerance: float = 0.0, *, within: bool = False) -> tuple[Span, ...]:
    """``text`` with the part that differs from ``other`` in brackets: common digits dim, the rest bright.

    Differing digits inside ``tolerance`` (relative) are dim as well: those too small to count, or all of them where
    the whole difference is ``within`` it. Nothing differs from a missing value (``-``), which has a mark of its own.
    """
    if "-" in (text, other):
        return (Span(clip(text, width), "text"),)
    if text == other:
        return (Span(clip(text, width), "agree"),)
    shared = common_digits(text, other)
    head, rest = text[:shared], text[shared:]
    if not rest:
        return (Span(head, "agree"), Span("[]", "agree" if within else "digit"))
    shown = clip(rest, width - len(head) - 2)
    if within:
        return (Span(f"{head}[{shown}]", "agree"),)
    counted = max(0, _counted(text, tolerance) - shared)
    if not 0 < counted < len(shown):
        return (Span(head, "agree"), Span(f"[{shown}]", "digit"))
    return (Span(head, "agree"), Span(f"[{shown[:counted]}", "digit"), Span(f"{shown[counted:]}]", "agree"))


def _counted(text: str, tolerance: float) -> int:
    """Characters of a printed number up to the last digit worth more than ``tolerance``, relative; all without one."""
    if not 0.0 < tolerance < 1.0 or "e" in text:
        return len(text)
    wanted, seen = round(-math.log10(tolerance)), 0
    for at, char in enumerate(text):
        seen += char.isdigit() and (seen > 0 or char != "0")
        if seen == wanted:
            return at + 1
    return len(text)


def relative(value: float | None) -> str:
    """Relative difference in at most eight cells."""
    if value is None:
        return "-"
    return "0" if value == 0 else f"{value:+.1e}"


def count(value: int | None) -> str:
    """Distance in units in the last place, in short form."""
    if value is None:
        return "-"
    return str(value) if abs(value) < 100_000 else f"{value:.1e}".replace("e+", "e")
