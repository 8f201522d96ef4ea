"""What is computed at the step under the cursor, C's where it is known, and what the last step changed."""

from __future__ import annotations

import math

import numpy as np

from nbtui.console.contributions import Contributions, Place, Side
from nbtui.console.panes.line import Line, Span, clip, fit, left, line, right, wrap
from nbtui.console.panes.maps import DIFFERS, differs
from nbtui.console.panes.numbers import percent
from nbtui.console.state import State
from nbtui.live.model import F_CELL_ORIGINS
from nbtui.trace.text import clean

STEP_COLUMNS = 40  # width of "at this step"
INDEX_LABELS = ("h k l", "C h k l", "node", "offset")  # lines about where, the others are about how much
_LABEL = 9  # one cell for the mark of a change, then the name


def at_step(state: State, grid: Contributions) -> list[Line]:
    """Heading first, then a line per quantity: label, value, note. Digits that the last step changed are marked."""
    reason = _ELSEWHERE if state.elsewhere else clean(grid.c_problem) or _NO_C_TERMS
    now = _lines(grid, state.place, reason)
    if not state.trail:
        return [_head(""), *now]
    old = state.trail[-1]
    before = {label_of(entry): entry for entry in _lines(grid, old, reason)}
    named = grid.indices(old)
    here = grid.indices(state.place)
    moved = "  ".join(f"{axis} {named[axis]}" for axis in named if named[axis] != here[axis])
    return [_head(moved), *(highlighted(entry, before.get(label_of(entry))) for entry in now)]


def label_of(entry: Line) -> str:
    """The label that a line begins with, empty when it has none."""
    if entry and entry[0].text == "*":
        entry = entry[1:]
    return entry[0].text.strip() if entry else ""


def _head(moved: str) -> Line:
    note = f"  * changed since {moved}" if moved else "  (Python, C where named)"
    return fit(line(Span(" at this step", "label"), Span(clip(note, STEP_COLUMNS - 13), "faint")), STEP_COLUMNS)


def _lines(grid: Contributions, place: Place, reason: str) -> list[Line]:
    py, total = grid.py.at(place), grid.py.total
    running = float(grid.py.running[place])
    if math.isnan(py["h"]):
        lines = [line(Span(" no contribution: F_latt is 0, or", "faint")), line(Span(" cut by -dmin", "faint"))]
        return [*lines, _entry("running", f"{running:.6g}", _share(running, total))]
    lines = _indices(grid, place, py)
    lines += [
        _entry("F_latt", f"{py['F_latt']:.6g}", _factors(py)),
        *_other(grid, place, "F_latt"),
        _entry("F_cell", f"{py['F_cell']:.6g}", _origin(py)),
        *_other(grid, place, "F_cell"),
        _entry("term", f"{py['F_cell2_F_latt2']:.6g}", _share(py["F_cell2_F_latt2"], total)),
    ]
    if grid.c is not None:
        lines += _reference(grid.py, grid.c, place)
    else:
        lines.append(_entry("running", f"{running:.6g}", _share(running, total)))
        lines += [line(Span(" " + part, "faint")) for part in wrap(reason, STEP_COLUMNS - 1)]
    return [fit(entry, STEP_COLUMNS) for entry in lines]


_ELSEWHERE = "C's log and terms are of another pixel"
_NO_C_TERMS = "C's terms are not known: put the C run's terms.csv beside its log"


def _named(label: str) -> str:
    return " " + left(label, _LABEL - 1)


def _indices(grid: Contributions, place: Place, py: dict[str, float]) -> list[Line]:
    hkl = [py[name] for name in "hkl"]
    node = [py[name] for name in ("h0", "k0", "l0")]
    off = [abs(x - n) * cells for x, n, cells in zip(hkl, node, grid.n_cells, strict=True)]
    lines = [line(Span(_named("h k l"), "label"), "".join(right(f"{x:.4f}", 10) for x in hkl))]
    if grid.c is not None:
        theirs = [float(grid.c.columns[name][place]) for name in "hkl"]
        same = np.allclose(theirs, hkl, rtol=DIFFERS, atol=0)
        tone = "faint" if same else "digit"
        lines.append(line(Span(_named("C h k l"), "label"), *(Span(right(f"{x:.4f}", 10), tone) for x in theirs)))
    lines.append(line(Span(_named("node"), "label"), "".join(right(f"{n:.0f}", 10) for n in node)))
    names = ("Na", "Nb", "Nc")
    distances = "".join(right(f"{d:.2f}/{name}", 10) for d, name in zip(off, names, strict=True))
    lines.append(line(Span(_named("offset"), "label"), distances))
    return lines


def _other(grid: Contributions, place: Place, name: str) -> list[Line]:
    """C's value of a quantity, where it is another one."""
    if grid.c is None:
        return []
    theirs, mine = float(grid.c.columns[name][place]), float(grid.py.columns[name][place])
    if math.isnan(theirs) or not differs(mine, theirs):
        return []
    off = percent((mine - theirs) / theirs) if theirs else "new"
    return [_entry("C " + name.replace("_", ""), f"{theirs:.6g}", f"Py {off}", "digit")]


def _reference(py: Side, c: Side, place: Place) -> list[Line]:
    """C's term, and how much of the whole gap has opened up to this step."""
    term, c_term = float(py.terms[place]), float(c.terms[place])
    running = float(py.running[place])
    gap, whole = running - float(c.running[place]), py.total - c.total
    same = not differs(term, c_term)
    off = "Py equal" if same else f"Py {percent((term - c_term) / c_term)}" if c_term else "Py new"
    none = abs(whole) <= DIFFERS * abs(c.total)
    part = "no gap" if none else f"{100 * gap / whole:.1f} % of gap"
    return [
        _entry("C term", f"{c_term:.6g}", off, "faint" if same else "digit"),
        _entry("running", f"{running:.6g}", _share(running, py.total)),
        _entry("gap yet", f"{gap:+.4g}", part, "faint" if none else "digit"),
    ]


def _entry(label: str, value: str, note: str, tone: str = "faint") -> Line:
    return line(Span(_named(label), "label"), Span(left(value, 12)), Span(note, tone))


def _share(value: float, total: float) -> str:
    return f"{100 * value / total:.2f} % of I" if total else ""


def _factors(py: dict[str, float]) -> str:
    """The three factors of F_latt; empty for a shape whose F_latt is no product."""
    if "F_latt_a" not in py:
        return ""
    return " x ".join(f"{py[f'F_latt_{axis}']:.3g}" for axis in "abc")


def _origin(py: dict[str, float]) -> str:
    """Where F_cell came from."""
    code = py.get("F_cell_origin", math.nan)
    return "e" if math.isnan(code) else f"e, {F_CELL_ORIGINS[int(code)]}"


def highlighted(now: Line, before: Line | None) -> Line:
    """``now`` with the end of every word that is not the same in ``before`` marked, and a ``*`` before the label."""
    if before is None or len(now) < 2:
        return now
    old = "".join(span.text for span in before[1:]).split()
    cells = [(char, span.tone) for span in now[1:] for char in span.text]
    text = "".join(char for char, _ in cells)
    at, any_changed = 0, False
    for number, word in enumerate(text.split()):
        at = text.index(word, at)
        same = _common(word, old[number] if number < len(old) else "")
        for place in range(at + same, at + len(word)):
            any_changed = True
            if cells[place][1] != "digit":  # that C's value is another one matters more
                cells[place] = cells[place][0], "moved"
        at += len(word)
    if not any_changed:
        return now
    return (Span("*", "warning"), now[0]._replace(text=now[0].text[1:]), *_joined(cells))


def _common(word: str, other: str) -> int:
    if word == other:
        return len(word)
    return next((i for i, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), min(len(word), len(other)))


def _joined(cells: list[tuple[str, str]]) -> Line:
    spans: list[Span] = []
    for char, tone in cells:
        if spans and spans[-1].tone == tone:
            spans[-1] = Span(spans[-1].text + char, tone)
        else:
            spans.append(Span(char, tone))
    return tuple(spans)
