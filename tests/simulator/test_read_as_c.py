"""Command lines that nbsim refuses, read as the C program reads them: the same pixel comes out.

The values are those that the stock C program prints.
"""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest

import nbsim
from nbsim.c_numbers import cast
from support.places import DATA

LAX = json.loads((DATA / "lax_command_lines.json").read_text())
HKL = DATA / "golden" / "inputs" / "p1_sparse.hkl"
PRINTED = {"omega_pixel": "omega", "polar": "polar", "capture_fraction": "capture", "I_pixel_final": "pixel"}


def made(flags: str, folder: Path, *, compat: bool, c_program: str | None = None) -> nbsim.Experiment:
    shutil.copy(HKL, folder)
    for name, text in LAX["files"].items():
        (folder / name).write_text(text)
    words = f"nanoBragg {LAX['command']} {flags}"
    return nbsim.from_command(words, folder, phi_mode="c-parity", compat=compat, c_program=c_program)


def values(experiment: nbsim.Experiment) -> dict[str, float]:
    result = experiment.pixel(LAX["pixel"]["slow"], LAX["pixel"]["fast"])
    return {line.name: float(line.values[-1]) for line in nbsim.trace_lines(result) if line.name in PRINTED}


@pytest.mark.parametrize("case", LAX["cases"], ids=lambda case: case["flags"])
def test_the_pixel_is_that_of_the_c_program(case: dict[str, str], tmp_path: Path) -> None:
    ours = values(made(case["flags"], tmp_path, compat=True))
    for name, printed in PRINTED.items():
        theirs = float(case[printed])
        if math.isnan(theirs):
            assert math.isnan(ours[name]), name
        else:
            assert ours[name] == pytest.approx(theirs, rel=2e-7, abs=0), name  # 10 digits; the pixel is float32


@pytest.mark.parametrize("case", LAX["cases"], ids=lambda case: case["flags"])
def test_what_is_accepted_strictly_means_the_same_to_c(case: dict[str, str], tmp_path: Path) -> None:
    try:
        strict = made(case["flags"], tmp_path, compat=False)
    except nbsim.InputError:
        return  # most of them: the reading as in C is there for these
    if any("the stock C program ignores" in notice for notice in strict.notices):
        strict = made(case["flags"], tmp_path, compat=False, c_program="stock")
    assert values(strict) == pytest.approx(values(made(case["flags"], tmp_path, compat=True)), nan_ok=True)


def test_missing_files_that_c_does_without_are_named(tmp_path: Path) -> None:
    experiment = made("-mask no.img -img gone.img -mat lost.mat", tmp_path, compat=True)
    assert experiment.options.ignored == ("-mask", "no.img", "-img", "gone.img", "-mat", "lost.mat")
    assert any("-mask no.img -img gone.img -mat lost.mat" in notice for notice in experiment.notices)


def test_a_missing_matrix_without_a_cell_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(nbsim.InputError, match=r"lost\.mat"):
        nbsim.from_command("-mat lost.mat -default_F 1 -N 3", tmp_path, compat=True)


def test_a_source_file_with_comments_is_still_an_error_without_compat(tmp_path: Path) -> None:
    with pytest.raises(nbsim.InputError, match=r"comment\.txt:1: '#' begins no comment in C"):
        made("-sourcefile comment.txt", tmp_path, compat=False)


@pytest.mark.parametrize(
    ("value", "whole"), [(2.9, 2), (-2.9, -2), (math.nan, -(2**31)), (math.inf, -(2**31)), (3e9, -(2**31))]
)
def test_a_cast_without_an_int_gives_the_lowest(value: float, whole: int) -> None:
    assert cast(value) == whole
