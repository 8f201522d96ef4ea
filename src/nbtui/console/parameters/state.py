"""State of the parameters screen, frozen, and its pure transitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from nbtui.console.parameters.actions import PARAMETERS_ACTIONS
from nbtui.errors import UnusableInput
from nbtui.live.parameters import tuning as tunings
from nbtui.live.parameters.c_setup import Shown, differs
from nbtui.live.parameters.edits import Edit, Setup, Typed, same
from nbtui.live.parameters.parameter import Parameter, Value
from nbtui.live.parameters.table import GROUPS, by_id, parameters
from nbtui.live.parameters.tuning import Tuning
from nbtui.live.parameters.values import nudged, shown, understood

FAR = 10  # steps per long nudge


@dataclass(frozen=True)
class ParametersState:
    """Everything the panes show. Immutable."""

    tuning: Tuning
    c: Mapping[str, Shown] = field(default_factory=dict)  # values in C's log, by id
    in_force: Mapping[str, Value] = field(default_factory=dict)  # effective values of the last experiment read
    read: Setup | None = None  # its set-up
    unread: str = ""  # why it could not be built
    cursor: str = "distance"  # id of a parameter
    top: int = 0  # first visible line of the table
    entry: str | None = None  # the value during entry
    searching: bool = False
    query: str = ""
    only: bool = False  # list only parameters changed, affected by a change, or different from C
    message: str = ""
    keys: bool = False  # the list of keys is shown
    key: int = 0  # its first visible line

    @property
    def parameter(self) -> Parameter:
        """The parameter under the cursor."""
        return by_id()[self.cursor]

    @cached_property
    def start(self) -> Typed:
        """The values given on the initial command line."""
        return tunings.begun(self.tuning.case, self.tuning.settings).typed

    @property
    def fresh(self) -> bool:
        """Whether the effective values reflect the edits."""
        return self.read == self.tuning.now and not self.unread

    def value(self, parameter: Parameter) -> Value:
        """The requested value: as given, else the effective one."""
        typed = self.tuning.typed
        return typed.values[parameter.id] if self.given(parameter) else self.effect(parameter)

    def given(self, parameter: Parameter) -> bool:
        """Whether the requested command line gives the value."""
        return parameter.id in self.tuning.typed.given

    def effect(self, parameter: Parameter) -> Value:
        """The effective value; the requested one until it is known."""
        typed = self.tuning.typed.values[parameter.id]
        return self.in_force.get(parameter.id, typed)

    def at_start(self, parameter: Parameter) -> Value:
        """The value on the initial command line, else the effective one."""
        start = self.start
        if parameter.id in start.given:
            return start.values[parameter.id]
        return self.tuning.known.get(parameter.id, start.values[parameter.id])

    def differs(self, parameter: Parameter) -> bool:
        """Whether the effective value differs from C's log."""
        c = self.c.get(parameter.id)
        return c is not None and differs(self.effect(parameter), c)

    def follows(self, parameter: Parameter) -> bool:
        """Whether the effective value has changed without being edited."""
        known = self.tuning.known
        if parameter.id in self.tuning.changed or parameter.id not in known or parameter.id not in self.in_force:
            return False
        return not same(known[parameter.id], self.in_force[parameter.id], 1e-9)


def rows(form: ParametersState) -> tuple[Parameter, ...]:
    """The parameters listed in the table."""
    if not form.only:
        return parameters()
    changed = form.tuning.changed
    return tuple(row for row in parameters() if row.id in changed or form.differs(row) or form.follows(row))


def listing(form: ParametersState) -> list[Parameter | str]:
    """The lines of the table: group names, each followed by its parameters."""
    lines: list[Parameter | str] = []
    group = ""
    for row in rows(form):
        if row.group != group:
            group = row.group
            lines.append(group)
        lines.append(row)
    return lines


def in_view(form: ParametersState, height: int) -> ParametersState:
    """Scroll the cursor into ``height`` lines, with the name of its group if it fits."""
    lines = listing(form)
    at = next((n for n, row in enumerate(lines) if not isinstance(row, str) and row.id == form.cursor), 0)
    first = at - 1 if at and isinstance(lines[at - 1], str) else at
    top = max(0, min(form.top, first, len(lines) - height))
    return replace(form, top=max(top, at - height + 1))


# --- cursor ----------------------------------------------------------------------------------------------------------


def moved(form: ParametersState, by: int) -> ParametersState:
    """Move the cursor ``by`` rows down, clamped at the ends."""
    ids = [row.id for row in rows(form)]
    if not ids:
        return form
    here = ids.index(form.cursor) if form.cursor in ids else 0
    return replace(form, cursor=ids[max(0, min(len(ids) - 1, here + by))])


def at_row(form: ParametersState, id: str) -> ParametersState:
    """Move the cursor to a parameter, showing its group from the first line if it fits."""
    moved_there = replace(form, cursor=id)
    return replace(moved_there, top=listing(moved_there).index(moved_there.parameter.group))


def to_group(form: ParametersState, by: int) -> ParametersState:
    """Move to the first row of the next (previous) nonempty group, wrapping around."""
    shown_rows = rows(form)
    groups = [group for group in GROUPS if any(row.group == group for row in shown_rows)]
    if not groups:
        return form
    here = form.parameter.group
    at = groups.index(here) if here in groups else -1
    group = groups[(at + by) % len(groups)]
    return at_row(form, next(row.id for row in shown_rows if row.group == group))


def filtered(form: ParametersState) -> ParametersState:
    """Toggle the filter: changed parameters and differences from C only."""
    turned = replace(form, only=not form.only, top=0)
    ids = [row.id for row in rows(turned)]
    if not ids:
        return replace(form, message="nothing is changed, and nothing differs from C's log: all stay listed")
    return turned if form.cursor in ids else replace(turned, cursor=ids[0])


def found(form: ParametersState, forward: bool, *, stay: bool = False) -> ParametersState:
    """Move to the next row matching the search text in label or flag, else in help; ``stay``: also the current row."""
    wanted = form.query.casefold()
    if not wanted:
        return replace(form, message=f"nothing to search for yet: {PARAMETERS_ACTIONS.key('search')} starts a search")
    ids = [row.id for row in rows(form)]
    hits = [row.id for row in rows(form) if wanted in f"{row.label} {row.flag}".casefold()]
    hits = hits or [row.id for row in rows(form) if wanted in row.help.casefold()]
    if not hits:
        return replace(form, message=f"nothing has {form.query!r}")
    if stay and form.cursor in hits:
        return form
    here = ids.index(form.cursor) if form.cursor in ids else 0
    after = [id for id in hits if ids.index(id) > here]
    before = [id for id in hits if ids.index(id) < here]
    order = [*after, *before] if forward else [*reversed(before), *reversed(after)]
    return replace(form, cursor=order[0] if order else form.cursor)


def searched(form: ParametersState, key: str, character: str | None) -> ParametersState:
    """Handle a key during entry of the search text. The cursor follows the text; Esc cancels."""
    if key in ("escape", "enter"):
        return replace(form, searching=False, query="" if key == "escape" else form.query)
    query = form.query[:-1] if key == "backspace" else form.query + (character or "")
    changed = replace(form, query=query, message="")
    return found(changed, True, stay=True) if query else changed


# --- values ----------------------------------------------------------------------------------------------------------


def wanted(form: ParametersState, value: Value) -> ParametersState:
    """Set the parameter under the cursor; an objection becomes the message."""
    try:
        tuning = tunings.put(form.tuning, Edit(form.cursor, value))
    except UnusableInput as error:
        return replace(form, message=str(error))
    return replace(form, tuning=tuning, entry=None, message="")


def nudge(form: ParametersState, by: int) -> ParametersState:
    """Increase the parameter under the cursor by ``by`` steps."""
    parameter = form.parameter
    try:
        value = nudged(parameter, form.value(parameter), by)
    except UnusableInput as error:
        return replace(form, message=str(error))
    if same(value, form.value(parameter)):
        return replace(form, message=f"{parameter.label}: {shown(parameter, value)} is its limit")
    return wanted(form, value)


def entered(form: ParametersState, key: str, character: str | None) -> ParametersState:
    """Handle a key during entry of a value: Enter sets it, Esc cancels; a rejected value stays for correction."""
    entry = form.entry or ""
    if key == "escape":
        return replace(form, entry=None, message="")
    if key == "enter":
        try:
            return wanted(form, understood(form.parameter, entry))
        except UnusableInput as error:
            return replace(form, message=str(error))
    if key == "backspace":
        return replace(form, entry=entry[:-1], message="")
    if key == "ctrl+u":
        return replace(form, entry="", message="")
    return replace(form, entry=entry + character, message="") if character else form


def begin(form: ParametersState, text: str | None = None) -> ParametersState:
    """Start the entry of a value with ``text`` or the current value; switches and choices advance instead."""
    parameter = form.parameter
    if parameter.choices:
        return nudge(form, 1) if text is None else form
    value = form.value(parameter)
    return replace(form, entry=("" if value is None else shown(parameter, value)) if text is None else text)


def restored(form: ParametersState) -> ParametersState:
    """Reset the parameter under the cursor to the initial command line."""
    if form.cursor not in form.tuning.changed:
        return replace(form, message=f"{form.parameter.label} is as at the start")
    try:
        return replace(form, tuning=tunings.restored(form.tuning, form.cursor))
    except UnusableInput as error:
        return replace(form, message=str(error))


def reset(form: ParametersState) -> ParametersState:
    """Reset all parameters to the initial command line."""
    if not form.tuning.edits:
        return replace(form, message="nothing is changed")
    told = f"all as at the start; {PARAMETERS_ACTIONS.key('undo')} undoes"
    return replace(form, tuning=tunings.reset(form.tuning), message=told)


def stepped(form: ParametersState, *, back: bool) -> ParametersState:
    """Undo or redo; the cursor moves to the changed parameter."""
    tuning = tunings.undone(form.tuning) if back else tunings.redone(form.tuning)
    if tuning is form.tuning:
        return replace(form, message="nothing to undo" if back else "nothing to redo")
    before, after = form.tuning.typed.values, tuning.typed.values
    moved_to = [id for id, value in after.items() if not same(value, before[id])]
    cursor = form.cursor if not moved_to or form.cursor in moved_to else moved_to[0]
    return replace(form, tuning=tuning, cursor=cursor, only=form.only and cursor == form.cursor)
