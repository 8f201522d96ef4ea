"""The Python interface, and every block of docs/api.md."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import nbsim
from nbsim.image.render import render
from nbsim.pixel.pixel import simulate_pixel
from nbsim.setup import build
from support.places import TOP

PAGE = TOP / "docs" / "api.md"
COMMAND = "-default_F 50 -cell 30 40 50 90 90 90 -misset 5 10 15 -lambda 1 -distance 60 -pixel 2 -detpixels 16 -N 4"


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, nbsim; dir(nbsim); assert not {'torch', 'numpy', 'gemmi'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_exists() -> None:
    for name in nbsim.__all__:
        found = getattr(nbsim, name)
        assert name in dir(nbsim)
        assert getattr(found, "__name__", name) == name or name.isupper()
    assert set(nbsim.__all__) == set(nbsim._HOMES)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        nbsim.nothing  # noqa: B018


@pytest.mark.slow
def test_the_page_lists_every_public_name() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## Public names")[2].partition("| for |")[2]
    listed = {name for row in section.splitlines() for name in re.findall(r"`(\w+)`", row.rpartition(" | ")[0])}
    assert listed == set(nbsim.__all__)


def test_words_can_be_matched_by_cs_rules(here: Path) -> None:
    with pytest.raises(nbsim.InputError):
        nbsim.Experiment.from_command(f"{COMMAND} -unheard_of", here)
    assert nbsim.Experiment.from_command(f"{COMMAND} -unheard_of", here, compat=True).options.ignored


@pytest.mark.slow
def test_methods_are_the_functions(here: Path) -> None:
    experiment = nbsim.Experiment.from_command(COMMAND, here, phi_mode="c-parity", dtype=torch.float32)
    plain = build.from_command(COMMAND, here, phi_mode="c-parity", dtype=torch.float32)
    assert type(experiment) is nbsim.Experiment is type(experiment.to(dtype=torch.float64))
    assert experiment.options == plain.options and experiment.quirks == plain.quirks
    assert experiment.dtype is torch.float32
    assert torch.equal(experiment.image().photons, render(plain).photons)
    assert float(experiment.pixel(3, 4).value) == float(simulate_pixel(plain, 3, 4).value)


def test_terms_add_up(here: Path) -> None:
    experiment = nbsim.Experiment.from_command(f"{COMMAND} -oversample 2 -phi 0 -osc 1 -phisteps 3", here)
    columns = experiment.terms(3, 4)
    assert {len(values) for values in columns.values()} == {4 * 3}
    product = columns["F_cell"] ** 2 * columns["F_latt"] ** 2
    np.testing.assert_allclose(columns["F_cell2_F_latt2"], product, rtol=1e-14)
    assert float(experiment.pixel(3, 4).intensity) == pytest.approx(product.sum(), rel=1e-12)


@pytest.mark.slow
def test_the_page_runs_from_top_to_bottom(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 8
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert "-distance -60: must be positive" in capsys.readouterr().out


def test_the_figures_of_the_page_exist() -> None:
    for name in re.findall(r"\]\((figures/.*?)\)", PAGE.read_text(encoding="utf-8")):
        assert (PAGE.parent / name).is_file(), f"{name}: run 'make figures'"
