"""The reverse kernel against the formula: every flag and quirk gives the same gradient of every tensor.

The formula's gradients are judged by tests of their own (test_modes.py, test_gradients.py), from differences.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad

from nbsim import Batch, Experiment, Quirks
from nbsim.image import reverse
from nbsim.image.compiled import REVERSE, build, missing_compiler
from nbsim.image.photons import kernel_for
from nbsim.image.reverse import LIMITS, Call, fits_reverse_kernel
from support.flag_samples import BASES, write_inputs
from support.kernel_samples import C_BASES, CHANGES, Change, experiment_of

GRADIENT = 1e-11  # of the largest component
# closer to a reflection, C's literal quotient of sines carries rounding noise of this size
NOISE = 1e-10


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reverse")
    write_inputs(path)
    return path


@pytest.fixture(scope="module", autouse=True)
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NBSIM_CACHE", str(tmp_path_factory.mktemp("kept")))
        missing = missing_compiler()
        if missing is not None:
            pytest.skip(missing)
        build(torch.float64, code=REVERSE)
        yield


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The directions in which the kernel runs."""
    made: list[str] = []
    for name in ("forwards", "backwards"):
        original = getattr(Call, name)

        def noted(*arguments: object, name: str = name, original: object = original) -> object:
            made.append(name)
            return original(*arguments)  # type: ignore[operator]

        monkeypatch.setattr(Call, name, noted)
    return made


def gradients(experiment: Experiment, *, compile_kernel: bool) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
    """Photons, and every real tensor of the experiment with the gradient of a weighted sum of the photons in it."""
    leaves: list[Tensor] = []

    def leaf(tensor: Tensor) -> Tensor:
        if not tensor.is_floating_point():
            return tensor
        leaves.append(tensor.detach().clone().requires_grad_())
        return leaves[-1]

    photons = experiment.mapped(leaf).photons(compile_kernel=compile_kernel)
    weights = torch.linspace(0.3, 1.7, photons.numel(), dtype=torch.float64).reshape(photons.shape)
    found = torch.autograd.grad((weights * photons).sum(), leaves, allow_unused=True, materialize_grads=True)
    return photons.detach(), [(leaf.detach(), slope) for leaf, slope in zip(leaves, found, strict=True)]


def compared(experiment: Experiment) -> None:
    (values, slopes), (wanted, wanted_slopes) = (gradients(experiment, compile_kernel=on) for on in (True, False))
    torch.testing.assert_close(values, wanted, rtol=0.0, atol=1e-12 * float(wanted.abs().max()), equal_nan=True)
    limit = NOISE if experiment.quirks.grating_literal and experiment.crystal.shape == "SQUARE" else GRADIENT
    for (leaf, found), (_, slope) in zip(slopes, wanted_slopes, strict=True):
        unit = float(leaf.abs().max()) if leaf.numel() else 0.0
        rounding = 1e-15 * float(wanted.abs().sum()) / (unit or 1.0)  # of contributions that cancel
        largest = float(slope.abs().max()) if leaf.numel() else 0.0
        torch.testing.assert_close(
            found, slope, rtol=0.0, atol=limit * largest + rounding, equal_nan=True, msg=lambda m, x=leaf: f"{x}: {m}"
        )


@pytest.mark.slow
@pytest.mark.parametrize("base", ("full", *C_BASES))
def test_the_gradient_is_that_of_the_formula_for_every_flag_and_quirk(
    base: str, folder: Path, calls: list[str]
) -> None:
    flags = [change for change in CHANGES if change.base == base and not change.quirk]
    quirks = [Change(base, quirk=field.name) for field in fields(Quirks)]
    seen: list[dict[str, object]] = []
    for change in (Change(base), *flags, *quirks):
        experiment = experiment_of(change, folder)
        numbers = {**experiment.parts, "quirks": experiment.quirks}
        if numbers in seen:  # a flag of the output
            continue
        seen.append(numbers)
        calls.clear()
        compared(experiment)
        assert calls == ["forwards", "backwards"], change


@pytest.mark.slow
def test_the_gradient_is_that_of_the_formula_for_random_combinations(folder: Path, calls: list[str]) -> None:
    draw = random.Random(11)
    flags = (
        "-square_xtal", "-round_xtal", "-gauss_xtal", "-binary_spots", "-curved_det yes", "-interpolate", "-dmin 3",
        "-oversample_thick", "-oversample_polar", "-oversample_omega", "-point_pixel", "-nopolar", "-water 0.01",
        "-mosaic 3", "-detector_thick 300 -detector_abs 200", "-thicksteps 3", "-oversample 2", "-polar -0.7",
        "-phi 0 -osc 2 -phisteps 3", "-roi 1 3 0 4", "-mask mask.img", "-N 1", "-N 4", "-fudge 1.3",
    )  # fmt: skip
    names = [field.name for field in fields(Quirks)]
    for _ in range(25):
        words = " ".join(draw.sample(flags, draw.randint(0, 7))).split()
        base = experiment_of(Change(draw.choice([*BASES, *C_BASES]), tuple(words)), folder)
        switched = draw.sample(names, draw.randint(0, 6))
        quirks = replace(base.quirks, **{name: not getattr(base.quirks, name) for name in switched})
        calls.clear()
        compared(replace(base, quirks=quirks))
        assert calls[0] == "forwards"


@pytest.mark.parametrize(
    "words", ["-N 4", "-N 4 -round_xtal", "-N 4 -gauss_xtal", "-N 4 -water 0.01 -oversample_thick"]
)
def test_several_blocks_and_sums_of_any_number_of_threads(
    words: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = "-default_F 50 -cell 30 40 50 80 85 95 -misset 12 34 56 -lambda 1 -distance 60 -oversample 1 -osc 1 "
    experiment = Experiment.from_command(f"{start} -phisteps 3 -detpixels 23 -pixel 1 -N 4 {words}", folder)
    compared(experiment)
    monkeypatch.setattr(reverse, "_TERMS_OF_PART", 1)
    found = []
    for count in (1, 3):
        monkeypatch.setattr(torch, "get_num_threads", lambda n=count: n)
        found.append(gradients(experiment, compile_kernel=True))
    for (_, one), (_, other) in zip(found[0][1], found[1][1], strict=True):
        assert one.equal(other)


def sample(folder: Path) -> Experiment:
    return experiment_of(Change("full"), folder)


def total(experiment: Experiment, misset: Tensor, distance: Tensor) -> Tensor:
    return experiment.with_parameters(misset=misset, distance=distance).photons().square().sum().log()


def test_the_kernel_serves_a_plain_gradient_and_nothing_else(folder: Path, calls: list[str]) -> None:
    experiment = sample(folder)
    misset, distance = experiment.parameters.misset, experiment.parameters.distance
    assert misset is not None and distance is not None
    with torch.no_grad():
        plain = experiment.photons()
    assert not calls and plain.equal(experiment.photons()) and not calls
    torch.testing.assert_close(experiment.photons(compile_kernel=True), plain, rtol=1e-12, atol=0.0)
    assert calls == ["forwards"]
    leaf = misset.clone().requires_grad_()
    (slope,) = torch.autograd.grad(total(experiment, leaf, distance), leaf)
    assert calls == ["forwards", "forwards", "backwards"]
    for derivative in (torch.func.jacrev, torch.func.jacfwd):
        torch.testing.assert_close(
            derivative(lambda x: total(experiment, x, distance))(misset), slope, rtol=1e-9, atol=0.0
        )
    experiment.with_parameters(misset=leaf).photons(compile_kernel=False).sum().backward()
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(misset, torch.ones_like(misset))
        tangent = forward_ad.unpack_dual(total(experiment, dual, distance)).tangent
    torch.testing.assert_close(tangent, slope.sum(), rtol=1e-9, atol=0.0)
    assert calls == ["forwards", "forwards", "backwards"]


def test_derivatives_of_the_gradient_go_through_the_formula(folder: Path, calls: list[str]) -> None:
    experiment = sample(folder)
    misset, distance = experiment.parameters.misset, experiment.parameters.distance
    assert misset is not None and distance is not None
    start = torch.cat((misset, distance.reshape(1)))
    function = lambda x: total(experiment, x[:3], x[3])  # noqa: E731
    wanted = torch.func.jacfwd(torch.func.jacfwd(function))(start)
    size = float(wanted.abs().max())
    assert not calls
    reverse_twice = torch.autograd.functional.hessian(function, start)
    assert calls[0] == "forwards"
    torch.testing.assert_close(reverse_twice, wanted, rtol=1e-8, atol=1e-9 * size)

    leaf = start.clone().requires_grad_()
    (slope,) = torch.autograd.grad(function(leaf), leaf, create_graph=True)
    (plain,) = torch.autograd.grad(function(leaf), leaf)
    torch.testing.assert_close(slope, plain, rtol=1e-9, atol=0.0)
    rows = torch.autograd.grad(slope, leaf, torch.eye(4, dtype=torch.float64), is_grads_batched=True)[0]
    torch.testing.assert_close(rows, wanted, rtol=1e-8, atol=1e-9 * size)


def test_many_adjoints_at_once_and_tangents_of_adjoints(folder: Path) -> None:
    experiment = sample(folder)
    leaf = experiment.parameters.distance.clone().requires_grad_()
    photons = experiment.with_parameters(distance=leaf).photons()
    adjoints = torch.rand((3, *photons.shape), dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    (together,) = torch.autograd.grad(photons, leaf, adjoints, is_grads_batched=True, retain_graph=True)
    singly = [torch.autograd.grad(photons, leaf, one, retain_graph=True)[0] for one in adjoints]
    torch.testing.assert_close(together, torch.stack(singly), rtol=1e-10, atol=0.0)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(adjoints[0], adjoints[1])
        tangent = forward_ad.unpack_dual(torch.autograd.grad(photons, leaf, dual, retain_graph=True)[0]).tangent
    torch.testing.assert_close(tangent, singly[1], rtol=1e-10, atol=0.0)


@pytest.mark.parametrize("limit", LIMITS)
def test_every_limit_is_needed(limit: str, folder: Path) -> None:
    base = experiment_of(Change("full"), folder)
    assert fits_reverse_kernel(base)
    running = experiment_of(Change("full", ("-oversample_polar",)), folder)
    outside = {
        "dtype": base.to(torch.float32),
        "whole cells": replace(base, crystal=replace(base.crystal, n_cells=base.crystal.n_cells + 0.5)),
        "running sums": replace(running, detector=replace(running.detector, n_layers=20_000)),
    }
    assert not fits_reverse_kernel(outside[limit])
    leaf = base.crystal.a.clone().requires_grad_()
    assert kernel_for(outside[limit], [leaf], 1, None) is None
    assert [name for name, holds in LIMITS.items() if not holds(outside[limit])] == [limit]


def test_a_changed_leaf_is_refused_as_by_torch(folder: Path) -> None:
    experiment = sample(folder)
    leaf = experiment.parameters.distance.clone().requires_grad_()
    photons = experiment.with_parameters(distance=leaf * 1.0).photons()
    (slope,) = torch.autograd.grad(photons.sum(), leaf, retain_graph=True)
    assert float(slope) != 0.0
    turned = replace(
        experiment, crystal=replace(experiment.crystal, a=(a := experiment.crystal.a.clone().requires_grad_()))
    )
    photons = turned.photons()
    with torch.no_grad():
        a.mul_(1.1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        photons.sum().backward()


SHOTS = {
    "blocks": ("-osc 1 -phisteps 3", {}, {"misset": 0.1, "distance": 0.5}),
    "a table in common": ("-round_xtal -hkl box.hkl -nointerpolate", {}, {"cell": 0.1, "wavelength": 0.01}),
    "a table of each": ("-gauss_xtal -hkl box.hkl -interpolate", {}, {"structure_factors": 1.0, "misset": 0.1}),
    "first passes": ("-phi 0 -osc 1 -phisteps 3", {"phi_carryover": True}, {"default_f": 1.0, "beam_center": 0.1}),
}


@pytest.mark.parametrize("case", SHOTS)
def test_a_batch_goes_through_the_kernel_with_the_values_of_single_experiments(
    case: str, folder: Path, calls: list[str]
) -> None:
    words, quirks, moves = SHOTS[case]
    start = "-default_F 50 -cell 30 40 50 80 85 95 -misset 12 34 56 -N 3 -lambda 1 -distance 60 -oversample 1"
    experiment = Experiment.from_command(f"{start} -detpixels 6 -pixel 4 {words}", folder, quirks=quirks)
    maker = torch.Generator().manual_seed(3)
    each = {}
    for name, move in moves.items():
        value = getattr(experiment.parameters, name)
        shifts = move * torch.rand((3, *value.shape), generator=maker, dtype=torch.float64)
        each[name] = (value + shifts).requires_grad_()
    fluence = experiment.parameters.fluence.clone().requires_grad_()
    leaves = [*each.values(), fluence]

    def slopes(values: Tensor) -> list[Tensor]:
        return list(torch.autograd.grad((values * values).sum(), leaves, retain_graph=True, materialize_grads=True))

    batch = Batch(experiment, **each, fluence=fluence)
    together = batch.photons()
    assert calls == ["forwards"]
    found = slopes(together)
    assert calls == ["forwards", "backwards"]
    assert together.equal(torch.stack([one.photons() for one in batch]))
    for one, other in zip(found, slopes(batch.photons(compile_kernel=False)), strict=True):
        torch.testing.assert_close(one, other, rtol=0.0, atol=1e-10 * float(other.abs().max()))
    if case == "blocks":
        (bend,) = torch.autograd.grad(together.sum(), each["distance"], create_graph=True)
        (bend,) = torch.autograd.grad(bend.sum(), each["distance"])
        plain = batch.photons(compile_kernel=False)
        (wanted,) = torch.autograd.grad(plain.sum(), each["distance"], create_graph=True)
        (wanted,) = torch.autograd.grad(wanted.sum(), each["distance"])
        torch.testing.assert_close(bend, wanted, rtol=1e-9, atol=1e-9 * float(wanted.abs().max()))
