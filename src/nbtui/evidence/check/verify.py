"""Verification of a package: whatever can be recomputed is recomputed.

A contradiction is fatal, and so is a missing proof that the files are unchanged. Parts that an older format lacks are
reported and are not a failure.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files as resources
from pathlib import Path

from nbtui.evidence.check import checksums, old_formats, provenance, summaries
from nbtui.evidence.check.against_baseline import check_baseline
from nbtui.evidence.check.commands import check_commands, export_command
from nbtui.evidence.check.contents import check_contents, form
from nbtui.evidence.check.finding import CheckOutcome, FileFinding, Weight, outcome_of
from nbtui.evidence.check.inputs import check_inputs, of_the_run
from nbtui.evidence.check.json_form import read_strictly
from nbtui.evidence.check.limits import FOREIGN, limits_of
from nbtui.evidence.check.recheck import against_logs
from nbtui.evidence.check.signature import check_signature
from nbtui.evidence.check.simulated import check_simulated
from nbtui.evidence.check.terms import check_terms
from nbtui.evidence.layout import C_LOG, ENVIRONMENT, GIVEN_LOG, METRICS, PER_PHI, PYTHON_LOG, TERMS
from nbtui.evidence.read.folder import is_package, number, read_json, read_text, text
from nbtui.evidence.read.gap import Subject
from nbtui.evidence.read.logs import blocked_trace, given_logs, logs_of
from nbtui.evidence.read.package import NEW, Package, python_logs, read_package
from nbtui.evidence.write.record import disagreement
from nbtui.installation import version
from nbtui.live.run_options import run_options
from nbtui.parity.metrics import SCHEMA_VERSION

SCHEMAS = {METRICS: "metrics.schema.json", ENVIRONMENT: "env.schema.json"}


@dataclass(frozen=True)
class Verification:
    """The findings on one package, and the outcome that follows from them."""

    package: Package
    findings: tuple[FileFinding, ...]

    @property
    def outcome(self) -> CheckOutcome:
        return outcome_of(self.findings)

    @property
    def ok(self) -> bool:
        """Whether everything was judged, without a contradiction."""
        return self.outcome is CheckOutcome.OK

    def of(self, weight: Weight) -> tuple[FileFinding, ...]:
        """The findings of one weight."""
        return tuple(finding for finding in self.findings if finding.weight is weight)

    @property
    def caveat(self) -> str:
        """A reservation about the outcome: an old format, tolerances that are not nbtui's; empty without one."""
        parts = ["old format"] if self.old and is_package(self.package.stamp, set(self.package.files)) else []
        parts += [FOREIGN] if any(FOREIGN in finding.what for finding in self.findings) else []
        return ", ".join(parts)

    @property
    def aside(self) -> str:
        """The reservation behind the word of the outcome."""
        return f" ({self.caveat})" if self.caveat else ""

    @property
    def old(self) -> bool:
        return self.package.format != NEW


def verify(path: Path, signers: Path | None = None) -> Verification:
    """Check one package directory. Its content never makes this raise, and is never changed.

    ``signers``: SSH keys by name, one of which has to have signed it.

    Source: issue "Evidence that holds", item 3; spec/evidence_package.md.
    """
    package = read_package(path)
    if not package.files or not is_package(package.stamp, set(package.files)):
        there = "is not a package" if path.is_dir() else "is not a directory"
        what = f"{there}: nothing to verify; a package is a directory such as reports/STAMP"
        return Verification(package, (FileFinding(".", what),))
    try:
        stated = (read_json(path / name)[0] for name in (METRICS, ENVIRONMENT))
        found = _check_ours(package) if old_formats.is_ours(*stated) else _check_old(package)
        found += check_signature(package.path, package.files, signers)
    except Exception as error:  # unforeseen garbage must fail the package, not the program
        found = [FileFinding(".", f"a check failed to run ({type(error).__name__}: {error})")]
    return Verification(package, tuple(dict.fromkeys(found)))


def _check_ours(package: Package) -> list[FileFinding]:
    """A package of nbtui, of this format or of an older one, whose missing parts are then not judged."""
    folder = package.path
    metrics_file, environment_file = (read_strictly(folder / name) for name in (METRICS, ENVIRONMENT))
    metrics, environment = metrics_file.value, environment_file.value
    found = checksums.check_strict(folder, package.files)
    found += [*metrics_file.findings, *environment_file.findings]
    found += _schema(METRICS, metrics) + _schema(ENVIRONMENT, environment) + old_formats.format_label(metrics)
    current = number(metrics.get("schema_version")) == SCHEMA_VERSION
    exact = current and environment.get("nbtui") == version("nbtui")
    command = export_command(folder)
    given = text(metrics.get("python_trace")) == GIVEN_LOG
    read = logs_of(folder, package.files, metrics)
    failed = simulation_failed(folder, package.files, metrics)
    simulated = not failed and ("float64_error" in metrics or TERMS in package.files)
    found += check_contents(package, metrics, command, simulated=simulated, current=current)
    comparison = None
    py = blocked_trace(metrics) if failed else read.py
    found += [FileFinding(name, what) for name, what in read.problems if name == C_LOG or not failed]
    if failed:
        found.append(FileFinding(METRICS, f"BLOCKED run: {metrics.get('blocked')}", Weight.REMARK))
    limits = limits_of(metrics, command.tolerance if command is not None else None)
    found += limits.findings
    if read.c is not None and py is not None and metrics:
        comparison, recomputed = against_logs(metrics, read.c, py, limits, given=given, exact=exact)
        found += recomputed
    options = run_options(text(metrics.get("command")), text(metrics.get("c_program")))
    argv = options.argv if options is not None else ()
    if simulated and TERMS in package.files:
        found += check_terms(folder, metrics, options, None if given else read.py)
    found += check_commands(folder, metrics, command, current=current) + provenance.check_command(metrics)
    found += check_inputs(package, metrics, argv) + provenance.check_python_trace(metrics, package.files)
    found += provenance.check_sides(package, metrics, environment)
    found += provenance.check_times(package, metrics, environment, current=current)
    if comparison is not None:
        obstacle = disagreement(comparison)
        found += provenance.check_remarks(metrics, command, obstacle=obstacle, simulation_failed=failed)
    found += check_baseline(package, metrics, environment)
    if current and simulated and not given:
        logs = [name for name in package.files if name.startswith(PYTHON_LOG) and name.endswith(".log")]
        main_first = sorted(logs, key=lambda name: name.endswith(PER_PHI))
        found += check_simulated(folder, main_first, metrics, of_the_run(package, metrics), read.py)
    if metrics.get("diagnosis") is not None:
        what = "the diagnosis is not repeated; nbtui verify --replay repeats it"
        found.append(FileFinding(METRICS, what, Weight.UNJUDGED, replayable=True))
    todo = command.words.last("--todo") if command is not None else None
    return found + summaries.check_summary(package, metrics, environment, todo=todo, exact=exact)


def simulation_failed(folder: Path, files: tuple[str, ...], metrics: Mapping[str, object]) -> bool:
    """Whether the Python log holds the obstacles of a failed simulation in place of a trace."""
    logs = python_logs(list(files))
    stated = metrics.get("blocked")
    if not logs or not isinstance(stated, list) or TERMS in files or "float64_error" in metrics:
        return False
    lines = (read_text(folder / logs[0]) or "").splitlines()
    return lines == stated


def _check_old(package: Package) -> list[FileFinding]:
    folder = package.path
    metrics, problem = read_json(folder / METRICS)
    found = checksums.check_lenient(folder, package.files)
    gaps = (gap for gap in package.lacks if gap.subject is not Subject.CHECKSUMS)
    found += [FileFinding(gap.file, gap.what, Weight.UNJUDGED) for gap in gaps]
    if problem:
        found.append(FileFinding(METRICS, problem, Weight.UNJUDGED if metrics else Weight.WRONG))
    for name in package.files:
        found += [FileFinding(finding.file, finding.what, Weight.REMARK) for finding in form(folder, name)]
    read = given_logs(folder, package.files)
    found += [FileFinding(name, what) for name, what in read.problems]
    if metrics:
        found += old_formats.against_logs(metrics, read.c, read.py)
    return found + old_formats.arithmetic(metrics) + summaries.check_old_summary(folder, metrics)


@functools.cache
def _validator(name: str) -> Callable[[object], list[str]]:
    from jsonschema import Draft202012Validator  # a slow import that only verification needs

    validator = Draft202012Validator(json.loads((resources("nbtui.evidence") / SCHEMAS[name]).read_text("utf-8")))

    def check(value: object) -> list[str]:
        errors = sorted(validator.iter_errors(value), key=lambda error: error.json_path)
        return [f"{error.json_path}: {error.message[:160]}" for error in errors[:6]]

    return check


def _schema(name: str, value: dict[str, object]) -> list[FileFinding]:
    return [FileFinding(name, f"against the schema: {what}") for what in _validator(name)(value)] if value else []
