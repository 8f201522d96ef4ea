"""Free constants of a cell, against the symmetry operations of every space group."""

from __future__ import annotations

import gemmi
import numpy as np
import pytest
import torch

from nbsim import CellConstraint, InputError

SETTINGS = sorted({group.xhm() for group in gemmi.spacegroup_table()})


def metric(cell: list[float]) -> np.ndarray:
    a, b, c = cell[:3]
    alpha, beta, gamma = np.cos(np.radians(cell[3:]))
    return np.array(
        [
            [a * a, a * b * gamma, a * c * beta],
            [a * b * gamma, b * b, b * c * alpha],
            [a * c * beta, b * c * alpha, c * c],
        ]
    )


def free_metrics(rotations: list[np.ndarray]) -> int:
    """Dimension of the metric tensors that the rotations leave alone."""
    basis = [np.eye(3)[[i]].T @ np.eye(3)[[j]] for i in range(3) for j in range(i, 3)]
    symmetric = [(m + m.T) / 2 for m in basis]
    averaged = [sum(r.T @ m @ r for r in rotations) / len(rotations) for m in symmetric]
    return int(np.linalg.matrix_rank(np.array([m.ravel() for m in averaged]), tol=1e-9))


def test_every_space_group_leaves_its_cells_alone_and_no_freedom_is_lost() -> None:
    assert len(SETTINGS) > 500
    for name in SETTINGS:
        group = gemmi.find_spacegroup_by_name(name)
        rotations = [np.array(op.rot) / op.DEN for op in group.operations().sym_ops]
        constraint = CellConstraint.of_space_group(name)
        values = {"a": 41.0, "b": 52.0, "c": 63.0, "alpha": 83.0, "beta": 97.0, "gamma": 101.0}
        free = torch.tensor([values[constant] for constant in constraint.names], dtype=torch.float64)
        cell = constraint.cell(free)
        tensor = metric(cell.tolist())
        for rotation in rotations:
            np.testing.assert_allclose(rotation.T @ tensor @ rotation, tensor, atol=1e-9, err_msg=name)
        assert len(free) == free_metrics(rotations), name
        torch.testing.assert_close(constraint.free(cell), free)


def test_a_gradient_reaches_the_free_constants() -> None:
    constraint = CellConstraint.of_space_group("P 43 21 2")
    assert constraint.names == ("a", "c")
    jacobian = torch.func.jacrev(constraint.cell)(torch.tensor([78.0, 37.0]).double())
    assert jacobian.T.tolist() == [[1, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0]]


def test_cells_of_another_system_are_refused() -> None:
    constraint = CellConstraint.of_system("tetragonal")
    with pytest.raises(InputError, match=r"not tetragonal; .* differs from its constraint"):
        constraint.free(torch.tensor([78.0, 79.0, 37.0, 90.0, 90.0, 90.0]).double())
    with pytest.raises(InputError, match=r"'tetragon': must be one of triclinic, .*cubic"):
        CellConstraint.of_system("tetragon")
    with pytest.raises(InputError, match="'P 5': unknown"):
        CellConstraint.of_space_group("P 5")
    assert CellConstraint.of_space_group("96").names == ("a", "c")
