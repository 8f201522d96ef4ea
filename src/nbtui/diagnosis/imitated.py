"""A replay with the causes of a difference as a simulation: trace lines and terms of the live side."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np

from nbtui.diagnosis.explain.imitation import Imitation
from nbtui.diagnosis.replay.lines import Lines
from nbtui.diagnosis.replay.replay import Replay, replay
from nbtui.live.model import Simulation, TermTable
from nbtui.live.scene import Scene
from nbtui.trace.reading.reader import parse_lines

FLAGS = ("oversample_thick", "oversample_polar", "oversample_omega")
FACTORS = ("F_latt_a", "F_latt_b", "F_latt_c")


def imitated(imitation: Imitation, on: Collection[str], plain: Simulation) -> Simulation:
    """The pixel with the causes ``on``; ``plain``: the simulation of the same case as C simulates it.

    Only the lines of the pixel loop are made: the set-up of a program with other rules is not known.
    """
    if not on:
        return plain
    started = time.perf_counter()
    setup = imitation.setup(on)
    with np.errstate(all="ignore"):
        made = replay(setup)
    scene = setup.scene
    lines = tuple(_lines({**made.fields, **_flags(scene)}, made.phi, tuple(dict.fromkeys(plain.trace.names()))))
    layers, subpixels, sources, n_phi, domains = made.terms.shape
    over = math.isqrt(subpixels)
    return replace(
        plain,
        trace_lines=lines,
        trace=replace(parse_lines(lines, "live"), side="PY", pixel=plain.pixel, simulated=True),
        terms=_table(made, over, scene),
        axes={
            "thick": layers,
            "sub_slow": over,
            "sub_fast": over,
            "source": sources,
            "phi_step": n_phi,
            "mosaic_domain": domains,
        },
        phi_deg=tuple(math.degrees(scene.phi_start + scene.phi_step * step) for step in range(n_phi)),
        n_cells=scene.n_cells,
        steps=scene.n_terms,
        seconds=time.perf_counter() - started,
        printout_lines=(),
        causes=tuple(cause for cause in imitation.ids if cause in on),
    )


def _flags(scene: Scene) -> Lines:
    """The lines of -oversample_thick, _polar and _omega."""
    return {name: np.asarray([[float(getattr(scene, name))]]) for name in FLAGS}


def _lines(fields: Lines, phi: Lines, order: Sequence[str]) -> Iterator[str]:
    """Trace lines, block after block with their phi lines, then those printed once."""
    blocks = max((len(fields[name]) for name in order if name in fields), default=0)
    names = [name for name in order if name in fields]
    repeated = [name for name in names if len(fields[name]) == blocks and (blocks > 1 or _of_block(name, fields))]
    for block in range(blocks):
        yield from (_line(name, fields[name][block]) for name in repeated)
        yield from _phi_lines(phi, block)
    yield from (_line(name, fields[name][-1]) for name in names if name not in repeated)


def _of_block(name: str, fields: Lines) -> bool:
    """Whether a line of the only block comes before the phi lines: the sum and what follows it come after."""
    names = list(fields)
    return names.index(name) < names.index("I_before_scaling") if "I_before_scaling" in fields else True


def _line(name: str, values: np.ndarray) -> str:
    return f"TRACE_PY: {name} {' '.join(f'{value:.15g}' for value in values.tolist())}"


def _phi_lines(lines: Lines, block: int) -> Iterator[str]:
    if not lines:
        return
    rows = {name.removeprefix("phi."): values[min(block, len(values) - 1)] for name, values in lines.items()}
    for step in range(len(next(iter(rows.values())))):
        pairs = (f"{name}={values[step]:.15g}" for name, values in rows.items())
        yield f"TRACE_PY_PHI phi_tic={step} {' '.join(pairs)}"


def _table(made: Replay, over: int, scene: Scene) -> TermTable:
    """The terms that are not skipped."""
    layer, sub, source, phi, domain = at = np.nonzero(made.terms)
    hkl, nearest, factors = (made.parts[name][at] for name in ("hkl", "nearest", "factors"))
    square = scene.shape == "SQUARE"
    return TermTable(
        thick=layer,
        sub_slow=sub // over,
        sub_fast=sub % over,
        source=source,
        phi_step=phi,
        mosaic_domain=domain,
        h=hkl[:, 0],
        k=hkl[:, 1],
        l=hkl[:, 2],
        h0=nearest[:, 0],
        k0=nearest[:, 1],
        l0=nearest[:, 2],
        F_latt=made.parts["F_latt"][at],
        F_cell=made.parts["F_cell"][at],
        F_cell2_F_latt2=made.terms[at],
        **({name: factors[:, axis] for axis, name in enumerate(FACTORS)} if square else {}),
    )
