"""The C program by name: on the command line, per case and for all cases in nbtui.toml, and in what is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nbtui.cli import main
from nbtui.console.session.snapshot import Snapshot, from_json, settings_of
from nbtui.evidence.restore.restore import restore
from nbtui.live.door import quirks_of
from nbtui.live.model import Settings
from nbtui.live.programs import chosen, simulation_words
from nbtui.settings import load

GOLDEN = json.loads((Path(__file__).parents[1] / "data" / "c_programs.json").read_text(encoding="ascii"))
WATER = "-oversample 2 -oversample_omega -water 4"
STEPS = "-oversample 1 -phi 0 -osc 3 -phisteps 3"
TOML = """c_program = "stock"
[cases.fixed_case]
command = "nanoBragg {flags} -trace_pixel 2 3"
c_program = "fixed"
[cases.plain_case]
command = "nanoBragg {flags} -trace_pixel 2 3"
[cases.own_case]
command = "nanoBragg {flags} -trace_pixel 2 3"
c_program = "ours"
[c_programs.ours]
base = "fixed"
running_sum_weights = true
"""


def golden(flags: str, name: str) -> float:
    """The pixel (slow 2, fast 3) of a program's float image."""
    return float(next(case[name] for case in GOLDEN["cases"] if case["flags"] == flags)[2 * 6 + 3])


def traced(words: list[str], capsys: pytest.CaptureFixture[str]) -> float:
    assert main(["trace", "--out", "-", *words]) == 0
    lines = capsys.readouterr().out.splitlines()
    return float(next(line.split()[-1] for line in lines if "I_pixel_final" in line))


def with_settings(flags: str) -> None:
    Path("nbtui.toml").write_text(TOML.format(flags=f"{GOLDEN['command']} {flags}"))


def test_the_option_beats_the_case_and_the_case_the_setting(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_settings(WATER)
    assert traced(["plain_case"], capsys) == pytest.approx(golden(WATER, "stock"), rel=1e-7)
    assert traced(["fixed_case"], capsys) == pytest.approx(golden(WATER, "fixed"), rel=1e-7)
    assert traced(["fixed_case", "--c-program", "stock"], capsys) == pytest.approx(golden(WATER, "stock"), rel=1e-7)
    assert traced(["own_case"], capsys) == pytest.approx(golden(WATER, "stock"), rel=1e-7)


def test_a_program_sets_the_phi_mode_and_an_explicit_one_wins(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_settings(STEPS)
    stock, fixed = golden(STEPS, "stock"), golden(STEPS, "fixed")
    assert stock != pytest.approx(fixed, rel=1e-3)
    assert traced(["plain_case"], capsys) == pytest.approx(stock, rel=1e-7)
    assert traced(["fixed_case"], capsys) == pytest.approx(fixed, rel=1e-7)
    assert traced(["own_case"], capsys) == pytest.approx(fixed, rel=1e-7)
    assert traced(["plain_case", "--phi-mode", "spec"], capsys) == pytest.approx(fixed, rel=1e-7)
    quirk = ["fixed_case", "--phi-mode", "spec", "--quirk", "phi_carryover=on"]
    assert traced(quirk, capsys) == pytest.approx(stock, rel=1e-7)


def test_the_stock_program_ignores_the_last_curved_det_and_nbtui_without_a_name_too(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    last = "-oversample 1 -curved_det"
    words = ["--pixel", "2", "3", "--", *f"{GOLDEN['command']} {last}".split()]
    assert traced(words, capsys) == pytest.approx(golden(last, "stock"), rel=1e-7)
    assert traced(["--c-program", "fixed", *words], capsys) == pytest.approx(golden(last, "fixed"), rel=1e-7)
    # a traced pixel after it makes it one of the words before the last, for every program
    followed = ["--", *f"{GOLDEN['command']} {last} -trace_pixel 2 3".split()]
    for name in ("stock", "fixed"):
        assert traced(["--c-program", name, *followed], capsys) == pytest.approx(golden(last, "fixed"), rel=1e-7)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('c_program = "fixd"\n', "no C program is called 'fixd'; known: stock, fixed, cuda"),
        ('[c_programs.mine]\nbase = "fixd"\n', "c_programs.mine: C program fixd: unknown; known: stock, fixed, cuda"),
        (
            "[c_programs.mine]\nnonsense = true\n",
            "c_programs.mine: quirk nonsense: no such quirk; known: ",
        ),
        ("[c_programs.mine]\nphi_carryover = 1\n", "phi_carryover must be true or false"),
        ("[c_programs.stock]\nphi_carryover = true\n", "the name is taken by a program of the table"),
        ('[cases.a]\ncommand = "x -N 1"\nc_program = "fixd"\n', "no C program is called 'fixd'"),
    ],
)
def test_a_wrong_program_is_refused_by_name(
    text: str, said: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("nbtui.toml").write_text(text)
    assert main(["config"]) == 2
    assert said in capsys.readouterr().err


def test_an_unknown_option_names_the_users_own(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_settings(STEPS)
    assert main(["trace", "--out", "-", "--c-program", "fixd", "plain_case"]) == 2
    assert "no C program is called 'fixd'; known: stock, fixed, cuda, ours" in capsys.readouterr().err


def test_the_written_options_need_no_settings_file(here: Path) -> None:
    with_settings(STEPS)
    own = chosen("ours", load())
    assert own is not None
    settings = Settings("spec", quirks=(("grating_literal", False),), c_program=own, omp_threads=4)
    words = " ".join(simulation_words(settings))
    assert words.startswith("--c-program fixed --phi-mode spec")
    assert words.endswith("--omp-threads 4 --quirk running_sum_weights=on --quirk grating_literal=off")


def test_a_session_keeps_the_program() -> None:
    kept = from_json({"c_program": "ours", "c_program_base": "fixed", "c_program_quirks": [["phi_carryover", True]]})
    program = settings_of(kept).c_program
    assert program is not None and (program.name, program.base) == ("ours", "fixed")
    assert program.switches.phi_carryover
    assert settings_of(Snapshot()).c_program is None


def test_a_package_states_the_program_without_the_settings_file(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_settings(WATER)
    assert main(["trace", "--out", "-", "--c-program", "fixed", "own_case"]) == 0
    Path("c.log").write_text(capsys.readouterr().out.replace("TRACE_PY", "TRACE_C"))
    words = ["--c", "c.log", "--reports", "reports"]
    assert main(["export", "fixed_case", *words]) == 0
    assert main(["export", "own_case", *words]) == 1
    capsys.readouterr()
    fixed, own = sorted(Path("reports").iterdir())
    assert main(["verify", "--replay", str(fixed), str(own)]) == 0, capsys.readouterr().out
    for folder, quirks, line in (
        (fixed, {}, "- quirks set: none beyond those of the C program"),
        (own, {"running_sum_weights": True}, "- quirks set: running_sum_weights=on"),
    ):
        metrics = json.loads((folder / "metrics.json").read_text())
        assert (metrics["c_program"], metrics["quirks"]) == ("fixed", quirks)
        text = next(folder.glob("*.md")).read_text()
        assert "- C program: fixed\n" in text and line in text
    Path("nbtui.toml").unlink()
    found = restore(own, load())
    assert found.case is not None and found.case.c_program == found.settings.c_program == chosen("fixed", load())
    assert quirks_of(found.settings).running_sum_weights and not quirks_of(found.settings).background_weighted
