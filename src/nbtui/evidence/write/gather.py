"""Everything that a package holds, gathered before it is written: logs, simulation, comparison, extra commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from nbtui.errors import NbtuiError, SimulationFailed, UnusableInput
from nbtui.evidence.ascii_text import ascii_line
from nbtui.evidence.layout import C_LOG, PER_PHI, PYTHON_LOG
from nbtui.evidence.write.commands import Ran, run_all
from nbtui.evidence.write.files import explained
from nbtui.evidence.write.given_logs import LogCopy, copied
from nbtui.evidence.write.inputs import RunInputs, contents_of, run_inputs
from nbtui.evidence.write.port import PortFound, port_of
from nbtui.evidence.write.record import disagreement
from nbtui.evidence.write.request import ExportRequest
from nbtui.evidence.write.simulated_logs import trace_lines, written_reference
from nbtui.live.model import Simulation
from nbtui.live.reference import StandIn, simulated_reference
from nbtui.live.session import simulate
from nbtui.parity.compare import compare
from nbtui.parity.model import Comparison
from nbtui.trace.model import Trace, TraceError
from nbtui.trace.reading.reader import parse_lines, read_phi, with_phi
from nbtui.trace.side import LIVE, SIMULATED_C, SUSPECT_LOG, C
from nbtui.trace.text import clean


@dataclass(frozen=True)
class Evidence:
    """Everything computed before the first byte is written."""

    request: ExportRequest
    logs: Mapping[str, LogCopy]  # by name in the package
    stand_in: StandIn | None  # in place of a C log
    c: Trace
    py: Trace
    origin: PortFound | None  # of a given Python log
    simulation: Simulation | None
    inputs: RunInputs
    comparison: Comparison
    diagnosis: Mapping[str, object] | None
    undiagnosed: str  # why a requested diagnosis is missing
    environment: Mapping[str, object]
    when: datetime  # UTC
    runs: tuple[Ran, ...]
    blocked: tuple[str, ...]
    exit_code: int


def given_logs(request: ExportRequest) -> dict[str, Path]:
    """The given logs by their names in the package.

    Raises:
        UnusableInput: no C log, and no Python log whose reference could be simulated.
    """
    case, (log, phi_log) = request.case, python_names(request)
    c_log = request.c_log or case.c_log
    if c_log is None and request.py_log is None:
        raise UnusableInput(f"{clean(case.name)}: no C log to compare with; give --c FILE, or your log with --py FILE")
    logs = {C_LOG: c_log, log: request.py_log, phi_log: request.py_phi}
    return {name: path for name, path in logs.items() if path is not None}


def python_names(request: ExportRequest) -> tuple[str, str]:
    """Names of the main log and of the per-phi log in the package."""
    base = f"{PYTHON_LOG}{request.settings.device}"
    return f"{base}.log", f"{base}{PER_PHI}"


def gather(
    request: ExportRequest, given: Mapping[str, Path], when: datetime, run_in: Mapping[str, object], folder: Path
) -> Evidence:
    """Read, simulate, compare; logs are read from their copies in ``folder``, where extra commands leave theirs."""
    case = request.case
    with explained(folder):
        logs = {name: copied(log, folder / name) for name, log in given.items()}
    stand_in = simulated_reference(case, request.settings) if C_LOG not in logs else None
    c = logs[C_LOG].trace() if stand_in is None else written_reference(stand_in, case.pixel)
    log, phi_log = (logs.get(name) for name in python_names(request))
    py = log.trace() if log is not None else None
    if py is not None and phi_log is not None:
        py = with_phi(py, phi_log.read(read_phi))
    before = contents_of(case) if request.simulation is None else {}
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
    inputs = run_inputs(case, simulation, before, carry=request.with_inputs)
    with explained(folder):
        runs = run_all(request.runs, folder, request.run_limit)
    blocked = [failure] if failure is not None else []
    blocked += [f"'{ran.command}' ended with exit status {ran.status}, see {ran.name}" for ran in runs if ran.status]
    if failure is None and not comparison.agrees:
        blocked.insert(0, disagreement(comparison))
    return Evidence(
        request=request,
        logs=logs,
        stand_in=stand_in,
        c=c,
        py=py,
        origin=port_of(log.copy, request.made_by, request.port) if log is not None else None,
        simulation=simulation,
        inputs=inputs,
        comparison=comparison,
        diagnosis=diagnosis,
        undiagnosed=undiagnosed,
        environment=run_in,
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
    trace = replace(parse_lines(main, "live"), side="PY", simulated=True)
    return with_phi(trace, parse_lines(phi, "live").phi) if phi else trace
