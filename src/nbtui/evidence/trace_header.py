"""The first lines of a Python log that nbtui simulated: the run behind the trace, as metrics.json states it too."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from nbtui.evidence.ascii_text import ascii_line

MARK = "# "
STATED = (
    *("command", "phi_mode", "dtype", "device", "quirks", "c_program", "omp_threads"),
    *("steps", "thick_steps", "oversample", "sources", "phi_steps", "mosaic_domains", "n_cells"),
)  # keys of metrics.json


def trace_header(metrics: Mapping[str, object], inputs: Sequence[object]) -> tuple[str, ...]:
    """The header of a simulated log; ``inputs``: the entries of the simulation's input files in metrics.json."""
    stated = ((key, metrics.get(key)) for key in STATED)
    lines = [f"{key}: {value if isinstance(value, str) else json.dumps(value)}" for key, value in stated]
    lines += [f"input: {json.dumps(entry)}" for entry in inputs]
    return tuple(MARK + ascii_line(line) for line in lines)
