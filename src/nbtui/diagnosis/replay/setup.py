"""What a replay starts from: a scene, what its detector and crystal are made from, and rules for every stage.

The defaults of all rules are what the C program does; each stage's module holds its own. A rule that corresponds to a
quirk of the simulator has the quirk's name, or names it beside C's choice. Source: hypotheses.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from nbtui.diagnosis.replay.accumulation import AccumulationRules
from nbtui.diagnosis.replay.corrections import CorrectionRules
from nbtui.diagnosis.replay.crystal import CrystalRules
from nbtui.diagnosis.replay.lattice import LatticeRules
from nbtui.diagnosis.replay.lines import LineRules
from nbtui.diagnosis.replay.orientation import OrientationRules, oriented
from nbtui.diagnosis.replay.pixel import PixelRules
from nbtui.diagnosis.replay.placement import PlacementRules, placed
from nbtui.diagnosis.replay.precision import PrecisionRules
from nbtui.diagnosis.replay.sampling import sampled
from nbtui.diagnosis.replay.scaling import ScalingRules
from nbtui.diagnosis.replay.structure_factor import StructureFactorRules
from nbtui.live.scene import CrystalStart, DetectorStart, Scene


@dataclass(frozen=True)
class Rules:
    """Rules of the pixel loop, by stage."""

    pixel: PixelRules = field(default_factory=PixelRules)
    crystal: CrystalRules = field(default_factory=CrystalRules)
    lattice: LatticeRules = field(default_factory=LatticeRules)
    structure_factor: StructureFactorRules = field(default_factory=StructureFactorRules)
    corrections: CorrectionRules = field(default_factory=CorrectionRules)
    accumulation: AccumulationRules = field(default_factory=AccumulationRules)
    scaling: ScalingRules = field(default_factory=ScalingRules)
    lines: LineRules = field(default_factory=LineRules)
    precision: PrecisionRules = field(default_factory=PrecisionRules)


@dataclass(frozen=True)
class PixelSetup:
    """Everything that a replay depends on."""

    scene: Scene
    frame: DetectorStart
    cell: CrystalStart
    rules: Rules = field(default_factory=Rules)
    placement: PlacementRules = field(default_factory=PlacementRules)
    orientation: OrientationRules = field(default_factory=OrientationRules)


def with_rules(setup: PixelSetup, stage: str, **changes: Any) -> PixelSetup:
    """``setup`` with other rules of one stage, a field of :class:`Rules`."""
    changed = replace(getattr(setup.rules, stage), **changes)
    return replace(setup, rules=replace(setup.rules, **{stage: changed}))


def with_frame(setup: PixelSetup, rules: dict[str, Any] | None = None, **frame: Any) -> PixelSetup:
    """``setup`` with its detector placed again from a changed frame and changed rules."""
    new = replace(setup, frame=replace(setup.frame, **frame), placement=replace(setup.placement, **(rules or {})))
    return replace(new, scene=sampled(placed(new.scene, new.frame, new.placement)))


def with_cell(setup: PixelSetup, rules: dict[str, Any] | None = None, **cell: Any) -> PixelSetup:
    """``setup`` with its crystal oriented again from a changed cell and changed rules."""
    new = replace(setup, cell=replace(setup.cell, **cell), orientation=replace(setup.orientation, **(rules or {})))
    return replace(new, scene=sampled(oriented(new.scene, new.cell, new.orientation)))
