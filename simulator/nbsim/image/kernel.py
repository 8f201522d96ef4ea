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
    omega, polar, capture = place.omega, place.polar, place.capture
    # C keeps the first nonzero factors; non-finite values follow C's own rules
    odd = (omega == 0.0) | (polar == 0.0) | (capture == 0.0) | ~(intensity < torch.inf)
    return TileSums(intensity, odd | (clearance.amin(0) < 0.0), omega, polar, capture)
