"""An experiment as a command line of the C program: its own words, edited where numbers changed.

Source: nanobragg_setup.md section 1.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nbsim.errors import InputError
from nbsim.factors.reflection_file import is_reflection_file
from nbsim.model import ExperimentData
from nbsim.options.compat import in_any_place, matches
from nbsim.options.flag import Flag
from nbsim.options.options import Options
from nbsim.options.parse import parse, walk
from nbsim.options.programs import FIXED
from nbsim.options.quirks import Quirks
from nbsim.options.table import FLAGS
from nbsim.setup.notices import misset_seed
from nbsim.whole_file import write_whole

Span = tuple[int, int, Flag, tuple[str, ...]]

_HEADERS = ("-mask", "-img")
# fields that record how a number came about, and have no flag of their own
_RECORDS = (
    "argv",
    "ignored",
    "read_as",
    "as_c",
    "pivot",
    "pivot_typed",
    "convention",
    "misset_random",
    "header_twotheta_deg",
    "header_close_mm",
    "mask_file",
    "img_file",
)
# fields that are not given where their flags are missing
_REMOVED = (
    "flux",
    "cell",
    "misset_deg",
    "misset_seed",
    "hkl_column",
    "sample_a_mm",
    "sample_b_mm",
    "sample_c_mm",
)
_INTERPOLATED = 2  # cells along an axis, at most, for which C interpolates (S16)
# C programs have either state, or it is none of theirs; the last word is written so that it means the same in all
_OF_ANY_PROGRAM = ("phi_carryover", "last_curved_det_ignored", "last_thickness_flag_crashes", "naive_float32")
_BEYOND_C = {
    "n_matrix": "sizes of the crystal along other directions than its axes",
    "mosaic_spreads": "mosaic spreads about several axes",
}


def _flag_of(field: str, value: Any, quirks: Quirks) -> Flag | None:
    """The row that sets this field alone to a value as it is stored."""
    for flag in FLAGS:
        changes: dict[str, Any] = {}
        if flag.sets == (field,):
            flag.put(changes, value if isinstance(value, tuple) else (value,), quirks)
            if changes[field] == value:
                return flag
    return None


def _fields_set(flag: Flag, words: Sequence[str], quirks: Quirks) -> set[str]:
    """Fields of Options that a flag with these words sets."""
    changes: dict[str, Any] = {}
    flag.put(changes, tuple(flag.value(flag.names[0], word) for word in words), quirks)
    return set(changes)


def _spelled(flag: Flag, value: Any) -> list[str]:
    """The words of ``flag`` with a stored value; numbers to the last bit."""
    if not flag.values:
        return [flag.names[0]]
    values = value if isinstance(value, tuple) else (value,)
    return [flag.names[0], *(one if isinstance(one, str) else repr(one) for one in values)]


def _own_words(options: Options, quirks: Quirks) -> list[str]:
    """The command line as typed, without the program's name; one matched by C's rules in plain spelling."""
    tokens = list(options.argv)
    if tokens and not tokens[0].startswith("-"):
        tokens = tokens[1:]
    tokens = in_any_place(tokens, quirks)
    if not options.as_c:
        return tokens
    return [word for flag, values in matches(tokens, quirks)[0] for word in _spelled(flag, values)]


def _without_headers(tokens: Sequence[str]) -> list[str]:
    """``tokens`` without the files whose headers set numbers."""
    spans = [(start, end) for start, end, flag, _ in walk(tokens) if flag.names[0] not in _HEADERS]
    return [word for start, end in spans for word in tokens[start:end]]


def _setting(tokens: Sequence[str], field: str, quirks: Quirks) -> list[Span]:
    """The options of ``tokens`` that set a field."""
    return [span for span in walk(tokens) if field in _fields_set(span[2], span[3], quirks)]


def _with_field(tokens: list[str], field: str, value: Any, quirks: Quirks) -> list[str]:
    """``tokens`` that set ``field`` to ``value``: in place, after the flag that sets it otherwise, or in front."""
    setting = _setting(tokens, field, quirks)
    flag = _flag_of(field, value, quirks)
    if field in _REMOVED and value == getattr(Options(), field):
        cut = {at for start, end, _, _ in setting for at in range(start, end)}
        return [word for at, word in enumerate(tokens) if at not in cut]
    if field == "interpolate":
        return [*tokens, "-interpolate" if value else "-nointerpolate"]
    if flag is None:
        raise InputError(f"{field}: the C program has no flag for a change of it")
    words = _spelled(flag, value)
    if not setting:
        return [*words, *tokens]
    start, end, found, _ = setting[-1]
    return [*tokens[: start if found.names == flag.names else end], *words, *tokens[end:]]


def _target(experiment: ExperimentData, edited: bool) -> Options:
    """The options of the run, with the choices that C would make otherwise after a change."""
    options, crystal = experiment.options, experiment.crystal
    # C takes the clock without a seed, and reads -misset_seed as -misset, which a later -misset overrides
    options = replace(options, misset_seed=misset_seed(options) if options.misset_random else None)
    if not edited:
        return options
    if options.oversample <= 0:
        options = replace(options, oversample=experiment.sampling.oversample)
    if max(options.sample_a_mm, options.sample_b_mm, options.sample_c_mm) > 0.0:
        n_a, n_b, n_c = crystal.whole_n_cells
        options = replace(options, n_a=n_a, n_b=n_b, n_c=n_c, sample_a_mm=0.0, sample_b_mm=0.0, sample_c_mm=0.0)
    interpolates = experiment.sampling.interpolate
    automatic = options.interpolate is None and experiment.structure_factors.grid is not None
    if automatic and interpolates != (min(options.n_a, options.n_b, options.n_c) <= _INTERPOLATED):
        options = replace(options, interpolate=interpolates)
    return options


def _off(quirks: Quirks) -> list[str]:
    """Quirks that are off, without those that do not change the meaning of the written command line."""
    switches = {item.name: getattr(quirks, item.name) for item in fields(Quirks)}
    return [name for name, on in switches.items() if not on and name not in _OF_ANY_PROGRAM]


def _check_expressible(experiment: ExperimentData) -> None:
    """Refuse what the C program cannot do.

    Raises:
        InputError: the message names the quirk or parameter.
    """
    if experiment.replaced:
        raise InputError(f"{', '.join(experiment.replaced)}: replaced by hand; no command line gives these tensors")
    off = _off(experiment.quirks)
    if off and off != _off(FIXED.switches):
        raise InputError(f"quirk {off[0]} is off: the C program has no switch for it")
    for name, about in _BEYOND_C.items():
        if getattr(experiment.parameters, name) is not None:
            raise InputError(f"{name}: the C program has no {about}")
    counts = experiment.crystal.n_cells
    if bool((counts != counts.round()).any()):
        raise InputError(f"n_cells {' '.join(f'{n:g}' for n in counts.tolist())}: the C program takes whole numbers")


def _rows(values: Tensor) -> Iterator[bytes]:
    for row in values.tolist():
        yield (" ".join(repr(value) for value in row) + "\n").encode("ascii")


def _matrix_rows(experiment: ExperimentData) -> Iterator[bytes] | None:
    """The matrix that C needs in a file: changed, or of ``a_matrix``."""
    parameters, matrix = experiment.parameters, experiment.inputs.matrix
    if parameters.a_matrix is not None:
        return _rows(parameters.a_matrix.detach() * parameters.wavelength.detach())
    if matrix is None or experiment.inputs.matrix_is_of_file:
        return None
    return _rows(matrix.detach())


def _table_rows(experiment: ExperimentData) -> Iterator[bytes] | None:
    """The table that C needs in a text file: changed, or of an MTZ or CIF file."""
    table, hkl_file = experiment.parameters.structure_factors, experiment.options.hkl_file
    readable = hkl_file is None or not is_reflection_file(Path(hkl_file))
    if table is None or (experiment.inputs.table_is_of_file and readable):
        return None
    factors = experiment.structure_factors
    low = (factors.h_min, factors.k_min, factors.l_min)
    axes = [range(start, start + count) for start, count in zip(low, table.shape, strict=True)]
    indices = torch.cartesian_prod(*(torch.tensor(axis) for axis in axes)).tolist()
    values = table.detach().flatten().tolist()
    return (f"{h} {k} {l} {f!r}\n".encode("ascii") for (h, k, l), f in zip(indices, values, strict=True))


def _source_rows(experiment: ExperimentData) -> Iterator[bytes] | None:
    """The sources that C needs in a file: those of parameters."""
    parameters, beam = experiment.parameters, experiment.beam
    given = (parameters.source_directions, parameters.source_wavelengths, parameters.source_weights)
    if all(value is None for value in given):
        return None
    columns = (beam.source_positions, beam.source_weights[:, None], beam.source_wavelengths[:, None])
    return _rows(torch.cat(columns, dim=1).detach().double().cpu())


def _files(experiment: ExperimentData, folder: Path | None) -> dict[str, Any]:
    """Write the files that hold changed inputs, and the fields of Options that name them.

    Raises:
        InputError: such files are needed, but no folder is given.
        OutputError: a file cannot be written.
    """
    needed = {
        "matrix_file": ("nbsim.mat", _matrix_rows(experiment)),
        "hkl_file": ("nbsim.hkl", _table_rows(experiment)),
        "source_file": ("nbsim_sources.txt", _source_rows(experiment)),
    }
    named: dict[str, Any] = {}
    for field, (name, rows) in needed.items():
        if rows is None:
            continue
        if folder is None:
            raise InputError(f"to_command: {name} must hold changed numbers; give the folder to write it to")
        path = folder.resolve() / name
        write_whole(path, rows)
        named[field] = str(path)
    if "hkl_file" in named:
        named["hkl_column"] = None
    if "matrix_file" in named:
        named["cell"] = None
    if experiment.parameters.a_matrix is not None:
        named |= {"misset_deg": None, "misset_random": False, "misset_seed": None}
    return named


def _differing(one: Options, other: Options) -> dict[str, Any]:
    """Fields of ``other``, by name, whose values differ from ``one``; records left out."""
    pairs = ((item.name, getattr(one, item.name), getattr(other, item.name)) for item in fields(Options))
    return {name: new for name, old, new in pairs if name not in _RECORDS and new != old}


def to_command(experiment: ExperimentData, folder: Path | None = None) -> list[str]:
    """The words, without the program's name, that make the C program compute ``experiment``.

    Raises:
        InputError: the C program cannot do it, or numbers need a file and no ``folder`` is given.
        OutputError: a file cannot be written.
    """
    _check_expressible(experiment)
    quirks, options, typed = experiment.quirks, experiment.options, experiment.inputs.typed
    named = _files(experiment, folder)
    edited = bool(named or _differing(typed, options))
    target = replace(_target(experiment, edited), **named)
    words = _with_misset(_own_words(options, quirks), target)
    for field, value in _differing(typed, target).items():
        words = _with_field(words, field, value, quirks)
    return _checked(_with_pivot(words, target, quirks), target, quirks)


def _with_misset(tokens: list[str], target: Options) -> list[str]:
    """``tokens`` with ``-misset random`` behind its seed, or without it."""
    random = [span for span in walk(tokens) if span[2].also.get("misset_random")]
    seeds = [span for span in walk(tokens) if span[2].names == ("-misset_seed",)]
    if not random or (target.misset_random and (not seeds or seeds[-1][0] < random[-1][0])):
        return tokens
    cut = {at for start, end, _, _ in (*random, *seeds) for at in range(start, end)}
    rest = [word for at, word in enumerate(tokens) if at not in cut]
    return [*rest, "-misset_seed", str(target.misset_seed), "-misset", "random"] if target.misset_random else rest


def _with_pivot(words: list[str], target: Options, quirks: Quirks) -> list[str]:
    """``words`` with the pivot of ``target``: inserted flags may have moved it where no later flag sets it."""
    if parse(_without_headers(words), Path(), quirks).pivot == target.pivot:
        return words
    flag, value = ("-distance", target.distance_mm) if target.pivot == "BEAM" else ("-twotheta", target.twotheta_deg)
    return [*words, flag, repr(value)]


def _checked(words: list[str], target: Options, quirks: Quirks) -> list[str]:
    """``words``, once both readings of them, ours and C's, give ``target``.

    Raises:
        InputError: C would read them differently.
    """
    plain = _without_headers(words)
    for reading in (parse(plain, Path(), quirks), parse(plain, Path(), quirks, compat=True)):
        wrong = _differing(reading, replace(target, misset_deg=reading.misset_deg) if target.misset_random else target)
        wrong.pop("matrix_file", None)  # C does without a missing one, and its folder is not known here
        if len(plain) < len(words):  # headers set the numbers without a flag
            wrong = {name: value for name, value in wrong.items() if _setting(plain, name, quirks)}
        if wrong or reading.pivot != target.pivot or reading.convention != target.convention:
            names: Mapping[str, Any] = wrong or {"pivot, convention": None}
            raise InputError(f"to_command: C would read another {', '.join(names)} from this command line")
    return words
