"""The panes of the sweeps screen: title, sweeps, findings, the selected finding, matrix, keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nbtui.console.drawing.foot import list_foot
from nbtui.console.drawing.line import Line, Span, block, clip, fit, labelled, left, line, right, rule, width_of, wrap
from nbtui.console.drawing.numbers import percent
from nbtui.console.drawing.open_text import draw as draw_text
from nbtui.console.main.run_work import NO_COMMAND
from nbtui.console.sweeps.actions import SWEEPS_ACTIONS
from nbtui.console.sweeps.progress import duration, no_finding, progress, short_progress, verdicts
from nbtui.console.sweeps.state import SweepsState
from nbtui.sweep.findings import SweepFinding
from nbtui.sweep.follow import SweepSeen
from nbtui.sweep.matrix import MatrixLine
from nbtui.sweep.plan import IMAGE
from nbtui.sweep.rows import Answer
from nbtui.sweep.smallest import Smallest
from nbtui.trace.text import clean

WIDE = 110
COLUMNS = (("finding", 30), ("rows", 6), ("needs", 20), ("worst gap", 13))
NARROW = (("finding", 23), ("rows", 5), ("needs", 13), ("worst gap", 12))
LISTED = 4  # most visible sweeps
CELL = 5  # columns of a finding in the matrix
FLAG = 20  # columns of a flag
NOT_YET = "not reduced yet"


def header(state: SweepsState, width: int, height: int) -> list[Line]:
    """The selected sweep and its progress; its port; its rows by answer."""
    sweep = state.sweep
    if sweep is None:
        tail = Span("" if state.started else "looking ... ", "faint")
        return block([_title("sweeps", tail, width)], width, height)
    doing = Span(progress(state, sweep) + " ", "warning" if state.runs_here else "faint")
    name = clean(sweep.folder.name)
    if len(state.sweeps) > 1:
        name = f"{name}, {state.place + 1} of {len(state.sweeps)}"
    port, reference = "", Span("")
    if sweep.record is not None:
        port, reference = clean(sweep.record.port), Span(f"against {clean(sweep.record.reference)} ", "faint")
    bad = any(sweep.counts.get(answer) for answer in Answer if answer.fails)
    return block(
        [
            _title(name, doing, width),
            _title(port, reference, width, "faint"),
            line(Span(" " + clip(verdicts(sweep), width - 2), "diverge" if bad else "text")),
        ],
        width,
        height,
    )


def _title(name: str, tail: Span, width: int, tone: str = "title") -> Line:
    room = max(0, width - width_of((tail,)) - 2)
    return (Span(" " + left(name, room), tone), Span(" "), tail)


def sweeps(state: SweepsState, width: int, height: int) -> list[Line]:
    """The known sweeps, the selected one in view."""
    first = max(0, min(state.place - height + 1, len(state.sweeps) - height))
    return block((_listed(state, one, width) for one in state.sweeps[first:]), width, height)


def _listed(state: SweepsState, one: SweepSeen, width: int) -> Line:
    selected = one is state.sweep
    age = f"{duration(state.seconds - one.changed)} ago" if one.changed else ""
    if state.running == one.folder:
        age = "running"
    count = len(one.listed)
    tail = f"{short_progress(one):>16} done  {count:>3} finding{'s' if count != 1 else ' '}  {age:>10} "
    if one.problem:
        tail = "unreadable "
    room = max(8, width - len(tail) - 4)
    name = left(clean(one.folder.name), room)
    return (Span(" > " if selected else "   ", "focus"), Span(name, "cursor" if selected else "text"), Span(" " + tail))


def sweeps_lines(state: SweepsState) -> int:
    """Height of the list of sweeps: none for a single one."""
    return min(LISTED, len(state.sweeps)) if len(state.sweeps) > 1 else 0


def table(state: SweepsState, width: int, height: int) -> list[Line]:
    """One line per finding, wrong numbers first, or the open text."""
    if state.reading is not None:
        return draw_text(state.reading, width, height)
    columns = COLUMNS if width >= WIDE else NARROW
    head = "   " + "  ".join((right if name != "finding" else left)(name, size) for name, size in columns[:2])
    head += "  " + "  ".join((right if "gap" in name else left)(name, size) for name, size in columns[2:])
    last = "smallest command line, changes first" if width >= WIDE else "smallest"
    lines: list[Line] = [fit((Span(clip(f"{head}  {last}", width), "label"),), width)]
    sweep, findings = state.sweep, state.findings
    if sweep is None or not findings:
        return block([*lines, *(line(Span(f"   {part}", "faint")) for part in _empty(state, width))], width, height)
    for row in range(state.top, min(len(findings), state.top + height - 1)):
        lines.append(_row(sweep, findings[row], columns, row=row + 1, selected=row == state.cursor))
    return block(lines, width, height)


def _empty(state: SweepsState, width: int) -> list[str]:
    if state.sweep is not None:
        said = no_finding(state, state.sweep)
    elif not state.started:
        said = "looking for sweeps"
    elif state.running is not None:
        said = "the hunt has started; findings appear here"
    else:
        hunt = f"{SWEEPS_ACTIONS.key('hunt')} starts a hunt: the port of this case on every flag, alone and in pairs"
        said = f"no sweep here yet; {hunt if state.command else NO_COMMAND}"
    return wrap(said, width - 4)


def _row(
    sweep: SweepSeen, one: SweepFinding, columns: tuple[tuple[str, int], ...], *, row: int, selected: bool
) -> Line:
    gap = one.worst_gap
    cells = {
        "finding": (f"{row} {one.group}", "cursor" if selected else _tone(sweep, one)),
        "rows": (f"{len(one.members):,}", "text"),
        "needs": (" ".join(one.flags) or "nothing", "text"),
        "worst gap": ("-" if gap is None else percent(gap), "digit" if gap else "text"),
    }
    spans: list[Span] = [Span(" > " if selected else "   ", "focus")]
    for name, size in columns:
        content, tone = cells[name]
        shown = right(clean(content), size) if name in ("rows", "worst gap") else left(clean(content), size)
        spans += [Span(shown, tone), Span("  ")]
    small = sweep.smallest.get(one.group)
    if one.answer is Answer.REFUSED:
        return (*spans, Span("not reduced", "faint"))
    if small is None:
        return (*spans, Span(NOT_YET, "faint"))
    return (*spans, Span(clean(" ".join(_changes_first(sweep, small))), "text" if small.runs else "faint"))


def _changes_first(sweep: SweepSeen, small: Smallest) -> tuple[str, ...]:
    """The words of a smallest command line, the flags that the base command lacks before the others."""
    base = sweep.record.base(small.row.case) if sweep.record is not None else None
    if base is None:
        return small.command
    groups, there = flag_groups(small.command), flag_groups(base.command)
    ordered = sorted(groups, key=lambda group: group in there)  # stable
    return tuple(word for group in ordered for word in group)


def flag_groups(words: Sequence[str]) -> list[tuple[str, ...]]:
    """Each flag with the words up to the next one; a negative number is no flag."""
    groups: list[tuple[str, ...]] = []
    for word in words:
        if not groups or (word[:1] == "-" and not word[1:2].isdigit() and word[1:2] != "."):
            groups.append((word,))
        else:
            groups[-1] = (*groups[-1], word)
    return groups


def _tone(sweep: SweepSeen, one: SweepFinding) -> str:
    if sweep.waits(one) or one.answer is Answer.REFUSED:
        return "faint"
    return "diverge"


def detail(state: SweepsState, width: int, height: int) -> list[Line]:
    """The selected finding: its cause, its worst gap, its smallest command line, and what Enter opens."""
    sweep, one = state.sweep, state.finding
    if sweep is None or one is None:
        return block([rule((Span("finding", "title"),), width)], width, height)
    name = clip(clean(one.group), width - 20)
    lines: list[Line] = [rule((Span(f"finding {state.cursor + 1}: {name}", "title"),), width)]
    for label, words, most in _facts(sweep, one, height):
        lines += labelled(label, clean(words), width, 9, most)
    return block(lines, width, height)


def _facts(sweep: SweepSeen, one: SweepFinding, height: int) -> Iterator[tuple[str, str, int]]:
    """Label, text and most lines of each fact; the command line gets the lines that are left."""
    yield "cause", _cause(sweep, one), 2
    gap = next((two.row for two in one.members if two.row.gap is not None and two.row.gap == one.worst_gap), None)
    if gap is not None and gap.gap is not None and sweep.record is not None:
        pixel = gap.pixel if gap.check != IMAGE else None  # the gap of an image is that of its sum
        where = f"pixel {pixel[0]} {pixel[1]}" if pixel is not None else "whole image"
        worst = f"port {percent(gap.gap)} against {sweep.record.reference}, {where}"
        yield "worst", worst, 1
    if one.answer is not Answer.REFUSED or not any(answer.judged for answer in sweep.counts):
        yield "command", _smallest(sweep, one), max(2, height - 5)
    place = sweep.case_folder(one)
    if place is not None:
        yield "case", str(place.relative_to(sweep.folder.parent)), 1


def _cause(sweep: SweepSeen, one: SweepFinding) -> str:
    if one.answer is Answer.REFUSED and not any(answer.judged for answer in sweep.counts):
        return f"{one.sentence}; nothing was compared: check the port's command, or rename flags (--rename)"
    if sweep.waits(one):
        row = one.simplest.row
        return f"not searched yet; first divergence {row.first} ({row.stage})"
    return one.sentence


def _smallest(sweep: SweepSeen, one: SweepFinding) -> str:
    small = sweep.smallest.get(one.group)
    row = one.simplest.row if small is None else small.row
    words = row.command if small is None else small.command
    traced = f" -trace_pixel {row.pixel[0]} {row.pixel[1]}" if row.pixel is not None else ""
    note = f"{NOT_YET}, the simplest of {len(one.members)}: " if small is None else ""
    return f"{note}nanoBragg {' '.join(words)}{traced}"


def smallest_command(sweep: SweepSeen, one: SweepFinding) -> str:
    """The smallest command line of a finding, to copy."""
    return clean(_smallest(sweep, one)).rpartition(": nanoBragg ")[2].removeprefix("nanoBragg ")


def matrix(state: SweepsState, width: int, height: int) -> list[Line]:
    """Flags against findings: failing rows of each, the flags with most failures first."""
    sweep = state.sweep
    tail = (Span("rows with the flag in each finding", "faint"),)
    lines: list[Line] = [rule((Span("flags and findings", "title"),), width, tail)]
    if sweep is None or not sweep.table:
        return block(lines, width, height)
    shown = min(len(sweep.listed), max(0, (width - FLAG - 12) // CELL))
    numbers = "".join(right(str(at + 1), CELL) for at in range(shown))
    cut = " +" if shown < len(sweep.listed) else ""
    lines.append(line(Span(f" {left('flag', FLAG)}{right('judged', 8)}{numbers}{cut}", "label")))
    failing = [entry for entry in sweep.table if any(entry.failing)]
    ranked = sorted(failing, key=lambda entry: -sum(entry.failing))
    room = max(0, height - 3)
    lines += [_flag(entry, shown) for entry in (ranked if len(ranked) <= room + 1 else ranked[:room])]
    more = len(sweep.table) - min(len(ranked), room)
    if len(ranked) > room + 1:
        lines.append(line(Span(f" and {more} more; {SWEEPS_ACTIONS.key('matrix')} shows them", "faint")))
    elif more > 0 and len(lines) < height:
        count = len(sweep.table) - len(ranked)
        lines.append(line(Span(f" {count} flag{'s' * (count != 1)} without a failure", "faint")))
    return block(lines, width, height)


def _flag(entry: MatrixLine, shown: int) -> Line:
    spans = [Span(f" {left(clean(entry.flag), FLAG)}"), Span(right(f"{entry.judged:,}", 8), "faint")]
    for count in entry.failing[:shown]:
        spans.append(Span(right(str(count) if count else "·", CELL), "diverge" if count else "rule"))
    return tuple(spans)


def matrix_text(state: SweepsState) -> list[str]:
    """The whole matrix as lines of text."""
    sweep = state.sweep
    if sweep is None:
        return []
    count = len(sweep.listed)
    numbers = "".join(right(str(at), CELL) for at in range(1, count + 1))
    head = f"{left('flag', FLAG)}{right('judged', 8)}{numbers}"
    names = [f"{at:>4}  {one.group}" for at, one in enumerate(state.findings, start=1)]
    ranked = sorted(sweep.table, key=lambda entry: -sum(entry.failing))
    return [head, *("".join(span.text for span in _flag(entry, count))[1:] for entry in ranked), "", *names]


def rows_text(state: SweepsState) -> list[str]:
    """The rows of the selected finding, the simplest first."""
    one = state.finding
    if one is None:
        return []
    lines = []
    for member in one.members:
        row = member.row
        gap = "" if row.gap is None else percent(row.gap)
        put_in = " ".join(word for _, words in row.changes for word in words) or "the base command"
        lines.append(f"{right(gap, 10)}  {put_in}" + (f"   {row.detail}" if row.detail else ""))
    return lines


def footer(state: SweepsState, width: int, height: int) -> list[Line]:
    """The last message, or the keys."""
    absent = {
        "open_case": not state.findings,
        "rows": not state.findings,
        "matrix": state.sweep is None or not state.sweep.table,
        "hunt": state.running is not None or not state.command,
        "stop": state.running is None,
        "next": len(state.sweeps) < 2,
    }
    listed = SWEEPS_ACTIONS.foot({id: None for id, out in absent.items() if out})
    return list_foot(state, listed, SWEEPS_ACTIONS.text_foot(), width, height)
