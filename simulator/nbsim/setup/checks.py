"""Checks for impossible values and excessive sizes, before any large allocation.

Source: nanobragg_setup.md section 1.1 for the principle: input that C would silently ignore, clamp or turn into noise
is an error here.
"""

from __future__ import annotations

import math

import torch

from nbsim.errors import InputError
from nbsim.memory import check_memory, words
from nbsim.options.options import Options
from nbsim.setup.geometry import Axes, Size
from nbsim.vectors import cross, length

_BYTES_PER_PIXEL = 40  # photons, the map of rendered pixels, and the copies for statistics and output files
_BYTES_PER_DEVICE_PIXEL = 24  # photons, two masks, the list of doubtful pixels
_BYTES_PER_TILE = 2 << 30  # of the full formula on a device
_BYTES_PER_PASS = 400  # the full formula keeps all passes of a pixel in memory
_FEW_PASSES = 1000  # fit anywhere; asking for the available memory takes a tenth of a set-up
_BYTES_PER_DOMAIN = 100
_PARALLEL = 1e-9
_SIGNED = ("-distance", "-close_distance")


def check_values(options: Options) -> None:
    """Refuse impossible numbers of a detector, from flags or from the headers of files.

    Raises:
        InputError: a length is not positive.
    """
    headers = [name for name in (options.mask_file, options.img_file) if name is not None]
    where = f" (as the header of {' or '.join(headers)} has it, or the command line)" if headers else ""
    for flag, value in (
        ("-distance", options.distance_mm),
        ("-close_distance", options.close_distance_mm),
        ("-pixel", options.pixel_mm),
        ("-lambda", options.wavelength_a),
    ):
        # C computes with a negative length; without a pixel or a wavelength there is nothing to compute
        impossible = value is not None and (value == 0.0 if options.as_c and flag in _SIGNED else value <= 0.0)
        if value is not None and (impossible or not math.isfinite(value)):
            raise InputError(f"{flag} {value:g}: must be positive{where}")


def check_axes(frame: Axes) -> None:
    """Refuse detector axes that do not span a plane.

    Raises:
        InputError: they are parallel.
    """
    if length(cross(frame.fast, frame.slow)).item() < _PARALLEL:
        raise InputError("-fdet_vector, -sdet_vector: the fast and the slow axis are parallel; they must span a plane")


def check_roi(options: Options, size: Size) -> None:
    """Refuse a region of interest without a pixel; negative limits mean the detector's edge.

    Raises:
        InputError: it is empty.
    """
    if options.roi is None:
        return
    limits = (0, size.n_fast - 1, 0, size.n_slow - 1)
    fast0, fast1, slow0, slow1 = (e if typed < 0 else typed for typed, e in zip(options.roi, limits, strict=True))
    if fast0 > min(fast1, size.n_fast - 1) or slow0 > min(slow1, size.n_slow - 1):
        raise InputError(
            f"-roi {' '.join(map(str, options.roi))} (fast from, to, slow from, to) holds no pixel of a detector of "
            f"{size.n_slow} x {size.n_fast} (slow x fast)"
        )


def check_image_memory(n_slow: int, n_fast: int) -> None:
    """Refuse an image that does not fit into memory.

    Raises:
        InputError: the message gives the size.
    """
    check_memory(
        _BYTES_PER_PIXEL * n_slow * n_fast, f"an image of {n_slow} x {n_fast} pixels (slow x fast; -detpixels)"
    )


def check_device_memory(n_slow: int, n_fast: int, device: torch.device) -> None:
    """Refuse an image that does not fit, with one tile of its computation, into the memory of a GPU.

    Raises:
        InputError: the message gives the size.
    """
    if device.type != "cuda":
        return
    needed, (free, _) = _BYTES_PER_DEVICE_PIXEL * n_slow * n_fast + _BYTES_PER_TILE, torch.cuda.mem_get_info(device)
    if needed > free:
        raise InputError(
            f"an image of {n_slow} x {n_fast} pixels (slow x fast) needs {words(needed)} of memory on {device}, "
            f"{words(free)} are free; use the device cpu"
        )


def check_domain_memory(domains: int) -> None:
    """Refuse more mosaic domains than fit into memory.

    Raises:
        InputError: the message gives the size.
    """
    check_memory(_BYTES_PER_DOMAIN * domains, f"-mosaic_domains {domains}: the list of their orientations")


def check_pixel_memory(passes: int) -> None:
    """Refuse a pixel of more passes (layers, subpixels, sources, phi steps, domains) than the memory holds.

    Raises:
        InputError: the message gives the size.
    """
    if passes < _FEW_PASSES:
        return
    check_memory(
        _BYTES_PER_PASS * passes,
        f"a pixel of {passes} passes",
        "lower -phisteps, -mosaic_domains or -oversample, or take fewer sources or sensor layers",
    )
