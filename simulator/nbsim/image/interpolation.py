"""Interpolated structure factors by torch on a CPU, from the weights of the nodes, in buffers.

Source: nanobragg_pixel_loop.md section 8.3.
"""

from __future__ import annotations

import threading
from itertools import product

import torch
from torch import Tensor

from nbsim.factors.table import in_interpolation_range
from nbsim.model import StructureFactors

_NODES = 4  # along each axis


class Interpolation:
    """The tensor-product cubic through 4 x 4 x 4 nodes of a table."""

    def __init__(self, factors: StructureFactors, box: Tensor, low: tuple[int, int, int]) -> None:
        """``box``: F in the table and one plane around it, lowest indices ``low``."""
        self.factors = factors
        self.first_nodes = box.new_tensor(low)[:, None] + 1.0
        self.last_corners = box.new_tensor([max(n - _NODES, 0) for n in box.shape])[:, None]
        n_k, n_l = box.shape[1:]
        self.steps = box.new_tensor([n_k * n_l, n_l, 1], dtype=torch.float64)
        steps = product(range(0, _NODES * n_k * n_l, n_k * n_l), range(0, _NODES * n_l, n_l), range(_NODES))
        offsets = [sum(step) for step in steps]
        self.last_corner = max(box.numel() - offsets[-1] - 1, 0)
        # half the bytes to read at each of 64 nodes, where these numbers suffice
        self.of_places = torch.int32 if box.numel() <= torch.iinfo(torch.int32).max else torch.int64
        # F at each node of a corner, so that one index serves all 64
        flat = torch.cat((box.flatten(), box.new_zeros(offsets[-1])))
        self.held = threading.local()
        self.at_nodes = [flat[offset:] for offset in offsets]

    def usable(self, indices: Tensor) -> Tensor | None:
        """Where h, k, l (3, E) have four nodes along every axis, bool (E,); None: everywhere."""
        extremes = torch.stack((indices.amin(dim=1), indices.amax(dim=1)), dim=1)
        if bool(extremes.isfinite().all()) and bool(in_interpolation_range(self.factors, *extremes).all()):
            return None
        return in_interpolation_range(self.factors, *indices)

    def value(self, indices: Tensor) -> Tensor:
        """F at h, k, l (3, E), (E,): arbitrary where not :meth:`usable`; until this thread asks for the next."""
        triples, singles = self._buffers(indices)
        value, plane, line, node = singles.unbind()
        weights, corners = _weights(indices, triples)
        along_h, along_k, along_l = ([weight[axis] for weight in weights] for axis in range(3))
        corners.sub_(self.first_nodes).clamp_(torch.zeros_like(self.last_corners), self.last_corners)
        at = torch.mv(corners.T.to(torch.float64), self.steps).to(self.of_places)
        at.clamp_(0, self.last_corner)  # nan is not a place in the table
        for u in range(_NODES):
            for v in range(_NODES):
                for w in range(_NODES):
                    torch.index_select(self.at_nodes[(u * _NODES + v) * _NODES + w], 0, at, out=node)
                    _add(line, node, along_l[w], first=w == 0)
                _add(plane, line, along_k[v], first=v == 0)
            _add(value, plane, along_h[u], first=u == 0)
        return value

    def _buffers(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Seven like ``indices``, (7, 3, E), and four for single numbers, (4, E).

        A thread keeps their memory for its next tile: the system hands out fresh pages for a third of the whole time.
        """
        count, n_triples = indices.shape[1], 7 * 3 * indices.shape[1]
        held: Tensor | None = getattr(self.held, "memory", None)
        if held is None or held.numel() < n_triples + 4 * count:
            held = self.held.memory = indices.new_empty(n_triples + 4 * count)
        return held[:n_triples].view(7, 3, count), held[n_triples : n_triples + 4 * count].view(4, count)


def _add(total: Tensor, value: Tensor, weight: Tensor, *, first: bool) -> None:
    if first:
        torch.mul(value, weight, out=total)
    else:
        total.addcmul_(value, weight)


def _weights(indices: Tensor, buffers: Tensor) -> tuple[list[Tensor], Tensor]:
    """Weights, each like ``indices``, of the nodes at -1, 0, 1 and 2 of the cubic from their floors on; the floors."""
    floors, e, a, c, d, inner, outer = buffers
    torch.sub(indices, torch.floor(indices, out=floors), out=e)
    torch.add(e, 1.0, out=a), torch.sub(e, 1.0, out=c), torch.sub(e, 2.0, out=d)
    torch.mul(e, c, out=inner), torch.mul(a, d, out=outer)
    d.mul_(inner).mul_(-1.0 / 6.0), c.mul_(outer).mul_(0.5)
    outer.mul_(e).mul_(-0.5), a.mul_(inner).mul_(1.0 / 6.0)
    return [d, c, outer, a], floors
