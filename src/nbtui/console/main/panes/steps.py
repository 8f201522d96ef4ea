"""The contributions: a plot of them (shares, map, numbers, curves), and the step under the cursor."""

from __future__ import annotations

from collections.abc import Callable

from nbtui.console.drawing.line import Line, Span, beside, block, left, line, right, rule, wrap
from nbtui.console.main.contributions import Contributions, Side, differs
from nbtui.console.main.panes import maps, plots
from nbtui.console.main.panes.at_step import INDEX_LABELS, STEP_COLUMNS, announced, at_step, label_of
from nbtui.console.main.state import State
from nbtui.console.main.stepping import stepping_off
from nbtui.trace.side import LIVE, SIMULATED_C, C
from nbtui.trace.text import clean

_BAR, _LONGEST = 11, 24  # width of a bar, in cells
_TABLE = 38  # width of the phi table without its bars, in cells
_EIGHTHS = " ▏▎▍▌▋▊▉"
_NAMED = 70  # width from which the plot is named
_LOWEST = 6  # smallest useful height of a plot

Picture = Callable[[State, Contributions, int, int], list[Line]]


def draw(state: State, width: int, height: int) -> list[Line]:
    """Side by side in a wide pane; below 100 columns, the step is under the plot, or beside a plot without bars."""
    grid = state.contributions
    focused = state.pane == "steps"
    if grid is None:
        title = rule((Span("contributions", "title"),), width, focused=focused)
        return block(
            [title, *(line("   " + part) for part in wrap(clean(stepping_off(state)), width - 4))], width, height
        )
    playing = (Span(" playing", "warning"),) if state.playing else ()
    cut = _cut(state, grid, width, height)
    sides = Span(f"  {_reference(state)} | {LIVE.name}" if grid.knows_c else f"  {LIVE.name}", "label")
    title = rule(
        (Span("contributions", "title"), sides, *playing, *cut), width, _where(state, grid, width), focused=focused
    )
    picture = _PICTURES[state.view]
    if not _is_beside(state, width):
        return _narrow(state, grid, picture, title, width, height)
    room = height - 1
    picture_width = width - STEP_COLUMNS - 1
    head, *step = at_step(state, grid)
    rows = [
        beside(one, picture_width, two)
        for one, two in zip(
            block(picture(state, grid, picture_width, room), picture_width, room),
            block([announced(head, len(step) + 1 - room), *step], STEP_COLUMNS, room),
            strict=True,
        )
    ]
    return block([title, *rows], width, height)


def _reference(state: State) -> str:
    """The side beside the live one, which the values below call C."""
    return SIMULATED_C.name if state.reference is not None and state.reference.simulated else C.name


def _is_beside(state: State, width: int) -> bool:
    """Whether the step is beside the plot; in a very narrow pane only beside the shares, whose bars are left out."""
    return width >= 100 or (width < 2 * STEP_COLUMNS and state.view == "shares")


def _narrow(state: State, grid: Contributions, picture: Picture, title: Line, width: int, height: int) -> list[Line]:
    """The plot above; below, the indices on the left and the term on the right."""
    head, *step = at_step(state, grid)
    if width < 2 * STEP_COLUMNS:
        lower = min(len(step), max(0, height - 2) // 2)
        upper = block(picture(state, grid, width, height - 2 - lower), width, height - 2 - lower)
        return block([title, *upper, announced(head, len(step) - lower), *step], width, height)
    indices = [entry for entry in step if label_of(entry) in INDEX_LABELS]
    others = [entry for entry in step if entry not in indices]
    lower = _lower(step, height)
    room = height - 2 - lower
    left_width = width - STEP_COLUMNS - 1
    below = [
        beside(one, left_width, two)
        for one, two in zip(block(indices, left_width, lower), block(others, STEP_COLUMNS, lower), strict=True)
    ]
    upper = block(picture(state, grid, width, room), width, room)
    return block([title, *upper, announced(head, len(others) - lower), *below], width, height)


def _cut(state: State, grid: Contributions, width: int, height: int) -> Line:
    """Number of phi steps above and below those in the shares."""
    if state.view != "shares":
        return ()
    hidden = maps.hidden(*_phi_window(state, grid, width, height), grid.n_phi)
    return line(Span(f"  phi {hidden}", "key")) if hidden else ()


def _lower(step: list[Line], height: int) -> int:
    """Number of lines of the step below the plot."""
    indices = sum(label_of(entry) in INDEX_LABELS for entry in step)
    return max(indices, min(len(step) - indices, height - 2 - _LOWEST))


def _where(state: State, grid: Contributions, width: int) -> Line:
    block_name = grid.block_name(state.block)
    return line(
        Span("phi ", "label"),
        Span(f"{state.phi}/{grid.n_phi - 1}", "title"),
        Span("  domain ", "label"),
        Span(f"{state.domain}/{grid.n_domains - 1}", "title"),
        Span("  " + block_name if block_name else "", "title"),
        Span("  ! marked" if state.place in state.marks else "", "warning"),
        Span("  [v] ", "key"),
        Span(state.view if width >= _NAMED else "", "label"),
    )


def _shares(state: State, grid: Contributions, width: int, height: int) -> list[Line]:
    """Shares of the phi steps, and the map beside them: in colour if it fits."""
    if width < _TABLE + 2 * _BAR:
        return _without_bars(state, grid, height)
    roomy = _roomy(grid, width)
    wanted = maps.coloured_width(grid) if roomy else maps.small_width(grid)
    bar = max(_BAR, min(_LONGEST, (width - _TABLE - 1 - wanted) // 2))
    table_width = _TABLE + 2 * bar
    map_width = width - table_width - 1
    draw_map = maps.coloured if roomy else maps.small
    return [
        beside(one, table_width, two)
        for one, two in zip(
            block(_phi_table(state, grid, bar, height, titled=roomy), table_width, height),
            block(draw_map(state, grid, map_width, height), map_width, height),
            strict=True,
        )
    ]


def _roomy(grid: Contributions, width: int) -> bool:
    """Whether the coloured maps fit beside the shares in a plot of ``width``."""
    return width - _TABLE - 1 - 2 * _BAR >= maps.coloured_width(grid)


def phi_at(state: State, width: int, height: int, y: int) -> int | None:
    """Phi step whose shares are at line ``y`` of the pane; None elsewhere and in the other plots."""
    grid = state.contributions
    if grid is None or state.view != "shares":
        return None
    first, end = _phi_window(state, grid, width, height)
    phi = first + y - 1 - _heads(grid, width)
    return phi if first <= phi < end else None


def _heads(grid: Contributions, width: int) -> int:
    """Lines above the phi steps of the shares."""
    if width < 2 * STEP_COLUMNS:
        return 2
    return 1 + _roomy(grid, width - STEP_COLUMNS - 1 if width >= 100 else width)


def _phi_window(state: State, grid: Contributions, width: int, height: int) -> tuple[int, int]:
    """First and end of the phi steps in the shares."""
    beside_it = _is_beside(state, width)
    room = height - 1 if beside_it else height - 2 - _lower(at_step(state, grid)[1:], height)
    return maps.window(state.phi, grid.n_phi, room - _heads(grid, width))


def _phi_table(state: State, grid: Contributions, bar: int, room: int, *, titled: bool) -> list[Line]:
    """One line per phi step: both shares of one whole, as bars on one scale, and the deviation of the live side from C.

    ``titled``: with a line above the heads, to align with the coloured maps.
    """
    py, c = grid.py, grid.c
    largest = max(float(side.per_phi.max()) for side in (py, c) if side is not None)
    names = [left(f"{name} {grid.whole_words}", bar + 8) for name in ("C, %", "live, %")]
    heads = " phi     deg " + "".join(names) + "live-C"
    title = [line(Span(" shares of I", "title"), Span("  of each phi step, all domains", "faint"))] if titled else []
    lines = [*title, line(Span(heads, "label"))]
    first, end = maps.window(state.phi, grid.n_phi, room - len(lines))
    kept = {mark[1] for mark in state.marks if not isinstance(mark, str) and mark[0] == state.block}
    for phi in range(first, end):
        here = phi == state.phi
        spans = [
            Span(">", "focus") if here else Span("!" if phi in kept else " ", "warning"),
            Span(right(str(phi), 3), "title" if here else "text"),
            Span(right(f"{grid.phi_deg[phi]:.4g}" if phi < len(grid.phi_deg) else "-", 8) + " ", "faint"),
        ]
        spans += (
            _bar(c, phi, grid.whole, largest, bar, "bar-c")
            if c is not None
            else [Span(left("not known", bar + 8), "faint")]
        )
        spans += _bar(py, phi, grid.whole, largest, bar, "bar-py")
        if c is not None:
            spans += _off(float(py.per_phi[phi]), float(c.per_phi[phi]))
        lines.append(tuple(spans))
    return lines


def _without_bars(state: State, grid: Contributions, room: int) -> list[Line]:
    """The shares of the phi steps as numbers, with ``#`` where they differ."""
    py, c = grid.py, grid.c
    lines = [line(Span(f" % {grid.whole_words}", "label")), line(Span(" phi      C   live", "label"))]
    first, end = maps.window(state.phi, grid.n_phi, room - len(lines))
    for phi in range(first, end):
        theirs = _percent(c, phi, grid.whole) if c is not None else "-"
        off = c is not None and differs(float(py.per_phi[phi]), float(c.per_phi[phi]))
        lines.append(
            line(
                Span(">" if phi == state.phi else " ", "focus"),
                Span(right(str(phi), 3), "title" if phi == state.phi else "text"),
                Span(right(theirs, 7), "bar-c"),
                Span(right(_percent(py, phi, grid.whole), 7), "bar-py"),
                Span("#" if off else " ", "diverge"),
            )
        )
    return lines


def _percent(side: Side, phi: int, whole: float) -> str:
    return f"{100 * float(side.per_phi[phi]) / whole:.1f}%" if whole else "-"


def _bar(side: Side, phi: int, whole: float, largest: float, room: int, tone: str) -> list[Span]:
    sum_here = float(side.per_phi[phi])
    eighths = round(8 * room * sum_here / largest) if largest > 0 else 0
    full, rest = divmod(max(eighths, 0), 8)
    bar = "█" * full + (_EIGHTHS[rest] if rest else "")
    return [Span(left(bar, room), tone), Span(right(_percent(side, phi, whole), 7) + " ")]


def _off(py: float, c: float) -> list[Span]:
    if not differs(py, c):
        return [Span("=", "pass")]
    return [Span("# ", "diverge"), Span(f"{100 * (py - c) / c:+.3g}%" if c else "new", "digit")]


_PICTURES: dict[str, Picture] = {
    "shares": _shares,
    "map": maps.coloured,
    "numbers": maps.numbers,
    "F_latt": plots.f_latt_over_phi,
    "rocking": plots.rocking_curve,
    "lobes": plots.lobes,
}
