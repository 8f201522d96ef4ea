"""``verify --replay``: a forgery whose files all agree with each other still differs from the simulation."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from nbtui.cli import main
from nbtui.diagnosis.answer import Diagnosis
from nbtui.diagnosis.diagnose import diagnose
from nbtui.evidence.check import replay as replaying
from nbtui.evidence.check.replay_lines import relative_difference
from nbtui.evidence.check.verify import verify
from nbtui.evidence.write import gather as gathering
from nbtui.evidence.write.export import ExportRequest, export
from nbtui.live.cases import load_case
from nbtui.live.model import Case, Settings, Simulation
from nbtui.live.reference import simulated_reference
from nbtui.live.session import simulate
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import read_trace
from support.schemas import held

FLAGS = (
    "-cell 30 37 45 90 90 90 -hkl my.hkl -N 5 -lambda 1 -distance 100 -detpixels 20 -pixel 1 -osc 0.5 -phisteps 2 "
    "-oversample 1"
)


@pytest.fixture
def case(here: Path) -> Path:
    """A case folder with its own input file; the C log is the simulator's."""
    folder = here / "work" / "toy"
    folder.mkdir(parents=True)
    (folder / "my.hkl").write_text("".join(f"{h} {k} {l} 100\n" for h, k, l in product(range(-3, 4), repeat=3)))
    (folder / "command.txt").write_text(f"nanoBragg {FLAGS} -trace_pixel 9 8\n")
    lines = simulate(load_case(str(folder)), Settings("c-parity")).trace_lines
    (folder / "trace_c.log").write_text("\n".join(line.replace("TRACE_PY", "TRACE_C") for line in lines) + "\n")
    return folder


def outcome(package: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON of ``verify --replay``."""
    capsys.readouterr()
    code = main(["verify", "--replay", "--json", str(package)])
    return code, held(capsys.readouterr().out)


def of_weight(found: dict[str, Any], weight: str) -> list[str]:
    return [f"{one['file']}: {one['what']}" for one in found["findings"] if one["weight"] == weight]


def forged(case: Case, simulation: Simulation, **more: Any) -> Path:
    """A package that states the case and its input files, around the numbers of another run."""
    true = simulate(case, Settings("c-parity"))
    numbers = replace(simulation, case=case, settings=true.settings, input_files=true.input_files)
    return export(ExportRequest(case, true.settings, Path("reports"), simulation=numbers, **more)).path


def doctored(case: Path, edit: Callable[[str], str]) -> Simulation:
    """The run of the same command with an edited reflection file, or with an edited command."""
    other = case.parent / "other"
    shutil.copytree(case, other)
    for name in ("my.hkl", "command.txt"):
        (other / name).write_text(edit((other / name).read_text()))
    return simulate(load_case(str(other)), Settings("c-parity"))


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace(" 100\n", " 101\n"),
        lambda text: text.replace("-lambda 1", "-lambda 1.01"),
        lambda text: text.replace("-distance 100", "-distance 100.0000001"),
    ],
    ids=["reflections", "wavelength", "last digits"],
)
def test_numbers_of_another_run_are_noticed_though_nothing_contradicts_them(
    edit: Callable[[str], str], case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = forged(load_case(str(case)), doctored(case, edit))
    assert verify(package).ok
    code, found = outcome(package, capsys)
    assert (code, found["outcome"]) == (1, "failed")
    wrong = of_weight(found, "wrong")
    assert any(one.startswith("terms.csv: line 2: ") and "the simulation gives" in one for one in wrong)
    assert any(one.startswith("trace_py_scaling_cpu.log: line ") for one in wrong)


def test_another_phi_mode_than_stated_is_noticed(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = forged(load_case(str(case)), simulate(load_case(str(case)), Settings("spec")))
    code, found = outcome(package, capsys)
    assert code == 1
    assert any(one.startswith("trace_py_scaling_cpu_per_phi.log: line 1") for one in of_weight(found, "wrong"))


def test_a_forged_reference_is_noticed(
    case: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (case / "trace_c.log").unlink()
    log = case / "port.log"
    log.write_text("\n".join(doctored(case, lambda text: text.replace("-lambda 1", "-lambda 1.01")).trace_lines) + "\n")

    def other(case: Case, settings: Settings) -> object:
        return simulated_reference(replace(case, argv=(*case.argv, "-fluence", "1e20")), settings)

    honest = export(ExportRequest(load_case(str(case)), Settings(), Path("reports"), py_log=log)).path
    code, found = outcome(honest, capsys)
    assert (code, found["outcome"]) == (0, "ok")
    said = "trace_py_scaling_cpu.log: is of another program, which alone can make it again: evidence as given"
    assert said in of_weight(found, "remark")
    assert any("simulated again: terms.csv, trace_c.log are the same" in one for one in of_weight(found, "remark"))
    monkeypatch.setattr(gathering, "simulated_reference", other)
    package = export(ExportRequest(load_case(str(case)), Settings(), Path("reports"), py_log=log)).path
    code, found = outcome(package, capsys)
    assert code == 1
    assert any(one.startswith("trace_c.log: line ") for one in of_weight(found, "wrong"))


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--phi-mode", "c-parity", "--dtype", "float32"),
        ("--c-program", "fixed", "--quirk", "phi_carryover=on"),
        ("--no-compat",),
        ("--pixel", "3", "4"),
    ],
    ids=" ".join,
)
def test_a_package_of_ours_is_simulated_again(
    words: tuple[str, ...], case: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also in another folder, though a notice names the file with its folder."""
    with (case / "my.hkl").open("a") as stream:
        stream.write("1 2\n")  # an incomplete last row: a notice that names the file
    assert main(["export", str(case), *words]) in (0, 1)
    package = Path(capsys.readouterr().out.splitlines()[-1]).resolve()
    assert "my.hkl" in json.loads((package / "metrics.json").read_text())["notices"][0]
    elsewhere = here / "elsewhere"
    elsewhere.mkdir()
    moved = Path(shutil.move(package, elsewhere))
    shutil.move(case / "my.hkl", elsewhere)
    code, found = outcome(moved, capsys)
    assert (code, found["outcome"]) == (0, "ok"), found
    assert any("simulated again" in one and "to the last digit" in one for one in of_weight(found, "remark"))


def test_a_replay_that_is_impossible_leaves_the_verification_incomplete(
    case: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = export(ExportRequest(load_case(str(case)), Settings(), Path("reports"))).path
    (case / "my.hkl").write_text((case / "my.hkl").read_text() + "3 3 3 7\n")
    code, found = outcome(package, capsys)
    assert (code, found["outcome"]) == (5, "incomplete")
    assert "my.hkl has another content" in of_weight(found, "unjudged")[-1]
    (case / "my.hkl").unlink()
    code, found = outcome(package, capsys)
    assert code == 5 and "my.hkl not found" in of_weight(found, "unjudged")[-1]
    assert main(["verify", str(package)]) == 5  # the hash of the file is judged as well


def test_another_version_that_gives_other_numbers_is_no_forgery(
    case: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    same = export(ExportRequest(load_case(str(case)), Settings(), Path("reports"))).path
    other = forged(load_case(str(case)), doctored(case, lambda text: text.replace("-lambda 1", "-lambda 1.01")))
    monkeypatch.setattr(replaying, "version", lambda package: "99.0")
    assert outcome(same, capsys)[0] == 0
    code, found = outcome(other, capsys)
    assert code == 5
    assert "nbtui 99.0 gives other numbers (terms.csv: line 2: " in of_weight(found, "unjudged")[-1]


def test_an_unrecorded_input_file_is_named(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    true = simulate(load_case(str(case)), Settings())
    hidden = replace(true, input_files=())
    package = export(ExportRequest(load_case(str(case)), Settings(), Path("reports"), simulation=hidden)).path
    assert "inputs do not name my.hkl" in " ".join(of_weight(outcome(package, capsys)[1], "wrong"))


@pytest.mark.parametrize(
    ("old", "new", "apart"),
    [
        ("TRACE_PY: F_cell 100", "TRACE_PY: F_cell 100", 0.0),
        ("TRACE_PY: F_cell 100", "TRACE_PY: F_cell 1e2", 0.0),
        ("TRACE_PY: F_cell 100", "TRACE_PY: F_cell 80", 0.2),
        ("TRACE_PY: r_e_sqr 8e-30", "TRACE_PY: r_e_sqr 6e-30", 0.25),
        ("TRACE_PY: v 1e-17 0 2", "TRACE_PY: v -1e-17 0 2", 1e-17),  # a component on the scale of its vector
        ("TRACE_PY_PHI a=1e-17 b=2", "TRACE_PY_PHI a=5e-18 b=2", 0.5),  # values of their own
        ("1,2,1e-17", "1,2,5e-18", 0.5),
        ("Rx=[1 0; -0 1]", "Rx=[1 0; 0 1]", 0.0),
        ("TRACE_PY: F_cell 100", "TRACE_PY: F_latt 100", float("inf")),
        ("TRACE_PY: F_cell 100", "TRACE_PY: F_cell 100 100", float("inf")),
        ("TRACE_PY: F_cell nan", "TRACE_PY: F_cell 1", float("inf")),
        ("TRACE_PY: F_cell nan", "TRACE_PY: F_cell nan", 0.0),
    ],
)
def test_the_difference_of_two_lines(old: str, new: str, apart: float) -> None:
    assert relative_difference(old, new) == pytest.approx(apart)


def _first_cause_named(other: str) -> Callable[[Case, Trace, Trace], Diagnosis]:
    def made(case: Case, c: Trace, py: Trace) -> Diagnosis:
        found = diagnose(case, c, py)
        return replace(found, hypotheses=(replace(found.hypotheses[0], ids=(other,)), *found.hypotheses[1:]))

    return made


@pytest.mark.slow
def test_a_diagnosis_is_made_again(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toy = load_case(str(case))
    honest = export(ExportRequest(toy, Settings(), Path("reports"), diagnose=diagnose)).path
    assert main(["verify", str(honest)]) == 5
    assert "the diagnosis is not repeated; nbtui verify --replay repeats it" in capsys.readouterr().out
    code, found = outcome(honest, capsys)
    assert (code, found["outcome"]) == (0, "ok")
    forger = _first_cause_named("misset_order")
    code, found = outcome(export(ExportRequest(toy, Settings(), Path("reports"), diagnose=forger)).path, capsys)
    assert (code, found["outcome"]) == (1, "failed")
    assert any(one.startswith("metrics.json: diagnosis: causes are misset_order") for one in of_weight(found, "wrong"))


@pytest.mark.slow
def test_the_diagnosis_on_the_screen_is_made_again(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toy, settings = load_case(str(case)), Settings()
    shown = diagnose(toy, read_trace(case / "trace_c.log"), simulate(toy, settings).trace)
    assert "in the live trace]" in shown.hypotheses[0].summary
    code, found = outcome(export(ExportRequest(toy, settings, Path("reports"), diagnose=lambda *_: shown)).path, capsys)
    assert (code, found["outcome"]) == (0, "ok")


@pytest.mark.slow
def test_a_diagnosis_of_the_live_side_accuses_no_log_of_the_user(case: Path) -> None:
    package = export(ExportRequest(load_case(str(case)), Settings(), Path("reports"), diagnose=diagnose)).path
    assert "your log" not in json.dumps(json.loads((package / "metrics.json").read_text())["diagnosis"])
