"""The detector placed from its frame. Source: nanobragg_setup.md section 2.5; hypotheses.md."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from nbtui.diagnosis.replay.rotation import rotation, rotation_xyz
from nbtui.live.scene import Array, DetectorStart, Scene


class Ratio(StrEnum):
    """Whether the ratio of close distance to distance includes two-theta."""

    WITHOUT = "without"  # C's (ratio_without_twotheta)
    AT_THE_END = "at the end"  # in the final distance only
    ALWAYS = "always"


@dataclass(frozen=True)
class PlacementRules:
    """How the detector is placed; the defaults are C's."""

    order: str = "xyz"  # of the rotations about the laboratory axes
    transposed: bool = False
    swing_transposed: bool = False
    swing_first: bool = False
    override: tuple[float, float, float] | None = None  # outer corner of the first pixel used as given [m]
    nominal_close: bool = False  # the nominal distance wherever the close distance belongs
    swing_in_ratio: Ratio = Ratio.WITHOUT


def placed(scene: Scene, frame: DetectorStart, rules: PlacementRules) -> Scene:
    """``scene`` with its detector placed from ``frame``, and the beam along the frame's."""
    turn, swing = _turns(frame, rules)
    whole = turn @ swing if rules.swing_first else swing @ turn
    plain, swung = (float(frame.beam @ (turned @ frame.normal)) or np.finfo(float).tiny for turned in (turn, whole))
    ratio = swung if rules.swing_in_ratio is Ratio.ALWAYS else plain
    final_ratio = plain if rules.swing_in_ratio is Ratio.WITHOUT else swung
    close = abs(ratio * frame.distance) if frame.close_distance is None else frame.close_distance
    distance = close / ratio
    if rules.nominal_close:
        close = distance = frame.distance
    fast, slow, normal = whole @ frame.fast, whole @ frame.slow, whole @ frame.normal
    if frame.pivot == "SAMPLE":
        along_fast, along_slow = frame.close_center
        pix0 = whole @ (-along_fast * frame.fast - along_slow * frame.slow + close * frame.normal)
    else:
        along_fast, along_slow = frame.beam_center
        pix0 = -along_fast * fast - along_slow * slow + distance * frame.beam
    if rules.override is not None:
        pix0 = np.asarray(rules.override)
    final_close = float(pix0 @ normal)
    same = np.all(scene.sources == -scene.beam, axis=-1)
    return replace(
        scene,
        fast=fast,
        slow=slow,
        normal=normal,
        pix0=pix0,
        close_distance=final_close,
        distance=final_close / final_ratio,
        beam=frame.beam,
        sources=np.where(same[:, None], -frame.beam, scene.sources),
    )


def _turns(frame: DetectorStart, rules: PlacementRules) -> tuple[Array, Array]:
    """Rotation about x, y, z and the two-theta rotation, each (3, 3)."""
    turn = rotation_xyz(frame.angles, rules.order)
    swing = rotation(frame.twotheta, frame.swing)
    if rules.transposed:
        turn = turn.T
    if rules.swing_transposed:
        swing = swing.T
    return turn, swing
