"""An experiment as a Python object: equality, copies, files, repr, notebook, module, misuse."""

from __future__ import annotations

import base64
import copy
import io
import pickle
import re
import subprocess
import sys
import warnings
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import nbsim
from nbsim import Experiment, ExperimentModule, InputError, ParameterVector, image_values

COMMAND = "-default_F 100 -cell 40 50 60 90 90 90 -misset 10 20 30 -N 4 -distance 60 -detpixels 8 -pixel 2 -mosaic 0.3"

PANEL = nbsim.Panel(
    origin=(60.0, 4.0, -4.0), fast=(0.0, 0.0, 1.0), slow=(0.0, -1.0, 0.0), n_fast=8, n_slow=8, pixel=1.0
)


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    return Experiment.from_command(COMMAND)


def saved(value: Any) -> Any:
    stream = io.BytesIO()
    torch.save(value, stream)
    stream.seek(0)
    loaded = torch.load(stream)  # weights_only by default
    assert type(loaded) is type(value)
    return loaded


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e)), saved])
def test_a_copy_is_equal_and_works(copied: Callable[[Experiment], Experiment], experiment: Experiment) -> None:
    again = copied(experiment)
    assert again == experiment and hash(again) == hash(experiment) and {again: 1}[experiment] == 1
    assert torch.equal(again.with_parameters(phi=0.1).photons(), experiment.with_parameters(phi=0.1).photons())


def test_any_number_makes_a_difference(experiment: Experiment) -> None:
    assert experiment == Experiment.from_command(COMMAND)
    for name, value in experiment.parameters.as_dict().items():
        if name == "n_cells":
            continue
        other = experiment.with_parameters(**{name: value + 1e-3 * (1.0 + value)})
        assert other != experiment
    assert experiment.to(torch.float32) != experiment and experiment != "an experiment"
    assert experiment.with_quirks(phi_carryover=True) != experiment


def test_a_deep_copy_of_a_fitted_experiment_holds_values(experiment: Experiment) -> None:
    leaf = torch.tensor(61.0, dtype=torch.float64, requires_grad=True)
    fitted = experiment.with_parameters(distance=leaf)
    again = copy.deepcopy(fitted)
    assert again == fitted and not again.detector.pix0.requires_grad and fitted.detector.pix0.requires_grad


def test_the_repr_is_one_line(experiment: Experiment) -> None:
    assert repr(experiment) == (
        "Experiment(8 x 8 pixels of 2 mm at 60 mm, 1 Å, cell 40 50 60 90 90 90, N 4 4 4; float64, cpu)"
    )


def test_a_notebook_shows_the_image(experiment: Experiment) -> None:
    page = experiment._repr_html_()
    data = re.search(r"data:image/png;base64,([A-Za-z0-9+/=]+)", page)
    assert data is not None
    png = base64.b64decode(data[1])
    size, body = png[16:24], png[png.index(b"IDAT") + 4 : png.index(b"IEND") - 8]
    assert size == (8).to_bytes(4, "big") * 2
    grey = np.frombuffer(zlib.decompress(body), dtype=np.uint8).reshape(8, 9)[:, 1:]
    image = experiment.image()
    photons = image.photons.numpy()
    assert grey[np.unravel_index(photons.argmax(), photons.shape)] == grey.min() == 0
    assert image._repr_html_() in page


def test_the_image_of_very_many_terms_is_not_made_for_a_look() -> None:
    page = Experiment.from_command(f"{COMMAND} -detpixels 3000 -phisteps 50")._repr_html_()
    assert "<img" not in page and "image() computes the image" in page


def test_places_by_position(experiment: Experiment) -> None:
    assert experiment.to(torch.float32).dtype is torch.float32
    assert experiment.to("cpu", torch.float32) == experiment.to(torch.zeros(1)) == experiment.to(dtype=torch.float32)
    with pytest.raises(InputError, match="to: int is neither a dtype, a device nor a tensor"):
        experiment.to(3)  # type: ignore[arg-type]


def test_old_names_warn(experiment: Experiment) -> None:
    for old, value in (
        (lambda: experiment.beam.kahn, experiment.beam.polarization),
        (lambda: experiment.crystal.cells, experiment.crystal.n_cells),
        (lambda: experiment.detector.beam_center, experiment.detector.centers),
    ):
        with pytest.warns(DeprecationWarning, match="is now"):
            assert old() is value
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        experiment.to(torch.float32).image()


def test_parts_replaced_by_hand_are_never_lost(experiment: Experiment) -> None:
    stronger = replace(experiment, beam=replace(experiment.beam, fluence=2.0 * experiment.beam.fluence))
    torch.testing.assert_close(stronger.photons(), 2.0 * experiment.photons())
    for changed in (stronger, stronger.to(torch.float32), copy.deepcopy(stronger), saved(stronger)):
        for lost in (lambda e=changed: e.with_parameters(phi=1.0), lambda e=changed: e.with_quirks(phi_carryover=True)):
            with pytest.raises(InputError, match="beam: replaced by hand, which another set-up would lose"):
                lost()
        with pytest.raises(InputError, match="beam: replaced by hand; no command line"):
            changed.to_command()
    moved = experiment.to(torch.float32)
    assert moved.with_parameters(phi=1.0).to(torch.float64).with_parameters(phi=0.0).replaced == ()


@pytest.mark.parametrize(
    "make",
    [
        lambda e: e.image(),
        lambda e: nbsim.CellConstraint.of_system("cubic"),
        lambda _: nbsim.Panels.from_command("-default_F 1 -cell 9 9 9 90 90 90", [PANEL]),
        lambda _: PANEL,
        lambda e: e.parameters,
        lambda e: e.pixel(3, 4),
        lambda e: e.with_parameters(distance=torch.tensor(61.0, requires_grad=True)).pixel(3, 4),
        lambda e: nbsim.Batch(e, misset=torch.ones(3, 3), distance=torch.tensor(61.0)),
        lambda e: nbsim.Batch(e, misset=torch.ones(3, 3, requires_grad=True) * 2.0),
        lambda e: ParameterVector(e, "cell.a", "misset", bounds={"cell": (30.0, 50.0)}),
        lambda e: nbsim.crystal_frame(e.options, Path(), 1e-10, e.quirks),
        lambda e: nbsim.detector_frame(e.options, e.quirks),
    ],
)
def test_other_objects_compare_by_value_and_go_through_files(make: Callable[..., Any], experiment: Experiment) -> None:
    one, other = make(experiment), make(experiment)
    assert one == other == copy.deepcopy(one) == pickle.loads(pickle.dumps(one)) == saved(one)
    assert hash(one) == hash(other) == hash(saved(one)) and one != experiment and len(repr(one)) < 1300


def test_a_loaded_pixel_has_everything_behind_it(experiment: Experiment) -> None:
    pixel = experiment.pixel(3, 4)
    again = saved(pixel)
    assert nbsim.trace_lines(again) == nbsim.trace_lines(pixel) and again.value.equal(pixel.value)
    assert {name: column.tolist() for name, column in nbsim.terms_rows(again).items()} == {
        name: column.tolist() for name, column in experiment.terms(3, 4).items()
    }


@pytest.mark.slow
def test_a_new_process_loads_what_it_imports(experiment: Experiment, tmp_path: Path) -> None:
    torch.save({"run": experiment, "pixel": experiment.pixel(3, 4)}, tmp_path / "run.pt")
    program = (
        "import torch; from nbsim import Experiment; held = torch.load('run.pt', weights_only=True); "
        "print(held['run'].pixel(3, 4) == held['pixel'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "True\n"


def test_a_loaded_batch_computes_the_same(experiment: Experiment) -> None:
    batch = nbsim.Batch(experiment, misset=torch.tensor([[10.0, 20.0, 30.0], [10.1, 20.0, 30.0]]))
    assert torch.equal(saved(batch).photons(), batch.photons())
    assert batch != nbsim.Batch(experiment, misset=torch.tensor([[10.0, 20.0, 30.0], [10.2, 20.0, 30.0]]))


def test_any_number_makes_a_difference_to_a_vector(experiment: Experiment) -> None:
    vector = ParameterVector(experiment, "cell.a", "misset")
    assert vector == ParameterVector(experiment, "cell.a", "misset") != ParameterVector(experiment, "misset", "cell.a")
    assert vector != ParameterVector(experiment, "cell.a", "misset", scales={"cell": 0.2})
    assert vector != ParameterVector(experiment.with_parameters(phi=0.3), "cell.a", "misset")


def test_a_pixel_is_equal_to_itself_and_short_in_words(experiment: Experiment) -> None:
    one = experiment.pixel(3, 4)
    assert one == experiment.pixel(3, 4) != experiment.pixel(3, 5) and hash(one) == hash(experiment.pixel(3, 4))
    assert repr(one) == f"PixelResult(slow 3, fast 4: {float(one.value):g} photons)"


class TestModule:
    def test_has_the_gradients_of_the_parameters(self, experiment: Experiment) -> None:
        module = ExperimentModule(experiment, "misset", "distance")
        assert {name for name, _ in module.named_parameters()} == {"misset", "distance"}
        assert module.experiment() == experiment
        module(range(2, 5), range(3)).sum().backward()
        leaf = experiment.parameters.distance.clone().requires_grad_()
        experiment.with_parameters(distance=leaf).photons(range(2, 5), range(3)).sum().backward()
        assert isinstance(module.distance, torch.Tensor) and torch.equal(module.distance.grad, leaf.grad)

    def test_state_copies_and_places(self, experiment: Experiment) -> None:
        module = ExperimentModule(experiment, "cell", "fluence")
        other = copy.deepcopy(module)
        with torch.no_grad():
            module.get_parameter("cell").add_(0.5)
        other.load_state_dict(module.state_dict())
        assert other.experiment() == module.experiment() != experiment
        assert module.to(torch.float32)().dtype is torch.float32

    def test_adam_fits(self) -> None:
        experiment = Experiment.from_command(f"{COMMAND} -oversample 1")
        measured = experiment.with_parameters(distance=60.1).photons()
        module = ExperimentModule(experiment, "distance")
        optimizer = torch.optim.Adam(module.groups(lr=0.1))
        for _ in range(40):
            optimizer.zero_grad()
            (module() - measured).square().sum().backward()
            optimizer.step()
        assert float(module.get_parameter("distance").detach()) == pytest.approx(60.1, abs=0.02)

    def test_refuses_what_has_no_effect(self, experiment: Experiment) -> None:
        with pytest.raises(InputError, match="close_distance: the command gives the distance"):
            ExperimentModule(experiment, "close_distance")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda e: e.pixel(1.0, 2), "slow: a pixel index is a whole number, not float"),
        (lambda e: e.terms(1, torch.tensor(2.5)), "fast: a pixel index is a whole number, not Tensor"),
        (lambda e: e.photons(slow=3), r"slow: a range of pixels such as range\(3, 8\), or None, not int"),
        (lambda e: image_values(e, torch.tensor([[1.0, 2.0]])), "pixels: torch.float32 on cpu; indices"),
        (lambda e: image_values(e, torch.tensor([1, 2])), r"pixels: has the shape \(2,\), needs \(n, 2\)"),
        (lambda e: image_values(e, torch.zeros(1, 2, device="meta").long()), "pixels: torch.int64 on meta"),
        (
            lambda e: e.with_parameters(misset=[torch.ones(1), 2.0, 3.0]),
            r"misset: a list of tensors and numbers of one shape is needed, not \(1,\), \(\), \(\)",
        ),
        (lambda e: e.with_parameters(distance=float("nan")), "distance: not every number is finite"),
        (lambda e: e.with_parameters(cell=[-40, 50, 60, 90, 90, 90]), "^cell -40 50 60 90 90 90: the edges must be"),
        (lambda e: e.with_parameters(fluence=-1.0), "fluence -1: must not be negative"),
        (lambda e: e.with_parameters(polarization=2.0), "polarization 2: at most 1 on either side of 0"),
        (lambda e: e.with_parameters(source_wavelengths=torch.ones(0)), "source_wavelengths: .* no value at all"),
        (lambda e: e.with_parameters(misset=torch.ones(3).to_sparse()), "misset: torch.sparse_coo; a dense tensor"),
        (lambda e: image_values(e, [["a"]]), "pixels: list is not a tensor of whole numbers"),
        (lambda e: e.image(n_threads=1.5), "number of threads 1.5: a whole number from 1"),
        (lambda e: e.photons(n_threads=0), "number of threads 0: a whole number from 1"),
        (lambda _: Experiment.from_command(None), "command: a text or a list of words is needed, not NoneType"),
        (lambda _: Experiment.from_command([1, 2]), "command: a text or a list of words"),
        (lambda _: Experiment.from_command("-cell 4", workdir=3), "folder: a path or its text is needed, not int"),
        (lambda e: ParameterVector(e), "parameters: name at least one; known: cell"),
        (lambda e: ParameterVector(e, ["cell"]), "the name of a parameter is a text, not list"),
        (lambda e: ParameterVector(e, "cell", bounds={"cell": (50, 40)}), "bounds of cell.a: smallest and largest"),
        (lambda e: ParameterVector(e, "cell", bounds={"cell": 3}), "bounds of cell.a: smallest and largest value"),
        (lambda e: ExperimentModule(e), "parameters: name at least one"),
        (lambda e: ExperimentModule(e.options, "cell"), "experiment: an Experiment or Panels is needed, not Options"),
        (lambda _: nbsim.CellConstraint.of_system("cubic").cell([40.0, 50.0]), r"a: has the shape \(2,\), needs"),
        (lambda _: nbsim.CellConstraint.of_system("cubic").free([40.0]), r"cell: has the shape \(1,\), needs"),
        (lambda _: nbsim.a_matrix([4, 5, 60, 90, 90, 190], torch.eye(3)), "^cell 4 5 60 90 90 190: no cell has"),
        (
            lambda _: nbsim.a_matrix(torch.ones(6), torch.ones(3)),
            r"rotation: has the shape \(3,\), needs \(..., 3, 3\)",
        ),
        (lambda _: nbsim.rotation_matrix([0.0, 1.0]), r"rotation vector: has the shape \(2,\), needs \(..., 3\)"),
        (lambda _: nbsim.misset_rotation("x"), "misset: str is not a tensor of numbers"),
        (lambda _: nbsim.cell_of(torch.ones(3)), "a_matrix: has the shape"),
        (lambda _: nbsim.background_plane([1, 2], (3, 3)), "coefficients: has the shape"),
        (lambda _: nbsim.covariance(torch.ones(2, 3)), "information: a square matrix is needed"),
        (lambda _: nbsim.covariance(torch.full((2, 2), float("nan"))), "information: not every number is finite"),
    ],
)
def test_misuse_is_an_input_error(call: Callable[[Experiment], Any], words: str, experiment: Experiment) -> None:
    with pytest.raises(InputError, match=words):
        call(experiment)
