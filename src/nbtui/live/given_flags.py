"""The flags of a command line that can change a pixel, and the options without them.

The rows are those of the simulator's table: nothing here names a flag.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

import nbsim
from nbtui.live.door import flags_in
from nbtui.live.model import Case
from nbtui.live.scene import DetectorStart, frame_of, parsed

Changes = Mapping[str, Any]  # fields of nbsim.Options

_NOT_OF_THE_PIXEL = ("Outputs",)  # sections of the table whose flags change no pixel
_BOOKKEEPING = ("argv", "as_c", "read_as", "ignored")  # fields of Options without physics


@dataclass(frozen=True)
class GivenFlag:
    """A flag of the command line, all its occurrences together."""

    name: str  # as typed
    row: nbsim.Flag
    spans: tuple[tuple[int, int], ...]  # in the command line
    words: tuple[str, ...]  # of the last occurrence

    @property
    def sets(self) -> frozenset[str]:
        """Fields of Options for its values."""
        return frozenset(self.row.sets)

    @property
    def fields(self) -> frozenset[str]:
        """Fields of Options that the flag is for: those of its values, or what a switch sets."""
        return frozenset(self.row.sets or self.row.also)

    @property
    def numbers(self) -> tuple[float, ...]:
        """Its values where they are real numbers, in the units of the flag."""
        if self.row.kind not in ("float", "depth") or not self.row.sets:
            return ()
        try:
            return tuple(float(self.row.value(self.name, word)) for word in self.words)
        except nbsim.InputError:
            return ()  # a value that only the C program takes

    @property
    def units(self) -> tuple[str, ...]:
        """The unit of each number."""
        return self.row.units[: len(self.words)] or (self.row.unit,) * len(self.words)

    def storing(self, numbers: tuple[float, ...]) -> Changes:
        """The fields of other ``numbers`` in place of its own; empty if the flag refuses them."""
        put: dict[str, Any] = {}
        try:
            self.row.put(put, numbers)
        except (nbsim.NbsimError, ArithmeticError):
            return {}
        return {name: put[name] for name in self.row.sets}


def given_flags(case: Case) -> list[GivenFlag]:
    """The flags of the command line that can change a pixel.

    Raises:
        nbsim.InputError: the command line is unusable.
    """
    idle = {flag.names for title, flags in nbsim.SECTIONS if title in _NOT_OF_THE_PIXEL for flag in flags}
    found: dict[tuple[str, ...], GivenFlag] = {}
    for start, end, row, words in flags_in(case.argv, compat=case.compat):
        if row.names not in idle and not row.does_nothing:
            before = found[row.names].spans if row.names in found else ()
            found[row.names] = GivenFlag(case.argv[start], row, (*before, (start, end)), words)
    return list(found.values())


def differences(old: nbsim.Options, new: nbsim.Options) -> Changes:
    """Fields of ``new`` that differ from ``old``."""
    names = [field.name for field in fields(nbsim.Options) if field.name not in _BOOKKEEPING]
    return {name: getattr(new, name) for name in names if getattr(new, name) != getattr(old, name)}


def without(case: Case, typed: nbsim.Options, dropped: Iterable[GivenFlag]) -> Changes:
    """The changes of ``typed``, the options of the case, without some flags; empty if the rest is no command line."""
    gone = {at for flag in dropped for start, end in flag.spans for at in range(start, end)}
    rest = tuple(word for at, word in enumerate(case.argv) if at not in gone)
    try:
        return differences(typed, parsed(replace(case, argv=rest)))
    except nbsim.NbsimError:
        return {}


def without_values(typed: nbsim.Options, dropped: Iterable[GivenFlag]) -> Changes:
    """The changes of ``typed`` without the values of some flags, side effects kept."""
    plain = nbsim.Options()
    names = [name for flag in dropped for name in flag.row.sets]
    return {name: getattr(plain, name) for name in names if getattr(typed, name) != getattr(plain, name)}


@cache
def default_frame(convention: str) -> DetectorStart:
    """The directions of a convention without any vector given."""
    return frame_of(nbsim.Options(convention=convention))
