"""The pixel of a trace, inferred from its geometry when the log does not state it.

The position of a pixel relative to the detector origin, projected on the detector axes, is (index + d) times the
pixel size, where d is 0.5 / oversample for the first subpixel (nanobragg_pixel_loop, geometry of a subpixel).
"""

from __future__ import annotations

import re

from nbtui.trace.model import Trace

_MOST_PIXELS = 1e9  # along an edge
_ON_GRID = 1e-3  # of a pixel: largest distance from an integer index
_PIXEL_LINE = re.compile(r"\bpixel=([0-9.eE+-]+) meters")
_MAXIMUM = re.compile(r"\bmax_I = (\S+) +at (\S+) (\S+)")


def pixel_size(trace: Trace) -> float | None:
    """Edge of a pixel in metres, from the set-up lines or the notices of the log."""
    for record in trace.all("beam_center_m"):
        edge = record.values[-1]
        if len(record.values) == 3 and not isinstance(edge, str) and edge > 0:
            return float(edge) * 1e-3
    for notice in trace.notices:
        match = _PIXEL_LINE.search(notice.text)
        edge_m = number(match.group(1)) if match else None
        if edge_m is not None and edge_m > 0:
            return edge_m
    return None


def pixel_by_position(c: Trace, py: Trace) -> tuple[int, int] | None:
    """(slow, fast) of the Python trace, or None when positions are off C's pixel grid or C does not state its pixel.

    Both traces are measured against their own detector origin, so that a shifted detector does not look like another
    pixel.
    """
    ours, theirs = _on_detector(c), _on_detector(py)
    size = pixel_size(c)
    if c.pixel is None or ours is None or theirs is None or size is None:
        return None
    inside = [place / size - index for place, index in zip(ours, c.pixel, strict=True)]
    if not all(-_ON_GRID <= part <= 0.5 + _ON_GRID for part in inside):
        return None
    slow, fast = (place / size - part for place, part in zip(theirs, inside, strict=True))
    if not _are_indices(slow, fast):
        return None
    if max(abs(slow - round(slow)), abs(fast - round(fast))) > _ON_GRID:
        return None
    return round(slow), round(fast)


def brightest(trace: Trace) -> tuple[float, tuple[int, int]] | None:
    """Value and (slow, fast) of the image maximum, where the log reports it (metres, fast first)."""
    size = pixel_size(trace)
    for notice in reversed(trace.notices):
        match = _MAXIMUM.search(notice.text)
        if match and size:
            value, fast, slow = (number(text) for text in match.groups())
            if value is not None and fast is not None and slow is not None and _are_indices(slow / size, fast / size):
                return value, (int(slow / size), int(fast / size))
    return None


def _are_indices(*positions: float) -> bool:
    return all(abs(position) < _MOST_PIXELS for position in positions)  # also rules out NaN


def number(text: str) -> float | None:
    """The number in a text; None without one."""
    try:
        return float(text)
    except ValueError:
        return None


def _on_detector(trace: Trace) -> tuple[float, float] | None:
    """Metres from the detector origin along the slow and the fast axis, first block of the trace."""
    vectors = []
    for name in ("pixel_pos_meters", "pix0_vector_meters", "sdet_vec", "fdet_vec"):
        records = trace.all(name)
        values = [float(v) for v in records[0].values if not isinstance(v, str)] if records else []
        if len(values) != 3:
            return None
        vectors.append(values)
    position, origin, slow, fast = vectors
    offset = [p - o for p, o in zip(position, origin, strict=True)]
    along = [sum(x * y for x, y in zip(offset, axis, strict=True)) for axis in (slow, fast)]
    return along[0], along[1]
