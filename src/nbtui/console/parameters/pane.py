"""The panes of the parameters screen: the verdict, the form, and the parameter under the cursor."""

from __future__ import annotations

import math

from nbtui.console.drawing.foot import keys, message
from nbtui.console.drawing.line import Line, Span, block, clip, fit, left, line, right, rule, width_of, wrap
from nbtui.console.drawing.numbers import percent
from nbtui.console.main.panes import header as main
from nbtui.console.main.state import Phase, State
from nbtui.console.parameters.actions import PARAMETERS_ACTIONS
from nbtui.console.parameters.state import ParametersState, listing, rows
from nbtui.live.parameters.parameter import Kind, Parameter, Value
from nbtui.live.parameters.table import GROUPS, parameters
from nbtui.live.parameters.values import shown
from nbtui.trace.text import clean

MARKS = "* changed   + follows   # not as C's log   ~ another value is effective   (...) not on the command line"
_MARKS = 4  # columns of the cursor and the marks
_NARROW, _MIDDLE = 21, 30  # label widths; each value column


def header(state: ParametersState, main_state: State, width: int, height: int) -> list[Line]:
    """The run, the verdict of the main screen, and the change of the gap."""
    verdict = main.draw(main_state, width, 2)[1]
    return block([_title(state, main_state, width), verdict, _gap(state, main_state, width)], width, height)


def _title(state: ParametersState, main_state: State, width: int) -> Line:
    count = len(state.tuning.changed)
    pixel = main_state.pixel
    head = line(
        Span(" nbtui ", "focus"),
        Span(" parameters ", "title"),
        clip(clean(state.tuning.case.name), max(8, width // 5)),
        Span("  pixel ", "label") if pixel else "",
        f"({pixel[0]},{pixel[1]})" if pixel else "",
        Span(f"  {count} changed" if count else "  as started", "warning" if count else "faint"),
        Span("  HELD, = lets go" if state.tuning.held else "", "warning"),
    )
    tail = activity(state, main_state)
    return (*fit(head, width - width_of((tail,)) - 1), Span(" "), tail)


def activity(state: ParametersState, main_state: State) -> Span:
    """Whether the verdict belongs to the displayed values, in words."""
    busy = main.at_work(main_state, failed="failed: previous verdict ")
    waiting = Span("previous verdict ", "warning") if state.tuning.waiting else None
    return busy or waiting or main.simulated_in(main_state)


def _gap(state: ParametersState, main_state: State, width: int) -> Line:
    """The gap of the pixel at the start and now, or why it is unknown now."""
    if main_state.phase is Phase.FAILED:
        return fit(line(Span(f" {clip(clean(main_state.failure), width - 2)}", "warning")), width)
    row = main_state.comparison.row("I_pixel_final") if main_state.comparison and not main_state.pending else None
    gap = row.rel_delta if row else None
    if gap is None:
        return fit(line(Span(" I_pixel_final: nothing to compare with", "faint")), width)
    start = state.tuning.gap
    return fit(
        line(
            Span(" I_pixel_final  at the start ", "label") if start is not None else Span(" I_pixel_final ", "label"),
            percent(start) if start is not None else "",
            Span("  now ", "label"),
            Span(percent(gap), "digit"),
            _trend(start, gap),
        ),
        width,
    )


def _trend(start: float | None, gap: float) -> str:
    if start is None or abs(start) == abs(gap):
        return ""
    return "  closer" if abs(gap) < abs(start) else "  further away"


def table(state: ParametersState, width: int, height: int) -> list[Line]:
    """The form: a line of column names, then parameters under their groups."""
    if state.keys:
        return _keys(state, width, height)
    wide = _columns(width)
    names = left("  unit", wide["unit"])
    head = line(
        Span(" " * _MARKS + left("parameter", wide["label"]), "label"),
        Span(right("value", wide["value"]), "label"),
        Span(names, "label"),
        Span(right("at the start" if wide["start"] > len("at the start") else "start", wide["start"]), "label"),
        Span(right("C's log", wide["c"]), "label"),
        Span(f"  {left('flag', wide['flag'])}" if wide["flag"] else "", "label"),
    )
    lines: list[Line] = [head]
    listed = listing(state)
    for row in listed[state.top : state.top + height - 1]:
        if isinstance(row, str):
            lines.append(rule((Span(row, "title"),), width))
        else:
            lines.append(_row(state, row, wide))
    if not listed:
        every = PARAMETERS_ACTIONS.key("filter")
        words = f" nothing is changed, and nothing differs from C's log; {every} lists all"
        lines.append(line(Span(words, "faint")))
    return block(lines, width, height)


def rows_in(height: int) -> int:
    """Visible lines of the form in a table of ``height`` lines."""
    return max(1, height - 1)


def row_at(state: ParametersState, y: int) -> str | None:
    """The id of the parameter in line ``y`` of the table."""
    lines = listing(state)
    at = state.top + y - 1
    row = lines[at] if y > 0 and 0 <= at < len(lines) else ""
    return None if isinstance(row, str) else row.id


def _columns(width: int) -> dict[str, int]:
    flag = 18 if width >= 110 else 0
    label = 28 if width >= 110 else _NARROW
    unit = 13 if width >= 110 else 8
    room = width - _MARKS - label - unit - (flag + 2 if flag else 0) - 1
    each = min(room // 3, _MIDDLE)
    return {"label": label, "value": room - 2 * each if room < 3 * _MIDDLE else each, "unit": unit, "start": each,
            "c": each, "flag": flag}  # fmt: skip


def _row(state: ParametersState, row: Parameter, wide: dict[str, int]) -> Line:
    here = row.id == state.cursor
    changed = row.id in state.tuning.changed
    differs = state.differs(row)
    value = state.value(row)
    plain = state.given(row) or value is None
    text = fitted(row, value, wide["value"] - (2 if plain else 4))
    text = text if plain else f"({text})"
    effect = state.effect(row)
    other = state.fresh and state.given(row) and _another(row, value, effect)
    if here and state.entry is not None:
        text = f"{clean(state.entry)}_"
        text = text[-(wide["value"] - 1) :]
    tone = "cursor" if here else "changed" if changed else "text" if state.given(row) else "faint"
    shown_value = right(text, wide["value"] - 1)
    blank = len(shown_value) - len(shown_value.lstrip())
    c = state.c.get(row.id)
    return line(
        Span(">", "focus") if here else " ",
        Span("*" if changed else "+", "warning") if changed or state.follows(row) else " ",
        Span("# ", "diverge") if differs else "  ",
        Span(left(row.label, wide["label"]), "title" if here else "text"),
        Span(" " * (blank + 1)),
        Span(shown_value[blank:], tone),
        Span("~", "minor") if other else " ",
        Span(left(f" {row.unit}", wide["unit"] - 1), "faint"),
        Span(
            " " + right(fitted(row, state.at_start(row), wide["start"] - 1), wide["start"] - 1),
            "text" if changed else "faint",
        ),
        Span(
            " " + right(fitted(row, c.value, wide["c"] - 1) if c else "", wide["c"] - 1),
            "digit" if differs else "agree",
        ),
        Span(f"  {left(row.flag, wide['flag'])}" if wide["flag"] else "", "faint"),
    )


def fitted(row: Parameter, value: Value, width: int) -> str:
    """A value in ``width`` cells: first with fewer digits, then truncated."""
    texts = (shown(row, value, digits) for digits in (10, 7, 5, 4, 3))
    return clip(next((text for text in texts if len(text) <= width), shown(row, value, 3)), width)


def _another(row: Parameter, value: Value, effect: Value) -> bool:
    return shown(row, value) != shown(row, effect) and effect is not None and row.kind != Kind.CHOICE


def groups(state: ParametersState, width: int, height: int) -> list[Line]:
    """The names of the groups, the one of the cursor in brackets."""
    here = state.parameter.group
    spans: list[Span] = [Span(" ")]
    for name in GROUPS:
        spans.append(Span(f"[{name}]" if name == here else f" {name} ", "focus" if name == here else "faint"))
    if state.only:
        spans.append(Span(f"  {len(rows(state))} listed", "warning"))
    return block([fit(tuple(spans), width)], width, height)


def detail(state: ParametersState, width: int, height: int) -> list[Line]:
    """The parameter under the cursor: its meaning, values and consequences."""
    row = state.parameter
    flag = Span(f" {row.flag} ", "label") if row.flag else Span(" an option of nbtui ", "label")
    lines: list[Line] = [rule((Span(row.name, "title"), flag), width)]
    words = wrap(f"{row.help}{_range(row)}", width - 2)
    lines += [line(Span(f" {part}")) for part in words[: height - 3]]
    value, effect = state.value(row), state.effect(row)
    unit = f" {row.unit}" if row.unit else ""
    parts = [f"typed {shown(row, value)}{unit}" if state.given(row) else "not on the command line"]
    if state.fresh:
        parts.append(f"effective {shown(row, effect)}{unit if effect is not None else ''}")
    elif state.unread:
        parts.append("no experiment results")
    c = state.c.get(row.id)
    if c is not None:
        parts.append(f"C {shown(row, c.value)}" + (" #" if state.differs(row) else ""))
    lines.append(line(Span(f" {clip('; '.join(parts), width - 2)}")))
    lines.append(_consequence(state, width))
    return block(lines, width, height)


def _range(row: Parameter) -> str:
    """Bounds, step and choices, if applicable."""
    said = []
    if row.kind == Kind.CHOICE:
        said.append("one of " + ", ".join(shown(row, value) for value, _ in row.choices))
    if row.kind in (Kind.NUMBER, Kind.WHOLE):
        flag = row.row
        if 0.0 < flag.low < 1.0:
            said.append("positive")
        elif math.isfinite(flag.low):
            said.append(f"{'more than' if flag.above else 'at least'} {flag.low:g}")
        if flag.high is not None:
            said.append(f"at most {flag.high:g}")
        step = 1.0 if row.kind == Kind.WHOLE else row.step
        said.append("step: one in the second digit" if step is None else f"step {step:g}")
    return f" ({'; '.join(said)})" if said else ""


def _consequence(state: ParametersState, width: int) -> Line:
    """Other changes in the experiment, or why it is invalid."""
    if state.unread:
        return line(Span(f" {clip(clean(state.unread), width - 2)}", "warning"))
    if not state.fresh or not state.tuning.edits:
        return ()
    known, now = state.tuning.known, state.in_force
    also = [row for row in parameters() if state.follows(row)]
    if not also:
        return ()
    told = ", ".join(f"{row.name} {shown(row, known[row.id])} -> {shown(row, now[row.id])}" for row in also)
    return line(Span(" + follows: ", "label"), Span(clip(told, width - 13)))


def footer(state: ParametersState, width: int, height: int) -> list[Line]:
    """The text being typed, the last message, or the keys."""
    row = state.parameter
    if state.entry is not None:
        unit = f" [{row.unit}]" if row.unit else ""
        typed = line(Span(f" {row.name}{unit}: ", "key"), clean(state.entry), Span("_", "cursor"))
        hint = state.message or "Enter accepts, Esc discards"
        return [fit((*typed, Span(f"   {clip(clean(hint), max(0, width - width_of(typed) - 4))}", "warning")), width)]
    if state.searching:
        return [fit(line(Span(" /", "key"), clean(state.query), Span("_", "cursor")), width)]
    if state.message:
        return message(state.message, width, height)
    return [fit(keys(((one.shown, one.label) for one in PARAMETERS_ACTIONS if one.label), width), width)]


def key_lines() -> list[Line]:
    """The list of keys and marks."""
    lines: list[Line] = [line(Span(" " + left(entry.shown, 11), "key"), entry.help) for entry in PARAMETERS_ACTIONS]
    return [*lines, (), *(line(f" {part}") for part in MARKS.split("   "))]


def _keys(state: ParametersState, width: int, height: int) -> list[Line]:
    title = rule((Span("keys", "title"),), width, (Span("any other key closes", "faint"),), focused=True)
    return block([title, *key_lines()[state.key :]], width, height)
