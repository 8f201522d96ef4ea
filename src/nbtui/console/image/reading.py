"""The read-out of the image screen: the pixel under the cursor, its neighbourhood, and the image metrics."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from nbtui.console.drawing.line import Line, Span, block, left, line, right, rule, wrap
from nbtui.console.drawing.numbers import percent
from nbtui.console.image.actions import IMAGE_ACTIONS
from nbtui.console.image.state import TITLES, ImageState
from nbtui.images.metrics import ImageComparison
from nbtui.images.render import sentences

KEYS_WIDTH = 38
AROUND = 3  # pixels shown in numbers on each side of the cursor


def reading(state: ImageState, width: int, height: int) -> list[Line]:
    """The facts of the pixel under the cursor and the values around it, or the keys."""
    if state.keys:
        return block(keys()[height:], width, height)
    slow, fast = state.cursor
    title = rule((Span("pixel", "title"),), width)
    lines = [title, line(Span(" slow ", "label"), left(str(slow), 7), Span("fast ", "label"), str(fast))]
    lines += [*_place(state), *_values(state), *_step(state)]
    lines += _around(state, width, height - len(lines))
    if state.comparison is not None and height > len(lines) + 1:
        lines += _images(state.comparison, width)
    return block([*lines, *_worst(state, width, height - len(lines))], width, height)


def keys() -> list[Line]:
    """The list of keys, continued from the canvas to the read-out."""
    lines = [rule((Span("keys", "title"),), KEYS_WIDTH, (Span("any key closes", "faint"),))]
    for entry in IMAGE_ACTIONS:
        first, *rest = wrap(entry.help, KEYS_WIDTH - 12)
        lines.append(line(Span(" " + left(entry.shown, 10), "key"), first))
        lines += [line(" " * 11 + part) for part in rest]
    return lines


def _place(state: ImageState) -> list[Line]:
    """The position of the pixel's centre."""
    facts = state.facts
    if facts is None or (facts.slow, facts.fast) != state.cursor:
        return [line(Span(f" {name:7}", "label"), "-") for name in ("mm", "2theta", "h k l")]
    resolution = f"{facts.d_angstrom:.5g} A" if math.isfinite(facts.d_angstrom) else "direct beam"
    indices = " ".join(f"{index:.3f}" for index in facts.hkl)
    return [
        line(Span(" mm   ", "label"), left(f"{facts.slow_mm:.3f}", 12), f"{facts.fast_mm:.3f}"),
        line(Span(" 2theta ", "label"), left(f"{facts.two_theta_deg:.3f} deg", 13), Span("d ", "label"), resolution),
        line(Span(" h k l  ", "label"), indices, Span(f"  phi {facts.phi_deg:g}", "faint")),
    ]


def _values(state: ImageState) -> list[Line]:
    """C, live, their ratio, and the rank among the worst."""
    c, python = state.value(state.c), state.value(state.python)
    ratio = "-"
    if c is not None and python is not None:
        if c != 0.0 and math.isfinite(python / c):
            ratio = f"{python / c:.7g}  ({percent(python / c - 1.0)})"
        elif c == python:
            ratio = "both zero"
    rows = [
        line(Span(f" {name:8}", "label"), "-" if value is None else f"{value:.9g}")
        for name, value in (("C", c), ("live", python))
    ]
    found = state.difference
    place = ""
    if found is not None and found.differing:
        listed = f"of the worst {len(found.worst)}" if len(found.worst) < found.differing else f"of {found.differing}"
        place = f"none {listed}" if state.rank is None else f"{state.rank + 1} {listed}"
    rows.append(line(Span(" live/C  ", "label"), ratio))
    rows.append(line(Span(" worst   ", "label"), place or "-"))
    log = state.log_pixel
    if log is not None:
        rows.append(
            line(
                Span(" C's log ", "label"),
                "is of this pixel" if log == state.cursor else f"is of slow {log[0]} fast {log[1]}",
            )
        )
    return rows


def _step(state: ImageState) -> list[Line]:
    """The step of the main screen, and where its node reflects on either side."""
    step = state.step
    if step is None:
        return []
    node = Span(f"  node {step.node}" if step.node else "  no term", "faint")
    lines = [line(Span(" step    ", "label"), step.words, node)]
    for spot in step.spots:
        where = f"slow {spot.at[0]:.2f} fast {spot.at[1]:.2f}"
        lines.append(line(Span(f" {spot.sign} ", spot.tone), Span(left(spot.name, 8), "label"), where))
    return lines


def _around(state: ImageState, width: int, room: int) -> list[Line]:
    """The values around the cursor, as integers in a power-of-ten unit giving the largest three digits.

    As many of them as have whole rows in ``room`` lines.
    """
    image = state.shown
    around = min(AROUND, room // 2 - 1)
    if image is None or around < 1:
        return []
    slow, fast = state.cursor
    size = 2 * around + 1
    near = np.full((size, size), np.nan)
    inside = np.zeros((size, size), dtype=bool)
    s0, f0 = slow - around, fast - around
    part = image[max(s0, 0) : s0 + size, max(f0, 0) : f0 + size]
    here = np.s_[max(-s0, 0) : max(-s0, 0) + part.shape[0], max(-f0, 0) : max(-f0, 0) + part.shape[1]]
    near[here], inside[here] = part, True
    finite = np.abs(near[np.isfinite(near)])
    top = float(finite.max()) if finite.size else 0.0
    power = int(f"{top:.2e}".partition("e")[2]) - 2 if top > 0.0 else 0
    unit = f"x 1e{power:+d}" if power else ""
    lines = [rule((Span(f"{size} x {size}, {TITLES[state.view]}", "title"),), width, (Span(unit, "faint"),))]
    for y in range(size):
        cells = [_number(float(near[y, x]), power) if inside[y, x] else "" for x in range(size)]
        row = [f"{cell:>5}" for cell in cells]
        if y == around:
            row[around] = f"{'[' + cells[around]:>5}"
            row[around + 1] = f"]{cells[around + 1]:>4}"
        lines.append(line("".join(row).rstrip()))
    return lines


def _number(value: float, power: int) -> str:
    """A value in units of 10**power, in four cells. ``0`` is exact, ``<1`` and ``-<1`` are below one half."""
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf"
    if value == 0.0:
        return "0"
    scaled = round(value * 10.0**-power)
    return str(scaled) if scaled else "<1" if value > 0.0 else "-<1"


def _images(found: ImageComparison, width: int) -> Iterator[Line]:
    """Metrics of the whole images."""
    yield rule((Span("the images", "title"),), width)
    yield line(Span(" sums    ", "label"), left(f"C {found.sum_c:.6g}", 14), f"live {found.sum_py:.6g}")
    yield line(Span(" RMSE    ", "label"), f"{found.rmse:.4g}")
    if found.ratios is not None:
        low, middle, high = found.ratios
        yield line(Span(" live/C  ", "label"), f"{middle:.4g}, 90 % in {low:.3g} to {high:.3g}")
    for sentence in sentences(found):
        for at, part in enumerate(wrap(sentence, width - 3)):
            yield line(Span(("  " if at else " ") + part, "text"))


def _worst(state: ImageState, width: int, height: int) -> list[Line]:
    """The worst pixels, around the one last reached by n; empty if they do not fit."""
    found = state.difference
    if found is None or not found.worst or height < 3:
        return []
    room = height - 1
    here = state.rank
    first = max(0, min((here or 0) - room // 2, len(found.worst) - room))
    lines = [rule((Span("worst pixels", "title"),), width, (Span("live - C", "faint"),))]
    for at, (slow, fast) in enumerate(found.worst[first : first + room], start=first):
        value = f"{float(found.delta[slow, fast]):+.3g}"
        mark = Span(">" if at == here else " ", "cursor" if at == here else "text")
        lines.append(
            line(
                mark,
                Span(right(str(at + 1), 3) + "  slow ", "faint"),
                left(str(slow), 5),
                Span(" fast ", "faint"),
                left(str(fast), 5),
                right(value, 12),
            )
        )
    return lines
