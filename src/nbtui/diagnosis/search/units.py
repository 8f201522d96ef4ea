"""Lines printed in another unit: all components of a field differ by one conversion factor.

Source: hypotheses.md, Tap position.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nbtui.diagnosis.hypotheses.record import Form, Variant
from nbtui.diagnosis.hypotheses.taps import UNIT_LABEL, shown_times
from nbtui.diagnosis.search.rows import Rows
from nbtui.live.scene import Array
from nbtui.parity.unit_names import CONVERSIONS, conversion_name

CLOSE = 1e-6  # relative: single precision in a value makes its floor larger, but not the evidence for a unit


def label_variants(rows: Rows, predicted: Array, target: Array, bits: Array) -> Sequence[Variant]:
    """One variant for every field whose rows all differ by a conversion factor, to their printed digits."""
    out = []
    for number in range(len(rows.sizes)):
        here = np.flatnonzero(rows.group == number)
        if not (bits[here] > 0.0).any():
            continue
        name = rows.fields[here[0]]
        ratio = conversion_name(predicted[here], target[here], np.minimum(rows.floor[here], CLOSE))
        if ratio:
            out.append(UNIT_LABEL.variant(Form(f"{name} x {ratio}", shown_times(name, CONVERSIONS[ratio]))))
    return out
