"""A log without trace lines that states one number in prose: ``Final intensity = 1.25e-07``.

Programs under test often print nothing else. The pixel in front of it, if any, is not read: its order is a matter of
taste.
"""

from __future__ import annotations

import re
from pathlib import Path

from nbtui.regular_file import read_regular
from nbtui.trace.model import Notice, Record, Trace
from nbtui.trace.numbers import value
from nbtui.trace.text import clean

FIELD = "I_pixel_final"
_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|[-+]?nan|[-+]?inf"
_SENTENCE = re.compile(rf"\bfinal (?:pixel )?intensity\s*(?:is|[:=])\s*({_NUMBER})(?![\w.])", re.IGNORECASE)


def one_number(path: Path) -> Trace | None:
    """The trace of a log that only states the final intensity, the last one that it states; None for any other."""
    try:
        whole = read_regular(path)
    except OSError:
        return None
    found: Record | None = None
    for number, line in enumerate(whole.decode("utf-8", "replace").split("\n"), 1):
        match = _SENTENCE.search(line)
        if match is not None:
            found = Record(FIELD, "final intensity", (value(match[1]),), 0, number, clean(line))
    if found is None:
        return None
    told = Notice("warning", f"no trace line; line {found.line} is read as {FIELD}: {found.text}", found.line)
    return Trace(side="?", origin=clean(str(path)), records=(found,), notices=(told,))
