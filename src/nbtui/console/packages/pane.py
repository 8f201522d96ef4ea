"""The panes of the packages screen: title, table, trend, the selected package, keys."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nbtui.console.drawing.foot import list_foot
from nbtui.console.drawing.line import (
    Line,
    Span,
    block,
    clip,
    ending,
    fit,
    labelled,
    left,
    line,
    right,
    rule,
    width_of,
    wrap,
)
from nbtui.console.drawing.open_text import draw as draw_text
from nbtui.console.main.actions import ACTIONS
from nbtui.console.packages.actions import PACKAGES_ACTIONS
from nbtui.console.packages.state import PackagesState
from nbtui.evidence.check.finding import CheckOutcome
from nbtui.evidence.history import Entry, changed, first_line
from nbtui.evidence.judgement import BETTER, SAME, WORSE
from nbtui.evidence.read.gap import Subject
from nbtui.evidence.read.package import percentage, switched
from nbtui.evidence.render import against, judgement
from nbtui.trace.text import clean

COLUMNS = (("vs before", 22), ("stamp", 16), ("case", 12), ("mode", 9), ("first divergence", 17), ("gap", 10))
NARROW = (("before", 7), ("stamp", 16), ("mode", 10), ("first divergence", 15), ("gap", 10))
NARROWEST = (("before", 7), ("stamp", 16), ("gap", 10), ("first divergence", 19))
WIDE, MIDDLE = 110, 76
OTHER, STAND_IN = "*", "~"  # after the mode: other settings than the package before; a simulated reference
MARKS = (
    f"{OTHER}          after the mode: other settings than the package before, which may be all that changed the gap",
    f"{STAND_IN}          after the mode: the reference is a simulation, not a C log",
)
TONES = {BETTER: "pass", WORSE: "diverge", SAME: "faint"}
SIGNS = {
    CheckOutcome.OK: ("", "pass"),
    CheckOutcome.INCOMPLETE: ("? ", "warning"),
    CheckOutcome.FAILED: ("! ", "diverge"),
}
TELLING = frozenset({Subject.CHECKSUMS, Subject.METRICS, Subject.PYTHON_TRACE, Subject.PER_PHI})  # worth a warning
LOWEST = 1e-17  # smallest resolved nonzero gap


def header(state: PackagesState, width: int, height: int) -> list[Line]:
    """Root, number of packages, live or frozen, age of the newest."""
    if not state.started:
        tail = Span("looking ... ", "warning")
    elif not state.root_there:
        how = "was removed" if state.root_was_there else "does not exist yet"
        tail = Span(f"{how}; waiting for it ", "warning")
    else:
        count = len(state.entries) + state.unread
        parts = [f"{count} package{'s' * (count != 1)}"]
        parts += [f"{state.unread} still to read"] if state.unread else []
        held = len(state.held) - len(state.entries) if state.held is not None else 0
        parts.append(f"FROZEN, {held} more wait" if state.frozen else "polling" if state.polling else "live")
        parts += [f"newest {age(state)} ago"] if age(state) else []
        tail = Span(", ".join(parts) + " ", "warning" if state.frozen else "faint")
    room = width - width_of((tail,)) - 2
    return block([(Span(" " + left(ending(clean(state.root), room), room), "title"), Span(" "), tail)], width, height)


def age(state: PackagesState) -> str:
    """Age of the newest package, in one unit."""
    when = state.entries[0].package.time if state.entries else None
    if when is None:
        return ""
    seconds = max(0.0, state.seconds - when.timestamp())
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{5 * int(seconds / 5)} s"


def table(state: PackagesState, width: int, height: int) -> list[Line]:
    """One line per package, newest first, or the open text."""
    if state.reading is not None:
        return draw_text(state.reading, width, height)
    columns = COLUMNS if width >= WIDE else NARROW if width >= MIDDLE else NARROWEST
    between = _between(columns)
    checked = () if columns is NARROWEST else (("checks", len("checks")),)
    head = "   " + between.join(left(name, size) for name, size in (*columns, *checked))
    lines: list[Line] = [fit((Span(clip(head, width), "label"),), width)]
    if not state.entries:
        word = f"no packages yet; every new one appears here. {_writes_one(state)}" if state.started else ""
        return block([*lines, *(line(Span(f"   {part}", "faint")) for part in wrap(word, width - 4))], width, height)
    cursor = state.cursor
    for row in range(state.top, min(len(state.entries), state.top + height - 1)):
        lines.append(_row(state, state.entries[row], columns, selected=row == cursor))
    return block(lines, width, height)


def _writes_one(state: PackagesState) -> str:
    """The way to the first package, from here."""
    if state.first:
        return f"nbtui export CASE --reports {clean(state.root)} writes one"
    return f"{PACKAGES_ACTIONS.key('close')}, then {ACTIONS.key('export')} writes one of the open comparison"


def _row(state: PackagesState, entry: Entry, columns: Sequence[tuple[str, int]], *, selected: bool) -> Line:
    package = entry.package
    first = package.principal or package.without_divergence
    tone = TONES.get(entry.overall, "faint")
    cells = {
        "vs before": (against(entry), tone),
        "before": (judgement(entry), tone),
        "stamp": (package.stamp, "cursor" if selected else "text"),
        "case": (package.case or "-", "text"),
        "mode": ((package.phi_mode or "-") + _marks(entry, narrow=columns is not COLUMNS), "text"),
        "first divergence": (first, "pass" if package.agrees else "text"),
        "gap": (percentage(package.gap), "digit" if package.gap else "text"),
    }
    spans: list[Span] = [Span(" > " if selected else "   ", "focus")]
    for name, size in columns:
        content, tone = cells[name]
        shown = right(clean(content), size) if name == "gap" else left(clean(content), size)
        spans += [Span(shown, tone), Span(_between(columns))]
    mark, tone = checks(state, entry) if columns is not NARROWEST else ("", "faint")
    return (*spans, Span(mark, tone))


def _marks(entry: Entry, *, narrow: bool) -> str:
    """Signs after the mode; a wide table has the words for other settings."""
    return OTHER * (narrow and bool(entry.conditions)) + STAND_IN * entry.package.simulated_reference


def _between(columns: Sequence[tuple[str, int]]) -> str:
    """Separator of the columns: narrow enough to keep the last one whole at 80 columns."""
    return "  " if columns is COLUMNS else " "


def checks(state: PackagesState, entry: Entry) -> tuple[str, str]:
    """The integrity checks of a package, and their tone. ``!``: a failure or a warning; ``?``: not all was judged."""
    package = entry.package
    if package.path in state.verifying:
        return "verifying ...", "faint"
    check = state.checks.get(package.path)
    if check is not None:
        sign, tone = SIGNS[check.result]
        return f"{sign}{clean(check.outcome)}", tone
    telling = [gap.sentence for gap in package.lacks if gap.subject in TELLING]
    if telling:
        return f"! {clean(', '.join(telling))}", "warning"
    return ("old, not verified" if package.format != "new" else "not verified"), "faint"


def trend(state: PackagesState, width: int, height: int) -> list[Line]:
    """|gap| over the packages like the selected one, oldest left, log scale."""
    entry = state.entry
    if entry is None:
        return block([rule((Span("trend", "title"),), width)], width, height)
    group = kind(entry)
    room, rows = max(1, (width - 10) // 2), max(1, height - 1)
    same = [one for one in reversed(state.entries) if kind(one) == group]
    at = next(index for index, one in enumerate(same) if one is entry)
    start = max(0, min(len(same) - room, at - room // 2))
    shown = same[start : start + room]
    case, spot, mode, field = group
    pixel = f" ({spot[0]}, {spot[1]})" if spot else ""
    name = clip(clean(f"|gap| in {field} of {case or '?'}{pixel}, {mode or 'mode not stated'}"), width * 2 // 3)
    tail = (Span(f"{len(same)} package{'s' * (len(same) != 1)}, oldest left, @ selected", "faint"),)
    grid = plot([one.package.gap for one in shown], rows)
    lines = [rule((Span(name, "title"),), width, tail)]
    for label, marks in grid:
        spans = [Span(right(label, 8) + " ", "label")]
        for column, mark in enumerate(marks):
            chosen = shown[column] is entry and mark != " "
            spans.append(Span(("@" if chosen else mark) + " ", "cursor" if chosen else "digit"))
        lines.append(tuple(spans))
    return block(lines, width, height)


def kind(entry: Entry) -> tuple[str, tuple[int, int] | None, str, str]:
    """Case, pixel, phi mode and field of the gap: packages that differ in one of them do not make a trend."""
    package = entry.package
    return package.case, package.pixel, package.phi_mode, package.gap_field


def plot(gaps: Sequence[float | None], rows: int) -> list[tuple[str, str]]:
    """Rows of (label, one mark per value) from large to small: ``*`` on a log scale, ``0`` for none, ``?`` unknown.

    The lowest row holds zero and unknown values, the top row infinity and NaN.
    """
    sizes = [abs(gap) for gap in gaps if gap is not None and math.isfinite(gap) and abs(gap) > LOWEST]
    high = math.log10(max(sizes)) if sizes else 0.0
    low = min(math.log10(min(sizes)) if sizes else -1.0, high - 1.0)
    steps = max(1, rows - 2)
    marks = [[" "] * len(gaps) for _ in range(rows)]
    for column, gap in enumerate(gaps):
        if gap is None:
            marks[-1][column] = "?"
        elif not math.isfinite(gap):
            marks[0][column] = "^"
        elif abs(gap) <= LOWEST:
            marks[-1][column] = "0"
        else:
            marks[min(round((high - math.log10(abs(gap))) / (high - low) * steps), max(rows - 2, 0))][column] = "*"
    labels = [f"{10 ** (high - (high - low) * row / steps):.0e}" for row in range(rows)]
    return [(labels[row] if row < rows - 1 or rows == 1 else "0", "".join(marks[row])) for row in range(rows)]


def detail(state: PackagesState, width: int, height: int) -> list[Line]:
    """The selected package: full first divergence, changes, missing parts."""
    entry = state.entry
    lines: list[Line] = [rule((Span("this package", "title"),), width)]
    if entry is not None:
        package = entry.package
        quirks = f"quirks {switched(package.quirks)}" if package.quirks else ""
        reference = f"reference: {package.reference}" if package.simulated_reference else ""
        run = [package.verdict, package.dtype, package.device, quirks, reference]
        said = (
            ("changed", changed(entry)),
            ("first", first_line(package)),
            ("run", ", ".join(text for text in run if text)),
            ("made by", ", ".join(f"{name} {value}" for name, value in package.made_by)),
            ("checks", _checked(state, entry)),
        )
        for name, words in said:
            if words:
                lines += labelled(name, clean(words), width, 9, most=height if name == "checks" else 2)
    return block(lines, width, height)


def _checked(state: PackagesState, entry: Entry) -> str:
    """The result of the verification in full; before it, the missing parts."""
    path = entry.package.path
    if path in state.checks or path in state.verifying:
        return checks(state, entry)[0]
    lacks = "; ".join(gap.sentence for gap in entry.package.lacks)
    return f"not verified, {PACKAGES_ACTIONS.key('verify')} verifies" + (f"; {lacks}" if lacks else "")


def footer(state: PackagesState, width: int, height: int) -> list[Line]:
    """The last notification, or the keys."""
    listed = PACKAGES_ACTIONS.foot({"close": "quit"} if state.first else {})
    reading = PACKAGES_ACTIONS.text_foot((PACKAGES_ACTIONS.key("replay"), "open"))
    return list_foot(state, listed, reading, width, height)
