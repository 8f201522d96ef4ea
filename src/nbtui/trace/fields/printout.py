"""Fields of the -printout block of the stock program.

Source: nanobragg_pixel_loop section 11.
"""

from __future__ import annotations

from functools import partial

from nbtui.trace.fields.field import Field, Shape, Stage, Tap, Tolerance

_DIGITS_10 = "%15.10g"
_POSITION = "printout.pixel_pos_meters"
_CELL = ("printout.cell_x", "printout.cell_y", "printout.cell_z")

_printed = partial(Field, tap=Tap.PRINTOUT, tolerance=Tolerance.PRINTED, form="%g")
_pixel = partial(_printed, stage=Stage.PIXEL)
_scattering = partial(_printed, stage=Stage.SCATTERING, depends_on=(_POSITION,))
_crystal = partial(_printed, stage=Stage.CRYSTAL, form="%11.8f", may_be_fitted=True)
_lattice = partial(_printed, stage=Stage.LATTICE)
_structure_factor = partial(_printed, stage=Stage.STRUCTURE_FACTOR)
_accumulation = partial(_printed, stage=Stage.ACCUMULATION)
_scaling = partial(_printed, stage=Stage.SCALING, form=_DIGITS_10)

PRINTOUT = (
    _pixel(_POSITION, "m", Shape.VECTOR, "Position of the last sub-pixel and layer", may_be_fitted=True),
    _scattering("printout.stol", "m^-1", Shape.SCALAR, "sin(theta)/lambda of the last source", may_be_fitted=True),
    _scattering("printout.stol_plane", "A^-1", Shape.SCALAR, "sin(theta)/lambda for a beam along +x"),
    _crystal(_CELL[0], "A", Shape.VECTOR, "x of a, b, c in the last pass"),
    _crystal(_CELL[1], "A", Shape.VECTOR, "y of a, b, c in the last pass"),
    _crystal(_CELL[2], "A", Shape.VECTOR, "z of a, b, c in the last pass"),
    _lattice(
        "printout.hkl_frac",
        "1",
        Shape.HKL,
        "Fractional index of the last pass",
        form="%f",
        may_be_fitted=True,
        depends_on=(_POSITION, "printout.stol", *_CELL),
    ),
    _lattice(
        "printout.hkl_rounded",
        "1",
        Shape.HKL,
        "Nearest index of the last pass",
        form="%d",
        tolerance=Tolerance.INTEGER,
        depends_on=("printout.hkl_frac",),
    ),
    _lattice(
        "printout.F_latt", "1", Shape.SCALAR, "Lattice factor of the last pass", depends_on=("printout.hkl_frac",)
    ),
    _structure_factor(
        "printout.F_cell", "e", Shape.SCALAR, "Structure factor last looked up", depends_on=("printout.hkl_rounded",)
    ),
    _accumulation("printout.I", "e^2", Shape.SCALAR, "Accumulated sum", trace_name="I_before_scaling"),
    _scaling(
        "printout.I_per_step",
        "e^2",
        Shape.SCALAR,
        "Accumulated sum divided by the steps",
        depends_on=("I_before_scaling",),
    ),
    _scaling("printout.polar", "1", Shape.SCALAR, "Polarization factor", trace_name="polar"),
    _scaling("printout.omega", "sr", Shape.SCALAR, "Solid angle", trace_name="omega_pixel"),
    _scaling("printout.capture_fraction", "1", Shape.SCALAR, "Capture fraction", trace_name="capture_fraction"),
    _scaling("printout.pixel", "photons", Shape.SCALAR, "Stored image value", trace_name="floatimage_accumulated"),
)
