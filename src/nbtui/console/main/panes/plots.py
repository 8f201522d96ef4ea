"""Plots of the contributions: F_latt^2 over phi, the rocking curve, and the lobe with the position of each step."""

from __future__ import annotations

import math

import numpy as np

from nbtui.console.drawing.canvas import Canvas, Curve, Scale, chart
from nbtui.console.drawing.line import Line, Span, beside, block, clip, line, wrap
from nbtui.console.main.contributions import DIFFERS, Contributions, Side
from nbtui.console.main.pair import log_side
from nbtui.console.main.state import State
from nbtui.trace.side import C

_DECADES = 4  # smallest (F_latt_a / Na)^2 in the lobe plot if steps lie on side lobes
_MARKED = 250  # largest number of steps marked on a lobe; of more, every second, third ...
_ON_MAIN = 0.02  # if all steps lie higher than this, a linear scale is clearer
_AXES = (("a", "h", "h0"), ("b", "k", "k0"), ("c", "l", "l0"))


def f_latt_over_phi(state: State, grid: Contributions, width: int, height: int) -> list[Line]:
    """F_latt^2 of every phi step in the block and domain of the cursor: C, your log and live.

    Of your log the phi lines are used, and of C without its terms; they exist for source 0 and domain 0.
    """

    def squares(side: Side) -> np.ndarray:
        return np.asarray(np.nan_to_num(side.columns["F_latt"][state.block, :, state.domain]) ** 2)

    lines = grid.phi_lines("F_latt", state.block, state.domain)
    c = squares(grid.c) if grid.c is not None else None if lines is None else lines**2
    log_lines = grid.phi_lines("F_latt", state.block, state.domain, log=True)
    log = None if log_lines is None else log_lines**2
    words = f"F_latt² over phi (degrees), domain {state.domain}"
    return _over_phi(state, grid, squares(grid.py), (c, log), words, width, height)


def rocking_curve(state: State, grid: Contributions, width: int, height: int) -> list[Line]:
    """Sum over all other axes of the terms of every phi step."""
    words = "rocking curve: I of each phi step (degrees), all domains"
    c = grid.c.per_phi if grid.c is not None else None
    return _over_phi(state, grid, grid.py.per_phi, (c, None), words, width, height)


def _over_phi(
    state: State,
    grid: Contributions,
    py: np.ndarray,
    others: tuple[np.ndarray | None, np.ndarray | None],
    words: str,
    width: int,
    height: int,
) -> list[Line]:
    """``others``: the curves of C and of your log, where known."""
    x = np.asarray(grid.phi_deg, dtype=float)
    curves = [Curve("live", "bar-py", "x", py)]
    for values, name, tone, mark in zip(
        others, (C.name, log_side(state.suspect).name), ("bar-c", "minor"), "o+", strict=True
    ):
        if values is not None:
            curves.insert(len(curves) - 1, Curve(name, tone, mark, values))
    return chart(x, curves, state.phi, width, height, words, DIFFERS)


def lobes(state: State, grid: Contributions, width: int, height: int) -> list[Line]:
    """For a, b and c: the squared interference function of N cells, and the steps of this block and domain on it."""
    if "F_latt_a" not in grid.py.columns:
        words = "This crystal is not SQUARE: its F_latt is not a product of three interference functions, so no lobes."
        return [line(Span(" " + part, "faint")) for part in wrap(words, width - 2)]
    each = (width - 2) // 3
    columns = [_lobe(state, grid, number, each, height) for number in range(3)]
    joined = []
    for first, second, third in zip(*(block(column, each, height) for column in columns), strict=True):
        joined.append(beside(beside(first, each, second), 2 * each + 1, third))
    return joined


def _lobe(state: State, grid: Contributions, number: int, width: int, height: int) -> list[Line]:
    axis, index, node = _AXES[number]
    n = grid.n_cells[number]
    py = grid.py.columns
    at = (state.block, slice(None), state.domain)
    offsets = (py[index] - py[node])[at] * n
    c_offsets = None if grid.c is None else (grid.c.columns[index] - grid.c.columns[node])[at] * n
    reach = _reach(offsets, c_offsets, n)
    canvas = Canvas(width - 2, height - 2)
    sides = [(offsets, "x", "bar-py")] if c_offsets is None else [(c_offsets, "o", "bar-c"), (offsets, "x", "bar-py")]
    heights = [interference(side, n) for side, _, _ in sides]
    lowest = min((float(values[np.isfinite(values)].min(initial=1.0)) for values in heights), default=1.0)
    scale = Scale(0.0 if lowest > _ON_MAIN else 10.0**-_DECADES, 1.0, 4 * canvas.height, log=lowest <= _ON_MAIN)
    dots = 2 * canvas.width
    curve = interference(np.linspace(-reach, reach, dots), n)
    canvas.path([(x, scale.at(float(y))) for x, y in enumerate(curve)], "faint")
    every = -(-grid.n_phi // _MARKED)
    for phi in (*range(0, grid.n_phi, every), state.phi):  # the cursor's step on top
        here = phi == state.phi
        same = c_offsets is not None and abs(c_offsets[phi] - offsets[phi]) <= DIFFERS * abs(c_offsets[phi])
        for (side, mark, tone), values in zip(sides, heights, strict=True):
            if math.isfinite(side[phi]):
                x = round((side[phi] + reach) / (2 * reach) * (dots - 1))
                text = "*" if same else mark.upper() if here else mark
                tone = "cursor" if here else "pass" if same else tone
                canvas.mark(x, scale.at(float(values[phi])), "@" if here and same else text, tone)
    now = offsets[state.phi]
    part = py[f"F_latt_{axis}"][state.block, state.phi, state.domain]
    words = "no term here" if math.isnan(now) else f"{index} {now:+.2f}/{n} F {part:.3g}"
    ends = f"{-reach:.3g}", f"+{reach:.3g}"
    middle = f"{index}-{node}, 1/N{axis}{', log' if scale.log else ''}"
    middle += f", 1 of {every} steps" if every > 1 else ""
    gap = max(1, (canvas.width - len(ends[0]) - len(middle) - len(ends[1])) // 2)
    rows = canvas.lines(dots // 2)
    return [
        line(Span(f" {axis} ", "title"), Span(clip(words, width - 3))),
        *((Span("│", "rule"), *row) for row in rows),
        line(Span("└", "rule"), Span(clip((" " * gap).join((ends[0], middle, ends[1])), canvas.width), "faint")),
    ]


def _reach(offsets: np.ndarray, c_offsets: np.ndarray | None, n: int) -> float:
    """Half width of the plot in units of 1/N: all steps, at least the main lobe, at most to the next node."""
    both = offsets if c_offsets is None else np.concatenate([offsets, c_offsets])
    finite = np.abs(both[np.isfinite(both)])
    farthest = 1.15 * float(finite.max()) if finite.size else 0.0
    return max(1.5, min(farthest, n / 2))


def interference(offsets: np.ndarray, n: int) -> np.ndarray:
    """(sin(pi x) / (n sin(pi x / n)))^2 at ``offsets`` x from the node in units of 1/n; 1 at the node.

    Source: nanobragg_pixel_loop.md section 7.2, divided by its largest value.
    """
    if n <= 1:
        return np.ones_like(offsets)
    below = n * np.sin(math.pi * offsets / n)
    safe = np.where(below == 0.0, 1.0, below)
    return np.asarray(np.where(below == 0.0, 1.0, np.sin(math.pi * offsets) / safe) ** 2)
