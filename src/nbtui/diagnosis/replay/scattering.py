"""Stage scattering: incident rays, scattering vectors, resolution cut.

Source: nanobragg_pixel_loop.md section 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nbtui.diagnosis.replay.pixel import PixelValues
from nbtui.diagnosis.replay.precision import Noise
from nbtui.live.scene import Array, Scene
from nbtui.trace.fields.catalogue import Stage

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ScatteringValues:
    """One entry for every (layer, subpixel, source): a pass of the loop."""

    incident: Array  # unit, source to sample, (source, 3)
    vectors: Array  # [1/m], (layer, subpixel, source, 3)
    alive: Flags  # not beyond the resolution cut, (layer, subpixel, source)


def scattering(scene: Scene, at: PixelValues, noise: Noise) -> ScatteringValues:
    """(d - i) / lambda for every source."""
    incident = -scene.sources
    vectors = (at.outgoing[:, :, None, :] - incident) / scene.source_wavelengths[:, None]
    vectors = noise(Stage.SCATTERING, vectors)
    length = np.linalg.norm(vectors, axis=-1)
    alive = np.ones(length.shape, dtype=bool)
    if scene.dmin > 0.0:
        alive = ~((length > 0.0) & (scene.dmin > 1.0 / np.where(length > 0.0, length, 1.0)))
    return ScatteringValues(incident, vectors, alive)
