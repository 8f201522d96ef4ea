"""The sizes of C's loops, from its summary lines. Source: nanobragg_setup section 6."""

from __future__ import annotations

import re

from nbtui.trace.model import Trace

_LINES = {
    "oversample": re.compile(r"(?<!\d)(\d{1,9})x\d+ pixel oversample steps"),
    "phi_steps": re.compile(r"(?<!\d)(\d{1,9}) phi steps from"),
    "mosaic_domains": re.compile(r"(?<!\d)(\d{1,9}) mosaic domains over"),
    "sources": re.compile(r"created a total of (\d{1,9}) sources"),
    "thick_steps": re.compile(r"thick in (\d{1,9}) layers"),
}


def loop_counts(trace: Trace) -> dict[str, int | None]:
    """The size of every loop; None where the log does not state it, of several runs the last."""
    found: dict[str, int | None] = {}
    for key, pattern in _LINES.items():
        matches = [match for notice in trace.notices if (match := pattern.search(notice.text))]
        found[key] = int(matches[-1][1]) if matches else None
    return found
