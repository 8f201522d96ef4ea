"""The contributions: share of every phi step, the phi x domain map, and the step under the cursor."""

from __future__ import annotations

import math

import numpy as np

from nbtui.console.contributions import Contributions, Side
from nbtui.console.panes.line import Line, Span, beside, block, clip, fit, left, line, right, rule, wrap
from nbtui.console.panes.numbers import percent
from nbtui.console.state import State, stepping_off
from nbtui.trace.text import clean

PHI_COLUMNS = 60  # width of the phi table
STEP_COLUMNS = 40  # width of "at this step"
_INDEX_LABELS = ("h k l", "C h k l", "node", "offset")
DIFFERS = 1e-6  # relative; the gate of the evidence package
_BAR = 11
_EIGHTHS = " ▏▎▍▌▋▊▉"


def draw(state: State, width: int, height: int) -> list[Line]:
    """Side by side when wide; the map gives way first, and below 100 columns the step goes under the table."""
    grid = state.contributions
    focused = state.pane == "steps"
    if grid is None:
        title = rule((Span("contributions", "title"),), width, focused=focused)
        return block(
            [title, *(line("   " + part) for part in wrap(clean(stepping_off(state)), width - 4))], width, height
        )
    title = rule((Span("contributions", "title"),), width, _where(state, grid), focused=focused)
    if width < 100:
        return _narrow(state, grid, title, width, height)
    room = height - 1
    table = _phi_table(state, grid, room)
    map_width = width - PHI_COLUMNS - STEP_COLUMNS - 2
    field = _map(state, grid, map_width, room)
    step = at_step(state, grid)
    rows = [
        beside(beside(one, PHI_COLUMNS, two), PHI_COLUMNS + 1 + map_width, three)
        for one, two, three in zip(
            block(table, PHI_COLUMNS, room), block(field, map_width, room), block(step, STEP_COLUMNS, room), strict=True
        )
    ]
    return block([title, *rows], width, height)


def _narrow(state: State, grid: Contributions, title: Line, width: int, height: int) -> list[Line]:
    """The table and the map above; below, the indices on the left and the term on the right."""
    head, *step = at_step(state, grid)
    indices = [entry for entry in step if entry and entry[0].text.strip() in _INDEX_LABELS]
    others = [entry for entry in step if entry not in indices]
    lower = max(len(indices), len(others))
    room = height - 2 - lower
    map_width = width - PHI_COLUMNS - 1
    upper = [
        beside(one, PHI_COLUMNS, two)
        for one, two in zip(
            block(_phi_table(state, grid, room), PHI_COLUMNS, room),
            block(_map(state, grid, map_width, room), map_width, room),
            strict=True,
        )
    ]
    left_width = width - STEP_COLUMNS - 1
    below = [
        beside((Span(" "), *one), left_width, two)
        for one, two in zip(block(indices, left_width, lower), block(others, STEP_COLUMNS, lower), strict=True)
    ]
    return block([title, *upper, (Span(" "), *head), *below], width, height)


def _where(state: State, grid: Contributions) -> Line:
    block_name = grid.block_name(state.block)
    return line(
        Span("phi ", "label"),
        Span(f"{state.phi}/{grid.n_phi - 1}", "title"),
        Span("  domain ", "label"),
        Span(f"{state.domain}/{grid.n_domains - 1}", "title"),
        Span("  " + block_name if block_name else "", "title"),
    )


def window(cursor: int, total: int, room: int) -> tuple[int, int]:
    """First and end index of ``room`` entries of ``total`` around the cursor; moves by half a window."""
    if total <= room or room <= 0:
        return 0, min(total, max(room, 0))
    half = max(1, room // 2)
    start = min(max(0, (cursor // half - (1 if cursor % half < half and cursor >= half else 0)) * half), total - room)
    return start, start + room


def _phi_table(state: State, grid: Contributions, room: int) -> list[Line]:
    """One line per phi step: C's share and Python's as bars of the same scale, and how far Python is off."""
    py, c = grid.py, grid.c
    # the bars are sums on one scale, so that equal steps look equal; the numbers are each side's own share
    largest = max(float(side.per_phi.max()) for side in (py, c) if side is not None)
    heads = " phi     deg " + left("C share", 19) + left("Python share", 19) + "Py-C"
    lines = [line(Span(heads, "label"))]
    first, end = window(state.phi, grid.n_phi, room - 1)
    for phi in range(first, end):
        here = phi == state.phi
        spans = [
            Span(">" if here else " ", "focus"),
            Span(right(str(phi), 3), "title" if here else "text"),
            Span(right(f"{grid.phi_deg[phi]:.4g}" if phi < len(grid.phi_deg) else "-", 8) + " ", "faint"),
        ]
        spans += _bar(c, phi, largest, "bar-c") if c is not None else [Span(left("not known", _BAR + 8), "faint")]
        spans += _bar(py, phi, largest, "bar-py")
        if c is not None:
            spans += _off(float(py.per_phi[phi]), float(c.per_phi[phi]))
        lines.append(tuple(spans))
    return lines


def _bar(side: Side, phi: int, largest: float, tone: str) -> list[Span]:
    eighths = round(8 * _BAR * float(side.per_phi[phi]) / largest) if largest > 0 else 0
    full, rest = divmod(max(eighths, 0), 8)
    bar = "█" * full + (_EIGHTHS[rest] if rest else "")
    return [Span(left(bar, _BAR), tone), Span(right(f"{100 * float(side.share_per_phi[phi]):.1f}%", 6) + "  ")]


def _off(py: float, c: float) -> list[Span]:
    if abs(py - c) <= DIFFERS * abs(c):
        return [Span("=", "pass")]
    return [Span("# ", "diverge"), Span(f"{100 * (py - c) / c:+.3g}%" if c else "new", "digit")]


def _map(state: State, grid: Contributions, width: int, room: int) -> list[Line]:
    """The block's terms, a line per phi step, a column per domain; the step under the cursor in brackets."""
    cells = max(1, (width - 1) // 2)
    terms = grid.py.terms[state.block]
    reference = grid.c.terms[state.block] if grid.c else None
    largest = float(terms.max())
    first, end = window(state.phi, grid.n_phi, room - 1)
    left_edge, right_edge = window(state.domain, grid.n_domains, cells)
    lines = [line(Span(clip(f" domains {left_edge}-{right_edge - 1}", width), "label"))]
    for phi in range(first, end):
        spans: list[Span] = []
        for domain in range(left_edge, right_edge):
            here = (phi, domain) == (state.phi, state.domain)
            after = (phi, domain - 1) == (state.phi, state.domain) and domain > left_edge
            spans.append(Span("[" if here else "]" if after else " ", "focus" if here or after else "text"))
            value = float(terms[phi, domain])
            off = reference is not None and abs(value - reference[phi, domain]) > DIFFERS * abs(reference[phi, domain])
            spans.append(Span(_shade(value, largest), "digit" if off else "text"))
        if (state.phi, state.domain) == (phi, right_edge - 1):
            spans.append(Span("]", "focus"))
        lines.append(tuple(spans))
    return lines


def _shade(value: float, largest: float) -> str:
    """``#`` from a tenth of the largest term on, then ``+``, ``-``, ``.`` per decade; blank for nothing."""
    if value <= 0 or largest <= 0:
        return " "
    decade = math.floor(-math.log10(value / largest) + 1e-12)
    return "#+-."[min(3, max(0, decade))]


def at_step(state: State, grid: Contributions) -> list[Line]:
    """What is computed at the step under the cursor, C's where it is known."""
    place = (state.block, state.phi, state.domain)
    py = grid.py.at(place)
    total = grid.py.total
    running = float(grid.py.running[place])
    lines = [line(Span("at this step", "label"), Span("  (Python, C where named)", "faint"))]
    if math.isnan(py["h"]):
        return [*lines, line(Span("no contribution here", "faint"))]
    lines += _indices(grid, place, py)
    lines += [
        _entry("F_latt", f"{py['F_latt']:.6g}", _factors(state)),
        _entry("F_cell", f"{py['F_cell']:.6g}", "e"),
        _entry("term", f"{py['F_cell2_F_latt2']:.6g}", _share(py["F_cell2_F_latt2"], total)),
    ]
    if grid.c is not None:
        lines += _reference(grid.py, grid.c, place)
    else:
        lines.append(_entry("running", f"{running:.6g}", _share(running, total)))
        lines += [line(Span(part, "faint")) for part in wrap(clean(grid.c_problem) or _no_c_terms(), STEP_COLUMNS)]
    return [fit(entry, STEP_COLUMNS) for entry in lines]


def _no_c_terms() -> str:
    return "C's terms are not known: put the C run's terms.csv beside its log"


def _indices(grid: Contributions, place: tuple[int, int, int], py: dict[str, float]) -> list[Line]:
    hkl = [py[name] for name in "hkl"]
    node = [py[name] for name in ("h0", "k0", "l0")]
    off = [abs(x - n) * cells for x, n, cells in zip(hkl, node, grid.n_cells, strict=True)]
    lines = [line(Span(left("h k l", 8), "label"), "".join(right(f"{x:.4f}", 10) for x in hkl))]
    if grid.c is not None:
        theirs = [float(grid.c.columns[name][place]) for name in "hkl"]
        same = np.allclose(theirs, hkl, rtol=DIFFERS, atol=0)
        tone = "faint" if same else "digit"
        lines.append(line(Span(left("C h k l", 8), "label"), *(Span(right(f"{x:.4f}", 10), tone) for x in theirs)))
    lines.append(line(Span(left("node", 8), "label"), "".join(right(f"{n:.0f}", 10) for n in node)))
    names = ("Na", "Nb", "Nc")
    distances = "".join(right(f"{d:.2f}/{name}", 10) for d, name in zip(off, names, strict=True))
    lines.append(line(Span(left("offset", 8), "label"), distances))
    return lines


def _reference(py: Side, c: Side, place: tuple[int, int, int]) -> list[Line]:
    """C's term, and how much of the whole gap has opened up to this step."""
    term, c_term = float(py.terms[place]), float(c.terms[place])
    running = float(py.running[place])
    gap, whole = running - float(c.running[place]), py.total - c.total
    same = abs(term - c_term) <= DIFFERS * abs(c_term)
    off = "Py equal" if same else f"Py {percent((term - c_term) / c_term)}" if c_term else "Py new"
    none = abs(whole) <= DIFFERS * abs(c.total)
    part = "no gap" if none else f"{100 * gap / whole:.1f} % of gap"
    return [
        _entry("C term", f"{c_term:.6g}", off, "faint" if same else "digit"),
        _entry("running", f"{running:.6g}", _share(running, py.total)),
        _entry("gap yet", f"{gap:+.4g}", part, "faint" if none else "digit"),
    ]


def _entry(label: str, value: str, note: str, tone: str = "faint") -> Line:
    return line(Span(left(label, 8), "label"), Span(left(value, 12)), Span(note, tone))


def _share(value: float, total: float) -> str:
    return f"{100 * value / total:.2f} % of I" if total else ""


def _factors(state: State) -> str:
    """The three factors of F_latt, which the trace prints for the very first step only."""
    if (state.block, state.phi, state.domain) != (0, 0, 0) or state.simulation is None:
        return ""
    records = [state.simulation.trace.all(f"F_latt_{axis}") for axis in "abc"]
    if not all(records):
        return ""
    return " x ".join(f"{float(found[0].values[0]):.3g}" for found in records)
