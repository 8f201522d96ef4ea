"""The port's trace of one pixel, as its own hook prints it: one block, derived again at the pixel's centre."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from port.simulator import RADIUS_SQUARED, Pixel, Rays, Simulator, stored
from port.vectors import about_axis


def _text(value: float | Sequence[float] | Tensor) -> str:
    values = value.tolist() if isinstance(value, Tensor) else value
    return " ".join(f"{item:.15g}" for item in (values if isinstance(values, Sequence) else [values]))


@dataclass(frozen=True)
class Spot:
    """Source 0, domain 0 at the centre of the pixel, for one orientation of the crystal."""

    direct: Tensor  # [3, 3] m
    indices: Tensor  # [3]
    whole: Tensor  # [3]
    factors: Tensor  # [3]
    lattice: float


def trace_text(port: Simulator, slow: int, fast: int) -> str:
    """The whole log of a run that traces one pixel."""
    pixel = port.pixel(slow, fast)
    return "\n".join(
        (*_prologue(port, pixel), *_block(port, pixel), *_pixel_lines(port, pixel), *_epilogue(port, pixel), "")
    )


def _prologue(port: Simulator, pixel: Pixel) -> Iterator[str]:
    asked = port.settings
    lengths = "x".join(f"{float(vector.norm()) * 1e10:.1f}" for vector in port.crystal.direct)
    yield "Running simulation..."
    yield f"  Detector: {asked.pixels_fast}x{asked.pixels_slow} pixels"
    yield f"  Crystal: {lengths} Å"
    yield f"  Wavelength: {asked.wavelength * 1e10:.2f} Å"
    yield "  Device: cpu, Dtype: torch.float64"
    yield f"  Tracing pixel (slow={pixel.slow}, fast={pixel.fast})"
    if asked.oversample <= 0:
        yield f"auto-selected {port.oversample}-fold oversampling"


def _single(port: Simulator, *values: Tensor) -> list[Tensor]:
    """The values, through single precision if the hook works in it."""
    return [value.float() if "hook_single_precision" in port.faults else value for value in values]


def _spot(port: Simulator, rays: Rays, orientation: int) -> Spot:
    """Derive indices and lattice factor again from the vectors that the hook holds."""
    direct = port.orientations[orientation] @ port.crystal.domains[0].T
    scattering = rays.scattering[0, 0, 0] * 1e-10
    shown = direct if "hook_metres" in port.faults else direct * 1e10
    held, wave = _single(port, shown, scattering)
    indices = held @ wave
    factors, lattice = port.crystal.lattice_factors(indices)
    return Spot(shown, indices, torch.ceil(indices - 0.5), factors, float(lattice))


def _shown_orientations(port: Simulator, pixel: Pixel) -> list[int]:
    """Orientations of source 0 in the block: those of the subpixel in the middle."""
    middle = pixel.orientations.shape[1] // 2
    carried = pixel.orientations[0, middle, 0].tolist()
    if "hook_fresh_phi" not in port.faults:
        return carried
    return [0 if angle == 0.0 else at for at, angle in zip(carried, port.crystal.phi, strict=False)]


def _block(port: Simulator, pixel: Pixel) -> Iterator[str]:
    rays = port.centre(pixel.slow, pixel.fast, offset=0.0 if "hook_corner" in port.faults else 0.5)
    position, direction, scattering = _single(port, rays.position[0, 0], rays.direction[0, 0], rays.scattering[0, 0, 0])
    airpath = float(position.norm())
    wavelength = float(port.sources.wavelength[0])
    yield f"TRACE_PY: pix0_vector_meters {_text(port.detector.pix0)}"
    yield f"TRACE_PY: fdet_vec {_text(port.detector.fast)}"
    yield f"TRACE_PY: sdet_vec {_text(port.detector.slow)}"
    yield f"TRACE_PY: pixel_pos_meters {_text(position)}"
    yield f"TRACE_PY: R_distance_meters {_text(airpath)}"
    yield f"TRACE_PY: omega_pixel_sr {_text(pixel.corrections.omega)}"
    yield f"TRACE_PY: close_distance_meters {_text(port.detector.close_distance)}"
    yield f"TRACE_PY: obliquity_factor {_text(port.detector.close_distance / airpath)}"
    yield f"TRACE_PY: diffracted_vec {_text(direction)}"
    yield f"TRACE_PY: incident_vec {_text(port.sources.incident[0])}"
    yield f"TRACE_PY: lambda_meters {_text(wavelength)}"
    yield f"TRACE_PY: lambda_angstroms {_text(wavelength * 1e10)}"
    yield f"TRACE_PY: scattering_vec_A_inv {_text(scattering)}"
    if bool(rays.alive[0, 0, 0]):
        yield from _crystal_lines(port, pixel, rays)


def _crystal_lines(port: Simulator, pixel: Pixel, rays: Rays) -> Iterator[str]:
    shown = _shown_orientations(port, pixel)
    spot = _spot(port, rays, shown[0])
    for name, vector in zip("abc", spot.direct, strict=True):
        yield f"TRACE_PY: rot_{name}_angstroms {_text(vector)}"
    yield f"TRACE_PY: spindle_axis_normalized {_text(port.frame.spindle)}"
    for name, vector in zip("abc", _shown_reciprocal(port, shown[0]), strict=True):
        yield f"TRACE_PY: rot_{name}_star_A_inv {_text(vector)}"
    yield f"TRACE_PY: hkl_frac {_text(spot.indices)}"
    yield f"TRACE_PY: hkl_rounded {_text(port.crystal.nearest(spot.indices))}"
    if port.settings.shape == "SQUARE":
        for name, factor in zip("abc", spot.factors, strict=True):
            yield f"TRACE_PY: F_latt_{name} {_text(factor)}"
        yield f"TRACE_PY: F_latt {_text(spot.lattice)}"
    if spot.lattice != 0.0 or port.settings.water != 0.0:
        yield from _factor_lines(port, spot)
    if port.settings.shape == "SQUARE":
        for tic, orientation in enumerate(shown):
            yield _phi_line(port, rays, tic, orientation)


def _shown_reciprocal(port: Simulator, orientation: int) -> Tensor:
    if "hook_rotated_reciprocal" not in port.faults or orientation == 0:
        return port.crystal.reciprocal
    return port.crystal.reciprocal @ about_axis(port.crystal.spindle, port.crystal.phi[orientation - 1]).T


def _factor_lines(port: Simulator, spot: Spot) -> Iterator[str]:
    if port.table.interpolating and bool(port.table.in_range(spot.indices)):
        yield f"TRACE_PY: F_cell_interpolated {_text(port.table.tricubic(spot.indices.double()))}"
    yield f"TRACE_PY: F_cell_nearest {_text(port.table.nearest(port.crystal.nearest(spot.indices)))}"


def _phi_line(port: Simulator, rays: Rays, tic: int, orientation: int) -> str:
    spot = _spot(port, rays, orientation)
    degrees = math.degrees(port.crystal.phi[tic])
    return (
        f"TRACE_PY_PHI phi_tic={tic} phi_deg={_text(degrees)} k_frac={_text(spot.indices[1])} "
        f"F_latt_b={_text(spot.factors[1])} F_latt={_text(spot.lattice)}"
    )


def _pixel_lines(port: Simulator, pixel: Pixel) -> Iterator[str]:
    asked, corrections = port.settings, pixel.corrections
    before = pixel.intensity
    if "hook_one_phi_step" in port.faults:
        before = float(pixel.terms[..., -1, :].sum())
    after = before * corrections.polar
    if "hook_after_polar" in port.faults:
        yield f"TRACE_PY: I_before_scaling {_text(after)}"
    else:
        yield f"TRACE_PY: I_before_scaling_pre_polar {_text(before)}"
        yield f"TRACE_PY: I_before_scaling_post_polar {_text(after)}"
    last = pixel.rays.direction[-1, -1] @ port.sources.incident[-1]
    yield f"TRACE_PY: r_e_meters {_text(math.sqrt(RADIUS_SQUARED))}"
    yield f"TRACE_PY: r_e_sqr {_text(RADIUS_SQUARED)}"
    yield f"TRACE_PY: fluence_photons_per_m2 {_text(port.fluence)}"
    yield f"TRACE_PY: steps {pixel.steps}"
    yield f"TRACE_PY: oversample_thick {asked.every_capture:d}"
    yield f"TRACE_PY: oversample_polar {asked.every_polar:d}"
    yield f"TRACE_PY: oversample_omega {asked.every_omega:d}"
    yield f"TRACE_PY: capture_fraction {_text(corrections.capture)}"
    yield f"TRACE_PY: polar {_text(port.faults.either('hook_polar_one', 1.0, corrections.polar))}"
    yield f"TRACE_PY: omega_pixel {_text(corrections.omega)}"
    yield f"TRACE_PY: cos_2theta {_text(last)}"
    yield f"TRACE_PY: I_pixel_final {_text(pixel.final)}"
    yield f"TRACE_PY: floatimage_accumulated {_text(stored(pixel.final))}"


def _epilogue(port: Simulator, pixel: Pixel) -> Iterator[str]:
    yield ""
    yield f"Final intensity = {pixel.final:.6e}"
    yield f"Normalized intensity = {pixel.intensity / pixel.steps:.6e}"
    yield f"TRACE: r_e^2 = {RADIUS_SQUARED:.12e}"
    yield f"TRACE: Fluence = {port.fluence:.12e}"
    yield f"TRACE: Oversample = {port.oversample}"
    yield ""
    yield "Simulation complete."
