"""One row of the option table, and how its values are read."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nbsim.errors import InputError
from nbsim.options.options import Options
from nbsim.options.quirks import Quirks

Changes = dict[str, Any]
Special = Callable[[Changes, tuple[Any, ...], Quirks], None]

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_LARGEST_INTEGER = 2**31 - 1
_LARGEST = {"mm": 1e9, "um": 1e9, "A": 1e6, "deg": 1e6, "mrad": 1e6, "eV": 1e12, "px": 1e9, "m": 1e9, "s": 1e12}
_LARGEST_NUMBER = 1e60  # its powers are still numbers
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_KINDS = {"float": "X", "int": "N", "str": "WORD", "depth": "X"}


@dataclass(frozen=True)
class Flag:
    """One row of the option table."""

    names: tuple[str, ...]
    values: int  # how many values must follow
    kind: str  # "float", "int", "str", or "depth": a float or "inf"
    help: str
    sets: tuple[str, ...] = ()  # Options fields that receive the value(s)
    unit: str = ""
    divide: float = 1.0  # typed number / divide = stored number
    also: Mapping[str, Any] = field(default_factory=dict)  # fixed side effects
    stems: tuple[str, ...] = ()  # documented open-ended spellings ("-wave..." )
    special: Special | None = None  # replaces ``sets`` where a rule is needed
    typed: str = ""  # what follows, in words; made of kind and unit where empty
    exact: bool = False  # C compares the whole token with ``names``; otherwise it finds them anywhere in it
    ends: bool = False  # C looks for no further option in this token
    low: float = -math.inf  # smallest value that makes sense
    above: bool = False  # ``low`` itself does not
    high: float | None = None  # largest one; default: by the unit
    unset: bool = False  # below ``low`` C takes it as not given, or as ``low``

    @property
    def spellings(self) -> tuple[str, ...]:
        return self.names + self.stems

    @property
    def follows(self) -> str:
        """The words after the flag, for a reader: ``MM``, ``FAST0 FAST1 SLOW0 SLOW1``."""
        one = self.unit.upper() if self.unit.isalpha() else _KINDS[self.kind]
        return self.typed or " ".join([one] * self.values)

    @property
    def default(self) -> str:
        """The value in force without the flag, in its unit; empty where there is none to speak of."""
        values = {getattr(Options(), name) for name in self.sets}
        value = values.pop() if len(values) == 1 and self.special is None else None
        if value is None or value == -1 or isinstance(value, bool):
            return ""
        return value if isinstance(value, str) else f"{value * self.divide:g}"

    def check(self, name: str, value: Any, *, as_c: bool = False) -> None:
        """Refuse a number that nothing in an experiment has; ``as_c``: let pass what C has a meaning for.

        Raises:
            InputError: it is too small or too large.
        """
        if isinstance(value, str) or math.isinf(value):
            return
        unit = f" {self.unit}" if self.unit else ""
        high = _LARGEST.get(self.unit, _LARGEST_NUMBER) if self.high is None else self.high
        if abs(value) > high:
            raise InputError(f"{name} {value:g}: at most {high:g}{unit}{' on either side' if value < 0.0 else ''}")
        if not (value < self.low or (self.above and value == self.low)) or (as_c and self.unset):
            return
        bound = f"{'more than' if self.above else 'at least'} {self.low:g}{unit}"
        if value <= 0.0 < self.low < 1.0:
            bound = "positive"
        instead = "; C would take it as not given, and so does --compat" if self.unset else ""
        raise InputError(f"{name} {value:g}: must be {bound}{instead}")

    @property
    def does_nothing(self) -> bool:
        """C reads it and never uses it."""
        return not (self.sets or self.also or self.special)


def number(name: str, word: str, kind: str) -> Any:
    """``word`` as a flag of ``kind`` takes it; ``name`` is the option it follows.

    Raises:
        InputError: it is no such number.
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
