"""The table of nanoBragg's options, one row each: the source of the parser, ``--help``, docs/flags.md and nbtui's form.

Rows that the C program finds in one token are in its order. Source: nanobragg_setup.md section 1.2.
"""

from __future__ import annotations

from typing import Any

from nbsim.options import rows
from nbsim.options.flag import Flag
from nbsim.options.rows import real, switch, vector, whole, word

_NEAREST = "point nearest to the sample"
_IN_CONVENTION = "in the axes of the convention; pivots at the beam centre"
_BEAM = {"pivot": "BEAM"}
_SAMPLE = {"pivot": "SAMPLE"}
_CELLS: dict[str, Any] = {"low": 1, "unset": True, "gradient": "n_cells"}
_WIDTH: dict[str, Any] = {"low": 0, "high": 1e6}
_FAN: dict[str, Any] = {"divide": 1000.0, "low": 0, "unset": True}
_COUNT: dict[str, Any] = {"low": 1, "unset": True}

_CRYSTAL = (
    whole("-Na", "n_a", "unit cells along a", **_CELLS),
    whole("-Nb", "n_b", "unit cells along b", **_CELLS),
    whole("-Nc", "n_c", "unit cells along c", **_CELLS),
    whole("-N", "n_a n_b n_c", "unit cells along a, b and c", exact=True, **_CELLS),
    Flag(("-cell",), 1, "float",
         "unit cell: edges in A, angles in degrees; omitted edges equal a, omitted angles are 90; default: the cell of "
         "the MTZ or CIF file",
         ("cell",), units=("A", "A", "A", "deg", "deg", "deg"), most=6, typed="A B C AL BE GA", high=1e6,
         special=rows.cell, gradient="cell"),
    word("-mat -matrix", "matrix_file", "MOSFLM orientation matrix; with -cell, rescaled to that cell (S18)"),
    Flag(("-misset",), 3, "float", "rotations about lab x, y, z in degrees, or the word 'random'", ("misset_deg",),
         "deg", also={"misset_random": False}, typed="X Y Z", gradient="misset"),
    whole("-misset_seed", "misset_seed", "seed of 'random'; default: that of -seed, else 1 (C: the clock)"),
    real("-samplesize -sample_size -xtalsize -xtal_size", "sample_a_mm sample_b_mm sample_c_mm",
         "crystal widths along a, b, c in place of -N; b and c are clipped to -beamsize", "mm", **_WIDTH),
    real("-sample_x -xtal_x", "sample_a_mm", "crystal width along a in place of -Na; 0: from -Na", "mm",
         stems=("-sample_thick", "-xtal_thick"), **_WIDTH),
    real("-sample_y -xtal_y -sample_width -xtal_width -width", "sample_b_mm",
         "crystal width along b in place of -Nb; 0: from -Nb", "mm", **_WIDTH),
    real("-sample_z -xtal_z", "sample_c_mm", "crystal width along c in place of -Nc; 0: from -Nc", "mm",
         stems=("-sample_heigh", "-xtal_heigh", "-heigh"), **_WIDTH),
    switch("-square_xtal", "parallelepiped crystal (the default)", shape="SQUARE"),
    switch("-round_xtal", "ellipsoidal crystal", shape="ROUND"),
    switch("-gauss_xtal", "Gaussian spots", shape="GAUSS"),
    switch("-tophat_spots -binary_spots", "top-hat spots", shape="TOPHAT"),
    real("-fudge", "fudge", "factor on the spot width, for all shapes but the parallelepiped", low=0),
    real("-density", "", "density of the sample; no effect in C", stems=("-sample_den",)),
    real("-MW", "", "molecular weight; no effect in C", stems=("-molec",), exact=True),
)  # fmt: skip
_DETECTOR = (
    real("-distance", "distance_mm", "sample to detector along the beam; pivots at the beam centre", "mm", also=_BEAM,
         low=1e-6, gradient="distance"),
    real("-close_distance", "close_distance_mm",
         "shortest distance to the detector's plane; overrides -distance; pivots at the sample", "mm", also=_SAMPLE,
         low=1e-6, gradient="close_distance"),
    real("-pixel", "pixel_mm", "edge of a pixel", "mm", low=1e-9),
    whole("-detpixels", "detpixels_fast detpixels_slow", "pixels along both edges; 0: from -detsize", "px", exact=True,
          low=0, typed="N"),
    whole("-detpixels_x", "detpixels_fast", "pixels along the fast edge; 0: from -detsize_f", "px",
          stems=("-detpixels_f",), low=0, typed="N"),
    whole("-detpixels_y", "detpixels_slow", "pixels along the slow edge; 0: from -detsize_s", "px",
          stems=("-detpixels_s",), low=0, typed="N"),
    real("-detsize", "detsize_fast_mm detsize_slow_mm", "length of both edges", "mm", exact=True, low=1e-9),
    real("-detsize_f", "detsize_fast_mm", "length of the fast edge", "mm", stems=("-detsize_f",), low=1e-9),
    real("-detsize_s", "detsize_slow_mm", "length of the slow edge", "mm", stems=("-detsize_s",), low=1e-9),
    real("-Xbeam", "xbeam_mm", f"beam centre {_IN_CONVENTION}", "mm", also=_BEAM, gradient="beam_center"),
    real("-Ybeam", "ybeam_mm", f"beam centre {_IN_CONVENTION}", "mm", also=_BEAM, gradient="beam_center"),
    real("-Xclose", "xclose_mm", f"{_NEAREST}; moves only a CUSTOM detector (S8); pivots at the sample", "mm",
         also=_SAMPLE),
    real("-Yclose", "yclose_mm", f"{_NEAREST}; moves only a CUSTOM detector (S8); pivots at the sample", "mm",
         also=_SAMPLE),
    real("-ORGX", "orgx", f"{_NEAREST}, for XDS and DIALS; pivots at the sample", "px", also=_SAMPLE,
         gradient="beam_center"),
    real("-ORGY", "orgy", f"{_NEAREST}, for XDS and DIALS; pivots at the sample", "px", also=_SAMPLE,
         gradient="beam_center"),
    switch("-mosflm", "convention (the default); pivot at the beam centre", convention="MOSFLM", pivot="BEAM"),
    switch("-adxv", "convention; pivot at the beam centre", convention="ADXV", pivot="BEAM"),
    switch("-denzo", "convention; pivot at the beam centre", convention="DENZO", pivot="BEAM"),
    switch("-dials", "convention; pivot at the sample", convention="DIALS", pivot="BEAM"),
    switch("-xds", "convention; pivot at the sample", convention="XDS", pivot="SAMPLE"),
    word("-pivot", "pivot", "point that the detector turns about; all conventions but CUSTOM override it (S5)",
         "beam|sample", special=rows.pivot),
    real("-detector_rotx", "rotx_deg", "detector rotation about lab x", "deg", gradient="detector_rotations"),
    real("-detector_roty", "roty_deg", "detector rotation about lab y", "deg", gradient="detector_rotations"),
    real("-detector_rotz", "rotz_deg", "detector rotation about lab z", "deg", gradient="detector_rotations"),
    vector("-twotheta_axis", "twotheta_axis", "axis of the two-theta swing; its x also sets the angle (S1)",
           special=rows.twotheta_axis),
    real("-twotheta", "twotheta_deg", "two-theta swing of the detector; pivots at the sample", "deg", also=_SAMPLE,
         gradient="twotheta"),
    vector("-fdet_vector", "fast_vector", "fast axis of the detector before its rotations"),
    vector("-sdet_vector", "slow_vector", "slow axis of the detector before its rotations"),
    vector("-odet_vector", "normal_vector", "normal of the detector before its rotations"),
    vector("-pix0_vector", "pix0_vector_m", "vector from the sample to the first pixel; not used (S4)", "m"),
    vector("-pix0_vector_mm", "pix0_vector_m", "-pix0_vector in mm", "mm", special=rows.pix0_mm),
    Flag(("-detector_abs",), 1, "depth",
         "attenuation depth of the sensor; 'inf' or 0: neither absorption nor thickness",
         ("attenuation_um", "mu_per_m"), "um", stems=("-detector_abs",), special=rows.attenuation, low=0),
    real("-detector_thick", "thickness_um", "sensor thickness; 0: no absorption", "um", exact=True, low=0, unset=True),
    whole("-detector_thicksteps -thicksteps", "thick_steps", "sensor layers; n layers are n/(n-1) thick (S15)",
          **_COUNT),
    word("-curved_det", "", "all pixels at the same distance; C requires some word after it", "WORD",
         stems=("-curved_det",), also={"curved": True}),
    switch("-point_pixel", "solid angle without obliquity", point_pixel=True),
    Flag(("-roi",), 4, "int", "pixels to render, limits included; negative: the detector's edge", ("roi",), "px",
         typed="FAST0 FAST1 SLOW0 SLOW1"),
    word("-img", "img_file", "SMV image whose header sets the detector; every flag overrides it"),
    word("-mask", "mask_file", "SMV image whose zero pixels are skipped and whose header sets the detector"),
)  # fmt: skip
_LIGHT = (
    real("-lambda", "wavelength_a", "wavelength of the beam", "A", stems=("-wave",), low=1e-6, gradient="wavelength"),
    real("-energy", "wavelength_a", "photon energy in place of -lambda", "eV", special=rows.energy, low=1e-3),
    real("-fluence", "fluence", "photons/m^2; by default r_e^2 x fluence is 1", "photons/m^2", low=0,
         gradient="fluence"),
    real("-flux", "flux", "photons/s; with -exposure and -beamsize it replaces -fluence", "photons/s", low=0,
         above=True, unset=True),
    real("-exposure", "exposure_s", "exposure time, used with -flux", "s", low=0, above=True, unset=True),
    real("-beamsize", "beamsize_mm", "edge of the beam, used with -flux; clips the crystal along b and c (S6)", "mm",
         low=0, unset=True),
    real("-polar", "kahn", "Kahn polarization factor: 0 unpolarized, 1 or -1 fully polarized", also={"nopolar": False},
         exact=True, low=-1, high=1, gradient="polarization"),
    switch("-nopolar", "polarization factor 1 everywhere", nopolar=True),
    vector("-beam_vector", "beam_vector", "direction of the beam"),
    vector("-polar_vector", "polar_vector", "direction of the E-vector"),
    real("-dispersion", "dispersion", "width of the spectrum in per cent", "%", divide=100.0, low=0, high=200),
    whole("-dispsteps", "dispersion_steps", "wavelengths in the spectrum", **_COUNT),
    real("-divergence", "hdiv_range vdiv_range", "both divergence ranges", "mrad", **_FAN),
    real("-hdivrange", "hdiv_range", "horizontal divergence range", "mrad", **_FAN),
    real("-vdivrange", "vdiv_range", "vertical divergence range", "mrad", **_FAN),
    real("-hdivstep", "hdiv_step", "angle between two horizontal directions", "mrad", exact=True, **_FAN),
    real("-vdivstep", "vdiv_step", "angle between two vertical directions", "mrad", exact=True, **_FAN),
    whole("-hdivsteps", "hdiv_steps", "horizontal directions", **_COUNT),
    whole("-vdivsteps", "vdiv_steps", "vertical directions", **_COUNT),
    whole("-divsteps", "hdiv_steps vdiv_steps", "directions along both axes", **_COUNT),
    switch("-round_div", "elliptical divergence (the default)", round_div=True),
    switch("-square_div", "rectangular divergence", round_div=False),
    word("-sourcefile", "source_file", "sources, one per line: x y z [m] weight wavelength [m]; weights unused (S21)"),
    real("-water", "water_um", "edge of a cube of water that scatters as background", "um", low=0),
)  # fmt: skip
_SAMPLING = (
    real("-phi", "phi_deg", "angle of the first phi step", "deg", exact=True, gradient="phi"),
    real("-osc", "osc_deg", "oscillation range; alone: two steps", "deg", low=0, unset=True,
         gradient="oscillation"),
    real("-phistep", "phi_step_deg", "angle between two phi steps; default: the range over the steps", "deg",
         exact=True, low=0, unset=True),
    whole("-phisteps", "phi_steps", "phi steps; alone: a range of 1 degree", **_COUNT),
    vector("-spindle_axis", "spindle_axis", "axis of phi"),
    real("-mosaic", "mosaic_deg", "largest rotation of a mosaic domain; 0: one domain", "deg",
         stems=("-mosaici", "-mosaic_spr"), exact=True, low=0, unset=True, gradient="mosaic_spread"),
    whole("-mosaic_domains -mosaic_dom", "mosaic_domains", "mosaic domains; default 10 with -mosaic",
          stems=("-mosaic_dom",), **_COUNT),
    whole("-mosaic_seed", "mosaic_seed", "seed of the mosaic domains"),
    switch("-oversample_thick", "absorption for every sub-pixel", ends=True, oversample_thick=True),
    switch("-oversample_polar", "polarization for every sub-pixel", ends=True, oversample_polar=True),
    switch("-oversample_omega", "solid angle for every sub-pixel", ends=True, oversample_omega=True),
    whole("-oversample", "oversample", "sub-pixels along either edge; default, or 0: as the crystal's size requires"),
    real("-dmin", "dmin_a", "resolution limit; finer spacings give no intensity; 0: no limit", "A", low=0, unset=True),
)  # fmt: skip
_FACTORS = (
    word("-hkl", "hkl_file", "structure factors: a text file of h k l F in P1, or an MTZ or CIF file, expanded to P1",
         gradient="structure_factors"),
    word("--column", "hkl_column", "column of the MTZ or CIF file; default: its only amplitudes (not in C)", "NAME"),
    real("-default_F", "default_f", "structure factor of unlisted reflections", "e", typed="X",
         gradient="default_f"),
    word("-dump", "dump_file", "binary copy of -hkl: written with it, read without it"),
    switch("-interpolate", "tricubic interpolation; default: where -N, -Na, -Nb or -Nc is 2 or less", interpolate=True),
    switch("-nointerpolate", "structure factor of the nearest reflection", interpolate=False),
    word("-stolout", "", "no effect in C"),
    word("-stol -4stol -Q", "", "amorphous structure factors; C reads and never uses them", exact=True),
)  # fmt: skip
_OUTPUTS = (
    word("-floatfile -floatimage", "float_file", "float image"),
    word("-intfile -intimage", "int_file", "SMV integer image"),
    word("-pgmfile -pgmimage", "pgm_file", "PGM image", also={"write_pgm": True}),
    word("-noisefile -noiseimage", "noise_file", "SMV image with photon noise", also={"write_noise": True}),
    switch("-nopgm", "no PGM image", write_pgm=False),
    switch("-nonoise", "no noise image", write_noise=False),
    real("-scale", "scale", "scale of the integer image; 0: maximum at 55000", low=0, unset=True),
    real("-pgmscale", "pgm_scale", "scale of the PGM image; 0: 5 rmsd at 250", also={"write_pgm": True}, low=0,
         unset=True),
    real("-adc", "adc", "offset of the integer and the noise image", high=1e9),
    whole("-seed", "noise_seed", "seed of the noise; default: the clock"),
    switch("-noprogress", "no progress on stderr", progress=False),
    switch("-progress", "progress on stderr if it is a terminal (the default)", progress=True),
    switch("-printout", "print how every pixel was computed", printout=True),
    Flag(("-printout_pixel",), 2, "int", "print how this pixel was computed", ("printout_pixel",),
         special=rows.printout_pixel, typed="FAST SLOW"),
    Flag(("-trace_pixel", "-dump_pixel"), 2, "int",
         "trace of a pixel, every intermediate value (instrumented C builds)", ("trace_pixel",), typed="SLOW FAST"),
    switch("-coherent", "no effect in C"),
)  # fmt: skip
SECTIONS: tuple[tuple[str, tuple[Flag, ...]], ...] = (
    ("Crystal", _CRYSTAL),
    ("Detector", _DETECTOR),
    ("Beam", _LIGHT),
    ("Phi, mosaic and sampling", _SAMPLING),
    ("Structure factors", _FACTORS),
    ("Outputs", _OUTPUTS),
)
FLAGS: tuple[Flag, ...] = tuple(flag for _, flags in SECTIONS for flag in flags)

MISSET_RANDOM = Flag(("-misset",), 1, "str", "random orientation", also={"misset_random": True}, ends=True)
_EXACT = {name: flag for flag in FLAGS for name in flag.names}
_STEMS = sorted(((stem, flag) for flag in FLAGS for stem in flag.stems), key=lambda item: -len(item[0]))


def flag_named(token: str) -> Flag | None:
    """The row that a token selects: exact names first, then the longest documented stem."""
    exact = _EXACT.get(token)
    if exact is not None:
        return exact
    return next((flag for stem, flag in _STEMS if token.startswith(stem)), None)
