"""Every oddity of the C program that changes a number, as a named switch.

The default is C's behaviour, except ``phi_carryover``: the phi mode sets it (off for ``spec``, on for
``c-parity``). ``naive_float32`` is an oddity of ports; C computes in float64.
Source: S- and L-numbers of nanobragg_setup.md and nanobragg_pixel_loop.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

from nbsim.errors import InputError


def _quirk(source: str, on: str, off: str, default: bool = True, in_c: bool = True) -> bool:
    value: bool = field(default=default, metadata={"source": source, "on": on, "off": off, "in_c": in_c})
    return value


@dataclass(frozen=True)
class Quirks:
    """True: the C program's behaviour, or that of ports. False: the physically sensible behaviour."""

    # pixel loop
    phi_carryover: bool = _quirk(
        "L2", "phi = 0 keeps the vectors of the last phi step", "fresh vectors at phi = 0", default=False
    )
    cached_corrections: bool = _quirk(
        "L1", "first omega and polarization of the pixel serve all of it", "evaluated for every term"
    )
    curved_transposed: bool = _quirk("L3", "laboratory y, z used as arc lengths", "arcs along fast and slow")
    point_pixel_without_area: bool = _quirk("L4", "omega = 1/R^2", "omega = p^2/R^2")
    last_layer_capture: bool = _quirk("L5", "sum over layers x last layer's capture", "each layer its own capture")
    thick_flag_zeroes: bool = _quirk(
        "L6", "-oversample_thick without thickness gives zero", "capture is 1 without thickness"
    )
    culled_polar_zero: bool = _quirk("L7", "all sources culled: polarization 0", "background keeps its own factor")
    source_weights_ignored: bool = _quirk("L8/S21", "all sources count equally", "sources weighted")
    nopolar_overridden: bool = _quirk("L9", "-oversample_polar beats -nopolar", "-nopolar wins")
    grating_literal: bool = _quirk("L10", "sin(pi N h)/sin(pi h) as it stands", "evaluated on h - h0")
    dimensional_shape_width: bool = _quirk("L11", "GAUSS/TOPHAT width from reciprocal metric", "width from h - h0")
    sphere_literal: bool = _quirk("L12", "3 (sin x/x - cos x)/x^2 as it stands", "series at small x")
    zero_term_skip: bool = _quirk("L13", "F_latt = 0 skips the pass without water", "every pass is executed")
    interpolation_switch_off: bool = _quirk(
        "L14", "one point out of range ends interpolation", "decided for every point"
    )
    background_twice: bool = _quirk("L16", "r_e^2 fluence enters the background twice", "background added once")
    running_sum_weights: bool = _quirk(
        "L17", "oversample factors multiply the running sum", "each term its own factors"
    )
    # matters without the one above
    background_weighted: bool = _quirk(
        "L17", "oversample factors multiply the background too", "they do not, where each term has its own factors"
    )

    # set-up
    twotheta_axis_sets_angle: bool = _quirk("S1", "-twotheta_axis x also sets the angle", "axis only")
    last_thickness_flag_crashes: bool = _quirk(
        "S2", "-detector_abs, -detector_thick, -thicksteps as the last word are refused", "ignored there"
    )
    last_curved_det_ignored: bool = _quirk(
        "setup 1.2", "-curved_det as the last word is ignored", "a switch, also as the last word"
    )
    pix0_vector_discarded: bool = _quirk("S4", "typed pix0 vector is not used", "typed pix0 vector is used")
    convention_forces_pivot: bool = _quirk("S5", "convention overrules -pivot", "explicit -pivot honoured")
    normal_rederived: bool = _quirk("S10", "normal = fast x slow unless |normal| is exactly 1", "normal as typed")
    twotheta_axis_as_typed: bool = _quirk("S11", "two-theta axis not normalised", "normalised")
    ratio_without_twotheta: bool = _quirk("S12", "distance ratio omits two-theta", "all rotations included")
    mosaic_first_identity: bool = _quirk("S23", "domain 0 is the unrotated crystal", "domain 0 as drawn")
    mosaic_single_precision: bool = _quirk("S23", "mosaic angles in float32", "mosaic angles in float64")
    interpolate_before_sizes: bool = _quirk("S16", "interpolation decided on N as typed", "decided on the final N")
    matrix_rescaled_by_cell: bool = _quirk("S18", "-mat with -cell rescaled to the cell", "matrix alone")
    cell_sine_of_gamma_star: bool = _quirk("setup 3.1", "z of c* divides by sin gamma*", "by sin gamma")
    source_file_literal: bool = _quirk("S20", "source file read as C reads it", "comments and blanks stripped")
    comments_as_data: bool = _quirk(
        "S20/S24", "'#' begins no comment in source and HKL files", "text from '#' on is skipped in both"
    )
    hkl_integer_rows: bool = _quirk("S24", "rows like '1.0 0 0 5' end the table", "indices rounded")

    # of ports, with --dtype float32
    naive_float32: bool = _quirk(
        "ports",
        "all of a float32 image in float32, as in a port",
        "indices and phases of a float32 image in float64, terms in float32",
        default=False,
        in_c=False,
    )


def named(quirks: Quirks, name: str, value: bool) -> Quirks:
    """``quirks`` with one switch set.

    Raises:
        InputError: no quirk has this name, or the value is neither True nor False.
    """
    known = [item.name for item in fields(Quirks)]
    if name not in known:
        raise InputError(f"quirk {name}: no such quirk; known: {', '.join(known)}")
    if not isinstance(value, bool):
        raise InputError(f"quirk {name}: {value!r} is neither True nor False")
    return replace(quirks, **{name: value})
