"""The crystal: cell, orientation, size and shape."""

from __future__ import annotations

import math
from collections.abc import Callable

import nbsim
from nbtui.live.parameters.parameter import (
    NUMBER,
    Fit,
    Group,
    Parameter,
    Printed,
    Value,
    between,
    edge,
    switched,
    triple,
)

_G = Group.CRYSTAL
_CELLS = r"xtal: (\d+)x(\d+)x(\d+) cells"
_MISSET = rf"misset angles = \[{NUMBER}, {NUMBER}, {NUMBER}\] degrees"


def _edge(name: str) -> Callable[[nbsim.Experiment], Value]:
    return lambda e: 1e10 * float(getattr(e.crystal, name).norm())


def _between(first: str, second: str) -> Callable[[nbsim.Experiment], Value]:
    def read(experiment: nbsim.Experiment) -> Value:
        import torch

        u, v = getattr(experiment.crystal, first), getattr(experiment.crystal, second)
        return math.degrees(math.atan2(float(torch.linalg.cross(u, v).norm()), float(u @ v)))

    return read


def _cells(axis: int) -> Callable[[nbsim.Experiment], Value]:
    return lambda e: e.crystal.whole_n_cells[axis]


ROWS = (
    *(Parameter(f"cell_{name}", f"cell {name}", _G, "-cell", text="edge of the unit cell", part=part, step=0.1,
                read=_edge(name), traced=edge(name), fit=Fit(1e-5)) for part, name in enumerate("abc")),
    *(Parameter(f"cell_{name}", f"cell {name}", _G, "-cell", text="angle of the unit cell", part=part, step=0.1,
                read=_between(*pair), traced=between(*pair), fit=Fit(1e-5))
      for part, name, pair in ((3, "alpha", "bc"), (4, "beta", "ca"), (5, "gamma", "ab"))),
    *(Parameter(f"misset_{name}", f"misset {name}", _G, "-misset", text=f"rotation about lab {name}", part=part,
                blank=0.0, step=0.1, overruled_by="misset_random", printed=Printed(_MISSET, part), fit=Fit(1e-5))
      for part, name in enumerate("xyz")),
    Parameter("misset_random", "random misset", _G, "-misset", text="random orientation, from a seed",
              stored="misset_random", words=switched("-misset", "random")),
    Parameter("misset_seed", "misset seed", _G, "-misset_seed"),
    *(Parameter(f"n_{name}", f"cells along {name}", _G, f"-N{name}", overruled_by=f"sample_{name}", read=_cells(part),
                printed=Printed(_CELLS, part)) for part, name in enumerate("abc")),
    *(Parameter(f"sample_{name}", f"width along {name}", _G, flag)
      for name, flag in (("a", "-sample_x"), ("b", "-sample_y"), ("c", "-sample_z"))),
    Parameter("shape", "shape", _G, "-square_xtal", text="shape of the crystal, or of its spots",
              words=(("SQUARE", ("-square_xtal",)), ("ROUND", ("-round_xtal",)), ("GAUSS", ("-gauss_xtal",)),
                     ("TOPHAT", ("-tophat_spots",))),
              says=(("parallelpiped xtal", "SQUARE"), ("ellipsoidal xtal", "ROUND"), ("gaussian xtal", "GAUSS"),
                    ("tophat-spot xtal", "TOPHAT"))),
    Parameter("fudge", "shape factor", _G, "-fudge", step=0.1, fit=Fit(1e-6, idle_while=("shape", "SQUARE"))),
    Parameter("matrix", "orientation matrix", _G, "-mat"),
    Parameter("spindle_axis", "phi axis", _G, "-spindle_axis", last=True, read=triple(lambda e: e.crystal.spindle)),
)  # fmt: skip
