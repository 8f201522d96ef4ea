"""Single precision from a stage on, imitated by random rounding errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbtui.live.scene import Array
from nbtui.trace.fields.catalogue import STAGES, Stage


@dataclass(frozen=True)
class PrecisionRules:
    """From which stage on values are rounded, an index into STAGES; -1: from none."""

    noise_from: int = -1
    noise_seed: int = 0


class Noise:
    """Rounding errors of half a unit in the last place of a float32 number, drawn for every value.

    The stages of a replay draw from one sequence, in the order of the pipeline.
    """

    def __init__(self, rules: PrecisionRules) -> None:
        self._start = rules.noise_from
        self._rng = np.random.default_rng(rules.noise_seed) if rules.noise_from >= 0 else None

    @property
    def silent(self) -> bool:
        """Whether nothing is rounded."""
        return self._rng is None

    def __call__(self, stage: Stage, value: Array, scale: Array | float | None = None) -> Array:
        """``value`` as computed in ``stage``; the error is relative to ``scale``, by default to the value itself."""
        if self._rng is None or STAGES.index(stage) < self._start:
            return value
        size = np.abs(value) if scale is None else np.broadcast_to(np.abs(scale), np.shape(value))
        return np.asarray(value + size * self._rng.uniform(-1.0, 1.0, np.shape(value)) * 2.0**-24)
