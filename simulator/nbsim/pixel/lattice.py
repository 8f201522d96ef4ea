"""Lattice factors: pure formulas on tensors of any common shape.

The literal forms are C's, rounding noise included; every ``False`` switch gives the sound form instead.
Source: nanobragg_pixel_loop.md section 7 (quirks L10, L11, L12).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nbsim.exact import is_followed, with_value
from nbsim.model import Crystal
from nbsim.options.quirks import Quirks
from nbsim.values import ByValue
from nbsim.vectors import cross, dot

_SPHERE_NORM = 0.723601254558268  # sqrt(pi/6): sphere of the same central width as the block
_GAUSS_WIDTH = 0.63
_TOPHAT_LIMIT = 0.3969  # 0.63 squared
_BEYOND_ROUNDING, _SOUND_CONDITION = 1.0 + 1e-3, 1e10
# x^2 below which the sphere's series replaces the form that cancels, and the series, highest power first:
# (-1)^k 6 (k + 1) / (2 k + 3)!
_SPHERE_SERIES_BELOW = 0.09
_SPHERE = (-1.0 / 172972800.0, 1.0 / 1330560.0, -1.0 / 15120.0, 1.0 / 280.0, -1.0 / 10.0, 1.0)
_GRATING_SERIES_BELOW = 5e-3  # |pi n e|; next term 3e-18, derivatives good to 1e-11 on both sides
# Chebyshev fit of sin(pi y) / y over y^2 in [0, 1/4], to 2e-16 relative, highest power first
SINE_OF_TURNS = (
    -2.113362735205297e-05,
    0.0004659870158043378,
    -0.0073703643265304155,
    0.08214587881631043,
    -0.599264528825224,
    2.5501640398618677,
    -5.1677127800497855,
    3.1415926535897927,
)
# the same to 5e-9, for float32
SINE_OF_TURNS_SINGLE = (
    0.07756038699961373,
    -0.598242126422232,
    2.5500697263354044,
    -5.1677096847989565,
    3.1415926368953926,
)

Triple = tuple[Tensor, Tensor, Tensor]
Counts = Sequence[Tensor | float]  # Na, Nb, Nc


@dataclass(frozen=True, eq=False)
class LatticeFactor(ByValue):
    """F_latt and, for SQUARE crystals only, its three factors."""

    total: Tensor
    factors: Triple | None


def nearest_index(index: Tensor) -> Tensor:
    """Nearest whole number, halves towards minus infinity: ceil(index - 1/2)."""
    return torch.ceil(index.detach() - 0.5)


def grating(index: Tensor, n: Tensor | float, *, literal: bool = True) -> Tensor:
    """Interference of ``n`` cells (scalar) along one axis at a real Miller index, any shape.

    ``literal``: sin(pi h n) / sin(pi h) with only h = 0 guarded, as C has it (L10). Otherwise the same
    function of the distance to the nearest integer, with limit +-n; only that form is meaningful between
    whole n. 1 for n <= 1. Derivatives are those of the second form in both cases.
    """
    n = torch.as_tensor(n, dtype=index.dtype, device=index.device)
    if not literal:
        return _sound_grating(index, n)
    with torch.no_grad():
        x = math.pi * index
        zero = x == 0.0
        safe = torch.where(zero, torch.ones_like(x), x)
        value = torch.where(zero, n, torch.sin(safe * n) / torch.sin(safe))
        value = torch.where(n <= 1.0, torch.ones_like(value), value)
    return with_value(_sound_grating(index, n), value) if is_followed(index) or is_followed(n) else value


def _sound_grating(index: Tensor, n: Tensor) -> Tensor:
    """sin(pi n h) / sin(pi h) from the distance to the nearest integer, by a series close to it.

    The quotient has all digits there, but its derivatives are differences of large numbers.
    """
    whole = nearest_index(index)
    x = math.pi * (index - whole)
    near = (n * x).abs() < _GRATING_SERIES_BELOW
    safe = torch.where(near, torch.ones_like(x), x)
    quotient = torch.sin(safe * n) / torch.sin(safe)
    square, n2 = torch.where(near, x * x, torch.zeros_like(x)), n * n
    series = n * (1.0 - (n2 - 1.0) * square / 6.0 + (n2 - 1.0) * (3.0 * n2 - 7.0) * square * square / 360.0)
    value = torch.where(near, series, quotient)
    # sin(pi n (h0 + e)) / sin(pi (h0 + e)) changes sign for odd h0 when n is even
    odd = torch.remainder(whole * (torch.round(n.detach()) - 1.0), 2.0) != 0.0
    value = torch.where(odd, -value, value)
    return torch.where(n <= 1.0, torch.ones_like(value), value)


def sine_of_turns(y: Tensor) -> Tensor:
    """sin(pi y) for |y| <= 1/2, any shape: a polynomial, which vectorises, unlike the sine itself."""
    square = y * y
    first, *rest = SINE_OF_TURNS_SINGLE if y.dtype == torch.float32 else SINE_OF_TURNS
    series = torch.full_like(square, first)
    for coefficient in rest:
        series = series * square + coefficient
    return series * y


def sphere(x: Tensor, *, literal: bool = True) -> Tensor:
    """3 (sin x / x - cos x) / x^2 with limit 1 at x = 0.

    ``literal`` guards exactly zero only and loses all digits below 1e-8 (L12), and has no derivative at 0;
    otherwise a series for small x.
    """
    if not literal:
        return _sphere_of_square(x * x)
    zero = x == 0.0
    safe = torch.where(zero, torch.ones_like(x), x)
    return torch.where(zero, 1.0, 3.0 * (torch.sin(safe) / safe - torch.cos(safe)) / (safe * safe))


def _sphere_of_square(square: Tensor) -> Tensor:
    """:func:`sphere` as a function of x^2, smooth at 0."""
    small = square < _SPHERE_SERIES_BELOW
    near = torch.where(small, square, torch.zeros_like(square))
    series = torch.full_like(near, _SPHERE[0])
    for coefficient in _SPHERE[1:]:
        series = series * near + coefficient
    far = torch.where(small, torch.ones_like(square), square)
    root = torch.sqrt(far)
    return torch.where(small, series, 3.0 * (torch.sin(root) / root - torch.cos(root)) / far)


def cell_radius2(offsets: Triple, n_cells: Counts) -> Tensor:
    """Squared distance to the reciprocal-lattice point in units of 1/N along each axis (dimensionless)."""
    e_h, e_k, e_l = offsets
    n_a, n_b, n_c = n_cells
    return e_h * e_h * n_a * n_a + e_k * e_k * n_b * n_b + e_l * e_l * n_c * n_c


def reciprocal_radius2(offsets: Triple, stars: Triple, n_cells: Counts) -> Tensor:
    """|e_h a* + e_k b* + e_l c*|^2 (Na Nb Nc)^2, with a*, b*, c* (3,) in 1/Angstrom: C's dimensional radius."""
    e_h, e_k, e_l = offsets
    a_star, b_star, c_star = stars
    x, y, z = (e_h * a_star[i] + e_k * b_star[i] + e_l * c_star[i] for i in range(3))
    n_a, n_b, n_c = n_cells
    return (x * x + y * y + z * z) * n_a * n_a * n_b * n_b * n_c * n_c


def round_factor(radius2: Tensor, volume: Tensor | float, fudge: float, *, literal: bool = True) -> Tensor:
    """Sphere of ``volume`` = Na Nb Nc cells; derivatives are those of the sound form in both cases."""
    argument = radius2 * fudge
    if not literal:
        return volume * _SPHERE_NORM * _sphere_of_square(math.pi * math.pi * argument)
    with torch.no_grad():
        value = sphere(math.pi * torch.sqrt(argument))
    if is_followed(argument):
        value = with_value(_sphere_of_square(math.pi * math.pi * argument), value)
    return volume * _SPHERE_NORM * value


def gauss_factor(radius2: Tensor, volume: Tensor | float, fudge: float) -> Tensor:
    """Gaussian spots."""
    return volume * torch.exp(-(radius2 / _GAUSS_WIDTH * fudge))


def tophat_factor(radius2: Tensor, volume: Tensor | float, fudge: float) -> Tensor:
    """``volume`` inside the limit, else exactly 0."""
    return volume * (radius2 * fudge < _TOPHAT_LIMIT).to(radius2.dtype)


def lattice_factor(crystal: Crystal, quirks: Quirks, indices: Triple, nearest: Triple) -> LatticeFactor:
    """F_latt of the crystal's shape at real indices h, k, l whose nearest integers are ``nearest``.

    The reciprocal vectors are those of phi = 0: the radius is invariant under rotation (7.3).
    """
    n_cells = crystal.n_cells.unbind()
    if crystal.shape == "SQUARE":
        f_a, f_b, f_c = (
            grating(index, n, literal=quirks.grating_literal) for index, n in zip(indices, n_cells, strict=True)
        )
        return LatticeFactor(f_a * f_b * f_c, (f_a, f_b, f_c))
    h, k, l = indices
    h0, k0, l0 = nearest
    radius2 = squared_radius(crystal, quirks, (h - h0, k - k0, l - l0))
    if crystal.n_matrix is None:
        n_a, n_b, n_c = n_cells
        volume = n_a * n_b * n_c
    else:
        # the reverse mode over the forward mode of torch.linalg.det is wrong
        first, second, third = crystal.n_matrix.unbind()
        volume = dot(first, cross(second, third))
    if crystal.shape == "ROUND":
        total = round_factor(radius2, volume, crystal.fudge, literal=quirks.sphere_literal)
        return LatticeFactor(total, None)
    formula = gauss_factor if crystal.shape == "GAUSS" else tophat_factor
    return LatticeFactor(formula(radius2, volume, crystal.fudge), None)


def squared_radius(crystal: Crystal, quirks: Quirks, offsets: Triple) -> Tensor:
    """Squared distance to the reciprocal-lattice point of a round, gauss or tophat crystal, a quadratic form.

    A matrix (3, 3) that counts cells along and across the axes is beyond C, which has only its diagonal: the radius is
    |N e|, with the offsets e of h, k, l. Source: the Ncells_abc and Ncells_def of diffBragg.
    """
    if crystal.n_matrix is not None:
        e_h, e_k, e_l = offsets
        along = [row[0] * e_h + row[1] * e_k + row[2] * e_l for row in crystal.n_matrix.unbind()]
        return along[0] * along[0] + along[1] * along[1] + along[2] * along[2]
    n_cells = crystal.n_cells.unbind()
    if crystal.shape == "ROUND" or not quirks.dimensional_shape_width:
        return cell_radius2(offsets, n_cells)
    return reciprocal_radius2(offsets, (crystal.a_star, crystal.b_star, crystal.c_star), n_cells)


def reach_of_tophat(crystal: Crystal, quirks: Quirks) -> Tensor:
    """Upper limits of |h - h0|, |k - k0| and |l - l0| where a top hat is not 0, (3,); not finite: unknown or none."""
    unit = torch.eye(3, dtype=torch.float64)
    x, y, z = (unit[:, None] + unit).unbind(-1)
    of_sums = squared_radius(crystal, quirks, (x, y, z))  # of e_i + e_j, (3, 3)
    own = of_sums.diagonal() / 4.0
    form = (of_sums - own[:, None] - own) / 2.0
    inverse = torch.linalg.inv_ex(form).inverse
    # the ellipsoid e form e = limit reaches as far as the inverse says
    reach = torch.sqrt(inverse.diagonal() * _TOPHAT_LIMIT / crystal.fudge) * _BEYOND_ROUNDING
    return torch.where(form.norm() * inverse.norm() < _SOUND_CONDITION, reach, torch.inf)
