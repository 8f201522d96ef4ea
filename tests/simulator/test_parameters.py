"""Experiment.with_parameters: the same set-up as typing the numbers, and gradients with respect to them.

Gradients are checked in float64 against differences over experiments drawn at random: conventions, pivots, shapes,
sources, domains, layers. Source of the typed values: nanobragg_setup.md sections 1.2 and 2.3.
"""

from __future__ import annotations

import random
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from nbsim import FLAGS, Experiment, InputError, from_command
from nbsim.parameters import ROWS
from nbsim.pixel import pixel
from nbsim.pixel.pixel import image_values

NAMED = ("adxv", "mosflm", "denzo", "xds", "dials")
FRAMES = (
    *(f"-{name}" for name in NAMED),
    "-pivot beam -fdet_vector 0 0.1 1 -sdet_vector 0 -1 0.1 -beam_vector 1 0.1 0 -twotheta_axis 0 1 0.2",
    "-pivot sample -fdet_vector 0 0 1 -sdet_vector 0 -1 0 -spindle_axis 0.2 1 0.3",
)
SHAPES = ("", "-round_xtal", "-gauss_xtal -fudge 0.3", "-square_xtal")
EXTRAS = (
    "-mosaic 0.7 -mosaic_domains 3",
    "-dispersion 2 -dispsteps 2 -mosaic 0.4 -mosaic_domains 2",
    "-hdivrange 3 -hdivsteps 2 -oversample_polar -oversample 2",
    "-detector_abs 300 -detector_thick 200 -water 1",
    "-hkl box.hkl -interpolate",
    "-hkl box.hkl -nointerpolate -curved_det x",
    "-sourcefile sources.txt -oversample_omega -point_pixel",
)
PIXELS = torch.tensor([[1, 4], [3, 2], [5, 5]])
# one unit of variation, in the parameter's own unit
UNITS = {
    "cell": torch.ones(6),
    "misset": torch.ones(3),
    "mosaic_spread": torch.tensor(0.1),
    "n_cells": torch.ones(3),
    "wavelength": torch.tensor(0.01),
    "fluence": torch.tensor(1e28),
    "polarization": torch.tensor(0.1),
    "distance": torch.tensor(1.0),
    "close_distance": torch.tensor(1.0),
    "beam_center": torch.ones(2),
    "detector_rotations": torch.ones(3),
    "twotheta": torch.tensor(1.0),
    "phi": torch.tensor(0.5),
    "oscillation": torch.tensor(0.5),
    "default_f": torch.tensor(1.0),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("parameters")
    sides = range(-30, 31)
    rows = [f"{h} {k} {l} {20 + (7 * h + 3 * k + 5 * l) % 11}" for h in sides for k in sides for l in sides]
    (path / "box.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")
    # the second and third leave the wavelength to -lambda
    (path / "sources.txt").write_text("-10 0.1 0 1 1.2e-10\n-10 0 0.05 1\n-10 0.05 0.02 1\n", encoding="ascii")
    (path / "a.mat").write_text("0.025 0.001 -0.003\n-0.002 0.021 0.004\n0.001 -0.002 0.018\n", encoding="ascii")
    return path


def numbers(draw: random.Random, frame: str, how_far: str) -> str:
    """Random values of all numeric parameters."""
    u = draw.uniform
    center = ("-ORGX", "-ORGY", 1.0) if frame in ("-xds", "-dials") else ("-Xbeam", "-Ybeam", 3.0)
    cell = " ".join(f"{u(low, high):.4f}" for low, high in ((30, 50), (40, 60), (35, 70), *((75, 105),) * 3))
    return (
        f"-cell {cell} -misset {u(-90, 90):.3f} {u(-90, 90):.3f} {u(-90, 90):.3f} -lambda {u(0.8, 1.4):.4f} "
        f"{how_far} {u(40, 80):.4f} "
        f"{center[0]} {center[2] * u(2, 5):.4f} {center[1]} {center[2] * u(2, 5):.4f} -polar {u(-0.9, 0.9):.3f} "
        f"-detector_rotx {u(-5, 5):.3f} -detector_roty {u(-5, 5):.3f} -detector_rotz {u(-5, 5):.3f} "
        f"-twotheta {u(-10, 10):.3f} -phi {u(-3, 3):.3f} -osc {u(0.5, 2):.3f} -fluence {u(1, 9):.4f}e28 "
    )


def fixed(draw: random.Random, frame: str) -> str:
    """Random remainder of the command; detector flags come before the frame, which decides the pivot."""
    counts = " ".join(f"-N{axis} {draw.randint(2, 5)}" for axis in "abc")
    return (
        f"-detpixels 7 -pixel 3 -oversample 1 -default_F 20 {counts} -phisteps {draw.randint(1, 3)} "
        f"{draw.choice(EXTRAS)} {draw.choice(SHAPES)} {frame}"
    )


def drawn(seed: int) -> tuple[str, str, str]:
    """Two lists of numbers and the rest of the command."""
    draw = random.Random(seed)
    frame, how_far = FRAMES[seed % len(FRAMES)], draw.choice(("-distance", "-close_distance"))
    return numbers(draw, frame, how_far), numbers(draw, frame, how_far), fixed(draw, frame)


def same(one: Experiment, other: Experiment) -> None:
    """Every derived value is equal, to the last bit."""
    for part in ("detector", "beam", "crystal", "sampling", "structure_factors"):
        ours, theirs = getattr(one, part), getattr(other, part)
        for field in (item for item in fields(ours) if item.compare):
            a, b = getattr(ours, field.name), getattr(theirs, field.name)
            assert torch.equal(a, b) if isinstance(a, Tensor) else a == b, f"{part}.{field.name}"
    assert one.setup_lines == other.setup_lines


BEYOND_C = {"a_matrix", "source_directions", "source_wavelengths", "source_weights", "n_matrix", "mosaic_spreads"}


def test_every_parameter_is_the_gradient_of_a_flag() -> None:
    known = set(ROWS)
    assert {flag.gradient for flag in FLAGS if flag.gradient} == known - BEYOND_C


def test_default_f_fills_the_holes_of_a_table_and_the_space_around_it(folder: Path) -> None:
    (folder / "sparse.hkl").write_text("0 0 1 5\n9 9 9 7\n-9 -9 -9 8\n1 2 -3 9\n", encoding="ascii")
    for rest in ("-hkl sparse.hkl -nointerpolate", "-hkl sparse.hkl -interpolate", ""):
        start, wanted = (from_command(f"{SMALL} {rest} -default_F {f}", folder) for f in (20.0, 31.0))
        for experiment in (start, start.to(dtype=torch.float32).to(dtype=torch.float64)):
            changed = experiment.with_parameters(default_f=31.0)
            assert torch.allclose(image_values(changed, PIXELS), image_values(wanted, PIXELS), rtol=1e-6)
            assert changed.structure_factors.grid is None or torch.equal(
                changed.structure_factors.grid, wanted.structure_factors.grid
            )
        leaf = torch.tensor(20.0, dtype=torch.float64, requires_grad=True)
        assert gradcheck(lambda f, e=start: image_values(e.with_parameters(default_f=f), PIXELS), leaf, rtol=1e-5)


def test_default_f_leaves_a_table_of_the_user_alone(folder: Path) -> None:
    base = from_command(f"{SMALL} -hkl sparse.hkl -nointerpolate -default_F 20", folder)
    table = base.parameters.structure_factors
    assert table is not None
    for changed in (
        base.with_parameters(structure_factors=2.0 * table).with_parameters(default_f=3.0),
        base.with_parameters(structure_factors=2.0 * table, default_f=3.0),
    ):
        assert torch.equal(changed.structure_factors.grid, 2.0 * table)
        assert float(changed.structure_factors.default_f) == 3.0


@pytest.mark.parametrize("seed", range(14))
def test_changed_parameters_equal_typed_numbers(seed: int, folder: Path) -> None:
    first, second, rest = drawn(seed)
    rest = rest.replace("-phisteps 1", "-phisteps 2")  # one step does not follow the range
    start, wanted = (from_command(f"{words} {rest}", folder, phi_mode="c-parity") for words in (first, second))
    changed = start.with_parameters(**wanted.parameters.as_dict())
    same(changed, wanted)
    assert changed == wanted and changed.options == wanted.options and changed.notices == wanted.notices


def differentiable(experiment: Experiment) -> dict[str, Tensor]:
    """The parameters that this experiment follows."""
    fixed = experiment.quirks.grating_literal and experiment.crystal.shape == "SQUARE"
    left_out = {"n_cells", "structure_factors"} if fixed else {"structure_factors"}
    return {name: value for name, value in experiment.parameters.as_dict().items() if name not in left_out}


def check(experiment: Experiment) -> None:
    """gradcheck of the pixels, each relative to its own value, in units of the parameters."""
    start = differentiable(experiment)
    scale = image_values(experiment, PIXELS)
    assert bool((scale > 0.0).all())

    def relative(*moves: Tensor) -> Tensor:
        values = {name: start[name] + UNITS[name] * move for name, move in zip(start, moves, strict=True)}
        return image_values(experiment.with_parameters(**values), PIXELS) / scale

    moves = [torch.zeros(value.shape, dtype=torch.float64, requires_grad=True) for value in start.values()]
    assert gradcheck(relative, moves, eps=2e-7, atol=2e-5, rtol=1e-4)
    gradients = torch.autograd.grad(relative(*moves).sum(), moves)
    dead = {name for name, g in zip(start, gradients, strict=True) if not bool((g != 0.0).any())}
    # these pixels may lie within the table
    assert dead <= ({"default_f"} if experiment.structure_factors.grid is not None else set())


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 114))
def test_gradients_of_random_experiments(seed: int, folder: Path) -> None:
    first, _, rest = drawn(seed)
    quirks = {"mosaic_single_precision": False, "grating_literal": seed % 2 == 0}
    check(from_command(f"{first} {rest}", folder, phi_mode="c-parity" if seed % 3 else "spec", quirks=quirks))


SMALL = "-detpixels 7 -pixel 3 -oversample 1 -default_F 20 -N 3 -distance 60 -cell 40 50 60 75 85 95 -misset 10 20 30 "


def gradient(experiment: Experiment, name: str) -> Tensor:
    """Gradient of the sum of the pixels with respect to one parameter."""
    value = getattr(experiment.parameters, name).clone().requires_grad_()
    (found,) = torch.autograd.grad(image_values(experiment.with_parameters(**{name: value}), PIXELS).sum(), value)
    return found


def test_wavelength_of_a_matrix_is_followed_into_the_crystal(folder: Path) -> None:
    base = from_command("-mat a.mat -lambda 1.1 -detpixels 7 -pixel 3 -N 3 -default_F 20 -oversample 1", folder)
    scale = image_values(base, PIXELS)
    start = (base.parameters.wavelength, torch.zeros(3, dtype=torch.float64))

    def relative(wavelength: Tensor, misset: Tensor) -> Tensor:
        return image_values(base.with_parameters(wavelength=wavelength, misset=misset), PIXELS) / scale

    assert gradcheck(relative, [value.requires_grad_() for value in start], eps=1e-7, atol=2e-5, rtol=1e-4)


def test_gradients_reach_the_structure_factor_table(folder: Path) -> None:
    base = from_command(SMALL.replace("40 50 60", "7 8 9") + "-hkl box.hkl -nointerpolate", folder)
    table = base.parameters.structure_factors
    assert table is not None
    leaf = table.clone().requires_grad_()
    values = image_values(base.with_parameters(structure_factors=leaf), PIXELS)
    (found,) = torch.autograd.grad(values.sum(), leaf)
    # v is proportional to the square of the factors that enter it, so that sum F dv/dF = 2 v
    assert float((found * table).sum()) == pytest.approx(2.0 * float(values.detach().sum()), rel=1e-12)
    assert 1 <= int((found != 0.0).sum()) <= len(PIXELS)


@pytest.mark.parametrize("phi_mode", ["spec", "c-parity"])
def test_the_start_of_a_still_at_zero_has_a_gradient(phi_mode: str, folder: Path) -> None:
    """phi = 0 is left out by C's loop, yet the crystal turns through it smoothly."""
    base = from_command(f"{SMALL} -phi 0", folder, phi_mode=phi_mode)
    low, high = (float(image_values(base.with_parameters(phi=phi), PIXELS).sum()) for phi in (-1e-5, 1e-5))
    assert float(gradient(base, "phi")) == pytest.approx((high - low) / 2e-5, rel=1e-6)


def test_gradients_ignore_the_rounding_of_mosaic_angles(folder: Path) -> None:
    """In value the angle is C's float32; the gradient is that of the angle before it is rounded (S23)."""
    as_c, smooth = (
        from_command(f"{SMALL} -mosaic 0.8 -mosaic_domains 4", folder, quirks={"mosaic_single_precision": single})
        for single in (True, False)
    )
    assert not torch.equal(as_c.crystal.mosaic_matrices, smooth.crystal.mosaic_matrices)
    rough, exact = gradient(as_c, "mosaic_spread"), gradient(smooth, "mosaic_spread")
    assert float(rough) == pytest.approx(float(exact), rel=1e-5)


def test_float32_has_the_same_gradients_in_float32(folder: Path) -> None:
    base = from_command(f"{SMALL} -round_xtal", folder)
    for name in ("cell", "misset", "distance", "wavelength", "beam_center"):
        leaf = getattr(base.parameters, name).float().requires_grad_()
        rough = base.to(dtype=torch.float32).with_parameters(**{name: leaf})
        assert rough.dtype is torch.float32
        (found,) = torch.autograd.grad(image_values(rough, PIXELS).sum(), leaf)
        assert found.dtype is torch.float32
        torch.testing.assert_close(
            found.double(), gradient(base, name), rtol=2e-2, atol=1e-3 * float(found.abs().max())
        )


def test_tensors_in_a_list_keep_their_gradients(folder: Path) -> None:
    base = from_command(SMALL, folder)
    edge = torch.tensor(40.0, dtype=torch.float32, requires_grad=True)
    values = image_values(base.with_parameters(cell=[edge, 50.0, 60, 75.0, 85.0, np.float64(95.0)]), PIXELS)
    (found,) = torch.autograd.grad(values.sum(), edge)
    assert float(found) == pytest.approx(float(gradient(base, "cell")[0]), rel=1e-6)


def test_real_numbers_of_cells_need_the_sound_grating(folder: Path) -> None:
    literal = from_command(SMALL, folder)
    with pytest.raises(InputError, match="meaningless between whole N"):
        literal.with_parameters(n_cells=[3.5, 3.0, 3.0])
    with pytest.raises(InputError, match="meaningless between whole N"):
        literal.with_parameters(n_cells=torch.tensor([3.0, 3.0, 3.0], requires_grad=True))
    assert literal.with_parameters(n_cells=[4.0, 3.0, 5.0]).crystal.whole_n_cells == (4, 3, 5)
    sound = from_command(SMALL, folder, quirks={"grating_literal": False}).with_parameters(n_cells=[3.5, 3.0, 3.0])
    pixels = torch.cartesian_prod(torch.arange(7), torch.arange(7))
    expected = image_values(sound, pixels).reshape(7, 7)
    torch.testing.assert_close(sound.image().photons.double(), expected, rtol=1e-6, atol=0.0)


def test_files_are_not_read_again(folder: Path, tmp_path: Path) -> None:
    for name in ("box.hkl", "sources.txt", "a.mat"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    base = from_command("-mat a.mat -hkl box.hkl -sourcefile sources.txt -N 3 -detpixels 7 -pixel 3", tmp_path)
    for name in ("box.hkl", "sources.txt", "a.mat"):
        (tmp_path / name).unlink()
    same(base.with_parameters(distance=base.parameters.distance), base)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cell": [40.0, 50.0, 60.0]}, r"cell: has the shape \(3,\), needs the shape \(6,\)"),
        ({"cell": [40.0, 50.0, 60.0, 20.0, 30.0, 90.0]}, "no cell has these angles"),
        ({"cell": [40.0, -50.0, 60.0, 90.0, 90.0, 90.0]}, "edges must be positive"),
        ({"distance": 0.0}, "distance 0: must be positive"),
        ({"distance": [60.0]}, "needs a single number"),
        ({"distance": "far"}, "distance: str is not a tensor of numbers"),
        ({"wavelength": -1.0}, "wavelength -1: must be positive"),
        ({"misset": torch.tensor([0.0, float("nan"), 0.0])}, "misset: not every number is finite"),
        ({"misset": torch.zeros(3, device="meta")}, "misset: a tensor on the device meta has no numbers"),
        ({"misset": torch.zeros(3, dtype=torch.complex64)}, "is not a type of real numbers"),
        ({"mosaic_spread": 0.3}, "mosaic_spread: the crystal has one domain"),
        ({"n_cells": [0.5, 2.0, 2.0]}, "at least one cell"),
        ({"structure_factors": torch.ones(3, 3, 3)}, "structure_factors: this experiment has no table"),
        ({"close_distance": 50.0}, "close_distance: the command gives the distance along the beam; change distance"),
        ({"oscillation": 1.0}, "oscillation: the run has one phi step; give -phisteps"),
    ],
)
def test_unusable_parameters_are_refused(changes: dict[str, Any], words: str, folder: Path) -> None:
    with pytest.raises(InputError, match=words):
        from_command(SMALL, folder).with_parameters(**changes)


def test_a_distance_without_effect_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="no effect beside -close_distance"):
        from_command(f"{SMALL} -close_distance 50", folder).with_parameters(distance=60.0)


class TestPhotons:
    """The image as a differentiable function."""

    COMMAND = f"{SMALL} -phi 0 -osc 1 -phisteps 3 -roi 1 5 0 6"

    def test_is_the_image(self, folder: Path) -> None:
        base = from_command(self.COMMAND, folder, phi_mode="c-parity")
        whole = base.photons()
        assert whole.shape == (7, 7) and whole.dtype is torch.float64
        torch.testing.assert_close(whole.float(), base.image().photons, rtol=2e-7, atol=0.0)
        assert torch.equal(base.photons(slow=range(2, 6), fast=range(0, 7, 2)), whole[2:6, ::2])
        with pytest.raises(InputError, match="beyond the detector of 7 x 7"):
            base.photons(slow=range(5, 8))

    @pytest.mark.slow
    def test_a_gradient_keeps_one_tile_at_a_time(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        base = from_command(self.COMMAND, folder)
        misset = base.parameters.misset
        assert misset is not None
        leaf = misset.clone().requires_grad_()

        def run() -> tuple[int, Tensor]:
            kept = 0

            def pack(tensor: Tensor) -> Tensor:
                nonlocal kept
                kept += tensor.numel()
                return tensor

            with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
                total = base.with_parameters(misset=leaf).photons(compile_kernel=False).square().sum()
            return kept, torch.autograd.grad(total, leaf)[0]

        all_kept, in_one = run()
        monkeypatch.setattr(pixel, "TILE", 30)
        few_kept, in_tiles = run()
        torch.testing.assert_close(in_tiles, in_one, rtol=1e-12, atol=0.0)
        assert few_kept < all_kept / 5

    @pytest.mark.slow
    @pytest.mark.parametrize("tile", [pixel.TILE, 60])
    def test_forward_mode_and_second_derivatives(
        self, tile: int, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pixel, "TILE", tile)
        smooth = {"mosaic_single_precision": False}
        base = from_command(f"{SMALL} -mosaic 0.5 -mosaic_domains 2", folder, quirks=smooth)
        start = (base.parameters.misset, base.parameters.mosaic_spread)

        def size(*values: Tensor) -> Tensor:
            return base.with_parameters(misset=values[0], mosaic_spread=values[1]).photons().sum().log()

        leaves = [value.clone().requires_grad_() for value in start if value is not None]
        assert gradcheck(size, leaves, check_forward_ad=True, check_batched_grad=False)
        assert gradgradcheck(size, [leaves[0], leaves[1].detach()])
        reverse = torch.autograd.grad(size(*leaves), leaves)
        forward = torch.func.jacfwd(size, argnums=(0, 1))(*(leaf.detach() for leaf in leaves))
        for one, other in zip(reverse, forward, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def test_plain_numbers_keep_all_their_digits() -> None:
    experiment = from_command(SMALL).with_parameters(distance=60.3, cell=[40.1, 50, 60, 75, 85, 95.7])
    cell = experiment.parameters.cell
    assert float(experiment.parameters.distance) == 60.3
    assert cell is not None and cell.tolist() == [40.1, 50.0, 60.0, 75.0, 85.0, 95.7]
