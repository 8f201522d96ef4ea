"""``verify``: any changed byte is noticed and named, and what was made consistent by hand is still recomputed."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nbtui.cli import main
from nbtui.evidence.check.checksums import check_strict, parse
from nbtui.evidence.check.finding import CheckOutcome
from nbtui.evidence.check.printed import stands_for, tokens, unexplained
from nbtui.evidence.check.verify import Verification, verify
from nbtui.evidence.read.folder import file_hash, list_files
from nbtui.evidence.write.export import ExportRequest, export
from nbtui.live.cases import load_case
from nbtui.live.model import Settings
from nbtui.parity.profiles import from_mapping
from support.evidence_packages import checksums, copied, new_package, old_package
from support.forging import metrics_of, put_metrics
from support.schemas import held


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The demo exported: diverging, agreeing, and in float32 with an extra command that fails."""
    root = tmp_path_factory.mktemp("reports")
    case = load_case(None)

    def made(settings: Settings, **more: Any) -> Path:
        return export(ExportRequest(case, settings, root, **more)).path

    return {
        "diverging": made(Settings(phi_mode="spec"), note="3 of 7 tried, see [1.25]", todo="look at 17.5 again"),
        "agreeing": made(Settings(phi_mode="c-parity"), runs=("echo 'φ \x1b[31m 0.123'; exit 3",)),
        "float32": made(Settings(phi_mode="c-parity", dtype="float32"), profile="scaling"),
        "own": made(Settings(), profile="mine", profiles={"mine": from_mapping("mine", {"tolerance": 1e-3})}),
        "loose": made(Settings(phi_mode="spec"), tolerance=0.5),
    }


@pytest.fixture
def whole(packages: dict[str, Path], tmp_path: Path) -> Path:
    """A writable copy of the diverging package."""
    return copied(packages["diverging"], tmp_path)


def fatal(outcome: Verification) -> set[str]:
    return {finding.file for finding in outcome.findings if finding.fatal}


def said(outcome: Verification) -> str:
    return "\n".join(f"{finding.file}: {finding.what}" for finding in outcome.findings)


@pytest.mark.parametrize("name", ["diverging", "agreeing", "float32", "own", "loose"])
def test_a_package_of_ours_holds(packages: dict[str, Path], name: str) -> None:
    outcome = verify(packages[name])
    assert outcome.ok, said(outcome)


def test_verifying_changes_nothing(whole: Path) -> None:
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in whole.iterdir()}
    verify(whole)
    assert before == {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in whole.iterdir()}


def test_every_byte_of_the_checksums_and_many_of_every_file_count(whole: Path) -> None:
    files = tuple(list_files(whole))
    rng = random.Random(4)
    for name in files:
        raw = (whole / name).read_bytes()
        everywhere = range(len(raw))
        places = everywhere if name == "sha256.txt" else sorted({0, len(raw) - 1, *rng.sample(everywhere, 25)})
        for at in places:
            flipped = bytearray(raw)
            flipped[at] ^= rng.choice((0x01, 0x20, 0x80))
            (whole / name).write_bytes(bytes(flipped))
            findings = check_strict(whole, files)
            assert findings, f"byte {at} of {name}"
            assert {finding.file for finding in findings} == {name}, f"byte {at} of {name}: {findings}"
        (whole / name).write_bytes(raw)
    assert check_strict(whole, files) == []


@pytest.mark.slow
def test_a_changed_byte_fails_the_whole_verification_and_is_named(whole: Path) -> None:
    for path in sorted(whole.iterdir()):
        raw = path.read_bytes()
        for at in (0, len(raw) // 2):
            path.write_bytes(raw[:at] + bytes([raw[at] ^ 0x01]) + raw[at + 1 :])
            assert path.name in fatal(verify(whole)), f"byte {at} of {path.name}"
        path.write_bytes(raw)


@pytest.mark.parametrize("shorten", [True, False])
def test_a_byte_more_or_less_is_named(whole: Path, shorten: bool) -> None:
    for path in sorted(whole.iterdir()):
        raw = path.read_bytes()
        path.write_bytes(raw[:-1] if shorten else raw + b"\n")
        assert {finding.file for finding in check_strict(whole, tuple(list_files(whole)))} == {path.name}
        path.write_bytes(raw)


def test_missing_added_and_linked_files_are_named(whole: Path) -> None:
    (whole / "env.json").rename(whole / "other.json")
    (whole / "folder").mkdir()
    assert {"env.json", "other.json", "folder"} <= fatal(verify(whole)) | {"other.json"}
    assert "other.json" in said(verify(whole))
    (whole / "other.json").rename(whole / "env.json")
    (whole / "folder").rmdir()
    assert verify(whole).ok
    outside = whole.parent / "trace_c.log"
    (whole / "trace_c.log").rename(outside)
    (whole / "trace_c.log").symlink_to(outside)
    assert "trace_c.log" in fatal(verify(whole))


def edited(package: Path, name: str, old: str, new: str) -> Verification:
    """Change a file and make the checksums fit again: only recomputation can notice."""
    content = (package / name).read_text()
    assert old in content
    (package / name).write_text(content.replace(old, new, 1))
    (package / "sha256.txt").write_text(checksums(package))
    return verify(package)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "old", "new", "blamed"),
    [
        ("summary.md", "DIVERGENT", "MINOR", "summary.md"),
        ("summary.md", "45859665004.4956", "45859665004.4957", "summary.md"),
        ("summary.md", "relative delta 0.001317", "relative delta 0.001318", "summary.md"),
        ("summary.md", "phi mode: spec", "phi mode: c-parity", "summary.md"),
        ("summary.md", "slow 12, fast 14", "slow 14, fast 12", "summary.md"),
        ("summary.md", "TODO ", "DONE ", "summary.md"),
        ("summary.md", "| F_latt_b |", "| F_latt_q |", "summary.md"),
        ("summary.md", "first divergence rot_a", "first divergence rot_b", "summary.md"),
        ("metrics.json", '"num_divergent": 1', '"num_divergent": 2', "metrics.json"),
        ("metrics.json", '"verdict": "diverge"', '"verdict": "agree"', "metrics.json"),
        ("metrics.json", '"py_value": 45859665004.4956', '"py_value": 45859665004.4957', "metrics.json"),
        ("metrics.json", '"status": "CRITICAL"', '"status": "PASS"', "metrics.json"),
        ("metrics.json", '"tolerance": 1e-06', '"tolerance": 1e-05', "metrics.json"),
        ("metrics.json", '"command": "nanoBragg', '"command": "nanobragg', "metrics.json"),
        ("metrics.json", '"slow": 12', '"slow": 13', "metrics.json"),
        ("metrics.json", '"schema_version": 3', '"schema_version": "one"', "metrics.json"),
        ("trace_c.log", "TRACE_C: F_cell 94.421", "TRACE_C: F_cell 94.422", "metrics.json"),
        ("trace_py_scaling_cpu.log", "TRACE_PY: steps 96", "TRACE_PY: steps 97", "metrics.json"),
        ("trace_py_scaling_cpu_per_phi.log", "phi_tic=1 phi_deg=0.05", "phi_tic=1 phi_deg=0.06", "metrics.json"),
        ("commands.txt", "exit status: 1", "exit status: 0", "commands.txt"),
        ("commands.txt", "--phi-mode spec", "--phi-mode c-parity", "commands.txt"),
        ("env.json", '"utc": "2', '"utc": "3', "env.json"),
        ("env.json", '"python": "', '"pyhton": "', "env.json"),
    ],
)
def test_a_consistent_forgery_is_recomputed(whole: Path, name: str, old: str, new: str, blamed: str) -> None:
    outcome = edited(whole, name, old, new)
    assert blamed in fatal(outcome), said(outcome)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Detector rotations about x, y, z and two-theta", "Rotations of the detector"),
        ("The C program warns: maximum dimension", "Warning of the C program: largest dimension"),
        ("## Preflight", "## Preflight checks"),
    ],
)
def test_the_wording_of_another_version_is_judged_by_numbers_and_names(whole: Path, old: str, new: str) -> None:
    texts = {name: (whole / name).read_text() for name in ("metrics.json", "summary.md")}
    assert any(old in text for text in texts.values())
    for name, text in texts.items():
        (whole / name).write_text(text.replace(old, new))
    (whole / "sha256.txt").write_text(checksums(whole))
    assert verify(whole).outcome is CheckOutcome.FAILED  # of this version
    another_version(whole)
    found = verify(whole)
    assert found.outcome is CheckOutcome.INCOMPLETE, said(found)
    assert "another version of nbtui" in said(found)


def another_version(package: Path) -> None:
    """Label a package as written by another nbtui."""
    for name in ("env.json", "metrics.json"):
        text = (package / name).read_text()
        (package / name).write_text(re.sub(r'("nbtui": "|nbsim )[0-9.]+', r"\g<1>0.0.7", text))
    summary = (package / "summary.md").read_text()
    (package / "summary.md").write_text(re.sub(r"simulated by nbsim [0-9.]+", "simulated by nbsim 0.0.7", summary))
    put_metrics(package, files={name: file_hash(package / name) for name in metrics_of(package)["files"]})
    (package / "sha256.txt").write_text(checksums(package))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("maximum dimension of sample is 315 A", "maximum dimension of sample is 316 A"),
        ("FIRST DIVERGENCE  rot_a_angstroms.x", "FIRST DIVERGENCE  rot_b_angstroms.x"),
        ("FIRST DIVERGENCE  rot_a_angstroms.x", "NEARLY EQUAL UP TO  rot_a_angstroms.x"),
        ("rot_a_angstroms.x  +0.13178 %", "rot_a_angstroms.x  +0.13179 %"),
    ],
)
def test_a_changed_number_name_or_verdict_is_found(whole: Path, old: str, new: str) -> None:
    assert "metrics.json" in fatal(edited(whole, "metrics.json", old, new))


def test_under_a_profile_of_the_users_own_the_values_are_recomputed(packages: dict[str, Path], tmp_path: Path) -> None:
    package = copied(packages["own"], tmp_path)
    outcome = edited(package, "metrics.json", '"py_value": 45859665004.4956', '"py_value": 45859665004.4957')
    assert "metrics.json" in fatal(outcome)


def test_the_terms_must_add_up_and_multiply_out(whole: Path) -> None:
    lines = (whole / "terms.csv").read_text().splitlines()
    term = lines[5].split(",")[-1]
    assert "terms.csv" in fatal(edited(whole, "terms.csv", f",{term}", f",{float(term) * 1.5!r}"))
    (whole / "terms.csv").write_text("\n".join(lines[:-1]) + "\n")  # every product is right, one term is lost
    (whole / "sha256.txt").write_text(checksums(whole))
    assert "add up" in said(verify(whole))


def test_our_checksums_are_those_of_coreutils(whole: Path) -> None:
    subprocess.run(["sha256sum", "--quiet", "-c", "sha256.txt"], cwd=whole, check=True)
    assert (whole / "sha256.txt").read_text() == checksums(whole)


# --- older packages ------------------------------------------------------------------------------------------------


def test_the_real_old_packages_are_judged_and_left_alone(shared: Path) -> None:
    root = shared / "legacy_bundles"
    outcomes = {name: verify(root / name) for name in ("20251007T222548Z", "20251008T043438Z", "20251008T044933Z")}
    assert {outcome.outcome for outcome in outcomes.values()} == {CheckOutcome.INCOMPLETE}
    assert "sha256.txt: holds a git SHA instead of checksums" in said(outcomes["20251008T044933Z"])
    assert "collect_only.log: is not listed" in said(outcomes["20251008T043438Z"])
    assert "paths of another directory" in said(outcomes["20251008T043438Z"])
    assert "does not end with a newline" in said(outcomes["20251007T222548Z"])


@pytest.mark.parametrize("name", ["metrics.json", "summary.md", "trace_py_scaling_cpu.log", "run_metadata.json"])
def test_a_changed_byte_of_an_old_package_is_named(shared: Path, tmp_path: Path, name: str) -> None:
    package = copied(shared / "legacy_bundles" / "20251007T222548Z", tmp_path)
    raw = (package / name).read_bytes()
    (package / name).write_bytes(raw[:100] + bytes([raw[100] ^ 1]) + raw[101:])
    assert fatal(verify(package)) >= {name}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("summary.md", "861314.812", "861314.822"),
        ("summary.md", "DIVERGENT |", "MINOR |"),
        ("metrics.json", '"py_value": 861314.8125', '"py_value": 861314.8126'),
        ("metrics.json", '"abs_delta": -82339', '"abs_delta": -82338'),
        ("metrics.json", '"num_divergent": 2', '"num_divergent": 1'),
    ],
)
def test_an_old_package_is_recomputed_too(shared: Path, tmp_path: Path, name: str, old: str, new: str) -> None:
    package = copied(shared / "legacy_bundles" / "20251008T044933Z", tmp_path)
    outcome = edited(package, name, old, new)
    assert fatal(outcome), said(outcome)


def listing(package: Path, form: str) -> str:
    lines = checksums(package).splitlines()
    if form == "dot":
        return "".join(f"{line[:66]}./{line[66:]}\n" for line in lines)
    if form == "binary":
        return "".join(f"{line[:65]}*{line[66:]}\n" for line in lines)
    if form == "repository":
        return "".join(f"{line[:66]}reports/a/{package.name}/{line[66:]}\n" for line in lines)
    if form == "comments":
        return "# made by hand\n\n" + "\n".join(lines)
    if form == "itself":
        return "\n".join([*lines, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  sha256.txt"])
    return "".join(f"{line[:64].upper()}{line[64:]}\r\n" for line in lines)


@pytest.mark.parametrize("form", ["dot", "binary", "repository", "comments", "itself", "upper"])
def test_every_way_to_write_checksums_is_read(tmp_path: Path, form: str) -> None:
    package = old_package(tmp_path, "20260101T000000Z", sums="")
    (package / "sha256.txt").write_text(listing(package, form))
    assert fatal(verify(package)) == set(), said(verify(package))
    content = (package / "metrics.json").read_text()
    (package / "metrics.json").write_text(content + " ")
    assert fatal(verify(package)) == {"metrics.json"}


@pytest.mark.parametrize("content", ["", "3df75f50b4b5b556f1ccaa227f30e417a1e2b6ea\n", "\0\xff" * 50, "# nothing\n"])
def test_checksums_that_are_none_show_nothing(tmp_path: Path, content: str) -> None:
    package = old_package(tmp_path, "20260101T000000Z", sums=content)
    assert verify(package).outcome is CheckOutcome.INCOMPLETE
    assert "nothing proves that the files are unchanged" in said(verify(package))


def test_git_shas_are_no_checksum_lines() -> None:
    assert parse(b"3df75f50b4b5b556f1ccaa227f30e417a1e2b6ea\n") == ([], [1])


# --- the command ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_command_prints_one_line_each_and_exits_by_the_outcome(
    packages: dict[str, Path], whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(packages["agreeing"]), str(packages["diverging"])]) == 0
    assert [line.rsplit(": ", 1)[1] for line in capsys.readouterr().out.splitlines()] == ["ok", "ok"]
    (whole / "terms.csv").write_text("")
    assert main(["verify", str(packages["agreeing"]), str(whole)]) == 1
    good, bad = capsys.readouterr().out.splitlines()
    assert good.endswith("ok")
    assert "FAILED" in bad and "terms.csv" in bad
    assert main(["verify", "--json", str(whole)]) == 1
    found = held(capsys.readouterr().out)
    assert found["ok"] is False
    assert any(entry["file"] == "terms.csv" and entry["fatal"] for entry in found["findings"])


def test_no_package_is_an_error_of_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err
    assert main(["verify", str(tmp_path)]) == 1
    assert "is not a package" in capsys.readouterr().out


def test_hostile_names_and_texts_stay_harmless(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = new_package(tmp_path, "20260101T000000Z", case="x\x1b]0;evil\x07[/red]", verdict="\x1b[2J")
    (package / "a\x1b[31m\n.log").write_text("x")
    assert main(["verify", str(package)]) == 1
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 1
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", out)


# --- printed numbers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "value", "right"),
    [
        ("943654.809", 943654.80923755, True),
        ("943654.810", 943654.80923755, False),
        ("-8.725648e-02", -0.08725647973338758, True),
        ("-8.725649e-02", -0.08725647973338758, False),
        ("1.000000e+24", 1.00000001384843e24, True),
        ("10", 10.0, True),
        ("0.5", 0.55, True),  # half a unit is still within the digits shown
        ("inf", float("inf"), True),
        ("x", 1.0, False),
    ],
)
def test_a_token_stands_for_a_value(token: str, value: float, right: bool) -> None:
    assert stands_for(token, value) is right


def test_tokens_are_numbers_and_nothing_else() -> None:
    line = "F_latt[2] 1.5 -3e-4 7 % 20251008T044933Z v1.2.3 a/4/b 2025-10-08 (12, 14) 0x1f."
    assert list(tokens(line)) == [
        ("2", False),
        ("1.5", False),
        ("-3e-4", False),
        ("7", True),
        ("12", False),
        ("14", False),
    ]


def test_an_unexplained_number_is_found_at_its_line() -> None:
    assert unexplained(["gap -9.8 %", "steps 96", "see note 5.5"], [-0.098, 95.0], ["note 5.5"]) == [(2, "96")]
