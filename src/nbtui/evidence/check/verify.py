"""Verification of a package: whatever can be recomputed is recomputed.

A contradiction is fatal, and so is a missing proof that the files are unchanged. Parts that an older format lacks are
reported and are not a failure.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files as resources
from pathlib import Path

from nbtui.evidence.check import checksums, provenance, recheck, summaries
from nbtui.evidence.check.finding import CheckOutcome, FileFinding, Weight, outcome_of
from nbtui.evidence.check.terms import check_terms
from nbtui.evidence.layout import (
    C_LOG,
    CHECKSUMS,
    COMMANDS,
    ENVIRONMENT,
    GIVEN_LOG,
    METRICS,
    PER_PHI,
    PYTHON_LOG,
    SUMMARY,
    TERMS,
)
from nbtui.evidence.read.folder import is_package, number, read_json, regular_size, text
from nbtui.evidence.read.gap import Subject
from nbtui.evidence.read.package import NEW, Package, python_logs, read_package
from nbtui.regular_file import open_regular

SCHEMAS = {METRICS: "metrics.schema.json", ENVIRONMENT: "env.schema.json"}
REQUIRED = (COMMANDS, ENVIRONMENT, METRICS, CHECKSUMS, SUMMARY, TERMS, C_LOG)
_PIECE = 1 << 20  # bytes
CHECKED = (".md", ".json", ".txt", ".csv")


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
        """What a reader of the outcome must know with it, in brackets; empty for a judgement by nbtui's own rules."""
        return " (old format)" if self.old and self.package.files else ""

    @property
    def old(self) -> bool:
        return self.package.format != NEW


def verify(path: Path) -> Verification:
    """Check one package directory. Its content never makes this raise, and is never changed.

    Source: issue "Evidence that holds", item 3; spec/evidence_package.md.
    """
    package = read_package(path)
    if not package.files or not is_package(package.stamp, set(package.files)):
        there = "is not a package" if path.is_dir() else "is not a directory"
        return Verification(package, (FileFinding(".", f"{there}: nothing to verify"),))
    check = _check_current if package.format == NEW else _check_old
    try:
        found = check(package)
    except Exception as error:  # unforeseen garbage must fail the package, not the program
        found = [FileFinding(".", f"a check failed to run ({type(error).__name__}: {error})")]
    return Verification(package, tuple(dict.fromkeys(found)))


def _check_current(package: Package) -> list[FileFinding]:
    folder = package.path
    metrics, problem = read_json(folder / METRICS)
    environment, env_problem = read_json(folder / ENVIRONMENT)
    found = checksums.check_strict(folder, package.files)
    found += [FileFinding(name, what) for name, what in ((METRICS, problem), (ENVIRONMENT, env_problem)) if what]
    found += _complete(package, metrics)
    given = text(metrics.get("python_trace")) == GIVEN_LOG  # kept byte for byte, in any form
    for name in package.files:
        if not (given and name.startswith("trace_py")):
            found += _form(folder, name)
    found += _schema(METRICS, metrics) + _schema(ENVIRONMENT, environment)
    if recheck.blocked(metrics):
        found.append(FileFinding(METRICS, f"BLOCKED run: {metrics['blocked']}", Weight.REMARK))
    else:
        c, py, unread = recheck.traces(folder, package.files)
        found += unread
        if c is not None and py is not None:
            found += recheck.against_logs(metrics, c, py)
        if TERMS in package.files:
            found += check_terms(folder, metrics)
    found += provenance.inputs(folder, package.files, metrics) + provenance.commands(folder, metrics)
    found += provenance.stamp(package, metrics, environment)
    return found + summaries.check_summary(package, metrics, environment)


def _complete(package: Package, metrics: dict[str, object]) -> list[FileFinding]:
    """Every file required of a package of this run, and no folder."""
    required = [name for name in REQUIRED if name != TERMS or not recheck.blocked(metrics)]
    found = [FileFinding(name, "is missing") for name in required if name not in package.files]
    if not python_logs(list(package.files)):
        found.append(FileFinding(f"{PYTHON_LOG}<device>.log", "is missing"))
    steps = number(metrics.get("phi_steps"))
    own = text(metrics.get("python_trace")) != GIVEN_LOG and not recheck.blocked(metrics)
    if own and steps is not None and steps > 1 and not any(name.endswith(PER_PHI) for name in package.files):
        found.append(FileFinding(f"{PYTHON_LOG}<device>{PER_PHI}", f"is missing: the run has {steps:g} phi steps"))
    try:
        folders = [entry.name for entry in package.path.iterdir() if entry.is_dir()]
    except OSError:
        folders = []
    return found + [FileFinding(name, "is a folder; packages hold only files") for name in folders]


def _check_old(package: Package) -> list[FileFinding]:
    folder = package.path
    metrics, problem = read_json(folder / METRICS)
    found = checksums.check_lenient(folder, package.files)
    gaps = (gap for gap in package.lacks if gap.subject is not Subject.CHECKSUMS)
    found += [FileFinding(gap.file, gap.what, Weight.UNJUDGED) for gap in gaps]
    if problem:
        found.append(FileFinding(METRICS, problem, Weight.UNJUDGED if metrics else Weight.WRONG))
    for name in package.files:
        found += [FileFinding(finding.file, finding.what, Weight.REMARK) for finding in _form(folder, name)]
    _, py, unread = recheck.traces(folder, package.files)
    found += unread
    if py is not None:
        found += recheck.python_side(metrics, py)
    return found + recheck.arithmetic(metrics) + summaries.check_old_summary(folder, metrics)


def _form(folder: Path, name: str) -> list[FileFinding]:
    """ASCII, LF line ends and one final newline, for every text that we write ourselves."""
    if (folder / name).is_symlink():
        return [FileFinding(name, "is a link: its target is not part of the package")]
    if not name.endswith(CHECKED) and not name.startswith("trace_py"):
        return []
    if regular_size(folder / name) is None:
        return [FileFinding(name, "cannot be read")]
    plain, turns, end = True, False, b""
    try:
        with open_regular(folder / name) as stream:
            while piece := stream.read(_PIECE):  # terms.csv may have millions of lines
                plain, turns, end = plain and piece.isascii(), turns or b"\r" in piece, (end + piece)[-2:]
    except OSError:
        return [FileFinding(name, "cannot be read")]
    found = []
    if not plain:
        found.append("is not pure ASCII")
    if turns:
        found.append("has carriage returns")
    if not end.endswith(b"\n"):
        found.append("does not end with a newline")
    elif end == b"\n\n":
        found.append("ends with more than one newline")
    return [FileFinding(name, what) for what in found]


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
