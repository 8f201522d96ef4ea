"""Polarization factor of Kahn et al. Source: nanobragg_pixel_loop.md section 6."""

from __future__ import annotations

import numpy as np

from nbtui.diagnosis.replay.rotation import unit
from nbtui.live.scene import Array, Scene


def kahn_polarization(incident: Array, outgoing: Array, scene: Scene) -> Array:
    """Factor (layer, subpixel, source) for unit vectors ``incident`` (source, 3), ``outgoing`` (layer, subpixel, 3)."""
    beams, rays = unit(incident), unit(outgoing)
    cosine = np.einsum("qi,tsi->tsq", beams, rays)
    swing = np.ones_like(cosine)
    if scene.kahn != 0.0:
        b_in = unit(np.cross(unit(scene.polar_axis), beams))
        e_in = unit(np.cross(beams, b_in))
        psi = -np.arctan2(np.einsum("qi,tsi->tsq", b_in, rays), np.einsum("qi,tsi->tsq", e_in, rays))
        swing = np.cos(2.0 * psi)
    return np.asarray(0.5 * (1.0 + cosine**2 - scene.kahn * swing * (1.0 - cosine**2)))
