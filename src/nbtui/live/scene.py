"""The set-up of one pixel as plain numbers, and set-ups rebuilt with changes.

The diagnosis replays one pixel hundreds of times with one error at a time. It starts from the simulator's own set-up
(detector, crystal, sources, domains, structure factors), converted to numpy arrays here.
Source: nanobragg_pixel_loop.md section 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import nbsim
from nbtui.errors import UnusableInput
from nbtui.live.door import experiment_of, options_of, simulator
from nbtui.live.model import Case, reference_settings

Array = npt.NDArray[np.float64]


class Unusable(ValueError):
    """A changed set-up cannot be simulated; the message gives the reason."""


@dataclass(frozen=True)
class FactorTable:
    """Dense structure factors; ``grid`` (n_h, n_k, n_l) is None without a table. ``low`` = (h, k, l) minimum."""

    grid: Array | None
    low: tuple[int, int, int]
    default_f: float
    source: str


@dataclass(frozen=True)
class Scene:
    """The inputs of the pixel loop for one pixel. Metres and radians; reciprocal vectors in 1/A."""

    pixel: tuple[int, int]  # (slow, fast)
    first_pixel: bool  # rendered first, without vectors to carry over
    interpolation_end: int | None  # first flat pass without interpolation; None: interpolation never ends
    fast: Array  # (3,)
    slow: Array
    normal: Array
    pix0: Array
    pixel_size: float
    distance: float
    close_distance: float
    curved: bool
    point_pixel: bool
    thickness: float
    layer: float
    n_layers: int
    attenuation: float
    beam: Array  # (3,)
    polar_axis: Array  # (3,)
    kahn: float
    nopolar: bool
    wavelength: float
    fluence: float
    sources: Array  # (Q, 3) unit, sample to source
    source_wavelengths: Array  # (Q,)
    source_weights: Array  # (Q,)
    direct: Array  # (3, 3), rows a, b, c [m]
    reciprocal: Array  # (3, 3), rows a*, b*, c* [1/A]
    spindle: Array  # (3,)
    n_cells: tuple[int, int, int]
    shape: str
    fudge: float
    mosaic_spread: float
    mosaic: Array  # (M, 3, 3)
    phi_start: float
    phi_step: float
    n_phi: int
    oversample: int
    oversample_thick: bool
    oversample_polar: bool
    oversample_omega: bool
    dmin: float
    interpolate: bool
    water: float
    table: FactorTable
    options: nbsim.Options
    quirks: nbsim.Quirks

    @property
    def n_terms(self) -> int:
        """Layers x subpixels x sources x phi steps x domains."""
        return self.n_layers * self.oversample**2 * len(self.sources) * self.n_phi * len(self.mosaic)


def _array(value: Any) -> Array:
    return np.asarray(value.detach().cpu().double().numpy(), dtype=np.float64)


def _factors(found: nbsim.StructureFactors) -> FactorTable:
    grid = None if found.grid is None else _array(found.grid)
    return FactorTable(grid, (found.h_min, found.k_min, found.l_min), float(found.default_f), found.source)


def scene_of(
    experiment: nbsim.Experiment,
    pixel: tuple[int, int],
    *,
    first_pixel: bool,
    interpolation_end: int | None,
    table: FactorTable | None = None,
) -> Scene:
    """The numbers of ``experiment`` for ``pixel`` (slow, fast); ``table`` replaces its structure factors.

    ``first_pixel`` and ``interpolation_end``: state inherited from earlier pixels.
    """
    detector, beam, crystal = experiment.detector, experiment.beam, experiment.crystal
    sampling = experiment.sampling
    return Scene(
        pixel=pixel,
        first_pixel=first_pixel,
        interpolation_end=interpolation_end,
        fast=_array(detector.fast),
        slow=_array(detector.slow),
        normal=_array(detector.normal),
        pix0=_array(detector.pix0),
        pixel_size=float(detector.pixel_size),
        distance=float(detector.distance),
        close_distance=float(detector.close_distance),
        curved=detector.curved,
        point_pixel=detector.point_pixel,
        thickness=float(detector.thickness),
        layer=float(detector.layer_thickness),
        n_layers=detector.n_layers,
        attenuation=float(detector.attenuation),
        beam=_array(beam.direction),
        polar_axis=_array(beam.polarization_axis),
        kahn=float(beam.polarization),
        nopolar=beam.nopolar,
        wavelength=float(beam.wavelength),
        fluence=float(beam.fluence),
        sources=_array(beam.source_directions),
        source_wavelengths=_array(beam.source_wavelengths),
        source_weights=_array(beam.source_weights),
        direct=np.stack([_array(crystal.a), _array(crystal.b), _array(crystal.c)]),
        reciprocal=np.stack([_array(crystal.a_star), _array(crystal.b_star), _array(crystal.c_star)]),
        spindle=_array(crystal.spindle),
        n_cells=crystal.whole_n_cells,
        shape=crystal.shape,
        fudge=crystal.fudge,
        mosaic_spread=crystal.mosaic_spread,
        mosaic=_array(crystal.mosaic_matrices),
        phi_start=sampling.phi_start,
        phi_step=sampling.phi_step,
        n_phi=sampling.n_phi,
        oversample=sampling.oversample,
        oversample_thick=sampling.oversample_thick,
        oversample_polar=sampling.oversample_polar,
        oversample_omega=sampling.oversample_omega,
        dmin=sampling.dmin,
        interpolate=sampling.interpolate,
        water=sampling.water,
        table=_factors(experiment.structure_factors) if table is None else table,
        options=experiment.options,
        quirks=experiment.quirks,
    )


@dataclass(frozen=True)
class DetectorStart:
    """The detector before placement: directions before rotation, centres [m], angles [rad]."""

    beam: Array  # (3,)
    normal: Array
    fast: Array
    slow: Array
    twotheta: Array
    angles: tuple[float, float, float]
    swing: float  # two-theta
    pivot: str  # BEAM or SAMPLE
    beam_center: tuple[float, float]  # along fast, slow
    close_center: tuple[float, float]
    distance: float
    close_distance: float | None
    polarization: Array  # (3,)
    spindle: Array  # (3,)
    convention: str


@lru_cache(maxsize=128)
def frame_of(options: nbsim.Options, quirks: nbsim.Quirks | None = None) -> DetectorStart:
    """The frame that ``options`` describe, after the convention's rules (nanobragg_setup.md 2.2 to 2.4).

    Raises:
        nbsim.InputError: a direction is zero, or the detector has no pixels.
    """
    frame = nbsim.detector_frame(options, quirks or nbsim.Quirks())
    axes, angles, centers = frame.axes, frame.angles, frame.centers
    close = options.close_distance_mm
    return DetectorStart(
        beam=_array(axes.beam),
        normal=_array(axes.normal),
        fast=_array(axes.fast),
        slow=_array(axes.slow),
        twotheta=_array(axes.twotheta),
        angles=(float(angles.x), float(angles.y), float(angles.z)),
        swing=float(angles.twotheta),
        pivot=frame.pivot,
        beam_center=(float(centers.f_beam), float(centers.s_beam)),
        close_center=(float(centers.f_close), float(centers.s_close)),
        distance=options.distance_mm / 1000.0,
        close_distance=None if close is None else close / 1000.0,
        polarization=_array(axes.polarization),
        spindle=_array(axes.spindle),
        convention=options.convention,
    )


@dataclass(frozen=True)
class CrystalStart:
    """The crystal before orientation: reciprocal rows before misset [1/A], angles [rad], cell edges [A]."""

    stars: Array  # (3, 3), rows a*, b*, c*
    misset: tuple[float, float, float] | None
    edges: tuple[float, float, float] | None  # with -cell
    volume: float | None  # of the formula, with -cell [A^3]


def cell_of(options: nbsim.Options, workdir: Path, wavelength: float, *, literal: bool = True) -> CrystalStart:
    """The crystal before misset (nanobragg_setup.md 3.1, 3.2); wavelength [m].

    ``literal``: c* of a cell as C builds it, with the sine of gamma*.

    Raises:
        nbsim.InputError: no crystal is given, or its matrix cannot be read.
    """
    frame = nbsim.crystal_frame(options, workdir, wavelength, nbsim.Quirks(cell_sine_of_gamma_star=literal))
    cell = frame.cell
    return CrystalStart(
        stars=np.stack([_array(star) for star in frame.stars]),
        misset=frame.misset,
        edges=None if cell is None else (float(cell[0]), float(cell[1]), float(cell[2])),
        volume=None if frame.volume is None else float(frame.volume),
    )


def parsed(case: Case, quirks: Mapping[str, bool] | None = None) -> nbsim.Options:
    """The options of the case's command line, parsed with other switches.

    Raises:
        nbsim.InputError: the command line is unusable.
    """
    return options_of(case, quirks)


def table_of(
    scene: Scene, path: Path, *, cache: bool, integer_rows: bool = True, comments_as_data: bool = True
) -> FactorTable:
    """The structure factors of a file, read as C reads them: a ``cache`` of an earlier run, or a table of h k l F.

    ``integer_rows``: a row with an index such as 1.0 ends the table; ``comments_as_data``: so does a ``#``.

    Raises:
        Unusable: the file is no table.
    """
    if cache:
        wanted = replace(scene.options, hkl_file=None, dump_file=path.name)
    else:
        wanted = replace(scene.options, hkl_file=path.name)
    quirks = replace(scene.quirks, hkl_integer_rows=integer_rows, comments_as_data=comments_as_data)
    try:
        factors, *_ = nbsim.load_structure_factors(wanted, path.parent, quirks)
    except nbsim.NbsimError as error:
        raise Unusable(str(error)) from error
    return _factors(factors)


def domains(spread: float, count: int, typed_seed: int, *, first_identity: bool = True) -> Array:
    """Mosaic matrices (count, 3, 3) of a seed as typed after ``-mosaic_seed``; spread [rad]."""
    return _array(nbsim.mosaic_rotations(spread, count, typed_seed, first_identity=first_identity))


def load_scene(case: Case, pixel: tuple[int, int]) -> Scene:
    """The C program's set-up of ``case`` for ``pixel`` (slow, fast).

    Raises:
        UnusableInput: the command line or an input file is unusable, or the pixel is not on the detector.
        SimulationFailed: the set-up could not be computed.
    """
    with simulator(case.name, "set-up"):
        settings = reference_settings(case)
        try:
            experiment = experiment_of(case, settings)
        except nbsim.InputError:
            if not case.reading:
                raise
            experiment = experiment_of(case, replace(settings, quirks=case.reading))
    slow, fast = pixel
    detector = experiment.detector
    if not (0 <= slow < detector.n_slow and 0 <= fast < detector.n_fast):
        raise UnusableInput(
            f"pixel (slow {slow}, fast {fast}) is not on the detector of {detector.n_slow} x {detector.n_fast} "
            "pixels (slow x fast); the order is slow, then fast"
        )
    import torch

    state = nbsim.run_state(experiment, n_threads=case.omp_threads, until_row=slow)
    ends = state.interpolation_end(torch.tensor([pixel]), detector.n_fast, experiment.n_passes)
    end = None if ends is None else int(ends[0])
    return scene_of(experiment, pixel, first_pixel=pixel in state.first_pixels, interpolation_end=end)


@dataclass(frozen=True)
class NewSetup:
    """A set-up made with changed options or switches."""

    scene: Scene
    frame: DetectorStart
    cell: CrystalStart


_OF_THE_TABLE = ("hkl_file", "hkl_column", "default_f", "dump_file")
_OF_THE_FIRST_PIXEL = ("roi", "mask_file")


def rebuilt(
    scene: Scene, workdir: Path, options: Mapping[str, Any], quirks: Mapping[str, bool] | None = None
) -> NewSetup:
    """``scene`` set up again with some options and set-up switches changed besides those changed before.

    ``options`` are fields of :class:`nbsim.Options`, in its units. Files are read again only where the change names
    another one. Vectors carried from earlier pixels and the end of interpolation stay.

    Raises:
        Unusable: the changed options cannot be simulated.
    """
    wanted, switches = replace(scene.options, **options), replace(scene.quirks, **(quirks or {}))
    table = scene.table
    try:
        if any(getattr(wanted, name) != getattr(scene.options, name) for name in _OF_THE_TABLE):
            table = _table_of_options(wanted, workdir, switches)
        files = tuple(_version(workdir / name) for name in (wanted.matrix_file, wanted.source_file) if name is not None)
        new = _set_up(wanted, workdir, switches, files, table.grid is not None)
    except nbsim.NbsimError as error:
        raise Unusable(str(error)) from error
    first = scene.first_pixel
    if any(getattr(wanted, name) != getattr(scene.options, name) for name in _OF_THE_FIRST_PIXEL):
        fast, _, slow, _ = wanted.roi or (0, 0, 0, 0)
        first = scene.pixel == (max(slow, 0), max(fast, 0))
    made = replace(
        new.scene,
        pixel=scene.pixel,
        first_pixel=first,
        interpolation_end=scene.interpolation_end,
        table=table,
    )
    return replace(new, scene=made)


def _table_of_options(options: nbsim.Options, workdir: Path, quirks: nbsim.Quirks) -> FactorTable:
    """The structure factors that the options name; zero everywhere without any."""
    if options.hkl_file is None and options.default_f == 0.0 and not (workdir / options.dump_file).is_file():
        return FactorTable(None, (0, 0, 0), 0.0, "none")
    found, *_ = nbsim.load_structure_factors(options, workdir, quirks)
    return _factors(found)


def _version(path: Path) -> tuple[int, int]:
    """Time and size of a file; zeros without one, which the set-up reports."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=512)
def _set_up(
    options: nbsim.Options, workdir: Path, quirks: nbsim.Quirks, files: tuple[tuple[int, int], ...], tabled: bool
) -> NewSetup:
    """A set-up of the first pixel without structure factors; ``files``: versions of the files that it reads.

    ``tabled``: interpolation has a table to work on.
    """
    import torch

    grid = torch.ones((1, 1, 1), dtype=torch.float64) if tabled else None
    with torch.inference_mode():
        default_f = torch.tensor(options.default_f, dtype=torch.float64)
        table = nbsim.StructureFactors(grid, 0, 0, 0, default_f, "", 1)
        experiment = nbsim.Experiment.from_options(options, workdir, quirks, table)
        wavelength = float(experiment.beam.wavelength)
        return NewSetup(
            scene_of(experiment, (0, 0), first_pixel=False, interpolation_end=None),
            frame_of(options, quirks),
            cell_of(options, workdir, wavelength, literal=quirks.cell_sine_of_gamma_star),
        )
