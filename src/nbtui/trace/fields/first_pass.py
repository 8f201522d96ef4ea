"""Fields of the first pass of a layer and sub-pixel: crystal, lattice factor and structure factor.

Source: nanobragg_pixel_loop section 12.3; fields that only Python logs have: samples of the dialects.
"""

from __future__ import annotations

from functools import partial

from nbtui.trace.fields.field import Field, Loop, Shape, Stage, Tap, Tolerance

_CARRIED = "at phi = 0, C keeps the vectors of the last phi step of the previous pass"
_STAR = (
    "Known false divergence: C prints the reciprocal vectors as set up, with misset but without the phi and mosaic "
    "rotations, whereas a Python log may print rotated ones; neither the index nor the image depends on this line."
)
_SQUARE = "SQUARE crystals only"
_CELL_FLAGS = "-cell or -mat, -misset"
_ROTATED_BY = f"{_CELL_FLAGS}, -phi -osc -phisteps about the spindle axis, -mosaic_spread -mosaic_seed"

_first = partial(Field, tap=Tap.FIRST_PASS, simulated=True)
_crystal = partial(_first, stage=Stage.CRYSTAL)
_cell_vector = partial(
    _crystal,
    tap_note=_CARRIED,
    hidden_inputs=("spindle_axis_normalized",),
    in_c=Loop.PHI,
    flags=_ROTATED_BY,
    may_be_fitted=True,
)
_reciprocal = partial(_crystal, in_c=Loop.CELL, flags=_CELL_FLAGS, log_only=_STAR, rotated_in_logs=True)
_lattice = partial(_first, stage=Stage.LATTICE, in_c=Loop.DOMAIN)
_factor = partial(_lattice, tap_note=_SQUARE, may_be_ratio=True)
_structure_factor = partial(_first, stage=Stage.STRUCTURE_FACTOR)

FIRST_PASS = (
    _cell_vector("rot_a_angstroms", "A", Shape.VECTOR, "Cell vector a of this pass"),
    _cell_vector("rot_b_angstroms", "A", Shape.VECTOR, "Cell vector b of this pass"),
    _cell_vector("rot_c_angstroms", "A", Shape.VECTOR, "Cell vector c of this pass"),
    _reciprocal("rot_a_star_A_inv", "A^-1", Shape.VECTOR, "Reciprocal vector a*, as set up", may_be_fitted=True),
    _reciprocal("rot_b_star_A_inv", "A^-1", Shape.VECTOR, "Reciprocal vector b*, as set up"),
    _reciprocal("rot_c_star_A_inv", "A^-1", Shape.VECTOR, "Reciprocal vector c*, as set up"),
    _lattice(
        "hkl_frac",
        "1",
        Shape.HKL,
        "Fractional Miller index",
        depends_on=("scattering_vec_A_inv", "rot_a_angstroms", "rot_b_angstroms", "rot_c_angstroms"),
        may_be_fitted=True,
    ),
    _lattice(
        "hkl_rounded",
        "1",
        Shape.HKL,
        "Nearest Miller index",
        tolerance=Tolerance.INTEGER,
        depends_on=("hkl_frac",),
    ),
    _factor("F_latt_a", "1", Shape.SCALAR, "Lattice factor along a", depends_on=("hkl_frac",)),
    _factor("F_latt_b", "1", Shape.SCALAR, "Lattice factor along b", depends_on=("hkl_frac",)),
    _factor("F_latt_c", "1", Shape.SCALAR, "Lattice factor along c", depends_on=("hkl_frac",)),
    _factor(
        "F_latt",
        "1",
        Shape.SCALAR,
        "Product of the lattice factors",
        depends_on=("F_latt_a", "F_latt_b", "F_latt_c"),
    ),
    _structure_factor(
        "F_cell_nearest",
        "e",
        Shape.SCALAR,
        "Structure factor of the nearest index (Python logs)",
        depends_on=("hkl_rounded",),
        in_c=Loop.DOMAIN,
        simulated=False,
    ),
    _structure_factor(
        "F_cell_interpolated",
        "e",
        Shape.SCALAR,
        "Structure factor interpolated between indices (Python logs)",
        depends_on=("hkl_frac",),
        in_c=Loop.DOMAIN,
        simulated=False,
    ),
    _structure_factor(
        "F_cell",
        "e",
        Shape.SCALAR,
        "Structure factor used in this pass; absent when F_latt is 0 and there is no water background",
        depends_on=("hkl_frac", "hkl_rounded"),
        hidden_inputs=("tricubic.grid",),
        in_c=f"{Loop.DOMAIN}, after the test for F_latt = 0",
        may_be_ratio=True,
        may_be_fitted=True,
    ),
)
