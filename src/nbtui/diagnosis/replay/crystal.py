"""Stage crystal: the cell vectors of every phi step and mosaic domain.

Source: nanobragg_pixel_loop.md section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nbtui.diagnosis.replay.precision import Noise
from nbtui.diagnosis.replay.rotation import rotation
from nbtui.diagnosis.replay.scattering import Flags, ScatteringValues
from nbtui.live.scene import Array, Scene
from nbtui.trace.fields.catalogue import Stage

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CrystalRules:
    """How the crystal is rotated."""

    phi_carryover: bool = True  # phi = 0 keeps the vectors of the last step
    mosaic_before_phi: bool = False


@dataclass(frozen=True)
class CrystalValues:
    """The cells, and which of them each pass uses at each phi step."""

    cells: Array  # rows a, b, c [m], (phi + 1, domain, 3, 3); the last is not rotated by phi
    used: Whole  # index into ``cells``, (pass, phi)


def crystal(scene: Scene, rules: CrystalRules, rays: ScatteringValues, noise: Noise) -> CrystalValues:
    """The rotated cells of the pixel."""
    spread = scene.mosaic
    if scene.mosaic_spread <= 0.0:
        spread = np.broadcast_to(np.eye(3), spread.shape)
    turns = [rotation(scene.spindle, angle) for angle in _angles(scene)]
    if rules.mosaic_before_phi:
        cells = np.einsum("pij,mjk,ak->pmai", np.stack([*turns, np.eye(3)]), spread, scene.direct)
    else:
        stack = np.stack([scene.direct @ turn.T for turn in turns] + [scene.direct])
        cells = np.einsum("mij,paj->pmai", spread, stack)
    return CrystalValues(noise(Stage.CRYSTAL, cells), _used(scene, rules, rays.alive))


def _angles(scene: Scene) -> list[float]:
    return [scene.phi_start + scene.phi_step * j for j in range(scene.n_phi)]


def _used(scene: Scene, rules: CrystalRules, alive: Flags) -> Whole:
    """The cell of every (pass, phi); passes beyond the resolution cut rotate nothing, and carry nothing over."""
    angles = _angles(scene)
    used = np.tile(np.arange(scene.n_phi, dtype=np.int64), (alive.size, 1))
    fresh = scene.n_phi
    turning = [j for j, angle in enumerate(angles) if angle != 0.0]
    if not rules.phi_carryover:
        for j in set(range(scene.n_phi)) - set(turning):
            used[:, j] = fresh
        return used
    carried = turning[-1] if turning and not scene.first_pixel else fresh
    for n in range(alive.size):
        if not alive.flat[n]:
            continue
        for j, angle in enumerate(angles):
            if angle != 0.0:
                carried = j
            used[n, j] = carried
    return used
