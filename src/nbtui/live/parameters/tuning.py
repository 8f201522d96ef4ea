"""Changes of the parameters of a case: the requested set-up, undo, redo and reset.

Immutable. Source of the contract: design.md section 5, parameters.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache, reduce
from pathlib import Path

from nbtui.errors import UnusableInput
from nbtui.live.model import Case, Settings
from nbtui.live.parameters.edits import Edit, Setup, Typed, edited, same, typed
from nbtui.live.parameters.parameter import Value
from nbtui.live.parameters.table import QUIRK
from nbtui.live.parameters.values import word
from nbtui.live.programs import simulation_words

Edits = tuple[Edit, ...]
COMMAND = "command line"  # id of the edit for a command line changed elsewhere


@dataclass(frozen=True)
class Tuning:
    """A case at the start of nbtui, and the edits since.

    ``asked`` is the last simulated set-up; ``known`` has the effective values at the start, once
    they are read.
    """

    case: Case
    settings: Settings
    asked: Setup
    edits: Edits = ()
    past: tuple[Edits, ...] = ()
    future: tuple[Edits, ...] = ()
    known: Mapping[str, Value] = field(default_factory=dict, compare=False)
    now: Setup = field(default_factory=lambda: Setup((), Settings()))
    held: bool = False  # edits are held until released
    gap: float | None = None  # relative gap of the pixel at the start, once it is known

    @property
    def base(self) -> Setup:
        """The set-up at the start of nbtui."""
        return Setup(self.case.argv, self.settings, self.case.compat)

    @property
    def waiting(self) -> bool:
        """Whether the latest edit is not simulated yet."""
        return self.now != self.asked

    @cached_property
    def typed(self) -> Typed:
        """The values of the requested set-up, from its command line."""
        return _typed(self.now, self.case.workdir)

    @cached_property
    def changed(self) -> frozenset[str]:
        """Ids of the parameters that have changed since nbtui was started.

        A quirk that only follows the phi mode is not counted beside it. A command line that cannot be parsed counts as
        one change: the simulation reports the error.
        """
        mode = replace(self.settings, phi_mode=self.now.settings.phi_mode)
        try:
            now, base = self.typed, _typed(self.base, self.case.workdir)
            quirks = _typed(Setup(self.case.argv, mode, self.case.compat), self.case.workdir)
        except UnusableInput:
            return frozenset({COMMAND})
        before = {id: (quirks if id.startswith(QUIRK) else base).values[id] for id in now.values}
        return frozenset(id for id, value in now.values.items() if not same(value, before[id]))

    def of(self, case: Case) -> Case:
        """``case`` (its pixel) with the requested command line.

        A changed case has a different name and no folder, since ``command.txt`` there would contradict it.
        """
        if self.now.argv == self.case.argv:
            return replace(self.case, pixel=case.pixel)
        return replace(self.case, pixel=case.pixel, argv=self.now.argv, folder=None, name=f"{self.case.name}-changed")


@lru_cache(maxsize=16)
def _typed(setup: Setup, workdir: Path) -> Typed:
    return typed(setup, workdir)


def begun(case: Case, settings: Settings) -> Tuning:
    """A case without changes."""
    setup = Setup(case.argv, settings, case.compat)
    return Tuning(case, settings, setup, now=setup)


def put(tuning: Tuning, edit: Edit) -> Tuning:
    """Change one parameter, replacing its earlier edits; its initial value only removes them.

    Raises:
        UnusableInput: the value is invalid, would have no effect, or requires too many contributions.
    """
    others = tuple(other for other in tuning.edits if other.id != edit.id)
    before = _typed(tuning.base, tuning.case.workdir)
    at_start = edit.id in before.values and same(before.values[edit.id], edit.value)
    if at_start and same(_typed(applied(tuning, others), tuning.case.workdir).values[edit.id], edit.value):
        return _stepped(tuning, others)
    return _stepped(tuning, (*others, edit))


def restored(tuning: Tuning, id: str) -> Tuning:
    """Restore one parameter to its value at the start; the others stay changed.

    Raises:
        UnusableInput: another edit depends on it.
    """
    return _stepped(tuning, tuple(edit for edit in tuning.edits if edit.id != id))


def reset(tuning: Tuning) -> Tuning:
    """Restore all parameters, as a step that can be undone."""
    return _stepped(tuning, ())


def undone(tuning: Tuning) -> Tuning:
    """Undo one step; at the start, nothing."""
    if not tuning.past:
        return tuning
    return _at(tuning, tuning.past[-1], tuning.past[:-1], (tuning.edits, *tuning.future))


def redone(tuning: Tuning) -> Tuning:
    """Redo the step that was undone last."""
    if not tuning.future:
        return tuning
    return _at(tuning, tuning.future[0], (*tuning.past, tuning.edits), tuning.future[1:])


def synced(tuning: Tuning, argv: tuple[str, ...], settings: Settings) -> Tuning:
    """Take over a change made elsewhere: a phi mode, a quirk, another command line.

    It becomes a separate step, after any pending edits.
    """
    there = Setup(argv, settings, tuning.case.compat)
    if there == tuning.asked:
        return tuning
    told = tuning.asked
    edits = [Edit(name, getattr(settings, name)) for name in ("phi_mode", "dtype", "device")]
    edits = [edit for edit in edits if getattr(told.settings, edit.id) != edit.value]
    if settings.quirks != told.settings.quirks:
        edits += [Edit(f"{QUIRK}{name}", on) for name, on in settings.quirks]
    if argv != told.argv:
        edits.insert(0, Edit(COMMAND, shlex.join(argv)))
    ids = {edit.id for edit in edits}
    kept = tuple(edit for edit in tuning.edits if edit.id not in ids) if argv == told.argv else ()
    return replace(_stepped(tuning, (*kept, *edits)), asked=there)


def rebased(tuning: Tuning, case: Case) -> Tuning:
    """The same edits on a case whose command line has changed; earlier steps can no longer be undone.

    Raises:
        UnusableInput: an edit does not fit the new command line.
    """
    moved = replace(tuning, case=case, past=(), future=(), known={}, gap=None)
    return replace(moved, now=applied(moved, tuning.edits))


def applied(tuning: Tuning, edits: Edits) -> Setup:
    """The first set-up with these edits, in order. Raises UnusableInput."""

    def step(setup: Setup, edit: Edit) -> Setup:
        if edit.id == COMMAND:
            return replace(setup, argv=tuple(shlex.split(str(edit.value))))
        return edited(setup, edit, tuning.case.workdir, tuning.known)

    return reduce(step, edits, tuning.base)


def _stepped(tuning: Tuning, edits: Edits) -> Tuning:
    if edits == tuning.edits:
        return tuning
    return _at(tuning, edits, (*tuning.past, tuning.edits), ())


def _at(tuning: Tuning, edits: Edits, past: tuple[Edits, ...], future: tuple[Edits, ...]) -> Tuning:
    return replace(tuning, edits=edits, past=past, future=future, now=applied(tuning, edits))


# --- as a command line -----------------------------------------------------------------------------------------------


def c_command(case: Case) -> str:
    """The command line of the C program, quoted for a shell."""
    return _line(["nanoBragg", *_flags(case)])


def nbtui_command(case: Case, settings: Settings) -> str:
    """A command line of nbtui that repeats the comparison, or prints the Python trace if no C log exists."""
    words = ["nbtui", "trace", "--out", "-"] if case.c_log is None else ["nbtui", "compare", "--c", str(case.c_log)]
    words += ["--workdir", str(case.workdir), *([] if case.compat else ["--no-compat"]), *simulation_words(settings)]
    return _line([*words, "--", *_flags(case)])


def _flags(case: Case) -> list[str]:
    pixel = [] if case.pixel is None else ["-trace_pixel", word(case.pixel[0]), word(case.pixel[1])]
    return [*case.argv, *pixel]


def _line(words: list[str]) -> str:
    return " ".join(shlex.quote(text) if text.isprintable() else _escaped(text) for text in words)


def _escaped(text: str) -> str:
    """A word with control characters escaped for bash and zsh."""
    inside = "".join(
        char if char.isprintable() and char not in "\\'" else "".join(f"\\x{byte:02x}" for byte in char.encode())
        for char in text
    )
    return f"$'{inside}'"
