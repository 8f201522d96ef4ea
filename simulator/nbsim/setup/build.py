"""From a command line to an :class:`~nbsim.model.ExperimentData`: everything before the pixel loop.

Source: nanobragg_setup.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from nbsim.errors import InputError
from nbsim.factors.reflection_file import is_reflection_file
from nbsim.factors.reflections import cell_of_file
from nbsim.factors.table import load_structure_factors, with_values
from nbsim.model import ExperimentData, Inputs, StructureFactors
from nbsim.options import parse as flags
from nbsim.options.compat import in_any_place
from nbsim.options.headers import read_mask
from nbsim.options.options import Options
from nbsim.options.programs import CProgram, known, switches_of
from nbsim.options.quirks import Quirks, named
from nbsim.parameters import Parameters, Value
from nbsim.place import check_place
from nbsim.rng import Generator, Stream
from nbsim.setup import checks, follow, geometry, mosaic, plan, sources
from nbsim.setup import crystal as crystals
from nbsim.setup.assemble import Derived, assemble, reassembled, set_up
from nbsim.setup.beyond_c import without_replaced
from nbsim.setup.notices import misset_seed, setup_notices
from nbsim.setup.parameters import changed, starting, with_derived
from nbsim.vectors import length

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


def _subpixels_needed(counts: tuple[int, int, int], derived: Derived) -> tuple[float, float, float]:
    """Sub-pixels per axis for three per width of a reciprocal-lattice spot (section 3.6); the crystal's width [m]; the
    width that a pixel resolves [m]."""
    made = derived.lattice
    widest = max(length(v * 1e-10).item() * n for v, n in zip((made.a, made.b, made.c), counts, strict=True))
    resolved = derived.wavelength.item() * derived.placed.distance.item() / derived.frame.size.pixel
    return _OVERSAMPLE_RULE * widest / resolved if resolved != 0.0 else math.inf, widest, resolved


def _oversample(options: Options, counts: tuple[int, int, int], derived: Derived) -> int:
    """Sub-pixels per axis: as typed, else as many as needed."""
    if options.oversample > 0:
        return options.oversample
    needed, _, _ = _subpixels_needed(counts, derived)
    if not math.isfinite(needed):
        raise InputError("the detector is at distance 0: give -oversample, none can be recommended")
    return max(math.ceil(needed), 1)


@torch.no_grad()
def _coarse_notice(options: Options, counts: tuple[int, int, int], derived: Derived) -> list[str]:
    """Notice on fewer sub-pixels typed than needed."""
    needed, widest, resolved = _subpixels_needed(counts, derived)
    if not 0 < options.oversample < needed:
        return []
    return [f"crystal {widest:g} m wide, pixel resolves {resolved:g} m: a larger -oversample is advised"]


def _misset(options: Options, generator: Generator) -> tuple[float, float, float] | None:
    """The angles [rad] of ``-misset random``."""
    return mosaic.random_misset(Stream(generator, misset_seed(options))) if options.misset_random else None


def _inputs(options: Options, workdir: Path, quirks: Quirks) -> Inputs:
    """All values read or drawn, except the structure factors."""
    size, beam = geometry.detector_size(options), geometry.axes(options, quirks).beam
    mask = matrix = rows = None
    if options.mask_file is not None:
        mask = torch.from_numpy(read_mask(workdir / options.mask_file, size.n_fast, size.n_slow))
    if options.matrix_file is not None:
        matrix = crystals.read_matrix(workdir / options.matrix_file)
    if options.source_file is not None:
        rows = sources.read_sources(
            workdir / options.source_file,
            beam,
            options.wavelength_a / 1e10,
            literal=quirks.source_file_literal,
            comments=not quirks.comments_as_data,
            dark=options.as_c,
        )
    generator = Generator()  # shared: the misset is drawn before the domains
    misset = _misset(options, generator)
    count = plan.mosaic_domains(options).count
    checks.check_domain_memory(count)
    domains = mosaic.draw_caps(Stream(generator, options.mosaic_seed), count)
    return Inputs(matrix, rows, mask, misset, domains)


def _file_cell(options: Options, workdir: Path) -> tuple[str, tuple[float, ...] | None]:
    """Path and cell of the MTZ or CIF file of ``-hkl``."""
    if options.hkl_file is None or not is_reflection_file(workdir / options.hkl_file):
        return "", None
    return str(workdir / options.hkl_file), cell_of_file(workdir / options.hkl_file)


def _fixed_notices(options: Options, clipped: Sequence[str], of_table: Sequence[str]) -> tuple[str, ...]:
    """Notices on words and files, which no parameter changes."""
    return (*options.reading, *clipped, *of_table)


def build(options: Options, workdir: Path, quirks: Quirks, table: StructureFactors | None = None) -> ExperimentData:
    """The experiment that ``options`` describe, in float64 on the CPU; files are looked up in ``workdir``.

    ``table``: structure factors in place of those of the files.

    Raises:
        InputError: a file or a value cannot be used.
    """
    checks.check_values(options)
    typed = options
    path, file_cell = _file_cell(options, workdir)
    simulates_file_cell = file_cell is not None and options.cell is None and options.matrix_file is None
    if simulates_file_cell:
        options = replace(options, cell=file_cell)
    checks.check_roi(options, geometry.detector_size(options))
    typed_cell = crystals.typed_cell(options)
    if typed_cell is not None:
        crystals.check_cell(typed_cell, "-cell")
    clipped: list[str] = []
    widths = _widths(options, clipped)
    checks.check_axes(geometry.axes(options, quirks))
    inputs = _inputs(options, workdir, quirks)
    parameters = starting(options, quirks, inputs)
    derived = set_up(options, quirks, parameters, inputs)
    crystals.check_lattice(
        derived.lattice.vectors, "-cell" if options.matrix_file is None else f"-mat {options.matrix_file}"
    )
    edges = [length(v * 1e-10).item() for v in (derived.lattice.a, derived.lattice.b, derived.lattice.c)]
    counts = crystals.cells_across((options.n_a, options.n_b, options.n_c), widths, (edges[0], edges[1], edges[2]))
    of_table: list[str] = []
    table_files: list[str] = []
    if table is None:
        table, of_table, table_files = load_structure_factors(options, workdir, quirks, file_cell)
    parameters = replace(parameters, n_cells=torch.tensor(counts, dtype=torch.float64), structure_factors=table.grid)
    inputs = replace(
        inputs,
        hkl_path=path,
        file_cell=file_cell,
        simulates_file_cell=simulates_file_cell,
        typed=typed,
        notices=_fixed_notices(options, clipped, of_table),
    )
    named_files = (options.matrix_file, options.source_file, options.mask_file, options.img_file)
    files = (*(str(workdir / name) for name in named_files if name is not None), *table_files)
    return _finished(
        options,
        quirks,
        parameters,
        inputs,
        derived,
        table,
        _oversample(options, counts, derived),
        _interpolate(options, quirks, counts, table),
        files,
    )


def _finished(
    options: Options,
    quirks: Quirks,
    parameters: Parameters,
    inputs: Inputs,
    derived: Derived,
    table: StructureFactors,
    oversample: int,
    interpolate: bool,
    files: tuple[str, ...],
) -> ExperimentData:
    """The experiment, with every parameter at its effective value and all notices."""
    parameters = with_derived(options, quirks, parameters, inputs, derived)
    made = assemble(options, quirks, parameters, inputs, derived, table, oversample, interpolate)
    notices = (
        *inputs.notices,
        *setup_notices(options, quirks, parameters, inputs, derived),
        *_coarse_notice(options, made.crystal.whole_n_cells, derived),
    )
    checks.check_pixel_memory(made.n_passes)
    return replace(made, notices=notices, input_files=files, as_set_up=(*made.parts.values(), parameters))


def _again(
    experiment: ExperimentData,
    options: Options,
    quirks: Quirks,
    parameters: Parameters,
    inputs: Inputs,
    table: StructureFactors,
) -> ExperimentData:
    """``experiment`` set up again, with its counts and files, on its device and in its dtype."""
    if experiment.replaced:
        raise InputError(
            f"{', '.join(experiment.replaced)}: replaced by hand, which another set-up would lose; "
            "change parameters and quirks first, then replace"
        )
    sampling = experiment.sampling
    derived = set_up(options, quirks, parameters, inputs)
    crystals.check_lattice(derived.lattice.vectors, "cell" if parameters.a_matrix is None else "a_matrix")
    made = _finished(
        options,
        quirks,
        parameters,
        inputs,
        derived,
        table,
        sampling.oversample,
        sampling.interpolate,
        experiment.input_files,
    )
    if experiment.dtype == torch.float64 and experiment.device.type == "cpu":
        return made
    return made.to(dtype=experiment.dtype, device=experiment.device)


def with_parameters(experiment: ExperimentData, changes: Mapping[str, Value]) -> ExperimentData:
    """The run of ``experiment`` with other numbers typed; see :meth:`nbsim.api.Experiment.with_parameters`.

    Raises:
        InputError: an unknown parameter, or an unusable value.
    """
    made = changed(experiment, changes)
    differing = follow.moved(experiment.parameters, made)
    options = follow.options_after(experiment.options, differing)
    return _again(experiment, options, experiment.quirks, *_edited(experiment, made, differing.keys()))


def _edited(
    experiment: ExperimentData, made: Mapping[str, Tensor], differing: Set[str]
) -> tuple[Parameters, Inputs, StructureFactors]:
    """Parameters, inputs and table of ``experiment`` after ``made``; the parameters ``differing`` have new values."""
    parameters, inputs = without_replaced(experiment.parameters, made), experiment.inputs
    if inputs.matrix is not None and parameters.a_matrix is None:
        if "cell" in made:
            matrix = follow.matrix_after(experiment, parameters, differing)
            same_matrix = inputs.matrix_is_of_file and not differing & {"cell", "wavelength"}
            inputs = replace(inputs, matrix=matrix, matrix_is_of_file=same_matrix)
        elif "wavelength" in made:
            parameters = replace(parameters, cell=None)  # follows from the matrix
    if "structure_factors" in differing:
        inputs = replace(inputs, table_is_of_file=False)
    table = experiment.before_rounding().structure_factors
    if made.keys() & {"structure_factors", "default_f"}:
        table = with_values(table, parameters, replaced="structure_factors" in made)
        parameters = replace(parameters, structure_factors=table.grid)
    return parameters, inputs, table


def reset(
    experiment: ExperimentData, template: ExperimentData, made: Mapping[str, Tensor], differing: Set[str]
) -> ExperimentData:
    """``experiment`` after the parameters ``made``, valid ones, without a look at their values.

    ``template``: ``experiment`` after other values of the same parameters, those ``differing`` among them; it gives
    options, numbers, counts, dtype and device. Unlike :func:`with_parameters`, torch.func.vmap runs over it.
    """
    parameters, inputs, table = _edited(experiment, made, differing)
    derived = set_up(template.options, template.quirks, parameters, inputs)
    shot = reassembled(template, parameters, inputs, derived, table)
    return shot.mapped(
        lambda tensor: tensor.to(template.device, template.dtype if tensor.is_floating_point() else None)
    )


def with_quirks(experiment: ExperimentData, changes: Mapping[str, bool]) -> ExperimentData:
    """The run of ``experiment`` with oddities of C switched on or off, set up again where they belong to the set-up.

    Raises:
        InputError: an unknown quirk, or one that takes effect while the command line or a file is read.
    """
    options, before, after = experiment.options, experiment.quirks, experiment.quirks
    for name, value in changes.items():
        after = named(after, name, value)
    last_word = in_any_place(options.argv, before) != in_any_place(options.argv, after)
    read_with = {
        "last_curved_det_ignored": last_word,
        "last_thickness_flag_crashes": last_word,
        "twotheta_axis_sets_angle": options.twotheta_axis is not None,
        "convention_forces_pivot": options.pivot_typed,
        "source_file_literal": options.source_file is not None,
        "comments_as_data": options.source_file is not None or options.hkl_file is not None,
        "hkl_integer_rows": options.hkl_file is not None,
        "interpolate_before_sizes": options.interpolate is None and experiment.structure_factors.grid is not None,
    }
    for name, matters in read_with.items():
        if matters and getattr(before, name) != getattr(after, name):
            raise InputError(
                f"quirk {name}: acts while the command line and its files are read; "
                f"build the experiment with quirks={{'{name}': {getattr(after, name)}}}"
            )
    parameters = experiment.parameters
    if experiment.inputs.matrix is not None and parameters.a_matrix is None:
        parameters = replace(parameters, cell=None)
    table = experiment.before_rounding().structure_factors
    return _again(experiment, options, after, parameters, experiment.inputs, table)


def _words(command: str | Sequence[str]) -> list[str]:
    """The words of a command line."""
    if isinstance(command, str):
        return flags.split_command(command)
    if not isinstance(command, Sequence) or not all(isinstance(word, str) for word in command):
        raise InputError(f"command: a text or a list of words is needed, not {type(command).__name__}")
    return list(command)


def from_command(
    command: str | Sequence[str],
    workdir: Path,
    *,
    phi_mode: str | None = None,
    c_program: CProgram | str | None = None,
    dtype: torch.dtype = torch.float64,
    device: str | torch.device = "cpu",
    quirks: Mapping[str, bool] = {},
    compat: bool = False,
) -> ExperimentData:
    """The experiment of a nanoBragg command line, text or words.

    ``c_program`` sets the quirks, ``phi_mode`` that at phi = 0 (``spec``: fresh vectors, ``c-parity``: those of the
    last step), ``quirks`` single ones; the later of the three wins. ``compat`` reads the words by C's rules
    (:mod:`nbsim.options.compat`). Set-up is always done in float64 and then moved.

    Raises:
        InputError: unknown program, phi mode, dtype, device or quirk, an unusable command line or file, or an option
            that the program refuses.
    """
    program = known(c_program)
    place = check_place(dtype, device)
    switches = switches_of(program, phi_mode, quirks, compat=compat)
    argv = _words(command)
    options = flags.parse(argv, workdir, switches, compat=compat)
    if program is not None:
        options = program.options(options)
    made = build(options, workdir, switches)
    if dtype == torch.float64 and place.type == "cpu":
        return made
    return made.to(dtype=dtype, device=place)
