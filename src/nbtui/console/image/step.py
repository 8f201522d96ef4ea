"""The step of the main screen on the image: where the lattice node of this step reflects, on both sides."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nbtui.console.main import stepping
from nbtui.console.main.contributions import Contributions, Side
from nbtui.console.main.state import State
from nbtui.live.images import Place, PreparedCase

NAMES, NODES = ("h", "k", "l"), ("h0", "k0", "l0")
SAME = 0.05  # pixels between two spots drawn as one


@dataclass(frozen=True)
class Spot:
    """A mark on the image."""

    sign: str
    tone: str
    name: str  # the side
    at: Place


@dataclass(frozen=True)
class StepMarks:
    """The step under the cursor, in words and as spots on the detector."""

    words: str
    node: str  # its indices
    spots: tuple[Spot, ...] = ()


def step_marks(state: State, frame: PreparedCase) -> StepMarks | None:
    """The spots of the step at the traced pixel; None without contributions."""
    grid, simulation = state.contributions, state.simulation
    if grid is None or simulation is None:
        return None
    place = _place(grid, state.block, simulation.pixel)
    live = _spot(state, grid, grid.py, place, frame)
    c = _spot(state, grid, grid.c, place, frame) if grid.c is not None else None
    node = " ".join(f"{grid.py.columns[name][state.place]:.0f}" for name in NODES) if live is not None else ""
    return StepMarks(stepping.words(state), node, _spots(live, c))


def _spots(live: Place | None, c: Place | None) -> tuple[Spot, ...]:
    if live is not None and c is not None and math.dist(live, c) <= SAME:
        return (Spot("%", "pass", "C, live", live),)
    found = [Spot("o", "bar-c", "C", c)] if c is not None else []
    return (*found, *([Spot("&", "bar-py", "live", live)] if live is not None else []))


def _place(grid: Contributions, block: int, pixel: tuple[int, int]) -> Place:
    """The centre of the block's sub-pixel."""
    _, slow, fast, _ = (int(index) for index in np.unravel_index(block, grid.shape[:4]))
    of = grid.shape[1]
    return pixel[0] + (slow + 0.5) / of - 0.5, pixel[1] + (fast + 0.5) / of - 0.5


def _spot(state: State, grid: Contributions, side: Side, place: Place, frame: PreparedCase) -> Place | None:
    """Where the step of one side is closest to its node; None without a term."""
    values = [float(side.columns[name][state.place]) for name in (*NAMES, *NODES)]
    if any(map(math.isnan, values)) or state.phi >= len(grid.phi_deg):
        return None
    h, k, l, *node = values
    return frame.spot(place, grid.phi_deg[state.phi], (h, k, l), (node[0], node[1], node[2]), grid.n_cells)
