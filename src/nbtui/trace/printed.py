"""Half a unit of the last printed digit, for lines whose printf format is known: those of a -printout block.

Source: nanobragg_pixel_loop section 11 (formats of the block).
"""

from __future__ import annotations

import math
import re

from nbtui.trace.fields.catalogue import field
from nbtui.trace.model import Record, Value

BLOCK = "printout."  # beginning of the name, as printed, of every value of the block
_FORM = re.compile(r"%\d*(?:\.(\d+))?([dfg])")
_DEFAULT_DIGITS = 6  # of %g and %f


def half_units(record: Record) -> tuple[float, ...] | None:
    """Half a unit of the last digit of each value; None where the format of the line is not known.

    A sum printed as I/steps counts with the largest relative half unit that its number of digits can have.
    """
    if not record.raw_name.startswith(BLOCK):
        return None
    shown = field(record.raw_name)
    if shown is None:
        return None
    multiple = record.name != shown.name and record.name != shown.trace_name
    return tuple(_half_unit(shown.form, value, multiple=multiple) for value in record.values)


def _half_unit(form: str, value: Value, *, multiple: bool) -> float:
    match = _FORM.fullmatch(form)
    if match is None or isinstance(value, str) or value == 0 or not math.isfinite(value):
        return 0.0 if match is None or match[2] != "f" else 0.5 * 10.0 ** -int(match[1] or _DEFAULT_DIGITS)
    digits = int(match[1] or _DEFAULT_DIGITS)
    if match[2] == "f":
        return 0.5 * 10.0**-digits
    if match[2] == "d":
        return 0.0
    if multiple:
        return 0.5 * 10.0 ** (1 - digits) * abs(value)
    return 0.5 * 10.0 ** (math.floor(math.log10(abs(value))) - digits + 1)
