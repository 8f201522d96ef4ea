"""The oversampling that the size of the crystal requires. Source: nanobragg_setup.md section 3.6."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from nbtui.live.scene import Scene, Unusable

PER_SPOT = 3.0  # subpixels per width of a reciprocal-lattice spot
MOST = 100  # subpixels along an edge


def sampled(scene: Scene) -> Scene:
    """``scene`` with the oversampling of its detector and crystal, unless the command line gives one.

    Raises:
        Unusable: C would take too many subpixels to replay.
    """
    if scene.options.oversample > 0:
        return scene
    widest = float(np.max(np.linalg.norm(scene.direct, axis=1) * np.asarray(scene.n_cells)))
    resolved = scene.wavelength * scene.distance / scene.pixel_size
    needed = PER_SPOT * widest / resolved if resolved else math.inf
    if not needed <= MOST:
        raise Unusable(f"the changed set-up needs {needed:.3g} subpixels along an edge; at most {MOST} are replayed")
    return replace(scene, oversample=max(math.ceil(needed), 1))
