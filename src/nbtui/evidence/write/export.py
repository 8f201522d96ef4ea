"""Writing one evidence package: simulate, compare, and keep everything that a third party needs for checking.

Source: spec/evidence_package.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

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
    SIGNATURE,
    SIMULATED,
    SUMMARY,
    TERMS,
)
from nbtui.evidence.trace_header import trace_header
from nbtui.evidence.write.baseline import Baseline, changes, environment_drift, find_baseline, read_baseline
from nbtui.evidence.write.commands import command_entries, equivalent
from nbtui.evidence.write.environment import environment
from nbtui.evidence.write.files import reserved
from nbtui.evidence.write.findings import NO_CHECKOUT, OF_A_GIVEN_LOG
from nbtui.evidence.write.gather import Evidence, gather, given_logs, python_names
from nbtui.evidence.write.given_logs import LogCopy, check_readable
from nbtui.evidence.write.inputs import relative
from nbtui.evidence.write.record import record, sha256_of, side_entry
from nbtui.evidence.write.request import ExportRequest, WrittenPackage
from nbtui.evidence.write.signing import check_signing, signature_of
from nbtui.evidence.write.simulated_logs import python_log_lines, reference_lines
from nbtui.evidence.write.summary import next_step, summary
from nbtui.live.session import terms_csv
from nbtui.parity.metrics import to_json
from nbtui.trace.model import Trace
from nbtui.trace.side import Role

__all__ = ["ExportRequest", "WrittenPackage", "export", "export_package"]


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
    if request.sign is not None:
        check_signing(request.sign)
    given = given_logs(request)
    for log in given.values():
        check_readable(log)
    when = datetime.now(UTC)
    run_in = environment(when, hostname=request.hostname)  # before this package is in its git status
    with reserved(request.reports, when) as place:
        evidence = gather(request, given, when, run_in, place.folder)
        path = place.publish(lambda folder, stamp: _fill(folder, stamp, evidence))
    return WrittenPackage(path, evidence.comparison, evidence.exit_code, evidence.blocked)


def _fill(folder: Path, stamp: str, evidence: Evidence) -> None:
    """Every file of the package, checksums last."""
    request, simulation = evidence.request, evidence.simulation
    texts: dict[str, str] = {}
    metrics = _metrics(stamp, evidence)
    if simulation is not None:
        if request.py_log is None:
            header = trace_header(metrics, evidence.inputs.entries)
            texts |= {name: _text((*header, *lines)) for name, lines in python_log_lines(simulation, evidence.c)}
        texts[TERMS] = terms_csv(simulation.terms)
    elif request.py_log is None:
        texts[python_names(request)[0]] = _text(evidence.blocked)
    if evidence.stand_in is not None:
        texts[C_LOG] = _text(reference_lines(evidence.stand_in))
    commands = metrics["commands"]
    assert isinstance(commands, list)
    texts[COMMANDS] = commands_text(commands)
    texts[ENVIRONMENT] = to_json(evidence.environment)
    metrics["files"] = _made(folder, texts, evidence)
    texts[METRICS] = to_json(metrics)
    texts[SUMMARY] = summary(metrics, relative(request.reports / stamp), request.todo or next_step(metrics))
    for name, data in {
        **evidence.inputs.copies,
        **{name: text.encode("ascii") for name, text in texts.items()},
    }.items():
        (folder / name).write_bytes(data)
    names = sorted({path.name for path in folder.iterdir()} - {CHECKSUMS, SIGNATURE})
    sums = "".join(f"{sha256_of(folder / name)}  {name}\n" for name in names).encode("ascii")
    (folder / CHECKSUMS).write_bytes(sums)
    if request.sign is not None:
        (folder / SIGNATURE).write_bytes(signature_of(sums, request.sign, asks=request.asks))


def _made(folder: Path, texts: Mapping[str, str], evidence: Evidence) -> dict[str, str]:
    """The sha256 of every file that the run made, but for commands.txt; ``texts``: those not yet written."""
    made = {name: hashlib.sha256(text.encode("ascii")).hexdigest() for name, text in texts.items() if name != COMMANDS}
    return dict(sorted({**made, **{ran.name: sha256_of(folder / ran.name) for ran in evidence.runs}}.items()))


def _metrics(stamp: str, evidence: Evidence) -> dict[str, object]:
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
            "inputs": [
                *evidence.inputs.entries,
                *(log.input_entry(_folder_of(request)) for log in evidence.logs.values()),
            ],
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


def _commands(evidence: Evidence, settings: Mapping[str, object]) -> list[dict[str, object]]:
    """Every command of the package; ``settings``: a metrics.json object with the settings of the run."""
    request = evidence.request
    argv = request.argv or equivalent(
        request.case,
        request.settings,
        request.reports,
        c_log=request.c_log or request.case.c_log,
        py_log=request.py_log,
        py_phi=request.py_phi,
        made_by=request.made_by,
        port=request.port,
        profile=request.profile,
        tolerance=request.tolerance,
        allow_partial=request.allow_partial,
        sign=request.sign,
        diagnose=request.diagnose is not None,
        note=request.note,
        todo=request.todo,
        runs=request.runs,
    )
    added = beyond(argv, settings, compat=request.case.compat)
    return command_entries(argv, evidence.when, evidence.exit_code, evidence.runs, added)


def _sides(evidence: Evidence) -> list[dict[str, object]]:
    (reference, other), request = evidence.comparison.named, evidence.request
    settings = request.settings if other.role is Role.LIVE else None
    made_by = evidence.origin.port.entry() if evidence.origin is not None else None
    stand_in = evidence.stand_in.settings if evidence.stand_in is not None else None
    c_log, py_log = (evidence.logs.get(name) for name in (C_LOG, python_names(request)[0]))
    return [
        side_entry(reference, _unread(evidence.c), stand_in) | _log_entry(c_log, request),
        side_entry(other, _unread(evidence.py), settings) | _log_entry(py_log, request) | {"made_by": made_by},
    ]


def _unread(trace: Trace) -> Trace:
    """The trace without its file, which may have changed since it was read."""
    return replace(trace, origin="")


def _log_entry(log: LogCopy | None, request: ExportRequest) -> dict[str, object]:
    return {} if log is None else log.side_entry(_folder_of(request))


def _folder_of(request: ExportRequest) -> Path:
    """The folder to which the names of logs are relative."""
    return request.case.folder or request.case.workdir


def _baseline_of(request: ExportRequest, stamp: str, found: Mapping[str, object]) -> Baseline | None:
    if request.baseline is not None:
        return read_baseline(request.baseline)
    pixel = found["pixel"]
    return find_baseline(request.reports, stamp, str(found["case"]), pixel if isinstance(pixel, dict) else None)


def _findings(evidence: Evidence) -> list[str]:
    """Remarks for the reader beside the findings of the comparison."""
    request = evidence.request
    found = [remark for ran in evidence.runs for remark in ran.remarks]
    found += evidence.inputs.remarks
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


def _text(lines: tuple[str, ...]) -> str:
    return "".join(f"{line}\n" for line in lines)
