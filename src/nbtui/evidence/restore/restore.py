"""A package as the console opens it: two logs, and the case with which they were made.

Source: spec/evidence_package.md, Files; a package holds the command, not its input files.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from nbtui.errors import UnusableInput
from nbtui.evidence.layout import C_LOG, COMMANDS, GIVEN_LOG, METRICS, PER_PHI
from nbtui.evidence.read.folder import number, read_json, read_text, text, whole
from nbtui.evidence.read.legacy import FOLD
from nbtui.evidence.read.logs import given_logs
from nbtui.evidence.read.package import Package, python_logs, read_package
from nbtui.evidence.restore.inputs import (
    c_terms,
    commands_of,
    export_words,
    find_inputs,
    recorded,
    unrecorded,
    usual_places,
)
from nbtui.live.cases import case_of_command, input_names, load_case
from nbtui.live.model import Case, CProgram, Settings
from nbtui.live.programs import chosen
from nbtui.parity.coverage import ACCEPTED
from nbtui.parity.profiles import BUILT_IN
from nbtui.settings import Configuration
from nbtui.trace.fields import catalogue
from nbtui.trace.model import Trace, TraceError
from nbtui.trace.reading.reader import read_trace
from nbtui.trace.text import clean

PROGRAM = "nanoBragg"
ENOUGH = 5  # values of metrics.json that a C log found elsewhere has to repeat


@dataclass(frozen=True)
class Restored:
    """A package in memory. ``case`` is None where stepping is off, and ``obstacle`` says why."""

    package: Package
    c: Trace
    py: Trace
    py_phi: Path | None  # the file with its phi lines, if they are not in the log
    py_given: bool  # the Python log comes from a port, not from nbtui
    settings: Settings
    case: Case | None
    obstacle: str
    profile: str
    tolerance: float | None
    configuration: Configuration  # in which the package was opened
    allow_partial: bool = False  # agreement of few common fields was accepted
    remarks: tuple[str, ...] = ()


def restore(path: Path, configuration: Configuration) -> Restored:
    """The session of the package at ``path``.

    Raises:
        TraceError: one of the two logs is missing or unreadable.
    """
    package = read_package(path)
    metrics, _ = read_json(path / METRICS)
    places = usual_places(path, configuration)
    logs = given_logs(path, package.files)
    c, py = logs.c, logs.py
    remarks: list[str] = []
    if c is None and C_LOG not in package.files:
        c = _c_log_elsewhere(package, places, configuration)
        remarks += (
            [f"the C log is {clean(c.origin)}: it repeats every C value of metrics.json"] if c is not None else []
        )
    if c is None or py is None:
        raise TraceError(logs.problems[0][1] if logs.problems else missing_log(package))
    c = replace(c, simulated=package.simulated_reference)
    case, obstacle = _case(package, metrics, places, configuration)
    if case is not None and not recorded(metrics, ()) and input_names(case.argv):
        remarks.append("the package has no checksums of its input files")
    profile = text(metrics.get("tolerance_profile"))
    if profile and profile not in BUILT_IN and profile not in configuration.profiles:
        remarks.append(f"tolerance profile {clean(profile)} is not in nbtui.toml; judged by profile full")
        profile = ""
    try:
        program = chosen(text(metrics.get("c_program")), configuration)
    except UnusableInput as error:
        program = None
        remarks.append(f"{error}; the stock program stands in")
    settings = _settings(package, metrics, program)
    return Restored(
        package=package,
        c=c,
        py=py,
        py_phi=next((package.path / name for name in package.files if name.endswith(PER_PHI)), None),
        py_given=package.format != "new" or text(metrics.get("python_trace")) == GIVEN_LOG,
        settings=settings,
        case=None if case is None else _of_run(case, None if c.simulated else Path(c.origin), settings),
        obstacle=obstacle,
        profile=profile or "full",
        tolerance=_tolerance(path, metrics),
        configuration=configuration,
        allow_partial=text(metrics.get("coverage")) == ACCEPTED,
        remarks=tuple(remarks),
    )


def restored_run(package: Package, configuration: Configuration) -> tuple[Case | None, Settings, str]:
    """The case and the settings of the simulation of a package; without a case, the reason why it cannot be repeated.

    Nothing stands in for a C program that is unknown here.
    """
    metrics, _ = read_json(package.path / METRICS)
    try:
        program = chosen(text(metrics.get("c_program")), configuration)
    except UnusableInput as error:
        return None, Settings(), str(error)
    case, obstacle = _case(package, metrics, usual_places(package.path, configuration), configuration)
    settings = _settings(package, metrics, program)
    return None if case is None else _of_run(case, None, settings), settings, obstacle


def missing_log(package: Package) -> str:
    """Why a package cannot be opened: the log that it does not hold."""
    if not python_logs(list(package.files)):
        return "this package holds no Python log"
    return "this package holds no C log, and none in the usual places repeats its C values"


def _of_run(case: Case, c_log: Path | None, settings: Settings) -> Case:
    return replace(case, c_log=c_log, c_program=settings.c_program, omp_threads=settings.omp_threads)


def _settings(package: Package, metrics: Mapping[str, object], program: CProgram | None) -> Settings:
    return Settings(
        package.phi_mode or "spec",
        package.dtype or "float64",
        package.device or "cpu",
        package.quirks or (),
        program,
        whole(metrics.get("omp_threads")) or 1,
    )


def _tolerance(path: Path, metrics: Mapping[str, object]) -> float | None:
    """The tolerance, if the user typed one in place of the profile's."""
    typed = " --tolerance" in (read_text(path / COMMANDS) or "")
    return number(metrics.get("tolerance")) if typed else None


def _case(
    package: Package, metrics: Mapping[str, object], places: tuple[Path, ...], configuration: Configuration
) -> tuple[Case | None, str]:
    """The case of a package, or the reason why it cannot be simulated."""
    command = text(metrics.get("command")) or _command_in(read_text(package.path / COMMANDS) or "")
    if not command:
        return _configured(package, configuration)
    where = f"{package.stamp}/{COMMANDS}"
    try:
        case = case_of_command(command, where, name=package.case or "package", workdir=package.path)
    except UnusableInput as error:
        return None, str(error)
    logs = [package.path / name for name in package.files if name.startswith("trace_")]
    files = recorded(metrics, logs)
    found = find_inputs(case.argv, (*files, *unrecorded(case.argv, files)), places)
    if found.missing:
        return None, found.missing
    pixel = case.pixel or package.pixel
    if pixel is None:
        return None, f"{where}: the command names no pixel"
    terms = c_terms(metrics, package.path / C_LOG, places)
    compat = "--no-compat" not in export_words(commands_of(package.path))
    return replace(case, argv=found.argv, workdir=found.workdir, pixel=pixel, c_terms=terms, compat=compat), ""


def _command_in(commands: str) -> str:
    """The first nanoBragg command line among the commands of an old package; "" without one."""
    for line in FOLD.sub(" ", commands).splitlines():
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue
        for at, word in enumerate(words):
            if Path(word).name == PROGRAM:
                return shlex.join(words[at:])
    return ""


def _configured(package: Package, configuration: Configuration) -> tuple[Case | None, str]:
    """The case of this name in nbtui.toml, for an old package without a command line."""
    if package.case not in configuration.cases:
        name = clean(package.case or "NAME")
        return None, f"{COMMANDS} holds no nanoBragg command line; [cases.{name}] in nbtui.toml can name the case"
    try:
        return load_case(package.case, pixel=package.pixel, configuration=configuration), ""
    except UnusableInput as error:
        return None, str(error)


def _c_log_elsewhere(package: Package, places: Iterable[Path], configuration: Configuration) -> Trace | None:
    """The C log of an old package, which names it only: a file that repeats every C value of metrics.json."""
    named = _named_c_log(read_text(package.path / COMMANDS) or "")
    entry = configuration.cases.get(package.case)
    own = [entry.c_log or (entry.folder / C_LOG if entry.folder else None)] if entry is not None else []
    names = dict.fromkeys((*([named, Path(named).name] if named else []), C_LOG))
    candidates = [*(path for path in own if path is not None), *(place / name for place in places for name in names)]
    for path in dict.fromkeys(candidates):
        if path.is_file():
            try:
                trace = read_trace(path)
            except (TraceError, OSError):
                continue
            if _repeats(trace, package):
                return trace
    return None


def _named_c_log(commands: str) -> str:
    for line in FOLD.sub(" ", commands).splitlines():
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue
        for flag, value in pairwise(words):
            if flag == "--c":
                return value
    return ""


def _repeats(trace: Trace, package: Package) -> bool:
    """Whether a C log has every C value of the package."""
    stated = [(catalogue.canonical(one.name), one.c_value) for one in package.factors if one.c_value is not None]
    values = [(value, [record.values[0] for record in trace.all(name) if record.values]) for name, value in stated]
    return len(values) >= ENOUGH and all(value in found for value, found in values)
