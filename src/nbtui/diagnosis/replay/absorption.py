"""Capture fraction of the detector layers. Source: nanobragg_pixel_loop.md section 4.4."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nbtui.live.scene import Array, Scene


def capture_fraction(
    scene: Scene, outgoing: Array, layers: npt.NDArray[np.int64], *, absolute: bool, thick_flag_zeroes: bool
) -> Array:
    """Share absorbed in each of ``layers``, (layer, subpixel), of the rays ``outgoing`` (layer, subpixel, 3).

    ``absolute``: of |d . o| in place of d . o; ``thick_flag_zeroes``: with -oversample_thick, a detector without
    thickness absorbs nothing.
    """
    if scene.thickness == 0.0 and not (scene.oversample_thick and thick_flag_zeroes):
        return np.ones(outgoing.shape[:2])
    parallax = outgoing @ scene.normal
    if absolute:
        parallax = np.abs(parallax)
    front = layers[:, None] * scene.layer
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        near = np.exp(-front * scene.attenuation / parallax)
        far = np.exp(-(front + scene.layer) * scene.attenuation / parallax)
    return np.asarray(near - far)
