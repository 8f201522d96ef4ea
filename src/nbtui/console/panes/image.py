"""The image screen's panes: the detector in half blocks or characters, the read-out, the lines around them."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import groupby

import numpy as np

from nbtui.console.image_actions import IMAGE_ACTIONS
from nbtui.console.levels import BEYOND, NO_NUMBER, Codes, dots
from nbtui.console.panes.line import Line, Span, block, clip, fit, left, line, rule, width_of, wrap
from nbtui.console.panes.numbers import percent
from nbtui.console.picture import FIT, Image, Picture, Pixel, Stage, dot_of, missing, scale
from nbtui.trace.text import clean

# what stands for a level where there is no colour
LETTERS = dict(zip("0123456ABCDEFabcdef", " .:=*#@123456abcdef", strict=True)) | {NO_NUMBER: "?", BEYOND: " "}
_STRENGTH = {code: at for at, code in enumerate(" 0aA1bB2cC3dD4eE5fF6?")}  # of two dots in one cell which is shown
TITLES = {"c": "C", "python": "Python", "difference": "Python - C"}
KEYS_WIDTH = 38
AROUND = 3  # pixels on each side of the cursor that are shown in numbers
_UPPER, _LOWER = "\u2580", "\u2584"  # half blocks


def dots_in(width: int, height: int) -> Pixel:
    """Dots (down, across) of a canvas of this size in cells: a title, a legend and a margin are not dots."""
    return 2 * max(0, height - 2), max(0, width - 1)


class Canvas:
    """The detector. Remembers the last levels: of a large image they take longer than a key may."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._image: Image | None = None
        self._codes: Codes = np.empty((0, 0), dtype="<U1")

    def draw(self, picture: Picture, width: int, height: int) -> list[Line]:
        """A title with the cursor's column, the dots with the cursor's row, and the levels' meaning."""
        if picture.keys:
            return block(_keys(), width, height)
        size = dots_in(width, height)
        why = missing(picture)
        if why:
            told = [line(Span(" " + part, "warning")) for part in wrap(clean(why), width - 2)]
            return block([_ruler(picture, width, None, scale(picture, size)), (), *told], width, height)
        zoom = scale(picture, size)
        at = dot_of(picture, picture.cursor, zoom)
        cursor = (at[0] // 2, at[1])
        codes = self._levels(picture, size)
        rows = _rows(codes, picture.characters)
        edge = Span("\u2502" if codes.shape[1] < size[1] else "", "rule")  # the detector ends here
        body = []
        for y, row in enumerate(rows):
            here = y == cursor[0]
            margin = Span(">", "cursor") if here else Span(" ")
            body.append(line(margin, *(_with_mark(row, cursor[1], "+") if here else row), edge))
        if codes.shape[0] < size[0]:
            body.append(line(" ", Span("\u2500" * codes.shape[1] + ("\u2518" if edge.text else ""), "rule")))
        body = block(body, width, height - 2)
        return block([_ruler(picture, width, cursor[1] + 1, zoom), *body, _legend(picture)], width, height)

    def _levels(self, picture: Picture, size: Pixel) -> Codes:
        key = (picture.corner, picture.zoom, picture.decades, picture.top, picture.view, size)
        if key != self._key or picture.shown is not self._image:
            self._key, self._image = key, picture.shown
            self._codes = dots(picture, size)
        return self._codes


def _rows(codes: Codes, characters: bool) -> list[Line]:
    """Two dots per cell: half blocks in two colours, or the stronger dot's character."""
    pairs = zip(codes[::2].tolist(), codes[1::2].tolist(), strict=True)
    return [_row(list(zip(upper, lower, strict=True)), characters) for upper, lower in pairs]


def _row(cells: list[tuple[str, str]], characters: bool) -> Line:
    if characters:
        return (Span("".join(LETTERS[max(cell, key=_STRENGTH.__getitem__)] for cell in cells)),)
    return tuple(_cell(upper, lower, len(list(same))) for (upper, lower), same in groupby(cells))


def _cell(upper: str, lower: str, count: int) -> Span:
    """``count`` cells of two dots. The fewest colours: what is not bright leaves the terminal's own."""
    upper, lower = upper.replace(BEYOND, "0"), lower.replace(BEYOND, "0")
    if upper == lower:
        return Span(" " * count, "text" if upper == "0" else f"dots 0{lower}")
    if upper == "0":
        return Span(_LOWER * count, f"dots {lower}0")
    return Span(_UPPER * count, f"dots {upper}{lower}")


def _with_mark(row: Line, x: int, mark: str) -> Line:
    """The row with ``mark`` in cell ``x``."""
    spans: list[Span] = []
    start = 0
    for span in row:
        end = start + len(span.text)
        if start <= x < end:
            spans += [
                Span(span.text[: x - start], span.tone),
                Span(mark, "cursor"),
                Span(span.text[x - start + 1 :], span.tone),
            ]
        else:
            spans.append(span)
        start = end
    return tuple(span for span in spans if span.text)


def _ruler(picture: Picture, width: int, column: int | None, zoom: int) -> Line:
    """A line with ``v`` above the cursor, and how close the picture is."""
    closeness = f"1:{zoom}" if zoom > 0 else f"{-zoom}:1"
    spans = rule((), width, (Span(closeness + " all" * (picture.zoom == FIT), "faint"),), focused=True)
    return spans if column is None else _with_mark(spans, column, "v")


def _legend(picture: Picture) -> Line:
    """What the levels mean."""
    top, decades = picture.top, picture.decades
    if picture.view == "difference":
        if picture.difference is not None and not picture.difference.differing:
            return line(Span(" every pixel agrees", "pass"))
        return line(
            *_ramp(picture, "fedcba", "-"),
            *_ramp(picture, "ABCDEF", "+"),
            Span(f" of {top:.2e}, {decades} decades", "faint"),
        )
    return line(*_ramp(picture, "0123456", ""), Span(f" of {top:.3g} photons, {decades} decades", "faint"))


def _ramp(picture: Picture, codes: str, sign: str) -> Line:
    if picture.characters:
        return (Span(f" {sign}", "faint"), Span("".join(LETTERS[code] for code in codes)))
    return (Span(f" {sign}", "faint"), *(_cell(code, code, 1) for code in codes))


# --- lines around ----------------------------------------------------------------------------------------------------


def header(picture: Picture, width: int, height: int) -> list[Line]:
    """What is shown, and the verdict on the two images."""
    size = f"   {picture.shape[0]} x {picture.shape[1]}" if picture.shape else ""
    tail = _activity(picture)
    wide = width >= 110
    head = line(
        Span(" nbtui ", "focus"),
        Span(" " + clip(clean(picture.name), max(8, width // 8)) + " ", "title"),
        *_views(picture),
        Span("   MODE " if wide else " ", "label"),
        Span(clean(picture.phi_mode), "title" if wide else "label"),
        size + (" pixels (slow x fast)" if size and wide and not tail.text else ""),
    )
    room = width - width_of((tail,)) - 1
    return block([(*fit(head, room), Span(" "), tail), _verdict(picture, width)], width, height)


def _views(picture: Picture) -> Line:
    """The three views, the chosen one in brackets."""
    return tuple(
        Span(
            f"[{key} {title}]" if view == picture.view else f" {key} {title} ",
            "title" if view == picture.view else "text",
        )
        for key, (view, title) in enumerate(TITLES.items(), 1)
    )


def _activity(picture: Picture) -> Span:
    if picture.stage is Stage.SIMULATING:
        return Span(f"simulating {100 * picture.done:.0f} %, Esc stops it ", "warning")
    words = {Stage.PREPARING: "reading ... ", Stage.STOPPING: "stopping ... ", Stage.STOPPED: "stopped "}
    return Span(words.get(picture.stage, "failed " if picture.stage is Stage.FAILED else ""), "warning")


def _verdict(picture: Picture, width: int) -> Line:
    found = picture.difference
    if found is None:
        if picture.c_problem:
            return line(Span(" NO C IMAGE ", "verdict-wait"), " " + clip(clean(picture.c_problem), width - 14))
        if picture.stage in (Stage.FAILED, Stage.STOPPED):
            words = missing(replace(picture, view="python"))
            return line(Span(" NOT COMPARED ", "verdict-wait"), " " + clip(clean(words), width - 16))
        return line(Span(" NOT COMPARED YET ", "verdict-wait"), f" {picture.stage.value} ...")
    if not found.differing:
        agree = " IMAGES AGREE  every pixel within 1e-6 "
        return line(
            Span(agree, "verdict-agree"), Span("  C image ", "label"), clip(clean(picture.c_origin), width - 55)
        )
    count = f" {found.differing} PIXEL{'S' if found.differing > 1 else ''} DIFFER "
    slow, fast = found.worst[0]
    part = f" ({100 * found.largest / picture.brightest:.2g} % of the brightest)" if picture.brightest > 0.0 else ""
    return line(
        Span(count, "verdict-differ"),
        Span("  largest ", "label"),
        Span(f"{found.largest:.3g}", "digit"),
        part if width >= 100 else "",
        f" at slow {slow} fast {fast}",
        Span("   C image ", "label") if width >= 110 else "",
        clip(clean(picture.c_origin), width - 90) if width >= 110 else "",
    )


def footer(picture: Picture, width: int, height: int) -> list[Line]:
    """The keys, or what was last told."""
    if picture.message:
        return [fit(line(Span(" " + clip(clean(picture.message), width - 2), "warning")), width)]
    spans: Line = ()
    entries = [entry for entry in IMAGE_ACTIONS if entry.label]
    always = [line(Span(f" {entry.shown}", "key"), Span(f" {entry.label} ", "faint")) for entry in entries[-2:]]
    for entry in entries[:-2]:
        added = line(Span(f" {entry.shown}", "key"), Span(f" {entry.label} ", "faint"))
        if width_of((*spans, *added, *always[0], *always[1])) > width:
            break
        spans = (*spans, *added)
    return [fit((*spans, *always[0], *always[1]), width)]


# --- the read-out ----------------------------------------------------------------------------------------------------


def reading(picture: Picture, width: int, height: int) -> list[Line]:
    """What there is to know of the pixel under the cursor, and the values around it; or the keys."""
    if picture.keys:
        return block(_keys()[height:], width, height)
    slow, fast = picture.cursor
    title = rule((Span("pixel", "title"),), width)
    lines = [title, line(Span(" slow ", "label"), left(str(slow), 7), Span("fast ", "label"), str(fast))]
    return block([*lines, *_place(picture), *_values(picture), *_around(picture, width)], width, height)


def _keys() -> list[Line]:
    """The keys; canvas and read-out show them one after the other."""
    lines = [rule((Span("keys", "title"),), KEYS_WIDTH, (Span("any key closes", "faint"),))]
    for entry in IMAGE_ACTIONS:
        first, *rest = wrap(entry.help, KEYS_WIDTH - 12)
        lines.append(line(Span(" " + left(entry.shown, 10), "key"), first))
        lines += [line(" " * 11 + part) for part in rest]
    return lines


def _place(picture: Picture) -> list[Line]:
    """Where the pixel's centre is."""
    facts = picture.facts
    if facts is None or (facts.slow, facts.fast) != picture.cursor:
        return [line(Span(f" {name:7}", "label"), "-") for name in ("mm", "2theta", "h k l")]
    resolution = f"{facts.d_angstrom:.5g} A" if math.isfinite(facts.d_angstrom) else "direct beam"
    indices = " ".join(f"{index:.3f}" for index in facts.hkl)
    return [
        line(Span(" mm   ", "label"), left(f"{facts.slow_mm:.3f}", 12), f"{facts.fast_mm:.3f}"),
        line(Span(" 2theta ", "label"), left(f"{facts.two_theta_deg:.3f} deg", 13), Span("d ", "label"), resolution),
        line(Span(" h k l  ", "label"), indices, Span(f"  phi {facts.phi_deg:g}", "faint")),
    ]


def _values(picture: Picture) -> list[Line]:
    """C, Python, their ratio, and the place among the worst."""
    c, python = picture.value(picture.c), picture.value(picture.python)
    ratio = "-"
    if c is not None and python is not None:
        if c != 0.0 and math.isfinite(python / c):
            ratio = f"{python / c:.7g}  ({percent(python / c - 1.0)})"
        elif c == python:
            ratio = "both zero"
    rows = [
        line(Span(f" {name:8}", "label"), "-" if value is None else f"{value:.9g}")
        for name, value in (("C", c), ("Python", python))
    ]
    found = picture.difference
    place = ""
    if found is not None and found.differing:
        listed = f"of the worst {len(found.worst)}" if len(found.worst) < found.differing else f"of {found.differing}"
        place = f"{'-' if picture.rank is None else picture.rank + 1} {listed}"
    rows.append(line(Span(" Py / C  ", "label"), ratio))
    rows.append(line(Span(" worst   ", "label"), place or "-"))
    log = picture.log_pixel
    if log is not None:
        rows.append(
            line(
                Span(" C's log ", "label"),
                "of this pixel" if log == picture.cursor else f"of slow {log[0]} fast {log[1]}",
            )
        )
    return rows


def _around(picture: Picture, width: int) -> list[Line]:
    """The values of the chosen view about the cursor, whole numbers in a unit that gives the largest three digits."""
    image = picture.shown
    if image is None:
        return []
    slow, fast = picture.cursor
    size = 2 * AROUND + 1
    near = np.full((size, size), np.nan)
    inside = np.zeros((size, size), dtype=bool)
    s0, f0 = slow - AROUND, fast - AROUND
    part = image[max(s0, 0) : s0 + size, max(f0, 0) : f0 + size]
    here = np.s_[max(-s0, 0) : max(-s0, 0) + part.shape[0], max(-f0, 0) : max(-f0, 0) + part.shape[1]]
    near[here], inside[here] = part, True
    finite = np.abs(near[np.isfinite(near)])
    top = float(finite.max()) if finite.size else 0.0
    power = int(f"{top:.2e}".partition("e")[2]) - 2 if top > 0.0 else 0
    unit = f"x 1e{power:+d}" if power else ""
    lines = [rule((Span(f"{size} x {size}, {TITLES[picture.view]}", "title"),), width, (Span(unit, "faint"),))]
    for y in range(size):
        cells = [_number(float(near[y, x]), power) if inside[y, x] else "" for x in range(size)]
        row = [f"{cell:>5}" for cell in cells]
        if y == AROUND:
            row[AROUND] = f"{'[' + cells[AROUND]:>5}"
            row[AROUND + 1] = f"]{cells[AROUND + 1]:>4}"
        lines.append(line("".join(row).rstrip()))
    return lines


def _number(value: float, power: int) -> str:
    """A value in units of 10**power, in four cells. ``0`` is exactly nothing, ``<1`` and ``-<1`` are less than half."""
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf"
    if value == 0.0:
        return "0"
    scaled = round(value * 10.0**-power)
    return str(scaled) if scaled else "<1" if value > 0.0 else "-<1"
