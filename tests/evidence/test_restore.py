"""A package becomes a session again: its case, with the input files found by name and content."""

from __future__ import annotations

import hashlib
import os
import shutil
from itertools import product
from pathlib import Path

import pytest

from nbtui.cli import main
from nbtui.evidence.restore.inputs import InputFile, find_inputs, usual_places, working_directory
from nbtui.evidence.restore.restore import restore
from nbtui.live.cases import load_case
from nbtui.live.session import simulate, terms_csv
from nbtui.settings import Configuration, load
from nbtui.trace.model import TraceError
from support.evidence_packages import new_package, old_package

FLAGS = "-cell 30 37 45 90 90 90 -hkl my.hkl -N 5 -lambda 1 -distance 100 -detpixels 20 -pixel 1 -osc 0.5 -phisteps 2"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def case(here: Path) -> Path:
    """A case folder of its own input file; the C log is the simulator's with one value changed."""
    folder = here / "work" / "toy"
    folder.mkdir(parents=True)
    (folder / "my.hkl").write_text("".join(f"{h} {k} {l} 100\n" for h, k, l in product(range(-3, 4), repeat=3)))
    (folder / "command.txt").write_text(f"nanoBragg {FLAGS} -trace_pixel 9 8\n")
    lines = simulate(load_case(str(folder))).trace_lines
    (folder / "trace_c.log").write_text("\n".join(line.replace("TRACE_PY", "TRACE_C") for line in lines) + "\n")
    return folder


def exported(capsys: pytest.CaptureFixture[str], *words: str) -> Path:
    assert main(["export", *words]) in (0, 1)
    return Path(capsys.readouterr().out.splitlines()[-1]).resolve()


def moved(package: Path, target: Path) -> Path:
    target.mkdir(parents=True, exist_ok=True)
    return Path(shutil.move(package, target))


# --- packages of nbtui -----------------------------------------------------------------------------------------------


def test_case_flags_mode_and_terms_come_back(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--phi-mode", "c-parity", "--dtype", "float32", "--quirk", "phi_carryover=off", "--tolerance", "1e-3")
    found = restore(exported(capsys, str(case), *words), Configuration())
    assert found.obstacle == "" and found.case is not None
    assert (found.case.argv, found.case.workdir, found.case.pixel) == (tuple(FLAGS.split()), case, (9, 8))
    settings = found.settings
    assert (settings.phi_mode, settings.dtype, settings.quirks) == ("c-parity", "float32", (("phi_carryover", False),))
    assert (found.profile, found.tolerance, found.py_given) == ("full", 1e-3, False)
    assert found.case.c_log == found.package.path / "trace_c.log"
    again = simulate(found.case, settings)
    assert terms_csv(again.terms) == (found.package.path / "terms.csv").read_text()


def test_input_files_are_found_where_they_went(case: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = exported(capsys, str(case))
    hkl = (case / "my.hkl").read_bytes()
    shutil.rmtree(case)
    elsewhere = moved(package, here / "elsewhere" / "reports")
    lost = restore(elsewhere, Configuration())
    assert lost.case is None
    assert lost.obstacle.startswith("my.hkl not found (sha256 ")
    (elsewhere.parent / "my.hkl").write_bytes(hkl + b"1 1 9 3\n")
    other = restore(elsewhere, Configuration())
    assert other.case is None and "elsewhere/reports/my.hkl has another content (sha256 " in other.obstacle
    (elsewhere.parent / "my.hkl").write_bytes(hkl)
    found = restore(elsewhere, Configuration())
    assert found.case is not None and found.case.workdir == elsewhere.parent


def test_c_terms_beside_the_original_log_are_used(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = exported(capsys, str(case))
    before, terms = restore(package, Configuration()).case, case / "terms.csv"
    terms.write_bytes((package / "terms.csv").read_bytes())
    after = restore(package, Configuration()).case
    assert before is not None and before.c_terms is None
    assert after is not None and after.c_terms == terms


def test_a_given_log_is_the_suspect_again(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = case / "port.log"
    log.write_text((case / "trace_c.log").read_text().replace("TRACE_C", "TRACE_PY"))
    found = restore(exported(capsys, str(case), "--py", str(log)), Configuration())
    assert found.py_given and found.py.origin.endswith("trace_py_scaling_cpu.log")
    assert found.case is not None


def test_a_simulated_reference_stays_one(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = case / "port.log"
    log.write_text((case / "trace_c.log").read_text().replace("TRACE_C", "TRACE_PY"))
    (case / "trace_c.log").unlink()
    package = exported(capsys, str(case), "--py", str(log), "--c-program", "fixed")
    found = restore(package, Configuration())
    assert found.package.simulated_reference and found.c.simulated
    assert found.case is not None and found.case.c_log is None  # an export simulates it again
    program = found.settings.c_program
    assert program is not None and program.name == "fixed"


def test_files_of_two_folders_are_named_in_the_command(tmp_path: Path) -> None:
    entries, argv = [], ["-mat", "A.mat", "-lambda", "1", "-hkl", "my.hkl"]
    for folder, name in (("one", "A.mat"), ("two", "my.hkl")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(name)
        entries.append(InputFile(name, hashlib.sha256(name.encode()).hexdigest(), len(name)))
    places = (tmp_path / "one", tmp_path / "two")
    found = find_inputs(argv, entries, places)
    assert found.missing == ""
    assert found.argv == ("-mat", str(places[0] / "A.mat"), "-lambda", "1", "-hkl", str(places[1] / "my.hkl"))
    assert "A.mat" in find_inputs(argv, entries, places[1:]).missing


@pytest.mark.parametrize("line", ["cd /data/my\\ runs", "cd '/data/my runs'"])
def test_the_working_directory_is_that_of_the_commands(line: str, tmp_path: Path) -> None:
    assert working_directory([line, "# exit status: 0"], tmp_path) == Path("/data/my runs")
    assert working_directory(["nbtui export demo"], tmp_path) == tmp_path


def test_a_package_without_a_log_says_which(tmp_path: Path) -> None:
    package = new_package(tmp_path, "20260101T000000Z")
    (package / "trace_py_scaling_cpu.log").unlink()
    with pytest.raises(TraceError, match="holds no Python log"):
        restore(package, Configuration())


@pytest.mark.parametrize("text", ["", "{", '{"schema": 1, "command": "nanoBragg \'"}', '{"inputs": [3, {"path": 4}]}'])
def test_garbage_is_an_obstacle_and_no_crash(tmp_path: Path, text: str) -> None:
    package = new_package(tmp_path, "20260101T000000Z")
    (package / "metrics.json").write_text(text)
    (package / "commands.txt").write_text("cd '\nnbtui export \"\n# exit status: 1\n")
    found = restore(package, Configuration())
    assert found.case is None and found.obstacle


# --- packages of older tools -----------------------------------------------------------------------------------------


def test_a_real_old_package_opens_with_its_case(shared: Path, here: Path) -> None:
    """The C log is not in it: one that repeats every C value of its metrics.json stands in."""
    root = here / "reports"
    shutil.copytree(shared / "legacy_bundles", root)
    (here / "nbtui.toml").write_text(f'[cases.supervisor]\nfolder = "{shared / "seed_case"}"\n')
    for package in sorted(root.iterdir()):
        found = restore(package, load())
        assert found.py_given and found.case is not None and found.case.pixel == (685, 1039)
        assert found.settings.dtype == "float32" and found.settings.phi_mode == found.package.phi_mode
        assert Path(found.c.origin) == shared / "seed_case" / "trace_c.log"
        assert "repeats every C value" in found.remarks[0]
        with pytest.raises(TraceError, match="no C log"):
            restore(package, Configuration())


def test_a_c_log_of_another_run_does_not_stand_in(shared: Path, here: Path) -> None:
    shutil.copytree(shared / "legacy_bundles" / "20251008T044933Z", here / "20251008T044933Z")
    (here / "20251008T044933Z").chmod(0o755)
    log = (shared / "seed_case" / "trace_c.log").read_text().replace("polar 0.91463969894451", "polar 0.91463969894452")
    (here / "trace_c.log").write_text(log)
    with pytest.raises(TraceError, match="repeats its C values"):
        restore(here / "20251008T044933Z", Configuration())


def test_an_old_package_without_any_command_says_how_to_name_the_case(tmp_path: Path) -> None:
    package = old_package(tmp_path, "20260101T000000Z")
    (package / "trace_c.log").write_text("TRACE_C: I_before_scaling 100\n")
    found = restore(package, Configuration())
    assert found.case is None
    assert found.obstacle == "commands.txt holds no nanoBragg command line; [cases.toy] in nbtui.toml can name the case"
    (package / "commands.txt").write_text(
        "OMP_NUM_THREADS=1 ./golden/nanoBragg -default_F 1 \\\n  -N 5 -trace_pixel 3 4\n"
    )
    case = restore(package, Configuration()).case
    assert case is not None and case.argv == ("-default_F", "1", "-N", "5") and case.pixel == (3, 4)


def test_input_files_without_a_checksum_are_found_by_name(tmp_path: Path) -> None:
    package = old_package(tmp_path, "20260101T000000Z")
    (package / "trace_c.log").write_text("TRACE_C: I_before_scaling 100\n")
    (package / "commands.txt").write_text("nanoBragg -hkl my.hkl -N 5 -trace_pixel 3 4\n")
    lost = restore(package, Configuration())
    assert (lost.case, lost.obstacle) == (None, "my.hkl not found; put it beside the package")
    os.mkfifo(tmp_path / "my.hkl")  # a pipe would block the simulation forever
    assert restore(package, Configuration()).case is None
    (tmp_path / "my.hkl").unlink()
    (tmp_path / "my.hkl").write_text("1 1 1 100\n")
    found = restore(package, Configuration())
    assert found.case is not None and found.case.workdir == tmp_path
    assert "no checksums of its input files" in found.remarks[-1]


def test_the_usual_places_are_folders_that_exist(here: Path) -> None:
    package = new_package(here / "a" / "b" / "reports", "20260101T000000Z")
    found = usual_places(package, Configuration())
    assert package.resolve() in found and here.resolve() in found and all(place.is_dir() for place in found)
    assert len(set(found)) == len(found)
