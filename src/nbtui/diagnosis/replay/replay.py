"""One pixel, replayed with any rule broken: names of trace lines -> values.

The simulator must not be able to be wrong; a replay must be able to be wrong in every stage. So the loop
is written here once more, for one pixel, in numpy, with the rules as parameters, on the simulator's
set-up; a test holds the two together. A stage is a function of the scene, its own rules and the stages before it.
Source: nanobragg_pixel_loop.md sections 3 to 9 and 12.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nbtui.diagnosis.replay.accumulation import accumulation
from nbtui.diagnosis.replay.corrections import corrections
from nbtui.diagnosis.replay.crystal import crystal
from nbtui.diagnosis.replay.lattice import lattice
from nbtui.diagnosis.replay.lines import BlockPoint, Stages, block_lines, phi_lines
from nbtui.diagnosis.replay.pixel import pixel
from nbtui.diagnosis.replay.precision import Noise
from nbtui.diagnosis.replay.scaling import scaling
from nbtui.diagnosis.replay.scattering import scattering
from nbtui.diagnosis.replay.setup import PixelSetup, Rules
from nbtui.diagnosis.replay.structure_factor import structure_factor
from nbtui.live.scene import Array, Scene

MOST_TERMS = 4_000_000  # of a pixel; a diagnosis holds three replays, and then takes nearly 2 GB


@dataclass(frozen=True)
class Replay:
    """Values of one pixel.

    ``fields``: name -> (occurrences, components). ``phi``: name -> (blocks, steps). ``terms``: contributions
    F_cell^2 F_latt^2, (layer, subpixel, source, phi, domain), zero where C skips; ``parts`` their factors.
    ``crystal_share``: the part of the sum that is not background.
    """

    fields: dict[str, Array]
    phi: dict[str, Array]
    terms: Array
    parts: dict[str, Array]
    crystal_share: float


def replay(setup: PixelSetup) -> Replay:
    """Every trace line of the loop for the scene's pixel, under the set-up's rules."""
    scene, rules = setup.scene, setup.rules
    made = stages(scene, rules)
    shape = made.accumulation.terms.shape
    parts = {
        "hkl": made.lattice.hkl.reshape(*shape, 3),
        "nearest": made.structure_factor.nearest.reshape(*shape, 3),
        "factors": made.lattice.factors.reshape(*shape, 3),
        "F_latt": made.lattice.f_latt.reshape(shape),
        "F_cell": made.structure_factor.f_cell.reshape(shape),
    }
    shown = _shown(scene, rules, made)
    fields, phi = block_lines(scene, rules.lines, made, shown), phi_lines(scene, rules.lines, shown)
    shares = made.accumulation.shares
    whole = float(shares.sum())
    share = float(shares[1:].sum()) / whole if shares[0] and whole else 1.0
    return Replay(fields, phi, made.accumulation.terms, parts, share)


def _shown(scene: Scene, rules: Rules, made: Stages) -> Stages:
    """The stages that the block shows: those of the pixel, unless its lines are evaluated on their own."""
    point, offset = rules.lines.block_at, rules.pixel.offset
    if rules.lines.block_fresh:
        rules = replace(rules, crystal=replace(rules.crystal, phi_carryover=False))
    elif point is BlockPoint.SUBPIXELS:
        return made
    if point is not BlockPoint.SUBPIXELS:
        share = 0.5 if point is BlockPoint.CORNER else 0.0
        moved = (offset[0] / scene.oversample - share, offset[1] / scene.oversample - share)
        rules = replace(rules, pixel=replace(rules.pixel, offset=moved))
        scene = replace(scene, oversample=1, n_layers=1)
    return stages(scene, rules)


def stages(scene: Scene, rules: Rules) -> Stages:
    """Every stage of the pipeline, in its order."""
    with np.errstate(divide="ignore", invalid="ignore"):  # a source of a comment line has wavelength 0 in C
        noise = Noise(rules.precision)
        at = pixel(scene, rules.pixel, noise)
        rays = scattering(scene, at, noise)
        cells = crystal(scene, rules.crystal, rays, noise)
        peaks = lattice(scene, rules.lattice, rays, cells, noise)
        factors = structure_factor(scene, rules.structure_factor, peaks, noise)
        corrected = corrections(scene, rules.corrections, rules.pixel, at, rays)
        total = accumulation(scene, rules.accumulation, rays, peaks, factors, corrected, noise)
        return Stages(
            at, rays, cells, peaks, factors, corrected, total, scaling(scene, rules.scaling, total, corrected, noise)
        )
