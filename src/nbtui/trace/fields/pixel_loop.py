"""Catalogue entries of one traced pixel, in the order in which the program computes them.

Source: nanobragg_pixel_loop sections 12.2, 12.3 and 12.5; Python-only fields from the samples of the dialects.
"""

from __future__ import annotations

from nbtui.trace.fields.field import Field, block

_ONCE = "once per layer and sub-pixel, at source 0, before the resolution test"
_FIRST = "once per layer and sub-pixel, at source 0, phi step 0, mosaic domain 0"
_STORED = "once, after the pixel is stored"
_CARRIED = (
    "; in C with phi = 0 these are the vectors left by the last phi step of the pass before, not those of phi = 0"
)
_STAR = (
    "Known false divergence: C prints the reciprocal vectors as set up, with misset but without the phi and mosaic "
    "rotation, a Python log may print rotated ones; the index and the image do not depend on this line."
)
_SQUARE = _FIRST + "; SQUARE crystals only"
_CACHED = _STORED + "; the value of the first sub-pixel unless {0} is on, then of the last"
_GEOMETRY = ("pixel_pos_meters",)
_LATTICE = ("F_latt_a", "F_latt_b", "F_latt_c")

DETECTOR = block(
    _ONCE,
    Field(
        "pix0_vector_meters",
        "detector",
        "m",
        "vector",
        "Detector origin, the corner of the first pixel",
        depends_on=("DETECTOR_PIX0_VECTOR",),
        tolerance_class="setup",
    ),
    Field(
        "fdet_vec",
        "detector",
        "1",
        "vector",
        "Fast axis of the detector",
        depends_on=("fdet_after_twotheta",),
        tolerance_class="setup",
    ),
    Field(
        "sdet_vec",
        "detector",
        "1",
        "vector",
        "Slow axis of the detector",
        depends_on=("sdet_after_twotheta",),
        tolerance_class="setup",
    ),
)

PIXEL = block(
    _ONCE,
    Field(
        "pixel_pos_meters",
        "pixel",
        "m",
        "vector",
        "Position of this sub-pixel and layer",
        depends_on=("pix0_vector_meters", "fdet_vec", "sdet_vec"),
    ),
    Field(
        "R_distance_meters",
        "pixel",
        "m",
        "scalar",
        "Distance from the sample to the pixel",
        depends_on=_GEOMETRY,
    ),
    Field("close_distance_meters", "pixel", "m", "scalar", "Shortest distance from the sample to the detector plane"),
    Field(
        "obliquity_factor",
        "pixel",
        "1",
        "scalar",
        "close_distance / R of this sub-pixel",
        depends_on=("close_distance_meters", "R_distance_meters"),
    ),
    Field(
        "omega_pixel_sr",
        "pixel",
        "sr",
        "scalar",
        "Solid angle of the pixel; 1/R^2 in m^-2 with -point_pixel",
        tap=_ONCE + "; the value of layer 0, sub-pixel (0,0) repeats unless -oversample_omega is on",
        depends_on=("R_distance_meters", "obliquity_factor"),
    ),
    Field(
        "diffracted_vec",
        "pixel",
        "1",
        "vector",
        "Unit vector from the sample to the pixel",
        depends_on=_GEOMETRY,
    ),
)

SCATTERING = block(
    _ONCE,
    Field(
        "incident_vec",
        "scattering",
        "1",
        "vector",
        "Unit vector of the beam of source 0, downstream",
        tolerance_class="setup",
    ),
    Field(
        "lambda_meters",
        "scattering",
        "m",
        "scalar",
        "Wavelength of source 0, not the nominal one",
        tolerance_class="setup",
    ),
    Field(
        "lambda_angstroms",
        "scattering",
        "A",
        "scalar",
        "Wavelength of source 0, not the nominal one",
        tolerance_class="setup",
        depends_on=("lambda_meters",),
    ),
    Field(
        "scattering_vec_A_inv",
        "scattering",
        "m^-1",
        "vector",
        "Scattering vector (d - i)/lambda of source 0; C prints m^-1 under this label, some Python logs A^-1",
        depends_on=("diffracted_vec", "incident_vec", "lambda_meters"),
    ),
)

CRYSTAL = block(
    _FIRST,
    Field("rot_a_angstroms", "crystal", "A", "vector", "Cell vector a of this pass", tap=_FIRST + _CARRIED),
    Field("rot_b_angstroms", "crystal", "A", "vector", "Cell vector b of this pass", tap=_FIRST + _CARRIED),
    Field("rot_c_angstroms", "crystal", "A", "vector", "Cell vector c of this pass", tap=_FIRST + _CARRIED),
    Field("rot_a_star_A_inv", "crystal", "A^-1", "vector", "Reciprocal vector a*, as set up", log_only=_STAR),
    Field("rot_b_star_A_inv", "crystal", "A^-1", "vector", "Reciprocal vector b*, as set up", log_only=_STAR),
    Field("rot_c_star_A_inv", "crystal", "A^-1", "vector", "Reciprocal vector c*, as set up", log_only=_STAR),
)

LATTICE = block(
    _FIRST,
    Field(
        "hkl_frac",
        "lattice",
        "1",
        "hkl",
        "Fractional Miller index",
        depends_on=("scattering_vec_A_inv", "rot_a_angstroms", "rot_b_angstroms", "rot_c_angstroms"),
    ),
    Field(
        "hkl_rounded",
        "lattice",
        "1",
        "hkl",
        "Nearest Miller index",
        depends_on=("hkl_frac",),
        tolerance_class="integer",
    ),
    Field(
        "F_latt_a",
        "lattice",
        "1",
        "scalar",
        "Lattice factor along a",
        tap=_SQUARE,
        depends_on=("hkl_frac",),
    ),
    Field(
        "F_latt_b",
        "lattice",
        "1",
        "scalar",
        "Lattice factor along b",
        tap=_SQUARE,
        depends_on=("hkl_frac",),
    ),
    Field(
        "F_latt_c",
        "lattice",
        "1",
        "scalar",
        "Lattice factor along c",
        tap=_SQUARE,
        depends_on=("hkl_frac",),
    ),
    Field(
        "F_latt",
        "lattice",
        "1",
        "scalar",
        "Product of the lattice factors",
        tap=_SQUARE,
        depends_on=_LATTICE,
    ),
)

STRUCTURE_FACTOR = block(
    _FIRST,
    Field(
        "F_cell_nearest",
        "structure_factor",
        "e",
        "scalar",
        "Structure factor of the nearest index (Python logs)",
        depends_on=("hkl_rounded",),
    ),
    Field(
        "F_cell_interpolated",
        "structure_factor",
        "e",
        "scalar",
        "Structure factor interpolated between indices (Python logs)",
        depends_on=("hkl_frac",),
    ),
    Field(
        "F_cell",
        "structure_factor",
        "e",
        "scalar",
        "Structure factor used in this pass; absent when F_latt is 0 and there is no water background",
        depends_on=("hkl_frac", "hkl_rounded"),
    ),
)

ACCUMULATION = block(
    _STORED,
    Field(
        "I_before_scaling",
        "accumulation",
        "e^2",
        "scalar",
        "Sum of F_cell^2 F_latt^2 over layers, sub-pixels, sources, phi steps and domains, plus the background",
        tap=_STORED + "; before polarisation, solid angle, capture and steps, unless an -oversample_* flag is on",
        aliases=("I_before_scaling_pre_polar",),
        depends_on=("F_cell", "F_latt"),
        scaling=True,
    ),
    Field(
        "I_before_scaling_post_polar",
        "accumulation",
        "e^2",
        "scalar",
        "The same sum after the polarisation factor is applied (Python logs; C has no such line)",
        depends_on=("I_before_scaling", "polar"),
    ),
)

SCALING = block(
    _STORED,
    Field(
        "r_e_meters",
        "scaling",
        "m",
        "scalar",
        "Classical electron radius",
        tolerance_class="setup",
    ),
    Field(
        "r_e_sqr",
        "scaling",
        "m^2",
        "scalar",
        "Classical electron radius squared",
        depends_on=("r_e_meters",),
        scaling=True,
    ),
    Field("fluence_photons_per_m2", "scaling", "photons/m^2", "scalar", "Fluence", scaling=True),
    Field(
        "steps",
        "scaling",
        "1",
        "scalar",
        "sources x mosaic domains x phi steps x oversample^2",
        tolerance_class="integer",
        scaling=True,
    ),
    Field("oversample_thick", "scaling", "1", "scalar", "Flag -oversample_thick", tolerance_class="integer"),
    Field("oversample_polar", "scaling", "1", "scalar", "Flag -oversample_polar", tolerance_class="integer"),
    Field("oversample_omega", "scaling", "1", "scalar", "Flag -oversample_omega", tolerance_class="integer"),
    Field(
        "capture_fraction",
        "scaling",
        "1",
        "scalar",
        "Part of the photons that the last layer absorbs",
        tap=_CACHED.format("-oversample_thick"),
        scaling=True,
    ),
    Field(
        "polar",
        "scaling",
        "1",
        "scalar",
        "Polarisation factor",
        tap=_CACHED.format("-oversample_polar"),
        depends_on=("incident_vec", "diffracted_vec"),
        scaling=True,
    ),
    Field(
        "omega_pixel",
        "scaling",
        "sr",
        "scalar",
        "Solid angle that scales the pixel; 1/R^2 in m^-2 with -point_pixel",
        tap=_CACHED.format("-oversample_omega"),
        depends_on=("omega_pixel_sr",),
        scaling=True,
    ),
    Field(
        "cos_2theta",
        "scaling",
        "1",
        "scalar",
        "Cosine of the scattering angle",
        tap=_STORED + "; of the last source and sub-pixel, not of the pair that made the polarisation factor",
        aliases=("cos2theta",),
        depends_on=("incident_vec", "diffracted_vec"),
        scaling=True,
    ),
    Field(
        "I_pixel_final",
        "scaling",
        "photons",
        "scalar",
        "Intensity of the pixel",
        depends_on=(
            "I_before_scaling",
            "r_e_sqr",
            "fluence_photons_per_m2",
            "steps",
            "capture_fraction",
            "polar",
            "omega_pixel",
        ),
        scaling=True,
    ),
    Field(
        "floatimage_accumulated",
        "scaling",
        "photons",
        "scalar",
        "The stored image value, rounded to single precision",
        depends_on=("I_pixel_final",),
        tolerance_class="float32",
    ),
)
