"""The crystal: cell or matrix, misset, real-space vectors, size in cells.

Source: nanobragg_setup.md section 3. Cell vectors in A or 1/A (named), angles in rad, float64.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from nbsim.constants import RTD
from nbsim.errors import InputError
from nbsim.exact import with_value
from nbsim.options.options import Options
from nbsim.options.quirks import Quirks
from nbsim.parameters import Parameters
from nbsim.regular_file import read_regular
from nbsim.setup.geometry import SMALLEST_NORMAL, scalar
from nbsim.vectors import cos, cross, dot, length, rotate_xyz, sin, sqrt, unit

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_ENTRIES = 9
_MOST_CELLS = 2.0**31  # along one edge; C counts them as an int
_LARGEST_MATRIX = 1 << 20  # bytes of its file
_SHORTEST = 0.01  # A; no atom is smaller
_SAME_ANGLE_DEGREES = 1e-6


@dataclass(frozen=True)
class Lattice:
    """Reciprocal vectors [1/A] and, once computed, real-space vectors [A], each (3,); volume [A^3]."""

    a: Tensor
    b: Tensor
    c: Tensor
    a_star: Tensor
    b_star: Tensor
    c_star: Tensor
    volume: Tensor

    @property
    def vectors(self) -> tuple[Tensor, Tensor, Tensor]:
        """a, b, c."""
        return self.a, self.b, self.c


def check_cell(cells: Tensor, name: str) -> None:
    """Refuse impossible cells, (..., 6) [A, degrees]; ``name`` is that of the flag or the parameter.

    Raises:
        InputError: the message shows the first impossible one.
    """
    lengths, angles = cells.detach()[..., :3], cells.detach()[..., 3:] / RTD
    half = angles.sum(dim=-1, keepdim=True) / 2.0
    impossible = (angles >= half) | (angles <= 0.0) | (half >= math.pi)
    for wrong, about in (
        (lengths <= 0.0, "the edges must be positive"),
        (lengths < _SHORTEST, f"an edge of less than {_SHORTEST:g} A"),
        (impossible, "no cell has these angles"),
    ):
        if bool(wrong.any()):
            first = cells[wrong.any(dim=-1)][0] if cells.dim() > 1 else cells
            text = " ".join(f"{value:g}" for value in first.tolist())
            raise InputError(f"{name} {text}: {about}")


def cell_in_radians(cell: Tensor) -> tuple[Tensor, ...]:
    """a, b, c [A], alpha, beta, gamma [rad], scalars, of ``cell`` (6,) with angles in degrees."""
    return (*cell[:3].unbind(), *(cell[3:] / RTD).unbind())


def _cosine(value: Tensor) -> Tensor:
    return torch.where(torch.abs(value) > 1.0, torch.ones_like(value), value)


def cell_volume(cell: tuple[Tensor, ...]) -> Tensor:
    """Volume [A^3] of a, b, c [A], alpha, beta, gamma [rad]."""
    a, b, c, alpha, beta, gamma = cell
    half = (alpha + beta + gamma) / 2.0
    first, second, third, fourth = sin(torch.stack((half, half - alpha, half - beta, half - gamma)))
    skew = first * second * third * fourth
    volume = 2.0 * a * b * c * sqrt(torch.abs(skew))
    return torch.where(volume > 0.0, volume, torch.full_like(volume, SMALLEST_NORMAL))


def reciprocal_from_cell(cell: tuple[Tensor, ...], *, literal: bool = True) -> tuple[Tensor, Tensor, Tensor]:
    """a*, b*, c* [1/A] with a* along x and b* in the xy plane (section 3.1).

    ``literal``: z of c* as in C, with sin gamma* in place of sin gamma, which changes the angles of a cell without two
    right angles at c.
    """
    a, b, c, alpha, beta, gamma = cell
    volume = cell_volume(cell)
    inverse = 1.0 / volume
    angles = torch.stack((alpha, beta, gamma))
    (sin_alpha, sin_beta, sin_gamma), (cos_alpha, cos_beta, cos_gamma) = sin(angles), cos(angles)
    a_star = b * c * sin_alpha * inverse
    b_star = c * a * sin_beta * inverse
    c_star = a * b * sin_gamma * inverse
    # only rounding takes it beyond 1, at gamma* = 90 degrees, where its second derivative is not zero
    unclamped = c * inverse / a_star / b_star
    sin_gamma_star = with_value(unclamped, torch.clamp(unclamped, -1.0, 1.0))
    cos_alpha_star = _cosine((cos_beta * cos_gamma - cos_alpha) / (sin_beta * sin_gamma))
    cos_beta_star = _cosine((cos_gamma * cos_alpha - cos_beta) / (sin_gamma * sin_alpha))
    cos_gamma_star = _cosine((cos_alpha * cos_beta - cos_gamma) / (sin_alpha * sin_beta))
    height = c_star * volume / (a * b * c * (sin_gamma_star if literal else sin_gamma))
    zero = torch.zeros_like(volume)
    return (
        torch.stack([a_star, zero, zero]),
        torch.stack([b_star * cos_gamma_star, b_star * sin_gamma_star, zero]),
        torch.stack(
            [
                c_star * cos_beta_star,
                c_star * (cos_alpha_star - cos_beta_star * cos_gamma_star) / sin_gamma_star,
                height,
            ]
        ),
    )


def read_matrix(path: Path) -> Tensor:
    """The nine numbers of a MOSFLM matrix, (3, 3): columns a*, b*, c* times the wavelength, dimensionless.

    Raises:
        InputError: unreadable, or without nine leading numbers.
    """
    try:
        text = read_regular(path, _LARGEST_MATRIX).decode("latin-1")
    except OSError as error:
        raise InputError(f"-mat {path}: cannot be read ({error.strerror})") from error
    words = text.split()[:_ENTRIES]
    for i, word in enumerate(words):
        if not _NUMBER.fullmatch(word):
            raise InputError(f"{path}: word {i + 1} of the matrix, {word!r}, is not a number")
    if len(words) < _ENTRIES:
        raise InputError(f"{path}: a matrix has {_ENTRIES} numbers, found {len(words)}")
    return torch.tensor([float(word) for word in words], dtype=torch.float64).reshape(3, 3)


def reciprocal_from_matrix(matrix: Tensor, wavelength_m: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """a*, b*, c* [1/A] of a MOSFLM matrix (3, 3) (section 3.2)."""
    a_star, b_star, c_star = (matrix * (scalar(1e-10) / wavelength_m)).unbind(1)
    return a_star, b_star, c_star


def _resized(v: Tensor, size: Tensor) -> Tensor:
    return v * (size / length(v))


def complete(
    stars: tuple[Tensor, Tensor, Tensor], misset: tuple[Tensor, ...] | None, cell: tuple[Tensor, ...] | None
) -> Lattice:
    """Apply misset [rad], compute real-space vectors, regenerate reciprocal ones (sections 3.3, 3.4).

    ``cell``: edges (and volume) to which the result is scaled, as in C whenever ``-cell`` was given.
    """
    a_star, b_star, c_star = stars
    if misset is not None:
        a_star, b_star, c_star = rotate_xyz(torch.stack(stars), misset[0], misset[1], misset[2])
    ab, bc, ca = cross(a_star, b_star), cross(b_star, c_star), cross(c_star, a_star)
    inverse = dot(a_star, bc)
    if cell is not None:
        volume = cell_volume(cell)
        bc, ca, ab = (_resized(v, edge / volume) for v, edge in zip((bc, ca, ab), cell[:3], strict=True))
        inverse = 1.0 / volume
    volume = 1.0 / inverse
    a, b, c = bc * volume, ca * volume, ab * volume
    return Lattice(a, b, c, cross(b, c) * inverse, cross(c, a) * inverse, cross(a, b) * inverse, volume)


def unrotated(
    cell: Tensor | None, matrix: Tensor | None, wavelength_m: Tensor, quirks: Quirks
) -> tuple[tuple[Tensor, Tensor, Tensor], tuple[Tensor, ...] | None]:
    """a*, b*, c* [1/A] before misset, and the cell (6,) in A and rad; a matrix (3, 3) overrides the cell.

    Raises:
        InputError: neither cell nor matrix.
    """
    in_radians = None if cell is None else cell_in_radians(cell)
    if matrix is not None:
        return reciprocal_from_matrix(matrix, wavelength_m), in_radians
    if in_radians is None:
        raise InputError("no crystal: give -cell A B C ALPHA BETA GAMMA or -mat FILE")
    return reciprocal_from_cell(in_radians, literal=quirks.cell_sine_of_gamma_star), in_radians


def typed_cell(options: Options) -> Tensor | None:
    """``-cell``, (6,) in A and degrees, blanks filled by C's rule: edges like the first one, right angles (3.1)."""
    if options.cell is None:
        return None
    a, b, c, *angles = options.cell + (0.0,) * (6 - len(options.cell))
    edges = (a, b if b > 0.0 else a, c if c > 0.0 else a)
    return torch.tensor(edges + tuple(angle if angle > 0.0 else 90.0 for angle in angles), dtype=torch.float64)


def _rescaled_to(typed: Tensor, followed: Tensor | None) -> Tensor:
    """The cell that C gives to a matrix: ``typed``, with the derivative of the edges from ``followed``, (6,) each."""
    if followed is None:
        return typed
    return torch.cat((typed[:3] + (followed[:3] - followed[:3].detach()), typed[3:]))


def lattice(
    options: Options,
    quirks: Quirks,
    parameters: Parameters,
    matrix: Tensor | None,
    wavelength_m: Tensor,
    misset_rad: tuple[Tensor, ...],
) -> Lattice:
    """The lattice of the command line, misset included; ``matrix`` (3, 3) is that of ``-mat``.

    ``a_matrix`` of the parameters, where given, holds cell and orientation.

    Raises:
        InputError: neither cell nor matrix.
    """
    if parameters.a_matrix is not None:
        a_star, b_star, c_star = parameters.a_matrix.unbind(1)
        return complete((a_star, b_star, c_star), None, None)
    if matrix is None:
        stars, in_radians = unrotated(parameters.cell, None, wavelength_m, quirks)
        return complete(stars, misset_rad, in_radians)
    typed = typed_cell(options)
    cell = None if typed is None else _rescaled_to(typed, parameters.cell)
    stars, in_radians = unrotated(cell, matrix, wavelength_m, quirks)
    return complete(stars, misset_rad, in_radians if quirks.matrix_rescaled_by_cell else None)


def check_lattice(vectors: Iterable[Tensor], source: str) -> None:
    """Refuse real-space vectors, (..., 3) each, that span no volume; ``source`` is their flag or parameter.

    Raises:
        InputError: they lie in a plane.
    """
    if not all(bool(vector.isfinite().all()) for vector in vectors):
        raise InputError(f"{source}: it has no volume, its vectors lie in a plane")


def cartesian_frame(a: Tensor, c_star: Tensor) -> Tensor:
    """Orthonormal axes of a crystal as rows, (3, 3): along a, c* x a and c*, from a and c* (3,) of any length."""
    first, third = unit(a), unit(c_star)
    return torch.stack((first, cross(third, first), third))


def cell_of(stars: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """Edges [A] and angles [degrees] of the cell with a*, b*, c* [1/A], (6,), differentiable."""
    made = complete(stars, None, None)

    def between(v: Tensor, w: Tensor) -> Tensor:
        return torch.atan2(length(cross(v, w)), dot(v, w)) * RTD

    angles = (between(made.b, made.c), between(made.c, made.a), between(made.a, made.b))
    return torch.stack((length(made.a), length(made.b), length(made.c), *angles))


def with_cell(stars: tuple[Tensor, Tensor, Tensor], cell: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """a*, b*, c* [1/A] of ``cell``, (6,) in A and degrees, in the orientation of ``stars``.

    a* keeps its direction, b* the half plane with a*, c* its side of that plane.
    """
    a_star, b_star, c_star = (star.detach() for star in stars)
    first, third = unit(a_star), unit(cross(a_star, b_star))
    side = torch.sign(dot(third, c_star))
    axes = (first, cross(third, first), third * side)

    def turned(star: Tensor) -> Tensor:
        return star[0] * axes[0] + star[1] * axes[1] + star[2] * axes[2]

    a_new, b_new, c_new = reciprocal_from_cell(cell_in_radians(cell), literal=False)
    return turned(a_new), turned(b_new), turned(c_new)


def angles_degrees(a: Tensor, b: Tensor, c: Tensor) -> tuple[float, float, float]:
    """alpha, beta, gamma of real-space vectors, each (3,)."""

    def between(v: Tensor, w: Tensor) -> float:
        return math.degrees(math.atan2(length(cross(v, w)).item(), dot(v, w).item()))

    a, b, c = a.detach(), b.detach(), c.detach()
    return between(b, c), between(c, a), between(a, b)


def cell_notices(cell: Tensor | None, made: Lattice) -> list[str]:
    """Notice on a typed cell, (6,), that differs from that of the vectors."""
    if cell is None:
        return []
    typed = cell[3:].tolist()
    angles = angles_degrees(made.a, made.b, made.c)
    if max(abs(x - y) for x, y in zip(typed, angles, strict=True)) < _SAME_ANGLE_DEGREES:
        return []
    ours, wanted = (" ".join(f"{value:.5g}" for value in values) for values in (angles, typed))
    return [f"the cell angles are {ours}, not {wanted} as -cell says: C builds c* that way, or -mat says otherwise"]


def cells_across(
    typed: tuple[int, int, int], widths_m: tuple[float, float, float], edges_m: tuple[float, float, float]
) -> tuple[int, int, int]:
    """Cells along a, b, c: from the widths, where given; at least one (section 3.5).

    Raises:
        InputError: a width of more than ``_MOST_CELLS`` cells.
    """
    for width, edge in zip(widths_m, edges_m, strict=True):
        if not width / edge < _MOST_CELLS:
            raise InputError(f"-xtal_size: a crystal of {width * 1e3:g} mm has more than {_MOST_CELLS:g} cells")
    counts = tuple(
        math.ceil(width / edge) if width > 0.0 else count
        for count, width, edge in zip(typed, widths_m, edges_m, strict=True)
    )
    return max(counts[0], 1), max(counts[1], 1), max(counts[2], 1)
