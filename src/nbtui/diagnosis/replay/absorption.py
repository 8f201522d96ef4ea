"""Capture fraction of the detector layers. Source: nanobragg_pixel_loop.md section 4.4."""

from __future__ import annotations

import numpy as np

from nbtui.live.scene import Array, Scene


def capture_fraction(scene: Scene, outgoing: Array, *, absolute: bool) -> Array:
    """Share absorbed in each layer, (layer, subpixel); ``absolute``: of |d . o| in place of d . o."""
    if scene.thickness == 0.0 and not scene.oversample_thick:
        return np.ones(outgoing.shape[:2])
    parallax = outgoing @ scene.normal
    if absolute:
        parallax = np.abs(parallax)
    front = np.arange(scene.n_layers)[:, None] * scene.layer
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        near = np.exp(-front * scene.attenuation / parallax)
        far = np.exp(-(front + scene.layer) * scene.attenuation / parallax)
    return np.asarray(near - far)
