"""What no experiment can have, refused before anything large is made.

Source: nanobragg_setup.md section 1.1 for the principle: what C would silently ignore, clamp or turn into noise is
an error here.
"""

from __future__ import annotations

from .errors import InputError
from .geometry import Axes, Size
from .memory import check_memory
from .options import Options
from .vectors import cross, length

_BYTES_PER_PIXEL = 40  # photons, what was rendered, and the copies that statistics and output files take
_BYTES_PER_PASS = 400  # the full formula holds every pass of a pixel at once
_BYTES_PER_DOMAIN = 100
_PARALLEL = 1e-9


def check_values(options: Options) -> None:
    """Refuse numbers that no detector or crystal has.

    Raises:
        InputError: distance, crystal size or number of cells is not positive.
    """
    if options.distance_mm <= 0.0:
        raise InputError(f"-distance {options.distance_mm:g}: must be positive; turn the detector to move it elsewhere")
    if options.close_distance_mm == 0.0:
        raise InputError("-close_distance 0: the detector's plane would hold the sample")
    for name, count in (("a", options.n_a), ("b", options.n_b), ("c", options.n_c)):
        if count < 1:
            flag = "-N" if options.n_a == options.n_b == options.n_c else f"-N{name}"
            raise InputError(f"{flag} {count}: a crystal has at least one cell along each axis; C would take 1 (S19)")
    for name, width in (("a", options.sample_a_mm), ("b", options.sample_b_mm), ("c", options.sample_c_mm)):
        if width < 0.0:
            raise InputError(f"-samplesize {width:g}: the crystal's width along {name} must not be negative")


def check_axes(frame: Axes) -> None:
    """Refuse detector axes that span no plane.

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
    """Refuse an image that does not fit into the memory.

    Raises:
        InputError: with the size that it asks for.
    """
    check_memory(_BYTES_PER_PIXEL * n_slow * n_fast, f"an image of {n_slow} x {n_fast} pixels (slow x fast)")


def check_domain_memory(domains: int) -> None:
    """Refuse more mosaic domains than fit into the memory.

    Raises:
        InputError: with the size that they ask for.
    """
    check_memory(_BYTES_PER_DOMAIN * domains, f"-mosaic_domains {domains}: the list of their orientations")


def check_pixel_memory(passes: int) -> None:
    """Refuse a pixel of more passes (layers, subpixels, sources, phi steps, domains) than the memory holds.

    Raises:
        InputError: with the size that it asks for.
    """
    check_memory(
        _BYTES_PER_PASS * passes, f"a pixel of {passes} passes (layers x subpixels x sources x phi steps x domains)"
    )
