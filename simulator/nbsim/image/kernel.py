"""The most common case of the formula in one fusable pass over a tile of pixels.

Block-shaped crystal, nearest structure factor, corrections cached as in C: one (layer, subpixel, source) at a
time, summed over phi steps and mosaic domains. Everything that varies between experiments is an argument, so
that one compiled form serves all. :mod:`nbsim.image.scope` lists what it implements, and
``tests/simulator/test_kernel_scope.py`` compares it to :func:`nbsim.pixel.terms.contributions`.
Source: nanobragg_pixel_loop.md sections 4 to 9.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from nbsim.pixel.lattice import nearest_index, sine_of_turns


class TileInput(NamedTuple):
    """Arguments of :func:`tile_sums`, in the dtype of the run; lengths in m.

    Weights and table may be float32 where the rest is float64: then indices and phases keep their digits, sines and
    terms are float32, and sums float64 again.
    """

    fast: Tensor  # pixel indices as floats, (P,)
    slow: Tensor  # (P,)
    vectors: Tensor  # rows: fast, slow, normal axes, origin, incident, E axis, B axis (7, 3)
    numbers: Tensor  # see NUMBERS, (len(NUMBERS),)
    cells: Tensor  # a, b, c [m] of each orientation, (N, 3, 3)
    weights: Tensor  # 1 for an orientation, 0 for padding, (N,)
    n_cells: Tensor  # Na, Nb, Nc, (3,)
    table: Tensor  # F^2 in a box of indices, flat, l fastest; the outermost planes stand for all indices beyond
    box: Tensor  # its h_min, k_min, l_min, n_h, n_k, n_l, (6,)


NUMBERS = (
    "pixel_step",  # p/ov
    "oversample",
    "sub_fast",
    "sub_slow",
    "area",  # p^2, or 1 for a point pixel
    "close_distance",
    "point_pixel",  # 1: no obliquity
    "wavelength",
    "kahn",
    "thickness",  # of the sensor; 0: everything is absorbed
    "absorption",  # layer thickness times attenuation
    "layer",
    "noise",  # an index this close to a whole one, relative to it, is left to the full formula
)


class TileSums(NamedTuple):
    """Results per pixel, each (P,)."""

    intensity: Tensor  # sum of F_cell^2 F_latt^2
    doubtful: Tensor  # bool: the pixel needs the full formula
    omega: Tensor
    polar: Tensor
    capture: Tensor


def _along(vector: Tensor, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    return vector[0] * x + vector[1] * y + vector[2] * z


_ALMOST_HALF = 0.5 - 0.5 * torch.finfo(torch.float32).eps  # two steps of a float32 below


class _Place(NamedTuple):
    """What all orientations share at one (layer, subpixel, source), each (P,)."""

    scattering: tuple[Tensor, Tensor, Tensor]  # S [1/m]
    omega: Tensor
    polar: Tensor
    capture: Tensor


def _place(tile: TileInput, number: dict[str, Tensor]) -> _Place:
    axis_f, axis_s, normal, origin, incident, e_axis, b_axis = tile.vectors.unbind()
    step = number["pixel_step"]
    x_f = step * (tile.fast * number["oversample"] + number["sub_fast"]) + step / 2.0
    x_s = step * (tile.slow * number["oversample"] + number["sub_slow"]) + step / 2.0
    x, y, z = (x_f * axis_f[i] + x_s * axis_s[i] + origin[i] for i in range(3))
    distance = torch.sqrt(x * x + y * y + z * z)
    x, y, z = x / distance, y / distance, z / distance
    obliquity = torch.where(number["point_pixel"] != 0.0, 1.0, number["close_distance"] / distance)
    omega = number["area"] / distance / distance * obliquity
    cosine = _along(incident, x, y, z)
    cos2, along_e, along_b = cosine * cosine, _along(e_axis, x, y, z), _along(b_axis, x, y, z)
    e2, b2 = along_e * along_e, along_b * along_b
    on_beam = e2 + b2 == 0.0
    cos_2psi = torch.where(on_beam, 1.0, (e2 - b2) / torch.where(on_beam, 1.0, e2 + b2))
    polar = 0.5 * (1.0 + cos2 - number["kahn"] * cos_2psi * (1.0 - cos2))
    path = number["absorption"] / _along(normal, x, y, z)
    layer = number["layer"]
    capture = torch.exp(-layer * path) - torch.exp(-(layer + 1.0) * path)
    capture = torch.where(number["thickness"] == 0.0, 1.0, capture)

    s_x, s_y, s_z = ((d - i) / number["wavelength"] for d, i in zip((x, y, z), incident, strict=True))
    return _Place((s_x, s_y, s_z), omega, polar, capture)


def tile_sums(tile: TileInput) -> TileSums:
    """Sum over orientations for one (layer, subpixel, source), and the corrections at that place."""
    number = dict(zip(NUMBERS, tile.numbers.unbind(), strict=True))
    place = _place(tile, number)
    # stacked, so that the compiler stores S instead of recomputing it for every orientation
    scattering = torch.stack(place.scattering)
    # F_latt is the quotient of two products of sines, sin(pi N e) and sin(pi e) with e = h - h0. A shift of e far
    # below its last digit, whose cube is still a number, makes N of the quotient where e = 0
    terms = tile.table.dtype
    shift = torch.finfo(terms).tiny ** (1.0 / 3.0)
    above = tile.weights[:, None]
    below = torch.ones_like(above)
    clearance = torch.full_like(above, torch.inf, dtype=scattering.dtype)
    address = torch.zeros_like(above, dtype=torch.int64)
    for axis in range(3):
        index = _along(tile.cells[:, axis].T[:, :, None], *scattering)  # (N, P)
        whole = nearest_index(index)
        offset = index - whole
        clearance = torch.minimum(clearance, offset.abs() - number["noise"] * whole.abs())
        turns = (offset + shift) * tile.n_cells[axis]
        above = above * sine_of_turns((turns - torch.round(turns)).to(terms))
        below = below * sine_of_turns((offset + shift).to(terms))
        low, count = tile.box[axis], tile.box[axis + 3].to(torch.int64)
        node = (whole - low).to(torch.int64)
        address = address * count + torch.clamp(node, torch.zeros_like(count), count - 1)
    f_latt = above / below
    intensity = (tile.table[address] * (f_latt * f_latt)).sum(0, dtype=scattering.dtype)
    return _sums(intensity, clearance.amin(0) < 0.0, place)


def literal_sums(tile: TileInput) -> TileSums:
    """:func:`tile_sums` with C's quotients of sines, rounding noise included, one orientation at a time in few buffers.

    For a CPU in float64, where torch's sine costs less than the operations of a polynomial, and memory more than both.
    Indices of exactly 0 make a pixel doubtful.
    """
    place = _place(tile, dict(zip(NUMBERS, tile.numbers.unbind(), strict=True)))
    s_x, s_y, s_z = place.scattering
    index, other, above, below, address, intensity = (torch.empty_like(s_x) for _ in range(6))
    intensity.zero_()
    cells, n_cells = tile.cells.tolist(), tile.n_cells.tolist()
    lowest, counts = tile.box[:3].tolist(), tile.box[3:].tolist()
    origin = (lowest[0] * counts[1] + lowest[1]) * counts[2] + lowest[2]
    for cell in cells:
        address.zero_(), above.fill_(1.0), below.fill_(1.0)
        for (x, y, z), n, low, count in zip(cell, n_cells, lowest, counts, strict=True):
            torch.mul(s_x, x, out=index)
            index.add_(torch.mul(s_y, y, out=other)).add_(torch.mul(s_z, z, out=other))
            address.mul_(count).add_(torch.sub(index, 0.5, out=other).ceil_().clamp_(low, low + count - 1.0))
            index.mul_(torch.pi)
            above.mul_(torch.mul(index, n, out=other).sin_())
            below.mul_(index.sin_())
        # nan is not a place in the table
        node = address.sub_(origin).to(torch.int64).clamp_(0, tile.table.shape[0] - 1)
        above.div_(below).square_()
        intensity.add_(above.mul_(torch.index_select(tile.table, 0, node, out=other)))
    return _sums(intensity, torch.zeros_like(intensity, dtype=torch.bool), place)


def single_sums(tile: TileInput) -> TileSums:
    """:func:`tile_sums` with sines and terms in float32, one orientation at a time in few buffers, for a CPU.

    A pixel is doubtful where an index lies half way between whole ones, to which C's rounding assigns it, where an
    offset is exactly 0, and where the rounding noise of C's literal quotients may show. The noise of a term is at most
    ``noise`` |h / e| of it, with |h|, |k| and |l| at most the longest edge of the cell times |S|, and an offset |e| at
    least the product of the sines over pi.
    """
    number = dict(zip(NUMBERS, tile.numbers.unbind(), strict=True))
    place = _place(tile, number)
    exact = torch.stack(place.scattering)
    scattering = exact.nan_to_num()  # nan is not a place in the table
    index, whole = torch.empty_like(scattering), torch.empty_like(scattering)
    phases = tile.table.new_empty((2, *scattering.shape))  # of the sines below and above
    below, above = phases.unbind()
    products, second, third = phases.unbind(1)
    divisor, dividend = products.unbind()
    address, intensity = torch.empty_like(scattering[0]), torch.zeros_like(scattering[0])
    factor, noise = torch.empty_like(divisor), torch.zeros_like(divisor)
    farthest, distances = torch.zeros_like(below), torch.empty_like(below)
    node = torch.empty_like(address, dtype=torch.int64)
    (low_h, low_k, low_l), (n_h, n_k, n_l) = tile.box[:3].tolist(), tile.box[3:].tolist()
    ranges = (low_h, low_h + n_h - 1.0), (low_k, low_k + n_k - 1.0), (low_l, low_l + n_l - 1.0)
    origin, n_cells = (low_h * n_k + low_k) * n_l + low_l, tile.n_cells[:, None]
    steps, rows = tile.box.new_tensor((n_k * n_l, n_l, 1.0)), whole.unbind()
    for cell in tile.cells:
        torch.mm(cell, scattering, out=index)
        index.sub_(torch.round(index, out=whole))
        for row, (low, high) in zip(rows, ranges, strict=True):
            row.clamp_(low, high)
        node.copy_(torch.mv(whole.T, steps, out=address).sub_(origin))
        torch.index_select(tile.table, 0, node, out=factor)
        torch.maximum(farthest, torch.abs(below.copy_(index), out=distances), out=farthest)
        index.mul_(n_cells)
        above.copy_(index.sub_(torch.round(index, out=whole)))
        phases.mul_(torch.pi).sin_()
        products.mul_(second).mul_(third)
        intensity.add_(factor.mul_(dividend.div_(divisor).square_()))
        noise.addcdiv_(factor, divisor.abs_())
    largest = torch.linalg.vector_norm(tile.cells[0], dim=-1).max() * torch.sqrt(exact.square().sum(dim=0))
    shows = torch.pi * number["noise"] * largest * noise > intensity
    return _sums(intensity, shows | largest.isnan() | (farthest.amax(dim=0) > _ALMOST_HALF), place)


def _sums(intensity: Tensor, doubtful: Tensor, place: _Place) -> TileSums:
    omega, polar, capture = place.omega, place.polar, place.capture
    # C keeps the first nonzero factors; non-finite values follow C's own rules
    odd = (omega == 0.0) | (polar == 0.0) | (capture == 0.0) | ~(intensity < torch.inf)
    return TileSums(intensity, odd | doubtful, omega, polar, capture)
