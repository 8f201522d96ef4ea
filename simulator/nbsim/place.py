"""The dtypes and devices available to a run."""

from __future__ import annotations

import torch
from torch import Tensor

from nbsim.errors import InputError

_DTYPES = (torch.float32, torch.float64)


def check_place(dtype: torch.dtype, device: str | torch.device) -> torch.device:
    """The device, once it and the dtype are known to be usable.

    Raises:
        InputError: the dtype or the device is unusable.
    """
    if dtype not in _DTYPES:
        raise InputError(f"dtype {dtype}: must be float32 or float64")
    try:
        place = torch.device(device)
    except RuntimeError as error:
        raise InputError(f"device {device}: no such device; use cpu or cuda") from error
    if place.type not in ("cpu", "cuda"):
        raise InputError(f"device {device}: must be cpu or cuda")
    if place.type == "cuda" and not torch.cuda.is_available():
        raise InputError(f"device {device}: this machine has no usable CUDA device; use cpu")
    if place.type == "cuda" and (place.index or 0) >= torch.cuda.device_count():
        raise InputError(f"device {device}: this machine has {torch.cuda.device_count()} CUDA device(s)")
    return place


def requested_place(
    places: tuple[torch.dtype | torch.device | str | Tensor, ...],
    dtype: torch.dtype | None,
    device: torch.device | str | None,
) -> tuple[torch.dtype | None, torch.device | str | None]:
    """The dtype and device that the arguments of ``to`` name, by position as in torch or by keyword; None: unchanged.

    Raises:
        InputError: an argument is neither a dtype, a device nor a tensor.
    """
    for place in places:
        if isinstance(place, torch.dtype):
            dtype = place
        elif isinstance(place, Tensor):
            dtype, device = place.dtype, place.device
        elif isinstance(place, (str, torch.device)):
            device = place
        else:
            raise InputError(f"to: {type(place).__name__} is neither a dtype, a device nor a tensor")
    return dtype, device
