"""The verbs of an experiment: make it from a command line, change its numbers, simulate it. See docs/api.md."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Self, SupportsIndex

import numpy.typing as npt
import torch
from torch import Tensor

from nbsim.errors import InputError
from nbsim.image.photons import photons
from nbsim.image.render import Image, render
from nbsim.model import (
    Beam,
    Caps,
    Crystal,
    Detector,
    ExperimentData,
    Inputs,
    Sampling,
    StructureFactors,
    TraceLine,
)
from nbsim.notebook import page, text
from nbsim.options.options import Options
from nbsim.options.programs import CProgram
from nbsim.options.quirks import Quirks
from nbsim.parameters import ROWS, Parameters, Value
from nbsim.pixel import pixel as pixels
from nbsim.pixel.pixel import PixelResult
from nbsim.pixel.trace import terms_rows
from nbsim.pixel.unread import check_replaced
from nbsim.setup import build
from nbsim.setup.to_command import to_command

_SPEC = Quirks()


class Experiment(ExperimentData):
    """One nanoBragg run: its numbers, and the verbs that simulate it."""

    def __post_init__(self) -> None:
        """Refuse tensors replaced by hand without an effect.

        Raises:
            InputError: the message names the field and the one to replace instead; see docs/api.md.
        """
        check_replaced(self)

    def __repr__(self) -> str:
        return text(self)

    def _repr_html_(self) -> str:
        return page(self)

    @classmethod
    def from_command(
        cls,
        command: str | Sequence[str],
        workdir: Path | str = ".",
        *,
        phi_mode: str | None = None,
        c_program: CProgram | str | None = None,
        dtype: torch.dtype = torch.float64,
        device: str | torch.device = "cpu",
        quirks: Mapping[str, bool] = {},
        compat: bool = False,
    ) -> Self:
        """The experiment of a nanoBragg command line.

        Args:
            command: the command line as text or words, with or without the name of the program.
            workdir: folder of its input files.
            phi_mode: ``spec``, fresh vectors at phi = 0 (the default without a program); or ``c-parity``, those of the
                last phi step.
            c_program: C program whose quirks apply: ``stock``, ``fixed`` or ``cuda``; see docs/programs.md.
            dtype: torch.float64 or torch.float32.
            device: ``cpu`` or ``cuda``.
            quirks: C's oddities by name, on or off, over program and phi mode; see :mod:`nbsim.options.quirks`.
            compat: read the command line by C's rules; see :mod:`nbsim.options.compat`.

        Raises:
            InputError: the command line, one of its files or an argument is unusable.
        """
        made = build.from_command(
            command,
            _folder(workdir),
            phi_mode=phi_mode,
            c_program=c_program,
            dtype=dtype,
            device=device,
            quirks=quirks,
            compat=compat,
        )
        return cls._of(made)

    @classmethod
    def from_options(
        cls,
        options: Options,
        workdir: Path | str = ".",
        quirks: Quirks = _SPEC,
        table: StructureFactors | None = None,
    ) -> Self:
        """The experiment of parsed options, in float64 on the CPU; their files are looked up in ``workdir``.

        ``table``: structure factors in place of those of the files.

        Raises:
            InputError: a file or a value is unusable.
        """
        return cls._of(build.build(options, _folder(workdir), quirks, table))

    @classmethod
    def _of(cls, data: ExperimentData) -> Self:
        return cls(**{item.name: getattr(data, item.name) for item in fields(data)})

    def with_parameters(
        self,
        *,
        cell: Value | None = None,
        misset: Value | None = None,
        mosaic_spread: Value | None = None,
        n_cells: Value | None = None,
        wavelength: Value | None = None,
        fluence: Value | None = None,
        polarization: Value | None = None,
        distance: Value | None = None,
        close_distance: Value | None = None,
        beam_center: Value | None = None,
        detector_rotations: Value | None = None,
        twotheta: Value | None = None,
        phi: Value | None = None,
        oscillation: Value | None = None,
        default_f: Value | None = None,
        structure_factors: Value | None = None,
        a_matrix: Value | None = None,
        source_directions: Value | None = None,
        source_wavelengths: Value | None = None,
        source_weights: Value | None = None,
        n_matrix: Value | None = None,
        mosaic_spreads: Value | None = None,
    ) -> Self:
        """The same run with other numbers typed, set up again by the same functions.

        Values are numbers, arrays, or tensors of any dtype and device; lists may hold numbers and tensors. Gradients
        reach the tensors that require them. None: unchanged. Counts are fixed: phi steps as typed, oversampling,
        layers, domains, and whether structure factors are interpolated; files are not read again.

        Args:
            cell: a, b, c [Å], alpha, beta, gamma [degrees], (6,).
            misset: rotations of the crystal about lab x, y, z [degrees], (3,).
            mosaic_spread: largest rotation of a mosaic domain [degrees], scalar.
            n_cells: unit cells along a, b, c, real numbers from 1, (3,).
            wavelength: of the beam [Å], scalar.
            fluence: [photons/m²], scalar.
            polarization: Kahn's factor, from -1 to 1, scalar.
            distance: sample to detector along the beam [mm], scalar.
            close_distance: sample to the detector's plane [mm], scalar, in place of ``distance``.
            beam_center: in the convention's axes [mm], with XDS and DIALS ORGX, ORGY [pixels], (2,).
            detector_rotations: about lab x, y, z [degrees], (3,).
            twotheta: swing of the detector [degrees], scalar.
            phi: angle of the first phi step [degrees], scalar.
            oscillation: range of phi [degrees], scalar.
            default_f: F of reflections missing from the table [electrons], scalar.
            structure_factors: the table of F [electrons], (n_h, n_k, n_l) as in ``self.structure_factors.grid``.
            a_matrix: columns a*, b*, c* [1/Å] in the lab at phi = 0, (3, 3), in place of cell, misset and -mat.
            source_directions: unit vectors from the sample to the sources, (n, 3).
            source_wavelengths: of each source [Å], (n,).
            source_weights: of each source, relative, (n,).
            n_matrix: cells along and across the axes, (3, 3), in place of ``n_cells``; not in C.
            mosaic_spreads: about a, c* x a and c* [degrees], (3,), in place of ``mosaic_spread``; not in C.

        Raises:
            InputError: a wrong shape, an impossible value, a parameter without effect here, or a part of the experiment
                that was replaced by hand, which the set-up would lose.
        """
        values = {name: value for name, value in locals().items() if name in ROWS and value is not None}
        return self._of(build.with_parameters(self, values))

    def with_quirks(self, **changes: bool) -> Self:
        """The same run with oddities of C on or off, by name; see :mod:`nbsim.options.quirks`.

        Those of the set-up repeat it; numbers and files stay as they are.

        Raises:
            InputError: an unknown quirk, or one that acts while the command line and its files are read.
        """
        return self._of(build.with_quirks(self, changes))

    def to_command(self, folder: Path | str | None = None) -> list[str]:
        """The words of a nanoBragg command line, without the program's name, that give the same image in C.

        The words of this run, with changed numbers in their places, to the last bit; choices that C would make
        otherwise after a change, such as oversampling, are typed. Files that C reads for changed numbers (a matrix, a
        table, sources) are written to ``folder`` and named by their whole paths; the others keep their names. C has no
        phi mode: it computes ``c-parity``. ``shlex.join`` makes one line of the words.

        Raises:
            InputError: C cannot do it (a quirk is off, a parameter is beyond C), or a file is needed and no folder
                given.
            OutputError: a file cannot be written.
        """
        return to_command(self, None if folder is None else _folder(folder))

    def image(
        self,
        *,
        n_threads: int = 1,
        compile_kernel: bool | None = None,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Image:
        """The whole detector; ``photons`` of the result are float32 (n_slow, n_fast), without gradients.

        Arguments are those of :func:`nbsim.image.render.render`; for gradients see :meth:`photons`.

        Raises:
            Interrupted: ``cancelled`` returned True.
            InputError: fewer than one thread, or an image that does not fit into memory.
        """
        return render(
            self,
            n_threads=n_threads,
            compile_kernel=compile_kernel,
            progress=progress,
            cancelled=cancelled,
        )

    def photons(
        self,
        slow: range | None = None,
        fast: range | None = None,
        *,
        n_threads: int = 1,
        interpolation_end: bool = False,
        compile_kernel: bool | None = None,
    ) -> Tensor:
        """Values [photons] of a box of pixels, (len(slow), len(fast)), in the run's dtype; None: the whole axis.

        The image as a differentiable function of :meth:`with_parameters` and of every tensor of the experiment. Pixels
        outside the ROI or masked are 0. Memory stays bounded at any size: a gradient recomputes the terms.

        Where a gradient is recorded, in float64 on the CPU, a C kernel computes gradients and values, the latter
        within 1e-12 of the largest; torch does so everywhere else, to the last bit of :meth:`pixel`.
        ``compile_kernel``: None takes the kernel for gradients, and compiles it if it is missing and the box is large
        enough to gain from it (3 s at most); True always takes and compiles it, False never.

        Where F is interpolated, every pixel interpolates as far as the table has room. C, :meth:`image` and
        :meth:`pixel` stop at the first pixel without room; ``interpolation_end`` searches for it, in all rows above.

        Raises:
            InputError: the box leaves the detector, or fewer than one thread.
        """
        return photons(
            self,
            slow,
            fast,
            n_threads=n_threads,
            interpolation_end=interpolation_end,
            compile_kernel=compile_kernel,
        )

    def pixel(self, slow: SupportsIndex, fast: SupportsIndex, *, n_threads: int = 1) -> PixelResult:
        """One pixel with every intermediate; its ``value`` [photons] is differentiable in the experiment's tensors.

        Raises:
            InputError: the pixel is not on the detector, masked, or outside the ROI.
        """
        return pixels.simulate_pixel(self, _index("slow", slow), _index("fast", fast), n_threads=n_threads)

    def terms(self, slow: SupportsIndex, fast: SupportsIndex) -> dict[str, npt.NDArray[Any]]:
        """Contribution of each (layer, subpixel, source, phi step, mosaic domain) to a pixel, in order of accumulation.

        Columns of equal length (n,): counters, fractional and nearest h, k, l, ``F_latt``, ``F_cell`` [electrons] and
        ``F_cell2_F_latt2`` [electrons^2], as in the terms.csv of a package.

        Raises:
            InputError: as for :meth:`pixel`.
        """
        with torch.no_grad():
            return terms_rows(self.pixel(slow, fast))


# torch.load with weights_only reads an experiment: these hold data, and run no code of their own
torch.serialization.add_safe_globals(
    [
        Experiment,
        Options,
        Quirks,
        Parameters,
        TraceLine,
        Beam,
        Caps,
        Crystal,
        Detector,
        Inputs,
        Sampling,
        StructureFactors,
    ]
)


def _folder(path: Path | str) -> Path:
    """A folder as a path.

    Raises:
        InputError: it is neither a text nor a path.
    """
    try:
        return Path(path)
    except TypeError as error:
        raise InputError(f"folder: a path or its text is needed, not {type(path).__name__}") from error


def _index(name: str, value: SupportsIndex) -> int:
    """A pixel index as an int.

    Raises:
        InputError: it is not a whole number by type.
    """
    try:
        return operator.index(value)
    except TypeError as error:
        raise InputError(f"{name}: a pixel index is a whole number, not {type(value).__name__}") from error


from_command = Experiment.from_command
