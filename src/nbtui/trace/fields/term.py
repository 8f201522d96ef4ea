"""Fields of the term lines; without ``term.`` they are the columns of terms.csv.

Source: nanobragg_pixel_loop section 12.4, trace_dialects.
"""

from __future__ import annotations

from functools import partial

from nbtui.trace.fields.field import Field, Shape, Stage, Tap, Tolerance

_term = partial(Field, tap=Tap.TERM)
_lattice = partial(_term, stage=Stage.LATTICE)
_index = partial(_lattice, tolerance=Tolerance.INTEGER)
_structure_factor = partial(_term, stage=Stage.STRUCTURE_FACTOR)
_accumulation = partial(_term, stage=Stage.ACCUMULATION)

TERM = (
    _index("term.thick", "1", Shape.SCALAR, "Detector layer"),
    _index("term.sub_slow", "1", Shape.SCALAR, "Sub-pixel along the slow axis"),
    _index("term.sub_fast", "1", Shape.SCALAR, "Sub-pixel along the fast axis"),
    _index("term.source", "1", Shape.SCALAR, "Source"),
    _index("term.phi_step", "1", Shape.SCALAR, "Phi step"),
    _index("term.mosaic_domain", "1", Shape.SCALAR, "Mosaic domain"),
    _lattice("term.h", "1", Shape.SCALAR, "Fractional h"),
    _lattice("term.k", "1", Shape.SCALAR, "Fractional k"),
    _lattice("term.l", "1", Shape.SCALAR, "Fractional l"),
    _index("term.h0", "1", Shape.SCALAR, "Nearest h"),
    _index("term.k0", "1", Shape.SCALAR, "Nearest k"),
    _index("term.l0", "1", Shape.SCALAR, "Nearest l"),
    _lattice("term.F_latt", "1", Shape.SCALAR, "Lattice factor"),
    _structure_factor("term.F_cell", "e", Shape.SCALAR, "Structure factor"),
    _accumulation("term.F_cell2_F_latt2", "e^2", Shape.SCALAR, "Contribution to the sum"),
)
