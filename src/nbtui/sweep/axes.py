"""Axes of the option space: a flag and the values to try, and a command line with some of them put in."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from nbtui.errors import UnusableInput
from nbtui.live.door import flags_in
from nbtui.live.flag_table import flag_named
from nbtui.trace.text import clean

Words = tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """One value of an axis.

    Attributes:
        axis: the flag that the axis varies.
        words: put into the command line, further flags included; empty: the flag is absent.
    """

    axis: str
    words: Words

    @property
    def text(self) -> str:
        """The choice as typed."""
        return " ".join(self.words) or f"without {self.axis}"

    @cached_property
    def rows(self) -> frozenset[Words]:
        """Rows of the flag table that the choice decides, by their names."""
        named = {row.names for _, _, row, _ in flags_in(self.words)} if self.words else set()
        own = flag_named(self.axis)
        return frozenset(named | ({own.names} if own is not None else set()))


@dataclass(frozen=True)
class Interval:
    """A range of numbers to draw from."""

    low: float
    high: float
    whole: bool = False

    def drawn(self, rng: random.Random) -> str:
        """A number in it, as typed."""
        if self.whole:
            return str(rng.randint(int(self.low), int(self.high)))
        return f"{rng.uniform(self.low, self.high):.6g}"

    @property
    def ends(self) -> tuple[str, str]:
        """Both ends, as typed."""
        first, last = (str(int(value)) if self.whole else f"{value:.6g}" for value in (self.low, self.high))
        return first, last


@dataclass(frozen=True)
class Axis:
    """A flag and its values: fixed ones, or a range."""

    flag: str
    fixed: tuple[Words, ...] = ()
    interval: Interval | None = None

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The values to enumerate: the fixed ones, or both ends of the range."""
        if self.interval is None:
            return tuple(Choice(self.flag, words) for words in self.fixed)
        return tuple(Choice(self.flag, (self.flag, end)) for end in self.interval.ends)

    def drawn(self, rng: random.Random) -> Choice:
        """One value at random."""
        if self.interval is None:
            return rng.choice(self.choices)
        return Choice(self.flag, (self.flag, self.interval.drawn(rng)))


def checked_axis(flag: str, where: str) -> str:
    """The flag of an axis as the table spells it. Raises UnusableInput for any other."""
    row = flag_named(flag)
    if row is None or flag not in row.spellings:
        raise UnusableInput(f"{where}: {clean(flag)} is not a flag of nanoBragg; docs/flags.md lists them")
    return row.names[0]


def followed(command: Words) -> Words:
    """The same command line for a program that receives further words: -curved_det not last.

    The C program ignores it as the last word of all (nanobragg_setup.md), and the words of a suspect command follow.
    """
    return ("-curved_det", *command[:-1]) if command[-1:] == ("-curved_det",) else command


def applied(base: Sequence[str], choices: Iterable[Choice]) -> Words:
    """``base`` with ``choices`` put in: their flags are removed from it, and their words follow at its end.

    Raises:
        InputError (nbsim): the base is unusable for the C program as well.
    """
    taken = tuple(choices)
    decided = frozenset(row for choice in taken for row in choice.rows)
    kept: list[str] = []
    at = 0
    for start, end, row, _ in flags_in(tuple(base)):
        kept += base[at:start]
        if row.names not in decided:
            kept += base[start:end]
        at = end
    kept += base[at:]
    return (*kept, *(word for choice in taken for word in choice.words))
