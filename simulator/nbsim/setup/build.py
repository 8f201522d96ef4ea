"""From a command line to an :class:`~nbsim.model.ExperimentData`: everything before the pixel loop.

Source: nanobragg_setup.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from nbsim.errors import InputError
from nbsim.factors.reflections import cell_of_file, is_reflection_file
from nbsim.factors.table import load_structure_factors, with_values
from nbsim.model import ExperimentData, Inputs, StructureFactors
from nbsim.options import parse as flags
from nbsim.options.headers import read_mask
from nbsim.options.options import Options
from nbsim.options.quirks import Quirks, named
from nbsim.place import check_place
from nbsim.rng import Generator, Stream
from nbsim.setup import checks, geometry, mosaic, plan, sources
from nbsim.setup import crystal as crystals
from nbsim.setup.assemble import Derived, assemble, set_up
from nbsim.setup.notices import setup_notices
from nbsim.setup.parameters import Value, changed, typed
from nbsim.vectors import length

PHI_MODES = {"spec": False, "c-parity": True}
_OVERSAMPLE_RULE = 3.0


def _widths(options: Options, notices: list[str]) -> tuple[float, float, float]:
    """Illuminated widths [m] of the crystal along a, b, c; 0 where not given (section 2.1)."""
    beam = options.beamsize_mm / 1000.0
    widths = [options.sample_a_mm / 1000.0, options.sample_b_mm / 1000.0, options.sample_c_mm / 1000.0]
    for i, name in ((1, "b"), (2, "c")):
        if beam >= 0.0 and widths[i] > beam:
            notices.append(f"crystal width along {name}, {widths[i]:g} m, clipped to the beam size, {beam:g} m")
            widths[i] = beam
    return widths[0], widths[1], widths[2]


def _interpolate(options: Options, quirks: Quirks, final: tuple[int, int, int], table: StructureFactors) -> bool:
    """Whether structure factors are interpolated (section 2.9)."""
    if table.grid is None or table.n_reflections == 0:
        return False
    if options.interpolate is not None:
        return options.interpolate
    typed = (options.n_a, options.n_b, options.n_c)
    return min(typed if quirks.interpolate_before_sizes else final) <= 2


def _oversample(options: Options, counts: tuple[int, int, int], derived: Derived, notices: list[str]) -> int:
    """Sub-pixels per axis: as typed, else three per width of a reciprocal-lattice spot (section 3.6)."""
    made = derived.lattice
    widest = max(length(v * 1e-10).item() * n for v, n in zip((made.a, made.b, made.c), counts, strict=True))
    resolved = derived.wavelength.item() * derived.placed.distance.item() / derived.frame.size.pixel
    needed = _OVERSAMPLE_RULE * widest / resolved if resolved != 0.0 else math.inf
    if options.oversample > 0:
        if needed > options.oversample:
            notices.append(f"crystal {widest:g} m wide, pixel resolves {resolved:g} m: a larger -oversample is advised")
        return options.oversample
    if not math.isfinite(needed):
        raise InputError("the detector is at distance 0: give -oversample, none can be recommended")
    return max(math.ceil(needed), 1)


def _misset(options: Options, generator: Generator, notices: list[str]) -> tuple[float, float, float] | None:
    """The angles [rad] of ``-misset random``."""
    if not options.misset_random:
        return None
    seed = options.misset_seed
    if seed is None:
        seed = 1 if options.noise_seed is None else options.noise_seed
        notices.append(f"-misset random without -misset_seed: seed {seed} used here; C takes the clock (S3)")
    return mosaic.random_misset(Stream(generator, seed))


def _inputs(options: Options, workdir: Path, quirks: Quirks, notices: list[str]) -> Inputs:
    """All values read or drawn, except the structure factors."""
    size, beam = geometry.detector_size(options), geometry.axes(options, quirks).beam
    mask = matrix = rows = None
    if options.mask_file is not None:
        mask = torch.from_numpy(read_mask(workdir / options.mask_file, size.n_fast, size.n_slow))
    if options.matrix_file is not None:
        matrix = crystals.read_matrix(workdir / options.matrix_file)
    if options.source_file is not None:
        rows = sources.read_sources(
            workdir / options.source_file, beam, options.wavelength_a / 1e10, literal=quirks.source_file_literal
        )
    generator = Generator()  # shared: the misset is drawn before the domains
    misset = _misset(options, generator, notices)
    count = plan.mosaic_domains(options).count
    checks.check_domain_memory(count)
    domains = mosaic.draw_caps(Stream(generator, options.mosaic_seed), count)
    return Inputs(matrix, rows, mask, misset, domains)


def _cell_of(lattice: crystals.Lattice) -> tuple[float, ...]:
    """Edges [A] and angles [degrees] of the simulated crystal."""
    vectors = (lattice.a, lattice.b, lattice.c)
    return *(length(v).item() for v in vectors), *crystals.angles_degrees(*vectors)


def _with_cell_of_file(options: Options, workdir: Path, notices: list[str]) -> Options:
    """Options with the cell of the MTZ or CIF file where ``-cell`` and ``-mat`` are missing."""
    if options.cell is not None or options.matrix_file is not None or options.hkl_file is None:
        return options
    path = workdir / options.hkl_file
    if not is_reflection_file(path):
        return options
    cell = cell_of_file(path)
    notices.append(f"no -cell and no -mat: the cell of {path}, {' '.join(f'{x:g}' for x in cell)}, is simulated")
    return replace(options, cell=cell)


def build(options: Options, workdir: Path, quirks: Quirks, table: StructureFactors | None = None) -> ExperimentData:
    """The experiment that ``options`` describe, in float64 on the CPU; files are looked up in ``workdir``.

    ``table``: structure factors in place of those of the files.

    Raises:
        InputError: a file or a value cannot be used.
    """
    checks.check_values(options)
    notices: list[str] = []
    options = _with_cell_of_file(options, workdir, notices)
    if options.ignored:
        notices.append(f"skipped, as in the C program: {' '.join(options.ignored)}")
    checks.check_roi(options, geometry.detector_size(options))
    widths = _widths(options, notices)
    checks.check_axes(geometry.axes(options, quirks))
    inputs = _inputs(options, workdir, quirks, notices)
    parameters = typed(options)
    derived = set_up(options, quirks, parameters, inputs)
    edges = [length(v * 1e-10).item() for v in (derived.lattice.a, derived.lattice.b, derived.lattice.c)]
    counts = crystals.cells_across((options.n_a, options.n_b, options.n_c), widths, (edges[0], edges[1], edges[2]))
    notices += setup_notices(options, quirks, parameters, inputs, derived)
    oversample = _oversample(options, counts, derived, notices)
    table_files: list[str] = []
    if table is None:
        cell = _cell_of(derived.lattice)
        table, table_notices, table_files = load_structure_factors(options, workdir, quirks, cell)
        notices += table_notices
    parameters = replace(parameters, n_cells=torch.tensor(counts, dtype=torch.float64), structure_factors=table.grid)
    interpolate = _interpolate(options, quirks, counts, table)
    made = assemble(options, quirks, parameters, inputs, derived, table, oversample, interpolate)
    named_files = (options.matrix_file, options.source_file, options.mask_file, options.img_file)
    files = (*(str(workdir / name) for name in named_files if name is not None), *table_files)
    made = replace(made, notices=tuple(notices), input_files=files)
    checks.check_pixel_memory(made.n_passes)
    return made


def with_parameters(experiment: ExperimentData, changes: Mapping[str, Value]) -> ExperimentData:
    """The run of ``experiment`` with other numbers typed; see :meth:`nbsim.api.Experiment.with_parameters`.

    Raises:
        InputError: an unknown parameter, or an unusable value.
    """
    options, quirks, inputs, sampling = experiment.options, experiment.quirks, experiment.inputs, experiment.sampling
    parameters = changed(experiment.parameters, changes, options, quirks)
    derived = set_up(options, quirks, parameters, inputs)
    table = experiment.structure_factors
    if changes.keys() & {"structure_factors", "default_f"}:
        table = with_values(table, parameters, replaced="structure_factors" in changes)
        parameters = replace(parameters, structure_factors=table.grid)
    made = assemble(options, quirks, parameters, inputs, derived, table, sampling.oversample, sampling.interpolate)
    made = replace(made, notices=experiment.notices, input_files=experiment.input_files)
    checks.check_pixel_memory(made.n_passes)
    if experiment.dtype == torch.float64 and experiment.device.type == "cpu":
        return made
    return made.to(dtype=experiment.dtype, device=experiment.device)


def from_command(
    command: str | Sequence[str],
    workdir: Path,
    *,
    phi_mode: str = "spec",
    dtype: torch.dtype = torch.float64,
    device: str | torch.device = "cpu",
    quirks: Mapping[str, bool] = {},
    compat: bool = False,
) -> ExperimentData:
    """The experiment of a nanoBragg command line, text or words.

    ``phi_mode`` ``spec`` gives fresh vectors at phi = 0, ``c-parity`` C's behaviour; ``quirks`` overrides it;
    ``compat`` matches the words by C's rules (:mod:`nbsim.options.compat`). Set-up is always done in float64 and then
    moved.

    Raises:
        InputError: unknown phi mode, dtype, device or quirk, or an unusable command line or file.
    """
    if phi_mode not in PHI_MODES:
        raise InputError(f"phi mode {phi_mode}: must be one of {', '.join(PHI_MODES)}")
    place = check_place(dtype, device)
    switches = Quirks(phi_carryover=PHI_MODES[phi_mode])
    for name, value in quirks.items():
        switches = named(switches, name, value)
    argv = flags.split_command(command) if isinstance(command, str) else list(command)
    options = flags.parse(argv, workdir, switches, compat=compat)
    made = build(options, workdir, switches)
    if dtype == torch.float64 and place.type == "cpu":
        return made
    return made.to(dtype=dtype, device=place)
