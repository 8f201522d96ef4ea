"""Several panels: each against the C program, where it stands and after a motion of the whole detector."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from nbsim import Batch, Experiment, InputError, Panel, PanelBatch, Panels, ParameterVector
from support.two_panels import BASE, PANELS


def float64(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_every_panel_is_a_run_of_the_c_program(detector: Panels, c_images: dict[str, Any]) -> None:
    for number, (panel, image) in enumerate(zip(detector.panels, detector.images(), strict=True)):
        golden = c_images[f"panel_{number}"]
        assert " ".join(panel.options.argv) == golden.command
        assert torch.equal(image, golden.photons)


def test_pixels_stand_where_the_panel_says(detector: Panels) -> None:
    for panel, made in zip(PANELS, detector.panels, strict=True):
        origin, fast = float64(*panel.origin), float64(*panel.fast)
        torch.testing.assert_close(1e3 * made.detector.pix0, origin, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(made.detector.fast, fast / fast.norm(), rtol=1e-12, atol=1e-12)
        assert (made.detector.n_slow, made.detector.n_fast) == (panel.n_slow, panel.n_fast)


def test_a_moved_detector_is_the_one_placed_there(detector: Panels, c_images: dict[str, Any]) -> None:
    turn, shift = float64(0.01, -0.02, 0.03), float64(1.0, -2.0, 3.0)
    for number, photons in enumerate(detector.moved(turn, shift).photons()):
        torch.testing.assert_close(photons.float(), c_images[f"moved_panel_{number}"].photons, rtol=1e-5, atol=0)


def test_motions_add_up(detector: Panels) -> None:
    turn, shift = float64(0.01, -0.02, 0.03), float64(1.0, -2.0, 3.0)
    there = detector.moved(float64(0.0, 0.0, 0.0), shift).moved(turn, float64(0.0, 0.0, 0.0))
    back = there.moved(-turn, float64(0.0, 0.0, 0.0)).moved(float64(0.0, 0.0, 0.0), -shift)
    for one, other in zip(detector.panels, back.panels, strict=True):
        torch.testing.assert_close(other.detector.pix0, one.detector.pix0, rtol=0, atol=1e-15)


def test_gradients_reach_a_motion_that_starts_at_zero(detector: Panels) -> None:
    scale = [image.detach().max() for image in detector.photons()]

    def relative(turn: Tensor, shift: Tensor, wavelength: Tensor) -> tuple[Tensor, ...]:
        moved = detector.with_parameters(wavelength=wavelength).moved(turn, shift)
        return tuple(image[2:4, 2:5] / top for image, top in zip(moved.photons(), scale, strict=True))

    leaves = [torch.zeros(3), torch.zeros(3), torch.tensor(1.0)]
    assert gradcheck(relative, [x.double().requires_grad_() for x in leaves], eps=1e-7, atol=2e-5, rtol=1e-4)


def test_crystal_and_beam_are_shared_and_panels_have_their_own_numbers(detector: Panels) -> None:
    changed = detector.with_parameters(misset=[1.0, 2.0, 3.0]).with_panel(1, close_distance=70.0)
    assert all(panel.parameters.misset.tolist() == [1.0, 2.0, 3.0] for panel in changed.panels)
    assert torch.equal(changed.panels[0].detector.pix0, detector.panels[0].detector.pix0)
    assert float(changed.panels[1].detector.close_distance) == pytest.approx(0.07)
    with pytest.raises(InputError, match=r"beam_center: belongs to a single panel; use with_panel"):
        detector.with_parameters(beam_center=[1.0, 2.0])
    with pytest.raises(InputError, match=r"cell: shared by all panels; use with_parameters"):
        detector.with_panel(0, cell=[40, 50, 60, 90, 90, 90])
    with pytest.raises(InputError, match=r"panel 2: there are 2, from 0"):
        detector.with_panel(2, close_distance=70.0)


@pytest.mark.parametrize("flags", ["-roi 1 3 1 3", "-curved_det x"])
def test_flags_of_one_detector_are_refused(flags: str) -> None:
    with pytest.raises(InputError, match=f"{flags.split()[0]}: describes one detector"):
        Panels.from_command(f"{BASE} {flags}", PANELS)


@pytest.mark.parametrize(
    "convention", ["-xds", "-dials", "-adxv", "-mosflm -twotheta 7 -detector_rotz 3", "-pivot beam"]
)
def test_panels_stand_in_the_laboratory_of_any_convention(convention: str) -> None:
    """The beam of XDS, DIALS and ADXV runs along z."""
    along_z = "mosflm" not in convention and "pivot" not in convention
    panel = Panel((-20.0, -15.0, 60.0), (1.0, 0.0, 0.1), (0.0, 1.0, 0.0), 8, 6, 4.0) if along_z else PANELS[1]
    base = BASE.replace("-lambda 1.0", f"-lambda 1.0 {convention}")
    (made,) = Panels.from_command(base, [panel]).panels
    torch.testing.assert_close(1e3 * made.detector.pix0, float64(*panel.origin), rtol=1e-12, atol=1e-12)
    plain = Experiment.from_command(base)
    for name in ("direction", "polarization_axis"):
        torch.testing.assert_close(getattr(made.beam, name), getattr(plain.beam, name), rtol=0, atol=1e-15)
    torch.testing.assert_close(made.crystal.a, plain.crystal.a, rtol=0, atol=0)
    torch.testing.assert_close(made.crystal.spindle, plain.crystal.spindle, rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    ("origin", "fast", "slow", "message"),
    [
        ((60.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 1.0, 0.0), "must point away from the sample"),
        ((60.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 1.0, 0.1), "must be perpendicular"),
        ((60.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 1.0, 0.0), "must not be zero"),
    ],
)
def test_impossible_panels_are_refused(origin: Any, fast: Any, slow: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Panels.from_command(BASE, [Panel(origin, fast, slow, 4, 4, 1.0)])
    with pytest.raises(InputError, match="at least one is needed"):
        Panels.from_command(BASE, [])


def test_a_parameter_vector_takes_panels(detector: Panels) -> None:
    vector = ParameterVector(
        detector,
        "cell.a",
        "misset",
        "panel1_beam_center.y",
        "panel0_close_distance",
        "turn.z",
        "shift",
        scales={"turn": 1.0},
    )
    x = torch.linspace(-0.5, 0.5, len(vector), dtype=torch.float64).requires_grad_()
    made = vector.from_vector(x)
    values = dict(zip(vector.names, (vector.scales * x).tolist(), strict=True))
    first = detector.panels[0].parameters
    assert first.cell is not None and first.misset is not None
    cell, misset = first.cell.clone(), first.misset.clone()
    cell[0] += values["cell.a"]
    misset += float64(*(values[f"misset.{axis}"] for axis in "xyz"))
    center = detector.panels[1].parameters.beam_center + float64(0.0, values["panel1_beam_center.y"])
    placed = (
        detector.with_parameters(cell=cell, misset=misset)
        .with_panel(1, beam_center=center)
        .with_panel(0, close_distance=first.close_distance + values["panel0_close_distance"])
        .moved(
            torch.deg2rad(float64(0.0, 0.0, values["turn.z"])), float64(*(values[f"shift.{axis}"] for axis in "xyz"))
        )
    )
    for one, other in zip(made.photons(), placed.photons(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=0.0)

    def total(at: Tensor) -> Tensor:
        images = vector.from_vector(at).photons()
        return torch.stack([image[2:4, 2:5].log().sum() for image in images]).sum()

    assert gradcheck(total, (x.detach().requires_grad_(),), eps=1e-5, atol=1e-3, rtol=1e-3)


def test_a_parameter_vector_of_panels_refuses_unknown_names(detector: Panels) -> None:
    with pytest.raises(
        InputError, match=r"distance: no such parameter; known: cell.*turn, shift, panel0_close_distance"
    ):
        ParameterVector(detector, "distance")
    with pytest.raises(InputError, match="mosaic_spread: the crystal has one domain"):
        ParameterVector(detector, "mosaic_spread")
    with pytest.raises(InputError, match="panel2_beam_center: no such parameter"):
        detector.with_values({"panel2_beam_center": torch.zeros(2)})
    with pytest.raises(InputError, match="experiment: an Experiment or Panels is needed, not int"):
        ParameterVector(3, "misset")  # type: ignore[type-var]


def test_a_notebook_shows_every_panel(detector: Panels) -> None:
    assert detector._repr_html_().count("<img ") == 2


def misset_of(detector: Panels) -> Tensor:
    misset = detector.panels[0].parameters.misset
    assert misset is not None
    return misset


def test_many_shots_on_all_panels_are_the_single_ones(detector: Panels) -> None:
    maker = torch.Generator().manual_seed(4)
    misset = misset_of(detector) + 0.2 * torch.randn(3, 3, dtype=torch.float64, generator=maker)
    centers = detector.panels[1].parameters.beam_center + 0.3 * torch.randn(3, 2, dtype=torch.float64, generator=maker)
    values = {
        "misset": misset,
        "turn": float64(0.2, -0.3, 0.1),
        "shift": 0.4 * torch.randn(3, 3, dtype=torch.float64, generator=maker),
        "panel1_beam_center": centers,
        "wavelength": torch.tensor(1.01, dtype=torch.float64),
    }
    leaves = [value.requires_grad_() for value in values.values()]
    shots = PanelBatch(detector, **values)
    together = shots.photons()
    assert [image.shape for image in together] == [(3, 6, 8), (3, 7, 5)] and len(shots) == 3
    singly = [
        detector.with_values(
            {name: value[row] if name not in ("turn", "wavelength") else value for name, value in values.items()}
        )
        for row in range(3)
    ]
    for panel, images in enumerate(together):
        assert torch.equal(images, torch.stack([shot.photons()[panel] for shot in shots]))
        wanted = torch.stack([shot.photons()[panel] for shot in singly])
        torch.testing.assert_close(images, wanted, rtol=1e-9, atol=1e-12 * float(wanted.detach().max()))
    found = torch.autograd.grad(sum(image.sum() for image in together), leaves)
    wanted_slopes = torch.autograd.grad(sum(image.sum() for shot in singly for image in shot.photons()), leaves)
    for one, other in zip(found, wanted_slopes, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-9 * float(other.abs().max()))


def test_a_panel_without_values_of_its_own_takes_part(detector: Panels) -> None:
    close = detector.panels[1].parameters.close_distance + torch.arange(2, dtype=torch.float64)
    shots = PanelBatch(detector, panel1_close_distance=close)
    first, second = shots.photons()
    assert torch.equal(first[0], first[1]) and not torch.equal(second[0], second[1])
    assert torch.equal(first[0], detector.photons()[0])
    assert torch.equal(second[1], detector.with_panel(1, close_distance=close[1]).photons()[1])


def test_forward_mode_runs_over_shots_on_panels(detector: Panels) -> None:
    vector = ParameterVector(detector, "misset", "shift.x", "turn.y")

    def sums(x: Tensor) -> Tensor:
        return torch.stack([image.sum(dim=(1, 2)) for image in vector.batch(x).photons()], dim=1)

    x = torch.linspace(-0.4, 0.4, 10, dtype=torch.float64).reshape(2, 5)
    forward, reverse = torch.func.jacfwd(sums)(x), torch.func.jacrev(sums)(x)
    torch.testing.assert_close(forward, reverse, rtol=1e-8, atol=1e-9 * float(reverse.abs().max()))
    assert not bool(forward[0, :, 1].any()) and bool((forward[0, :, 0] != 0.0).all())


def test_shots_on_panels_are_values(detector: Panels) -> None:
    misset = (misset_of(detector) + torch.zeros(2, 3)).requires_grad_()
    shots = PanelBatch(detector, misset=misset, shift=float64(0.0, 0.0, 1.0))
    assert shots == PanelBatch(detector, misset=misset, shift=float64(0.0, 0.0, 1.0)) == copy.deepcopy(shots)
    assert shots != PanelBatch(detector, misset=misset) and hash(shots) == hash(copy.deepcopy(shots))
    assert repr(shots) == "PanelBatch(2 shots on 2 panels: misset, shift in common)"
    assert torch.equal(shots[1].photons()[0], list(shots)[1].photons()[0])
    with pytest.raises(IndexError):
        shots[2]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"distance": [1.0, 2.0]}, "distance: no such parameter; known: cell"),
        ({"shift": [1.0, 2.0, 3.0]}, "batch: every experiment needs one value; .*: no parameter has one"),
        ({"shift": torch.zeros(2, 3), "turn": torch.zeros(3, 3)}, "numbers of values: shift 2, turn 3"),
        ({"turn": torch.zeros(2, 4)}, r"turn: has the shape \(2, 4\), needs the shape \(n, 3\)"),
        ({"mosaic_spread": [1.0, 2.0]}, "mosaic_spread: the crystal has one domain"),
        ({"panel1_close_distance": [60.0, -1.0]}, "close_distance -1: must be positive"),
    ],
)
def test_misuse_of_shots_on_panels_is_refused(values: dict[str, Any], words: str, detector: Panels) -> None:
    with pytest.raises(InputError, match=words):
        PanelBatch(detector, **values)


def test_each_kind_of_batch_names_the_other(detector: Panels) -> None:
    with pytest.raises(InputError, match="batch: an Experiment is needed, not Panels; PanelBatch takes several panels"):
        Batch(detector, misset=torch.zeros(2, 3))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="detector: Panels are needed, not Experiment"):
        PanelBatch(detector.panels[0], misset=torch.zeros(2, 3))  # type: ignore[arg-type]


def test_panels_are_a_sequence_and_move_to_another_dtype(detector: Panels) -> None:
    assert len(detector) == 2 and list(detector) == [detector[0], detector[-1]] == list(detector.panels)
    rough = detector.to(torch.float32)
    assert [panel.dtype for panel in rough] == [torch.float32] * 2 and rough == detector.to(torch.zeros(1))


def test_a_motion_takes_lists_and_refuses_other_values(detector: Panels) -> None:
    moved = detector.moved([0.0, 0.0, 0.01], [1.0, 0.0, 0.0])
    assert moved == detector.moved(float64(0.0, 0.0, 0.01), float64(1.0, 0.0, 0.0))
    with pytest.raises(InputError, match=r"shift: has the shape \(2,\), needs the shape \(3,\)"):
        detector.moved([0.0, 0.0, 0.0], [1.0, 2.0])
    with pytest.raises(InputError, match="turn: not every number is finite"):
        detector.moved([0.0, 0.0, float("nan")], [1.0, 2.0, 3.0])
