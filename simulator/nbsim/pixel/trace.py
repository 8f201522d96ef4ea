"""A simulated pixel as trace lines, under C's names and in C's order, and its terms as a table.

Values are read out of the tensors that made the pixel; nothing is computed again.
Source: nanobragg_pixel_loop.md section 12.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nbsim.constants import ANGSTROM_PER_M, R_E_SQR
from nbsim.model import TraceLine
from nbsim.pixel.pixel import PixelResult

TERM_COLUMNS = (
    "thick",
    "sub_slow",
    "sub_fast",
    "source",
    "phi_step",
    "mosaic_domain",
    "h",
    "k",
    "l",
    "h0",
    "k0",
    "l0",
    "F_latt",
    "F_cell",
    "F_cell2_F_latt2",
)
_DEGREES = 180.0 * (1.0 / math.pi)


def _text(value: Any) -> str:
    """As C prints it: %.15g for reals, %d for integers, words as they are."""
    if isinstance(value, int):
        return str(int(value))
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def format_line(line: TraceLine, prefix: str = "TRACE_PY") -> str:
    """One line of text without a line end.

    Styles: ``space`` (``TRACE_PY: name v v``), ``equals`` (``TRACE_PY:name=v v``), ``phi``
    (``TRACE_PY_PHI key=v key=v``) and ``bare`` (``NAME v v``, without the prefix).
    """
    values = [_text(value) for value in line.values]
    if line.style == "phi":
        pairs = (f"{key}={value}" for key, value in zip(values[::2], values[1::2], strict=True))
        return f"{prefix}_PHI {' '.join(pairs)}"
    if line.style == "equals":
        return f"{prefix}:{line.name}={' '.join(values)}"
    if line.style == "bare":
        return " ".join((line.name, *values))
    return " ".join((f"{prefix}: {line.name}", *values))


def _list(tensor: Tensor) -> Any:
    return tensor.detach().cpu().to(torch.float64).tolist()


def _line(name: str, value: Tensor) -> TraceLine:
    """A number or a vector."""
    values = _list(value)
    return TraceLine(name, tuple(values) if isinstance(values, list) else (values,))


def _ray_block(result: PixelResult, layer: int, sub: int) -> Iterator[TraceLine]:
    """Geometry of one (layer, subpixel) for source 0; printed even when the resolution cut drops it (12.2)."""
    detector, beam, rays = result.experiment.detector, result.experiment.beam, result.terms.passes.rays
    at = (0, layer, sub)
    yield _line("pix0_vector_meters", detector.pix0)
    yield _line("fdet_vec", detector.fast)
    yield _line("sdet_vec", detector.slow)
    yield _line("pixel_pos_meters", rays.position[at])
    yield _line("R_distance_meters", rays.distance[at])
    yield _line("omega_pixel_sr", result.sums.omega_now[at])
    yield _line("close_distance_meters", detector.close_distance)
    yield _line("obliquity_factor", rays.obliquity[at])
    yield _line("diffracted_vec", rays.direction[at])
    yield _line("incident_vec", rays.incident[0])
    yield _line("lambda_meters", beam.source_wavelengths[0])
    yield _line("lambda_angstroms", beam.source_wavelengths[0] * ANGSTROM_PER_M)
    yield _line("scattering_vec_A_inv", rays.scattering[(*at, 0)])


def _crystal_block(result: PixelResult, layer: int, sub: int) -> Iterator[TraceLine]:
    """Vectors, indices and factors of source 0, phi step 0, domain 0, with the phi lines of all steps (12.3, 12.4)."""
    experiment, passes = result.experiment, result.terms.passes
    crystal, factors = experiment.crystal, passes.lattice.factors
    at = (0, layer, sub, 0, 0, 0)
    for axis in "abc":
        vectors: Tensor = getattr(passes.cell, axis)
        vector = vectors[at] if vectors.dim() == len(at) + 1 else vectors[0, 0]
        yield _line(f"rot_{axis}_angstroms", vector * ANGSTROM_PER_M)
    for axis in "abc":
        yield _line(f"rot_{axis}_star_A_inv", getattr(crystal, f"{axis}_star"))
    yield _line("hkl_frac", torch.stack([index[at] for index in passes.hkl]))
    yield TraceLine("hkl_rounded", tuple(int(index[at]) for index in passes.hkl0))
    phi_lines: Iterator[TraceLine] = iter(())
    if factors is not None:
        for axis, factor in zip("abc", factors, strict=True):
            yield _line(f"F_latt_{axis}", factor[at])
        yield _line("F_latt", passes.lattice.total[at])
        phi_lines = _phi_lines(result, layer, sub)
        yield next(phi_lines)
    if bool(passes.executed[at]):
        yield _line("F_cell", result.terms.f_cell[at])
    yield from phi_lines


def _phi_lines(result: PixelResult, layer: int, sub: int) -> Iterator[TraceLine]:
    """One line per phi step; the angle is the nominal one, the values are those of the vectors in use."""
    passes = result.terms.passes
    assert passes.lattice.factors is not None
    at = (0, layer, sub, 0, slice(None), 0)
    columns = (_list(values[at]) for values in (passes.hkl[1], passes.lattice.factors[1], passes.lattice.total))
    angles = result.experiment.sampling.phi_values()
    for step, (angle, k, f_b, f_latt) in enumerate(zip(angles, *columns, strict=True)):
        pairs = ("phi_tic", step, "phi_deg", angle * _DEGREES, "k_frac", k, "F_latt_b", f_b, "F_latt", f_latt)
        yield TraceLine("", pairs, "phi")


def _final_block(result: PixelResult) -> Iterator[TraceLine]:
    """Once per pixel, after storing (12.5)."""
    experiment, sums = result.experiment, result.sums
    sampling = experiment.sampling
    yield _line("I_before_scaling", result.intensity)
    yield TraceLine("r_e_meters", (math.sqrt(R_E_SQR),))
    yield TraceLine("r_e_sqr", (R_E_SQR,))
    yield _line("fluence_photons_per_m2", experiment.beam.fluence)
    yield TraceLine("steps", (experiment.n_steps,))
    for name in ("oversample_thick", "oversample_polar", "oversample_omega"):
        yield TraceLine(name, (int(getattr(sampling, name)),))
    yield _line("capture_fraction", sums.capture[0])
    yield _line("polar", sums.polar[0])
    yield _line("omega_pixel", sums.omega[0])
    yield _line("cos_2theta", result.terms.passes.rays.cos_2theta[0, -1, -1, -1])
    yield _line("I_pixel_final", result.value)
    yield _line("floatimage_accumulated", result.stored)


def trace_lines(result: PixelResult) -> tuple[TraceLine, ...]:
    """Every line of the trace: set-up, the pixel's identity, the repeated blocks, the scaling.

    A float32 run says so in a line ``dtype`` after the set-up; a float64 run has the lines of C and no other.
    """
    experiment, rays = result.experiment, result.terms.passes.rays
    lines = list(experiment.setup_lines)
    if experiment.dtype != torch.float64:
        lines.append(TraceLine("dtype", (str(experiment.dtype).removeprefix("torch."),), "equals"))
    lines.append(TraceLine("TRACE_CONFIG:", (f"tracing pixel (spixel={result.slow}, fpixel={result.fast})",), "bare"))
    _, layers, subs = rays.distance.shape
    for layer in range(layers):
        for sub in range(subs):
            lines.extend(_ray_block(result, layer, sub))
            if bool(rays.kept[0, layer, sub, 0]):
                lines.extend(_crystal_block(result, layer, sub))
    lines.extend(_final_block(result))
    return tuple(lines)


def executed_column(result: PixelResult, values: Tensor) -> npt.NDArray[Any]:
    """Of ``values`` (1, T, B, Q, J, M) those of executed passes, in order of accumulation, (n,)."""
    chosen = result.terms.passes.executed[0]
    # picking a million by a mask takes long, and mostly there is nothing to leave out
    picked = values[0].reshape(-1) if bool(chosen.all()) else values[0][chosen]
    column: npt.NDArray[Any] = picked.detach().cpu().numpy()
    return column


def terms_rows(result: PixelResult) -> dict[str, npt.NDArray[Any]]:
    """Columns of terms.csv, each (n,): executed passes only, in order of accumulation."""
    terms, ov = result.terms, result.experiment.sampling.oversample
    passes = terms.passes
    layer, sub, source, phi, mosaic = (i.cpu().numpy() for i in torch.nonzero(passes.executed[0], as_tuple=True))
    counts = (layer, sub // ov, sub % ov, source, phi, mosaic)

    def column(values: Tensor) -> npt.NDArray[Any]:
        return executed_column(result, values)

    reals = [column(values) for values in passes.hkl]
    whole = [column(values).astype(np.int64) for values in passes.hkl0]
    rest = [column(values) for values in (passes.lattice.total, terms.f_cell, terms.value)]
    return dict(zip(TERM_COLUMNS, (*counts, *reals, *whole, *rest), strict=True))
