"""Values at the step under the cursor, C's if known, and the changes since the last step."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nbtui.console.drawing.line import Line, Span, clip, fit, left, line, right, wrap
from nbtui.console.drawing.numbers import percent
from nbtui.console.main.contributions import Contributions, Place, Side
from nbtui.console.main.panes.maps import DIFFERS, differs
from nbtui.console.main.state import State
from nbtui.live.model import F_CELL_ORIGINS
from nbtui.trace.text import clean

STEP_COLUMNS = 40  # width of "at this step"
INDEX_LABELS = ("h k l", "C h k l", "node", "offset", "factors")  # lines about the place; the others are about values
_LABEL = 9  # one cell for the mark of a change, then the name


def at_step(state: State, grid: Contributions) -> list[Line]:
    """Heading, then a line per quantity: label, value, note. Digits changed by the last step are marked."""
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
    """Label at the start of a line; empty without one."""
    if entry and entry[0].text == "*":
        entry = entry[1:]
    return entry[0].text.strip() if entry else ""


def _head(moved: str) -> Line:
    note = f"  * changed since {moved}" if moved else "  (Python, C where named)"
    return fit(line(Span(" at this step", "label"), Span(clip(note, STEP_COLUMNS - 13), "faint")), STEP_COLUMNS)


def _lines(grid: Contributions, place: Place, reason: str) -> list[Line]:
    py, total = grid.py.at(place), grid.py.total
    if math.isnan(py["h"]):
        lines = [line(Span(" no contribution: F_latt is 0, or", "faint")), line(Span(" cut by -dmin", "faint"))]
    else:
        lines = _indices(grid, place, py)
        if "F_latt_a" in py:
            lines.append(_three("factors", [f"{py[f'F_latt_{axis}']:.4g}" for axis in "abc"]))
        lines += [
            *_quantity(grid, place, "F_latt", ""),
            *_quantity(grid, place, "F_cell", _origin(py)),
            _entry("term", f"{py['F_cell2_F_latt2']:.6g}", _share(py["F_cell2_F_latt2"], total)),
        ]
    if grid.c is not None:
        lines += _reference(grid.py, grid.c, place)
    else:
        running = float(grid.py.running[place])
        lines.append(_entry("running", f"{running:.6g}", _share(running, total)))
        known = _phi_line(grid, place)
        note = _ONLY_PHI if known and reason == _NO_C_TERMS else reason
        lines += [*known, *(line(Span(" " + part, "faint")) for part in wrap(note, STEP_COLUMNS - 1))]
    return [fit(entry, STEP_COLUMNS) for entry in lines]


_ELSEWHERE = "C's log and terms are of another pixel"
_ONLY_PHI = "C: its phi line; terms.csv says more"
_NO_C_TERMS = "C's terms are not known: put the C run's terms.csv beside its log"


def _named(label: str) -> str:
    return " " + left(label, _LABEL - 1)


def _three(label: str, values: Sequence[str], tone: str = "text") -> Line:
    """Three values for a, b, c, one per line."""
    return line(Span(_named(label), "label"), *(Span(right(value, 10), tone) for value in values))


def _indices(grid: Contributions, place: Place, py: dict[str, float]) -> list[Line]:
    hkl = [py[name] for name in "hkl"]
    node = [py[name] for name in ("h0", "k0", "l0")]
    off = [abs(x - n) * cells for x, n, cells in zip(hkl, node, grid.n_cells, strict=True)]
    lines = [_three("h k l", [f"{x:.4f}" for x in hkl])]
    if grid.c is not None:
        c_hkl = [float(grid.c.columns[name][place]) for name in "hkl"]
        same = np.allclose(c_hkl, hkl, rtol=DIFFERS, atol=0)
        known = [("no term" if math.isnan(x) else f"{x:.4f}") for x in c_hkl]
        lines.append(_three("C h k l", known, "faint" if same else "digit"))
    lines.append(_three("node", [f"{n:.0f}" for n in node]))
    lines.append(_three("offset", [f"{d:.2f}/{name}" for d, name in zip(off, ("Na", "Nb", "Nc"), strict=True)]))
    return lines


def _quantity(grid: Contributions, place: Place, name: str, note: str) -> list[Line]:
    """Python's value with a note; a different C value beside it, or below if there is a note."""
    py = float(grid.py.columns[name][place])
    value = f"{py:.6g}"
    c = math.nan if grid.c is None else float(grid.c.columns[name][place])
    if math.isnan(c) or not differs(py, c):
        return [_entry(name, value, note)]
    if not note:
        return [_entry(name, value, f"C {c:.6g}", "digit")]
    return [_entry(name, value, note), _entry("C " + name.replace("_", ""), f"{c:.6g}", "", "digit")]


def _reference(py: Side, c: Side, place: Place) -> list[Line]:
    """C's term, and the fraction of the whole gap accumulated up to this step."""
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
        _entry("gap now", f"{gap:+.4g}", part, "faint" if none else "digit"),
    ]


def _phi_line(grid: Contributions, place: Place) -> list[Line]:
    """C's phi line of this step, if its terms are unknown, and Python's deviation from it."""
    block, phi, domain = place
    lines: list[Line] = []
    for label, name, py_name in (
        ("C k", "k_frac", "k"),
        ("C Fl_b", "F_latt_b", "F_latt_b"),
        ("C Flatt", "F_latt", "F_latt"),
    ):
        c_lines = grid.phi_lines(name, block, domain)
        if c_lines is None or math.isnan(c_lines[phi]) or py_name not in grid.py.columns:
            continue
        value, c = float(grid.py.columns[py_name][place]), float(c_lines[phi])
        same = not differs(value, c)
        off = "Py equal" if same else f"Py {percent((value - c) / c)}" if c else "Py new"
        lines.append(_entry(label, f"{c:.6g}", off, "faint" if same else "digit"))
    return lines


def _entry(label: str, value: str, note: str, tone: str = "faint") -> Line:
    return line(Span(_named(label), "label"), Span(left(value, 12)), Span(note, tone))


def _share(value: float, total: float) -> str:
    return f"{100 * value / total:.2f} % of I" if total else ""


def _origin(py: dict[str, float]) -> str:
    """Origin of F_cell; its unit if the origin is unknown."""
    code = py.get("F_cell_origin", math.nan)
    return "e" if math.isnan(code) else F_CELL_ORIGINS[int(code)]


def highlighted(now: Line, before: Line | None) -> Line:
    """``now`` with the changed end of every word marked, and ``*`` before the label of a changed line."""
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
            if cells[place][1] != "digit":  # the difference from C's value takes precedence
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
