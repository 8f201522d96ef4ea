"""One row of the parameter table: additions of nbtui to a flag of the simulator.

Unit, bounds, default and help of a parameter are those of its flag; the row refers to the flag by name. Reading one
of them imports nbsim.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from functools import cache, cached_property
from typing import Any

import nbsim

Value = float | int | str | bool | tuple[float, ...] | None  # None: not given, or not known
Choices = tuple[tuple[Value, tuple[str, ...]], ...]  # each value with the words that set it

EXACT = 1e-9  # relative; far above the rounding to 15 digits, far below any change that a user types
PRINTED = 5.1e-6  # relative: half a unit of the last of 6 digits
NUMBER = r"([-+0-9.eE]+|inf)"  # of a C log, as a pattern


class Group(StrEnum):
    """A section of the form."""

    BEAM = "beam"
    DETECTOR = "detector"
    CRYSTAL = "crystal"
    PHI = "phi and mosaic"
    SAMPLING = "sampling"
    QUIRKS = "quirks"


class Kind(StrEnum):
    """The kind of value of a parameter."""

    NUMBER = "number"
    WHOLE = "whole"
    SWITCH = "switch"
    CHOICE = "choice"
    NUMBERS = "numbers"  # several values in one row
    TEXT = "text"


@dataclass(frozen=True)
class Printed:
    """A number in a plain line of C's set-up, 6 digits."""

    pattern: str
    place: int = 0  # among the groups of ``pattern``
    factor: float = 1.0  # from C's unit to that of the flag
    minus: int | None = None  # group to subtract, where C prints the end of a range


@dataclass(frozen=True)
class Traced:
    """Trace fields that show a value with 15 digits."""

    fields: tuple[str, ...]
    of: Callable[[Sequence[Sequence[float]]], Value]  # the value, from the numbers of each field
    size: int = 1  # numbers of each field
    within: float = EXACT
    only_while: tuple[str, Value] | None = None  # id and value of a parameter; else the fields show something else


@dataclass(frozen=True)
class Fit:
    """The search of the diagnosis for a different value of a parameter."""

    step: float  # of the numerical derivative, in the unit of the parameter
    absent_at_zero: bool = False  # zero or not given: nothing to vary
    idle_while: tuple[str, Value] | None = None  # no effect while that parameter has that value; None: any value
    clears: str = ""  # id of the parameter that overrules this one


@dataclass(frozen=True)
class Parameter:
    """One row.

    ``flag`` is the flag that sets it; settings of nbtui itself name ``own``, their row among nbsim's own options. A
    switch or choice lists the words of each value. ``read`` takes the effective value from a built experiment; without
    it the value of the command line is effective.
    """

    id: str
    label: str
    group: Group
    flag: str = ""
    _: KW_ONLY
    step: float | None = None  # of a nudge; None: one unit of the second digit, 1 for whole numbers
    part: int | None = None  # position among the values of the flag
    words: Choices = ()
    names: tuple[str, ...] = ()  # of the choices, where their values are not self-explanatory
    text: str = ""  # help in place of the flag's
    stored: str = ""  # field of Options, where it is not the first that the flag sets
    blank: Value = None  # the value where the command line gives none
    own: str = ""
    overruled_by: str = ""  # id of a parameter that leaves this one without effect while it is given and not 0
    last: bool = False  # a new flag takes effect only in last position
    read: Callable[[nbsim.Experiment], Value] | None = None
    printed: Printed | None = None
    says: tuple[tuple[str, Value], ...] = ()  # words of C's log, and the value they mean
    traced: Traced | None = None
    in_c: Value = None  # the value that the C program always has
    fit: Fit | None = None

    @cached_property
    def row(self) -> nbsim.Flag:
        """The row of the flag in the simulator's table."""
        return _row(self.flag)

    @cached_property
    def field(self) -> str:
        """Field of the simulator's Options; of :class:`nbtui.live.model.Settings`, or a quirk, without a flag."""
        if self.stored:
            return self.stored
        if self.own:
            return self.own.lstrip("-").replace("-", "_")
        return next(iter((*self.row.sets, *self.row.also)))

    @cached_property
    def name(self) -> str:
        """The label without its indentation."""
        return self.label.strip()

    @cached_property
    def help(self) -> str:
        """Help on the parameter."""
        return self.text or (_own(self.own)[0] if self.own else self.row.help)

    @cached_property
    def choices(self) -> Choices:
        """Every value of a switch or choice, with the words that set it."""
        return tuple((name, ()) for name in _own(self.own)[1]) if self.own else self.words

    @cached_property
    def kind(self) -> Kind:
        """The kind of its values."""
        if self.choices:
            switch = not self.names and {value for value, _ in self.choices} == {False, True}
            return Kind.SWITCH if switch else Kind.CHOICE
        if self.row.kind == "str":
            return Kind.TEXT
        if self.row.values > 1 and self.part is None:
            return Kind.NUMBERS
        return Kind.WHOLE if self.row.kind == "int" else Kind.NUMBER

    @cached_property
    def unit(self) -> str:
        """The unit of its values, shown and typed."""
        if self.choices:
            return ""
        return self.row.units[self.part] if self.part is not None and self.row.units else self.row.unit

    @cached_property
    def size(self) -> int:
        """Number of values of its flag."""
        return self.row.most or self.row.values

    @cached_property
    def per(self) -> float:
        """Factor from the field of Options to the unit shown."""
        return self.row.divide

    @cached_property
    def initial(self) -> Value:
        """The value without its flag; None without a default, or where the set-up chooses one."""
        value: Value = self.row.initial
        return self.blank if value is None else value

    @property
    def nudged(self) -> bool:
        """Whether it can be nudged up and down."""
        return self.kind not in (Kind.NUMBERS, Kind.TEXT)


@cache
def _row(name: str) -> nbsim.Flag:
    found = nbsim.flag_named(name)
    if found is None:
        raise KeyError(f"{name}: not a flag of the simulator")
    return found


@cache
def _own(name: str) -> tuple[str, tuple[str, ...]]:
    """Help and choices of one of nbsim's own options."""
    return next((option.help, option.choices) for option in nbsim.OWN if option.name == name)


def switched(flag: str, *words: str) -> Choices:
    """The values of a switch that a flag turns on."""
    return (False, ()), (True, (flag, *words))


# --- trace fields ----------------------------------------------------------------------------------------------------


def scalar(name: str, factor: float = 1.0, only_while: tuple[str, Value] | None = None) -> Traced:
    """The one number of a field."""
    return Traced((name,), lambda fields: fields[0][0] * factor, only_while=only_while)


def on_off(name: str) -> Traced:
    """A field that is 0 or 1."""
    return Traced((name,), lambda fields: bool(fields[0][0]))


def vector(name: str) -> Traced:
    """The three numbers of a line that is printed with 6 digits."""
    return Traced((name,), lambda fields: tuple(fields[0]), 3, PRINTED)


def angle(place: int) -> Traced:
    """A detector rotation [degrees]."""
    return Traced(("angles_rad",), lambda fields: math.degrees(fields[0][place]), 4)


def edge(axis: str) -> Traced:
    """The length of a cell vector, which is invariant under rotation."""
    return Traced((f"rot_{axis}_angstroms",), lambda fields: math.hypot(*fields[0]), 3)


def between(first: str, second: str) -> Traced:
    """The angle between two cell vectors [degrees], which is invariant under rotation."""

    def of(fields: Sequence[Sequence[float]]) -> Value:
        (x, y, z), (u, v, w) = fields
        across = math.hypot(y * w - z * v, z * u - x * w, x * v - y * u)
        return math.degrees(math.atan2(across, x * u + y * v + z * w))

    return Traced((f"rot_{first}_angstroms", f"rot_{second}_angstroms"), of, 3)


# --- a built experiment ----------------------------------------------------------------------------------------------


def steps_of(name: str, part: str, factor: float = 1.0) -> Callable[[nbsim.Experiment], Value]:
    """A range or step of a plan of the set-up."""

    def read(experiment: nbsim.Experiment) -> Value:
        return factor * float(getattr(getattr(nbsim, name)(experiment.options), part))

    return read


def count_of(name: str) -> Callable[[nbsim.Experiment], Value]:
    """The number of steps of a plan of the set-up."""

    def read(experiment: nbsim.Experiment) -> Value:
        return int(getattr(nbsim, name)(experiment.options).count)

    return read


def triple(of: Callable[[nbsim.Experiment], Any]) -> Callable[[nbsim.Experiment], Value]:
    """A vector of the experiment."""
    return lambda experiment: tuple(float(x) for x in of(experiment))
