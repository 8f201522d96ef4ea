"""From a command line to an :class:`Experiment`: everything that happens before the pixel loop.

Source: nanobragg_setup.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from . import checks, flags, geometry, mosaic, plan, sources, structure_factors
from . import crystal as crystals
from .errors import InputError
from .headers import read_mask
from .model import Beam, Crystal, Detector, Experiment, Sampling, StructureFactors
from .options import Options
from .quirks import Quirks, named
from .reflections import cell_of_file, is_reflection_file
from .rng import Generator, Stream
from .setup_lines import setup_lines
from .terms import passes_per_pixel
from .vectors import cos, length, sin, unit

DEFAULT_FLUENCE = 125932015286227086360700780544.0  # photons/m^2
PHI_MODES = {"spec": False, "c-parity": True}
_DTYPES = (torch.float32, torch.float64)
_OVERSAMPLE_RULE = 3.0
_SAME_DIRECTION = 1e-6


@dataclass(frozen=True)
class _Exposure:
    """Fluence [photons/m^2] and the crystal widths [m] that the beam leaves."""

    fluence: float
    widths: tuple[float, float, float]


def _exposure(options: Options, notices: list[str]) -> _Exposure:
    """Fluence and clipped widths (section 2.1)."""
    fluence = DEFAULT_FLUENCE if options.fluence is None else options.fluence
    beam = options.beamsize_mm / 1000.0
    if options.flux != 0.0 and options.exposure_s > 0.0 and beam >= 0.0:
        if beam == 0.0:
            raise InputError("-beamsize 0: with -flux the beam needs a size")
        fluence = options.flux * options.exposure_s / beam / beam
    widths = [options.sample_a_mm / 1000.0, options.sample_b_mm / 1000.0, options.sample_c_mm / 1000.0]
    for i, name in ((1, "b"), (2, "c")):
        if beam >= 0.0 and widths[i] > beam:
            notices.append(f"crystal width along {name}, {widths[i]:g} m, clipped to the beam size, {beam:g} m")
            widths[i] = beam
    return _Exposure(fluence, (widths[0], widths[1], widths[2]))


def _detector(
    options: Options,
    quirks: Quirks,
    size: geometry.Size,
    pivot: str,
    centers: geometry.Centers,
    placed: geometry.Placement,
    mask: Tensor | None,
    notices: list[str],
) -> Detector:
    layers = plan.sensor_layers(options)
    if layers.thickness > 0.0 and options.mu_per_m is None:
        notices.append(f"-detector_thick without -detector_abs: attenuation depth set to {layers.thickness:g} m")
    elif layers.thickness > 0.0 and layers.mu == 0.0:
        notices.append("the sensor absorbs nothing: the image is zero (give -detector_thick before -detector_abs inf)")
    f_close, s_close = placed.f_close.item(), placed.s_close.item()
    limits = (0, size.n_fast, 0, size.n_slow)
    roi = (
        limits
        if options.roi is None
        else tuple(limit if typed < 0 else typed for typed, limit in zip(options.roi, limits, strict=True))
    )
    return Detector(
        fast=placed.fast,
        slow=placed.slow,
        normal=placed.normal,
        pix0=placed.pix0,
        pixel_size=geometry.scalar(size.pixel),
        distance=placed.distance,
        close_distance=placed.close_distance,
        n_fast=size.n_fast,
        n_slow=size.n_slow,
        roi=(roi[0], roi[1], roi[2], roi[3]),
        mask=mask,
        curved=options.curved,
        point_pixel=options.point_pixel,
        thickness=geometry.scalar(layers.thickness),
        layer_thickness=geometry.scalar(layers.layer),
        n_layers=layers.count,
        attenuation=geometry.scalar(layers.mu),
        convention=options.convention,
        pivot=pivot,
        beam_center={
            "Fbeam": placed.f_beam.item(),
            "Sbeam": placed.s_beam.item(),
            "Fclose": f_close,
            "Sclose": s_close,
            "Xbeam": centers.x_beam,
            "Ybeam": centers.y_beam,
            "Xclose": centers.x_close,
            "Yclose": centers.y_close,
            "ORGX": f_close / size.pixel + 0.5,
            "ORGY": s_close / size.pixel + 0.5,
        },
    )


def _beam(
    options: Options,
    workdir: Path,
    quirks: Quirks,
    frame: geometry.Axes,
    wavelength: float,
    fluence: float,
    notices: list[str],
) -> Beam:
    if options.source_file is not None:
        listed = sources.read_sources(
            workdir / options.source_file, frame.beam, wavelength, literal=quirks.source_file_literal
        )
        if quirks.source_weights_ignored and bool((listed.weights != listed.weights[0]).any()):
            notices.append(f"{options.source_file}: the weights of the sources are not used (S21)")
    else:
        listed = sources.generate_sources(
            frame.beam,
            frame.polarization,
            wavelength,
            plan.hdiv_steps(options),
            plan.vdiv_steps(options),
            plan.dispersion_steps(options),
            round_shape=options.round_div,
        )
    return Beam(
        direction=frame.beam,
        polarization_axis=frame.polarization,
        kahn=geometry.scalar(options.kahn),
        nopolar=options.nopolar,
        wavelength=geometry.scalar(wavelength),
        fluence=geometry.scalar(fluence),
        source_positions=listed.positions,
        source_directions=unit(listed.positions),
        source_wavelengths=listed.wavelengths,
        source_weights=listed.weights,
    )


def _misset(options: Options, generator: Generator, notices: list[str]) -> tuple[float, float, float] | None:
    """Misset angles [rad], drawn or as typed."""
    if options.misset_random:
        seed = options.misset_seed
        if seed is None:
            seed = 1 if options.noise_seed is None else options.noise_seed
            notices.append(f"-misset random without -misset_seed: seed {seed} used here; C takes the clock (S3)")
        return mosaic.random_misset(Stream(generator, seed))
    if options.misset_deg is None:
        return None
    x, y, z = (angle / plan.RTD for angle in options.misset_deg)
    return x, y, z


def _crystal(
    options: Options,
    workdir: Path,
    quirks: Quirks,
    frame: geometry.Axes,
    wavelength: float,
    widths: tuple[float, float, float],
    notices: list[str],
) -> Crystal:
    generator = Generator()
    misset = _misset(options, generator, notices)
    made = crystals.lattice(options, workdir, wavelength, misset, quirks)
    notices += crystals.cell_notices(options, made)
    metres = [v * 1e-10 for v in (made.a, made.b, made.c)]
    edges = tuple(length(v).item() for v in metres)
    domains = plan.mosaic_domains(options)
    checks.check_domain_memory(domains.count)
    seed = mosaic.DEFAULT_SEED if options.mosaic_seed is None else options.mosaic_seed
    return Crystal(
        a=metres[0],
        b=metres[1],
        c=metres[2],
        a_star=made.a_star,
        b_star=made.b_star,
        c_star=made.c_star,
        spindle=frame.spindle,
        n_cells=crystals.cells_across((options.n_a, options.n_b, options.n_c), widths, (edges[0], edges[1], edges[2])),
        shape=options.shape,
        fudge=options.fudge,
        mosaic_spread=domains.spread,
        mosaic_matrices=mosaic.domain_rotations(
            Stream(generator, seed), domains.spread, domains.count, first_identity=quirks.mosaic_first_identity
        ),
    )


def _interpolate(options: Options, quirks: Quirks, final: tuple[int, int, int], table: StructureFactors) -> bool:
    """Whether structure factors are interpolated (section 2.9)."""
    if table.grid is None or table.n_reflections == 0:
        return False
    if options.interpolate is not None:
        return options.interpolate
    typed = (options.n_a, options.n_b, options.n_c)
    return min(typed if quirks.interpolate_before_sizes else final) <= 2


def _oversample(
    options: Options, made: Crystal, wavelength: float, distance: float, pixel: float, notices: list[str]
) -> int:
    """Sub-pixels per axis: as typed, else three per width of a reciprocal-lattice spot (section 3.6)."""
    widest = max(length(v).item() * n for v, n in zip((made.a, made.b, made.c), made.n_cells, strict=True))
    resolved = wavelength * distance / pixel
    needed = _OVERSAMPLE_RULE * widest / resolved if resolved != 0.0 else math.inf
    if options.oversample > 0:
        if needed > options.oversample:
            notices.append(f"crystal {widest:g} m wide, pixel resolves {resolved:g} m: a larger -oversample is advised")
        return options.oversample
    if not math.isfinite(needed):
        raise InputError("the detector is at distance 0: give -oversample, none can be recommended")
    return max(math.ceil(needed), 1)


def _sampling(options: Options, oversample: int, interpolate: bool) -> Sampling:
    phi = plan.phi_steps(options)
    if phi.count < 1:
        raise InputError("-osc 0 with -phistep gives no phi step at all (S13); leave one of them out")
    start = options.phi_deg / plan.RTD
    angles = geometry.scalar(start) + geometry.scalar(phi.step) * torch.arange(phi.count)
    return Sampling(
        phi_start=start,
        phi_step=phi.step,
        phi_sine=sin(angles),
        phi_cosine=cos(angles),
        n_phi=phi.count,
        oscillation=phi.range,
        oversample=oversample,
        oversample_thick=options.oversample_thick,
        oversample_polar=options.oversample_polar,
        oversample_omega=options.oversample_omega,
        dmin=options.dmin_a * 1e-10,
        interpolate=interpolate,
        water=options.water_um / 1e6,
    )


def _geometry_notices(options: Options, quirks: Quirks, pivot: str, frame: geometry.Axes) -> list[str]:
    """Typed geometry that the C program does not use, or uses in another way."""
    notices = []
    convention = options.convention
    if options.twotheta_axis is not None and options.twotheta_axis[0] == options.twotheta_deg != 0.0:
        notices.append(f"-twotheta_axis also set the two-theta angle, to {options.twotheta_deg:g} degrees (S1)")
    if convention == "CUSTOM" and options.normal_vector is not None:
        typed = unit(torch.tensor(options.normal_vector, dtype=torch.float64))
        if (typed - frame.normal).abs().max().item() > _SAME_DIRECTION:
            notices.append("-odet_vector is not used: the normal is fast x slow (S10)")
    if options.pivot_typed and pivot != options.pivot:
        notices.append(f"-pivot {options.pivot.lower()} has no effect with the {convention} convention (S5)")
    if options.pix0_vector_m is not None and quirks.pix0_vector_discarded:
        notices.append("-pix0_vector only switches to the CUSTOM convention, its values are not used (S4)")
    if convention in ("XDS", "DIALS"):
        given = (options.xbeam_mm, options.ybeam_mm, options.xclose_mm, options.yclose_mm)
        if any(value is not None for value in given):
            notices.append(f"{convention}: -Xbeam, -Ybeam, -Xclose, -Yclose do not move the detector; use -ORGX -ORGY")
    elif convention != "CUSTOM":
        given = (options.orgx, options.orgy, options.xclose_mm, options.yclose_mm)
        if any(value is not None for value in given):
            notices.append(f"{convention}: -ORGX, -ORGY, -Xclose, -Yclose do not move the detector; use -Xbeam -Ybeam")
    return notices


def _cell_of(crystal: Crystal) -> tuple[float, ...]:
    """Edges [A] and angles [degrees] of the crystal as it is simulated."""
    vectors = [v.detach() * 1e10 for v in (crystal.a, crystal.b, crystal.c)]
    return *(length(v).item() for v in vectors), *crystals.angles_degrees(*vectors)


def _with_cell_of_file(options: Options, workdir: Path, notices: list[str]) -> Options:
    """Without ``-cell`` and ``-mat`` the cell of an MTZ or CIF file counts."""
    if options.cell is not None or options.matrix_file is not None or options.hkl_file is None:
        return options
    path = workdir / options.hkl_file
    if not is_reflection_file(path):
        return options
    cell = cell_of_file(path)
    notices.append(f"no -cell and no -mat: the cell of {path}, {' '.join(f'{x:g}' for x in cell)}, is simulated")
    return replace(options, cell=cell)


def build(options: Options, workdir: Path, quirks: Quirks) -> Experiment:
    """The experiment that ``options`` describe, in float64 on the CPU; files are looked up in ``workdir``.

    Raises:
        InputError: a file or a value cannot be used.
    """
    wavelength = options.wavelength_a / 1e10
    if not (wavelength > 0.0 and math.isfinite(wavelength)):
        raise InputError(f"-lambda {options.wavelength_a:g}: the wavelength must be positive")
    checks.check_values(options)
    notices: list[str] = []
    options = _with_cell_of_file(options, workdir, notices)
    if options.ignored:
        notices.append(f"passed over, as the C program does: {' '.join(options.ignored)}")
    size = geometry.detector_size(options)
    checks.check_roi(options, size)
    exposure = _exposure(options, notices)
    frame = geometry.axes(options, quirks)
    checks.check_axes(frame)
    centers = geometry.beam_centers(options, size)
    pivot = geometry.pivot(options, quirks)
    notices += _geometry_notices(options, quirks, pivot, frame)
    placed = geometry.place_from_options(options, quirks, frame, centers)
    mask = None
    if options.mask_file is not None:
        mask = torch.from_numpy(read_mask(workdir / options.mask_file, size.n_fast, size.n_slow))
    crystal = _crystal(options, workdir, quirks, frame, wavelength, exposure.widths, notices)
    oversample = _oversample(options, crystal, wavelength, placed.distance.item(), size.pixel, notices)
    table, table_notices, table_files = structure_factors.load(options, workdir, quirks, _cell_of(crystal))
    notices += table_notices
    interpolate = _interpolate(options, quirks, crystal.n_cells, table)
    named_files = (options.matrix_file, options.source_file, options.mask_file, options.img_file)
    lines = setup_lines(options.convention, pivot, frame, geometry.rotations(options), size, centers, placed)
    made = Experiment(
        options=options,
        quirks=quirks,
        detector=_detector(options, quirks, size, pivot, centers, placed, mask, notices),
        beam=_beam(options, workdir, quirks, frame, wavelength, exposure.fluence, notices),
        crystal=crystal,
        sampling=_sampling(options, oversample, interpolate),
        structure_factors=table,
        setup_lines=lines,
        notices=tuple(notices),
        input_files=tuple(str(workdir / name) for name in named_files if name is not None) + tuple(table_files),
    )
    checks.check_pixel_memory(passes_per_pixel(made))
    return made


def _place_of(dtype: torch.dtype, device: str | torch.device) -> torch.device:
    if dtype not in _DTYPES:
        raise InputError(f"--dtype {dtype}: must be float32 or float64")
    try:
        place = torch.device(device)
    except RuntimeError as error:
        raise InputError(f"--device {device}: no such device; use cpu or cuda") from error
    if place.type not in ("cpu", "cuda"):
        raise InputError(f"--device {device}: must be cpu or cuda")
    if place.type == "cuda" and not torch.cuda.is_available():
        raise InputError(f"--device {device}: this machine has no usable CUDA device; use --device cpu")
    if place.type == "cuda" and (place.index or 0) >= torch.cuda.device_count():
        raise InputError(f"--device {device}: this machine has {torch.cuda.device_count()} CUDA device(s)")
    return place


def from_command(
    command: str | Sequence[str],
    workdir: Path,
    *,
    phi_mode: str = "spec",
    dtype: torch.dtype = torch.float64,
    device: str | torch.device = "cpu",
    quirks: Mapping[str, bool] = {},
    compat: bool = False,
) -> Experiment:
    """The experiment of a nanoBragg command line, text or words.

    ``phi_mode`` ``spec`` gives fresh vectors at phi = 0, ``c-parity`` what C does; ``quirks`` wins over it;
    ``compat`` matches the words as C does (:mod:`nbsim.compat`). Set-up is always done in float64 and then moved.

    Raises:
        InputError: unknown phi mode, dtype, device or quirk, or an unusable command line or file.
    """
    if phi_mode not in PHI_MODES:
        raise InputError(f"--phi-mode {phi_mode}: must be one of {', '.join(PHI_MODES)}")
    place = _place_of(dtype, device)
    switches = Quirks(phi_carryover=PHI_MODES[phi_mode])
    for name, value in quirks.items():
        switches = named(switches, name, value)
    argv = flags.split_command(command) if isinstance(command, str) else list(command)
    options = flags.parse(argv, workdir, switches, compat=compat)
    made = build(options, workdir, switches)
    if dtype == torch.float64 and place.type == "cpu":
        return made
    return made.to(dtype=dtype, device=place)
