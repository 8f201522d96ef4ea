"""Header and footer of the image screen: title, verdict on the two images, keys."""

from __future__ import annotations

import math
from dataclasses import replace

from nbtui.console.drawing.foot import keys, message
from nbtui.console.drawing.line import Line, Span, block, clip, fit, line, width_of, wrap
from nbtui.console.image.actions import IMAGE_ACTIONS
from nbtui.console.image.state import TITLES, ImagePhase, ImageState, missing
from nbtui.images.metrics import GATES, ImageComparison
from nbtui.images.render import sentences
from nbtui.trace.text import clean

FIELD = GATES["field"]


def header(state: ImageState, width: int, height: int) -> list[Line]:
    """The views, the metrics of the two images, and the most informative sentence about them."""
    size = f"   {state.shape[0]} x {state.shape[1]}" if state.shape else ""
    tail = _activity(state)
    wide = width >= 110
    head = line(
        Span(" nbtui ", "focus"),
        Span(" " + clip(clean(state.name), max(8, width // 8)) + " ", "title"),
        *_views(state),
        Span("   MODE " if wide else " ", "label"),
        Span(clean(state.phi_mode), "title" if wide else "label"),
        size + (" pixels" if size and wide and not tail.text else ""),
        Span("   C image " if wide and state.c_origin else "", "label"),
        clip(clean(state.c_origin), width // 5) if wide else "",
    )
    room = width - width_of((tail,)) - 1
    return block([(*fit(head, room), Span(" "), tail), _verdict(state, width), _sentence(state, width)], width, height)


def _views(state: ImageState) -> Line:
    """The three views, the chosen one in brackets."""
    return tuple(
        Span(
            f"[{key} {title}]" if view == state.view else f" {key} {title} ",
            "title" if view == state.view else "text",
        )
        for key, (view, title) in enumerate(TITLES.items(), 1)
    )


def _activity(state: ImageState) -> Span:
    if state.phase is ImagePhase.SIMULATING:
        left = "" if state.left is None else f"{math.ceil(state.left)} s left, "
        return Span(f"simulating {100 * state.done:.0f} %, {left}{IMAGE_ACTIONS.key('stop')} stops it ", "warning")
    if state.phase is ImagePhase.READY and state.difference is not None and not state.judged:
        return Span("comparing ... ", "warning")
    words = {ImagePhase.PREPARING: "reading ... ", ImagePhase.STOPPING: "stopping ... ", ImagePhase.STOPPED: "stopped "}
    return Span(words.get(state.phase, "failed " if state.phase is ImagePhase.FAILED else ""), "warning")


def _verdict(state: ImageState, width: int) -> Line:
    found = state.difference
    if found is None:
        if state.c_problem:
            return line(Span(" NO C IMAGE ", "verdict-wait"), " " + _problem(state, width)[0])
        if state.phase in (ImagePhase.FAILED, ImagePhase.STOPPED):
            words = missing(replace(state, view="python"))
            return line(Span(" NOT COMPARED ", "verdict-wait"), " " + clip(clean(words), width - 16))
        return line(Span(" NOT COMPARED YET ", "verdict-wait"), f" {state.phase.value} ...")
    numbers = _numbers(state.comparison, width) if state.comparison else ()
    if not found.differing:
        return line(Span(" IMAGES AGREE ", "verdict-agree"), " every pixel within 1e-6", *numbers)
    passed = state.comparison is not None and not state.comparison.failures(FIELD)
    count = f" {found.differing} PIXEL{'S' if found.differing > 1 else ''} DIFFER "
    slow, fast = found.worst[0]
    worst = float(found.delta[slow, fast])
    told = line(
        Span("   largest ", "label"),
        Span(f"{worst:+.3g}", "digit"),
        f" at slow {slow} fast {fast}",
    )
    verdict = line(Span(count, "verdict-wait" if passed else "verdict-differ"), *numbers)
    return (*verdict, *told) if width_of((*verdict, *told)) <= width else verdict


def _numbers(found: ImageComparison, width: int) -> Line:
    """The standard image metrics: ``=`` passes, ``#`` fails."""
    ratio, apart = found.sum_ratio, found.peak_distance
    low, high = FIELD.sum_ratio or (-math.inf, math.inf)
    names = ("correlation", "sum ratio", "peaks") if width >= 110 else ("corr", "sums", "peaks")
    equal = found.largest == 0.0 and not found.only_one
    judged = (
        (names[0], found.correlation, ".5f", (found.correlation or 0.0) >= (FIELD.correlation or 0.0)),
        (names[1], ratio, ".5g", ratio is not None and low <= ratio <= high),
        (names[2], apart, ".2f", apart is None or apart <= (FIELD.peak_distance or math.inf)),
    )
    spans: Line = ()
    for name, value, digits, good in judged:
        tone = "pass" if good or equal else "diverge"
        shown = "none" if value is None else "unmatched" if math.isinf(value) else _never_rounded_up(value, digits)
        unit = " px" if name == "peaks" and value is not None and math.isfinite(value) else ""
        spans = (
            *spans,
            Span("  = " if good or equal else "  # ", tone),
            Span(f"{name} ", "label"),
            Span(shown + unit, tone),
        )
    return spans


def _never_rounded_up(value: float, digits: str) -> str:
    """A number printed as 1.00000 only if it is exactly one."""
    text = f"{value:{digits}}"
    return "0.99999+" if text == "1.00000" and value < 1.0 - 1e-12 else text


def _problem(state: ImageState, width: int) -> list[str]:
    """Why the C image is missing, in two parts: beside the verdict, and below it."""
    return wrap(clean(state.c_problem), width - 14)


def _sentence(state: ImageState, width: int) -> Line:
    """The relation of the two images, or the location of their differences."""
    found = state.comparison
    if found is None:
        rest = " ".join(_problem(state, width)[1:]) if state.c_problem else ""
        return line(" " + clip(rest, width - 2)) if rest else ()
    told = sentences(found)
    telling = [entry.sentence for entry in found.findings if entry.id in ("threads", "relation", "displaced")]
    words = (telling or told or [""])[0].removeprefix("where: ")
    return line(Span(" " + clip(words, width - 2), "warning" if telling else "text"))


def footer(state: ImageState, width: int, height: int) -> list[Line]:
    """The keys, the text being typed, or the last message."""
    if state.typed is not None:
        asked = line(Span(" go to pixel, slow fast: ", "label"), state.typed, Span(" ", "cursor"))
        return [fit((*asked, Span("   Enter goes there, Esc cancels", "faint")), width)]
    if state.message:
        return message(state.message, width, height)
    return [fit(keys(((entry.shown, entry.label) for entry in IMAGE_ACTIONS if entry.label), width), width)]
