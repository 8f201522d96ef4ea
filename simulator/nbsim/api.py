"""The verbs of an experiment: make it from a command line, change its numbers, simulate it. See docs/api.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Self

import numpy.typing as npt
import torch
from torch import Tensor

from nbsim.image.render import Image, render
from nbsim.model import ExperimentData, StructureFactors
from nbsim.options.options import Options
from nbsim.options.quirks import Quirks
from nbsim.pixel import pixel as pixels
from nbsim.pixel.pixel import PixelResult
from nbsim.pixel.trace import terms_rows
from nbsim.setup import build

_SPEC = Quirks()


class Experiment(ExperimentData):
    """One nanoBragg run: its numbers, and the verbs that simulate it."""

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
        compat: bool = False,
    ) -> Self:
        """The experiment of a nanoBragg command line.

        Args:
            command: the command line as text or words, with or without the name of the program.
            workdir: folder of its input files.
            phi_mode: ``spec``, fresh vectors at phi = 0; or ``c-parity``, the C program's behaviour.
            dtype: torch.float64 or torch.float32.
            device: ``cpu`` or ``cuda``.
            quirks: C's oddities by name, on or off; see :mod:`nbsim.options.quirks`.
            compat: match the words of the command line by C's rules; see :mod:`nbsim.options.compat`.

        Raises:
            InputError: the command line, one of its files or an argument is unusable.
        """
        made = build.from_command(
            command, Path(workdir), phi_mode=phi_mode, dtype=dtype, device=device, quirks=quirks, compat=compat
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
        return cls._of(build.build(options, Path(workdir), quirks, table))

    @classmethod
    def _of(cls, data: ExperimentData) -> Self:
        return cls(**{item.name: getattr(data, item.name) for item in fields(data)})

    def with_parameters(self, **parameters: object) -> Self:
        """The same run with other numbers typed, set up again by the same functions.

        Names, shapes and units are those of :class:`nbsim.Parameters`; values are tensors of any dtype and device, or
        numbers. Gradients reach those that require them. Counts are fixed: phi steps as typed, oversampling, layers,
        domains, and whether structure factors are interpolated; files are not read again. Tensors replaced by hand are
        not kept.

        Raises:
            InputError: an unknown parameter, a wrong shape, an impossible value, or one without effect here.
        """
        return self._of(build.with_parameters(self, parameters))

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

    def photons(self, slow: range | None = None, fast: range | None = None, *, n_threads: int = 1) -> Tensor:
        """Values [photons] of a box of pixels, (len(slow), len(fast)), in the run's dtype; None: the whole axis.

        The image as a differentiable function of :meth:`with_parameters` and of every tensor of the experiment. Pixels
        outside the ROI or masked are 0. Memory stays bounded at any size: what a gradient needs is recomputed tile by
        tile.

        Raises:
            InputError: the box leaves the detector, or fewer than one thread.
        """
        return pixels.photons(self, slow, fast, n_threads=n_threads)

    def pixel(self, slow: int, fast: int, *, n_threads: int = 1) -> PixelResult:
        """One pixel with every intermediate; its ``value`` [photons] is differentiable in the experiment's tensors.

        Raises:
            InputError: the pixel is not on the detector, masked, or outside the ROI.
        """
        return pixels.simulate_pixel(self, slow, fast, n_threads=n_threads)

    def terms(self, slow: int, fast: int) -> dict[str, npt.NDArray[Any]]:
        """Contribution of each (layer, subpixel, source, phi step, mosaic domain) to a pixel, in order of accumulation.

        Columns of equal length (n,): counters, fractional and nearest h, k, l, ``F_latt``, ``F_cell`` [electrons] and
        ``F_cell2_F_latt2`` [electrons^2], as in the terms.csv of a package.

        Raises:
            InputError: as for :meth:`pixel`.
        """
        with torch.no_grad():
            return terms_rows(self.pixel(slow, fast))


from_command = Experiment.from_command
