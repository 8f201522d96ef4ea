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
    r"Pixel\s*\(\s*([0-9]{1,9})\s*,\s*([0-9]{1,9})\s*\)(?:\s*\[\s*(slow|fast)\s*,\s*(?:slow|fast)\s*\])?\s*(?:=+\s*)?",
    re.IGNORECASE,
)
_NAME = re.compile(r":? ?([A-Za-z_][A-Za-z0-9_.^ ]*)")
_GAP = re.compile(r" *$| +")
_REMARK = re.compile(r"\([^)]*\) *(?:=| ) *")  # a unit in parentheses between name and value
_VALUE = re.compile(r"[-+.\d\[(]|nan|inf")  # the beginning of a value
_UNIT = re.compile(r"[A-Za-z][A-Za-z0-9^/*]*")  # behind the values


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
    parts = _split(rest.rstrip())
    if parts is None:
        return None
    raw, payload = parts
    known = LABELS.get(raw.lower())
    if known is None and " " in raw:
        return None
    name = known or canonical(raw)
    return name, raw, payload if field(name) is None else _without_unit(payload)


def _split(text: str) -> tuple[str, str] | None:
    """Name and values: the shortest name with a value behind it, after blanks, a remark or an equals sign."""
    words = _NAME.match(text)
    if words is None:
        return None
    for gap in _GAP.finditer(words[1]):
        at = words.start(1) + gap.end()  # where the blanks behind a possible name end
        raw = words[1][: gap.start()]
        remark = _REMARK.match(text, at)
        if remark is not None and _VALUE.match(text, remark.end()):
            return raw, text[remark.end() :]
        if text.startswith("=", at):
            value = len(text) - len(text[at + 1 :].lstrip())
            return (raw, text[value:]) if _VALUE.match(text, value) else None
        if gap[0] and _VALUE.match(text, at):
            return raw, text[at:]
    return None


def _without_unit(payload: str) -> str:
    values, _, last = payload.rpartition(" ")
    return values.rstrip() if values and _UNIT.fullmatch(last) else payload
