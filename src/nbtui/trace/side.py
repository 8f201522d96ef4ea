"""The sides of a comparison: whose a trace is, and how sentences name it.

The reference is a C log, or our simulator standing in for a C program; the suspect is the user's log; live is our
simulator as it is set now.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from nbtui.paths import RECORDED_LOG
from nbtui.trace.model import Trace


class Role(StrEnum):
    """The part of a trace in a comparison."""

    REFERENCE = "reference"
    SUSPECT = "suspect"
    LIVE = "live"


@dataclass(frozen=True)
class SideName:
    """The names of one side."""

    role: Role
    name: str  # before a value, above a column
    noun: str  # inside a sentence
    program: str  # what made it

    @property
    def subject(self) -> str:
        """The noun at the start of a sentence."""
        return self.noun[0].upper() + self.noun[1:]

    @property
    def owner(self) -> str:
        """Before a noun: C's, your log's."""
        return f"{self.name}'s"


C = SideName(Role.REFERENCE, "C", "the C log", "the C program")
SIMULATED_C = SideName(Role.REFERENCE, "simulated C", "the simulated C trace", "the simulated C program")
YOUR_LOG = SideName(Role.SUSPECT, "your log", "your log", "your program")
SUSPECT_LOG = SideName(Role.SUSPECT, "Python", "the Python log", "the Python program")  # to a reader of a package
RECORDED = SideName(Role.SUSPECT, "recorded", "the recorded trace", "the recorded nbsim")  # of the demo
KEPT = SideName(Role.SUSPECT, "package", "the trace of the package", "the simulator")  # simulated for a package
LIVE = SideName(Role.LIVE, "live", "the live trace", "the simulator")

Pair = tuple[SideName, SideName]


def pair_of(reference: Trace, other: Trace) -> Pair:
    """The sides of a reference and another trace, by their origin."""
    return (SIMULATED_C if reference.simulated else C), (LIVE if other.simulated else of_log(other))


def of_log(log: Trace) -> SideName:
    """The side of a log: the user's, or the recorded one of the demo."""
    return RECORDED if log.origin == str(RECORDED_LOG) else YOUR_LOG
