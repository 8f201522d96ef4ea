"""The early dialect: ``TRACE: name value``, with a side in no line, and some values named in words.

A log is of this dialect if it has no TRACE_C and TRACE_PY lines, and such a line names a field of the catalogue or the
pixel. The ``TRACE:`` prose of instrumented C builds about the cell is indented, and no part of it.
"""

from __future__ import annotations

import re

from nbtui.trace.fields.catalogue import canonical, field

# words of the dialect, without what stands in parentheses -> field
LABELS = {
    "omega": "omega_pixel",
    "solid angle": "omega_pixel",
    "polarization": "polar",
    "polarization factor": "polar",
    "capture fraction": "capture_fraction",
    "r_e^2": "r_e_sqr",
    "fluence": "fluence_photons_per_m2",
    "steps": "steps",
    "final intensity": "I_pixel_final",
}
_PIXEL = re.compile(
    r"Pixel\s*\(\s*([0-9]{1,9})\s*,\s*([0-9]{1,9})\s*\)(?:\s*\[\s*(slow|fast)\s*,\s*(?:slow|fast)\s*\])?\s*=*\s*",
    re.IGNORECASE,
)
_NAMED = re.compile(r":? ?([A-Za-z_][A-Za-z0-9_.^ ]*?)\s*(?:\([^)]*\))?\s*(=|\s)\s*([-+.\d\[(]\S*.*|nan.*|-?inf.*)")
_UNIT = re.compile(r"\s+[A-Za-z][A-Za-z0-9^/*]*$")  # behind the values


def pixel(rest: str) -> tuple[int, int] | None:
    """(slow, fast) of ``Pixel (64, 79) [slow, fast]``, the text behind ``TRACE:``; None for any other."""
    match = _PIXEL.fullmatch(rest.strip())
    if match is None:
        return None
    first, second = int(match[1]), int(match[2])
    return (second, first) if (match[3] or "").lower() == "fast" else (first, second)


def named(rest: str) -> tuple[str, str, str] | None:
    """Field, name as printed and values of the text behind ``TRACE:``; None for prose.

    Several words need an equals sign, and to be in the table.
    """
    if rest.startswith("  "):  # of an indented list
        return None
    match = _NAMED.fullmatch(rest.rstrip())
    if match is None:
        return None
    raw = match[1].strip()
    known = LABELS.get(raw.lower())
    if known is None and " " in raw:
        return None
    name = known or canonical(raw)
    return name, raw, match[3] if field(name) is None else _UNIT.sub("", match[3])
