"""What the parameters screen shows and where the user is in it, as one frozen value, and the steps between them."""

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

FAR = 10  # nudges of a long one


@dataclass(frozen=True)
class ParametersState:
    """Everything the panes may show. Replaced, never changed."""

    tuning: Tuning
    c: Mapping[str, Shown] = field(default_factory=dict)  # what C's log shows, by id
    in_force: Mapping[str, Value] = field(default_factory=dict)  # of the experiment read last
    read: Setup | None = None  # the set-up that it was built from
    unread: str = ""  # why it could not be built
    cursor: str = "distance"  # id of a parameter
    top: int = 0  # first line of the table that is shown
    entry: str | None = None  # the value while it is typed
    searching: bool = False
    query: str = ""
    only: bool = False  # only what was changed, follows from it, or is not as C has it
    message: str = ""
    keys: bool = False  # the list of keys is shown
    key: int = 0  # its first line

    @property
    def parameter(self) -> Parameter:
        """The one under the cursor."""
        return by_id()[self.cursor]

    @cached_property
    def start(self) -> Typed:
        """What the command line of the start says."""
        return tunings.begun(self.tuning.case, self.tuning.settings).typed

    @property
    def fresh(self) -> bool:
        """Whether the effective values are those of the edits."""
        return self.read == self.tuning.now and not self.unread

    def value(self, parameter: Parameter) -> Value:
        """The wanted value: as typed where it is given, else the effective one."""
        typed = self.tuning.typed
        return typed.values[parameter.id] if self.given(parameter) else self.effect(parameter)

    def given(self, parameter: Parameter) -> bool:
        """Whether the command line (as it is wanted now) says the value."""
        return parameter.id in self.tuning.typed.given

    def effect(self, parameter: Parameter) -> Value:
        """The effective value; as typed until it is known."""
        typed = self.tuning.typed.values[parameter.id]
        return self.in_force.get(parameter.id, typed)

    def at_start(self, parameter: Parameter) -> Value:
        """The value of the first command line, or the effective one where it gives none."""
        start = self.start
        if parameter.id in start.given:
            return start.values[parameter.id]
        return self.tuning.known.get(parameter.id, start.values[parameter.id])

    def differs(self, parameter: Parameter) -> bool:
        """Whether the effective value differs from that of C's log."""
        c = self.c.get(parameter.id)
        return c is not None and differs(self.effect(parameter), c)

    def follows(self, parameter: Parameter) -> bool:
        """Whether the effective value has changed without an edit of its own."""
        known = self.tuning.known
        if parameter.id in self.tuning.changed or parameter.id not in known or parameter.id not in self.in_force:
            return False
        return not same(known[parameter.id], self.in_force[parameter.id], 1e-9)


def rows(form: ParametersState) -> tuple[Parameter, ...]:
    """The parameters that the table lists."""
    if not form.only:
        return parameters()
    changed = form.tuning.changed
    return tuple(row for row in parameters() if row.id in changed or form.differs(row) or form.follows(row))


def listing(form: ParametersState) -> list[Parameter | str]:
    """The lines of the table: parameters, and the names of their groups in front of them."""
    lines: list[Parameter | str] = []
    group = ""
    for row in rows(form):
        if row.group != group:
            group = row.group
            lines.append(group)
        lines.append(row)
    return lines


def in_view(form: ParametersState, height: int) -> ParametersState:
    """The form scrolled so that the cursor is among ``height`` lines, with the name of its group where it fits."""
    lines = listing(form)
    at = next((n for n, row in enumerate(lines) if not isinstance(row, str) and row.id == form.cursor), 0)
    first = at - 1 if at and isinstance(lines[at - 1], str) else at
    top = max(0, min(form.top, first, len(lines) - height))
    return replace(form, top=max(top, at - height + 1))


# --- moves -----------------------------------------------------------------------------------------------------------


def moved(form: ParametersState, by: int) -> ParametersState:
    """The cursor ``by`` rows down; at the ends it stays."""
    ids = [row.id for row in rows(form)]
    if not ids:
        return form
    here = ids.index(form.cursor) if form.cursor in ids else 0
    return replace(form, cursor=ids[max(0, min(len(ids) - 1, here + by))])


def at_row(form: ParametersState, id: str) -> ParametersState:
    """The cursor on a parameter, its group from its first line on as far as there is room."""
    moved_there = replace(form, cursor=id)
    return replace(moved_there, top=listing(moved_there).index(moved_there.parameter.group))


def to_group(form: ParametersState, by: int) -> ParametersState:
    """The first row of the next (previous) group that has rows, wrapping around."""
    shown_rows = rows(form)
    groups = [group for group in GROUPS if any(row.group == group for row in shown_rows)]
    if not groups:
        return form
    here = form.parameter.group
    at = groups.index(here) if here in groups else -1
    group = groups[(at + by) % len(groups)]
    return at_row(form, next(row.id for row in shown_rows if row.group == group))


def filtered(form: ParametersState) -> ParametersState:
    """Only what was changed or is not as C has it, or all again."""
    turned = replace(form, only=not form.only, top=0)
    ids = [row.id for row in rows(turned)]
    if not ids:
        return replace(form, message="nothing is changed, and nothing differs from C's log: all stay listed")
    return turned if form.cursor in ids else replace(turned, cursor=ids[0])


def found(form: ParametersState, forward: bool, *, stay: bool = False) -> ParametersState:
    """The next row whose label or flag, else whose help, has the search text; ``stay``: or the cursor's own."""
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
    """A key while the search text is typed. The cursor follows the text; Esc drops it."""
    if key in ("escape", "enter"):
        return replace(form, searching=False, query="" if key == "escape" else form.query)
    query = form.query[:-1] if key == "backspace" else form.query + (character or "")
    changed = replace(form, query=query, message="")
    return found(changed, True, stay=True) if query else changed


# --- values ----------------------------------------------------------------------------------------------------------


def wanted(form: ParametersState, value: Value) -> ParametersState:
    """The parameter under the cursor gets a value; what speaks against it becomes the message."""
    try:
        tuning = tunings.put(form.tuning, Edit(form.cursor, value))
    except UnusableInput as error:
        return replace(form, message=str(error))
    return replace(form, tuning=tuning, entry=None, message="")


def nudge(form: ParametersState, by: int) -> ParametersState:
    """The parameter under the cursor goes ``by`` steps up."""
    parameter = form.parameter
    try:
        value = nudged(parameter, form.value(parameter), by)
    except UnusableInput as error:
        return replace(form, message=str(error))
    if same(value, form.value(parameter)):
        return replace(form, message=f"{parameter.label}: {shown(parameter, value)} is its limit")
    return wanted(form, value)


def entered(form: ParametersState, key: str, character: str | None) -> ParametersState:
    """A key in the entry of a value: Enter sets it, Esc drops it; a rejected value stays for correction."""
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
    """Start to type a value, at ``text`` or at the value that is there; switches and choices go on instead."""
    parameter = form.parameter
    if parameter.choices:
        return nudge(form, 1) if text is None else form
    value = form.value(parameter)
    return replace(form, entry=("" if value is None else shown(parameter, value)) if text is None else text)


def restored(form: ParametersState) -> ParametersState:
    """The parameter under the cursor as the command line of the start has it."""
    if form.cursor not in form.tuning.changed:
        return replace(form, message=f"{form.parameter.label} is as at the start")
    try:
        return replace(form, tuning=tunings.restored(form.tuning, form.cursor))
    except UnusableInput as error:
        return replace(form, message=str(error))


def reset(form: ParametersState) -> ParametersState:
    """All parameters as the command line of the start has them."""
    if not form.tuning.edits:
        return replace(form, message="nothing is changed")
    told = f"all as at the start; {PARAMETERS_ACTIONS.key('undo')} undoes"
    return replace(form, tuning=tunings.reset(form.tuning), message=told)


def stepped(form: ParametersState, *, back: bool) -> ParametersState:
    """Undo, or redo; the cursor goes to what changes."""
    tuning = tunings.undone(form.tuning) if back else tunings.redone(form.tuning)
    if tuning is form.tuning:
        return replace(form, message="nothing to undo" if back else "nothing to redo")
    before, after = form.tuning.typed.values, tuning.typed.values
    moved_to = [id for id, value in after.items() if not same(value, before[id])]
    cursor = form.cursor if not moved_to or form.cursor in moved_to else moved_to[0]
    return replace(form, tuning=tuning, cursor=cursor, only=form.only and cursor == form.cursor)
