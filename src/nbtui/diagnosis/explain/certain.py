"""Facts of two logs that hold whatever the cause, as sentences.

Nothing here depends on a hypothesis: every sentence follows from the two logs, the data flow of the field catalogue
and the lines already known to be of the print.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from nbtui.diagnosis.explain.differences import (
    AGREE,
    FieldDifference,
    by_field,
    is_vector,
    is_whole,
    made_from,
    names,
    reaching,
    to_within,
    together,
)
from nbtui.diagnosis.search.rows import SUM, Rows
from nbtui.live.scene import Array
from nbtui.parity.align import STEP_SUM
from nbtui.parity.streams import upstream
from nbtui.parity.unit_names import conversion_name
from nbtui.parity.units import CELL, SHORTEST_CELL
from nbtui.trace.side import Pair

PIXEL = "I_pixel_final"
TOTALS = (PIXEL, "I_before_scaling", "hkl_frac")  # a difference upstream of one of these would change it
METRES = ("1e-10", "1e+10")  # conversions between Angstroms and metres
SINGLE_PRINT = 2.0**-22  # relative: two float32 roundings, the coarsest print of a converted value


def certain(
    rows: Rows,
    *,
    print_fields: Sequence[str],
    block: str,
    implied: Sequence[str] = (),
    named: Pair,
) -> tuple[str, ...]:
    """What the two logs prove, most useful first.

    Args:
        rows: the compared numbers of both logs.
        print_fields: fields whose difference is taken to be of the trace line, not of the pixel. Called so only where
            a sum that agrees proves it.
        block: a sentence on the suspect's trace block ("the block of your log is that of the pixel's centre; C has 9
            blocks"); empty if the blocks of the two logs correspond.
        implied: fields that count by the value which the suspect's own trace implies, not by the printed one.
        named: the sides of reference and suspect.
    """
    found = by_field(rows, rows.reference, rows.suspect)
    if not found:
        return ()
    if all(item.agrees for item in found):
        worst = max(item.off for item in found)
        return (
            *_of_block(block),
            f"All {len(found)} compared fields agree {to_within(worst)}.",
            *_of_implied(implied, named),
        )
    printed = frozenset(print_fields) | _in_metres(rows, found)
    return (
        *_of_block(block),
        *_zero(rows, found),
        *_unreached(rows, found, printed),
        *_beginning(found, printed),
        *_converted(rows, found, printed, named),
        *_first(rows, found, printed, named),
        *_agreeing(found, printed),
        *_aside(rows, found),
    )


def _of_block(block: str) -> Iterator[str]:
    if block:
        yield f"{block[0].upper()}{block[1:].rstrip('.')}."


def _of_implied(implied: Sequence[str], named: Pair) -> Iterator[str]:
    if implied:
        yield f"{named[1].subject} contradicts its own {names(implied)}: what its other lines imply was compared."


def _zero(rows: Rows, found: Sequence[FieldDifference]) -> Iterator[str]:
    """A pixel that agrees because nothing reaches it."""
    pixel = next((item for item in found if item.field == PIXEL), None)
    if pixel is not None and pixel.agrees and rows.reference[pixel.worst] == 0.0:
        yield f"{PIXEL} is zero on both sides; that proves nothing about the values before it."


def _beginning(found: Sequence[FieldDifference], printed: frozenset[str]) -> Iterator[str]:
    """The longest beginning of the pipeline that agrees, lines of the print left out."""
    start: list[FieldDifference] = []
    apart: list[str] = []
    waiting: list[str] = []
    for item in found:
        if item.agrees:
            start.append(item)
            apart += waiting
            waiting = []
        elif item.field in printed or item.log_only:
            waiting.append(item.field)
        else:
            break
    if start and start[-1].field != PIXEL:
        but = f", apart from {names(apart)}" if apart else ""
        yield f"Everything up to {start[-1].field} agrees {to_within(max(item.off for item in start))}{but}."


def _in_metres(rows: Rows, found: Sequence[FieldDifference]) -> frozenset[str]:
    """Cell vectors that one side prints in metres, as the comparison takes them, and indices made from these."""
    differing = [item for item in found if not item.agrees]
    cell = {item.field for item in differing if item.field in CELL and _metres(rows, item) and _short(rows, item)}
    made = {item.field for item in differing if cell and item.field == "hkl_frac" and _metres(rows, item)}
    return frozenset(cell | made)


def _metres(rows: Rows, item: FieldDifference) -> bool:
    """Whether the sides differ by the factor between Angstroms and metres."""
    line = together(rows, item.worst)
    return conversion_name(rows.reference[line], rows.suspect[line], SINGLE_PRINT) in METRES


def _short(rows: Rows, item: FieldDifference) -> bool:
    """Whether one side prints a vector too short for a cell in Angstroms."""
    line = together(rows, item.worst)
    return min(float(np.linalg.norm(side[line])) for side in (rows.reference, rows.suspect)) < SHORTEST_CELL


def _converted(rows: Rows, found: Sequence[FieldDifference], printed: frozenset[str], named: Pair) -> Iterator[str]:
    """Lines of the print in another unit, by conversion factor."""
    groups: dict[str, list[str]] = {}
    for item in found:
        if item.agrees or item.field not in printed:
            continue
        line = together(rows, item.worst)
        factor = conversion_name(rows.reference[line], rows.suspect[line], SINGLE_PRINT)
        if factor:
            groups.setdefault(factor, []).append(item.field)
    for factor, fields in groups.items():
        yield f"{named[1].subject} prints {names(fields)} in another unit: {factor} times the value of {named[0].noun}."


def _unreached(rows: Rows, found: Sequence[FieldDifference], printed: frozenset[str]) -> Iterator[str]:
    """Differences upstream of a total that agrees."""
    told: set[str] = set()
    agreeing = set(_agreeing_totals(rows, found))
    for name in TOTALS:
        total = next((item for item in found if item.field == name), None)
        if total is None or name not in agreeing:
            continue
        before = [item.field for item in found if not item.agrees and item.field in upstream(name) - told]
        if before:
            told.update(before)
            what, do, they = ("difference", "does", "it is") if len(before) == 1 else ("differences", "do", "they are")
            of_print = f": {they} of the print" if printed.issuperset(before) else ""
            so = f"the {what} of {names(before)} {do} not reach it{of_print}"
            yield f"{name} agrees {to_within(total.off)}, so {so}."


def _first(rows: Rows, found: Sequence[FieldDifference], printed: frozenset[str], named: Pair) -> Iterator[str]:
    """The first difference on the way to the pixel, and others without a differing input."""
    totals = tuple(_agreeing_totals(rows, found))
    zero = [name for name in TOTALS if name not in totals]
    reach = reaching(found, zero)
    differing = [item for item in found if item.field in reach - printed]
    fields = {item.field for item in differing}
    begins = [item for item in differing if not made_from(item.field, fields)]
    if not begins or PIXEL in totals:
        return
    first, *rest = begins
    aside = "Apart from lines of the print, " if reach & printed else ""
    yield f"{aside}{first.field} is the first difference on the way to the pixel: {_amount(rows, first, named)}."
    all_differing = {item.field for item in found if not item.agrees}
    others = [item for item in rest if not made_from(item.field, all_differing)]
    if len(others) == 1:
        amount = _amount(rows, others[0], named)
        yield f"{others[0].field} differs too, without a differing input: {amount}."
    elif others:
        amounts = "; ".join(f"{item.field}, {_amount(rows, item, named)}" for item in others)
        yield f"These differ too, without a differing input: {amounts}."


def _agreeing_totals(rows: Rows, found: Sequence[FieldDifference]) -> Iterator[str]:
    """Those that prove something: zero does not, nor does a background that hides the terms."""
    for item in found:
        telling = item.field in TOTALS and item.field not in rows.silent
        if telling and item.agrees and np.any(rows.reference[together(rows, item.worst)]):
            yield item.field


def _amount(rows: Rows, item: FieldDifference, named: Pair) -> str:
    """A difference in numbers."""
    line = together(rows, item.worst)
    ours, theirs = rows.reference[line], rows.suspect[line]
    if is_vector(item.field) and not is_whole(item.field):
        length = float(np.linalg.norm(ours))
        if length > 0.0 and np.isfinite(theirs).all():
            ratio = float(np.linalg.norm(theirs)) / length
            if not 0.5 < ratio < 2.0:
                return f"{ratio:.6g} times as long"
            return f"off by {float(np.linalg.norm(theirs - ours)) / length:.2g} of its length"
    if len(line) > 1:
        return f"{named[0].name} prints {_values(ours)}, {named[1].name} {_values(theirs)}"
    one, other = float(ours[0]), float(theirs[0])
    prints = "has" if item.field == SUM and STEP_SUM in rows.fields else "prints"  # a sum from I/steps
    both = f"{named[0].name} {prints} {one:.15g}, {named[1].name} {other:.15g}"
    if one * other > 0.0 and np.isfinite(one) and np.isfinite(other):
        ratio = other / one
        return (
            f"{both}, a factor of {ratio:.6g}" if abs(ratio - 1.0) > 0.01 else f"{both}, off by {abs(ratio - 1.0):.1e}"
        )
    return both


def _values(numbers: Array) -> str:
    return " ".join(f"{value:.9g}" for value in numbers)


def _agreeing(found: Sequence[FieldDifference], printed: frozenset[str]) -> Iterator[str]:
    """Fields that agree although something before them differs."""
    begun, agreeing = False, []
    for item in found:
        if not item.agrees:
            begun = begun or not (item.field in printed or item.log_only)
        elif begun and item.field not in TOTALS and item.field != "floatimage_accumulated":
            agreeing.append(item)
    if agreeing:
        agree = "agrees" if len(agreeing) == 1 else "agree"
        worst = max(item.off for item in agreeing)
        yield f"{names([item.field for item in agreeing])} {agree} as well, {to_within(worst)}."


def _aside(rows: Rows, found: Sequence[FieldDifference]) -> Iterator[str]:
    """Differing vectors from which nothing else is made: only a rotation keeps their lengths."""
    groups: dict[str, list[str]] = {}
    for item in found:
        if item.agrees or not item.log_only or not is_vector(item.field):
            continue
        line = together(rows, item.worst)
        length = float(np.linalg.norm(rows.reference[line]))
        ratio = float(np.linalg.norm(rows.suspect[line])) / length if length > 0.0 else 0.0
        kept = abs(ratio - 1.0) <= max(AGREE, float(rows.floor[item.worst]))
        how = (
            "a rotation: the length agrees"
            if kept
            else f"not a rotation: the length differs by a factor of {ratio:.6g}"
        )
        groups.setdefault(how, []).append(item.field)
    for how, fields in groups.items():
        yield f"Nothing in the pixel is made from {names(fields)}; the difference is {how}."
