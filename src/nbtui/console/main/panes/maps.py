"""The phi x mosaic domain map: small beside the shares, large in colour, and as numbers."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from nbtui.console.drawing.line import Line, Span, beside, block, clip, left, line, right
from nbtui.console.main.contributions import DIFFERS, Contributions, differs
from nbtui.console.main.state import State

_GLYPHS = "#+-."
_HEAT = ((0.5, "#", "heat-0"), (0.2, "*", "heat-1"), (0.1, "+", "heat-2"), (0.01, "-", "heat-3"), (0.0, ".", "heat-4"))
_LEGEND = " # half of the largest or more  * 1/5  + 1/10  - 1/100  . less"
_LABEL = 5  # width of a row's phi step, in cells
_LEAST_ROOM = 20  # height from which the whole map fits above the part around the cursor
_NUMBER = 7  # width of a number, in cells
_WIDEST, _TALLEST = 6, 3  # largest width of a map entry in terminal cells


def window(cursor: int, total: int, room: int) -> tuple[int, int]:
    """First and end index of ``room`` entries of ``total`` around the cursor; scrolls by half a window."""
    if total <= room or room <= 0:
        return 0, min(total, max(room, 0))
    half = max(1, room // 2)
    start = min(max(0, (cursor // half - (1 if cursor % half < half and cursor >= half else 0)) * half), total - room)
    return start, start + room


def hidden(first: int, end: int, total: int) -> str:
    """Number of entries above and below a window, such as ``+3 above, +1 below``; empty if all fit."""
    return ", ".join(f"+{count:,} {where}" for count, where in ((first, "above"), (total - end, "below")) if count)


def small(state: State, grid: Contributions, width: int, room: int) -> list[Line]:
    """Terms of the block, a line per phi step, a column per domain; the step under the cursor in brackets."""
    cells = max(1, (width - 1) // 2)
    terms = grid.py.terms[state.block]
    reference = grid.c.terms[state.block] if grid.c else None
    largest = float(grid.py.largest[state.block])
    strip = strips(state, grid, width)
    first, end = window(state.phi, grid.n_phi, room - 1 - len(strip))
    left_edge, right_edge = window(state.domain, grid.n_domains, cells)
    lines = [*strip, line(Span(clip(f" domains {left_edge}-{right_edge - 1}", width), "label"))]
    for phi in range(first, end):
        spans: list[Span] = []
        for domain in range(left_edge, right_edge):
            here = (phi, domain) == (state.phi, state.domain)
            after = (phi, domain - 1) == (state.phi, state.domain) and domain > left_edge
            spans.append(Span("[" if here else "]" if after else " ", "focus" if here or after else "text"))
            value = float(terms[phi, domain])
            off = reference is not None and differs(value, float(reference[phi, domain]))
            spans.append(Span(shade(value, largest), "digit" if off else "text"))
        if (state.phi, state.domain) == (phi, right_edge - 1):
            spans.append(Span("]", "focus"))
        lines.append(tuple(spans))
    return lines


def small_width(grid: Contributions) -> int:
    """Preferred width of the small map and its strips, in cells."""
    several = [size for axis, size in grid.sizes.items() if axis not in ("phi", "domain") and size > 1]
    return max(18, 4 + 2 * grid.n_domains, 7 + 2 * max(several, default=0))


def coloured_width(grid: Contributions) -> int:
    """Preferred width of the coloured maps of both sides and their difference, in cells."""
    maps = 1 if grid.c is None else 3
    return maps * (_needed(grid) + 1) - 1


def _needed(grid: Contributions) -> int:
    return max(24, min(_LABEL + 2 * grid.n_domains + 1, 26))


def strips(state: State, grid: Contributions, width: int) -> list[Line]:
    """Sums along source, sub-pixel and layer, one line for each axis with several places; the cursor in brackets."""
    lines: list[Line] = []
    here = grid.indices(state.place)
    layer, slow, fast, source = (int(index) for index in np.unravel_index(state.block, grid.shape[:4]))
    sums = grid.py.per_block.reshape(grid.shape[:4])
    along = {
        "source": sums[layer, slow, fast],
        "sub": sums[layer, :, :, source].ravel(),
        "layer": sums[:, slow, fast, source],
    }
    for axis, word in (("source", "src"), ("sub", "sub"), ("layer", "lay")):
        size = grid.sizes[axis]
        if size < 2:
            continue
        largest = float(along[axis].max())
        room = max(1, (width - 6) // 2)
        first, end = window(here[axis], size, room)
        spans: list[Span] = [Span(f" {word} ", "label")]
        for index in range(first, end):
            on, after = index == here[axis], index == here[axis] + 1
            mark = "[" if on else "]" if after and index > first else " "
            spans += [Span(mark, "focus"), Span(shade(float(along[axis][index]), largest) or " ")]
        if here[axis] == end - 1:
            spans.append(Span("]", "focus"))
        lines.append(tuple(spans))
    return lines


def coloured(state: State, grid: Contributions, width: int, height: int) -> list[Line]:
    """C's map, the live side's map and their difference side by side, as many as fit.

    If only a part around the cursor fits, the whole map is above it at reduced size.
    """
    here = strips(state, grid, width)
    room = height - len(here)
    if room >= _LEAST_ROOM and (grid.n_phi > room - 2 or grid.n_domains > (width - _LABEL) // 2):
        here = [*here, *_whole(state, grid, width, room // 2)]
        room = height - len(here)
    legend = [line(Span(clip(_LEGEND, width), "faint"))] if room >= grid.n_phi + 3 else []
    room -= len(legend)
    if grid.c is None:
        return [*here, *block(_one(state, grid, "live", width, room), width, room), *legend]
    kinds = ("C", "live", "live-C") if width >= coloured_width(grid) else ("live", "live-C")
    each = min((width - len(kinds) + 1) // len(kinds), max(_LABEL + _WIDEST * grid.n_domains, 24))
    pictures = [block(_one(state, grid, kind, each, room), each, room) for kind in kinds]
    joined = pictures[0]
    for number, picture in enumerate(pictures[1:], start=1):
        joined = [beside(a, number * each + number - 1, b) for a, b in zip(joined, picture, strict=True)]
    return [*here, *joined, *legend]


def _whole(state: State, grid: Contributions, width: int, height: int) -> list[Line]:
    """The whole map of the block, each cell the largest of several terms; bright if one of them differs from C's."""
    rows, columns = min(height - 1, grid.n_phi), min(width - _LABEL, grid.n_domains)
    phi, domains, cells, off = _reduced(grid, state.block, rows, columns)
    size = f"{-(-grid.n_phi // rows)} phi x {-(-grid.n_domains // columns)} domains"
    note = clip(f"  each cell the largest of {size}" + (", bright where C differs" if grid.c else ""), width - 18)
    lines = [line(Span(" live, all of it", "title"), Span(note, "faint"))]
    at = int(np.searchsorted(phi, state.phi, "right")) - 1, int(np.searchsorted(domains, state.domain, "right")) - 1
    largest = float(grid.py.largest[state.block])
    for row in range(rows):
        here = row == at[0]
        spans = [Span(">" if here else " ", "focus"), Span(right(str(phi[row]), 3) + " ", "title" if here else "faint")]
        for column in range(columns):
            text, tone = _heat(float(cells[row, column]), largest)
            tone = "cursor" if (row, column) == at else "digit" if off[row, column] else tone
            spans.append(Span(text[0], tone))
        lines.append(tuple(spans))
    return lines


@lru_cache(maxsize=1)
def _reduced(grid: Contributions, block: int, rows: int, columns: int) -> tuple[np.ndarray, ...]:
    """First phi step of each row and first domain of each column, the largest terms, and whether one differs."""
    phi = np.arange(rows) * grid.n_phi // rows
    domains = np.arange(columns) * grid.n_domains // columns
    mine = grid.py.terms[block]
    cells = np.maximum.reduceat(np.maximum.reduceat(mine, phi, axis=0), domains, axis=1)
    off = np.zeros(cells.shape, dtype=bool)
    if grid.c is not None:
        theirs = grid.c.terms[block]
        differing = np.abs(mine - theirs) > DIFFERS * np.abs(theirs)
        off = np.logical_or.reduceat(np.logical_or.reduceat(differing, phi, axis=0), domains, axis=1)
    return phi, domains, cells, off


def _one(state: State, grid: Contributions, kind: str, width: int, height: int) -> list[Line]:
    """One map; its cells grow with the room."""
    across = min(_WIDEST, max(2, (width - _LABEL) // grid.n_domains))
    down = min(_TALLEST, max(1, (height - 2) // grid.n_phi))
    first, end = window(state.phi, grid.n_phi, (height - 2) // down)
    left_edge, right_edge = window(state.domain, grid.n_domains, max(1, (width - _LABEL) // across))
    mine = grid.py.terms[state.block]
    theirs = grid.c.terms[state.block] if grid.c else mine
    cut = hidden(first, end, grid.n_phi)
    note = f"  {cut}" if cut else {"C": "", "live": "", "live-C": "  part of the gap"}[kind]
    heads = "".join(left("v" if d == state.domain else str(d % 10), across) for d in range(left_edge, right_edge))
    lines = [
        line(Span(f" {kind}", "title"), Span(clip(note, width - len(kind) - 1), "faint")),
        line(Span(" " * _LABEL, "label"), Span(heads, "label")),
    ]
    gap = abs(grid.py.total - grid.c.total) if grid.c else 0.0
    largest = float(max(mine.max(), theirs.max()))
    for phi in range(first, end):
        here = phi == state.phi
        spans: list[Span] = []
        for domain in range(left_edge, right_edge):
            if kind == "live-C":
                text, tone = _change(float(mine[phi, domain]), float(theirs[phi, domain]), gap)
            else:
                text, tone = _heat(float((theirs if kind == "C" else mine)[phi, domain]), largest)
            spans.append(Span(_stretched(text, across), "cursor" if here and domain == state.domain else tone))
        lead = (Span(">" if here else " ", "focus"), Span(right(str(phi), 3) + " ", "title" if here else "faint"))
        lines += [(*lead, *spans), *[(Span(" " * _LABEL), *spans)] * (down - 1)]
    return lines


def _stretched(text: str, across: int) -> str:
    """A cell of two signs widened to ``across`` signs; a single sign stays single."""
    return text[0] * across if text[0] == text[1] else left(text, across)


def numbers(state: State, grid: Contributions, width: int, height: int) -> list[Line]:
    """Each term as percent of the whole that both sides' shares refer to; ``#`` after a number: C's term differs."""
    here = strips(state, grid, width)
    columns = max(1, (width - _LABEL - _NUMBER - 1) // (_NUMBER + 1))
    first, end = window(state.phi, grid.n_phi, height - 2 - len(here))
    left_edge, right_edge = window(state.domain, grid.n_domains, columns)
    mine = grid.py.terms[state.block]
    theirs = grid.c.terms[state.block] if grid.c else None
    whole = grid.whole
    heads = "".join(right(str(domain), _NUMBER) + " " for domain in range(left_edge, right_edge))
    cut = hidden(first, end, grid.n_phi)
    lines = [
        *here,
        line(
            Span(f" live terms in percent {grid.whole_words}", "title"),
            Span("   # C's differs", "faint"),
            Span(f"   phi {cut}" if cut else "", "key"),
        ),
        line(Span(right("phi", _LABEL - 1) + " ", "label"), Span(heads, "label"), Span(right("all", _NUMBER), "label")),
    ]
    for phi in range(first, end):
        on = phi == state.phi
        spans = [Span(">" if on else " ", "focus"), Span(right(str(phi), 3) + " ", "title" if on else "faint")]
        for domain in range(left_edge, right_edge):
            value = float(mine[phi, domain])
            off = theirs is not None and differs(value, float(theirs[phi, domain]))
            tone = "cursor" if on and domain == state.domain else "digit" if off else "text"
            spans += [Span(right(_percent(value, whole), _NUMBER), tone), Span("#" if off else " ", "diverge")]
        spans.append(Span(right(_percent(float(grid.py.per_phi[phi]), whole), _NUMBER), "label"))
        lines.append(tuple(spans))
    return lines


def _percent(value: float, whole: float) -> str:
    if not whole or not value:
        return "0"
    part = 100 * value / whole
    return f"{part:.3f}" if abs(part) >= 0.0005 else f"{part:.0e}"


def shade(value: float, largest: float) -> str:
    """``#`` from a tenth of the largest term on, then ``+``, ``-``, ``.`` per decade; blank for zero."""
    decade = _decade(value, largest)
    return " " if decade is None else _GLYPHS[decade]


def _decade(value: float, largest: float) -> int | None:
    if not (value > 0 and largest > 0 and np.isfinite(value)):
        return None
    return min(3, max(0, math.floor(-math.log10(value / largest) + 1e-12)))


def _heat(value: float, largest: float) -> tuple[str, str]:
    """Sign and tone of a term in the large map, finer than the decades of the small one."""
    if not (value > 0 and largest > 0 and math.isfinite(value)):
        return "  ", "text"
    return next((2 * sign, tone) for part, sign, tone in _HEAT if value >= part * largest)


def _change(value: float, reference: float, gap: float) -> tuple[str, str]:
    """Two signs from a tenth of the gap on, one from a hundredth on, else a dot; blank if both agree."""
    if not differs(value, reference):
        return "  ", "text"
    sign, tone = ("+", "more") if value > reference else ("-", "less")
    part = abs(value - reference) / gap if gap > 0 else 1.0
    return left(2 * sign if part >= 0.1 else sign if part >= 0.01 else ".", 2), tone
