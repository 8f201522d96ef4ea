"""Forged packages whose checksums fit: each kind is noticed, and the forged file is named."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nbtui.evidence.check.finding import CheckOutcome, Weight
from support.evidence_packages import copied
from support.forging import (
    PHI_LOG,
    PYTHON_LOG,
    blamed,
    lines_edited,
    metrics_of,
    put_metrics,
    replaced,
    said,
    signed,
)

Edit = Callable[[Path, Path], object]  # of a package, with another one at hand
METRICS, SUMMARY, COMMANDS, TERMS, ENV = "metrics.json", "summary.md", "commands.txt", "terms.csv", "env.json"


@dataclass(frozen=True)
class Forgery:
    title: str
    edit: Edit
    file: str  # to be named
    agreeing: bool = False  # of the agreeing package; otherwise of the diverging one


def all_agrees(package: Path, **more: object) -> None:
    """Write AGREE over diverging logs, consistently in three files."""
    found = metrics_of(package)
    for row in found["factors"].values():
        row["status"] = "PASS"
        row.pop("reaches_pixel", None)
    nothing = [key for key in found if key.startswith("first_")]
    verdict = {"verdict": "agree", "verdict_text": "AGREE  73 of 73 fields within tolerance  profile full"}
    put_metrics(
        package,
        **{**dict.fromkeys(nothing), **verdict, "num_divergent": 0, "blocked": [], "factors": found["factors"], **more},
    )
    replaced(package, COMMANDS, ("# exit status: 1", "# exit status: 0"))
    text = (package / SUMMARY).read_text()
    text = re.sub(r"Verdict: .*\nBLOCKED: .*\n", "Verdict: agree (241 values compared)\n", text)
    text = re.sub(r"\| (MINOR|DIVERGENT|CRITICAL)[^|]*\|", "| PASS |", text)
    (package / SUMMARY).write_text(re.sub(r"(## First divergence\n\n).*?(?=\n## )", r"\1None.\n", text, flags=re.S))


def tolerant(package: Path) -> dict[str, Any]:
    """Limits that pass everything."""
    return {**metrics_of(package)["tolerances"], "relative": 10.0}


def with_command(package: Path, edit: Callable[[str], str]) -> None:
    command = edit(metrics_of(package)["command"])
    put_metrics(package, command=command, command_hash=hashlib.sha256(command.encode()).hexdigest())


def scaled(package: Path, name: str, factor: float) -> None:
    def other(found: re.Match[str]) -> str:
        return f"{found[1]}{float(found[2]) * factor!r}"

    text = (package / name).read_text()
    (package / name).write_text(re.sub(r"(I_pixel_final[= ]+)([0-9.e+-]+)", other, text))


def unlabelled(package: Path) -> None:
    found = metrics_of(package)
    del found["schema"], found["schema_version"]
    (package / METRICS).write_text(json.dumps(found, indent=2) + "\n")


def swapped_terms(rows: list[str]) -> list[str]:
    one, other = rows[5].split(","), rows[6].split(",")
    one[-3:], other[-3:] = other[-3:], one[-3:]
    return [*rows[:5], ",".join(one), ",".join(other), *rows[7:]]


def inserted(at: str, line: str) -> Callable[[list[str]], list[str]]:
    return lambda lines: [*lines[: lines.index(at)], line, "", *lines[lines.index(at) :]]


def without(word: str) -> Callable[[list[str]], list[str]]:
    return lambda lines: [line for line in lines if word not in line]


def from_other(name: str) -> Edit:
    return lambda package, other: shutil.copy(other / name, package / name)


def only(file: str = METRICS, **keys: object) -> Edit:
    return lambda package, other: put_metrics(package, **keys)


def text(name: str, *pairs: tuple[str, str]) -> Edit:
    return lambda package, other: replaced(package, name, *pairs)


VERDICTS = [
    Forgery("the verdict alone", only(verdict="agree"), METRICS),
    Forgery("AGREE, profile full", lambda p, o: all_agrees(p), METRICS),
    Forgery("AGREE, a made-up profile name", lambda p, o: all_agrees(p, tolerance_profile="mine"), METRICS),
    Forgery("AGREE, tolerance 10", lambda p, o: all_agrees(p, tolerance=10.0, tolerance_rel=10.0), METRICS),
    Forgery("AGREE, limits 10 under nbtui's name", lambda p, o: all_agrees(p, tolerances=tolerant(p)), METRICS),
    Forgery("blocked", only(verdict="nothing compared", blocked=["simulation failed"]), METRICS),
    Forgery(
        "nothing compared",
        only(verdict="nothing compared", factors={}, num_divergent=0, num_compared=0, first_divergence=None),
        METRICS,
    ),
]
STATEMENTS = [
    Forgery(f"{key} := {value!r}"[:60], only(**{key: value}), METRICS, agreeing=True)
    for key, value in {
        "quirks": {"phi_carryover": True},
        "notices": [],
        "findings": ["accepted by the reviewer"],
        "preflight": [],
        "note": "the port is proven right",
        "case": "other",
        "trace_sha256": {"c": "0" * 64, "py": "0" * 64},
        "units": {},
        "float64_error": 0.0,
        "environment_drift": [{"name": "torch", "baseline": "2.0", "now": "2.1"}],
        "hkl_rounded_C": {"h": 1, "k": 1, "l": 1},
        "num_compared": 9999,
        "relative_delta": 0.5,
        "git_sha": "a" * 40,
        "branch": "a-branch-of-nobody",
        "stamp": "20200101T000000Z",
        "commands": [],
        "c_program": "fixed",
        "omp_threads": 4,
        "python_trace": "a given log",
        "stock_log": "stock",
        "coverage": "too little, accepted",
    }.items()
]
STATEMENTS_OF_THE_RUN = [
    Forgery(f"{key} := {value!r}", only(**{key: value}), PYTHON_LOG, agreeing=True)
    for key, value in {"steps": 1, "n_cells": [9, 8, 8], "dtype": "float32", "phi_mode": "spec"}.items()
] + [
    Forgery(f"{key} := {value}", only(**{key: value}), TERMS, agreeing=True)
    for key, value in {
        "phi_steps": 1,
        "mosaic_domains": 7,
        "sources": 99,
        "thick_steps": 5,
        "oversample": 3,
        "dtype": "float32",
        "phi_mode": "spec",
    }.items()
]
RELABELLED = [
    Forgery(
        "c-parity as spec, in three files",
        lambda p, o: (
            put_metrics(p, phi_mode="spec"),
            replaced(p, SUMMARY, ("- phi mode: c-parity", "- phi mode: spec")),
            replaced(p, COMMANDS, (" --phi-mode c-parity", "")),
        ),
        TERMS,
        agreeing=True,
    ),
    Forgery(
        "cpu as cuda",
        lambda p, o: (put_metrics(p, device="cuda"), replaced(p, SUMMARY, ("- device: cpu", "- device: cuda"))),
        COMMANDS,
        agreeing=True,
    ),
    Forgery("-Na 12", lambda p, o: with_command(p, lambda text: text.replace("-Na 9", "-Na 12")), TERMS),
    Forgery(
        "another pixel",
        lambda p, o: with_command(p, lambda text: re.sub(r"_pixel \d+ \d+", "_pixel 3 3", text)),
        METRICS,
    ),
    Forgery("the label of the format is gone", lambda p, o: unlabelled(p), METRICS),
    Forgery("AGREE without the label", lambda p, o: (all_agrees(p), unlabelled(p)), METRICS),
    Forgery("an older format", only(schema_version=2), METRICS),
    Forgery("the oldest format", lambda p, o: all_agrees(p, schema_version=1), METRICS),
]
COMMANDS_EDITED = [
    Forgery("another case", text(COMMANDS, ("export demo", "export other")), COMMANDS),
    Forgery("a hostile line", lambda p, o: lines_edited(p, COMMANDS, lambda lines: ["curl x | sh", *lines]), COMMANDS),
    Forgery("an extra command", text(COMMANDS, ("echo one", "make check")), COMMANDS, agreeing=True),
    Forgery("a command is gone", lambda p, o: lines_edited(p, COMMANDS, lambda lines: lines[3:]), COMMANDS),
    Forgery("another directory", text(COMMANDS, ("cd ", "cd /elsewhere/")), COMMANDS),
    Forgery("the exit status", text(COMMANDS, ("status: 1", "status: 0")), COMMANDS),
]
LOGS = [
    Forgery("one value of the Python log", lambda p, o: scaled(p, PYTHON_LOG, 1.5), METRICS),
    Forgery("one value of the C log", lambda p, o: scaled(p, "trace_c.log", 1.5), METRICS),
    Forgery(
        "one value of both logs",
        lambda p, o: (scaled(p, PYTHON_LOG, 1.5), scaled(p, "trace_c.log", 1.5)),
        METRICS,
        agreeing=True,
    ),
    Forgery("the Python log of another package", from_other(PYTHON_LOG), METRICS),
    Forgery("the phi lines of another package", from_other(PHI_LOG), METRICS),
    Forgery("a second Python log", lambda p, o: shutil.copy(o / PYTHON_LOG, p / "trace_py_a.log"), "trace_py_a.log"),
    Forgery("the header", text(PYTHON_LOG, ("# phi_mode: spec", "# phi_mode: c-parity")), PYTHON_LOG),
    Forgery("a warning is gone", text(PYTHON_LOG, ("WARNING: crystal", "note: crystal")), PYTHON_LOG),
]
FILES = [
    Forgery("another summary", from_other(SUMMARY), SUMMARY),
    Forgery("another metrics.json", from_other(METRICS), METRICS),
    Forgery("another commands.txt", from_other(COMMANDS), COMMANDS),
    Forgery("another terms.csv", from_other(TERMS), TERMS),
    Forgery("another env.json", from_other(ENV), ENV),
    Forgery("an extra file", lambda p, o: (p / "image.npy").write_bytes(b"x"), "image.npy"),
    Forgery("a hidden file", lambda p, o: (p / ".hidden").write_bytes(b"x"), ".hidden"),
    Forgery("a folder", lambda p, o: (p / "sub").mkdir(), "sub"),
    Forgery("no terms", lambda p, o: (p / TERMS).unlink(), TERMS),
    Forgery("the version of Python", text(ENV, ('"python": "3', '"python": "4')), ENV),
    Forgery("the output of a command", text("run_1.log", ("one", "two")), "run_1.log", agreeing=True),
    Forgery("a line beside the trace", text(PYTHON_LOG, ("DETECTOR_FAST_AXIS 0", "DETECTOR_FAST_AXIS 1")), PYTHON_LOG),
    Forgery("the time", text(ENV, ('"utc": "2', '"utc": "1')), ENV),
]
TERMS_EDITED = [
    Forgery("the last term is gone", lambda p, o: lines_edited(p, TERMS, lambda rows: rows[:-1]), TERMS),
    Forgery("two terms swapped", lambda p, o: lines_edited(p, TERMS, swapped_terms), TERMS),
    Forgery("a term twice", lambda p, o: lines_edited(p, TERMS, lambda rows: [*rows, rows[-1]]), TERMS),
    Forgery("two lines swapped", lambda p, o: lines_edited(p, TERMS, lambda r: [*r[:3], r[4], r[3], *r[5:]]), TERMS),
    Forgery(
        "a row of zeros",
        lambda p, o: lines_edited(p, TERMS, lambda rows: [*rows, ",".join("0" * 15)]),
        TERMS,
    ),
    Forgery("one F_cell", text(TERMS, ("94.421000000000006", "94.5")), TERMS),
]
SUMMARIES = [
    Forgery(
        "a sentence",
        lambda p, o: lines_edited(p, SUMMARY, inserted("## Scaling chain", "This difference was accepted.")),
        SUMMARY,
    ),
    Forgery(
        "a second verdict",
        lambda p, o: lines_edited(p, SUMMARY, inserted("## Scaling chain", "Verdict: agree")),
        SUMMARY,
    ),
    Forgery("the verdict reworded", text(SUMMARY, ("Verdict: first", "Verdict: no weighty first")), SUMMARY),
    Forgery("the obstacle", text(SUMMARY, ("BLOCKED: rot_a_angstroms.x diverges", "BLOCKED: nothing")), SUMMARY),
    Forgery(
        "the next step",
        lambda p, o: lines_edited(p, SUMMARY, lambda lines: [*lines[:-1], "TODO nothing, accept"]),
        SUMMARY,
    ),
    Forgery(
        "a row is gone", lambda p, o: lines_edited(p, SUMMARY, lambda r: [x for x in r if "polar" not in x]), SUMMARY
    ),
]
JSON = [
    Forgery(
        "a key twice", text(METRICS, ('"verdict": "diverge"', '"verdict": "agree",\n  "verdict": "diverge"')), METRICS
    ),
    Forgery("empty factors first", lambda p, o: replaced_once(p, "{", '{"factors": {},'), METRICS),
    Forgery("NaN", lambda p, o: replaced_once(p, '"relative_delta": ', '"relative_delta": NaN, "x": '), METRICS),
    Forgery("a look-alike letter", text(METRICS, ('"diverge"', '"diverg\\u0435"')), METRICS),
    Forgery("an escape", text(METRICS, ('"diverge"', '"diverg\\u0065"')), METRICS),
    Forgery("an unknown key", only(extra={"verdict": "agree"}), METRICS),
    Forgery("deep nesting", lambda p, o: (p / METRICS).write_text("[" * 100_000 + "]" * 100_000 + "\n"), METRICS),
    Forgery("an integer of 6000 digits", text(METRICS, ('"steps": 96', '"steps": ' + "9" * 6000)), METRICS),
    Forgery("an infinite number", text(METRICS, ('"steps": 96', '"steps": 1e999')), METRICS),
    Forgery("bidi override in the note", only(note="\u202egood"), METRICS),
    Forgery(
        "a made-up factor",
        lambda p, o: put_metrics(p, factors={**metrics_of(p)["factors"], "zz": metrics_of(p)["factors"]["polar"]}),
        METRICS,
    ),
    Forgery(
        "the hash of an input",
        lambda p, o: put_metrics(p, inputs=[{**one, "sha256": "0" * 64} for one in metrics_of(p)["inputs"]]),
        METRICS,
    ),
]
FORGERIES = [
    *(*VERDICTS, *STATEMENTS, *STATEMENTS_OF_THE_RUN, *RELABELLED, *COMMANDS_EDITED),
    *(*LOGS, *FILES, *TERMS_EDITED, *SUMMARIES, *JSON),
]


def replaced_once(package: Path, old: str, new: str) -> None:
    content = (package / METRICS).read_text()
    (package / METRICS).write_text(content.replace(old, new, 1))


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.title)
def test_a_forgery_is_noticed_and_its_file_named(
    forgery: Forgery, diverging: Path, agreeing: Path, tmp_path: Path
) -> None:
    base, other = (agreeing, diverging) if forgery.agreeing else (diverging, agreeing)
    package = copied(base, tmp_path)
    forgery.edit(package, other)
    outcome = signed(package)
    assert outcome.outcome is CheckOutcome.FAILED, said(outcome)
    assert forgery.file in said(outcome, Weight.WRONG), said(outcome)


@pytest.mark.parametrize("stamp", ["20200101T000000Z", "20991231T235959Z"])
@pytest.mark.parametrize("everywhere", [True, False])
def test_a_changed_stamp_is_noticed(diverging: Path, tmp_path: Path, stamp: str, everywhere: bool) -> None:
    package = copied(diverging, tmp_path).rename(tmp_path / stamp)
    if everywhere:
        replaced(package, SUMMARY, (diverging.name, stamp))
        put_metrics(package, stamp=stamp)
    assert signed(package).outcome is CheckOutcome.FAILED


@pytest.mark.parametrize("name", ["trace_c.log", ENV])
def test_a_link_is_noticed(diverging: Path, tmp_path: Path, name: str) -> None:
    package = copied(diverging, tmp_path)
    (package / name).rename(tmp_path / name)
    (package / name).symlink_to(tmp_path / name)
    assert name in blamed(signed(package))


def test_limits_that_pass_everything_are_named(diverging: Path, tmp_path: Path) -> None:
    """Consistent with each other, they are a profile of the user's own: the verdict by nbtui's own is printed."""
    package = copied(diverging, tmp_path)
    put_metrics(package, tolerance_profile="mine", tolerances={**tolerant(package), "profile": "mine"})
    outcome = signed(package)
    assert "tolerances are not nbtui's: profile mine, relative 10.0" in said(outcome)
    assert "by nbtui's own profile: FIRST DIVERGENCE  rot_a_angstroms.x" in said(outcome)
    assert outcome.caveat == "tolerances are not nbtui's"
