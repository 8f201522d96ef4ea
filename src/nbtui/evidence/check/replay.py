"""A package simulated again: the one check that a forgery without contradictions cannot pass.

The package names its command, settings and input files; the simulator makes the Python trace, the terms, a simulated
reference and the counts of the run from them, and every number in the package has to be one of these.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from nbtui.errors import NbtuiError
from nbtui.evidence.check.finding import FileFinding, Weight
from nbtui.evidence.check.replay_diagnosis import diagnosed_again
from nbtui.evidence.check.replay_lines import compare_file, header_lines
from nbtui.evidence.check.terms import ROUNDING
from nbtui.evidence.layout import C_LOG, ENVIRONMENT, GIVEN_LOG, METRICS, TERMS
from nbtui.evidence.read.folder import file_hash, mapping, number, read_json, text
from nbtui.evidence.read.logs import given_logs
from nbtui.evidence.read.package import NEW, Package, python_logs, stand_in_of
from nbtui.evidence.trace_header import MARK
from nbtui.evidence.write.record import simulation_entries
from nbtui.evidence.write.simulated_logs import python_log_lines, reference_lines
from nbtui.installation import version
from nbtui.live.model import Case, Settings, Simulation
from nbtui.live.reference import simulated_reference
from nbtui.live.session import simulate, terms_csv_pieces
from nbtui.trace.text import clean

_ERROR_OF_ERROR = 0.1  # relative difference of two measurements of the rounding error of float32
_SMALLEST_ERROR = 1e-7


class Replayed(NamedTuple):
    """The findings of a replay; ``judged``: it took place, and judged what a verification leaves to it."""

    findings: tuple[FileFinding, ...]
    judged: bool


def replay(package: Package, case: Case, settings: Settings) -> Replayed:
    """Simulate ``case`` with ``settings``, as the package states them, and compare with its files.

    Nothing in the package makes this raise.
    """
    metrics, environment = (read_json(package.path / name)[0] for name in (METRICS, ENVIRONMENT))
    logs = given_logs(package.path, package.files)
    c = logs.c
    if c is None:
        return Replayed((not_replayed(f"{C_LOG} holds no readable trace"),), False)
    try:
        simulation = simulate(case, settings)
        reference = simulated_reference(case, settings) if stand_in_of(metrics) else None
    except NbtuiError as error:
        return Replayed((not_replayed(str(error)),), False)
    found: list[FileFinding] = []
    files = [_File(TERMS, _terms_lines(simulation), ROUNDING[settings.dtype])]
    given = text(metrics.get("python_trace")) == GIVEN_LOG
    if given:
        for name in python_logs(list(package.files)):
            what = "is of another program, which alone can make it again: evidence as given"
            found.append(FileFinding(name, what, Weight.REMARK))
    else:
        warned = replace(simulation, notices=_notices(metrics))  # compared below, without the folders in them
        for name, lines in python_log_lines(warned, c):
            files.append(_File(name, lines, ROUNDING[settings.dtype], 1 + header_lines(package.path / name, MARK)))
    if reference is not None:
        files.append(_File(C_LOG, reference_lines(reference)[1:], ROUNDING["float64"], 2))
    differences = {file.name: compare_file(package.path / file.name, *file[1:]) for file in files}
    wrong = [FileFinding(name, what) for name, one in differences.items() for what in one.sentences]
    wrong += [FileFinding(METRICS, what) for what in _of_the_run(metrics, simulation)]
    theirs, ours = text(environment.get("nbtui")), version("nbtui") or ""
    py = logs.py and replace(logs.py, simulated=not given)
    wrong += [FileFinding(METRICS, what) for what in diagnosed_again(metrics, case, c, py)]
    judged = not wrong or theirs == ours
    if not judged:
        other = f"nbtui {clean(theirs) or '(unknown version)'} wrote it, and nbtui {ours} gives other numbers"
        wrong = [not_replayed(f"{other} ({wrong[0].sentence})")]
    found += [*wrong, *(FileFinding(METRICS, what) for what in _inputs(package, metrics, simulation))]
    again = [name for name, one in differences.items() if not one.count]
    found += _repeated(again, max(one.rounding for one in differences.values()))
    return Replayed(tuple(found), judged)


def impossible(package: Package) -> str:
    """Why no replay can judge this package, whatever input files are at hand; empty if one can."""
    if package.format != NEW:
        return "another program wrote it"
    if "float64_error" not in read_json(package.path / METRICS)[0]:
        return "its simulation failed"
    return ""


def not_replayed(reason: str) -> FileFinding:
    """The finding that a package cannot be simulated again."""
    return FileFinding(".", f"not simulated again: {reason}", Weight.UNJUDGED)


def _repeated(names: Sequence[str], rounding: float) -> Iterator[FileFinding]:
    """A remark on the files that the simulation gives again."""
    if names:
        digits = f"to rounding (largest relative difference {rounding:.1e})" if rounding else "to the last digit"
        yield FileFinding(".", f"simulated again: {', '.join(names)} are the same {digits}", Weight.REMARK)


class _File(NamedTuple):
    """A file of the package as the simulator writes it again, from its line ``first`` on."""

    name: str
    lines: Iterable[str]
    tolerance: float
    first: int = 1


def _terms_lines(simulation: Simulation) -> Iterator[str]:
    for piece in terms_csv_pieces(simulation.terms):
        yield from piece.splitlines()


def _notices(metrics: Mapping[str, object]) -> tuple[str, ...]:
    listed = metrics.get("notices")
    return tuple(map(text, listed)) if isinstance(listed, list) else ()


def _of_the_run(metrics: Mapping[str, object], simulation: Simulation) -> Iterator[str]:
    """The keys of the simulation in metrics.json that it does not give again."""
    for key, new in simulation_entries(simulation).items():
        old = metrics.get(key)
        if key == "notices":
            same = _same_notices(_notices(metrics), simulation)
        elif key == "float64_error" and isinstance(new, float):
            same = math.isclose(number(old) or 0.0, new, rel_tol=_ERROR_OF_ERROR, abs_tol=_SMALLEST_ERROR)
        else:
            same = old == new
        if not same:
            yield f"{key}: {old} recorded, the simulation gives {new}"


def _same_notices(recorded: Sequence[str], simulation: Simulation) -> bool:
    """Whether the notices are the same, apart from the folders of the files that they name."""
    folders = {f"{folder}/" for folder in (simulation.case.workdir, *(path.parent for path in simulation.input_files))}
    between = re.compile("|".join(re.escape(folder) for folder in sorted(folders, key=len, reverse=True)))
    given = simulation.notices
    return len(recorded) == len(given) and all(
        _holds(old, between.split(new)) for old, new in zip(recorded, given, strict=True)
    )


def _holds(sentence: str, pieces: Sequence[str]) -> bool:
    """Whether a sentence consists of these pieces, in order, with anything between two of them."""
    if not (sentence.startswith(pieces[0]) and sentence.endswith(pieces[-1])):
        return False
    if len(pieces) == 1:
        return sentence == pieces[0]
    at = 0
    for piece in pieces:
        at = sentence.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True


def _inputs(package: Package, metrics: Mapping[str, object], simulation: Simulation) -> Iterator[str]:
    """Files that the run reads and metrics.json does not name with this content, and the reverse."""
    listed = metrics.get("inputs")
    entries = [mapping(entry) for entry in listed] if isinstance(listed, list) else []
    read = {file_hash(path): path for path in simulation.input_files}
    stated = {text(entry.get("sha256")) for entry in entries}
    logs = {file_hash(package.path / name) for name in package.files if name.startswith("trace_")}
    for digest, path in read.items():
        if digest not in stated:
            yield f"inputs do not name {clean(path.name)}, which the run reads, with its present content"
    for entry in entries:
        if text(entry.get("sha256")) not in read.keys() | logs:
            yield f"inputs name {clean(text(entry.get('path')))}, which the run does not read"
