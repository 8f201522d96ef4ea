"""One row of the option table: the facts of a flag, and the reading of its values.

The parser, ``--help``, docs/flags.md and the programs that edit a command line take names, units, bounds and defaults
from these rows, which keeps them consistent.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nbsim.errors import InputError
from nbsim.options.options import NOT_GIVEN, Options
from nbsim.options.quirks import Quirks

Changes = dict[str, Any]
Special = Callable[[Changes, tuple[Any, ...], Quirks], None]

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_LARGEST_INTEGER = 2**31 - 1
_LARGEST = {"mm": 1e9, "um": 1e9, "A": 1e6, "deg": 1e6, "mrad": 1e6, "eV": 1e12, "px": 1e9, "m": 1e9, "s": 1e12}
_LARGEST_NUMBER = 1e60  # its powers are still finite
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_KINDS = {"float": "X", "int": "N", "str": "WORD", "depth": "X"}


@dataclass(frozen=True)
class Bounds:
    """The range of valid numbers."""

    low: float
    high: float
    above: bool = False  # ``low`` itself is invalid

    def is_below(self, value: float) -> bool:
        """Whether a number is too small."""
        return value < self.low or (self.above and value == self.low)


@dataclass(frozen=True)
class Flag:
    """One row of the option table."""

    names: tuple[str, ...]
    values: int  # required number of values
    kind: str  # "float", "int", "str", or "depth": a float or "inf"
    help: str
    sets: tuple[str, ...] = ()  # Options fields that receive the value(s)
    unit: str = ""
    units: tuple[str, ...] = ()  # of each value, where they differ
    most: int = 0  # largest number of values, where greater than ``values``
    divide: float = 1.0  # typed number / divide = stored number
    also: Mapping[str, Any] = field(default_factory=dict)  # fixed side effects
    stems: tuple[str, ...] = ()  # documented open-ended spellings ("-wave..." )
    special: Special | None = None  # replaces ``sets`` where a rule is needed
    typed: str = ""  # names of the values; derived from kind and unit if empty
    exact: bool = False  # C compares the whole token with ``names``; otherwise it finds them anywhere in it
    ends: bool = False  # C looks for no further option in this token
    low: float = -math.inf  # smallest valid value
    above: bool = False  # ``low`` itself is invalid
    high: float | None = None  # largest one, on either side of zero; default: by the unit
    unset: bool = False  # C treats a value below ``low`` as not given, or as ``low``
    gradient: str = ""  # field of setup's Parameters: the image follows the typed number smoothly through it

    @property
    def spellings(self) -> tuple[str, ...]:
        """Exact names, then stems."""
        return self.names + self.stems

    @property
    def follows(self) -> str:
        """Placeholders of the values, for help and docs: ``MM``, ``FAST0 FAST1 SLOW0 SLOW1``."""
        one = self.unit.upper() if self.unit.isalpha() else _KINDS[self.kind]
        return self.typed or " ".join([one] * self.values)

    @property
    def bounds(self) -> Bounds:
        """The valid values, in the unit of the flag."""
        if self.kind == "int":
            return Bounds(self.low, _LARGEST_INTEGER, self.above)
        high = _LARGEST.get(self.unit, _LARGEST_NUMBER) if self.high is None else self.high
        return Bounds(self.low, high, self.above)

    @cached_property
    def initial(self) -> Any:
        """The value without the flag, in its unit; None without a default, or where the set-up chooses one."""
        values = {getattr(Options(), name) for name in self.sets}
        value = values.pop() if len(values) == 1 else None
        if value is None or value == NOT_GIVEN or isinstance(value, (str, bool, tuple)):
            return None if value == NOT_GIVEN else value
        return value * self.divide if self.divide != 1.0 else value

    @property
    def default(self) -> str:
        """``initial`` as text; empty without a meaningful default."""
        value = None if self.special is not None else self.initial
        if value is None or isinstance(value, bool):
            return ""
        return f"{value:g}" if isinstance(value, float) else str(value)

    @property
    def does_nothing(self) -> bool:
        """C reads the flag but never uses it."""
        return not (self.sets or self.also or self.special)

    def value(self, name: str, word: str) -> Any:
        """The value of ``word``; ``name`` is its name in an error message.

        Raises:
            InputError: it is not a valid value, too small or too large.
        """
        value = number(name, word, self.kind)
        self.check(name, value)
        return value

    def complaint(self, value: Any) -> str:
        """Why a number is invalid, such as "must be at least 1 mm"; empty if it is valid."""
        if isinstance(value, str) or math.isinf(value):
            return ""
        unit, bounds = f" {self.unit}" if self.unit else "", self.bounds
        if abs(value) > bounds.high:
            return f"at most {bounds.high:g}{unit}{' on either side' if value < 0.0 else ''}"
        if not bounds.is_below(value):
            return ""
        if value <= 0.0 < self.low < 1.0:
            return "must be positive"
        return f"must be {'more than' if self.above else 'at least'} {self.low:g}{unit}"

    @property
    def nan_is_unset(self) -> bool:
        """Whether C takes the number ``nan`` for a missing flag."""
        return bool(self.sets) and self.values == 1 and all(getattr(Options(), name) is None for name in self.sets)

    def check(self, name: str, value: Any) -> None:
        """Refuse an invalid number.

        Raises:
            InputError: it is too small or too large.
        """
        complaint = self.complaint(value)
        if not complaint:
            return
        replaced = self.unset and not abs(value) > self.bounds.high
        instead = "; C treats it as not given" if replaced else ""
        raise InputError(f"{name} {value:g}: {complaint}{instead}")

    def put(self, changes: Changes, values: tuple[Any, ...], quirks: Quirks = Quirks()) -> None:  # noqa: B008
        """Store ``values``, in the units of the flag, as fields of Options; side effects included.

        Raises:
            InputError: an unknown word.
        """
        if self.special is not None:
            self.special(changes, values, quirks)
            return
        if self.values and self.sets:
            stored = values[0] if self.values == 1 and not self.most else values
            for name in self.sets:
                changes[name] = values[0] / self.divide if self.divide != 1.0 else stored
        changes.update(self.also)


def number(name: str, word: str, kind: str) -> Any:
    """``word`` as a number of ``kind``; ``name`` is the option it follows.

    Raises:
        InputError: it is not such a number.
    """
    if kind == "str":
        return word
    if kind == "int":
        if not _INTEGER.fullmatch(word):
            raise InputError(f"{name} {word}: needs a whole number such as 5 (not '{word}')")
        if len(word.lstrip("+-0")) > 10 or abs(int(word)) > _LARGEST_INTEGER:
            raise InputError(f"{name} {word}: at most {_LARGEST_INTEGER}; the C program would wrap it around")
        return int(word)
    if kind == "depth" and "inf" in word.lower():
        return math.inf
    if not NUMBER.fullmatch(word):
        raise InputError(f"{name} {word}: '{word}' is not a number")
    if not math.isfinite(float(word)):
        raise InputError(f"{name} {word}: too large for a number of 64 bits")
    return float(word)
