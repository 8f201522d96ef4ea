"""Long answers about the field under the cursor: its origin, its other values in this pixel, its history."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

from nbtui.console.drawing.line import Line, Span, clip, fit, left, line, rule, wrap
from nbtui.console.drawing.numbers import full, marked, relative
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.contributions import FIELD_COLUMNS, PHI_NAMES
from nbtui.console.main.panes.maps import window
from nbtui.console.main.state import State
from nbtui.evidence.read.package import Factor, Package
from nbtui.live.made_by import made_by
from nbtui.parity.model import Row
from nbtui.trace.columns import Columns
from nbtui.trace.fields.catalogue import Field, Tolerance, field
from nbtui.trace.model import PhiRecord, Record, Trace
from nbtui.trace.text import clean

_VALUE = 24  # cells of a value
_LABEL = 12
_STATUS = 10  # with a blank before it
_ROOMY = 80  # width in cells from which a package's own status word fits beside the values
_SHOWN = 12  # rows of a table around the cursor
_WHY = {
    Tolerance.FACTOR: "a computed number: the profile's own limit",
    Tolerance.SETUP: "made once, before the loops: the profile's limit for the set-up",
    Tolerance.INTEGER: "a count or an index: it must be equal",
    Tolerance.TEXT: "a word: it must be equal, numbers in it within the limit",
    Tolerance.PRINTED: "as printed with few digits: half a unit of the last one is allowed",
    Tolerance.GRADIENT: "a derivative of the pixel: ten times the profile's limit",
    Tolerance.FLOAT32: "C stores it in single precision: half a unit of that is allowed",
}
# units implied by the end of a name
_ENDINGS = (
    ("_A_inv", "A^-1"),
    ("_angstroms", "A"),
    ("_meters", "m"),
    ("_m", "m"),
    ("_rad", "rad"),
    ("_sr", "sr"),
    ("_deg", "deg"),
)
# components of fields for which the contributions have a value at every step
_COLUMNS = {
    **FIELD_COLUMNS,
    **{(f"phi.{key}", ""): name for name, key in PHI_NAMES.items()},
    ("I_before_scaling", ""): "F_cell2_F_latt2",
}


def lines(state: State, row: Row, width: int) -> list[Line]:
    """Lines about the field that do not fit in the short detail."""
    known = field(row.field)
    page = _tolerance(row, known, width)
    page += _made(known, width)
    page += _printed(state, row, width)
    page += _elsewhere(state, row, width)
    page += _over_phi(state, row, width)
    return [*page, *_history(state, row, width)]


def _labelled(label: str, text: str, width: int, tone: str = "text") -> list[Line]:
    first, *rest = wrap(text, width - _LABEL - 5) or [""]
    head = line(Span("   " + left(label, _LABEL), "label"), Span(first, tone))
    return [head, *(line(Span(" " * (_LABEL + 3)), Span(part, tone)) for part in rest)]


def _tolerance(row: Row, known: Field | None, width: int) -> list[Line]:
    page = _labelled("limit", f"{row.tolerance:g}: {_WHY[known.tolerance] if known else ''}", width)
    promised = next((unit for ending, unit in _ENDINGS if row.field.endswith(ending)), row.unit)
    if row.unit and promised != row.unit:
        page += _labelled("unit", f"the name says {promised}, the value is in {clean(row.unit)}", width, "warning")
    return page + (_labelled("note", clean(row.note), width) if row.note else [])


def _made(known: Field | None, width: int) -> list[Line]:
    if known is None:
        return []
    page = _labelled("made in C", known.in_c, width) if known.in_c else []
    ours = made_by(known)
    return page + (_labelled("in nbsim", ours, width) if ours else [])


def _printed(state: State, row: Row, width: int) -> list[Line]:
    """The log lines of the two values."""
    page: list[Line] = []
    sides = zip(state.named, ((state.left, row.c_line), (state.right, row.py_line)), strict=True)
    for side, (trace, number) in sides:
        text = _text_of(trace, row, number)
        if text is not None:
            where = f"line {number}: "
            page.append(
                line(
                    Span("   " + left(side.name, _LABEL), "label"),
                    Span(where, "faint"),
                    Span(clip(clean(text), width - _LABEL - 5 - len(where))),
                )
            )
    return page


def _text_of(trace: Trace | None, row: Row, number: int) -> str | None:
    """Log line of a row."""
    if trace is None or not number:
        return None
    lines: Sequence[Record] | Sequence[PhiRecord] = trace.phi if row.field.startswith("phi.") else trace.records
    if isinstance(lines, Columns):
        at = bisect_left(lines.line, number)
        return lines.text_of(at) if at < len(lines) and lines.line[at] == number else None
    return next((entry.text for entry in lines if entry.line == number), None)


def _elsewhere(state: State, row: Row, width: int) -> list[Line]:
    """The same component in the other repetitions: sub-pixels and layers, or phi lines."""
    if state.comparison is None:
        return []
    overview = state.comparison.overview
    others = overview.of(row.field, row.component)
    if len(others) < 2:
        return []
    bad = sum(t.raised for t in overview.tallies if (t.field, t.component) == (row.field, row.component))
    what = "phi lines" if row.field.startswith("phi.") else "sub-pixels and layers"
    page: list[Line] = [rule((Span(f"the same in the {len(others):,} {what}", "title"),), width, _count(bad))]
    first, end = window(bisect_left(others, row.order), len(others), _SHOWN)
    for one in (state.rows[at] for at in others[first:end]):
        here = one.order == row.order
        page.append(_pair(clean(one.label), full(one.c_value), full(one.py_value), one.rel_delta, here, width))
    return page


def _count(bad: int) -> Line:
    return (Span(f"{bad:,} differ", "diverge") if bad else Span("none differs", "pass"),)


def _pair(name: str, c: str, py: str, rel: float | None, here: bool, width: int) -> Line:
    value = max(_LABEL, min(_VALUE, (width - _LABEL - 14) // 2))
    room = max(_LABEL, width - 2 * value - 14)
    both = []
    for one, other in ((c, py), (py, c)):
        spans = marked(one, other, value)
        used = sum(len(span.text) for span in spans)
        both += [*spans, Span(" " * max(1, value + 1 - used))]
    return line(Span(" > " if here else "   ", "focus"), left(name, room) + " ", *both, Span(relative(rel), "faint"))


def _over_phi(state: State, row: Row, width: int) -> list[Line]:
    """The quantity at every phi step of the block and domain of the step cursor, from the contributions."""
    grid, name = state.contributions, _COLUMNS.get((row.field, row.component))
    if grid is None or name is None or name not in grid.py.columns:
        return []
    summed = name == "F_cell2_F_latt2"
    place = f"domain {state.domain}" + ("  " + grid.block_name(state.block)).rstrip()
    title = "the terms of each phi step" if summed else f"at each phi step, {place}"
    page: list[Line] = [rule((Span(title, "title"),), width, (Span("live; C from its terms", "faint"),))]
    for phi in range(*window(state.phi, grid.n_phi, _SHOWN)):
        if summed:
            values = [float(side.per_phi[phi]) for side in (grid.c, grid.py) if side is not None]
        else:
            sides = [side for side in (grid.c, grid.py) if side is not None and name in side.columns]
            values = [float(side.columns[name][state.block, phi, state.domain]) for side in sides]
        mine = values[-1]
        theirs = values[0] if len(values) == 2 else None
        degrees = f"{grid.phi_deg[phi]:.4g}" if phi < len(grid.phi_deg) else "-"
        off = None if theirs is None or not theirs else (mine - theirs) / abs(theirs)
        c = "-" if theirs is None else _real(theirs)
        page.append(_pair(f"phi {phi}  {degrees} deg", c, _real(mine), off, phi == state.phi, width))
    return page


def _real(value: float) -> str:
    return "no term" if math.isnan(value) else f"{value:.15g}"


def _history(state: State, row: Row, width: int) -> list[Line]:
    """The field in the packages of the reports folder, newest first: this case and pixel only."""
    title = (Span("in earlier packages", "title"),)
    if state.history is None:
        return [rule(title, width), line(Span("   reading the reports folder ...", "faint"))]
    mine = [entry.package for entry in state.history if _same_case(state, entry.package)]
    found = [(package, factor) for package in reversed(mine) for factor in [_factor(package, row)] if factor]
    page: list[Line] = [
        rule(title, width, (Span(f"recorded in {len(found)} of {len(mine)} package{'s' * (len(mine) != 1)}", "faint"),))
    ]
    if not found:
        words = f"no package of this case and pixel records this field; {ACTIONS.key('export')} writes one"
        return [*page, line(Span("   " + words, "faint"))]
    for package, factor in found:
        c, py = _stored(factor.c_value), _stored(factor.py_value)
        name = f"{package.stamp} {package.phi_mode}"
        room = width - _STATUS if width >= _ROOMY else width
        pair = _pair(clean(name), c, py, factor.rel_delta, False, room)
        page.append(line(*fit(pair, room), Span(f" {clean(factor.status)}") if room < width else ""))
    return page


def _same_case(state: State, package: Package) -> bool:
    name = state.case.name if state.case else state.name
    return package.case == name and (state.pixel is None or package.pixel == state.pixel)


def _factor(package: Package, row: Row) -> Factor | None:
    return package.factor(row.label) or package.factor(row.field if not row.component else row.label)


def _stored(value: float | str | None) -> str:
    return "-" if value is None else clean(value) if isinstance(value, str) else f"{value:.15g}"
