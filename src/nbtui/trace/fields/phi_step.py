"""Fields of the phi lines, which have their keys as names: ``phi.k_frac``.

Source: nanobragg_pixel_loop section 12.4, trace_dialects.
"""

from __future__ import annotations

from functools import partial

from nbtui.trace.fields.field import Field, Loop, Shape, Stage, Tap, Tolerance

_CARRIED = "at phi = 0, C shows the index of the last phi step of the previous pass"

_phi = partial(Field, tap=Tap.PHI_STEP)
_scattering = partial(_phi, stage=Stage.SCATTERING)
_crystal = partial(_phi, stage=Stage.CRYSTAL)
_lattice = partial(_phi, stage=Stage.LATTICE)

PHI_STEP = (
    _scattering("phi.S_x", "A^-1", Shape.SCALAR, "Scattering vector, x (Python logs)"),
    _scattering("phi.S_y", "A^-1", Shape.SCALAR, "Scattering vector, y (Python logs)"),
    _scattering("phi.S_z", "A^-1", Shape.SCALAR, "Scattering vector, z (Python logs)"),
    _crystal("phi.phi_tic", "1", Shape.SCALAR, "Index of the phi step", tolerance=Tolerance.INTEGER, simulated=True),
    _crystal(
        "phi.phi_deg",
        "deg",
        Shape.SCALAR,
        "Nominal phi of the step",
        in_c=Loop.PHI_STEP,
        flags="-phi, -osc or -phistep, -phisteps",
        simulated=True,
        may_be_fitted=True,
    ),
    _crystal("phi.a_star_y", "A^-1", Shape.SCALAR, "Reciprocal vector a*, y (Python logs)"),
    _crystal("phi.b_star_y", "A^-1", Shape.SCALAR, "Reciprocal vector b*, y (Python logs)"),
    _crystal("phi.c_star_y", "A^-1", Shape.SCALAR, "Reciprocal vector c*, y (Python logs)"),
    _crystal("phi.V_actual", "A^3", Shape.SCALAR, "Cell volume (Python logs)"),
    _crystal("rotstar.ap_y", "A", Shape.SCALAR, "Direct vector a, y, labelled as reciprocal"),
    _crystal("rotstar.bp_y", "A", Shape.SCALAR, "Direct vector b, y, labelled as reciprocal"),
    _crystal("rotstar.cp_y", "A", Shape.SCALAR, "Direct vector c, y, labelled as reciprocal"),
    _lattice(
        "phi.k_frac",
        "1",
        Shape.SCALAR,
        "Fractional k of the step",
        tap_note=_CARRIED,
        hidden_inputs=("scattering_vec_A_inv", "rot_b_angstroms", "phi.phi_deg"),
        in_c=Loop.DOMAIN,
        flags="the scattering vector and the cell vector b of the phi step",
        simulated=True,
        may_be_fitted=True,
    ),
    _lattice(
        "phi.F_latt_b",
        "1",
        Shape.SCALAR,
        "Lattice factor along b",
        depends_on=("phi.k_frac",),
        in_c=Loop.DOMAIN,
        simulated=True,
    ),
    _lattice(
        "phi.F_latt",
        "1",
        Shape.SCALAR,
        "Product of the lattice factors",
        depends_on=("phi.F_latt_b",),
        hidden_inputs=("scattering_vec_A_inv", "rot_b_angstroms", "phi.phi_deg", "rot_a_angstroms", "rot_c_angstroms"),
        in_c=Loop.DOMAIN,
        simulated=True,
    ),
)
