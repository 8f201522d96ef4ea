"""Kahn's polarization factor. Source: nanobragg_pixel_loop.md section 6 (Kahn et al. 1982)."""

from __future__ import annotations

import torch
from torch import Tensor

from nbsim.exact import is_followed, with_value
from nbsim.vectors import cross, dot


def unit(v: Tensor) -> Tensor:
    """``v`` over its length, last axis; a zero vector stays zero (and has a finite gradient)."""
    square = dot(v, v)
    zero = square == 0.0
    length = torch.sqrt(torch.where(zero, torch.ones_like(square), square))
    return v / length[..., None]


def kahn_factor(incident: Tensor, diffracted: Tensor, axis: Tensor, kahn: Tensor) -> Tensor:
    """P = (1 + c^2 - K cos(2 psi) (1 - c^2)) / 2 with c the cosine of two theta.

    Args:
        incident: beam directions, (..., 3).
        diffracted: directions to the pixel, (..., 3), broadcast against ``incident``.
        axis: polarization axis (3,); its component normal to the beam is the direction of E for K = 1.
        kahn: Kahn factor K, scalar.
    """
    incident, diffracted, axis = unit(incident), unit(diffracted), unit(axis)
    cos2 = dot(incident, diffracted) ** 2
    b_axis = unit(cross(axis, incident))
    e_axis = unit(cross(incident, b_axis))
    along_b, along_e = dot(diffracted, b_axis), dot(diffracted, e_axis)
    with torch.no_grad():
        on_beam = (along_b == 0.0) & (along_e == 0.0)
        psi = -torch.atan2(along_b, torch.where(on_beam, torch.ones_like(along_e), along_e))
        as_c = torch.cos(2.0 * psi) * (1.0 - cos2)
    if is_followed(along_b) or is_followed(cos2):
        # sin^2 (2 theta) is along_e^2 + along_b^2: the same number without an angle, smooth on the beam
        no_axis = (b_axis == 0.0).all(dim=-1)
        smooth = torch.where(no_axis, 1.0 - cos2, along_e * along_e - along_b * along_b)
        as_c = with_value(smooth, as_c)
    return 0.5 * (1.0 + cos2 - kahn * as_c)


def kahn_factor_of_cosines(cosine: Tensor, along_e: Tensor, along_b: Tensor, kahn: Tensor) -> Tensor:
    """:func:`kahn_factor` without an angle, (...); nan on the beam, where E has no direction.

    Args:
        cosine: of two theta, (...); it is overwritten, as are the next two.
        along_e: component of the direction to the pixel along E, for K = 1, (...).
        along_b: along the normal to E and to the beam, (...).
        kahn: Kahn factor K, scalar.
    """
    cos2, b2, e2 = cosine.square_(), along_b.square_(), along_e.square_()
    part = (e2 - b2).div_(e2.add_(b2)).mul_(1.0 - cos2).mul_(kahn)
    factor: Tensor = cos2.add_(1.0).sub_(part).mul_(0.5)
    return factor
