"""SMV headers and masks, with C's keyword rules.

Source: nanobragg_setup.md section 5.4 and quirk S27.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from nbsim.errors import InputError
from nbsim.memory import check_memory
from nbsim.options.options import Options
from nbsim.regular_file import open_regular

_MAGIC = b"{\nHEADER_BYT"
_PREFIX = re.compile(r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)", re.ASCII)
_LARGEST = 1e9
_LONGEST_HEADER = 1 << 20  # bytes
_MOST_PIXELS = 1e6  # along an edge


def keyword(text: str, name: str) -> float | None:
    """Number after the ``=`` that follows the last occurrence of ``name`` in the text; ``None`` if absent.

    The match is textual, so DISTANCE also finds CLOSE_DISTANCE (S27b).
    """
    found = text.rfind(name)
    if found < 0:
        return None
    equals = text.find("=", found)
    match = _PREFIX.match(text, equals + 1) if equals >= 0 else None
    return float(match.group(1)) if match else 0.0


def read_header(path: Path) -> str:
    """Header text of an SMV file, HEADER_BYTES long.

    Raises:
        InputError: missing file, or not SMV.
    """
    try:
        with open_regular(path) as stream:
            return _header(path, stream)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def _header(path: Path, stream: BinaryIO) -> str:
    """The header at the beginning of an open file, which is then at the pixels."""
    start = stream.read(512)
    if not start.startswith(_MAGIC):
        raise InputError(f"{path}: not an SMV file (it does not start with '{{' and HEADER_BYTES)")
    size = os.fstat(stream.fileno()).st_size
    value = keyword(start.decode("latin-1").split("}")[0], "HEADER_BYTES")
    if value is None or not 0.0 < value <= min(size, _LONGEST_HEADER):
        raise InputError(f"{path}: HEADER_BYTES={value or 0.0:g} does not fit a file of {size} bytes")
    stream.seek(0)
    return stream.read(int(value)).decode("latin-1")


def _size(path: Path, text: str) -> tuple[int, int]:
    """(fast, slow) pixels of the header."""
    sizes = [keyword(text, name) or 0.0 for name in ("SIZE1", "SIZE2")]
    if max(sizes) > _MOST_PIXELS:
        raise InputError(f"{path}: the header names {sizes[0]:g} x {sizes[1]:g} pixels (SIZE1, SIZE2)")
    fast, slow = map(int, sizes)
    if fast == 0:
        numbers = re.search(r"DETECTOR_DIMENSIONS[^=\n]{0,80}=\s*(\d{1,7})\s+(\d{1,7})", text)
        fast, slow = (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)
    if fast <= 0 or slow <= 0:
        raise InputError(f"{path}: the header names no image size (SIZE1, SIZE2)")
    return fast, slow


def read_header_changes(path: Path, changes: dict[str, Any], *, is_mask: bool) -> None:
    """Add the values of the header of ``path`` to ``changes`` (names and units of :class:`Options`)."""
    text = read_header(path)
    fast, slow = _size(path, text)
    changes.update(detpixels_fast=fast, detpixels_slow=slow)
    direct = {
        "PIXEL_SIZE": "pixel_mm",
        "DISTANCE": "distance_mm",
        "CLOSE_DISTANCE": "close_distance_mm",
        "WAVELENGTH": "wavelength_a",
        "BEAM_CENTER_X": "xbeam_mm",
        "BEAM_CENTER_Y": "ybeam_mm",
        "ORGX": "orgx",
        "ORGY": "orgy",
        "PHI": "phi_deg",
        "OSC_RANGE": "osc_deg",
    }
    for name, option in direct.items():
        value = keyword(text, name)
        if value is not None:
            if abs(value) > _LARGEST:
                raise InputError(f"{path}: {name}={value:g} is not a valid detector value in the header")
            changes[option] = value
            if option == "close_distance_mm":
                changes["header_close_mm"] = value
    changes["header_twotheta_deg"] = keyword(text, "TWOTHETA")
    pixel = changes.get("pixel_mm", Options.pixel_mm)
    changes.update(detsize_fast_mm=pixel * fast, detsize_slow_mm=pixel * slow)
    if is_mask and keyword(text, "BEAM_CENTER_Y") is not None:
        changes["ybeam_mm"] = changes["detsize_slow_mm"] - changes["ybeam_mm"]


def read_mask(path: Path, n_fast: int, n_slow: int) -> npt.NDArray[np.bool_]:
    """Mask of shape (n_slow, n_fast); False = pixel skipped.

    Raises:
        InputError: missing, not SMV, too short, or not of the detector's size.
    """
    try:
        with open_regular(path) as stream:
            fast, slow = _size(path, _header(path, stream))
            if (fast, slow) != (n_fast, n_slow):
                sizes = f"{fast} x {slow} pixels, the detector {n_fast} x {n_slow}"
                raise InputError(f"{path}: mask is {sizes} (fast x slow)")
            check_memory(2 * fast * slow, f"{path}: the mask")
            body = stream.read(2 * fast * slow)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    if len(body) < 2 * fast * slow:
        raise InputError(f"{path}: mask data end after {len(body)} of {2 * fast * slow} bytes")
    # only zero matters, and zero reads the same in either byte order
    values = np.frombuffer(body, dtype="<u2", count=fast * slow)
    mask: npt.NDArray[np.bool_] = values.reshape(slow, fast) != 0
    return mask
