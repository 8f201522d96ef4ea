"""What a hypothesis changes: one variant is an id, which of its forms it is, and a function on a set-up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbtui.diagnosis.replay.rules import Setup
from nbtui.live.model import Case
from nbtui.live.scene import Scene
from nbtui.trace.model import Trace

Change = Callable[[Setup], Setup]


@dataclass(frozen=True)
class Variant:
    """One form of a hypothesis. ``price`` [bits] is what it costs beyond the usual."""

    id: str
    form: str
    change: Change
    price: float = 0.0
    options: tuple[tuple[str, Any], ...] = ()  # fields of the simulator's Options that say the same


@dataclass(frozen=True)
class Problem:
    """What the variants are made from: the case, C's set-up, and the trace that is to be explained."""

    case: Case
    base: Setup
    reference: Trace
    suspect: Trace

    @property
    def scene(self) -> Scene:
        return self.base.scene

    @property
    def workdir(self) -> Path:
        return self.case.workdir


Planter = Callable[[Problem], Iterator[Variant]]


def rule(**changes: Any) -> Change:
    """A change of loop rules."""
    return lambda setup: replace(setup, rules=replace(setup.rules, **changes))


def scene(**changes: Any) -> Change:
    """A change of the scene."""
    return lambda setup: replace(setup, scene=replace(setup.scene, **changes))


def both(first: Change, second: Change) -> Change:
    """Two changes, one after the other."""
    return lambda setup: second(first(setup))
