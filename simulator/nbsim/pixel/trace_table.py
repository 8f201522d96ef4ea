"""The lines of a pixel's trace under C's names and in C's order, one entry per line, and the columns of its terms.

An entry reads its value from the tensors that produced the pixel and names the function that computes it. Importing
this module does not load torch. Source: nanobragg_pixel_loop.md section 12.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from nbsim.c_numbers import cast
from nbsim.constants import ANGSTROM_PER_M, R_E_SQR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from nbsim.model import ExperimentData, Sampling
    from nbsim.pixel.pixel import PixelResult
    from nbsim.pixel.rays import Rays
    from nbsim.pixel.terms import Passes

TERM_AXES = ("thick", "sub_slow", "sub_fast", "source", "phi_step", "mosaic_domain")
TERM_COLUMNS = (*TERM_AXES, "h", "k", "l", "h0", "k0", "l0", "F_latt", "F_cell", "F_cell2_F_latt2")
F_CELL_ORIGINS = ("table", "default", "interpolated", "out of range", "table, not interp.")

_DEGREES = 180.0 * (1.0 / math.pi)

Source = TypeVar("Source")
Value: TypeAlias = "Tensor | Sequence[Tensor | float] | float"


@dataclass(frozen=True)
class TraceEntry(Generic[Source]):
    """One line of a trace, or one key of the phi lines (``phi.k_frac``)."""

    name: str
    made_by: str  # module of nbsim and function: "pixel.rays:trace_rays"
    value: Callable[[Source], Value]


@dataclass(frozen=True)
class Block:
    """One layer and sub-pixel of a simulated pixel."""

    result: PixelResult
    layer: int
    sub: int

    @property
    def ray(self) -> tuple[int, int, int]:
        """Index of the ray: pixel, layer, sub-pixel."""
        return 0, self.layer, self.sub

    @property
    def first(self) -> tuple[int, int, int, int, int, int]:
        """Index of the traced pass: source 0, phi step 0, domain 0."""
        return *self.ray, 0, 0, 0

    @property
    def over_phi(self) -> tuple[int, int, int, int, slice, int]:
        """Index of the passes of source 0 and domain 0 at every phi step."""
        return *self.ray, 0, slice(None), 0

    @property
    def experiment(self) -> ExperimentData:
        return self.result.experiment

    @property
    def passes(self) -> Passes:
        return self.result.terms.passes

    @property
    def rays(self) -> Rays:
        return self.passes.rays

    @property
    def factors(self) -> tuple[Tensor, Tensor, Tensor]:
        """F_latt along a, b, c; of SQUARE crystals only."""
        assert self.passes.lattice.factors is not None
        return self.passes.lattice.factors

    def cell_vector(self, axis: str) -> Tensor:
        """A cell vector of the traced pass [A], (3,)."""
        vectors: Tensor = getattr(self.passes.cell, axis)
        at = self.first if vectors.dim() == len(self.first) + 1 else (0, 0)
        return vectors[at] * ANGSTROM_PER_M


# Printed even when the resolution cut drops the ray (section 12.2); source 0.
RAY: tuple[TraceEntry[Block], ...] = (
    TraceEntry("pix0_vector_meters", "setup.geometry:place", lambda at: at.experiment.detector.pix0),
    TraceEntry("fdet_vec", "setup.geometry:place", lambda at: at.experiment.detector.fast),
    TraceEntry("sdet_vec", "setup.geometry:place", lambda at: at.experiment.detector.slow),
    TraceEntry("pixel_pos_meters", "pixel.rays:positions", lambda at: at.rays.position[at.ray]),
    TraceEntry("R_distance_meters", "pixel.rays:trace_rays", lambda at: at.rays.distance[at.ray]),
    TraceEntry("omega_pixel_sr", "pixel.accumulation:sum_pixels", lambda at: at.result.sums.omega_now[at.ray]),
    TraceEntry("close_distance_meters", "setup.geometry:place", lambda at: at.experiment.detector.close_distance),
    TraceEntry("obliquity_factor", "pixel.rays:Rays.obliquity", lambda at: at.rays.obliquity[at.ray]),
    TraceEntry("diffracted_vec", "pixel.rays:trace_rays", lambda at: at.rays.direction[at.ray]),
    TraceEntry("incident_vec", "pixel.rays:trace_rays", lambda at: at.rays.incident[0]),
    TraceEntry("lambda_meters", "setup.assemble:_beam", lambda at: at.experiment.beam.source_wavelengths[0]),
    TraceEntry(
        "lambda_angstroms",
        "setup.assemble:_beam",
        lambda at: at.experiment.beam.source_wavelengths[0] * ANGSTROM_PER_M,
    ),
    TraceEntry("scattering_vec_A_inv", "pixel.rays:trace_rays", lambda at: at.rays.scattering[(*at.ray, 0)]),
)

# Section 12.3; source 0, phi step 0, domain 0.
FIRST_PASS: tuple[TraceEntry[Block], ...] = (
    TraceEntry("rot_a_angstroms", "pixel.orientations:orientations", lambda at: at.cell_vector("a")),
    TraceEntry("rot_b_angstroms", "pixel.orientations:orientations", lambda at: at.cell_vector("b")),
    TraceEntry("rot_c_angstroms", "pixel.orientations:orientations", lambda at: at.cell_vector("c")),
    TraceEntry("rot_a_star_A_inv", "setup.crystal:lattice", lambda at: at.experiment.crystal.a_star),
    TraceEntry("rot_b_star_A_inv", "setup.crystal:lattice", lambda at: at.experiment.crystal.b_star),
    TraceEntry("rot_c_star_A_inv", "setup.crystal:lattice", lambda at: at.experiment.crystal.c_star),
    TraceEntry("hkl_frac", "pixel.terms:executed_passes", lambda at: [index[at.first] for index in at.passes.hkl]),
    TraceEntry(
        "hkl_rounded",
        "pixel.lattice:nearest_index",
        lambda at: [cast(index[at.first].item()) for index in at.passes.hkl0],
    ),
)

# Of SQUARE crystals only.
LATTICE_FACTORS: tuple[TraceEntry[Block], ...] = (
    TraceEntry("F_latt_a", "pixel.lattice:grating", lambda at: at.factors[0][at.first]),
    TraceEntry("F_latt_b", "pixel.lattice:grating", lambda at: at.factors[1][at.first]),
    TraceEntry("F_latt_c", "pixel.lattice:grating", lambda at: at.factors[2][at.first]),
    TraceEntry("F_latt", "pixel.lattice:lattice_factor", lambda at: at.passes.lattice.total[at.first]),
)

# One phi line per step (section 12.4), so one value per step: the angle is the nominal one, the other values are
# those of the vectors in use. Of SQUARE crystals only.
PHI_STEP: tuple[TraceEntry[Block], ...] = (
    TraceEntry("phi.phi_tic", "model:Sampling.phi_values", lambda at: range(at.experiment.sampling.n_phi)),
    TraceEntry(
        "phi.phi_deg",
        "model:Sampling.phi_values",
        lambda at: [phi * _DEGREES for phi in at.experiment.sampling.phi_values()],
    ),
    TraceEntry("phi.k_frac", "pixel.terms:executed_passes", lambda at: at.passes.hkl[1][at.over_phi]),
    TraceEntry("phi.F_latt_b", "pixel.lattice:grating", lambda at: at.factors[1][at.over_phi]),
    TraceEntry("phi.F_latt", "pixel.lattice:lattice_factor", lambda at: at.passes.lattice.total[at.over_phi]),
)

# Of executed passes only.
F_CELL: TraceEntry[Block] = TraceEntry(
    "F_cell", "pixel.terms:structure_factor", lambda at: at.result.terms.f_cell[at.first]
)


def _sampling(result: PixelResult) -> Sampling:
    return result.experiment.sampling


# Once per pixel, after storing (section 12.5).
STORED: tuple[TraceEntry[PixelResult], ...] = (
    TraceEntry("I_before_scaling", "pixel.accumulation:sum_pixels", lambda result: result.intensity),
    TraceEntry("r_e_meters", "pixel.accumulation:sum_pixels", lambda _: math.sqrt(R_E_SQR)),
    TraceEntry("r_e_sqr", "pixel.accumulation:sum_pixels", lambda _: R_E_SQR),
    TraceEntry("fluence_photons_per_m2", "setup.parameters:_fluence", lambda result: result.experiment.beam.fluence),
    TraceEntry("steps", "model:ExperimentData.n_steps", lambda result: result.experiment.n_steps),
    TraceEntry("oversample_thick", "setup.assemble:_sampling", lambda result: int(_sampling(result).oversample_thick)),
    TraceEntry("oversample_polar", "setup.assemble:_sampling", lambda result: int(_sampling(result).oversample_polar)),
    TraceEntry("oversample_omega", "setup.assemble:_sampling", lambda result: int(_sampling(result).oversample_omega)),
    TraceEntry("capture_fraction", "pixel.corrections:corrections_of", lambda result: result.sums.capture[0]),
    TraceEntry("polar", "pixel.polarization:kahn_factor", lambda result: result.sums.polar[0]),
    TraceEntry("omega_pixel", "pixel.corrections:corrections_of", lambda result: result.sums.omega[0]),
    TraceEntry(
        "cos_2theta",
        "pixel.rays:Rays.cos_2theta",
        lambda result: result.terms.passes.rays.cos_2theta[0, -1, -1, -1],
    ),
    TraceEntry("I_pixel_final", "pixel.accumulation:sum_pixels", lambda result: result.value),
    TraceEntry("floatimage_accumulated", "pixel.pixel:PixelResult.stored", lambda result: result.stored),
)

# line of a pixel's trace -> the function that computes it; all lines of the set-up share one
SETUP_LINES_MADE_BY = "setup.setup_lines:setup_lines"
MADE_BY = {entry.name: entry.made_by for entry in (*RAY, *FIRST_PASS, *LATTICE_FACTORS, *PHI_STEP, F_CELL)}
MADE_BY |= {entry.name: entry.made_by for entry in STORED}
