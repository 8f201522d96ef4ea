"""What is in a package: repeatable, replayable, safe to read whatever the case is called, and diagnosed when asked."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from nbtui.cli import main
from nbtui.diagnosis.answer import Verdict
from nbtui.evidence.check import checksums
from nbtui.evidence.check.finding import Weight
from nbtui.evidence.check.verify import verify
from nbtui.evidence.write.export import ExportRequest, export_package
from nbtui.live.cases import load_case
from nbtui.live.model import Settings
from support.console_causes import OFF, UNKNOWN, cause, diagnosis
from support.diagnosis_traces import edited, lines_of
from support.places import DEMO

GIT = ("git", "-c", "user.name=n", "-c", "user.email=e@x", "-c", "commit.gpgsign=false")


@pytest.fixture(autouse=True)
def outside_a_checkout(here: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(here.parent))
    yield


def exported(capsys: pytest.CaptureFixture[str], *words: str, code: int) -> Path:
    capsys.readouterr()
    assert main(["export", *words]) == code
    return Path(capsys.readouterr().out.splitlines()[-1])


def load(package: Path, name: str = "metrics.json") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((package / name).read_text("ascii"))
    return found


def texts(package: Path) -> dict[str, str]:
    """The text of every file with what follows from stamp and time put out of sight."""
    time = load(package, "env.json")["utc"]
    found = {path.name: path.read_text("latin-1") for path in sorted(package.iterdir())}
    found["commands.txt"] = re.sub(r"^# [-0-9T:]+Z in ", "# TIME in ", found["commands.txt"], flags=re.MULTILINE)
    found["metrics.json"] = re.sub(r'"utc": "[-0-9T:]+Z"', '"utc": "TIME"', found["metrics.json"])
    found["metrics.json"] = re.sub(r'"env.json": "\w+"', '"env.json": "OF THE TIME"', found["metrics.json"])
    return {name: text.replace(package.name, "STAMP").replace(time, "TIME") for name, text in found.items()}


@pytest.mark.slow
@pytest.mark.parametrize("words", [(), ("--dtype", "float32"), ("--diagnose", "--run", "echo one")])
def test_the_same_export_twice(words: tuple[str, ...], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = exported(capsys, "demo", *words, code=1)
    first.rename(here / "kept")
    second = exported(capsys, "demo", *words, code=1)
    (here / "kept").rename(here / first.name)
    one, other = texts(here / first.name), texts(second)
    changed = {
        "commands.txt",
        "env.json",
        "metrics.json",
        "summary.md",
    }  # they hold the time and the package's own path: their sums follow
    for each in (one, other):
        kept = [line for line in each["sha256.txt"].splitlines() if line.split("  ")[1] not in changed]
        each["sha256.txt"] = "\n".join(kept)
    assert one == other


def only_the_diagnosis_is_not_judged(package: Path) -> bool:
    found = verify(package)
    return [one.what for one in found.findings if one.weight is not Weight.REMARK] == [
        "the diagnosis is not repeated; nbtui verify --replay repeats it"
    ]


@pytest.fixture
def program(tmp_path: Path) -> dict[str, str]:
    """An environment in which a shell finds ``nbtui``, whatever is installed."""
    place = tmp_path / "bin"
    place.mkdir()
    code = "import sys; from nbtui.cli import main; sys.exit(main())"
    (place / "nbtui").write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{code}" "$@"\n')
    (place / "nbtui").chmod(0o755)
    return {**os.environ, "PATH": f"{place}:{os.environ['PATH']}"}


@pytest.mark.slow
def test_commands_replay_in_a_copy_of_the_checkout(
    here: Path, tmp_path: Path, program: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(DEMO, here / "my case")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "one"]):
        subprocess.run([*GIT, *words], check=True)
    runs = ["--run", "cd /; exit 5", "--run", "touch 'made φ'"]
    first = exported(capsys, "my case", "--phi-mode", "c-parity", "--note", "it's; $HOME", *runs, code=1)
    copy = tmp_path / "elsewhere" / "copy"
    shutil.copytree(here, copy)
    (copy / "made φ").unlink()
    script = copy / first / "commands.txt"
    done = subprocess.run(["bash", script], cwd=copy, env=program, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    second = copy / done.stdout.splitlines()[-1]
    assert second.parent == copy / "reports" and second.name != first.name and verify(second).ok
    assert (copy / "made φ").exists()
    again, kept = load(second), load(first)
    for key in ("factors", "other_fields", "command_hash", "inputs", "phi_mode", "trace_sha256", "note", "blocked"):
        assert again[key] == kept[key], key
    statuses = [line for line in (first / "commands.txt").read_text().splitlines() if line.startswith("# exit")]
    assert [line.split()[3] for line in statuses] == ["0", "5", "0", "1"]


@pytest.mark.parametrize("command", ["cd /", "exit 7", "x=1", "echo one # two", "exec true", "true", "ls -d ."])
def test_a_pasted_command_does_what_it_did(command: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    subprocess.run([*GIT, "init", "-q"], check=True)
    package = exported(capsys, "demo", "--phi-mode", "c-parity", "--run", command, code=int(command == "exit 7"))
    lines = (package / "commands.txt").read_text().splitlines()[3:]
    script = f"{lines[1]}\necho $? $PWD ${{x-unset}}\n"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == f"{lines[2].split()[3]} {here} unset"


NAMES = [
    "two words",
    "../up/and down/",
    "line\nbreak\r\nTODO nothing",
    "\x1b]0;title\x07\x1b[31mred\x9b2J",
    "[bold red]markup[/] | pipe `tick` <b>",
    "φ–case \u202egnol",
    "n" * 300,
    'it\'s "quoted" $HOME `id` \\',
]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_any_name_of_a_case(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "nbtui.toml").write_text(f"[cases.{json.dumps(name)}]\nfolder = {json.dumps(str(DEMO))}\n")
    capsys.readouterr()
    assert main(["export", name]) == 1
    said = capsys.readouterr()
    assert not [char for char in said.out + said.err if unicodedata.category(char) in ("Cc", "Cf") and char != "\n"]
    (package,) = (here / "reports").iterdir()
    assert verify(package).ok, [finding.what for finding in verify(package).findings]
    for path in set(package.iterdir()) - {package / "trace_c.log"}:
        data = path.read_bytes()
        assert data.isascii() and not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", data), path.name
    lines = (package / "summary.md").read_text().splitlines()
    assert lines[0].startswith("# ") and lines[0].endswith(", pixel (slow 12, fast 14)")
    assert [line for line in lines if line.startswith("TODO")] == lines[-1:]
    command = (package / "commands.txt").read_text().splitlines()[-2]
    shown = subprocess.run(["bash", "-c", f'nbtui() {{ printf %s "$2"; }}\n{command}'], capture_output=True, check=True)
    assert os.fsdecode(shown.stdout) == name
    capsys.readouterr()
    assert main(["history", "reports"]) == 0
    said = capsys.readouterr()
    assert not [char for char in said.out if unicodedata.category(char) in ("Cc", "Cf") and char != "\n"]


@pytest.mark.slow
def test_a_diagnosis_is_kept(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = exported(capsys, "demo", "--diagnose", code=1)
    found = load(package)["diagnosis"]
    best = found["hypotheses"][0]
    # the demo is a series of phi steps with a domain each: what differs in spec mode is C's carry-over alone
    assert best["ids"] == ["phi_carryover"] and best["rank"] == 1 and best["side"] == "PY"
    assert best["explained"] == pytest.approx(1.0, abs=1e-6)
    assert found["new_divergence"] == "rot_a_angstroms"
    text = (package / "summary.md").read_text()
    section = text.partition("## Diagnosis\n\n")[2].partition("\n\n## ")[0]
    assert section.startswith("Explained: phi_carryover.\n\n")
    cause = section.index(f"1. phi_carryover: {best['summary']}\n   - a cause of the simulation; probability ")
    assert f"   - explains {best['explained']!r} of the difference; " in section[cause:]
    assert f"   - remedy: {best['fix'][0]}" in section.splitlines()
    assert text.splitlines()[-1].startswith("TODO confirm phi_carryover: ")
    assert only_the_diagnosis_is_not_judged(package)
    schema = json.loads((resources("nbtui.evidence") / "metrics.schema.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(load(package))


def test_nothing_to_diagnose(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = exported(capsys, "demo", "--diagnose", "--phi-mode", "c-parity", code=0)
    assert load(package)["diagnosis"]["hypotheses"] == []
    assert "## Diagnosis\n\nNothing differs." in (package / "summary.md").read_text()
    assert load(exported(capsys, "demo", code=1))["diagnosis"] is None


def test_a_diagnosis_without_a_cause_is_kept_with_its_facts_and_open_questions(here: Path) -> None:
    request = ExportRequest(load_case("demo"), Settings(), here / "reports", diagnose=lambda *given: UNKNOWN)
    package = export_package(request)
    text = (package / "summary.md").read_text()
    section = text.partition("## Diagnosis\n\n")[2].partition("\n\n## ")[0]
    assert section.startswith(
        "No known cause explains the difference.\n\nWhat is certain:\n\n- Everything up to F_latt"
    )
    assert "\n\nWhat is unknown:\n\n- I_before_scaling is off by a factor of 0.19140: no known ratio" in section
    assert text.splitlines()[-1].startswith("TODO explain rot_a_angstroms")
    assert only_the_diagnosis_is_not_judged(package)
    found = load(package)
    validator = Draft202012Validator(
        json.loads((resources("nbtui.evidence") / "metrics.schema.json").read_text("utf-8"))
    )
    validator.validate(found)
    for key in ("verdict", "certain", "unknown", "remarks"):  # older packages lack them
        del found["diagnosis"][key]
    validator.validate(found)


def test_a_partial_explanation_is_kept_with_its_kind_and_probability(here: Path) -> None:
    weak = cause("tap_after_polar", explained=0.8, residual=0.068, probability=0.6, left="Not explained: polar.")
    made = diagnosis(weak, verdict=Verdict.PARTLY, unknown=(OFF,), remarks=("float32 from hkl_frac on.",))
    package = export_package(
        ExportRequest(load_case("demo"), Settings(), here / "reports", diagnose=lambda *given: made)
    )
    lines = (package / "summary.md").read_text().splitlines()
    assert "Partly explained: tap_after_polar." in lines
    assert "   - a cause of the print: the trace line, not the pixel; probability 0.6" in lines
    left = "   - explains 0.8 of the difference; largest relative difference left: 0.068 (I_pixel_final)"
    assert lines.index(left) < lines.index("What is unknown:") < lines.index("- float32 from hkl_frac on.")
    assert only_the_diagnosis_is_not_judged(package)


def test_a_package_with_a_divergence_that_does_not_reach_the_pixel_verifies(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = lines_of()
    for name in ("rot_a_star_A_inv", "I_before_scaling", "I_pixel_final", "floatimage_accumulated"):
        lines = edited(lines, name, lambda x: x * 1.25)
    (here / "py.log").write_text("\n".join(lines) + "\n")
    package = exported(capsys, "demo", "--diagnose", "--py", "py.log", code=1)
    found = load(package)
    assert found["first_divergence"] == "rot_a_star_A_inv"
    assert found["first_reaching_divergence"] == "I_before_scaling"
    assert only_the_diagnosis_is_not_judged(package)


def test_a_diagnosis_of_logs_without_a_common_value_knows_nothing(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "py.log").write_text("TRACE_PY: something 1.5\n")
    found = load(exported(capsys, "demo", "--diagnose", "--py", "py.log", code=1))["diagnosis"]
    assert (found["verdict"], found["hypotheses"]) == ("unknown", [])
    assert any("too few fields" in text for text in found["preflight"])


@pytest.mark.slow
def test_every_number_has_a_unit(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = load(exported(capsys, "demo", "--dtype", "float32", "--diagnose", code=1))
    units = found["units"]
    numeric = {key for key, value in found.items() if isinstance(value, int | float) and not isinstance(value, bool)}
    inside = {key for key in found if key.startswith(("hkl_", "pixel"))}
    assert numeric | inside <= set(units)
    assert units["I_before_scaling_C"] == units["I_before_scaling_Py"] == "e^2"
    assert (units["hkl_frac"], units["scattering_vector"], units["F_cell_C"]) == ("1", "m^-1", "e")
    rows = {**found["factors"], **found["other_fields"]}
    assert [rows[f"beam_center_m.{part}"]["unit"] for part in ("X", "Y", "pixel_mm")] == ["km", "km", "mm"]
    for label, row in rows.items():
        assert not isinstance(row["py_value"], int | float) or row["unit"], label


def test_any_changed_byte_is_noticed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = exported(capsys, "demo", code=1)
    for path in sorted(package.iterdir()):
        data = path.read_bytes()
        for at in {0, len(data) // 2, len(data) - 1}:
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            names = {
                finding.file
                for finding in checksums.check_strict(package, tuple(entry.name for entry in package.iterdir()))
            }
            # a byte of sha256.txt itself shows in the file that its line is about
            assert names and (path.name in names or path.name == "sha256.txt"), (path.name, at)
        path.write_bytes(data)
    assert verify(package).ok


def test_schemas_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    for which in ("metrics", "env"):
        assert main(["schema", which]) == 0
        printed = capsys.readouterr().out
        Draft202012Validator.check_schema(json.loads(printed))
        kept = (resources("nbtui.evidence") / f"{which}.schema.json").read_bytes()
        assert hashlib.sha256(printed.encode()).digest() == hashlib.sha256(kept).digest()
