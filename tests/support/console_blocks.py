"""A pixel with terms at every place: layers, sub-pixels, sources, phi steps and mosaic domains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nbtui.console.main.contributions import arrange
from nbtui.console.main.state import State
from nbtui.live.model import TermTable
from support.console_toy import toy_state

SIZES = {"thick": 2, "sub_slow": 2, "sub_fast": 2, "source": 3, "phi_step": 3, "mosaic_domain": 2}


def full_table(origin: int = 0) -> TermTable:
    """A term at every place of SIZES; the n-th in order of accumulation (from 0) has F_latt n + 1 and F_cell 1."""
    places = np.indices(tuple(SIZES.values())).reshape(6, -1)
    n = places.shape[1]
    f_latt = np.arange(1.0, n + 1)
    thick, slow, fast, source, phi, domain = places
    return TermTable(
        thick=thick, sub_slow=slow, sub_fast=fast, source=source, phi_step=phi, mosaic_domain=domain,
        h=np.full(n, 1.25), k=np.full(n, 2.0), l=np.full(n, 3.0), h0=np.full(n, 1), k0=np.full(n, 2), l0=np.full(n, 3),
        F_latt=f_latt, F_cell=np.ones(n), F_cell2_F_latt2=f_latt**2,
        F_latt_a=f_latt / 6, F_latt_b=np.full(n, 2.0), F_latt_c=np.full(n, 3.0), F_cell_origin=np.full(n, origin),
    )  # fmt: skip


def blocks_state(origin: int = 0) -> State:
    toy = toy_state()
    assert toy.simulation is not None
    run = replace(toy.simulation, terms=full_table(origin), axes=SIZES, phi_deg=(0.0, 0.5, 1.0))
    return replace(toy, simulation=run, contributions=arrange(run, None))
