"""The experiment as the pixel loop needs it: data only, frozen, derived, in SI units.

Tensors are float64 on the CPU unless :meth:`ExperimentData.to` moved them. Vectors have shape (3,).
Source: nanobragg_pixel_loop.md section 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor

from nbsim.errors import warn_renamed
from nbsim.options.options import Options
from nbsim.options.quirks import Quirks
from nbsim.parameters import Parameters
from nbsim.place import check_place, requested_place
from nbsim.values import ByValue


@dataclass(frozen=True)
class TraceLine:
    """One line of a trace, without its prefix.

    ``style`` is ``"space"`` (``name v v v``), ``"equals"`` (set-up: ``name=v v v``) or ``"phi"``
    (``name`` empty, ``values`` alternate key, value). Text values stay unchanged.
    """

    name: str
    values: tuple[Any, ...]
    style: str = "space"


@dataclass(frozen=True, eq=False)
class Detector(ByValue):
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
    centers: dict[str, float]  # Fbeam, Sbeam, Fclose, Sclose, Xbeam, Ybeam, ORGX, ORGY as headers need them [m; px]

    @property
    def beam_center(self) -> dict[str, float]:
        """The old name of ``centers``."""
        warn_renamed("detector.beam_center", "detector.centers")
        return self.centers


@dataclass(frozen=True, eq=False)
class Beam(ByValue):
    """Incident beam."""

    direction: Tensor  # b, unit (3,)
    polarization_axis: Tensor  # unit (3,)
    polarization: Tensor  # Kahn factor, scalar
    nopolar: bool
    wavelength: Tensor  # nominal lambda_0 [m], scalar
    fluence: Tensor  # [photons/m^2], scalar
    source_positions: Tensor  # raw, as listed by C, (Q, 3)
    source_directions: Tensor  # unit, sample to source, (Q, 3)
    source_wavelengths: Tensor  # [m], (Q,)
    source_weights: Tensor  # (Q,)

    @property
    def kahn(self) -> Tensor:
        """The old name of ``polarization``."""
        warn_renamed("beam.kahn", "beam.polarization")
        return self.polarization


@dataclass(frozen=True, eq=False)
class Crystal(ByValue):
    """Crystal at phi = 0 with misset applied."""

    a: Tensor  # real-space vectors [m], (3,)
    b: Tensor
    c: Tensor
    a_star: Tensor  # reciprocal vectors [1/A], (3,)
    b_star: Tensor
    c_star: Tensor
    spindle: Tensor  # unit (3,)
    n_cells: Tensor  # Na, Nb, Nc >= 1, (3,); always whole numbers from a command line
    shape: str  # SQUARE, ROUND, GAUSS, TOPHAT
    fudge: float
    mosaic_spread: float  # [rad]; 0 with several domains: their rotations are by zero
    mosaic_matrices: Tensor  # U_m, (M, 3, 3)
    mosaic_turns_with_phi: bool = False  # U_m before phi, fixed to the crystal; False: after it, as in C
    n_matrix: Tensor | None = None  # (3, 3), in place of ``n_cells``; beyond C

    @property
    def whole_n_cells(self) -> tuple[int, int, int]:
        """Na, Nb, Nc rounded to whole numbers."""
        n_a, n_b, n_c = (round(n) for n in self.n_cells.tolist())
        return n_a, n_b, n_c

    @property
    def cells(self) -> Tensor:
        """The old name of ``n_cells``."""
        warn_renamed("crystal.cells", "crystal.n_cells")
        return self.n_cells


@dataclass(frozen=True, eq=False)
class Sampling(ByValue):
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


@dataclass(frozen=True, eq=False)
class StructureFactors(ByValue):
    """Dense P1 table; ``grid`` is None without a table."""

    grid: Tensor | None  # (n_h, n_k, n_l), index [h - h_min, ...]
    h_min: int
    k_min: int
    l_min: int
    default_f: Tensor  # scalar [electrons]
    source: str  # "hkl:<path>", "Fdump:<path>", "default"
    n_reflections: int
    holes: Tensor | None = field(
        default=None, compare=False
    )  # bool, like ``grid``: cells that hold ``default_f``; None: not recorded


@dataclass(frozen=True, eq=False)
class Caps(ByValue):
    """``count`` random rotations of any size: axes (count, 3), and their angles as shares of the largest one."""

    axes: Tensor
    shares: Tensor  # (1 - r^2)^(1/3) rounded to float32, (count,)
    exact_shares: Tensor


@dataclass(frozen=True, eq=False)
class Inputs(ByValue):
    """Values read from files or drawn at random, once for all set-ups of a command line; float64 on the CPU."""

    matrix: Tensor | None  # of -mat, dimensionless, (3, 3)
    source_rows: Tensor | None  # of -sourcefile, (Q, 5), nan where a value is missing
    mask: Tensor | None  # (n_slow, n_fast) bool
    random_misset: tuple[float, float, float] | None  # [rad]
    domains: Caps
    hkl_path: str = ""  # of the MTZ or CIF file that names a cell
    file_cell: tuple[float, ...] | None = None  # its cell [A, degrees]
    simulates_file_cell: bool = False  # for lack of -cell and -mat
    typed: Options = field(default=Options(), compare=False)  # of the command line, before any change
    matrix_is_of_file: bool = field(default=True, compare=False)
    table_is_of_file: bool = field(default=True, compare=False)
    notices: tuple[str, ...] = field(default=(), compare=False)  # on words and files


@dataclass(frozen=True, eq=False)
class ExperimentData(ByValue):
    """One nanoBragg run, with all derived values; :class:`nbsim.api.Experiment` adds the verbs.

    Two runs are equal if all their numbers are, to the last bit, on the same device; notices, file names and the
    spelling of the command line do not count.
    """

    options: Options
    quirks: Quirks
    parameters: Parameters
    inputs: Inputs
    detector: Detector
    beam: Beam
    crystal: Crystal
    sampling: Sampling
    structure_factors: StructureFactors
    setup_lines: tuple[TraceLine, ...] = field(compare=False)  # the TRACE_C:name=... lines in C's order
    notices: tuple[str, ...] = field(compare=False)  # warnings, as sentences
    input_files: tuple[str, ...] = field(compare=False)  # every file read
    as_set_up: tuple[Any, ...] = field(default=(), compare=False, repr=False)  # ``parts`` and parameters as made
    # of a float32 run: each of ``parts``, and the same in float64, before it was rounded
    unrounded: tuple[tuple[Any, Any], ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        """For checks of classes above this one."""

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.options, self.quirks, self.dtype, self.device))

    @property
    def parts(self) -> dict[str, Any]:
        """Detector, beam, crystal, sampling and structure factors by name."""
        names = ("detector", "beam", "crystal", "sampling", "structure_factors")
        return {name: getattr(self, name) for name in names}

    @property
    def replaced(self) -> tuple[str, ...]:
        """Names of the parts that were replaced by hand since the set-up."""
        pairs = zip(self.parts.items(), self.as_set_up, strict=False)
        return tuple(name for (name, part), made in pairs if part is not made)

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

    def to(
        self,
        *places: torch.dtype | torch.device | str | Tensor,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Self:
        """The same experiment with floating tensors in ``dtype`` and all tensors on ``device``.

        Dtype and device also by position, as in torch: ``to(torch.float32)``, ``to("cuda")``, ``to(other_tensor)``.

        Raises:
            InputError: the dtype or device is unknown or unavailable.
        """
        dtype, device = requested_place(places, dtype, device)
        check_place(self.dtype if dtype is None else dtype, self.device if device is None else device)

        def to_dtype(dtype: torch.dtype | None) -> Callable[[Tensor], Tensor]:
            return lambda tensor: tensor.to(device=device, dtype=dtype if tensor.is_floating_point() else None)

        moved = self.mapped(to_dtype(dtype))
        if moved.dtype != torch.float32:
            return moved
        exact = (_mapped(part, to_dtype(torch.float64)) for part in self.before_rounding().parts.values())
        return replace(moved, unrounded=tuple(zip(moved.parts.values(), exact, strict=True)))

    def before_rounding(self) -> Self:
        """A float32 experiment in float64, with the digits that :meth:`to` rounded off; a float64 one as it is.

        Tensors replaced since then, by hand or by :meth:`mapped`, are taken as they are.
        """
        if self.dtype == torch.float64:
            return self
        pairs = self.unrounded or ((None, None),) * len(self.parts)
        exact = {
            name: _before_rounding(part, *pair) for (name, part), pair in zip(self.parts.items(), pairs, strict=True)
        }
        return replace(self, as_set_up=(), unrounded=(), **exact)

    def mapped(self, change: Callable[[Tensor], Tensor]) -> Self:
        """The same experiment with ``change`` applied to each tensor."""
        changed: Self = _mapped(replace(self, as_set_up=(), unrounded=()), change)
        replaced = self.replaced
        made = tuple(None if name in replaced else part for name, part in changed.parts.items())
        return replace(changed, as_set_up=(*made, changed.parameters))


_AS_READ = (Options, Quirks, Parameters, Inputs, TraceLine)  # inputs and printed lines of the set-up stay on the CPU


def _before_rounding(part: Any, rounded: Any, exact: Any) -> Any:
    """``part`` in float64: tensors that it has from ``rounded`` are those of ``exact``."""

    def double(name: str, value: Any) -> Any:
        if value is getattr(rounded, name, None) and isinstance(value, Tensor):
            return getattr(exact, name)
        return value.double() if isinstance(value, Tensor) and value.is_floating_point() else value

    return replace(part, **{f.name: double(f.name, getattr(part, f.name)) for f in fields(part)})


def _mapped(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(value, Tensor):
        return change(value)
    if is_dataclass(value) and not isinstance(value, type) and not isinstance(value, _AS_READ):
        return replace(value, **{f.name: _mapped(getattr(value, f.name), change) for f in fields(value)})
    return value
