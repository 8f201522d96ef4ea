"""Numbers as the console writes them, and which of their digits agree."""

from __future__ import annotations

from nbtui.console.panes.line import Span, clip
from nbtui.trace.model import Value
from nbtui.trace.text import clean


def full(value: Value | None) -> str:
    """A value as C prints it (``%.15g``); text is cleaned; nothing is ``-``."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, int):
        return str(value)
    return f"{value:.15g}"


def common_digits(first: str, second: str) -> int:
    """How many leading characters two printed numbers share.

    Numbers of another magnitude share nothing, however equal their first digits look: ``12.5`` and ``1.25``
    must not pass as agreeing in their first digit.
    """
    if _magnitude(first) != _magnitude(second):
        return 0
    count = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        count += 1
    return count


def agreeing_digits(first: str, second: str) -> int:
    """Significant digits (leading zeros not counted) in which two printed numbers agree."""
    shared = first[: common_digits(first, second)].partition("e")[0]
    return len("".join(c for c in shared if c.isdigit()).lstrip("0"))


def marked(text: str, other: str, width: int) -> tuple[Span, ...]:
    """``text`` with the part that differs from ``other`` in brackets: common digits dim, the rest bright."""
    if text == other:
        return (Span(clip(text, width), "agree"),)
    shared = common_digits(text, other)
    head, rest = text[:shared], text[shared:]
    if not rest:
        return (Span(head, "agree"), Span("[]", "digit"))
    shown = clip(rest, width - len(head) - 2)
    return (Span(head, "agree"), Span(f"[{shown}]", "digit"))


def relative(value: float | None) -> str:
    """A relative difference in at most eight cells."""
    if value is None:
        return "-"
    return "0" if value == 0 else f"{value:+.1e}"


def percent(value: float) -> str:
    """A fraction as percent with a sign, short."""
    scaled = 100 * value
    if scaled == 0:
        return "0 %"
    return f"{scaled:+.2f} %" if 0.005 <= abs(scaled) < 1e4 else f"{scaled:+.1e} %"


def count(value: int | None) -> str:
    """A distance in units in the last place, short."""
    if value is None:
        return "-"
    return str(value) if abs(value) < 100_000 else f"{value:.1e}".replace("e+", "e")


def _magnitude(text: str) -> tuple[bool, int]:
    """Sign and decimal exponent of the first significant digit of a printed number."""
    negative = text.startswith("-")
    body = text.lstrip("+-")
    mantissa, _, exponent = body.partition("e")
    whole, _, fraction = mantissa.partition(".")
    power = int(exponent) if exponent.lstrip("+-").isdigit() else 0
    if whole.strip("0"):
        return negative, power + len(whole.lstrip("0")) - 1
    return negative, power - (len(fraction) - len(fraction.lstrip("0"))) - 1
