"""Evidence packages: every file of the specification, whole or not at all, and never over another one."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from nbtui.cli import main
from nbtui.errors import NotWritten, SimulationFailed
from nbtui.evidence.ascii_text import shell_line
from nbtui.evidence.write import gather as gathering
from nbtui.evidence.write.export import ExportRequest, export
from nbtui.evidence.write.files import write_package
from nbtui.live.cases import load_case
from nbtui.live.model import Settings
from nbtui.trace.reading.reader import read_phi, read_trace, with_phi
from support.places import DEMO

FILES = {
    *("trace_py_scaling_cpu.log", "trace_py_scaling_cpu_per_phi.log", "terms.csv", "trace_c.log"),
    *("summary.md", "metrics.json", "commands.txt", "env.json", "sha256.txt"),
}
GATE_DELTA = (45859665004.4956 - 50852131943.9641) / 50852131943.9641  # of the two printed I_before_scaling


def exported(capsys: pytest.CaptureFixture[str], *words: str, code: int) -> Path:
    """The package of ``nbtui export``; its path is the last line of stdout, alone."""
    capsys.readouterr()
    assert main(["export", *words]) == code
    return Path(capsys.readouterr().out.splitlines()[-1])


def load(package: Path, name: str = "metrics.json") -> dict[str, Any]:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no strict JSON")

    found: dict[str, Any] = json.loads((package / name).read_text("ascii"), parse_constant=refuse)
    return found


def test_a_diverging_case_is_kept_whole_and_exits_with_1(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    package = exported(capsys, "demo", "--note", "first\nlook, φ = 0", code=1)
    assert package.parent == Path("reports")
    stamped = datetime.strptime(package.name, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert before <= stamped <= datetime.now(UTC)
    assert {path.name for path in package.iterdir()} == FILES
    assert [path.name for path in package.parent.iterdir()] == [package.name]
    assert (package / "trace_c.log").read_bytes() == (DEMO / "trace_c.log").read_bytes()
    for name in FILES - {"trace_c.log"}:
        data = (package / name).read_bytes()
        assert data.isascii() and data.endswith(b"\n") and not data.endswith(b"\n\n") and b"\r" not in data
    lines = (package / "summary.md").read_text().splitlines()
    assert lines[0] == "# demo, pixel (slow 12, fast 14)"
    assert lines[2].startswith("Verdict: first divergence rot_a_angstroms.x, relative delta 0.00131")
    assert any(line.startswith("BLOCKED: rot_a_angstroms.x") for line in lines)
    assert f"- package: reports/{package.name}" in lines
    assert "- phi mode: spec" in lines
    assert any("phi = 0" in line and line.startswith("- note: first") for line in lines)
    assert lines[-1].startswith("TODO explain rot_a_angstroms.x")
    headings = [line for line in lines if line.startswith("## ")]
    assert headings == [
        *("## Scaling chain", "## All other compared fields", "## First divergence", "## Preflight", "## Diagnosis"),
        *("## Change against the baseline", "## Print options"),
    ]


def test_an_agreeing_case_exits_with_0(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = exported(capsys, "demo", "--phi-mode", "c-parity", "--todo", "look at pixel (3, 4)", code=0)
    text = (package / "summary.md").read_text()
    assert "Verdict: agree" in text and "BLOCKED" not in text
    assert text.endswith("\nTODO look at pixel (3, 4)\n")
    assert load(package)["first_divergence"] is None


def test_checksums_are_accepted_by_sha256sum(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = exported(capsys, "demo", code=1)
    lines = (package / "sha256.txt").read_text().splitlines()
    assert [line.split("  ")[1] for line in lines] == sorted(FILES - {"sha256.txt"})
    subprocess.run(["sha256sum", "--strict", "-c", "sha256.txt"], cwd=package, check=True, capture_output=True)


def validate(package: Path) -> None:
    for name in ("metrics", "env"):
        schema = json.loads((resources("nbtui.evidence") / f"{name}.schema.json").read_text("utf-8"))
        Draft202012Validator.check_schema(schema)
        Draft202012Validator(schema).validate(load(package, f"{name}.json"))


@pytest.mark.parametrize("words", [(), ("--phi-mode", "c-parity"), ("--dtype", "float32", "--hostname")])
def test_json_files_keep_their_schemas(words: tuple[str, ...], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    main(["export", "demo", *words])
    validate(Path(capsys.readouterr().out.splitlines()[-1]))


def test_metrics_say_what_was_measured(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = exported(capsys, "demo", code=1)
    found = load(package)
    assert list(found)[:2] == ["schema", "schema_version"]
    assert (found["case"], found["pixel"]) == ("demo", {"slow": 12, "fast": 14})
    assert (found["phi_mode"], found["dtype"], found["device"]) == ("spec", "float64", "cpu")
    assert found["relative_delta"] == pytest.approx(GATE_DELTA, rel=1e-12)
    gate = found["factors"]["I_before_scaling"]
    assert gate["c_value"] == 50852131943.9641 and gate["status"] == "CRITICAL"
    assert found["first_divergence"] == "rot_a_angstroms"
    counts = {key: found[key] for key in ("steps", "oversample", "phi_steps", "mosaic_domains", "sources")}
    assert counts == {"steps": 96, "oversample": 1, "phi_steps": 12, "mosaic_domains": 8, "sources": 1}
    assert found["command"].startswith("nanoBragg -cell 30") and found["command"].endswith("-trace_pixel 12 14")
    assert found["command_hash"] == hashlib.sha256(found["command"].encode()).hexdigest()
    inputs = {entry["path"]: entry for entry in found["inputs"]}
    assert set(inputs) == {"demo.hkl", "trace_c.log"}
    for name, entry in inputs.items():
        data = (DEMO / name).read_bytes()
        assert (entry["sha256"], entry["size"]) == (hashlib.sha256(data).hexdigest(), len(data))


def test_the_terms_add_up_to_the_intensity(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = exported(capsys, "demo", code=1)
    with (package / "terms.csv").open() as stream:
        total = sum(float(row["F_cell2_F_latt2"]) for row in csv.DictReader(stream))
    assert total == pytest.approx(load(package)["I_before_scaling_Py"], rel=1e-12)


def test_the_logs_of_a_package_compare_as_its_metrics_say(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = exported(capsys, "demo", code=1)
    py = read_trace(package / "trace_py_scaling_cpu.log")
    assert not py.phi
    py = with_phi(py, read_phi(package / "trace_py_scaling_cpu_per_phi.log"))
    logs = ["--c", str(package / "trace_c.log"), "--py", str(package / "trace_py_scaling_cpu.log")]
    capsys.readouterr()
    assert main(["compare", *logs, "--py-phi", str(package / "trace_py_scaling_cpu_per_phi.log"), "--json"]) == 1
    again, kept = json.loads(capsys.readouterr().out), load(package)
    for key in ("factors", "other_fields", "first_divergence_detail", "num_compared", "num_divergent", "trace_sha256"):
        assert again[key] == kept[key]


NUMBER = re.compile(r"(?<![\w.])[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])")


def test_every_number_of_the_summary_stands_in_the_metrics(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exported(capsys, "demo", code=1)
    package = exported(capsys, "demo", "--dtype", "float32", "--phi-mode", "c-parity", code=1)
    known = set(NUMBER.findall((package / "metrics.json").read_text() + (package / "env.json").read_text()))
    text = (package / "summary.md").read_text().replace(package.name, "")
    before, title, changes = text.partition("## Change against the baseline")
    rounded = re.sub(r"(?m)^\|.* (?:worse|better) \|.*$", "", changes)  # deltas of two packages, as far as they differ
    text = before + title + rounded
    lines = [line for line in text.splitlines() if not re.match(r"\| \w+\.\d \|", line)]  # matrix elements
    assert {token for line in lines for token in NUMBER.findall(line)} - known == set()


def test_environment_in_and_out_of_a_checkout(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(here.parent))
    outside = load(exported(capsys, "demo", code=1), "env.json")
    assert [outside[key] for key in ("git_sha", "branch", "git_status")] == [None, None, None]
    assert "hostname" not in outside
    assert outside["python"] == ".".join(map(str, sys.version_info[:3]))
    git = ["git", "-c", "user.name=n", "-c", "user.email=e@x", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q", "-b", "work"], ["commit", "-q", "--allow-empty", "-m", "one"]):
        subprocess.run([*git, *words], check=True)
    package = exported(capsys, "demo", code=1)
    inside = load(package, "env.json")
    assert re.fullmatch("[0-9a-f]{40}", inside["git_sha"]) and inside["branch"] == "work"
    assert inside["git_status"] == ["?? reports/"]
    assert load(package)["git_sha"] == inside["git_sha"]
    assert "not in a git checkout" in sorted(here.glob("reports/*/summary.md"))[0].read_text()


def test_commands_can_be_pasted(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = exported(
        capsys, "demo", "--phi-mode", "c-parity", "--run", "echo out; echo φ >&2", "--run", "exit 5", code=1
    )
    whole = (package / "commands.txt").read_text().splitlines()
    at = re.compile(r"# 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ in (.+)")
    assert [match[1] for match in map(at.fullmatch, whole) if match] == [shell_line([str(here)])] * 4
    assert [bool(at.fullmatch(line)) for line in whole] == [True, False, False] * 4  # above each command
    lines = [line for line in whole if not at.fullmatch(line)]
    assert lines[0].startswith("cd ") and lines[1] == "# exit status: 0"
    assert (package / "run_1.log").read_text() == "out\nphi\n"
    assert lines[3] == "# exit status: 0   log: run_1.log"
    assert lines[4:6] == ["bash -c 'exit 5'", "# exit status: 5   log: run_2.log"]
    assert lines[6].startswith("KMP_DUPLICATE_LIB_OK=TRUE nbtui export demo --phi-mode c-parity")
    assert lines[7] == "# exit status: 1"
    assert "BLOCKED: 'exit 5' ended with exit status 5" in (package / "summary.md").read_text()
    done = subprocess.run(["bash", "-c", lines[2]], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("out\n", "φ\n")
    script = package / "commands.txt"
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_a_package_asked_for_in_the_console_has_a_command_too(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = here / "c.log"
    log.write_bytes((DEMO / "trace_c.log").read_bytes())
    settings = Settings(phi_mode="c-parity", quirks=(("source_weights_ignored", True),))
    path = export(ExportRequest(load_case("demo"), settings, Path("reports"), c_log=log, tolerance=1e-7)).path
    line = (path / "commands.txt").read_text().splitlines()[-2]
    words = shlex.split(line.removeprefix("KMP_DUPLICATE_LIB_OK=TRUE nbtui "))
    assert words[:2] == ["export", "demo"]
    again = load(exported(capsys, *words[1:], code=0))
    first = load(path)
    for key in ("factors", "inputs", "quirks", "tolerance", "phi_mode", "command_hash"):
        assert again[key] == first[key]


@pytest.mark.slow
def test_an_interrupted_export_leaves_nothing(here: Path) -> None:
    code = "import sys; from nbtui.cli import main; sys.exit(main())"
    words = ["export", "demo", "--run", "touch started; exec sleep 60"]
    process = subprocess.Popen([sys.executable, "-c", code, *words], stderr=subprocess.PIPE)
    while not Path("started").exists() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert said.decode().splitlines()[-1] == "nbtui: interrupted"
    assert [path.name for path in here.iterdir()] == ["started"]


@pytest.mark.parametrize("word", ["plain", "two words", "it's", "φ", "a\nb", "back\\slash φ", "$HOME `x` φ'", ""])
def test_quoted_words_come_back(word: str) -> None:
    done = subprocess.run(["bash", "-c", f"printf %s {shell_line([word])}"], capture_output=True, text=True, check=True)
    assert done.stdout == word and shell_line([word]).isascii()


def test_the_baseline_is_the_newest_of_the_same_pixel(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = exported(capsys, "demo", code=1)
    assert load(first)["baseline"] is None
    for days, change in ((1, {"pixel": {"slow": 12, "fast": 15}}), (2, {"case": "other"}), (-1, {})):
        stamp = datetime.strptime(first.name, "%Y%m%dT%H%M%SZ") - timedelta(hours=days)
        foreign = first.parent / stamp.strftime("%Y%m%dT%H%M%SZ")
        foreign.mkdir()
        (foreign / "metrics.json").write_text(json.dumps(load(first) | change))
    second = exported(capsys, "demo", "--phi-mode", "c-parity", "--dtype", "float32", "--tolerance", "1e-3", code=0)
    found = load(second)
    assert found["baseline"]["path"] == f"reports/{first.name}"
    assert found["baseline"]["factors"]["I_before_scaling"]["change"] == "better"
    assert found["baseline"]["factors"]["steps"]["change"] == "same"
    assert {"name": "dtype", "baseline": "float64", "now": "float32"} in found["environment_drift"]
    text = (second / "summary.md").read_text()
    assert "Environment drift: dtype was float64, is float32." in text
    third = exported(capsys, "demo", "--baseline", str(second), code=1)
    assert load(third)["baseline"]["factors"]["I_before_scaling"]["change"] == "worse"


def test_an_old_package_can_be_the_baseline(here: Path, shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = shared / "legacy_bundles" / "20251008T044933Z"
    package = exported(capsys, str(shared / "seed_case"), "--phi-mode", "c-parity", "--baseline", str(old), code=0)
    changes = load(package)["baseline"]["factors"]
    assert changes["I_before_scaling"]["change"] == "better"
    assert "environment drift is unknown" in (package / "summary.md").read_text()
    assert "shared" not in load(package)["baseline"]["path"]
    validate(package)
    text = (package / "summary.md").read_text()
    lines = text[text.index("## Change against") : text.index("## Print options")].splitlines()
    rows = {line.split(" | ")[0]: line.split(" | ")[1] for line in lines if line.startswith("| ")}
    *words, _ = sorted(rows.values(), key=("worse", "better", "change").index)
    assert list(rows.values()) == ["change", *words] and "| I_before_scaling" in rows  # worse first, nothing else
    counts = load(package)["baseline"]["counts"]
    assert counts["better"] == words.count("better") and counts["new"] > 100
    assert f"{counts['better']} better, {counts['same']} same, {counts['new']} new, " in text


def test_a_given_log_is_kept_as_it_is(here: Path, shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = shared / "legacy_bundles" / "20251008T044933Z" / "trace_py_scaling_cpu.log"
    package = exported(capsys, str(shared / "seed_case"), "--py", str(given), "--profile", "scaling", code=1)
    assert (package / "trace_py_scaling_cpu.log").read_bytes() == given.read_bytes()
    found = load(package)
    assert found["python_trace"] == "a given log"
    # what that package's own summary says of the same two logs
    assert found["relative_delta"] == pytest.approx(-8.725648e-02, rel=1e-6)
    validate(package)


def test_a_failed_simulation_leaves_a_blocked_package(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(case: object, settings: object) -> None:
        raise SimulationFailed("demo: the simulation failed: out of memory")

    monkeypatch.setattr(gathering, "simulate", fail)
    package = exported(capsys, "demo", code=3)
    text = (package / "summary.md").read_text()
    assert "\nBLOCKED: demo: the simulation failed: out of memory\n" in text
    assert "\nVerdict: nothing compared\n" in text
    assert text.splitlines()[-1].startswith("TODO fix this")
    assert {entry["path"] for entry in load(package)["inputs"]} == {"demo.hkl", "trace_c.log"}
    assert "# exit status: 3" in (package / "commands.txt").read_text()
    validate(package)
    subprocess.run(["sha256sum", "--strict", "-c", "sha256.txt"], cwd=package, check=True, capture_output=True)


def test_exports_of_the_same_second_never_mix(here: Path) -> None:
    case, settings = load_case("demo"), Settings(phi_mode="c-parity")
    first = export(ExportRequest(case, settings, Path("reports")))
    request = ExportRequest(case, settings, Path("reports"))
    paths: list[Path] = []
    threads = [threading.Thread(target=lambda: paths.append(export(request).path)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({first.path, *paths}) == 5
    for path in paths:
        subprocess.run(["sha256sum", "--strict", "-c", "sha256.txt"], cwd=path, check=True, capture_output=True)
    assert sorted(path.name for path in Path("reports").iterdir()) == sorted(path.name for path in [first.path, *paths])


WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["empty", "full", "file", "link"])
def test_what_has_the_name_stays(kind: str, here: Path) -> None:
    taken = here / "20260102T030405Z"
    if kind == "file":
        taken.write_text("mine")
    elif kind == "link":
        taken.symlink_to("nowhere")
    else:
        taken.mkdir()
        if kind == "full":
            (taken / "mine").write_text("mine")
    path = write_package(here, WHEN, lambda folder, stamp: None)
    assert path.name == "20260102T030406Z"
    assert taken.is_symlink() if kind == "link" else taken.exists()
    assert kind != "empty" or list(taken.iterdir()) == []


def test_a_failure_while_writing_leaves_nothing(here: Path) -> None:
    def fill(folder: Path, stamp: str) -> None:
        (folder / "summary.md").write_text("half")
        raise OSError(28, "No space left on device", str(folder / "summary.md"))

    with pytest.raises(NotWritten, match="No space left"):
        write_package(here, WHEN, fill)
    assert list(here.iterdir()) == []


def test_a_killed_export_leaves_no_package(here: Path) -> None:
    code = (
        "import os, signal\nfrom pathlib import Path\nfrom datetime import UTC, datetime\n"
        "from nbtui.evidence.write.files import write_package\n"
        "def fill(folder, stamp):\n    (folder / 'metrics.json').write_text('{}')\n    os.kill(os.getpid(), 9)\n"
        "write_package(Path('reports'), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), fill)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert [path.name for path in Path("reports").iterdir() if not path.name.startswith(".")] == []
    # and the next export takes away what is left of it
    assert write_package(Path("reports"), WHEN, lambda folder, stamp: None).name == "20260102T030405Z"
    assert [path.name for path in Path("reports").iterdir()] == ["20260102T030405Z"]


def test_a_root_that_cannot_be_made_exits_with_4(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "file").write_text("mine")
    assert main(["export", "demo", "--reports", "file/reports"]) == 4
    assert "file" in capsys.readouterr().err
    assert (here / "file").read_text() == "mine"


def test_a_nested_root_and_a_root_of_the_case(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = exported(capsys, "demo", "--reports", "reports/2025-10/phase_l", code=1)
    assert package.parent == Path("reports/2025-10/phase_l")
    (here / "nbtui.toml").write_text(f'[cases.own]\nfolder = "{DEMO}"\nreports = "kept"\n')
    assert exported(capsys, "own", code=1).parent == here / "kept"
