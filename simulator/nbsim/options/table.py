"""The table of nanoBragg's options, one row each: the parser, ``--help`` and docs/flags.md are made from it.

Rows that the C program finds in one token stand in its order. Source: nanobragg_setup.md section 1.2.
"""

from __future__ import annotations

import math
from typing import Any

from nbsim.errors import InputError
from nbsim.options.flag import Changes, Flag
from nbsim.options.quirks import Quirks

HC_EV_ANGSTROM = 12398.42
_SHALLOWEST = 1e-9  # um


def _misset_random(changes: Changes, values: tuple[Any, ...], quirks: Quirks) -> None:
    changes["misset_random"] = True


def _pivot(changes: Changes, values: tuple[Any, ...], quirks: Quirks) -> None:
    word = values[0].lower()
    found = [name for name in ("sample", "beam") if name in word]
    if not found:
        raise InputError(f"-pivot {values[0]}: must be 'beam' or 'sample'")
    changes.update(pivot=found[-1].upper(), pivot_typed=True)


def _twotheta_axis(changes: Changes, values: tuple[Any, ...], quirks: Quirks) -> None:
    changes.update(twotheta_axis=values, convention="CUSTOM")
    if quirks.twotheta_axis_sets_angle:
        changes.update(twotheta_deg=values[0], pivot="SAMPLE")


def _pix0_mm(changes: Changes, values: tuple[Any, ...], quirks: Quirks) -> None:
    changes.update(pix0_vector_m=tuple(v / 1000.0 for v in values), convention="CUSTOM")


def _attenuation(changes: Changes, values: tuple[Any, ...], quirks: Quirks) -> None:
    (depth,) = values
    if 0.0 < depth < _SHALLOWEST:
        raise InputError(f"-detector_abs {depth:g}: an attenuation depth of less than {_SHALLOWEST:g} um")
    changes["attenuation_um"] = depth
    if math.isinf(depth) or depth == 0.0:
        changes.update(mu_per_m=0.0, thickness_um=0.0)
    else:
        changes["mu_per_m"] = 1.0 / (depth * 1e-6)


def _energy(changes: Changes, values: tuple[Any, ...], quirks: Quirks) -> None:
    changes["wavelength_a"] = HC_EV_ANGSTROM / values[0]


def _printout_pixel(changes: Changes, values: tuple[Any, ...], quirks: Quirks) -> None:
    changes.update(printout=True, printout_pixel=(values[1], values[0]))


def _one(names: str, sets: str, help_: str, unit: str = "", **more: Any) -> Flag:
    """A row with one float for one or more fields."""
    return Flag(tuple(names.split()), 1, "float", help_, tuple(sets.split()), unit, **more)


def _int(names: str, sets: str, help_: str, unit: str = "", **more: Any) -> Flag:
    return Flag(tuple(names.split()), 1, "int", help_, tuple(sets.split()), unit, **more)


def _word(names: str, sets: str, help_: str, typed: str = "FILE", **more: Any) -> Flag:
    return Flag(tuple(names.split()), 1, "str", help_, tuple(sets.split()), typed=typed, **more)


def _switch(names: str, help_: str, *, ends: bool = False, **also: Any) -> Flag:
    return Flag(tuple(names.split()), 0, "str", help_, also=also, ends=ends)


def _vector(name: str, sets: str, help_: str) -> Flag:
    text = f"{help_}; changes the convention to CUSTOM"
    return Flag((name,), 3, "float", text, (sets,), also={"convention": "CUSTOM"}, typed="X Y Z")


_BEAM = {"pivot": "BEAM"}
_SAMPLE = {"pivot": "SAMPLE"}

_CRYSTAL = (
    _int("-Na", "n_a", "cells along a", low=1, unset=True),
    _int("-Nb", "n_b", "cells along b", low=1, unset=True),
    _int("-Nc", "n_c", "cells along c", low=1, unset=True),
    _int("-N", "n_a n_b n_c", "cells along a, b and c", exact=True, low=1, unset=True),
    Flag(
        ("-cell",),
        1,
        "float",
        "unit cell in A and degrees; b and c are a, angles 90 where left out; default: that of the MTZ or CIF file",
        ("cell",),
        typed="A B C AL BE GA",
        high=1e6,
    ),
    _word("-mat -matrix", "matrix_file", "MOSFLM orientation matrix; with -cell it is rescaled to its edges (S18)"),
    Flag(
        ("-misset",),
        3,
        "float",
        "rotations about lab x, y, z in degrees, or the word 'random'",
        ("misset_deg",),
        "deg",
        typed="X Y Z",
    ),
    _int("-misset_seed", "misset_seed", "seed of 'random'; default: that of -seed, else 1 (C: the clock)"),
    _one(
        "-samplesize -sample_size -xtalsize -xtal_size",
        "sample_a_mm sample_b_mm sample_c_mm",
        "crystal widths along a, b, c in place of -N; b and c are clipped to -beamsize",
        "mm",
        low=0,
        high=1e6,
    ),
    _one(
        "-sample_x -xtal_x",
        "sample_a_mm",
        "width along a",
        "mm",
        stems=("-sample_thick", "-xtal_thick"),
        low=0,
        high=1e6,
    ),
    _one("-sample_y -xtal_y -sample_width -xtal_width -width", "sample_b_mm", "width along b", "mm", low=0, high=1e6),
    _one(
        "-sample_z -xtal_z",
        "sample_c_mm",
        "width along c",
        "mm",
        stems=("-sample_heigh", "-xtal_heigh", "-heigh"),
        low=0,
        high=1e6,
    ),
    _switch("-square_xtal", "parallelepiped crystal (the default)", shape="SQUARE"),
    _switch("-round_xtal", "ellipsoidal crystal", shape="ROUND"),
    _switch("-gauss_xtal", "Gaussian spots", shape="GAUSS"),
    _switch("-tophat_spots -binary_spots", "top-hat spots", shape="TOPHAT"),
    _one("-fudge", "fudge", "factor on the spot width of all shapes but the parallelepiped", low=0),
    _one("-density", "", "density of the sample; no effect in C", stems=("-sample_den",)),
    _one("-MW", "", "molecular weight; no effect in C", stems=("-molec",), exact=True),
)
_DETECTOR = (
    _one("-distance", "distance_mm", "to the detector, along the beam", "mm", also=_BEAM, low=1e-6),
    _one(
        "-close_distance",
        "close_distance_mm",
        "shortest to the detector's plane; beats -distance",
        "mm",
        also=_SAMPLE,
        low=1e-6,
    ),
    _one("-pixel", "pixel_mm", "edge of a pixel", "mm", low=1e-9),
    _int(
        "-detpixels",
        "detpixels_fast detpixels_slow",
        "pixels along both edges; 0: as -detsize says",
        exact=True,
        low=0,
    ),
    _int("-detpixels_x", "detpixels_fast", "pixels along the fast edge", stems=("-detpixels_f",), low=0),
    _int("-detpixels_y", "detpixels_slow", "pixels along the slow edge", stems=("-detpixels_s",), low=0),
    _one("-detsize", "detsize_fast_mm detsize_slow_mm", "length of both edges", "mm", exact=True, low=1e-9),
    _one("-detsize_f", "detsize_fast_mm", "length of the fast edge", "mm", stems=("-detsize_f",), low=1e-9),
    _one("-detsize_s", "detsize_slow_mm", "length of the slow edge", "mm", stems=("-detsize_s",), low=1e-9),
    _one("-Xbeam", "xbeam_mm", "beam centre, as the convention counts it", "mm", also=_BEAM),
    _one("-Ybeam", "ybeam_mm", "beam centre, as the convention counts it", "mm", also=_BEAM),
    _one("-Xclose", "xclose_mm", "point nearest to the sample; moves nothing but CUSTOM (S8)", "mm", also=_SAMPLE),
    _one("-Yclose", "yclose_mm", "point nearest to the sample; moves nothing but CUSTOM (S8)", "mm", also=_SAMPLE),
    _one("-ORGX", "orgx", "point nearest to the sample, for XDS and DIALS", "px", also=_SAMPLE),
    _one("-ORGY", "orgy", "point nearest to the sample, for XDS and DIALS", "px", also=_SAMPLE),
    _switch("-mosflm", "convention (the default); pivot at the beam centre", convention="MOSFLM", pivot="BEAM"),
    _switch("-adxv", "convention; pivot at the beam centre", convention="ADXV", pivot="BEAM"),
    _switch("-denzo", "convention; pivot at the beam centre", convention="DENZO", pivot="BEAM"),
    _switch("-dials", "convention; pivot at the sample", convention="DIALS", pivot="BEAM"),
    _switch("-xds", "convention; pivot at the sample", convention="XDS", pivot="SAMPLE"),
    _word(
        "-pivot",
        "pivot",
        "what the detector turns about; the conventions overrule it but for CUSTOM (S5)",
        "beam|sample",
        special=_pivot,
    ),
    _one("-detector_rotx", "rotx_deg", "detector rotation about lab x", "deg"),
    _one("-detector_roty", "roty_deg", "detector rotation about lab y", "deg"),
    _one("-detector_rotz", "rotz_deg", "detector rotation about lab z", "deg"),
    Flag(
        ("-twotheta_axis",),
        3,
        "float",
        "axis of the swing; its x also sets the angle (S1); changes the convention to CUSTOM",
        ("twotheta_axis",),
        special=_twotheta_axis,
        typed="X Y Z",
    ),
    _one("-twotheta", "twotheta_deg", "detector swing", "deg", also=_SAMPLE),
    _vector("-fdet_vector", "fast_vector", "fast axis"),
    _vector("-sdet_vector", "slow_vector", "slow axis"),
    _vector("-odet_vector", "normal_vector", "detector normal"),
    Flag(
        ("-pix0_vector",),
        3,
        "float",
        "sample to first pixel in m; not used (S4), but changes the convention to CUSTOM",
        ("pix0_vector_m",),
        "m",
        also={"convention": "CUSTOM"},
        typed="X Y Z",
    ),
    Flag(
        ("-pix0_vector_mm",),
        3,
        "float",
        "the same in mm",
        ("pix0_vector_m",),
        "mm",
        special=_pix0_mm,
        typed="X Y Z",
    ),
    Flag(
        ("-detector_abs",),
        1,
        "depth",
        "attenuation depth of the sensor; 'inf' or 0: neither absorption nor thickness",
        ("attenuation_um", "mu_per_m"),
        "um",
        stems=("-detector_abs",),
        special=_attenuation,
        low=0,
    ),
    _one("-detector_thick", "thickness_um", "sensor thickness", "um", exact=True, low=0, unset=True),
    _int(
        "-detector_thicksteps -thicksteps",
        "thick_steps",
        "sensor layers; n layers are n/(n-1) thick (S15)",
        low=1,
        unset=True,
    ),
    _word(
        "-curved_det",
        "",
        "all pixels at the same distance; C wants any word after it",
        "WORD",
        stems=("-curved_det",),
        also={"curved": True},
    ),
    _switch("-point_pixel", "no obliquity in the solid angle", point_pixel=True),
    Flag(
        ("-roi",),
        4,
        "int",
        "pixels to render, limits included; negative: the detector's edge",
        ("roi",),
        typed="FAST0 FAST1 SLOW0 SLOW1",
    ),
    _word("-img", "img_file", "SMV image whose header sets the detector; every flag overrides it"),
    _word("-mask", "mask_file", "SMV image whose zeros are skipped, and whose header sets the detector"),
)
_LIGHT = (
    _one("-lambda", "wavelength_a", "wavelength", "A", stems=("-wave",), low=1e-6),
    _one("-energy", "wavelength_a", "photon energy in place of -lambda", "eV", special=_energy, low=1e-3),
    _one("-fluence", "fluence", "photons/m^2; default 1.259e29, at which r_e^2 x fluence is 1", low=0),
    _one(
        "-flux", "flux", "photons/s; with -exposure and -beamsize it replaces -fluence", low=0, above=True, unset=True
    ),
    _one("-exposure", "exposure_s", "exposure time", "s", low=0, above=True, unset=True),
    _one("-beamsize", "beamsize_mm", "edge of the beam; clips the crystal along b and c (S6)", "mm", low=0, unset=True),
    _one("-polar", "kahn", "Kahn polarisation factor", also={"nopolar": False}, exact=True, low=-1, high=1),
    _switch("-nopolar", "no polarisation factor", nopolar=True),
    _vector("-beam_vector", "beam_vector", "direction of the beam"),
    _vector("-polar_vector", "polar_vector", "direction of the E-vector"),
    _one("-dispersion", "dispersion", "spectral width in per cent", divide=100.0, low=0, high=200),
    _int("-dispsteps", "dispersion_steps", "wavelengths", low=1, unset=True),
    _one("-divergence", "hdiv_range vdiv_range", "both divergence ranges", "mrad", divide=1000.0, low=0, unset=True),
    _one("-hdivrange", "hdiv_range", "horizontal divergence range", "mrad", divide=1000.0, low=0, unset=True),
    _one("-vdivrange", "vdiv_range", "vertical divergence range", "mrad", divide=1000.0, low=0, unset=True),
    _one("-hdivstep", "hdiv_step", "horizontal divergence step", "mrad", divide=1000.0, exact=True, low=0, unset=True),
    _one("-vdivstep", "vdiv_step", "vertical divergence step", "mrad", divide=1000.0, exact=True, low=0, unset=True),
    _int("-hdivsteps", "hdiv_steps", "horizontal divergence steps", low=1, unset=True),
    _int("-vdivsteps", "vdiv_steps", "vertical divergence steps", low=1, unset=True),
    _int("-divsteps", "hdiv_steps vdiv_steps", "steps of both divergences", low=1, unset=True),
    _switch("-round_div", "elliptical divergence (the default)", round_div=True),
    _switch("-square_div", "rectangular divergence", round_div=False),
    _word("-sourcefile", "source_file", "sources, one a line: x y z [m] weight wavelength [m]; weights unused (S21)"),
    _one("-water", "water_um", "edge of a cube of water that scatters as background", "um", low=0),
)
_SAMPLING = (
    _one("-phi", "phi_deg", "angle of the first phi step", "deg", exact=True),
    _one("-osc", "osc_deg", "oscillation range; alone it means two steps", "deg", low=0, unset=True),
    _one("-phistep", "phi_step_deg", "phi step", "deg", exact=True, low=0, unset=True),
    _int("-phisteps", "phi_steps", "phi steps; alone it means a range of 1 degree", low=1, unset=True),
    _vector("-spindle_axis", "spindle_axis", "axis of phi"),
    _one(
        "-mosaic",
        "mosaic_deg",
        "largest rotation of a mosaic domain",
        "deg",
        stems=("-mosaici", "-mosaic_spr"),
        exact=True,
        low=0,
        unset=True,
    ),
    _int(
        "-mosaic_domains -mosaic_dom",
        "mosaic_domains",
        "mosaic domains; default 10 with -mosaic",
        stems=("-mosaic_dom",),
        low=1,
        unset=True,
    ),
    _int("-mosaic_seed", "mosaic_seed", "seed of the domains; default 12345678"),
    _switch("-oversample_thick", "absorption for every sub-pixel", ends=True, oversample_thick=True),
    _switch("-oversample_polar", "polarisation for every sub-pixel", ends=True, oversample_polar=True),
    _switch("-oversample_omega", "solid angle for every sub-pixel", ends=True, oversample_omega=True),
    _int("-oversample", "oversample", "sub-pixels along either edge; default: what the crystal's size asks for"),
    _one("-dmin", "dmin_a", "no intensity beyond this resolution", "A", low=0, unset=True),
)
_FACTORS = (
    _word("-hkl", "hkl_file", "structure factors of P1: a text of h k l F, or an MTZ or CIF file, which is expanded"),
    _word("--column", "hkl_column", "column of the MTZ or CIF file; default: its only amplitudes (not in C)", "NAME"),
    _one("-default_F", "default_f", "structure factor of reflections that are not listed"),
    _word("-dump", "dump_file", "binary copy of -hkl: written with it, read without it"),
    _switch(
        "-interpolate", "tricubic interpolation; default: where -N, -Na, -Nb or -Nc is 2 or less", interpolate=True
    ),
    _switch("-nointerpolate", "structure factor of the nearest reflection", interpolate=False),
    _word("-stolout", "", "no effect in C"),
    _word("-stol -4stol -Q", "", "amorphous structure factors; C reads and never uses them", exact=True),
)
_OUTPUTS = (
    _word("-floatfile -floatimage", "float_file", "float image"),
    _word("-intfile -intimage", "int_file", "SMV integer image"),
    _word("-pgmfile -pgmimage", "pgm_file", "PGM image", also={"write_pgm": True}),
    _word("-noisefile -noiseimage", "noise_file", "SMV image with photon noise", also={"write_noise": True}),
    _switch("-nopgm", "no PGM image", write_pgm=False),
    _switch("-nonoise", "no noise image", write_noise=False),
    _one("-scale", "scale", "scale of the integer image; 0: its maximum becomes 55000", low=0, unset=True),
    _one(
        "-pgmscale",
        "pgm_scale",
        "scale of the PGM image; 0: 5 rmsd become 250",
        also={"write_pgm": True},
        low=0,
        unset=True,
    ),
    _one("-adc", "adc", "offset of the integer and the noise image", high=1e9),
    _int("-seed", "noise_seed", "seed of the noise; default: the clock"),
    _switch("-noprogress", "no progress on stderr", progress=False),
    _switch("-progress", "progress on stderr, where that is a terminal (the default)", progress=True),
    _switch("-printout", "print what made every pixel", printout=True),
    Flag(
        ("-printout_pixel",),
        2,
        "int",
        "print what made this pixel",
        ("printout_pixel",),
        special=_printout_pixel,
        typed="FAST SLOW",
    ),
    Flag(
        ("-trace_pixel", "-dump_pixel"),
        2,
        "int",
        "trace of a pixel, every intermediate value (instrumented C builds)",
        ("trace_pixel",),
        typed="SLOW FAST",
    ),
    _switch("-coherent", "no effect in C"),
)
SECTIONS: tuple[tuple[str, tuple[Flag, ...]], ...] = (
    ("Crystal", _CRYSTAL),
    ("Detector", _DETECTOR),
    ("Beam", _LIGHT),
    ("Phi, mosaic and sampling", _SAMPLING),
    ("Structure factors", _FACTORS),
    ("Outputs", _OUTPUTS),
)
FLAGS: tuple[Flag, ...] = tuple(flag for _, flags in SECTIONS for flag in flags)

MISSET_RANDOM = Flag(
    ("-misset",), 1, "str", "random orientation", ("misset_random",), special=_misset_random, ends=True
)
