"""The whole detector of a case: its image, and the position of a pixel in real and reciprocal space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import nbsim
from nbtui.errors import NbtuiError, UnusableInput
from nbtui.live.door import experiment_of, simulator
from nbtui.live.model import Case, Settings
from nbtui.live.threads import thread_counts
from nbtui.trace.text import clean

Photons = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Place = tuple[float, float]  # (slow, fast), 0 in the centre of the first pixel
Indices = tuple[float, float, float]
Cells = tuple[int, int, int]  # unit cells along a, b, c
_ROUNDS = 4  # of Gauss-Newton: the scattering vector is nearly linear over a spot's distance
Progress = Callable[[int, int], None]  # pixels done, pixels in all


class Cancelled(NbtuiError):
    """The image was stopped on request."""

    exit_code = 130


@dataclass(frozen=True)
class PixelFacts:
    """Position of the centre of a pixel, in the laboratory and in reciprocal space."""

    slow: int
    fast: int
    slow_mm: float  # from the detector's outer corner to the pixel's centre, along the slow axis
    fast_mm: float
    two_theta_deg: float
    d_angstrom: float  # resolution; infinite in the direct beam
    hkl: tuple[float, float, float]  # fractional, crystal at the first phi of the scan, without mosaic rotation
    phi_deg: float  # that phi


@dataclass(frozen=True, eq=False)
class Resolution:
    """1/d^2 [1/A^2] on a grid of pixels, and the beam centre on the detector."""

    slow: npt.NDArray[np.float64]  # of the grid's rows, ascending
    fast: npt.NDArray[np.float64]
    inverse_d2: npt.NDArray[np.float64]  # (slow, fast)
    beam: tuple[float, float] | None  # (slow, fast), 0 in the centre of the first pixel; None: not on the detector

    def at(self, slow: npt.NDArray[np.float64], fast: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """1/d^2 at each pair of ``slow`` (n) and ``fast`` (m), interpolated: (n, m)."""
        rows = np.stack([np.interp(slow, self.slow, column) for column in self.inverse_d2.T], axis=1)
        return np.stack([np.interp(fast, self.fast, row) for row in rows])


@dataclass(frozen=True, eq=False)
class _Plane:
    """The scattering vector [1/m] at a place on the detector, (3,), and its change per pixel (slow, fast), (3, 2)."""

    scattering: npt.NDArray[np.float64]
    slopes: npt.NDArray[np.float64]


class PreparedCase:
    """A case ready to render: the detector's size, facts and traces of its pixels, and its image.

    Made by :func:`prepare`.
    """

    def __init__(self, case: Case, experiment: nbsim.Experiment, omp_threads: int) -> None:
        self._case, self._experiment, self._threads = case, experiment, omp_threads

    @property
    def shape(self) -> tuple[int, int]:
        """Pixels (slow, fast)."""
        detector = self._experiment.detector
        return detector.n_slow, detector.n_fast

    @property
    def passes(self) -> int:
        """Innermost passes of the whole image: its cost."""
        slow, fast = self.shape
        return slow * fast * self._experiment.n_passes

    def facts(self, slow: int, fast: int) -> PixelFacts:
        """Facts on one pixel, for the nominal beam (direction and wavelength) and the sensor's front face.

        Uses the positions that the simulation uses (nanobragg_pixel_loop.md sections 3 to 5).

        Raises:
            UnusableInput: the pixel is not on the detector.
        """
        import torch

        n_slow, n_fast = self.shape
        if not (0 <= slow < n_slow and 0 <= fast < n_fast):
            where = f"pixel slow {slow} fast {fast} is not on the detector"
            raise UnusableInput(f"{clean(self._case.name)}: {where}: {n_slow} x {n_fast} (slow x fast)")
        experiment = self._experiment
        with torch.no_grad():
            scattering = nbsim.nominal_scattering(experiment, torch.tensor([[slow, fast]]))[0]  # [1/m]
            h, k, l = (nbsim.starting_cell(experiment) @ scattering).tolist()
            size = float(scattering.norm())
            # the half angle from the chord is accurate near the beam, unlike an arc cosine
            half = min(1.0, 0.5 * float(experiment.beam.wavelength) * size)
            pixel_mm = 1000.0 * float(experiment.detector.pixel_size)
        return PixelFacts(
            slow=slow,
            fast=fast,
            slow_mm=(slow + 0.5) * pixel_mm,
            fast_mm=(fast + 0.5) * pixel_mm,
            two_theta_deg=float(np.degrees(2.0 * np.arcsin(half))),
            d_angstrom=1e10 / size if size > 0.0 else float("inf"),
            hkl=(h, k, l),
            phi_deg=float(np.degrees(experiment.sampling.phi_start)),
        )

    def spot(
        self, at: Place, phi_deg: float, hkl: Indices, node: Indices, n_cells: tuple[int, int, int]
    ) -> Place | None:
        """The place (slow, fast) on the detector where one step of the pixel loop is closest to a lattice node.

        Distances count in widths 1/N of the lattice factor. ``hkl`` are the fractional indices of that step ``at`` a
        place (0 in the centre of the first pixel), ``phi_deg`` its angle. Gauss-Newton on the positions of
        `nbsim.nominal_scattering`; the mosaic rotation enters through ``hkl``, not through the slopes. None outside
        the detector. Source: nanobragg_pixel_loop.md sections 4 to 6.
        """
        import torch

        turned = np.radians(phi_deg) - float(self._experiment.sampling.phi_start)
        widths = np.asarray(n_cells, dtype=np.float64)
        with torch.no_grad():
            cell = nbsim.starting_cell(self._experiment, turned).cpu().numpy().astype(np.float64)
        start = self._plane(at)
        found = np.asarray(at, dtype=np.float64)
        for _ in range(_ROUNDS):
            here = self._plane((float(found[0]), float(found[1])))
            if here is None or start is None:
                return None
            off = np.asarray(hkl) + cell @ (here.scattering - start.scattering) - np.asarray(node)
            slopes = widths[:, None] * (cell @ here.slopes)
            found = found + np.linalg.lstsq(slopes, -widths * off, rcond=None)[0]
        return (float(found[0]), float(found[1])) if self._plane((float(found[0]), float(found[1]))) else None

    def _plane(self, at: Place) -> _Plane | None:
        """The scattering vector at a place and its slopes, from the pixels around it; None outside the detector."""
        import torch

        if not all(
            np.isfinite(place) and -0.5 <= place < size - 0.5 for place, size in zip(at, self.shape, strict=True)
        ):
            return None
        slow, fast = (min(max(0, int(place)), size - 2) for place, size in zip(at, self.shape, strict=True))
        with torch.no_grad():
            corners = torch.tensor([[slow, fast], [slow + 1, fast], [slow, fast + 1]])
            q = nbsim.nominal_scattering(self._experiment, corners).cpu().numpy().astype(np.float64)
        slopes = np.stack((q[1] - q[0], q[2] - q[0]), axis=1)
        return _Plane(q[0] + slopes @ np.array((at[0] - slow, at[1] - fast)), slopes)

    def resolution(self, points: int = 65) -> Resolution:
        """The resolution over the whole detector, for the nominal beam, from ``points`` x ``points`` pixels."""
        import torch

        experiment = self._experiment
        rows, columns = (np.unique(np.rint(np.linspace(0, size - 1, points)).astype(int)) for size in self.shape)
        with torch.no_grad():
            pixels = torch.cartesian_prod(torch.from_numpy(rows), torch.from_numpy(columns))
            scattering = nbsim.nominal_scattering(experiment, pixels)
            squared = 1e-20 * (scattering * scattering).sum(dim=-1)
            corner = nbsim.pixel_centers(experiment, torch.tensor([[0, 0], [1, 0], [0, 1]]))
            towards = experiment.beam.direction
        grid = squared.cpu().numpy().astype(np.float64).reshape(len(rows), len(columns))
        origin, along_slow, along_fast = corner.cpu().numpy().astype(np.float64)
        beam = _met(origin, along_slow - origin, along_fast - origin, towards.cpu().numpy().astype(np.float64))
        inside = beam is not None and all(-0.5 <= at < size - 0.5 for at, size in zip(beam, self.shape, strict=True))
        return Resolution(rows.astype(float), columns.astype(float), grid, beam if inside else None)

    def image(self, *, progress: Progress | None = None, cancelled: Callable[[], bool] | None = None) -> Photons:
        """Photons per pixel, float32 (n_slow, n_fast); 0 where the command renders nothing (ROI, mask).

        Raises:
            Cancelled: ``cancelled`` returned True; it is called several times a second.
            SimulationFailed: the simulator failed.
        """
        with simulator(self._case.name):
            try:
                found = self._experiment.image(n_threads=self._threads, progress=progress, cancelled=cancelled)
            except nbsim.Interrupted as error:
                raise Cancelled(f"{clean(self._case.name)}: the image was stopped on request") from error
        photons = found.photons
        image: Photons = photons.cpu().numpy()
        return image

    def trace_lines(self, pixel: tuple[int, int], prefix: str) -> tuple[str, ...]:
        """The trace of a pixel (slow, fast) as lines of text; ``prefix``: ``TRACE_C`` or ``TRACE_PY``.

        Raises:
            UnusableInput: the pixel is not on the detector.
            SimulationFailed: the simulator failed.
        """
        with simulator(self._case.name):
            import torch

            with torch.no_grad():
                found = self._experiment.pixel(*pixel, n_threads=self._threads)
                return tuple(nbsim.format_line(line, prefix) for line in nbsim.trace_lines(found))

    def thread_counts(self, c: npt.NDArray[np.float64], differing: Flags) -> tuple[int, ...]:
        """Numbers of OpenMP threads with which the image has C's value in every pixel that depends on them.

        Args:
            c: the C program's image, (n_slow, n_fast).
            differing: where it differs from :meth:`image`, of the same shape.
        """
        with simulator(self._case.name):
            return thread_counts(self._experiment, c, differing, self._threads)


def _met(
    origin: npt.NDArray[np.float64],
    slow: npt.NDArray[np.float64],
    fast: npt.NDArray[np.float64],
    beam: npt.NDArray[np.float64],
) -> tuple[float, float] | None:
    """Intersection of ``beam`` from the sample with the plane through ``origin``, in steps of ``slow`` and ``fast``."""
    try:
        down, across, behind = np.linalg.solve(np.stack((slow, fast, -beam), axis=1), -origin)
    except np.linalg.LinAlgError:
        return None
    return (float(down), float(across)) if behind > 0.0 else None


def prepare(case: Case, settings: Settings) -> PreparedCase:
    """Read the command line and its files; no pixel is required.

    Raises:
        UnusableInput: the command line, one of its files or a setting is unusable.
    """
    with simulator(case.name):
        return PreparedCase(case, experiment_of(case, settings), settings.omp_threads)


def render_image(
    case: Case,
    settings: Settings,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Photons:
    """The image of a case in one call: :func:`prepare` and :meth:`PreparedCase.image`, with their errors."""
    return prepare(case, settings).image(progress=progress, cancelled=cancelled)


def pixel_facts(case: Case, settings: Settings, slow: int, fast: int) -> PixelFacts:
    """Facts on one pixel in one call: :func:`prepare` and :meth:`PreparedCase.facts`, with their errors."""
    return prepare(case, settings).facts(slow, fast)
