"""Parameters as one vector: names, scales, bounds, both directions, gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from nbsim import Experiment, InputError, ParameterVector

COMMAND = "-default_F 100 -cell 40 50 60 90 90 90 -misset 10 20 30 -N 4 -distance 60 -detpixels 8 -pixel 2"


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    return Experiment.from_command(COMMAND)


def test_zero_is_the_experiment_and_one_is_a_scale(experiment: Experiment) -> None:
    vector = ParameterVector(experiment, "cell.a", "misset", "distance", scales={"misset.y": 0.5, "cell": 0.2})
    assert vector.names == ("cell.a", "misset.x", "misset.y", "misset.z", "distance")
    assert vector.from_vector(np.zeros(5)) == experiment
    moved = vector.from_vector([1.0, 0.0, -2.0, 0.0, 3.0]).parameters
    assert moved.cell is not None and moved.misset is not None
    np.testing.assert_allclose(moved.cell, [40.2, 50.0, 60.0, 90.0, 90.0, 90.0], rtol=1e-15)
    np.testing.assert_allclose(moved.misset, [10.0, 19.0, 30.0], rtol=1e-15)
    assert float(moved.distance) == pytest.approx(60.3, rel=1e-15)


def test_there_and_back(experiment: Experiment) -> None:
    vector = ParameterVector(experiment, "fluence", "cell", "wavelength")
    x = torch.linspace(-1.0, 1.0, len(vector), dtype=torch.float64)
    torch.testing.assert_close(vector.to_vector(vector.from_vector(x)), x, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(vector.values(x)[0], experiment.parameters.fluence * 0.9, rtol=1e-12, atol=0.0)


def test_bounds_are_those_of_physics_or_the_callers(experiment: Experiment) -> None:
    vector = ParameterVector(experiment, "cell.a", "misset.x", "polarization", bounds={"misset": (8.0, 11.0)})
    expected = [[-399.9, -20.0, -10.0], [np.inf, 10.0, 10.0]]
    np.testing.assert_allclose(vector.bounds, expected, rtol=1e-12)


def test_gradient_is_that_of_the_parameters_times_the_scale(experiment: Experiment) -> None:
    vector = ParameterVector(experiment, "distance", "misset.z")
    x = vector.to_vector().requires_grad_()
    (found,) = torch.autograd.grad(vector.from_vector(x).photons().square().sum(), x)
    start = experiment.parameters.as_dict()
    distance, misset = (start[name].clone().requires_grad_() for name in ("distance", "misset"))
    changed = experiment.with_parameters(distance=distance, misset=misset)
    by_distance, by_misset = torch.autograd.grad(changed.photons().square().sum(), (distance, misset))
    torch.testing.assert_close(found, 0.1 * torch.stack((by_distance, by_misset[2])), rtol=1e-9, atol=0.0)


def test_the_table_of_structure_factors_is_a_part(tmp_path: Any) -> None:
    (tmp_path / "a.hkl").write_text("0 0 1 5\n1 0 0 7\n", encoding="ascii")
    vector = ParameterVector(Experiment.from_command(f"{COMMAND} -hkl a.hkl", tmp_path), "structure_factors")
    assert vector.names[:2] == ("structure_factors[0, 0, 0]", "structure_factors[0, 0, 1]")
    assert bool((vector.bounds[0] == -torch.inf).all())


@pytest.mark.parametrize(
    ("names", "facts", "words"),
    [
        (("cel",), {}, "cel: no such parameter; known: cell, misset"),
        (("cell.d",), {}, "cell.d: no such component; known: cell.a, cell.b"),
        (("cell", "cell.a"), {}, "cell.a: named twice"),
        (("cell",), {"scales": {"misset": 1.0}}, "misset: not in this vector"),
        (("cell",), {"scales": {"cell": 0.0}}, "every scale must be positive"),
    ],
)
def test_unusable_vectors_are_refused(names: tuple[str, ...], facts: Any, words: str, experiment: Experiment) -> None:
    with pytest.raises(InputError, match=words):
        ParameterVector(experiment, *names, **facts)


def test_a_vector_of_another_length_is_refused(experiment: Experiment) -> None:
    with pytest.raises(InputError, match=r"x: has the shape \(2,\), needs the shape \(3,\)"):
        ParameterVector(experiment, "misset").from_vector([1.0, 2.0])


def test_many_vectors_are_a_batch(experiment: Experiment) -> None:
    vector = ParameterVector(experiment, "misset.y", "distance", "cell.b", "cell.c")
    x = torch.linspace(-1.0, 1.0, 12, dtype=torch.float64).reshape(3, 4).requires_grad_()
    together, singly = vector.batch(x).photons(), torch.stack([vector.from_vector(own).photons() for own in x])
    assert torch.equal(together, singly)
    slopes, wanted = (torch.autograd.grad(values.square().sum(), x)[0] for values in (together, singly))
    torch.testing.assert_close(slopes, wanted, rtol=1e-12, atol=0.0)
    with pytest.raises(InputError, match=r"x: has the shape \(3, 3\), needs the shape \(n, 4\)"):
        vector.batch(x[:, :3])
