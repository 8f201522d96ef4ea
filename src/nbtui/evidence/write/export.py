"""Writing one evidence package: simulate, compare, and keep everything that a third party needs for checking.

Source: spec/evidence_package.md.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nbtui.errors import NbtuiError, NotWritten, SimulationFailed, UnusableInput
from nbtui.evidence.ascii_text import ascii_line
from nbtui.evidence.commands_text import commands_text
from nbtui.evidence.export_words import beyond
from nbtui.evidence.layout import (
    C_LOG,
    CHECKSUMS,
    COMMANDS,
    ENVIRONMENT,
    GIVEN_LOG,
    METRICS,
    PER_PHI,
    PYTHON_LOG,
    SIMULATED,
    SUMMARY,
    TERMS,
)
from nbtui.evidence.trace_header import trace_header
from nbtui.evidence.write.baseline import Baseline, changes, environment_drift, find_baseline, read_baseline
from nbtui.evidence.write.commands import Ran, command_entries, equivalent, run_all
from nbtui.evidence.write.environment import environment
from nbtui.evidence.write.files import write_package
from nbtui.evidence.write.findings import NO_CHECKOUT, OF_A_GIVEN_LOG
from nbtui.evidence.write.inputs import input_entries, relative, shown_name
from nbtui.evidence.write.port import PortFound, port_of
from nbtui.evidence.write.record import disagreement, record, sha256_of, side_entry
from nbtui.evidence.write.simulated_logs import python_log_lines, reference_lines, trace_lines, written_reference
from nbtui.evidence.write.summary import next_step, summary
from nbtui.live.model import Case, Settings, Simulation
from nbtui.live.reference import StandIn, simulated_reference
from nbtui.live.session import simulate, terms_csv
from nbtui.parity.compare import compare
from nbtui.parity.metrics import to_json
from nbtui.parity.model import Comparison
from nbtui.parity.profiles import Profile
from nbtui.trace.model import Trace, TraceError
from nbtui.trace.reading.reader import parse_lines, read_phi, read_trace, with_phi
from nbtui.trace.side import LIVE, SIMULATED_C, SUSPECT_LOG, C, Role
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.diagnosis.answer import Diagnosis


@dataclass(frozen=True)
class ExportRequest:
    """The content of a package, and its place."""

    case: Case
    settings: Settings
    reports: Path
    c_log: Path | None = None  # default: the case's own; without one, the reference of py_log is simulated
    py_log: Path | None = None  # default: the live trace
    py_phi: Path | None = None  # phi lines of py_log, if in a file of their own
    made_by: str = ""  # command that made py_log
    port: Path | None = None  # folder of the port that made py_log
    simulation: Simulation | None = None  # an existing one with these settings
    profile: str = "full"
    tolerance: float | None = None
    allow_partial: bool = False  # agreement of few common fields counts
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    baseline: Path | None = None  # default: the newest older package of this case and pixel in ``reports``
    runs: tuple[str, ...] = ()  # extra shell commands
    note: str = ""
    todo: str = ""  # next step; default: one from the first divergence
    argv: tuple[str, ...] = ()  # nbtui's command line; default: an equivalent export command
    hostname: bool = False
    diagnose: Callable[[Case, Trace, Trace], Diagnosis] | None = None  # default: no diagnosis


@dataclass(frozen=True)
class WrittenPackage:
    """A package on disk with the outcome of its run."""

    path: Path
    comparison: Comparison
    exit_code: int  # 0 agree, 1 divergence or a failed extra command, 3 the simulation failed
    blocked: tuple[str, ...]


@dataclass(frozen=True)
class _Evidence:
    """Everything computed before the first byte is written."""

    request: ExportRequest
    c_log: Path | None  # None: simulated
    stand_in: StandIn | None
    states: Mapping[str, tuple[int, int]]  # size and mtime of each given log when it was read
    c: Trace
    py: Trace
    origin: PortFound | None  # of a given Python log
    simulation: Simulation | None
    comparison: Comparison
    diagnosis: Mapping[str, object] | None
    undiagnosed: str  # why a requested diagnosis is missing
    environment: Mapping[str, object]
    when: datetime  # UTC
    runs: tuple[Ran, ...]
    blocked: tuple[str, ...]
    exit_code: int


def export_package(request: ExportRequest) -> Path:
    """Write the package and return its path; see :func:`export`."""
    return export(request).path


def export(request: ExportRequest) -> WrittenPackage:
    """Simulate (unless given), compare, run the extra commands and write a package, also after a failure.

    Raises:
        UnusableInput, TraceError: the case, a log, the profile or the baseline is unusable; nothing is written.
        NotWritten: the package cannot be written; no part of it remains.
    """
    if request.baseline is not None:
        read_baseline(request.baseline)
    when = datetime.now(UTC)
    evidence = _gather(request, when)

    def fill(folder: Path, stamp: str) -> None:
        _fill(folder, stamp, evidence)

    path = write_package(request.reports, when, fill)
    return WrittenPackage(path, evidence.comparison, evidence.exit_code, evidence.blocked)


def _gather(request: ExportRequest, when: datetime) -> _Evidence:
    case = request.case
    c_log = request.c_log or case.c_log
    if c_log is None and request.py_log is None:
        raise UnusableInput(
            f"{clean(case.name)}: no C log to compare with; give --c FILE, or make one with 'nbtui c-trace'"
        )
    states = {name: _state(log) if log.is_file() else (0, 0) for name, log in _given(request, c_log).items()}
    stand_in = None
    if c_log is None:
        stand_in = simulated_reference(case, request.settings)
        c = written_reference(stand_in, case.pixel)
    else:
        c = read_trace(c_log)
    py = read_trace(request.py_log) if request.py_log is not None else None
    if py is not None and request.py_phi is not None:
        py = with_phi(py, read_phi(request.py_phi))
    simulation, failure = request.simulation, None
    if simulation is None:
        try:
            simulation = simulate(case, request.settings)
        except SimulationFailed as error:
            failure = str(error)
    if py is None:
        py = _written_trace(simulation, c) if simulation is not None else Trace("PY", "no simulation", ())
        py = replace(py, pixel=case.pixel)
    named = (C if stand_in is None else SIMULATED_C), (LIVE if request.py_log is None else SUSPECT_LOG)
    comparison = compare(
        c,
        py,
        request.profile,
        request.tolerance,
        request.profiles,
        named=named,
        allow_partial=request.allow_partial,
    )
    diagnosis, undiagnosed = _diagnosed(request, c, py)
    runs = run_all(request.runs)
    blocked = [failure] if failure is not None else []
    blocked += [f"'{ran.command}' ended with exit status {ran.status}, see {ran.name}" for ran in runs if ran.status]
    if failure is None and not comparison.agrees:
        blocked.insert(0, disagreement(comparison))
    return _Evidence(
        request=request,
        c_log=c_log,
        stand_in=stand_in,
        states=states,
        c=c,
        py=py,
        origin=port_of(request.py_log, request.made_by, request.port) if request.py_log is not None else None,
        simulation=simulation,
        comparison=comparison,
        diagnosis=diagnosis,
        undiagnosed=undiagnosed,
        environment=environment(when, hostname=request.hostname),
        when=when,
        runs=runs,
        blocked=tuple(ascii_line(reason) for reason in blocked),
        exit_code=3 if failure is not None else 1 if blocked else 0,
    )


def _diagnosed(request: ExportRequest, c: Trace, py: Trace) -> tuple[dict[str, object] | None, str]:
    """The diagnosis as in metrics.json, or the reason for its absence; a package is evidence without one, too."""
    if request.diagnose is None:
        return None, ""
    from nbtui.diagnosis.render import as_object  # needs the simulator

    try:
        found = as_object(request.diagnose(request.case, c, py))
    except (NbtuiError, TraceError) as error:
        return None, f"no diagnosis was possible: {error}"
    causes = found["hypotheses"]
    assert isinstance(causes, list)
    return found | {"hypotheses": [{"rank": rank, **cause} for rank, cause in enumerate(causes, start=1)]}, ""


def _written_trace(simulation: Simulation, c: Trace) -> Trace:
    """The live trace as written to the two logs of the package, in ASCII: the comparison uses the checkable values."""
    main, phi = trace_lines(simulation, c)
    trace = replace(parse_lines(main, "live"), side="PY")
    return with_phi(trace, parse_lines(phi, "live").phi) if phi else trace


def _fill(folder: Path, stamp: str, evidence: _Evidence) -> None:
    """Every file of the package, checksums last."""
    request, simulation = evidence.request, evidence.simulation
    base = f"{PYTHON_LOG}{request.settings.device}"
    texts: dict[str, str] = {}
    for name, log in _given(request, evidence.c_log).items():
        shutil.copyfile(log, folder / name)
        if _state(log) != evidence.states[name]:
            raise NotWritten(f"{clean(str(log))}: changed while it was exported; export again")
    metrics = _metrics(stamp, evidence)
    if simulation is not None:
        if request.py_log is None:
            header = trace_header(metrics, input_entries(request.case, simulation, ()))
            texts |= {name: _text((*header, *lines)) for name, lines in python_log_lines(simulation, evidence.c)}
        texts[TERMS] = terms_csv(simulation.terms)
    elif request.py_log is None:
        texts[f"{base}.log"] = _text(evidence.blocked)
    if evidence.stand_in is not None:
        texts[C_LOG] = _text(reference_lines(evidence.stand_in))
    texts |= {ran.name: ran.log for ran in evidence.runs}
    commands = metrics["commands"]
    assert isinstance(commands, list)
    texts[COMMANDS] = commands_text(commands)
    texts[ENVIRONMENT] = to_json(evidence.environment)
    texts[METRICS] = to_json(metrics)
    texts[SUMMARY] = summary(metrics, relative(request.reports / stamp), request.todo or next_step(metrics))
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode("ascii"))
    names = sorted(path.name for path in folder.iterdir())
    sums = "".join(f"{sha256_of(folder / name)}  {name}\n" for name in names)
    (folder / CHECKSUMS).write_bytes(sums.encode("ascii"))


def _metrics(stamp: str, evidence: _Evidence) -> dict[str, object]:
    request, env = evidence.request, evidence.environment
    findings = _findings(evidence)
    found = record(
        evidence.comparison,
        evidence.c,
        evidence.py,
        case=request.case,
        settings=request.settings,
        simulation=evidence.simulation,
        more={
            "stamp": stamp,
            "diagnosis": evidence.diagnosis,
            "blocked": list(evidence.blocked),
            "findings": findings,
            "note": ascii_line(request.note),
            "sides": _sides(evidence),
            "python_trace": SIMULATED if request.py_log is None else GIVEN_LOG,
            "inputs": input_entries(
                request.case, evidence.simulation, (evidence.c_log, request.py_log, request.py_phi)
            ),
            "git_sha": env["git_sha"],
            "branch": env["branch"],
        },
    )
    found["commands"] = _commands(evidence, found)
    baseline = _baseline_of(request, stamp, found)
    if baseline is None:
        return found
    if not baseline.environment:
        findings.append(f"the baseline {baseline.path.name} has no env.json: environment drift is unknown")
    run = {key: found[key] for key in ("phi_mode", "quirks", "dtype", "device")}
    factors = found["factors"]
    assert isinstance(factors, dict)
    return found | {
        "baseline": {"path": relative(baseline.path), **changes(baseline, factors)},
        "environment_drift": environment_drift(baseline, env, run),
    }


def _commands(evidence: _Evidence, settings: Mapping[str, object]) -> list[dict[str, object]]:
    """Every command of the package; ``settings``: a metrics.json object with the settings of the run."""
    request = evidence.request
    argv = request.argv or equivalent(
        request.case,
        request.settings,
        request.reports,
        c_log=evidence.c_log,
        py_log=request.py_log,
        py_phi=request.py_phi,
        made_by=request.made_by,
        port=request.port,
        profile=request.profile,
        tolerance=request.tolerance,
        allow_partial=request.allow_partial,
        diagnose=request.diagnose is not None,
        note=request.note,
        todo=request.todo,
        runs=request.runs,
    )
    added = beyond(argv, settings, compat=request.case.compat)
    return command_entries(argv, evidence.when, evidence.exit_code, evidence.runs, added)


def _sides(evidence: _Evidence) -> list[dict[str, object]]:
    reference, other = evidence.comparison.named
    settings = evidence.request.settings if other.role is Role.LIVE else None
    made_by = evidence.origin.port.entry() if evidence.origin is not None else None
    stand_in = evidence.stand_in.settings if evidence.stand_in is not None else None
    case = evidence.request.case
    files = [shown_name(Path(trace.origin), case.folder or case.workdir) for trace in (evidence.c, evidence.py)]
    return [
        side_entry(reference, evidence.c, stand_in, file=files[0]),
        {**side_entry(other, evidence.py, settings, file=files[1]), "made_by": made_by},
    ]


def _baseline_of(request: ExportRequest, stamp: str, found: Mapping[str, object]) -> Baseline | None:
    if request.baseline is not None:
        return read_baseline(request.baseline)
    pixel = found["pixel"]
    return find_baseline(request.reports, stamp, str(found["case"]), pixel if isinstance(pixel, dict) else None)


def _findings(evidence: _Evidence) -> list[str]:
    """Remarks for the reader beside the findings of the comparison."""
    request, found = evidence.request, []
    if request.py_log is not None:
        found.append(OF_A_GIVEN_LOG)
    if evidence.origin is not None:
        found += evidence.origin.findings
    if evidence.undiagnosed:
        found.append(evidence.undiagnosed)
    if evidence.environment["git_sha"] is None:
        found.append(NO_CHECKOUT)
    pixel = evidence.comparison.pixel_c
    if pixel is not None and request.case.pixel is not None and pixel != request.case.pixel:
        found.append(
            f"the C log traces pixel (slow {pixel[0]}, fast {pixel[1]}), the case names "
            f"(slow {request.case.pixel[0]}, fast {request.case.pixel[1]})"
        )
    return found


def _given(request: ExportRequest, c_log: Path | None) -> dict[str, Path]:
    """The given logs by their names in the package."""
    base = f"{PYTHON_LOG}{request.settings.device}"
    logs = {C_LOG: c_log, f"{base}.log": request.py_log, f"{base}{PER_PHI}": request.py_phi}
    return {name: log for name, log in logs.items() if log is not None}


def _state(path: Path) -> tuple[int, int]:
    info = path.stat()
    return info.st_size, info.st_mtime_ns


def _text(lines: tuple[str, ...]) -> str:
    return "".join(f"{line}\n" for line in lines)
