"""Values at the step under the cursor, C's if known, and the changes since the last step."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nbtui.console.drawing.line import Line, Span, clip, fit, left, line, right, wrap
from nbtui.console.drawing.numbers import percent
from nbtui.console.main.contributions import DIFFERS, FACTORS, PHI_NAMES, Contributions, Place, Side, differs
from nbtui.console.main.state import State
from nbtui.live.model import F_CELL_ORIGINS
from nbtui.trace.text import clean

STEP_COLUMNS = 40  # width of "at this step"
# lines about the place; the others are about values
INDEX_LABELS = ("h k l", "C h k l", "node", "offset", "factors", "C factors")
_LABEL = 10  # one cell for the mark of a change, then the name
_C_LABELS, _LOG_LABELS = ("C k", "C Fl_b", "C Fl"), ("log k", "log Fl_b", "log Fl")  # of PHI_NAMES
_SAME = "="  # at the end of a name: C has the same values


def at_step(state: State, grid: Contributions) -> list[Line]:
    """Heading, then a line per quantity: label, value, note. Digits changed by the last step are marked."""
    reason = _ELSEWHERE if state.elsewhere and state.c_here is None else clean(grid.c_problem) or _NO_C_TERMS
    now = _lines(grid, state.place, reason)
    if not state.trail:
        return [_head("", grid), *now]
    old = state.trail[-1]
    before = {label_of(entry): entry for entry in _lines(grid, old, reason)}
    named = grid.indices(old)
    here = grid.indices(state.place)
    moved = "  ".join(f"{axis} {named[axis]}" for axis in named if named[axis] != here[axis])
    return [_head(moved, grid), *(highlighted(entry, before.get(label_of(entry))) for entry in now)]


def label_of(entry: Line) -> str:
    """Label at the start of a line, without its signs; empty without one."""
    if entry and entry[0].text == "*":
        entry = entry[1:]
    return entry[0].text.rstrip(f"{_SAME} ").strip() if entry else ""


def announced(head: Line, cut: int) -> Line:
    """The heading with the number of lines that do not fit below it."""
    if cut <= 0:
        return head
    words = f"+{cut} below"
    name, note, *_ = head
    short = name._replace(text=name.text.replace("at this ", ""))
    room = STEP_COLUMNS - len(short.text) - len(words) - 1
    return line(short, note._replace(text=left(note.text.rstrip(), room)), " ", Span(words, "key"))


def _head(moved: str, grid: Contributions) -> Line:
    known = f"  ({_SAME} as in C)" if grid.c is not None else "  (live, C where named)"
    note = f"  * changed since {moved}" if moved else known
    return fit(line(Span(" at this step", "label"), Span(clip(note, STEP_COLUMNS - 13), "faint")), STEP_COLUMNS)


def _lines(grid: Contributions, place: Place, reason: str) -> list[Line]:
    """The lines in the order of importance: in a low pane, the last ones do not fit."""
    py, c = grid.py.at(place), grid.c.at(place) if grid.c is not None else {}
    if math.isnan(py["h"]):
        lines = [line(Span(" no contribution: F_latt is 0, or", "faint")), line(Span(" cut by -dmin", "faint"))]
        node: list[Line] = []
    else:
        lines = [
            *_triple("h k l", "hkl", py, c, ".4f"),
            _offsets(py, grid.n_cells),
            *(_triple("factors", FACTORS, py, c, ".4g") if "F_latt_a" in py else ()),
            *_quantity(py, c, "F_latt", ""),
            *_quantity(py, c, "F_cell", _origin(py)),
        ]
        node = [_three("node", [f"{py[name]:.0f}" for name in ("h0", "k0", "l0")])]
    if grid.c is not None:
        lines += [*_reference(grid, grid.c, place), *_phi_line(grid, place, log=True), *node]
    else:
        running = float(grid.py.running[place])
        if not math.isnan(py["h"]):
            lines.append(_entry("term", f"{grid.py.terms[place]:.6g}", _share(py["F_cell2_F_latt2"], grid)))
        known = _phi_line(grid, place)
        note = _ONLY_PHI if known and reason == _NO_C_TERMS else reason
        lines += [
            _entry("so far", f"{running:.6g}", _share(running, grid)),
            *known,
            *_phi_line(grid, place, log=True),
            *node,
        ]
        lines += [line(Span(" " + part, "faint")) for part in wrap(note, STEP_COLUMNS - 1)]
    return [fit(entry, STEP_COLUMNS) for entry in lines]


_ELSEWHERE = "C's log and terms are of another pixel"
_ONLY_PHI = "C: its phi line; terms.csv says more"
_NO_C_TERMS = "C's terms are not known: put the C run's terms.csv beside its log"


def _named(label: str, same: bool = False) -> str:
    return " " + left(left(label, _LABEL - 3) + _SAME if same else label, _LABEL - 1)


def _three(label: str, values: Sequence[str], tone: str = "text", *, same: bool = False) -> Line:
    """Three values for a, b, c, one per line."""
    cells = zip(values, (10, 10, 9), strict=True)
    return line(Span(_named(label, same), "label"), *(Span(right(value, width), tone) for value, width in cells))


def _triple(
    label: str, names: Sequence[str] | dict[str, str], py: dict[str, float], c: dict[str, float], form: str
) -> list[Line]:
    """Three values of the live side, and C's below if known and different."""
    values = [py[name] for name in names]
    theirs = [c[name] for name in names if name in c]
    if not theirs or (label == "factors" and any(map(math.isnan, theirs))):
        return [_three(label, [format(x, form) for x in values])]
    if not any(math.isnan(one) or differs(x, one) for x, one in zip(values, theirs, strict=True)):
        return [_three(label, [format(x, form) for x in values], same=True)]
    known = ["no term" if math.isnan(one) else format(one, form) for one in theirs]
    return [_three(label, [format(x, form) for x in values]), _three(f"C {label}", known, "digit")]


def _offsets(py: dict[str, float], n_cells: tuple[int, int, int]) -> Line:
    """Distances from the node, in units of 1/N."""
    pairs = zip(("h", "k", "l"), ("h0", "k0", "l0"), n_cells, ("Na", "Nb", "Nc"), strict=True)
    return _three("offset", [f"{abs(py[x] - py[n]) * cells:.2f}/{name}" for x, n, cells, name in pairs])


def _quantity(py: dict[str, float], c: dict[str, float], name: str, note: str) -> list[Line]:
    """The live value with a note; a different C value beside it, or below if there is a note."""
    value, theirs = f"{py[name]:.6g}", c.get(name, math.nan)
    same = not (math.isnan(theirs) or differs(py[name], theirs))
    if same or math.isnan(theirs):
        return [_entry(name, value, note, same=same)]
    if not note:
        return [_entry(name, value, f"C {theirs:.6g}", "digit")]
    return [_entry(name, value, note), _entry(f"C {name}", f"{theirs:.6g}", "", "digit")]


def _reference(grid: Contributions, c: Side, place: Place) -> list[Line]:
    """Both terms and running sums, and the part of the whole gap accumulated up to this step."""
    py = grid.py
    term, c_term = float(py.terms[place]), float(c.terms[place])
    running, c_running = float(py.running[place]), float(c.running[place])
    gap, whole = running - c_running, py.total - c.total
    same, as_far = not differs(term, c_term), not differs(running, c_running)
    none = abs(whole) <= DIFFERS * abs(c.total)
    part = "no gap" if none else f"{100 * gap / whole:.1f} % of gap"
    lines = [_entry("term", f"{term:.6g}", _share(term, grid), same=same)]
    if not same:
        off = f"live {percent((term - c_term) / c_term)}" if c_term else "live only"
        lines.append(_entry("C term", f"{c_term:.6g}", off, "digit"))
    lines.append(_entry("so far", f"{running:.6g}", _share(running, grid), same=as_far))
    if not as_far:
        lines.append(_entry("C so far", f"{c_running:.6g}", _share(c_running, grid)))
    return [*lines, _entry("gap now", f"{gap:+.4g}", part, "faint" if none else "digit")]


def _phi_line(grid: Contributions, place: Place, *, log: bool = False) -> list[Line]:
    """The phi line of C (without terms), or of your log, and the deviation of the live side from it."""
    block, phi, domain = place
    lines: list[Line] = []
    for label, (name, key) in zip(_LOG_LABELS if log else _C_LABELS, PHI_NAMES.items(), strict=True):
        known = grid.phi_lines(key, block, domain, log=log)
        if known is None or math.isnan(known[phi]) or name not in grid.py.columns:
            continue
        printed, live = float(known[phi]), float(grid.py.columns[name][place])
        same = not differs(live, printed)
        off = "as live" if same else f"live {percent((live - printed) / printed)}" if printed else "live only"
        lines.append(_entry(label, f"{printed:.6g}", off, "faint" if same else "digit"))
    return lines


def _entry(label: str, value: str, note: str, tone: str = "faint", *, same: bool = False) -> Line:
    return line(Span(_named(label, same), "label"), Span(left(value, 12)), Span(note, tone))


def _share(value: float, grid: Contributions) -> str:
    return f"{100 * value / grid.whole:.2f} % {grid.whole_words}" if grid.whole else ""


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
