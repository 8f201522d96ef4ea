"""The table of nanoBragg's options, one row each.

Exact names and the documented aliases only. Source: nanobragg_setup.md section 1.2.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import InputError
from .quirks import Quirks

HC_EV_ANGSTROM = 12398.42

Changes = dict[str, Any]
Special = Callable[[Changes, tuple[Any, ...], Quirks], None]

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_LARGEST_INTEGER = 2**31 - 1
_INTEGER = re.compile(r"[+-]?\d+")


@dataclass(frozen=True)
class Flag:
    """One row of the option table."""

    names: tuple[str, ...]
    values: int  # how many values must follow
    kind: str  # "float", "int" or "str"
    help: str
    sets: tuple[str, ...] = ()  # Options fields that receive the value(s)
    unit: str = ""
    divide: float = 1.0  # typed number / divide = stored number
    also: Mapping[str, Any] = field(default_factory=dict)  # fixed side effects
    stems: tuple[str, ...] = ()  # documented open-ended spellings ("-wave..." )
    special: Special | None = None  # replaces ``sets`` where a rule is needed

    @property
    def spellings(self) -> tuple[str, ...]:
        return self.names + self.stems


def number(name: str, word: str, kind: str) -> float | int:
    """``word`` as a float or, for ``kind`` "int", a whole number; ``name`` is the option it follows.

    Raises:
        InputError: it is not one.
    """
    if kind == "int":
        if not _INTEGER.fullmatch(word):
            raise InputError(f"{name} {word}: needs a whole number such as 5 (not '{word}')")
        if abs(int(word)) > _LARGEST_INTEGER:
            raise InputError(f"{name} {word}: at most {_LARGEST_INTEGER}; the C program would wrap it around")
        return int(word)
    if not NUMBER.fullmatch(word) or not math.isfinite(float(word)):
        raise InputError(f"{name} {word}: '{word}' is not a number")
    return float(word)


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
    word = values[0]
    depth = math.inf if "inf" in word.lower() else number("-detector_abs", word, "float")
    changes["attenuation_um"] = depth
    if math.isinf(depth) or depth == 0.0:
        changes.update(mu_per_m=0.0, thickness_um=0.0)
    else:
        changes["mu_per_m"] = 1.0 / (depth * 1e-6)


def _energy(changes: Changes, values: tuple[Any, ...], quirks: Quirks) -> None:
    if values[0] == 0.0:
        raise InputError("-energy 0: the photon energy must not be zero")
    changes["wavelength_a"] = HC_EV_ANGSTROM / values[0]


def _printout_pixel(changes: Changes, values: tuple[Any, ...], quirks: Quirks) -> None:
    changes.update(printout=True, printout_pixel=(values[1], values[0]))


def _one(names: str, sets: str, help_: str, unit: str = "", **more: Any) -> Flag:
    """A row with one float for one or more fields."""
    return Flag(tuple(names.split()), 1, "float", help_, tuple(sets.split()), unit, **more)


def _int(names: str, sets: str, help_: str, unit: str = "", **more: Any) -> Flag:
    return Flag(tuple(names.split()), 1, "int", help_, tuple(sets.split()), unit, **more)


def _word(names: str, sets: str, help_: str, **more: Any) -> Flag:
    return Flag(tuple(names.split()), 1, "str", help_, tuple(sets.split()), **more)


def _switch(names: str, help_: str, **also: Any) -> Flag:
    return Flag(tuple(names.split()), 0, "str", help_, also=also)


def _vector(name: str, sets: str, help_: str) -> Flag:
    return Flag((name,), 3, "float", help_, (sets,), also={"convention": "CUSTOM"})


_BEAM = {"pivot": "BEAM"}
_SAMPLE = {"pivot": "SAMPLE"}

FLAGS: tuple[Flag, ...] = (
    # crystal
    _int("-Na", "n_a", "cells along a"),
    _int("-Nb", "n_b", "cells along b"),
    _int("-Nc", "n_c", "cells along c"),
    _int("-N", "n_a n_b n_c", "cells along a, b and c"),
    Flag(("-cell",), 1, "float", "unit cell, one to six values; reading stops at a dash", ("cell",), "A, deg"),
    Flag(("-misset",), 3, "float", "rotations about lab x, y, z, or 'random'", ("misset_deg",), "deg"),
    _int("-misset_seed", "misset_seed", "seed of the random orientation"),
    _one(
        "-samplesize -sample_size -xtalsize -xtal_size", "sample_a_mm sample_b_mm sample_c_mm", "crystal widths", "mm"
    ),
    _one(
        "-sample_thick -sample_x -xtal_thick -xtal_x",
        "sample_a_mm",
        "crystal width along a",
        "mm",
        stems=("-sample_thick", "-xtal_thick"),
    ),
    _one("-sample_width -sample_y -xtal_width -xtal_y -width", "sample_b_mm", "crystal width along b", "mm"),
    _one(
        "-sample_z -xtal_z",
        "sample_c_mm",
        "crystal width along c",
        "mm",
        stems=("-sample_heigh", "-xtal_heigh", "-heigh"),
    ),
    _one("-density", "", "no effect in C", "g/cm3", stems=("-sample_den",)),
    _one("-MW", "", "no effect in C", "g/mol", stems=("-molec",)),
    _word("-mat -matrix", "matrix_file", "orientation matrix file"),
    _switch("-square_xtal", "parallelepiped crystal", shape="SQUARE"),
    _switch("-round_xtal", "spherical crystal", shape="ROUND"),
    _switch("-gauss_xtal", "Gaussian spots", shape="GAUSS"),
    _switch("-binary_spots -tophat_spots", "top-hat spots", shape="TOPHAT"),
    _one("-fudge", "fudge", "shape factor"),
    # detector
    _one("-Xbeam", "xbeam_mm", "beam centre x", "mm", also=_BEAM),
    _one("-Ybeam", "ybeam_mm", "beam centre y", "mm", also=_BEAM),
    _one("-Xclose", "xclose_mm", "point closest to the sample, x", "mm", also=_SAMPLE),
    _one("-Yclose", "yclose_mm", "point closest to the sample, y", "mm", also=_SAMPLE),
    _one("-ORGX", "orgx", "point closest to the sample, XDS x", "px", also=_SAMPLE),
    _one("-ORGY", "orgy", "point closest to the sample, XDS y", "px", also=_SAMPLE),
    _word("-pivot", "pivot", "detector rotates about 'beam' spot or 'sample'", special=_pivot),
    _switch("-mosflm", "MOSFLM convention", convention="MOSFLM", pivot="BEAM"),
    _switch("-adxv", "ADXV convention", convention="ADXV", pivot="BEAM"),
    _switch("-denzo", "DENZO convention", convention="DENZO", pivot="BEAM"),
    _switch("-dials", "DIALS convention", convention="DIALS", pivot="BEAM"),
    _switch("-xds", "XDS convention", convention="XDS", pivot="SAMPLE"),
    _vector("-fdet_vector", "fast_vector", "fast axis"),
    _vector("-sdet_vector", "slow_vector", "slow axis"),
    _vector("-odet_vector", "normal_vector", "detector normal"),
    _vector("-beam_vector", "beam_vector", "beam direction"),
    _vector("-polar_vector", "polar_vector", "polarisation axis"),
    _vector("-spindle_axis", "spindle_axis", "phi axis"),
    Flag(("-twotheta_axis",), 3, "float", "two-theta axis", ("twotheta_axis",), special=_twotheta_axis),
    Flag(
        ("-pix0_vector",), 3, "float", "sample to first pixel", ("pix0_vector_m",), "m", also={"convention": "CUSTOM"}
    ),
    Flag(("-pix0_vector_mm",), 3, "float", "sample to first pixel", ("pix0_vector_m",), "mm", special=_pix0_mm),
    _one("-distance", "distance_mm", "detector distance along the beam", "mm", also=_BEAM),
    _one("-close_distance", "close_distance_mm", "shortest detector distance", "mm", also=_SAMPLE),
    _word(
        "-detector_abs",
        "attenuation_um mu_per_m",
        "attenuation depth or 'inf'",
        unit="um",
        stems=("-detector_abs",),
        special=_attenuation,
    ),
    _one("-detector_thick", "thickness_um", "sensor thickness", "um"),
    _int("-detector_thicksteps -thicksteps", "thick_steps", "sensor layers"),
    _one("-twotheta", "twotheta_deg", "detector swing", "deg", also=_SAMPLE),
    _one("-detector_rotx", "rotx_deg", "detector rotation about x", "deg"),
    _one("-detector_roty", "roty_deg", "detector rotation about y", "deg"),
    _one("-detector_rotz", "rotz_deg", "detector rotation about z", "deg"),
    _one("-detsize", "detsize_fast_mm detsize_slow_mm", "detector size", "mm"),
    _one("-detsize_f", "detsize_fast_mm", "detector size, fast", "mm", stems=("-detsize_f",)),
    _one("-detsize_s", "detsize_slow_mm", "detector size, slow", "mm", stems=("-detsize_s",)),
    _int("-detpixels", "detpixels_fast detpixels_slow", "detector pixels"),
    _int("-detpixels_x", "detpixels_fast", "detector pixels, fast", stems=("-detpixels_f",)),
    _int("-detpixels_y", "detpixels_slow", "detector pixels, slow", stems=("-detpixels_s",)),
    _word(
        "-curved_det",
        "",
        "spherical detector; C wants any word after it",
        stems=("-curved_det",),
        also={"curved": True},
    ),
    _one("-pixel", "pixel_mm", "pixel size", "mm"),
    _switch("-point_pixel", "no obliquity in the solid angle", point_pixel=True),
    Flag(("-roi",), 4, "int", "fast0 fast1 slow0 slow1, inclusive", ("roi",), "px"),
    _word("-img", "img_file", "SMV image whose header is read"),
    _word("-mask", "mask_file", "SMV mask, 0 = skip"),
    # beam
    _one("-lambda", "wavelength_a", "wavelength", "A", stems=("-wave",)),
    _one("-energy", "wavelength_a", "photon energy", "eV", special=_energy),
    _one("-fluence", "fluence", "fluence", "photons/m2"),
    _one("-flux", "flux", "flux", "photons/s"),
    _one("-exposure", "exposure_s", "exposure time", "s"),
    _one("-beamsize", "beamsize_mm", "beam size", "mm"),
    _one("-polar", "kahn", "Kahn polarisation factor", also={"nopolar": False}),
    _switch("-nopolar", "no polarisation factor", nopolar=True),
    _one("-dispersion", "dispersion", "spectral width", "%", divide=100.0),
    _int("-dispsteps", "dispersion_steps", "wavelengths"),
    _one("-divergence", "hdiv_range vdiv_range", "both divergence ranges", "mrad", divide=1000.0),
    _one("-hdivrange", "hdiv_range", "horizontal divergence range", "mrad", divide=1000.0),
    _one("-vdivrange", "vdiv_range", "vertical divergence range", "mrad", divide=1000.0),
    _one("-hdivstep", "hdiv_step", "horizontal divergence step", "mrad", divide=1000.0),
    _one("-vdivstep", "vdiv_step", "vertical divergence step", "mrad", divide=1000.0),
    _int("-hdivsteps", "hdiv_steps", "horizontal divergence steps"),
    _int("-vdivsteps", "vdiv_steps", "vertical divergence steps"),
    _int("-divsteps", "hdiv_steps vdiv_steps", "steps of both divergences"),
    _switch("-round_div", "elliptical divergence", round_div=True),
    _switch("-square_div", "rectangular divergence", round_div=False),
    _word("-sourcefile", "source_file", "list of sources"),
    _one("-water", "water_um", "edge of the water cube", "um"),
    # phi, mosaic, sampling
    _one("-phi", "phi_deg", "start angle", "deg"),
    _one("-osc", "osc_deg", "oscillation range", "deg"),
    _one("-phistep", "phi_step_deg", "phi step", "deg"),
    _int("-phisteps", "phi_steps", "phi steps"),
    _one("-mosaic", "mosaic_deg", "mosaic spread", "deg", stems=("-mosaici", "-mosaic_spr")),
    _int("-mosaic_dom", "mosaic_domains", "mosaic domains", stems=("-mosaic_dom",)),
    _int("-mosaic_seed", "mosaic_seed", "mosaic seed"),
    _int("-oversample", "oversample", "sub-pixels per axis"),
    _switch("-oversample_thick", "absorption per sub-pixel", oversample_thick=True),
    _switch("-oversample_polar", "polarisation per sub-pixel", oversample_polar=True),
    _switch("-oversample_omega", "solid angle per sub-pixel", oversample_omega=True),
    _one("-dmin", "dmin_a", "resolution cut", "A"),
    _switch("-interpolate", "tricubic structure factors", interpolate=True),
    _switch("-nointerpolate", "nearest structure factor", interpolate=False),
    # structure factors
    _word("-hkl", "hkl_file", "structure factors: text of h k l F, or an MTZ or CIF file"),
    _word("--column", "hkl_column", "column of the MTZ or CIF file (not in C)"),
    _one("-default_F", "default_f", "structure factor of unlisted reflections"),
    _word("-dump", "dump_file", "binary structure-factor cache"),
    _word("-stolout", "", "no effect in C"),
    _word("-stol -4stol -Q", "", "amorphous structure factors; read but unused by C"),
    # outputs
    _word("-floatfile -floatimage", "float_file", "float image"),
    _word("-intfile -intimage", "int_file", "integer image"),
    _word("-pgmfile -pgmimage", "pgm_file", "PGM image", also={"write_pgm": True}),
    _word("-noisefile -noiseimage", "noise_file", "noise image", also={"write_noise": True}),
    _switch("-nonoise", "no noise image", write_noise=False),
    _switch("-nopgm", "no PGM image", write_pgm=False),
    _one("-adc", "adc", "offset of integer images"),
    _one("-scale", "scale", "scale of the integer image"),
    _one("-pgmscale", "pgm_scale", "scale of the PGM image", also={"write_pgm": True}),
    _int("-seed", "noise_seed", "noise seed"),
    _switch("-coherent", "no effect in C"),
    _switch("-printout", "print pixel values", printout=True),
    Flag(
        ("-printout_pixel",),
        2,
        "int",
        "FAST SLOW of the pixel to print",
        ("printout_pixel",),
        "px",
        special=_printout_pixel,
    ),
    Flag(("-trace_pixel", "-dump_pixel"), 2, "int", "SLOW FAST of the pixel to trace", ("trace_pixel",), "px"),
    _switch("-progress", "progress on", progress=True),
    _switch("-noprogress", "progress off", progress=False),
)

MISSET_RANDOM = Flag(("-misset",), 1, "str", "random orientation", ("misset_random",), special=_misset_random)
