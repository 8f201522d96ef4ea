"""Settings of one run, from a nanoBragg command line (specification of the set-up, sections 1 and 2.1)."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEGREE = 1.0 / (180.0 * 0.31830988618379067154)
MOSFLM, CUSTOM = "MOSFLM", "CUSTOM"
BEAM, SAMPLE = "BEAM", "SAMPLE"


@dataclass
class Settings:
    """What the command line asks for: metres, radians and Angstroms as named."""

    folder: Path = Path()
    convention: str = MOSFLM
    pivot: str = BEAM
    vectors: dict[str, tuple[float, ...]] = field(default_factory=dict)
    typed_pix0: tuple[float, ...] | None = None  # metres
    x_beam: float | None = None
    y_beam: float | None = None
    x_close: float | None = None
    y_close: float | None = None
    org_x: float | None = None
    org_y: float | None = None
    distance: float = 0.1
    close_distance: float | None = None
    rotx: float = 0.0
    roty: float = 0.0
    rotz: float = 0.0
    twotheta: float = 0.0
    pixel: float = 1e-4
    pixels_fast: int = 0
    pixels_slow: int = 0
    size_fast: float = 0.1024
    size_slow: float = 0.1024
    curved: bool = False
    point_pixel: bool = False
    attenuation: float = -1.0  # 1/m
    thickness: float = 0.0
    layers: int = -1
    kahn: float = 0.0
    no_polarization: bool = False
    every_capture: bool = False
    every_polar: bool = False
    every_omega: bool = False
    oversample: int = -1
    roi: tuple[int, ...] = (-1, -1, -1, -1)
    mask: str | None = None
    wavelength: float = 1e-10
    fluence: float = 125932015286227086360700780544.0
    flux: float = 0.0
    exposure: float = 1.0
    beam_size: float = 1e-4
    cell: tuple[float, ...] | None = None  # Angstroms, degrees
    matrix: str | None = None
    misset: tuple[float, ...] = (0.0, 0.0, 0.0)
    cells: list[int] = field(default_factory=lambda: [1, 1, 1])
    crystal_size: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    shape: str = "SQUARE"
    fudge: float = 1.0
    phi: float = 0.0
    osc: float = -1.0
    phi_step: float = -1.0
    phi_steps: int = -1
    mosaic: float = -1.0
    domains: int = -1
    mosaic_seed: int = -12345678
    hkl: str | None = None
    default_f: float = 0.0
    interpolate: bool | None = None
    dmin: float = 0.0  # metres
    source_file: str | None = None
    dispersion: float = 0.0
    wavelengths: int = -1
    h_range: float = -1.0
    v_range: float = -1.0
    h_step: float = -1.0
    v_step: float = -1.0
    h_steps: int = -1
    v_steps: int = -1
    round_divergence: bool = True
    water: float = 0.0
    trace_pixel: tuple[int, int] = (0, 0)


def _number(text: str) -> float:
    found = re.match(r"[-+]?(\d+\.?\d*([eE][-+]?\d+)?|\.\d+([eE][-+]?\d+)?|inf|nan)", text)
    return float(found.group()) if found else 0.0


def _integer(text: str) -> int:
    found = re.match(r"[-+]?\d+", text)
    return int(found.group()) if found else 0


def _same(value: float) -> float:
    return value


def _mm(value: float) -> float:
    return value / 1000.0


def _micron(value: float) -> float:
    return value * 1e-6


def _degrees(value: float) -> float:
    return value * DEGREE


def _mrad(value: float) -> float:
    return value / 1000.0


FLOATS: dict[str, tuple[str, Callable[[float], float], str | None]] = {
    "-Xbeam": ("x_beam", _mm, BEAM),
    "-Ybeam": ("y_beam", _mm, BEAM),
    "-Xclose": ("x_close", _mm, SAMPLE),
    "-Yclose": ("y_close", _mm, SAMPLE),
    "-ORGX": ("org_x", _same, SAMPLE),
    "-ORGY": ("org_y", _same, SAMPLE),
    "-distance": ("distance", _mm, BEAM),
    "-close_distance": ("close_distance", _mm, SAMPLE),
    "-detector_rotx": ("rotx", _degrees, None),
    "-detector_roty": ("roty", _degrees, None),
    "-detector_rotz": ("rotz", _degrees, None),
    "-twotheta": ("twotheta", _degrees, SAMPLE),
    "-pixel": ("pixel", _mm, None),
    "-detector_thick": ("thickness", _micron, None),
    "-polar": ("kahn", _same, None),
    "-lambda": ("wavelength", lambda value: value / 1e10, None),
    "-energy": ("wavelength", lambda value: 12398.42 / value / 1e10, None),
    "-fluence": ("fluence", _same, None),
    "-flux": ("flux", _same, None),
    "-exposure": ("exposure", _same, None),
    "-beamsize": ("beam_size", _mm, None),
    "-fudge": ("fudge", _same, None),
    "-phi": ("phi", _degrees, None),
    "-osc": ("osc", _degrees, None),
    "-phistep": ("phi_step", _degrees, None),
    "-mosaic": ("mosaic", _degrees, None),
    "-mosaic_spread": ("mosaic", _degrees, None),
    "-default_F": ("default_f", _same, None),
    "-dmin": ("dmin", lambda value: value * 1e-10, None),
    "-dispersion": ("dispersion", lambda value: value / 100.0, None),
    "-hdivrange": ("h_range", _mrad, None),
    "-vdivrange": ("v_range", _mrad, None),
    "-hdivstep": ("h_step", _mrad, None),
    "-vdivstep": ("v_step", _mrad, None),
    "-water": ("water", lambda value: value / 1e6, None),
}
INTEGERS = {
    "-oversample": "oversample",
    "-thicksteps": "layers",
    "-detector_thicksteps": "layers",
    "-phisteps": "phi_steps",
    "-mosaic_domains": "domains",
    "-dispsteps": "wavelengths",
    "-hdivsteps": "h_steps",
    "-vdivsteps": "v_steps",
}
WORDS = {"-hkl": "hkl", "-mat": "matrix", "-sourcefile": "source_file", "-mask": "mask"}
SWITCHES = {
    "-point_pixel": ("point_pixel", True),
    "-nopolar": ("no_polarization", True),
    "-oversample_thick": ("every_capture", True),
    "-oversample_polar": ("every_polar", True),
    "-oversample_omega": ("every_omega", True),
    "-interpolate": ("interpolate", True),
    "-nointerpolate": ("interpolate", False),
    "-square_xtal": ("shape", "SQUARE"),
    "-round_xtal": ("shape", "ROUND"),
    "-gauss_xtal": ("shape", "GAUSS"),
    "-tophat_spots": ("shape", "TOPHAT"),
    "-binary_spots": ("shape", "TOPHAT"),
    "-square_div": ("round_divergence", False),
    "-round_div": ("round_divergence", True),
}
CONVENTIONS = {"-mosflm": BEAM, "-adxv": BEAM, "-denzo": BEAM, "-xds": SAMPLE, "-dials": SAMPLE}
VECTORS = (
    "fdet_vector",
    "sdet_vector",
    "odet_vector",
    "beam_vector",
    "polar_vector",
    "spindle_axis",
    "twotheta_axis",
)


def _read_flag(settings: Settings, flag: str, values: list[str]) -> None:
    """Take over one flag; ``values`` are all the words behind it."""
    if flag in FLOATS and values:
        name, convert, pivot = FLOATS[flag]
        setattr(settings, name, convert(_number(values[0])))
        settings.pivot = pivot or settings.pivot
    elif flag in INTEGERS and values:
        setattr(settings, INTEGERS[flag], _integer(values[0]))
    elif flag in WORDS and values:
        setattr(settings, WORDS[flag], values[0])
    elif flag in SWITCHES:
        name, value = SWITCHES[flag]
        setattr(settings, name, value)
    elif flag in CONVENTIONS:
        settings.convention, settings.pivot = flag[1:].upper(), CONVENTIONS[flag]
        settings.vectors = {}
    elif flag[1:] in VECTORS and len(values) >= 3:
        settings.vectors[flag[1:]] = tuple(map(_number, values[:3]))
        settings.convention = CUSTOM
    else:
        _read_special_flag(settings, flag, values)


def _read_special_flag(settings: Settings, flag: str, values: list[str]) -> None:
    numbers = [_number(value) for value in values[:6]]
    if flag in ("-pix0_vector", "-pix0_vector_mm") and len(values) >= 3:
        scale = 0.001 if flag.endswith("_mm") else 1.0
        settings.typed_pix0 = tuple(scale * value for value in numbers[:3])
        settings.convention = CUSTOM
    elif flag == "-cell" and values:
        settings.cell = tuple(numbers)
    elif flag == "-misset" and len(values) >= 3:
        settings.misset = tuple(map(_degrees, numbers[:3]))
    elif flag in ("-Na", "-Nb", "-Nc") and values:
        settings.cells["abc".index(flag[2])] = _integer(values[0])
    elif flag == "-N" and values:
        settings.cells = [_integer(values[0])] * 3
    elif flag in ("-xtal_size", "-xtalsize", "-samplesize", "-sample_size") and values:
        settings.crystal_size = [_mm(numbers[0])] * 3
    elif flag == "-detector_abs" and values:
        unlimited = "inf" in values[0] or numbers[0] == 0
        settings.attenuation = 0.0 if unlimited else 1.0 / _micron(numbers[0])
        settings.thickness = 0.0 if unlimited else settings.thickness
    elif flag == "-pivot" and values:
        settings.pivot = SAMPLE if "sample" in values[0] else BEAM
    elif flag == "-mosaic_seed" and values:
        settings.mosaic_seed = -_integer(values[0])
    elif flag == "-roi" and len(values) >= 4:
        settings.roi = tuple(map(_integer, values[:4]))
    elif flag == "-trace_pixel" and len(values) >= 2:
        settings.trace_pixel = (_integer(values[0]), _integer(values[1]))
    elif flag == "-divergence" and values:
        settings.h_range = settings.v_range = _mrad(numbers[0])
    elif flag == "-divsteps" and values:
        settings.h_steps = settings.v_steps = _integer(values[0])
    elif flag == "-curved_det" and values:
        settings.curved = True
    else:
        _read_size(settings, flag, values)


def _read_size(settings: Settings, flag: str, values: list[str]) -> None:
    if not flag.startswith(("-detpixels", "-detsize")) or not values:
        return
    if not flag.endswith(("_s", "_y")):
        _set_size(settings, "fast", flag, values[0])
    if not flag.endswith(("_f", "_x")):
        _set_size(settings, "slow", flag, values[0])


def _set_size(settings: Settings, axis: str, flag: str, value: str) -> None:
    if flag.startswith("-detpixels"):
        setattr(settings, f"pixels_{axis}", _integer(value))
    else:
        setattr(settings, f"size_{axis}", _mm(_number(value)))


def settings_of(command: str, folder: Path) -> Settings:
    """Settings of a command line whose files lie in ``folder``."""
    words = shlex.split(command)[1:]
    settings = Settings(folder=folder)
    for at, word in enumerate(words):
        if word.startswith("-") and not re.match(r"-[\d.]", word):
            _read_flag(settings, word, words[at + 1 :])
    _derive(settings)
    return settings


def _derive(settings: Settings) -> None:
    """Sizes, fluence, clipping of the crystal, interpolation (sections 2.1 and 2.9)."""
    for axis in ("fast", "slow"):
        count, size = getattr(settings, f"pixels_{axis}"), getattr(settings, f"size_{axis}")
        size = settings.pixel * count if count else size
        setattr(settings, f"size_{axis}", size)
        setattr(settings, f"pixels_{axis}", math.ceil(size / settings.pixel - 0.5))
    if settings.flux and settings.exposure > 0 and settings.beam_size >= 0:
        settings.fluence = settings.flux * settings.exposure / settings.beam_size / settings.beam_size
    if settings.beam_size >= 0:
        width = settings.crystal_size
        settings.crystal_size = [width[0], *(min(item, settings.beam_size) for item in width[1:])]
    if settings.interpolate is None:
        settings.interpolate = any(count <= 2 for count in settings.cells)


def replaced(settings: Settings, **values: Any) -> Settings:
    """A copy with other values; what follows from them is not derived a second time."""
    return Settings(**{**settings.__dict__, **values})
