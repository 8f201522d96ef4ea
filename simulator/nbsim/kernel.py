"""The plain case of the formula in one fusable pass over a tile of pixels.

Block-shaped crystal, nearest structure factor, corrections cached as C does: one (layer, subpixel, source) at a
time, summed over phi steps and mosaic domains. Everything that varies between experiments is an argument, so
that one compiled form serves all of them. ``tests/test_image.py`` holds it to :func:`nbsim.terms.contributions`.
Source: nanobragg_pixel_loop.md sections 4 to 9.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from .lattice import grating_squared, nearest_index

# a literal quotient of sines this close to a whole index carries rounding noise beyond 1e-8 (quirk L10)
NOISY = 2e-8


class TileInput(NamedTuple):
    """Arguments of :func:`tile_sums`, in the dtype of the run; lengths in m."""

    fast: Tensor  # pixel indices as floats, (P,)
    slow: Tensor  # (P,)
    vectors: Tensor  # rows: fast, slow, normal axes, origin, incident, E axis, B axis (7, 3)
    numbers: Tensor  # see NUMBERS, (len(NUMBERS),)
    cells: Tensor  # a, b, c [m] of each orientation, (N, 3, 3)
    weights: Tensor  # 1 for an orientation, 0 for padding, (N,)
    n_cells: Tensor  # Na, Nb, Nc, (3,)
    table: Tensor  # F, flat, l fastest
    box: Tensor  # h_min, k_min, l_min, n_h, n_k, n_l, (6,)


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
    "absorption",  # layer thickness times attenuation
    "layer",
    "default_f",
)


class TileSums(NamedTuple):
    """Results per pixel, each (P,)."""

    intensity: Tensor  # sum of F_cell^2 F_latt^2
    noisy: Tensor  # > 0: an index so near an integer that C's quotient is rounding noise
    omega: Tensor
    polar: Tensor
    capture: Tensor


def _along(vector: Tensor, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    return vector[0] * x + vector[1] * y + vector[2] * z


def tile_sums(tile: TileInput) -> TileSums:
    """Sum over orientations for one (layer, subpixel, source), and the corrections at that place."""
    number = dict(zip(NUMBERS, tile.numbers.unbind(), strict=True))
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
    capture = torch.where(number["absorption"] == 0.0, 1.0, capture)

    sx, sy, sz = ((d - i) / number["wavelength"] for d, i in zip((x, y, z), incident.unbind(), strict=True))
    value, noisy = tile.weights[:, None], torch.zeros_like(sx)
    address, inside = torch.zeros_like(sx), torch.ones_like(sx, dtype=torch.bool)
    for axis in range(3):
        cell = tile.cells[:, axis, :, None]
        index = cell[:, 0] * sx + cell[:, 1] * sy + cell[:, 2] * sz  # (N, P)
        whole = nearest_index(index)
        offset = index - whole
        value = value * grating_squared(offset, tile.n_cells[axis])
        noisy = noisy + (offset.abs() < NOISY * whole.abs()).to(sx)
        place = whole - tile.box[axis]
        inside = inside & (place >= 0.0) & (place < tile.box[axis + 3])
        address = address * tile.box[axis + 3] + place
    f_cell = torch.where(inside, tile.table[torch.where(inside, address, 0.0).to(torch.int64)], number["default_f"])
    return TileSums((f_cell * f_cell * value).sum(0), noisy.sum(0), omega, polar, capture)
