"""Placement of the detector: conventions, beam centres, pivots, distances, the first pixel.

Source: nanobragg_setup.md sections 2.1 to 2.5. Lengths in m, angles in rad, float64.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from nbsim.constants import RTD
from nbsim.errors import InputError
from nbsim.options.options import Options, Vector
from nbsim.options.quirks import Quirks
from nbsim.parameters import Parameters
from nbsim.values import ByValue
from nbsim.vectors import cross, dot, length, rotate_about, rotate_xyz, unit

Metres = Callable[[Tensor], Tensor]
SMALLEST_NORMAL = sys.float_info.min  # replaces a divisor that is exactly zero, as in C

_SHORTEST = 1e-9  # of a direction

# beam, normal, fast, slow, two-theta axis, polarization, spindle (section 2.2)
_X, _Y, _Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
_MINUS_X, _MINUS_Y, _MINUS_Z = (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0)
_CONVENTIONS: dict[str, tuple[Vector, ...]] = {
    "ADXV": (_Z, _Z, _X, _MINUS_Y, _MINUS_X, _X, _X),
    "MOSFLM": (_X, _X, _Z, _MINUS_Y, _MINUS_Z, _Z, _Z),
    "DENZO": (_X, _X, _Z, _MINUS_Y, _MINUS_Z, _Z, _Z),
    "XDS": (_Z, _Z, _X, _Y, _X, _X, _X),
    "DIALS": (_Z, _Z, _X, _Y, _Y, _Y, _Y),
    "CUSTOM": (_X, _X, _Z, _MINUS_Y, _Y, _Z, _Z),
}
_FORCED_PIVOT = {"ADXV": "BEAM", "MOSFLM": "BEAM", "DENZO": "BEAM", "XDS": "SAMPLE", "DIALS": "SAMPLE"}


@dataclass(frozen=True, eq=False)
class Axes(ByValue):
    """Directions before any rotation, each (3,); unit vectors except the two-theta axis (S11)."""

    beam: Tensor
    normal: Tensor
    fast: Tensor
    slow: Tensor
    twotheta: Tensor
    polarization: Tensor
    spindle: Tensor


@dataclass(frozen=True)
class Size:
    """Detector size [m] and pixel counts."""

    pixel: float
    fast: float
    slow: float
    n_fast: int
    n_slow: int


@dataclass(frozen=True, eq=False)
class Centers(ByValue):
    """Beam centres from the command line and the convention, scalars [m]."""

    f_beam: Tensor
    s_beam: Tensor
    f_close: Tensor
    s_close: Tensor
    x_beam: Tensor
    y_beam: Tensor
    x_close: Tensor
    y_close: Tensor


@dataclass(frozen=True, eq=False)
class Angles(ByValue):
    """Detector rotations about lab x, y, z and the swing, scalars [rad]."""

    x: Tensor
    y: Tensor
    z: Tensor
    twotheta: Tensor


@dataclass(frozen=True)
class Placement:
    """The detector in place; vectors (3,), the others scalars [m]. C prints the ``early``
    values before it recomputes them from the first pixel."""

    fast_rotated: Tensor  # after the rotations about x, y, z
    slow_rotated: Tensor
    normal_rotated: Tensor
    fast: Tensor  # after two-theta as well
    slow: Tensor
    normal: Tensor
    pix0_start: Tensor  # SAMPLE pivot: before and after the rotations about x, y, z; BEAM: pix0 itself
    pix0_rotated: Tensor
    pix0: Tensor
    ratio: Tensor
    early_distance: Tensor
    early_close_distance: Tensor
    distance: Tensor
    close_distance: Tensor
    f_close: Tensor
    s_close: Tensor
    f_beam: Tensor
    s_beam: Tensor


def scalar(value: float) -> Tensor:
    """``value`` as a float64 tensor of no dimensions."""
    return torch.tensor(value, dtype=torch.float64)


def _vector(value: Vector) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


_MAY_BE_ZERO = ("-polar_vector", "-spindle_axis", "-twotheta_axis")  # in C


def detector_size(options: Options) -> Size:
    """Size and pixel counts; a pixel count overrides a size (section 2.1).

    Raises:
        InputError: a pixel size that is not positive, or a detector without pixels.
    """
    pixel = options.pixel_mm / 1000.0
    if not pixel > 0.0:
        raise InputError(f"-pixel {options.pixel_mm:g}: the pixel size must be positive")

    def axis(count: int, size_mm: float) -> tuple[float, int]:
        size = pixel * count if count != 0 else size_mm / 1000.0
        return size, math.ceil(size / pixel - 0.5)

    fast, n_fast = axis(options.detpixels_fast, options.detsize_fast_mm)
    slow, n_slow = axis(options.detpixels_slow, options.detsize_slow_mm)
    if n_fast < 1 or n_slow < 1:
        raise InputError(f"-detpixels, -detsize: the detector would have {n_fast} x {n_slow} pixels (fast x slow)")
    return Size(pixel, fast, slow, n_fast, n_slow)


def axes(options: Options, quirks: Quirks) -> Axes:
    """Directions of the convention, or those typed for CUSTOM, normalised as in C (sections 2.2, 2.4).

    Raises:
        InputError: a direction is zero, or the fast and slow axes are parallel.
    """
    start = _CONVENTIONS[options.convention]
    typed: tuple[tuple[str, Vector | None], ...] = (
        ("-beam_vector", options.beam_vector),
        ("-odet_vector", options.normal_vector),
        ("-fdet_vector", options.fast_vector),
        ("-sdet_vector", options.slow_vector),
        ("-twotheta_axis", options.twotheta_axis),
        ("-polar_vector", options.polar_vector),
        ("-spindle_axis", options.spindle_axis),
    )
    chosen = list(start)
    if options.convention == "CUSTOM":
        for i, (flag, value) in enumerate(typed):
            if value is not None:
                if math.hypot(*value) < _SHORTEST and not (options.as_c and flag in _MAY_BE_ZERO):
                    raise InputError(f"{flag} {' '.join(f'{x:g}' for x in value)}: the vector must not be zero")
                chosen[i] = value
    beam, normal, fast, slow, twotheta, polarization, spindle = map(_vector, chosen)
    fast, slow = unit(fast), unit(slow)
    exact = length(normal).item() == 1.0
    normal = unit(normal)
    if quirks.normal_rederived and not exact:
        normal = unit(cross(fast, slow))
        if not normal.any():
            raise InputError("-fdet_vector and -sdet_vector are parallel: the detector is not a plane")
    if not quirks.twotheta_axis_as_typed:
        twotheta = unit(twotheta)
    return Axes(unit(beam), normal, fast, slow, twotheta, unit(polarization), unit(spindle))


def pivot(options: Options, quirks: Quirks) -> str:
    """``BEAM`` or ``SAMPLE``; the convention overrules the flags (S5)."""
    forced = _FORCED_PIVOT.get(options.convention)
    if forced is None or (options.pivot_typed and not quirks.convention_forces_pivot):
        return options.pivot
    return forced


def by_origin(options: Options) -> bool:
    """Whether the beam centre of the convention is ORGX and ORGY (quirk S8)."""
    return options.convention in ("XDS", "DIALS")


def beam_centers(options: Options, size: Size, beam_center: Tensor | None = None) -> Centers:
    """Beam centres of the convention (section 2.3).

    ``beam_center`` (2,): the effective values, in the unit of the flags. A component that was not typed keeps the
    convention's value to the last bit, and takes only its derivative from there.
    """
    pair = (None, None) if beam_center is None else beam_center.unbind()
    beams, origins = ((None, None), pair) if by_origin(options) else (pair, (None, None))

    def chosen(
        value: float | None, followed: Tensor | None, metres: Callable[[Tensor], Tensor], default: Tensor
    ) -> Tensor:
        if value is not None:
            return metres(scalar(value) if followed is None else followed)
        if followed is None:
            return default
        moved = metres(followed)
        return default + (moved - moved.detach())

    def from_mm(value: Tensor) -> Tensor:
        return value / 1000.0

    def from_origin(value: Tensor) -> Tensor:
        return (value - 0.5) * size.pixel

    pixel, fast, slow = size.pixel, scalar(size.fast), scalar(size.slow)
    f_close = chosen(options.orgx, origins[0], from_origin, fast / 2.0)
    s_close = chosen(options.orgy, origins[1], from_origin, slow / 2.0)
    x_close = chosen(options.xclose_mm, None, from_mm, f_close)
    y_close = chosen(options.yclose_mm, None, from_mm, s_close)
    convention = options.convention

    def beam_spot(default_x: Tensor, default_y: Tensor) -> tuple[Tensor, Tensor]:
        return (
            chosen(options.xbeam_mm, beams[0], from_mm, default_x),
            chosen(options.ybeam_mm, beams[1], from_mm, default_y),
        )

    if convention == "ADXV":
        x_beam, y_beam = beam_spot((fast + pixel) / 2.0, (slow - pixel) / 2.0)
        f_beam, s_beam = x_beam, slow - y_beam
    elif convention in ("MOSFLM", "DENZO"):
        x_beam, y_beam = beam_spot((slow + pixel) / 2.0, (fast + pixel) / 2.0)
        shift = 0.5 * pixel if convention == "MOSFLM" else 0.0
        f_beam, s_beam = y_beam + shift, x_beam + shift
    else:
        x_beam, y_beam = beam_spot(x_close, y_close)
        f_beam, s_beam = x_beam, y_beam
        if convention == "CUSTOM":
            f_close, s_close = x_beam, y_beam
    return Centers(f_beam, s_beam, f_close, s_close, x_beam, y_beam, x_close, y_close)


def typed_rotations(options: Options) -> Tensor:
    """Rotations of the detector about lab x, y, z as typed [degrees], (3,)."""
    return _vector((options.rotx_deg, options.roty_deg, options.rotz_deg))


def rotations(degrees: Tensor, twotheta_degrees: Tensor) -> Angles:
    """The detector's angles [rad]; ``degrees`` (3,) about lab x, y, z."""
    x, y, z = (degrees / RTD).unbind()
    return Angles(x, y, z, twotheta_degrees / RTD)


def _nonzero(value: Tensor) -> Tensor:
    return torch.where(value == 0.0, torch.full_like(value, SMALLEST_NORMAL), value)


def place(
    frame: Axes,
    angles: Angles,
    pivot_name: str,
    centers: Centers,
    distance: Tensor,
    close_distance: Tensor | None,
    quirks: Quirks,
    typed_pix0: Tensor | None = None,
) -> Placement:
    """The detector in place (section 2.5), differentiable in every tensor.

    ``close_distance`` overrides ``distance`` [m]; ``typed_pix0`` (3,) [m] is used only without quirk S4.
    """

    def turned(v: Tensor) -> Tensor:
        return rotate_xyz(v, angles.x, angles.y, angles.z)

    def swung(v: Tensor) -> Tensor:
        return rotate_about(v, frame.twotheta, angles.twotheta)

    fast_rotated, slow_rotated, normal_rotated = turned(torch.stack((frame.fast, frame.slow, frame.normal)))
    fast, slow, normal = swung(torch.stack((fast_rotated, slow_rotated, normal_rotated)))
    ratio = _nonzero(dot(frame.beam, normal_rotated))
    early_close = torch.abs(ratio * distance) if close_distance is None else close_distance
    early_distance = early_close / ratio
    if pivot_name == "SAMPLE":
        f_close, s_close = centers.f_close, centers.s_close
        start = -f_close * frame.fast - s_close * frame.slow + early_close * frame.normal
        rotated = turned(start)
        pix0 = swung(rotated)
    else:
        pix0 = -centers.f_beam * fast - centers.s_beam * slow + early_distance * frame.beam
        start = rotated = pix0
    if typed_pix0 is not None and not quirks.pix0_vector_discarded:
        pix0 = typed_pix0
    final_ratio = ratio if quirks.ratio_without_twotheta else _nonzero(dot(frame.beam, normal))
    final_close = dot(pix0, normal)
    final_distance = final_close / final_ratio
    to_beam_spot = final_distance * frame.beam - pix0
    return Placement(
        fast_rotated,
        slow_rotated,
        normal_rotated,
        fast,
        slow,
        normal,
        start,
        rotated,
        pix0,
        ratio,
        early_distance,
        early_close,
        final_distance,
        final_close,
        -dot(pix0, fast),
        -dot(pix0, slow),
        dot(fast, to_beam_spot),
        dot(slow, to_beam_spot),
    )


def place_detector(
    options: Options, quirks: Quirks, frame: Axes, centers: Centers, parameters: Parameters
) -> Placement:
    """:func:`place` with the values of a command line."""
    by_close = options.close_distance_mm is not None
    return place(
        frame,
        rotations(parameters.detector_rotations, parameters.twotheta),
        pivot(options, quirks),
        centers,
        parameters.distance / 1000.0,
        parameters.close_distance / 1000.0 if by_close else None,
        quirks,
        None if options.pix0_vector_m is None else _vector(options.pix0_vector_m),
    )
