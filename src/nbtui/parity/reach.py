"""Which differences reach the pixel.

A difference whose every path to the stored value passes through a compared value that agrees does not reach it: the
line differs in the print, or was taken elsewhere. The paths are those of the field catalogue; values that only one side
prints stop nothing. A set of occurrences (blocks, or phi lines) is an integer with a bit for each: a comparison may
have millions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from nbtui.parity.streams import FINAL, apart, consumers, inputs
from nbtui.trace.fields import catalogue
from nbtui.trace.fields.field import Stage

PIXEL = (FINAL, "floatimage_accumulated")


class Way(NamedTuple):
    """The occurrences of a field in which a difference reaches the pixel."""

    everywhere: bool
    at: int  # a set

    def holds(self, occurrence: int) -> bool:
        """Whether it does in this one."""
        return self.everywhere or bool(self.at >> occurrence & 1)


class Reach:
    """The ways from every field to the pixel. ``compared``, ``differing``: its occurrences on both sides, as sets."""

    def __init__(self, compared: Callable[[str], int], differing: Callable[[str], int]) -> None:
        self._compared, self._differing = compared, differing
        self._known: dict[str, Way] = {}

    def way(self, name: str) -> Way:
        """Where a difference of this field reaches the pixel, or shows one of a value that does and is not printed."""
        found = self._forward(name)
        if found.everywhere or consumers(name) or name in PIXEL:
            return found
        if _stage(name) is Stage.GRADIENTS:
            return found
        return Way(any(self._reaches_unseen(other) for other in inputs(name)), 0)

    def _forward(self, name: str) -> Way:
        if name in PIXEL:
            return Way(True, 0)
        if name not in self._known:
            self._known[name] = self._found(name)
        return self._known[name]

    def _found(self, name: str) -> Way:
        everywhere, at = False, 0
        here = self._compared(name)
        for follower in consumers(name):
            beyond = self._forward(follower)
            compared, differing = self._compared(follower), self._differing(follower)
            unseen = here & ~compared
            if not compared and beyond.everywhere:
                everywhere = True
            elif _apart(name, follower):
                at |= differing | unseen if beyond.everywhere else (differing | unseen) & beyond.at
            else:
                through = differing if compared else -1
                everywhere |= bool(through if beyond.everywhere else through & beyond.at)
        return Way(everywhere, at)

    def _reaches_unseen(self, name: str) -> bool:
        """Whether a value that is not compared may differ and reach the pixel."""
        if self._compared(name):
            return False
        found = self._forward(name)
        return found.everywhere or bool(found.at) or any(map(self._reaches_unseen, inputs(name)))


def _apart(one: str, other: str) -> bool:
    return apart((one, _stage(one)), (other, _stage(other)))


def _stage(name: str) -> Stage:
    known = catalogue.field(name)
    return known.stage if known else Stage.OTHER


def stops(name: str, agrees: Callable[[str], bool]) -> Iterator[str]:
    """The agreeing fields at which the ways from a field to the pixel end."""
    seen, waiting = {name}, list(consumers(name))
    while waiting:
        follower = waiting.pop(0)
        if follower not in seen:
            seen.add(follower)
            if agrees(follower):
                yield follower
            else:
                waiting += consumers(follower)
