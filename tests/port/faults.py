"""Sixty switches: ways in which ports go wrong, each with the hypothesis that names it, if any does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

Value = TypeVar("Value")  # a float, a tensor or a word


class Kind(StrEnum):
    """What a diagnosis should make of a fault."""

    KNOWN = "known cause"  # the pixel is wrong and a hypothesis says why
    HOOK = "hook only"  # the pixel is right, the trace hook is wrong
    UNKNOWN = "unknown cause"  # the pixel is wrong and no hypothesis says why


@dataclass(frozen=True)
class Fault:
    """One switch. ``ids`` are the hypotheses that count as its name; the first is the usual one.

    ``needs`` lists flags of which a command line must hold one for the fault to show.
    """

    name: str
    kind: Kind
    sentence: str
    ids: tuple[str, ...] = ()
    needs: str = ""


def _known(name: str, sentence: str, *ids: str, needs: str = "") -> Fault:
    return Fault(name, Kind.KNOWN, sentence, ids, needs)


def _hook(name: str, sentence: str, *ids: str, needs: str = "") -> Fault:
    return Fault(name, Kind.HOOK, sentence, ids, needs)


def _unknown(name: str, sentence: str, needs: str = "") -> Fault:
    return Fault(name, Kind.UNKNOWN, sentence, (), needs)


# inputs and beam
_INPUTS = (
    _known(
        "fluence_default",
        "flux, exposure and beam size are parsed and never used",
        "default_fluence",
        needs="-flux -fluence",
    ),
    _known("kahn_one", "the polarization factor is 1 whatever the command line says", "kahn_default"),
    _known("vertical_polarization", "the E vector is the vertical axis", "polar_axis"),
    _known(
        "default_f_zero",
        "default_F is parsed and never used",
        "default_f_missing",
        "option_ignored",
        needs="-default_F",
    ),
    _known(
        "matrix_unscaled",
        "the A matrix is taken as Å⁻¹ without the wavelength",
        "wavelength_ignored_in_matrix",
        needs="-mat",
    ),
    _known("matrix_by_rows", "the rows of the A matrix are the reciprocal vectors", "matrix_transposed", needs="-mat"),
    _known(
        "weights_applied",
        "the sources count with the weights of their file",
        "source_weights_applied",
        needs="-sourcefile",
    ),
    _known(
        "nominal_wavelength",
        "every source has the nominal wavelength",
        "source_count",
        "option_ignored",
        needs="-sourcefile -dispersion",
    ),
)

# detector
_DETECTOR = (
    _known("pixel_corner", "a pixel lies at its corner", "pixel_corner"),
    _known("no_half_pixel", "MOSFLM's half pixel is missing on both axes", "half_pixel_beam", "convention"),
    _known("beam_swapped", "the two coordinates of the beam centre are exchanged", "swap_beam_xy"),
    _known(
        "other_pivot",
        "the detector turns about the other pivot",
        "pivot",
        needs="-detector_rotx -twotheta -odet_vector",
    ),
    _known("normal_as_typed", "the detector vectors are used as typed", "odet_as_typed", needs="-odet_vector"),
    _known("origin_ignored", "ORGX and ORGY are parsed and never used", "option_ignored", needs="-ORGX -ORGY"),
    _known(
        "nominal_distance",
        "the solid angle uses the nominal distance",
        "nominal_distance",
        needs="-detector_rotx -twotheta",
    ),
    _known(
        "rotations_reversed", "the detector turns about z, then y, then x", "rotation_order", needs="-detector_rotx"
    ),
    _known("no_obliquity", "the solid angle lacks the obliquity", "omega_no_obliquity"),
    _known(
        "twotheta_in_distance",
        "the close distance includes two-theta",
        "close_distance_with_twotheta",
        needs="-twotheta",
    ),
    _known("curved_far_side", "a curved detector lies behind the sample", "curved_far_side", needs="-curved_det"),
    _known(
        "one_layer",
        "one absorption layer stands for all of them",
        "layers_not_summed",
        needs="-thicksteps -detector_thick",
    ),
)

# crystal and scattering
_CRYSTAL = (
    _known("incident_reversed", "the incident vector points to the source", "incident_sign"),
    _known("phi_fresh", "the slice at φ = 0 has the unrotated vectors", "phi_carryover", needs="-osc"),
    _known("phi_midpoint", "φ is that of the middle of a step", "phi_midpoint", needs="-osc"),
    _known("phi_reversed", "the spindle turns the other way", "phi_sign", needs="-osc"),
    _known(
        "misset_reversed", "the missetting angles are applied about z, then y, then x", "misset_order", needs="-misset"
    ),
    _known(
        "default_mosaic_seed",
        "the mosaic seed of the command line is not used",
        "mosaic_seed",
        "option_ignored",
        needs="-mosaic_seed",
    ),
    _known(
        "first_domain_drawn", "the first mosaic domain is as drawn", "mosaic_first_not_identity", needs="-mosaic_spread"
    ),
    _known(
        "torch_mosaic", "the mosaic domains come from torch's generator", "rotation_residual", needs="-mosaic_spread"
    ),
    _known("index_floor", "the nearest index is the one below", "hkl_rounding"),
    _known(
        "nearest_only",
        "structure factors are never interpolated",
        "interpolation",
        "option_ignored",
        needs="-interpolate",
    ),
    _known("dmin_unit", "the resolution cut compares Å⁻¹ with m⁻¹", "dmin_unit", needs="-dmin"),
)

# scaling
_SCALING = (
    _known("corrections_at_centre", "the corrections are those of the pixel's centre", "last_value_corrections"),
    _known("steps_without_oversample", "the steps lack the subpixels", "steps_factor"),
    _known("background_last", "the background is added to the final value", "background_after_scaling", needs="-water"),
)

_HOOK = (
    _hook("hook_after_polar", "I_before_scaling is printed after the polarization", "tap_after_polar"),
    _hook("hook_metres", "cell vectors are printed in metres and indices derived from them", "print_rederived"),
    _hook("hook_polar_one", "the polarization factor is printed as 1", "print_rederived"),
    _hook(
        "hook_rotated_reciprocal",
        "the reciprocal vectors are printed rotated",
        "tap_unrotated_reciprocal",
        needs="-osc",
    ),
    _hook("hook_one_phi_step", "I_before_scaling shows the last φ step alone", "tap_single_phi", needs="-osc"),
    _hook("hook_fresh_phi", "the block shows φ = 0 with the unrotated vectors", "print_rederived", needs="-osc"),
    _hook("hook_single_precision", "the block is derived in single precision", "float32"),
    _hook("hook_corner", "the block is evaluated at the pixel's corner", "print_rederived"),
)

_UNKNOWN = (
    _unknown("half_azimuth", "the polarization depends on cos ψ in place of cos 2ψ", needs="-polar"),
    _unknown("polarization_of_theta", "the polarization takes θ for 2θ"),
    _unknown("polarization_doubled", "the polarization lacks its factor of a half"),
    _unknown("lattice_continuous", "the lattice factor is that of a continuous slab"),
    _unknown("lattice_unsquared", "the lattice factor enters without its square"),
    _unknown("table_of_intensities", "the table is read as intensities"),
    _unknown("obliquity_squared", "the obliquity enters twice"),
    _unknown("mid_layer", "a layer absorbs as far as its middle", needs="-detector_thick"),
    _unknown("small_angles", "the diffracted vector is the position over the close distance"),
    _unknown("domains_weighted", "outer mosaic domains count less", needs="-mosaic_spread"),
    _unknown("saturated", "the pixel is cut off at 65535 counts", needs="-water -point_pixel"),
    _unknown("detector_gain", "the pixel is multiplied by a gain of the detector"),
    _unknown("temperature_factor", "the structure factors carry a temperature factor"),
    _unknown("lorentz_factor", "the pixel is divided by sin 2θ"),
    _unknown("air_absorption", "the air between sample and detector absorbs"),
    _unknown("mirror_lookup", "the structure factor is that of h k −l"),
    _unknown("last_step_lost", "the loop over φ ends one step early", needs="-osc"),
    _unknown("subpixel_edges", "the subpixels reach from edge to edge of the pixel"),
)

FAULTS = {fault.name: fault for fault in (*_INPUTS, *_DETECTOR, *_CRYSTAL, *_SCALING, *_HOOK, *_UNKNOWN)}


class Faults:
    """The switches that are on."""

    def __init__(self, *names: str) -> None:
        unknown = set(names) - set(FAULTS)
        if unknown:
            raise ValueError(f"no such fault: {', '.join(sorted(unknown))}")
        self.names = frozenset(names)

    def __contains__(self, name: str) -> bool:
        if name not in FAULTS:
            raise KeyError(name)
        return name in self.names

    def either(self, name: str, wrong: Value, right: Value) -> Value:
        """``wrong`` if the switch is on."""
        return wrong if name in self else right
