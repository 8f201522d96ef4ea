"""Background job of the parameters screen: build the experiment and read its effective values."""

from __future__ import annotations

from dataclasses import dataclass

from nbtui.console.jobs import explained
from nbtui.live.model import Case, Simulation
from nbtui.live.parameters.edits import Setup, in_force
from nbtui.live.parameters.parameter import Value
from nbtui.live.parameters.tuning import Tuning


@dataclass(frozen=True, eq=False)
class ValuesRead:
    """The effective values of a set-up, or why it is invalid; ``start``: those of the initial case."""

    setup: Setup
    values: dict[str, Value]
    start: dict[str, Value]
    problem: str = ""


def read(tuning: Tuning, case: Case, start: dict[str, Value], made: Simulation | None = None) -> ValuesRead:
    """The effective values of the start (if unknown yet) and of the current request; ``made``: the last simulation."""
    values: dict[str, Value] = {}
    problem = ""
    try:
        start = start or in_force(tuning.case, tuning.settings, made)
        values = start if tuning.now == tuning.base else in_force(tuning.of(case), tuning.now.settings, made)
    except Exception as error:  # the start, or the change, cannot be simulated: the form continues without values
        problem = explained(error).sentence
    return ValuesRead(tuning.now, values, start, problem)
