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


def rows(state: ParametersState) -> tuple[Parameter, ...]:
    """The parameters listed in the table."""
    if not state.only:
        return parameters()
    changed = state.tuning.changed
    return tuple(row for row in parameters() if row.id in changed or state.differs(row) or state.follows(row))


def listing(state: ParametersState) -> list[Parameter | str]:
    """The lines of the table: group names, each followed by its parameters."""
    lines: list[Parameter | str] = []
    group = ""
    for row in rows(state):
        if row.group != group:
            group = row.group
            lines.append(group)
        lines.append(row)
    return lines


def in_view(state: ParametersState, height: int) -> ParametersState:
    """Scroll the cursor into ``height`` lines, with the name of its group if it fits."""
    lines = listing(state)
    at = next((n for n, row in enumerate(lines) if not isinstance(row, str) and row.id == state.cursor), 0)
    first = at - 1 if at and isinstance(lines[at - 1], str) else at
    top = max(0, min(state.top, first, len(lines) - height))
    return replace(state, top=max(top, at - height + 1))


# --- cursor ----------------------------------------------------------------------------------------------------------


def moved(state: ParametersState, by: int) -> ParametersState:
    """Move the cursor ``by`` rows down, clamped at the ends."""
    ids = [row.id for row in rows(state)]
    if not ids:
        return state
    here = ids.index(state.cursor) if state.cursor in ids else 0
    return replace(state, cursor=ids[max(0, min(len(ids) - 1, here + by))])


def at_row(state: ParametersState, id: str) -> ParametersState:
    """Move the cursor to a parameter, showing its group from the first line if it fits."""
    moved_there = replace(state, cursor=id)
    return replace(moved_there, top=listing(moved_there).index(moved_there.parameter.group))


def to_group(state: ParametersState, by: int) -> ParametersState:
    """Move to the first row of the next (previous) nonempty group, wrapping around."""
    shown_rows = rows(state)
    groups = [group for group in GROUPS if any(row.group == group for row in shown_rows)]
    if not groups:
        return state
    here = state.parameter.group
    at = groups.index(here) if here in groups else -1
    group = groups[(at + by) % len(groups)]
    return at_row(state, next(row.id for row in shown_rows if row.group == group))


def filtered(state: ParametersState) -> ParametersState:
    """Toggle the filter: changed parameters and differences from C only."""
    turned = replace(state, only=not state.only, top=0)
    ids = [row.id for row in rows(turned)]
    if not ids:
        return replace(state, message="no changes and no differences from C's log: all parameters stay listed")
    return turned if state.cursor in ids else replace(turned, cursor=ids[0])


def found(state: ParametersState, forward: bool, *, stay: bool = False) -> ParametersState:
    """Move to the next row matching the search text in label or flag, else in help; ``stay``: also the current row."""
    wanted = state.query.casefold()
    if not wanted:
        return replace(state, message=f"nothing to search for yet: {PARAMETERS_ACTIONS.key('search')} starts a search")
    ids = [row.id for row in rows(state)]
    hits = [row.id for row in rows(state) if wanted in f"{row.label} {row.flag}".casefold()]
    hits = hits or [row.id for row in rows(state) if wanted in row.help.casefold()]
    if not hits:
        return replace(state, message=f"no match for {state.query!r}")
    if stay and state.cursor in hits:
        return state
    here = ids.index(state.cursor) if state.cursor in ids else 0
    after = [id for id in hits if ids.index(id) > here]
    before = [id for id in hits if ids.index(id) < here]
    order = [*after, *before] if forward else [*reversed(before), *reversed(after)]
    return replace(state, cursor=order[0] if order else state.cursor)


def searched(state: ParametersState, key: str, character: str | None) -> ParametersState:
    """Handle a key during entry of the search text. The cursor follows the text; Esc cancels."""
    if key in ("escape", "enter"):
        return replace(state, searching=False, query="" if key == "escape" else state.query)
    query = state.query[:-1] if key == "backspace" else state.query + (character or "")
    changed = replace(state, query=query, message="")
    return found(changed, True, stay=True) if query else changed


# --- values ----------------------------------------------------------------------------------------------------------


def wanted(state: ParametersState, value: Value) -> ParametersState:
    """Set the parameter under the cursor; an objection becomes the message."""
    try:
        tuning = tunings.put(state.tuning, Edit(state.cursor, value))
    except UnusableInput as error:
        return replace(state, message=str(error))
    return replace(state, tuning=tuning, entry=None, message="")


def nudge(state: ParametersState, by: int) -> ParametersState:
    """Increase the parameter under the cursor by ``by`` steps."""
    parameter = state.parameter
    try:
        value = nudged(parameter, state.value(parameter), by)
    except UnusableInput as error:
        return replace(state, message=str(error))
    if same(value, state.value(parameter)):
        return replace(state, message=f"{parameter.label}: {shown(parameter, value)} is its limit")
    return wanted(state, value)


def entered(state: ParametersState, key: str, character: str | None) -> ParametersState:
    """Handle a key during entry of a value: Enter sets it, Esc cancels; a rejected value stays for correction."""
    entry = state.entry or ""
    if key == "escape":
        return replace(state, entry=None, message="")
    if key == "enter":
        try:
            return wanted(state, understood(state.parameter, entry))
        except UnusableInput as error:
            return replace(state, message=str(error))
    if key == "backspace":
        return replace(state, entry=entry[:-1], message="")
    if key == "ctrl+u":
        return replace(state, entry="", message="")
    return replace(state, entry=entry + character, message="") if character else state


def begin(state: ParametersState, text: str | None = None) -> ParametersState:
    """Start the entry of a value with ``text`` or the current value; switches and choices advance instead."""
    parameter = state.parameter
    if parameter.choices:
        return nudge(state, 1) if text is None else state
    value = state.value(parameter)
    return replace(state, entry=("" if value is None else shown(parameter, value)) if text is None else text)


def restored(state: ParametersState) -> ParametersState:
    """Reset the parameter under the cursor to the initial command line."""
    if state.cursor not in state.tuning.changed:
        return replace(state, message=f"{state.parameter.label}: already the initial value")
    try:
        return replace(state, tuning=tunings.restored(state.tuning, state.cursor))
    except UnusableInput as error:
        return replace(state, message=str(error))


def reset(state: ParametersState) -> ParametersState:
    """Reset all parameters to the initial command line."""
    if not state.tuning.edits:
        return replace(state, message="nothing is changed")
    told = f"all parameters reset; {PARAMETERS_ACTIONS.key('undo')} undoes"
    return replace(state, tuning=tunings.reset(state.tuning), message=told)


def stepped(state: ParametersState, *, back: bool) -> ParametersState:
    """Undo or redo; the cursor moves to the changed parameter."""
    tuning = tunings.undone(state.tuning) if back else tunings.redone(state.tuning)
    if tuning is state.tuning:
        return replace(state, message="nothing to undo" if back else "nothing to redo")
    before, after = state.tuning.typed.values, tuning.typed.values
    moved_to = [id for id, value in after.items() if not same(value, before[id])]
    cursor = state.cursor if not moved_to or state.cursor in moved_to else moved_to[0]
    return replace(state, tuning=tuning, cursor=cursor, only=state.only and cursor == state.cursor)
