"""The experiment as the pixel loop needs it: frozen, derived, in SI units.

Tensors are float64 on the CPU unless :meth:`Experiment.to` moved them. Vectors have shape (3,).
Source: nanobragg_pixel_loop.md section 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt
import torch
from torch import Tensor

from nbsim.options.options import Options
from nbsim.options.quirks import Quirks
from nbsim.setup.mosaic import Caps
from nbsim.setup.parameters import Parameters

if TYPE_CHECKING:
    from nbsim.image.render import Image
    from nbsim.pixel.pixel import PixelResult


@dataclass(frozen=True)
class TraceLine:
    """One line of a trace, before a prefix is put in front of it.

    ``style`` is ``"space"`` (``name v v v``), ``"equals"`` (set-up: ``name=v v v``) or ``"phi"``
    (``name`` empty, ``values`` alternate key, value). Text values are kept as they are.
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
    cells: Tensor  # Na, Nb, Nc >= 1, (3,); whole numbers in whatever C can be told
    shape: str  # SQUARE, ROUND, GAUSS, TOPHAT
    fudge: float
    mosaic_spread: float  # [rad]; rotation applied only if > 0
    mosaic_matrices: Tensor  # U_m, (M, 3, 3)

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
    phi_sine: Tensor  # of phi_j, (J,), as the C library rounds it
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
        """phi_j = phi_start + phi_step * j in radians, formed in double as C does (section 3.5)."""
        return tuple(self.phi_start + self.phi_step * j for j in range(self.n_phi))


@dataclass(frozen=True)
class StructureFactors:
    """Dense P1 table; ``grid`` is None without a table."""

    grid: Tensor | None  # (n_h, n_k, n_l), index [h - h_min, ...]
    h_min: int
    k_min: int
    l_min: int
    default_f: float
    source: str  # "hkl:<path>", "Fdump:<path>", "default"
    n_reflections: int


@dataclass(frozen=True)
class Inputs:
    """What was read from files or drawn, once, for every set-up from the same command line; float64 on the CPU."""

    matrix: Tensor | None  # of -mat, dimensionless, (3, 3)
    source_rows: Tensor | None  # of -sourcefile, (Q, 5), nan where a value is missing
    mask: Tensor | None  # (n_slow, n_fast) bool
    random_misset: tuple[float, float, float] | None  # [rad]
    domains: Caps


@dataclass(frozen=True)
class Experiment:
    """One nanoBragg run, everything derived."""

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
    notices: tuple[str, ...]  # warnings in our words
    input_files: tuple[str, ...]  # every file that was read

    @classmethod
    def from_command(
        cls,
        command: str | Sequence[str],
        workdir: Path | str = ".",
        *,
        phi_mode: str = "spec",
        dtype: torch.dtype = torch.float64,
        device: str | torch.device = "cpu",
        quirks: Mapping[str, bool] = {},
    ) -> Experiment:
        """The experiment of a nanoBragg command line.

        Args:
            command: the command line as text or words, with or without the program's name.
            workdir: where its input files are.
            phi_mode: ``spec``, fresh vectors at phi = 0; or ``c-parity``, what the C program does.
            dtype: torch.float64 or torch.float32.
            device: ``cpu`` or ``cuda``.
            quirks: C's oddities by name, on or off; see nbsim.options.quirks.

        Raises:
            InputError: the command line, one of its files or an argument is unusable.
        """
        from nbsim.setup.build import from_command

        return from_command(command, Path(workdir), phi_mode=phi_mode, dtype=dtype, device=device, quirks=quirks)

    def with_parameters(self, **parameters: object) -> Experiment:
        """The same run with other numbers typed, set up again by the same functions.

        Names, shapes and units are those of :class:`nbsim.setup.parameters.Parameters`; values are tensors of any
        dtype and device, or numbers. Gradients reach those that ask for them. What was counted stays: phi steps as
        typed, oversampling, layers, domains, and whether structure factors are interpolated; files are not read again.
        Tensors of ours that were replaced by hand are not kept.

        Raises:
            InputError: no such parameter, a wrong shape, a value that no experiment has, or one without effect here.
        """
        from nbsim.setup.build import with_parameters

        return with_parameters(self, parameters)

    def image(
        self,
        *,
        n_threads: int = 1,
        compile_kernel: bool | None = None,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Image:
        """The whole detector; ``photons`` of the result are float32 (n_slow, n_fast).

        See :func:`nbsim.image.render.render`.

        Without gradients; for those see :meth:`photons`.

        Raises:
            Interrupted: ``cancelled`` returned True.
            InputError: fewer than one thread, or an image larger than the memory.
        """
        from nbsim.image.render import render

        return render(self, n_threads=n_threads, compile_kernel=compile_kernel, progress=progress, cancelled=cancelled)

    def photons(self, slow: range | None = None, fast: range | None = None, *, n_threads: int = 1) -> Tensor:
        """Values [photons] of a box of pixels, (len(slow), len(fast)), in our dtype; None: the whole axis.

        The image as a differentiable function of :meth:`with_parameters` and of every tensor of ours. Pixels outside
        the ROI or masked are 0. Memory stays bounded at any size: what a gradient needs is computed once more, tile
        by tile.

        Raises:
            InputError: the box leaves the detector, or fewer than one thread.
        """
        from nbsim.pixel.pixel import photons

        return photons(self, slow, fast, n_threads=n_threads)

    def pixel(self, slow: int, fast: int, *, n_threads: int = 1) -> PixelResult:
        """One pixel with everything that made it; its ``value`` [photons] is differentiable in our tensors.

        Raises:
            InputError: the pixel is not on the detector, or is masked or outside the ROI.
        """
        from nbsim.pixel.pixel import simulate_pixel

        return simulate_pixel(self, slow, fast, n_threads=n_threads)

    def terms(self, slow: int, fast: int) -> dict[str, npt.NDArray[Any]]:
        """What each (layer, subpixel, source, phi step, mosaic domain) adds to a pixel, in order of accumulation.

        Columns of equal length (n,): counters, fractional and nearest h, k, l, ``F_latt``, ``F_cell`` [electrons] and
        ``F_cell2_F_latt2`` [electrons^2], as in the terms.csv of a package.

        Raises:
            InputError: as for :meth:`pixel`.
        """
        from nbsim.pixel.trace import terms_rows

        with torch.no_grad():
            return terms_rows(self.pixel(slow, fast))

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

    def to(self, *, dtype: torch.dtype | None = None, device: torch.device | str | None = None) -> Experiment:
        """The same experiment with floating tensors in ``dtype`` and all tensors on ``device``.

        Raises:
            InputError: no such dtype or device here.
        """
        from nbsim.setup.build import check_place

        check_place(self.dtype if dtype is None else dtype, self.device if device is None else device)

        def move(tensor: Tensor) -> Tensor:
            return tensor.to(device=device, dtype=dtype if tensor.is_floating_point() else None)

        return self.mapped(move)

    def mapped(self, change: Callable[[Tensor], Tensor]) -> Experiment:
        """The same experiment with ``change`` of each of its tensors."""
        changed: Experiment = _mapped(self, change)
        return changed

    def with_quirks(self, **changes: bool) -> Experiment:
        """Same set-up with pixel-loop quirks changed. Set-up quirks need :meth:`from_command`."""
        return replace(self, quirks=replace(self.quirks, **changes))


_AS_READ = (Options, Quirks, Parameters, Inputs, TraceLine)  # what the set-up starts from, and what it printed


def _mapped(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(value, Tensor):
        return change(value)
    if is_dataclass(value) and not isinstance(value, type) and not isinstance(value, _AS_READ):
        return replace(value, **{f.name: _mapped(getattr(value, f.name), change) for f in fields(value)})
    return value
