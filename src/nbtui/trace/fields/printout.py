"""Fields of the -printout block of the stock program.

Source: nanobragg_pixel_loop section 11.
"""

from __future__ import annotations

from functools import partial

from nbtui.trace.fields.field import Field, Shape, Stage, Tap, Tolerance

_printed = partial(Field, tap=Tap.PRINTOUT, tolerance=Tolerance.PRINTED)
_scattering = partial(_printed, stage=Stage.SCATTERING)
_crystal = partial(_printed, stage=Stage.CRYSTAL)
_lattice = partial(_printed, stage=Stage.LATTICE)
_structure_factor = partial(_printed, stage=Stage.STRUCTURE_FACTOR)
_accumulation = partial(_printed, stage=Stage.ACCUMULATION)
_scaling = partial(_printed, stage=Stage.SCALING)

PRINTOUT = (
    _scattering("printout.stol", "m^-1", Shape.SCALAR, "sin(theta)/lambda of the last source"),
    _scattering("printout.stol_plane", "A^-1", Shape.SCALAR, "sin(theta)/lambda for a beam along +x"),
    _scattering("printout.pixel_pos_meters", "m", Shape.VECTOR, "Position of the last sub-pixel and layer"),
    _crystal("printout.cell_x", "A", Shape.VECTOR, "x of a, b, c in the last pass"),
    _crystal("printout.cell_y", "A", Shape.VECTOR, "y of a, b, c in the last pass"),
    _crystal("printout.cell_z", "A", Shape.VECTOR, "z of a, b, c in the last pass"),
    _lattice("printout.hkl_frac", "1", Shape.HKL, "Fractional index of the last pass"),
    _lattice("printout.hkl_rounded", "1", Shape.HKL, "Nearest index of the last pass", tolerance=Tolerance.INTEGER),
    _lattice("printout.F_latt", "1", Shape.SCALAR, "Lattice factor of the last pass"),
    _structure_factor("printout.F_cell", "e", Shape.SCALAR, "Structure factor last looked up"),
    _accumulation("printout.I", "e^2", Shape.SCALAR, "Accumulated sum", trace_name="I_before_scaling"),
    _scaling("printout.I_per_step", "e^2", Shape.SCALAR, "Accumulated sum divided by the steps"),
    _scaling("printout.polar", "1", Shape.SCALAR, "Polarization factor", trace_name="polar"),
    _scaling("printout.omega", "sr", Shape.SCALAR, "Solid angle", trace_name="omega_pixel"),
    _scaling("printout.capture_fraction", "1", Shape.SCALAR, "Capture fraction", trace_name="capture_fraction"),
    _scaling("printout.pixel", "photons", Shape.SCALAR, "Stored image value", trace_name="floatimage_accumulated"),
)
