"""The crystal oriented from its cell. Source: nanobragg_setup.md sections 3.3 and 3.4; hypotheses.md."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from nbtui.diagnosis.replay.rotation import rotation_xyz
from nbtui.live.scene import Array, CrystalStart, Scene


class Misset(StrEnum):
    """The vectors that the misset rotates."""

    RECIPROCAL = "reciprocal"  # C's: the direct ones follow
    DIRECT = "direct"
    BOTH = "both"


@dataclass(frozen=True)
class OrientationRules:
    """How the crystal is oriented; the defaults are C's."""

    order: str = "xyz"  # of the misset rotations
    transposed: bool = False
    misset: Misset = Misset.RECIPROCAL
    scale: float = 1.0  # on the reciprocal vectors
    rows: bool = False  # matrix read by rows
    regenerated: bool = True  # reciprocal vectors, from the direct ones
    rescaled: bool = True  # direct vectors, to the cell's edges, with -cell


def oriented(scene: Scene, cell: CrystalStart, rules: OrientationRules) -> Scene:
    """``scene`` with its crystal oriented from ``cell``."""
    direct, reciprocal = vectors(cell, rules)
    return replace(scene, direct=direct * 1e-10, reciprocal=reciprocal)


def vectors(cell: CrystalStart, rules: OrientationRules) -> tuple[Array, Array]:
    """Direct rows a, b, c [A] and reciprocal rows a*, b*, c* [1/A], misset applied."""
    stars = (cell.stars.T if rules.rows else cell.stars) * rules.scale
    turn = np.eye(3)
    if cell.misset is not None:
        turn = rotation_xyz(cell.misset, rules.order)
        turn = turn.T if rules.transposed else turn
    if rules.misset is not Misset.DIRECT:
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
    if rules.misset is not Misset.RECIPROCAL:
        direct = direct @ turn.T
    return direct, stars
