"""Detector and crystal made again with a rule of the set-up broken.

Source: nanobragg_setup.md sections 2.5 (detector), 3.3 and 3.4 (crystal); hypotheses.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from nbtui.diagnosis.replay.formulas import rotation, rotation_xyz
from nbtui.diagnosis.replay.rules import CrystalRules, DetectorRules, Setup
from nbtui.live.scene import Array, Cell, Frame


def with_frame(setup: Setup, rules: dict[str, Any] | None = None, **frame: Any) -> Setup:
    """``setup`` with its detector placed again from a changed frame and changed detector rules."""
    new = replace(setup, frame=replace(setup.frame, **frame), detector=replace(setup.detector, **(rules or {})))
    return replace(new, scene=_placed(new))


def _turns(frame: Frame, rules: DetectorRules) -> tuple[Array, Array]:
    """Rotation about x, y, z and the two-theta rotation, each (3, 3)."""
    turn = rotation_xyz(frame.angles, rules.order)
    swing = rotation(frame.twotheta, frame.swing)
    if rules.transposed:
        turn = turn.T
    if rules.swing_transposed:
        swing = swing.T
    return turn, swing


def _placed(setup: Setup) -> Any:
    frame, rules, scene = setup.frame, setup.detector, setup.scene
    turn, swing = _turns(frame, rules)
    whole = turn @ swing if rules.swing_first else swing @ turn
    ratio = float(frame.beam @ (turn @ frame.normal)) or np.finfo(float).tiny
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
    sources = np.where(same[:, None], -frame.beam, scene.sources)
    return replace(
        scene,
        fast=fast,
        slow=slow,
        normal=normal,
        pix0=pix0,
        close_distance=final_close,
        distance=final_close / ratio,
        beam=frame.beam,
        sources=sources,
    )


def with_cell(setup: Setup, rules: dict[str, Any] | None = None, **cell: Any) -> Setup:
    """``setup`` with its crystal made again from a changed cell and changed crystal rules."""
    new = replace(setup, cell=replace(setup.cell, **cell), crystal=replace(setup.crystal, **(rules or {})))
    direct, reciprocal = oriented(new.cell, new.crystal)
    return replace(new, scene=replace(new.scene, direct=direct * 1e-10, reciprocal=reciprocal))


def oriented(cell: Cell, rules: CrystalRules) -> tuple[Array, Array]:
    """Direct rows a, b, c [A] and reciprocal rows a*, b*, c* [1/A], misset applied."""
    stars = (cell.stars.T if rules.rows else cell.stars) * rules.scale
    turn = np.eye(3)
    if cell.misset is not None:
        turn = rotation_xyz(cell.misset, rules.order)
        turn = turn.T if rules.transposed else turn
    if rules.misset != "direct":
        stars = stars @ turn.T
    cross = np.stack([np.cross(stars[1], stars[2]), np.cross(stars[2], stars[0]), np.cross(stars[0], stars[1])])
    inverse = float(stars[0] @ cross[0])
    if cell.edges is not None and cell.volume is not None:
        inverse = 1.0 / cell.volume
        if rules.rescaled:
            wanted = np.asarray(cell.edges) / cell.volume
            cross = cross * (wanted / np.linalg.norm(cross, axis=1))[:, None]
    direct = cross / inverse
    if rules.regenerated:
        back = [np.cross(direct[1], direct[2]), np.cross(direct[2], direct[0]), np.cross(direct[0], direct[1])]
        stars = np.stack(back) * inverse
    if rules.misset != "reciprocal":
        direct = direct @ turn.T
    return direct, stars
