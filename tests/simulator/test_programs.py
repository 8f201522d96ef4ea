"""The C programs by name, against images of the stock and of the fixed program."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import torch

from nbsim import PROGRAMS, InputError, Quirks, derived, from_command, program_named, simulate_pixel, trace_lines
from nbsim.cli import main

GOLDEN = json.loads((Path(__file__).parents[1] / "data" / "c_programs.json").read_text(encoding="ascii"))
CASES: list[dict[str, Any]] = GOLDEN["cases"]
STEPS = "-oversample 1 -phi 0 -osc 3 -phisteps 3"  # fresh and carried vectors differ
WATER = "-oversample 2 -oversample_omega -water 4"


def command(flags: str) -> str:
    return f"{GOLDEN['command']} {flags}"


def image(flags: str, **options: Any) -> list[float]:
    photons = from_command(command(flags), **options).image().photons
    return [float(value) for value in photons.to(torch.float32).flatten()]


def golden(flags: str, name: str) -> list[float]:
    return next(case[name] for case in CASES if case["flags"] == flags)


@pytest.mark.parametrize("name", ["stock", "fixed"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["flags"])
def test_every_pixel_is_that_of_the_named_program(case: dict[str, Any], name: str) -> None:
    if case[name] is None:  # the program crashed
        with pytest.raises(InputError, match="value"):
            from_command(command(case["flags"]), c_program=name)
        return
    assert image(case["flags"], c_program=name) == case[name]
    assert image(case["flags"], c_program=name, compat=True) == case[name]


@pytest.mark.parametrize("case", [case for case in CASES if case["stock"]], ids=lambda case: case["flags"])
def test_without_a_name_the_parity_mode_is_the_stock_program(case: dict[str, Any]) -> None:
    if not case["flags"].endswith("-curved_det"):
        assert image(case["flags"], phi_mode="c-parity") == case["stock"]


def test_curved_det_as_the_last_word_counts_and_the_notice_says_who_ignores_it() -> None:
    last = "-oversample 1 -curved_det"
    assert image(last) == golden(last, "fixed") == image("-curved_det -oversample 1")
    assert image(last) != golden(last, "stock") == image(last, compat=True)
    (notice,) = (text for text in from_command(command(last)).notices if "-curved_det" in text)
    assert "stock C program ignores it" in notice
    (skipped,) = (text for text in from_command(command(last), c_program="stock").notices if "-curved_det" in text)
    assert skipped == "skipped, as in the C program: -curved_det"


def test_the_command_line_of_an_experiment_keeps_the_last_word() -> None:
    last = "-oversample 1 -curved_det"
    for options in ({"c_program": "fixed"}, {"c_program": "stock"}, {"compat": True}, {}):
        experiment = from_command(command(last), **options)
        again = from_command([*experiment.to_command(), "-seed", "4"])
        assert again.detector.curved == experiment.detector.curved


def test_the_phi_mode_overrides_the_program_and_a_quirk_both() -> None:
    assert image(STEPS, c_program="stock", phi_mode="spec") == golden(STEPS, "fixed")
    assert image(STEPS, c_program="fixed", phi_mode="c-parity") == golden(STEPS, "stock")
    assert image(STEPS, c_program="fixed", phi_mode="spec", quirks={"phi_carryover": True}) == golden(STEPS, "stock")
    quirks = {"running_sum_weights": True}
    assert image(WATER, c_program="fixed", quirks=quirks) == golden(WATER, "stock")


def test_the_last_word_is_read_once() -> None:
    experiment = from_command(command("-oversample 1 -curved_det"), c_program="fixed")
    with pytest.raises(InputError, match="quirk last_curved_det_ignored: acts while the command line"):
        experiment.with_quirks(last_curved_det_ignored=True)
    assert from_command(command("-oversample 1")).with_quirks(last_curved_det_ignored=True)


def test_the_trace_of_the_fixed_program_makes_its_pixel() -> None:
    experiment = from_command(command(WATER), c_program="fixed")
    lines = {line.name: line.values for line in trace_lines(simulate_pixel(experiment, 2, 3))}
    expected = golden(WATER, "fixed")[2 * 6 + 3]
    assert float(torch.tensor(lines["I_pixel_final"][0], dtype=torch.float32)) == expected


def test_a_program_of_ones_own_is_another_one_with_switches() -> None:
    mine = derived("mine", "fixed", {"phi_carryover": True})
    assert mine.phi_mode == "c-parity" and mine.differing(program_named("fixed")) == ("phi_carryover",)
    assert image(STEPS, c_program=mine) == golden(STEPS, "stock")
    assert image(WATER, c_program=mine) == golden(WATER, "fixed")
    with pytest.raises(InputError, match="no such quirk; known"):
        derived("mine", "fixed", {"nonsense": True})
    with pytest.raises(InputError, match="C program fixd: unknown; known: stock, fixed, cuda"):
        derived("mine", "fixd", {})


def test_the_table_holds_only_switches_that_exist_and_differ() -> None:
    names = {item.name for item in fields(Quirks)}
    for program in PROGRAMS:
        assert {name for name, _ in program.quirks} <= names
        assert all(getattr(program.switches, name) == state for name, state in program.quirks)
    assert program_named("fixed").differing(program_named("stock"))
    assert not program_named("stock").differing(program_named("stock"))


@pytest.mark.parametrize(
    "flags",
    [
        "-gauss_xtal",
        "-tophat_spots",
        "-interpolate",
        "-fudge 0.5",
        "-stol file",
        "-oversample_polar",
        "-oversample_omega",
        "-misset_seed 3",
        "-water 2",
        "-detector_thick 100",
    ],
)
def test_the_cuda_program_refuses_by_name_what_it_cannot_do(flags: str) -> None:
    with pytest.raises(InputError, match=rf"{flags.split()[0]}.*: the C program cuda \w+"):
        from_command(command(flags), c_program="cuda")


def test_the_cuda_program_weights_each_term() -> None:
    """Its rules without its single precision are those of the fixed program with two flags."""
    thick = "-oversample 2 -detector_thick 300 -detector_abs 400 -detector_thicksteps 3"
    as_flags = f"{thick} -oversample_omega -oversample_thick"
    assert image(thick, c_program="cuda") == pytest.approx(image(as_flags, c_program="fixed"), rel=1e-6)
    assert image(thick, c_program="cuda") != pytest.approx(image(thick, c_program="fixed"), rel=1e-6)
    assert image("-oversample 2 -fudge 1", c_program="cuda")  # the default is not refused


def test_the_command_line_takes_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*command(STEPS).split(), "--c-program", "stock"]) == 0
    written = torch.frombuffer(bytearray((tmp_path / "floatimage.bin").read_bytes()), dtype=torch.float32)
    assert written.tolist() == golden(STEPS, "stock")
    assert main([*command(STEPS).split(), "--c-program=stock", "--phi-mode", "spec"]) == 0
    written = torch.frombuffer(bytearray((tmp_path / "floatimage.bin").read_bytes()), dtype=torch.float32)
    assert written.tolist() == golden(STEPS, "fixed")
    assert main([*command(STEPS).split(), "--c-program", "nobody"]) == 2
    assert "--c-program nobody: one of stock, fixed, cuda" in capsys.readouterr().err
    assert main(["--help"]) == 0
    assert "--c-program" in capsys.readouterr().out
