"""Catalogue entries of lines that stand beside the main trace: phi steps, terms, sources, printout, interpolation.

Source: nanobragg_pixel_loop sections 11 and 12.4, trace_dialects.
"""

from __future__ import annotations

from nbtui.trace.fields.field import Field, block

_PHI_TAP = "one line per phi step, at source 0 and mosaic domain 0; SQUARE crystals only"
_CARRIED = "; in C the step phi = 0 holds the index of the last step of the pass before"

PHI_SCATTERING = block(
    _PHI_TAP,
    Field("phi.S_x", "scattering", "A^-1", "scalar", "Scattering vector, x (Python logs)"),
    Field("phi.S_y", "scattering", "A^-1", "scalar", "Scattering vector, y (Python logs)"),
    Field("phi.S_z", "scattering", "A^-1", "scalar", "Scattering vector, z (Python logs)"),
    origin="phi",
)
PHI_CRYSTAL = block(
    _PHI_TAP,
    Field("phi.phi_tic", "crystal", "1", "scalar", "Number of the phi step", tolerance_class="integer"),
    Field("phi.phi_deg", "crystal", "deg", "scalar", "Nominal phi of the step"),
    Field("phi.a_star_y", "crystal", "A^-1", "scalar", "Reciprocal vector a*, y (Python logs)"),
    Field("phi.b_star_y", "crystal", "A^-1", "scalar", "Reciprocal vector b*, y (Python logs)"),
    Field("phi.c_star_y", "crystal", "A^-1", "scalar", "Reciprocal vector c*, y (Python logs)"),
    Field("phi.V_actual", "crystal", "A^3", "scalar", "Cell volume (Python logs)"),
    Field("rotstar.ap_y", "crystal", "A", "scalar", "Direct vector a, y, under a label that says reciprocal"),
    Field("rotstar.bp_y", "crystal", "A", "scalar", "Direct vector b, y, under a label that says reciprocal"),
    Field("rotstar.cp_y", "crystal", "A", "scalar", "Direct vector c, y, under a label that says reciprocal"),
    origin="phi",
)
PHI_LATTICE = block(
    _PHI_TAP,
    Field("phi.k_frac", "lattice", "1", "scalar", "Fractional k of the step", tap=_PHI_TAP + _CARRIED),
    Field("phi.F_latt_b", "lattice", "1", "scalar", "Lattice factor along b", depends_on=("phi.k_frac",)),
    Field("phi.F_latt", "lattice", "1", "scalar", "Product of the lattice factors", depends_on=("phi.F_latt_b",)),
    origin="phi",
)

_GRID_TAP = "interpolation neighbourhood of the traced index (Python logs)"
TRICUBIC = block(
    _GRID_TAP,
    Field("tricubic.h_coords", "structure_factor", "1", "list", "Indices h of the neighbourhood"),
    Field("tricubic.k_coords", "structure_factor", "1", "list", "Indices k of the neighbourhood"),
    Field("tricubic.l_coords", "structure_factor", "1", "list", "Indices l of the neighbourhood"),
    Field("tricubic.grid", "structure_factor", "e", "scalar", "Structure factors of the neighbourhood, one per line"),
)

_SOURCE_TAP = "one block per source, in builds that print it"
SOURCE_SCATTERING = block(
    _SOURCE_TAP,
    Field("source.source_index", "scattering", "1", "scalar", "Number of the source", tolerance_class="integer"),
    Field("source.source_direction", "scattering", "1", "vector", "Direction of the source"),
    Field("source.source_weight", "scattering", "1", "scalar", "Weight of the source; C reads and ignores it"),
    Field(
        "source.lambda_angstroms",
        "scattering",
        "A",
        "scalar",
        "Wavelength of the source",
        aliases=("source.wavelength_angstroms",),
    ),
)
SOURCE_ACCUMULATION = block(
    _SOURCE_TAP,
    Field("source.F_latt", "accumulation", "1", "scalar", "Lattice factor"),
    Field("source.F_latt_squared", "accumulation", "1", "scalar", "Lattice factor squared"),
    Field("source.F_cell", "accumulation", "e", "scalar", "Structure factor"),
    Field("source.F_cell_squared", "accumulation", "e^2", "scalar", "Structure factor squared"),
    Field(
        "source.I_contribution",
        "accumulation",
        "e^2",
        "scalar",
        "Contribution of the source before polarisation",
        aliases=("source.I_contribution_pre_polar",),
    ),
    Field(
        "source.I_contribution_post_polar",
        "accumulation",
        "e^2",
        "scalar",
        "Contribution of the source after polarisation",
    ),
)
SOURCE_SCALING = block(
    _SOURCE_TAP,
    Field("source.polar", "scaling", "1", "scalar", "Polarisation factor of the source"),
    Field(
        "source.cos_2theta",
        "scaling",
        "1",
        "scalar",
        "Cosine of the scattering angle of the source",
        aliases=("source.cos2theta",),
    ),
)

_TERM_TAP = "one line per contribution that is added to the sum"
TERM_LATTICE = block(
    _TERM_TAP,
    *(
        Field(f"term.{name}", "lattice", "1", "scalar", text, tolerance_class="integer")
        for name, text in (
            ("thick", "Detector layer"),
            ("sub_slow", "Sub-pixel along the slow axis"),
            ("sub_fast", "Sub-pixel along the fast axis"),
            ("source", "Source"),
            ("phi_step", "Phi step"),
            ("mosaic_domain", "Mosaic domain"),
        )
    ),
    *(Field(f"term.{name}", "lattice", "1", "scalar", f"Fractional {name}") for name in "hkl"),
    *(Field(f"term.{name}0", "lattice", "1", "scalar", f"Nearest {name}", tolerance_class="integer") for name in "hkl"),
    Field("term.F_latt", "lattice", "1", "scalar", "Lattice factor"),
    origin="term",
)
TERM_STRUCTURE_FACTOR = block(
    _TERM_TAP, Field("term.F_cell", "structure_factor", "e", "scalar", "Structure factor"), origin="term"
)
TERM_ACCUMULATION = block(
    _TERM_TAP,
    Field("term.F_cell2_F_latt2", "accumulation", "e^2", "scalar", "What is added to the sum"),
    origin="term",
)

_PRINT_TAP = "-printout block of the stock program, 6 to 10 digits, after the pixel is stored"
PRINTOUT_SCATTERING = block(
    _PRINT_TAP,
    Field("printout.stol", "scattering", "m^-1", "scalar", "sin(theta)/lambda of the last source"),
    Field("printout.stol_plane", "scattering", "A^-1", "scalar", "sin(theta)/lambda for a beam along +x"),
    Field("printout.pixel_pos_meters", "scattering", "m", "vector", "Position of the last sub-pixel and layer"),
    tolerance_class="printed",
)
PRINTOUT_CRYSTAL = block(
    _PRINT_TAP,
    Field("printout.cell_x", "crystal", "A", "vector", "x of a, b, c in the last pass"),
    Field("printout.cell_y", "crystal", "A", "vector", "y of a, b, c in the last pass"),
    Field("printout.cell_z", "crystal", "A", "vector", "z of a, b, c in the last pass"),
    tolerance_class="printed",
)
PRINTOUT_LATTICE = block(
    _PRINT_TAP,
    Field("printout.hkl_frac", "lattice", "1", "hkl", "Fractional index of the last pass"),
    Field("printout.hkl_rounded", "lattice", "1", "hkl", "Nearest index of the last pass", tolerance_class="integer"),
    Field("printout.F_latt", "lattice", "1", "scalar", "Lattice factor of the last pass"),
    tolerance_class="printed",
)
PRINTOUT_STRUCTURE_FACTOR = block(
    _PRINT_TAP,
    Field("printout.F_cell", "structure_factor", "e", "scalar", "Structure factor last looked up"),
    tolerance_class="printed",
)
PRINTOUT_ACCUMULATION = block(
    _PRINT_TAP,
    Field("printout.I", "accumulation", "e^2", "scalar", "Accumulated sum"),
    tolerance_class="printed",
)
PRINTOUT_SCALING = block(
    _PRINT_TAP,
    Field("printout.I_per_step", "scaling", "e^2", "scalar", "Accumulated sum divided by the steps"),
    Field("printout.polar", "scaling", "1", "scalar", "Polarisation factor"),
    Field("printout.omega", "scaling", "sr", "scalar", "Solid angle"),
    Field("printout.capture_fraction", "scaling", "1", "scalar", "Capture fraction"),
    Field("printout.pixel", "scaling", "photons", "scalar", "Stored image value"),
    tolerance_class="printed",
)
