"""How the pixel loop is evaluated in a replay: every rule that an implementation got wrong, as a value.

The defaults are what the C program does. Source: hypotheses.md, nanobragg_pixel_loop.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from nbtui.live.scene import Cell, Frame, Scene


@dataclass(frozen=True)
class Rules:
    """Rules of the loop; a replay with all defaults is the C program."""

    # orientation
    carryover: bool = True  # phi = 0 keeps the vectors of the last step
    mosaic_before_phi: bool = False
    direct_factor: float = 1.0  # on a, b, c

    # detector
    offset: tuple[float, float] = (0.0, 0.0)  # (slow, fast) shift of every point, in subpixels
    omega: str = "full"  # full, no_obliquity, no_area, point, no_area_obliquity
    omega_distance: float | None = None  # close distance used by the solid angle, if another
    abs_parallax: bool = False
    capture: str = "last"  # last layer x plain sum; "each": own capture; "total": all layers at once, "first"

    # lattice and structure factor
    sincg_fractional: bool = False
    rounding: str = "half_down"
    shift: tuple[int, int, int] = (0, 0, 0)
    order: tuple[int, int, int] = (0, 1, 2)
    friedel: bool = False
    interpolation_stops: bool = True  # the first point out of range ends interpolation for the rest of the run
    default_for: str = "absent"  # which cells get default_F: absent, all, zeros, none, holes, outside
    f_given: tuple[tuple[tuple[int, int, int], float], ...] = ()  # F_cell of an index, whatever the table says

    # accumulation and scaling
    weights: str = "none"  # none, raw, normalised, mean
    omega_of: str = "first"  # first, last, mean
    polar_of: str = "first"
    running_sum: bool = True
    background: str = "twice"  # twice, once (whole), once_shared (divided by steps)
    steps_without: tuple[str, ...] = ()  # sources, mosaic, phi, oversample
    steps_shown: bool = True  # the steps line shows the changed number

    # what the trace lines show
    i_factors: tuple[str, ...] = ()  # polar, omega, capture, steps, scale: factors included in I_before_scaling
    single_phi: int | None = None
    single_mosaic: int | None = None
    last_subpixel: str = ""  # share shown: "", all_layers, last_layer
    last_block_only: bool = False
    rotated_star: str = ""  # "", "carried", "nominal"
    shown: tuple[tuple[str, float], ...] = ()  # a printed line is this many times its value
    phi_shown: tuple[float, float] | None = None  # start and step that the phi lines show [rad]

    # precision
    noise_from: int = -1  # stage from which values are blurred to single precision, -1: none
    noise_seed: int = 0


@dataclass(frozen=True)
class DetectorRules:
    """How the detector is placed from its frame."""

    order: str = "xyz"  # of the rotations about the laboratory axes
    transposed: bool = False
    swing_transposed: bool = False
    swing_first: bool = False
    override: tuple[float, float, float] | None = None  # first pixel used as given [m]
    nominal_close: bool = False  # the nominal distance wherever the close distance belongs
    scaled_axes: bool = False


@dataclass(frozen=True)
class CrystalRules:
    """How the crystal is oriented from its cell."""

    order: str = "xyz"  # of the misset rotations
    transposed: bool = False
    misset: str = "reciprocal"  # reciprocal, both, direct
    scale: float = 1.0  # on the reciprocal vectors
    rows: bool = False  # matrix read by rows
    regenerated: bool = True
    rescaled: bool = True  # to the cell's edges, with -cell


@dataclass(frozen=True)
class Setup:
    """A scene, what its detector and crystal are made from, and the rules to replay it by."""

    scene: Scene
    frame: Frame
    cell: Cell
    rules: Rules = field(default_factory=Rules)
    detector: DetectorRules = field(default_factory=DetectorRules)
    crystal: CrystalRules = field(default_factory=CrystalRules)
