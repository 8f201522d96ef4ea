"""Every tensor of an experiment, replaced by hand: it works, or it is refused with the field that does."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from nbsim import Experiment, InputError, from_command
from nbsim.pixel.unread import unread
from support.places import TOP

PARTS = ("detector", "beam", "crystal", "sampling", "structure_factors")
BASE = (
    "-cell 40 50 60 75 85 95 -misset 1 -20 33 -detpixels 8 -pixel 6 -oversample 1 -distance 60 -lambda 1.1 -polar 0.6"
)
CASES: dict[str, tuple[str, dict[str, bool]]] = {
    "block at phi = 0": ("-default_F 20 -N 3", {}),
    "table, phi steps": ("-hkl box.hkl -default_F 7 -nointerpolate -N 3 -osc 1 -phisteps 2 -mask mask.img", {}),
    "curved": ("-default_F 20 -N 3 -curved_det -adxv", {}),
    "point pixels, no polarization": ("-default_F 20 -N 3 -point_pixel -nopolar", {}),
    "sensor, domains": (
        "-default_F 20 -N 3 -detector_abs 300 -detector_thick 200 -detector_thicksteps 2 -mosaic 1 -mosaic_domains 3",
        {},
    ),
    "gauss as in C": ("-default_F 20 -N 3 -gauss_xtal", {}),
    "gauss of true width, sources": (
        "-default_F 20 -N 3 -gauss_xtal -dispersion 2 -dispsteps 2",
        {"dimensional_shape_width": False, "source_weights_ignored": False},
    ),
    "n_matrix": ("-default_F 20 -N 3 -round_xtal", {}),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("unread")
    sides = range(-3, 4)
    rows = [f"{h} {k} {l} {20 + (7 * h + 3 * k + 5 * l) % 11}" for h in sides for k in sides for l in sides if h != k]
    (path / "box.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")
    head = b"{\nHEADER_BYTES=512;\nSIZE1=8;\nSIZE2=8;\nPIXEL_SIZE=6;\n}\f".ljust(512)
    (path / "mask.img").write_bytes(head + b"\1\0" * 60 + b"\0\0" * 4)
    return path


def made(case: str, folder: Path) -> Experiment:
    words, quirks = CASES[case]
    run = from_command(f"{BASE} {words}", folder, quirks=quirks)
    return run.with_parameters(n_matrix=[[3.0, 0.5, 0], [0, 3.0, 0], [0, 0, 3.0]]) if case == "n_matrix" else run


def tensors(run: Experiment) -> list[tuple[str, str, Tensor]]:
    """Part, field and value of every tensor."""
    held = [
        (part, item.name, getattr(getattr(run, part), item.name))
        for part in PARTS
        for item in fields(getattr(run, part))
    ]
    return [(part, name, value) for part, name, value in held if isinstance(value, Tensor)]


def other(value: Tensor) -> Tensor:
    """Another value of the same shape."""
    if value.dtype == torch.bool:
        return ~value
    shift = torch.linspace(0.01, 0.02, value.numel(), dtype=value.dtype).reshape(value.shape)
    return value * (1.0 + shift) + 2.0 * shift * value.abs().amax().clamp(min=1e-12)


def replaced(run: Experiment, part: str, name: str, value: Tensor) -> Experiment:
    return replace(run, **{part: replace(getattr(run, part), **{name: value})})


@pytest.mark.parametrize("case", CASES)
def test_a_replaced_tensor_works_or_is_refused(case: str, folder: Path) -> None:
    run = made(case, folder)
    image, refused = run.photons(), unread(run)
    unchecked = replace(run, as_set_up=())
    seen = 0
    for part, name, value in tensors(run):
        new = other(value)
        has_effect = not torch.equal(replaced(unchecked, part, name, new).photons(), image)
        field = f"{part}.{name}"
        assert has_effect != (field in refused) or field == "detector.thickness", field
        if field in refused:
            seen += 1
            for wrong in (new, value.clone().requires_grad_()) if value.is_floating_point() else (new,):
                with pytest.raises(InputError, match=f"^{re.escape(field)}: "):
                    replaced(run, part, name, wrong)
        elif value.is_floating_point():
            leaf = value.clone().requires_grad_()
            (slope,) = torch.autograd.grad(replaced(run, part, name, leaf).photons().sum(), leaf)
            assert bool(slope.any()), f"{field}: no gradient"
    assert seen > 5


def test_every_tensor_has_an_effect_somewhere_or_is_explained_in_the_table(folder: Path) -> None:
    runs = [made(case, folder) for case in CASES]
    every = {f"{part}.{name}" for run in runs for part, name, _ in tensors(run)}
    somewhere = {
        f"{part}.{name}" for run in runs for part, name, _ in tensors(run) if f"{part}.{name}" not in unread(run)
    }
    page = (TOP / "docs" / "api.md").read_text(encoding="utf-8")
    section = page.partition("### Tensors replaced by hand")[2].partition("\n## ")[0]
    table = {
        name: row
        for row in section.splitlines()
        for name in re.findall(r"`(\w+\.\w+)`", row.split("|")[1] if "|" in row else "")
    }
    sometimes = {name for run in runs for name in unread(run)}
    assert sometimes <= set(table), sometimes - set(table)
    for name in set(table) & every:
        assert ("never" in table[name]) == (name not in somewhere), name


def test_numbers_of_the_set_up_and_parameters_are_refused(folder: Path) -> None:
    run = made("sensor, domains", folder)
    with pytest.raises(InputError, match=r"crystal\.mosaic_spread: without effect; replace crystal\.mosaic_matrices"):
        replace(run, crystal=replace(run.crystal, mosaic_spread=0.1))
    with pytest.raises(InputError, match=r"sampling\.oscillation: without effect; replace sampling\.phi_sine"):
        replace(run, sampling=replace(run.sampling, oscillation=0.1))
    with pytest.raises(InputError, match="parameters: replaced by hand they change nothing; take with_parameters"):
        replace(run, parameters=replace(run.parameters, distance=torch.tensor(50.0)))


def test_a_field_that_accompanies_others_is_accepted(folder: Path) -> None:
    run = made("block at phi = 0", folder)
    crystal = replace(run.crystal, a=1.01 * run.crystal.a, a_star=run.crystal.a_star / 1.01)
    moved = replace(run, crystal=crystal)
    assert moved.replaced == ("crystal",) and not torch.equal(moved.photons(), run.photons())
    assert moved.to(torch.float32).dtype is torch.float32
