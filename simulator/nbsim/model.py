"""The experiment as the pixel loop needs it: data only, frozen, derived, in SI units.

Tensors are float64 on the CPU unless :meth:`ExperimentData.to` moved them. Vectors have shape (3,).
Source: nanobragg_pixel_loop.md section 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor

from nbsim.options.options import Options
from nbsim.options.quirks import Quirks
from nbsim.place import check_place


@dataclass(frozen=True)
class TraceLine:
    """One line of a trace, without its prefix.

    ``style`` is ``"space"`` (``name v v v``), ``"equals"`` (set-up: ``name=v v v``) or ``"phi"``
    (``name`` empty, ``values`` alternate key, value). Text values stay unchanged.
    """

    name: str
    values: tuple[Any, ...]
    style: str = "space"


@dataclass(frozen=True)
class Detector:
    """Detector after all rotations."""

    fast: Tensor  # unit vectors (3,)
    slow: Tensor
    normal: Tensor
    pix0: Tensor  # sample to the outer corner of pixel (0, 0) [m], (3,)
    pixel_size: Tensor  # [m], scalar
    distance: Tensor  # final D [m], scalar
    close_distance: Tensor  # final, signed [m], scalar
    n_fast: int
    n_slow: int
    roi: tuple[int, int, int, int]  # fast0, fast1, slow0, slow1, inclusive
    mask: Tensor | None  # (n_slow, n_fast) bool, False = skipped
    curved: bool
    point_pixel: bool
    thickness: Tensor  # d_tot [m], scalar
    layer_thickness: Tensor  # delta [m], scalar
    n_layers: int  # T
    attenuation: Tensor  # mu [1/m], scalar
    convention: str
    pivot: str
    beam_center: dict[str, float]  # Fbeam, Sbeam, Fclose, Sclose, Xbeam, Ybeam, ORGX, ORGY as headers need them [m; px]


@dataclass(frozen=True)
class Beam:
    """Incident beam."""

    direction: Tensor  # b, unit (3,)
    polarization_axis: Tensor  # unit (3,)
    kahn: Tensor  # Kahn factor, scalar
    nopolar: bool
    wavelength: Tensor  # nominal lambda_0 [m], scalar
    fluence: Tensor  # [photons/m^2], scalar
    source_positions: Tensor  # raw, as listed by C, (Q, 3)
    source_directions: Tensor  # unit, sample to source, (Q, 3)
    source_wavelengths: Tensor  # [m], (Q,)
    source_weights: Tensor  # (Q,)


@dataclass(frozen=True)
class Crystal:
    """Crystal at phi = 0 with misset applied."""

    a: Tensor  # real-space vectors [m], (3,)
    b: Tensor
    c: Tensor
    a_star: Tensor  # reciprocal vectors [1/A], (3,)
    b_star: Tensor
    c_star: Tensor
    spindle: Tensor  # unit (3,)
    cells: Tensor  # Na, Nb, Nc >= 1, (3,); always whole numbers from a command line
    shape: str  # SQUARE, ROUND, GAUSS, TOPHAT
    fudge: float
    mosaic_spread: float  # [rad]; 0 with several domains: their rotations are by zero
    mosaic_matrices: Tensor  # U_m, (M, 3, 3)
    mosaic_turns_with_phi: bool = False  # U_m before phi, fixed to the crystal; False: after it, as in C
    n_matrix: Tensor | None = None  # (3, 3), in place of ``cells``; beyond C

    @property
    def n_cells(self) -> tuple[int, int, int]:
        """Na, Nb, Nc as whole numbers."""
        n_a, n_b, n_c = (round(n) for n in self.cells.tolist())
        return n_a, n_b, n_c


@dataclass(frozen=True)
class Sampling:
    """How the pixel is sampled."""

    phi_start: float  # [rad]; with phi_step it decides which steps are at exactly zero
    phi_step: float  # [rad]
    phi_sine: Tensor  # of phi_j, (J,), rounded as in the C library
    phi_cosine: Tensor
    n_phi: int
    oscillation: float  # [rad]
    oversample: int
    oversample_thick: bool
    oversample_polar: bool
    oversample_omega: bool
    dmin: float  # [m]; 0 = off
    interpolate: bool
    water: float  # W [m]

    def phi_values(self) -> tuple[float, ...]:
        """phi_j = phi_start + phi_step * j in radians, formed in double as in C (section 3.5)."""
        return tuple(self.phi_start + self.phi_step * j for j in range(self.n_phi))


@dataclass(frozen=True)
class StructureFactors:
    """Dense P1 table; ``grid`` is None without a table."""

    grid: Tensor | None  # (n_h, n_k, n_l), index [h - h_min, ...]
    h_min: int
    k_min: int
    l_min: int
    default_f: Tensor  # scalar [electrons]
    source: str  # "hkl:<path>", "Fdump:<path>", "default"
    n_reflections: int
    holes: Tensor | None = None  # bool, like ``grid``: cells that hold ``default_f``; None: not recorded


@dataclass(frozen=True)
class Parameters:
    """The numbers of a command line that the image follows smoothly, as typed.

    float64 tensors on the CPU, in the units of the command line; None where not given.
    """

    cell: Tensor | None  # (6,): a, b, c [A], alpha, beta, gamma [degrees], blanks filled; None with -mat alone
    misset: Tensor | None  # (3,) [degrees] about lab x, y, z; None: no misset, or -misset random
    mosaic_spread: Tensor  # scalar [degrees], largest angle of a domain
    n_cells: Tensor  # (3,): Na, Nb, Nc; real numbers from 1
    wavelength: Tensor  # scalar [A]
    fluence: Tensor  # scalar [photons/m^2]
    polarization: Tensor  # scalar, Kahn's factor
    distance: Tensor  # scalar [mm]
    close_distance: Tensor | None  # scalar [mm]; overrides the distance
    beam_center: Tensor  # (2,): Xbeam, Ybeam [mm]; ORGX, ORGY [pixels] for XDS and DIALS; nan: that of the convention
    detector_rotations: Tensor  # (3,) [degrees] about lab x, y, z
    twotheta: Tensor  # scalar [degrees]
    phi: Tensor  # scalar, start [degrees]
    oscillation: Tensor | None  # scalar, range [degrees]
    default_f: Tensor  # scalar [electrons], F of reflections missing from the table
    structure_factors: Tensor | None = None  # (n_h, n_k, n_l) [electrons]; None without a table
    # beyond the command line; None: as the flags say
    a_matrix: Tensor | None = None  # (3, 3): columns a*, b*, c* [1/A] in the lab at phi = 0; for cell, misset and -mat
    source_directions: Tensor | None = None  # (Q, 3), unit, sample to source
    source_wavelengths: Tensor | None = None  # (Q,) [A]
    source_weights: Tensor | None = None  # (Q,), relative
    n_matrix: Tensor | None = None  # (3, 3): cells along and across the axes, as in diffBragg; for n_cells
    mosaic_spreads: Tensor | None = None  # (3,) [degrees] about a, c* x a and c*; for mosaic_spread


@dataclass(frozen=True)
class Caps:
    """``count`` random rotations of any size: axes (count, 3), and their angles as shares of the largest one."""

    axes: Tensor
    shares: Tensor  # (1 - r^2)^(1/3) rounded to float32, (count,)
    exact_shares: Tensor


@dataclass(frozen=True)
class Inputs:
    """Values read from files or drawn at random, once for all set-ups of a command line; float64 on the CPU."""

    matrix: Tensor | None  # of -mat, dimensionless, (3, 3)
    source_rows: Tensor | None  # of -sourcefile, (Q, 5), nan where a value is missing
    mask: Tensor | None  # (n_slow, n_fast) bool
    random_misset: tuple[float, float, float] | None  # [rad]
    domains: Caps


@dataclass(frozen=True)
class ExperimentData:
    """One nanoBragg run, with all derived values; :class:`nbsim.api.Experiment` adds the verbs."""

    options: Options
    quirks: Quirks
    parameters: Parameters
    inputs: Inputs
    detector: Detector
    beam: Beam
    crystal: Crystal
    sampling: Sampling
    structure_factors: StructureFactors
    setup_lines: tuple[TraceLine, ...]  # the TRACE_C:name=... lines in C's order
    notices: tuple[str, ...]  # warnings, as sentences
    input_files: tuple[str, ...]  # every file read

    @property
    def dtype(self) -> torch.dtype:
        return self.crystal.a.dtype

    @property
    def device(self) -> torch.device:
        return self.crystal.a.device

    @property
    def n_steps(self) -> int:
        """``steps`` of C: sources x domains x phi x oversample^2 (layers not counted)."""
        return (
            self.beam.source_directions.shape[0]
            * self.crystal.mosaic_matrices.shape[0]
            * self.sampling.n_phi
            * self.sampling.oversample**2
        )

    @property
    def n_passes(self) -> int:
        """Innermost passes of one pixel: layers x ``n_steps``."""
        return self.detector.n_layers * self.n_steps

    def to(self, *, dtype: torch.dtype | None = None, device: torch.device | str | None = None) -> Self:
        """The same experiment with floating tensors in ``dtype`` and all tensors on ``device``.

        Raises:
            InputError: the dtype or device is unknown or unavailable.
        """
        check_place(self.dtype if dtype is None else dtype, self.device if device is None else device)

        def move(tensor: Tensor) -> Tensor:
            return tensor.to(device=device, dtype=dtype if tensor.is_floating_point() else None)

        return self.mapped(move)

    def mapped(self, change: Callable[[Tensor], Tensor]) -> Self:
        """The same experiment with ``change`` applied to each tensor."""
        changed: Self = _mapped(self, change)
        return changed

    def with_quirks(self, **changes: bool) -> Self:
        """Same set-up with pixel-loop quirks changed; set-up quirks need a new set-up."""
        return replace(self, quirks=replace(self.quirks, **changes))


_AS_READ = (Options, Quirks, Parameters, Inputs, TraceLine)  # inputs and printed lines of the set-up stay on the CPU


def _mapped(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(value, Tensor):
        return change(value)
    if is_dataclass(value) and not isinstance(value, type) and not isinstance(value, _AS_READ):
        return replace(value, **{f.name: _mapped(getattr(value, f.name), change) for f in fields(value)})
    return value
