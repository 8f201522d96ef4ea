"""Orientation as a matrix: A = U B, the rotation U of a crystal and the matrix B of its cell.

A (3, 3) has the columns a*, b*, c* [1/A] in the laboratory at phi = 0; B has a* along x and b* in the xy plane, as in
nanoBragg, and follows the cell exactly (C's own B is off where two or more angles differ from 90 degrees, quirk
``cell_sine_of_gamma_star``). Source: Busing and Levy (1967), Acta Cryst. 22, 457; nanobragg_setup.md section 3.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nbsim.constants import RTD
from nbsim.parameters import Value, as_parameter, as_shaped
from nbsim.rotations import rotation_matrix
from nbsim.setup.crystal import cell_in_radians, check_cell, reciprocal_from_cell
from nbsim.setup.crystal import cell_of as cell_of_stars
from nbsim.vectors import cross, unit

_SMALLEST_COSINE = 1e-8  # of the rotation about y; below, those about x and z have the same axis


def misset_rotation(misset: Value) -> Tensor:
    """U (..., 3, 3) of angles ``misset`` (..., 3) [degrees] about lab x, then y, then z: ``-misset`` as a matrix.

    Raises:
        InputError: no vector of three numbers.
    """
    angles = as_shaped("misset", misset, (3,))
    about_x, about_y, about_z = rotation_matrix(torch.diag_embed(angles / RTD)).unbind(-3)
    return about_z @ about_y @ about_x


def misset_angles(rotation: Tensor) -> Tensor:
    """Angles (..., 3) [degrees] about lab x, then y, then z of a rotation matrix (..., 3, 3), as ``-misset`` has them.

    The inverse of :func:`misset_rotation`, y within +-90 degrees. At y = +-90 degrees x and z turn about one axis: x is
    0 there, and the derivatives do not exist.
    """
    cosine = torch.hypot(rotation[..., 2, 1], rotation[..., 2, 2])
    y = torch.atan2(-rotation[..., 2, 0], cosine)
    apart = cosine.detach() > _SMALLEST_COSINE
    zero, one = torch.zeros_like(y), torch.ones_like(y)
    x = torch.atan2(torch.where(apart, rotation[..., 2, 1], zero), torch.where(apart, rotation[..., 2, 2], one))
    z = torch.atan2(
        torch.where(apart, rotation[..., 1, 0], -rotation[..., 0, 1]),
        torch.where(apart, rotation[..., 0, 0], rotation[..., 1, 1]),
    )
    return torch.stack((x, y, z), dim=-1) * RTD


def a_matrix(cell: Value, rotation: Value) -> Tensor:
    """A = U B [1/A], (..., 3, 3), of ``cell`` (6,) [A, degrees] and ``rotation`` U (..., 3, 3).

    ``with_parameters(a_matrix=...)`` takes it. A small rotation w (3,) [rad] about axes of the laboratory on top of U
    is ``rotation_matrix(w) @ rotation``.

    Raises:
        InputError: the cell is impossible.
    """
    cell, rotation = as_parameter("cell", cell, (6,)), as_shaped("rotation", rotation, (3, 3))
    check_cell(cell, "cell")
    return rotation.to(cell) @ torch.stack(reciprocal_from_cell(cell_in_radians(cell), literal=False), dim=1)


def cell_of(a_matrix: Value) -> Tensor:
    """a, b, c [A], alpha, beta, gamma [degrees], (6,), of A (3, 3) [1/A].

    Raises:
        InputError: no matrix.
    """
    a_star, b_star, c_star = as_parameter("a_matrix", a_matrix, (3, 3)).unbind(1)
    return cell_of_stars((a_star, b_star, c_star))


def rotation_of(a_matrix: Value) -> Tensor:
    """U (3, 3) of A = U B (3, 3): a* along the first column, b* in the plane of the first two.

    Raises:
        InputError: no matrix.
    """
    a_star, b_star, _ = as_parameter("a_matrix", a_matrix, (3, 3)).unbind(1)
    first, third = unit(a_star), unit(cross(a_star, b_star))
    return torch.stack((first, cross(third, first), third), dim=1)
