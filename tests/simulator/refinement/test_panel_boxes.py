"""Boxes of pixels on several panels, and panels as a torch module: against runs of the single panels."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck
from torch.func import functional_call

from nbsim import Experiment, ExperimentModule, InputError, PanelBatch, Panels
from support.two_panels import BASE

SLOW, FAST = [range(2, 5), range(1, 7, 2)], [None, range(2, 4)]
NAMES = ("cell", "misset", "wavelength", "panel1_beam_center", "panel0_close_distance", "turn", "shift")


def stepped(module: ExperimentModule[Any], share: float) -> None:
    """Move every parameter by a share of its scale."""
    with torch.no_grad():
        for group in module.groups(lr=share):
            for parameter in group["params"]:
                parameter.add_(group["lr"])


def placed_by_hand(detector: Panels, values: dict[str, Tensor]) -> Panels:
    """The detector with these values by the calls for a single panel, or for the whole detector."""
    shared = {name: values[name] for name in ("cell", "misset", "wavelength")}
    return (
        detector.with_parameters(**shared)
        .with_panel(1, beam_center=values["panel1_beam_center"])
        .with_panel(0, close_distance=values["panel0_close_distance"])
        .moved(torch.deg2rad(values["turn"]), values["shift"])
    )


class TestBoxes:
    def test_are_those_of_the_single_panels(self, detector: Panels) -> None:
        found = detector.photons(SLOW, FAST)
        assert [image.shape for image in found] == [(3, 8), (3, 2)]
        for panel, rows, columns, image in zip(detector, SLOW, FAST, found, strict=True):
            assert torch.equal(image, panel.photons(rows, columns))
        for panel, image in zip(detector, detector.photons(range(1, 3)), strict=True):
            assert torch.equal(image, panel.photons(range(1, 3)))
        assert [image.shape for image in detector.photons([range(0), None])] == [(0, 8), (7, 5)]

    def test_of_many_shots_are_those_of_every_shot_alone(self, detector: Panels) -> None:
        misset = torch.tensor([[10.0, 20.0, 30.0], [10.2, 20.0, 29.9], [10.0, 19.7, 30.0]], dtype=torch.float64)
        shift = torch.tensor([0.3, -0.2, 0.1], dtype=torch.float64)
        misset.requires_grad_(), shift.requires_grad_()
        found = PanelBatch(detector, misset=misset, shift=shift).photons(SLOW, FAST)
        assert [image.shape for image in found] == [(3, 3, 8), (3, 3, 2)]
        slopes = torch.autograd.grad(sum(image.sum() for image in found), (misset, shift))
        still = torch.zeros(3, dtype=torch.float64)
        alone = [detector.with_parameters(misset=misset[row]).moved(still, shift) for row in range(3)]
        wanted = [torch.stack([one[k].photons(SLOW[k], FAST[k]) for one in alone]) for k in range(2)]
        for image, other in zip(found, wanted, strict=True):
            torch.testing.assert_close(image, other, rtol=1e-9, atol=1e-12 * float(other.detach().max()))
        for one, other in zip(
            slopes, torch.autograd.grad(sum(image.sum() for image in wanted), (misset, shift)), strict=True
        ):
            torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-9 * float(other.abs().max()))

    def test_are_cut_out_of_the_whole_image_to_the_last_bit(self, detector: Panels) -> None:
        shots = PanelBatch(detector, fluence=[1e24, 2e24])
        first, second = shots.photons(SLOW, FAST, compile_kernel=False)
        whole_first, whole_second = shots.photons(compile_kernel=False)
        assert torch.equal(first, whole_first[:, 2:5]) and torch.equal(second, whole_second[:, 1:7:2, 2:4])

    @pytest.mark.parametrize(
        ("slow", "fast", "words"),
        [
            (range(6), range(6), r"^panel 1: pixels beyond the detector of 7 x 5 \(slow x fast\)$"),
            ([None, range(8)], None, "^panel 1: pixels beyond the detector of 7 x 5"),
            ([range(2)], None, "^slow: 1 ranges for 2 panels; give one for each, or a single range$"),
            (None, 3, r"^panel 0: fast: a range of pixels such as range\(3, 8\), or None, not int$"),
            (None, [range(2), (0, 3)], "^panel 1: fast: a range of pixels .*, or None, not tuple$"),
        ],
    )
    def test_outside_are_refused(self, detector: Panels, slow: Any, fast: Any, words: str) -> None:
        for call in (detector.photons, PanelBatch(detector, phi=[1.0, 1.1]).photons):
            with pytest.raises(InputError, match=words):
                call(slow, fast)


class TestModuleOfPanels:
    def test_gives_the_photons_and_gradients_of_the_single_panels(self, detector: Panels) -> None:
        module = ExperimentModule(detector, *NAMES)
        assert module.experiment().photons()[1].shape == (7, 5) and repr(detector) in repr(module)
        stepped(module, 0.5)
        leaves = {name: p.detach().clone().requires_grad_() for name, p in module.named_parameters()}
        assert tuple(leaves) == NAMES
        alone = placed_by_hand(detector, leaves)
        wanted = [panel.photons(rows, columns) for panel, rows, columns in zip(alone, SLOW, FAST, strict=True)]
        found = module(SLOW, FAST)
        for image, other in zip(found, wanted, strict=True):
            torch.testing.assert_close(image, other, rtol=1e-9, atol=1e-12 * float(other.detach().max()))
        sum(image.sum() for image in found).backward()
        sum(image.sum() for image in wanted).backward()
        for name, leaf in leaves.items():
            other = leaf.grad
            assert other is not None and bool(other.any())
            torch.testing.assert_close(
                module.get_parameter(name).grad, other, rtol=1e-8, atol=1e-9 * float(other.abs().max())
            )

    def test_a_panel_alone_moves_only_its_own_image(self, detector: Panels) -> None:
        module = ExperimentModule(detector, "panel1_beam_center")
        before = module()
        stepped(module, 1.0)
        first, second = module()
        torch.testing.assert_close(first, before[0], rtol=1e-9, atol=1e-9)  # the kernel may have come in between
        assert not torch.allclose(second, before[1], rtol=1e-6)
        center = detector[1].parameters.beam_center + module.groups(lr=1.0)[0]["lr"]
        moved = detector[1].with_parameters(beam_center=center).photons()
        torch.testing.assert_close(second, moved, rtol=1e-9, atol=1e-9)

    @pytest.mark.slow
    def test_slopes_are_those_of_finite_differences(self, detector: Panels) -> None:
        module = ExperimentModule(detector, *NAMES)
        scale = [image.detach().max() for image in module(SLOW, FAST)]
        names = [name for name, _ in module.named_parameters()]
        leaves = [parameter.detach().clone().requires_grad_() for parameter in module.parameters()]

        def relative(*values: Tensor) -> tuple[Tensor, ...]:
            images = functional_call(module, dict(zip(names, values, strict=True)), (SLOW, FAST))
            return tuple(image / top for image, top in zip(images, scale, strict=True))

        assert gradcheck(relative, leaves, eps=1e-6, atol=2e-5, rtol=1e-4)

    def test_state_copies_and_places(self, detector: Panels) -> None:
        module = ExperimentModule(detector, "misset", "turn", "panel0_detector_rotations")
        other = copy.deepcopy(module)
        stepped(module, 1.0)
        other.load_state_dict(module.state_dict())
        assert other.experiment() == module.experiment() != detector
        rough = other.to(torch.float32)
        assert all(parameter.dtype is torch.float32 for parameter in rough.parameters())
        assert [image.dtype for image in rough()] == [torch.float32] * 2
        for image, whole in zip(rough(), module(), strict=True):
            assert float((image.double() - whole).detach().abs().max()) < 1e-2 * float(whole.detach().max())

    @pytest.mark.parametrize(
        ("names", "words"),
        [
            (("distance",), "distance: no such parameter; known: cell.*turn, shift, panel0_close_distance"),
            (("panel2_beam_center",), "panel2_beam_center: no such parameter"),
            (("misset", "misset"), "misset: named twice"),
            (("mosaic_spread",), "mosaic_spread: the crystal has one domain"),
            ((), "parameters: name at least one"),
        ],
    )
    def test_refuses_other_names(self, detector: Panels, names: tuple[str, ...], words: str) -> None:
        with pytest.raises(InputError, match=words):
            ExperimentModule(detector, *names)

    def test_refuses_boxes_outside_as_a_panel_does(self, detector: Panels) -> None:
        with pytest.raises(InputError, match="panel 1: pixels beyond the detector of 7 x 5"):
            ExperimentModule(detector, "cell")(range(6), range(6))
        with pytest.raises(InputError, match=r"a range of pixels such as .*, not list"):
            ExperimentModule(Experiment.from_command(BASE), "cell")([range(2)], None)


def test_values_of_panels_take_any_dtype(detector: Panels) -> None:
    turned = detector.with_values({"turn": torch.tensor([0.5, 0.0, 0.0]), "shift": torch.tensor([0, 1, 0])})
    whole = detector.moved(torch.deg2rad(torch.tensor([0.5, 0.0, 0.0]).double()), [0.0, 1.0, 0.0])
    for image, other in zip(turned.photons(), whole.photons(), strict=True):
        torch.testing.assert_close(image, other, rtol=1e-9, atol=1e-12 * float(other.max()))
    with pytest.raises(InputError, match=r"turn: has the shape \(2,\), needs the shape \(3,\)"):
        detector.with_values({"turn": torch.zeros(2)})
