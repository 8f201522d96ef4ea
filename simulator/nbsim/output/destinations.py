"""Output files of a run, checked before a long computation starts."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nbsim.errors import InputError, OutputError
from nbsim.memory import words
from nbsim.model import ExperimentData

_HEADER = 512


@dataclass(frozen=True)
class Destination:
    """A file that the command line asks for."""

    flag: str
    name: str
    size: int  # bytes


def destinations(experiment: ExperimentData) -> tuple[Destination, ...]:
    """Every output file of a run, in the order in which they are written."""
    options, table = experiment.options, experiment.structure_factors
    pixels = experiment.detector.n_slow * experiment.detector.n_fast
    found = []
    if options.hkl_file is not None and table.grid is not None:
        h, k, l = table.grid.shape
        found.append(Destination("-dump", options.dump_file, 8 * (h + 1) * (k + 1) * (l + 1)))
    found.append(Destination("-floatfile", options.float_file, 4 * pixels))
    found.append(Destination("-intfile", options.int_file, 2 * pixels + _HEADER))
    if options.write_pgm:
        found.append(Destination("-pgmfile", options.pgm_file, pixels))
    if options.write_noise:
        found.append(Destination("-noisefile", options.noise_file, 2 * pixels + _HEADER))
    return tuple(found)


def check_destinations(experiment: ExperimentData, folder: Path) -> None:
    """Refuse a run whose files could not be written, or would destroy what it reads.

    Raises:
        InputError: an output is an input file, or two outputs are one file.
        OutputError: a folder is missing, not writable or too full, or a file name is that of a folder.
    """
    wanted = destinations(experiment)
    _check_names(wanted, experiment.input_files, folder)
    needed: dict[int, list[Destination]] = defaultdict(list)
    places: dict[int, Path] = {}
    for item in wanted:
        try:
            target = (folder / item.name).resolve()
            if target.exists() and not target.is_file() and not target.is_dir():
                continue  # a device or a pipe needs no free space
            reason = _obstacle(target)
            device = target.parent.stat().st_dev if not reason else 0
        except OSError as error:
            reason = error.strerror or str(error)
        if reason:
            raise OutputError(f"cannot write {folder / item.name}: {reason} ({item.flag})")
        needed[device].append(item)
        places[device] = target.parent
    for device, items in needed.items():
        _check_room(places[device], items)


def _check_names(wanted: Iterable[Destination], inputs: Iterable[str], folder: Path) -> None:
    seen: dict[Path, str] = {}
    read = {Path(name).resolve(): name for name in inputs}
    for item in wanted:
        if not item.name or "\0" in item.name:
            raise InputError(f"{item.flag} '{item.name}': no name for a file")
        target = (folder / item.name).resolve()
        if target in read:
            raise InputError(f"{item.flag} {item.name}: the run reads this file; it would be overwritten")
        if target in seen and (target.is_file() or not target.exists()):
            raise InputError(f"{item.flag} {item.name}: {seen[target]} is the same file")
        seen[target] = item.flag


def _obstacle(target: Path) -> str:
    if target.is_dir():
        return "it is a directory"
    if not target.parent.is_dir():
        return f"no directory {target.parent}"
    if not os.access(target.parent, os.W_OK | os.X_OK):
        return f"no permission to write into {target.parent}"
    return ""


def _check_room(place: Path, items: list[Destination]) -> None:
    size = sum(item.size for item in items)
    status = os.statvfs(place)
    # existing files remain until their replacements are complete
    free = status.f_bavail * status.f_frsize
    if size > free and status.f_blocks > 0:
        names = ", ".join(item.name for item in items)
        raise OutputError(f"cannot write {names}: they need {words(size)}, {words(free)} are free in {place}")
