"""The panes of the runs screen: title, table, the selected run, output, keys."""

from __future__ import annotations

from nbtui.console.drawing.foot import list_foot
from nbtui.console.drawing.line import Line, Span, block, clip, fit, labelled, left, line, right, rule, width_of, wrap
from nbtui.console.drawing.numbers import percent
from nbtui.console.drawing.open_text import draw as draw_text
from nbtui.console.main.run_work import NO_COMMAND
from nbtui.console.runs.actions import RUNS_ACTIONS
from nbtui.console.runs.state import RunsState
from nbtui.runs.entry import RunEntry, RunVerdict, divergence, outcome
from nbtui.runs.moved import moved, since_before
from nbtui.trace.text import clean

COLUMNS = (("run", 5), ("time UTC", 19), ("pixel", 11), ("seconds", 8), ("outcome", 9), ("gap", 10))
NARROW = (("run", 5), ("time UTC", 8), ("outcome", 9), ("gap", 10))
WIDE = 110
TONES = {RunVerdict.AGREES: "pass", RunVerdict.DIVERGES: "text", RunVerdict.FAILED: "diverge"}


def header(state: RunsState, width: int, height: int) -> list[Line]:
    """The command, and the present activity."""
    count = len(state.entries)
    parts = [f"{count} run{'s' * (count != 1)}"]
    parts += [f"running {state.seconds:.0f} s"] if state.running else []
    parts += ["loop on" if state.looping else "loop off"] if state.command else []
    tail = Span(", ".join(parts) + " ", "warning" if state.running else "faint")
    room = width - width_of((tail,)) - 2
    return block([(Span(" " + left(clean(state.command or "runs"), room), "title"), Span(" "), tail)], width, height)


def table(state: RunsState, width: int, height: int) -> list[Line]:
    """One line per run, newest first, or the open text."""
    if state.reading is not None:
        return draw_text(state.reading, width, height)
    columns = COLUMNS if width >= WIDE else NARROW
    head = "   " + "  ".join(left(name, size) for name, size in columns) + "  first divergence"
    lines: list[Line] = [fit((Span(clip(head, width), "label"),), width)]
    if not state.entries:
        word = f"no runs yet; {RUNS_ACTIONS.key('run')} runs the port" if state.command else NO_COMMAND
        return block([*lines, *(line(Span(f"   {part}", "faint")) for part in wrap(word, width - 4))], width, height)
    for row in range(state.top, min(len(state.entries), state.top + height - 1)):
        lines.append(_row(state, state.entries[row], columns, selected=row == state.cursor))
    return block(lines, width, height)


def _row(state: RunsState, entry: RunEntry, columns: tuple[tuple[str, int], ...], *, selected: bool) -> Line:
    wide = columns is COLUMNS
    when = entry.when.replace("T", " ").removesuffix("Z")
    cells = {
        "run": (f"{entry.number}{'!' if entry.number == state.marked else ''}", "cursor" if selected else "text"),
        "time UTC": (when if wide else when[11:], "text"),
        "pixel": (f"{entry.pixel[0]} {entry.pixel[1]}", "text"),
        "seconds": (f"{entry.seconds:.1f}", "text"),
        "outcome": (str(entry.verdict), TONES[entry.verdict]),
        "gap": ("-" if entry.gap is None else percent(entry.gap), "digit" if entry.gap else "text"),
    }
    spans: list[Span] = [Span(" > " if selected else "   ", "focus")]
    for name, size in columns:
        content, tone = cells[name]
        shown = right(clean(content), size) if name in ("gap", "seconds") else left(clean(content), size)
        spans += [Span(shown, tone), Span("  ")]
    last = clean(entry.failure) if entry.failed else divergence(entry)
    return (*spans, Span(last, "diverge" if entry.failed else "text"))


def detail(state: RunsState, width: int, height: int) -> list[Line]:
    """The selected run: its outcome, what moved, the changed sources."""
    entry = state.entry
    title = "this run" if entry is None else f"run {entry.number}"
    lines: list[Line] = [rule((Span(title, "title"),), width)]
    if entry is not None:
        base = next((one for one in state.entries if one.number == state.marked and one is not entry), None)
        against = f"since {base.number}" if base is not None else "moved"
        moves = moved(base, entry) if base is not None else since_before(state.entries[::-1], entry)
        said = (
            ("outcome", outcome(entry)),
            (against, moves or "the first run of this pixel"),
            ("sources", _sources(entry)),
            ("against", entry.reference),
        )
        for name, words in said:
            lines += labelled(name, clean(words), width, 10)
    return block(lines, width, height)


def _sources(entry: RunEntry) -> str:
    if not entry.sources:
        return "not known: sources = [...] in nbtui.toml"
    if not entry.changed:
        return "no change known since the run before"
    more = f" and {len(entry.changed) - 4} more" if len(entry.changed) > 4 else ""
    return f"changed: {', '.join(entry.changed[:4])}{more}"


def output(state: RunsState, width: int, height: int) -> list[Line]:
    """The last lines of the running command, or of the selected run."""
    entry = state.entry
    what = "output of the running command" if state.running else f"output of run {entry.number}" if entry else "output"
    lines: list[Line] = [rule((Span(what, "title"),), width)]
    shown = state.output[-max(1, height - 1) :]
    lines += [line(Span(" " + clip(text, width - 2))) for text in shown]
    if not shown:
        lines.append(line(Span(" no output besides the log" if entry is not None or state.running else "", "faint")))
    return block(lines, width, height)


def footer(state: RunsState, width: int, height: int) -> list[Line]:
    """The last message, or the keys."""
    listed = RUNS_ACTIONS.foot({"run" if state.running else "stop": None})
    return list_foot(state, listed, RUNS_ACTIONS.text_foot(), width, height)
