"""What a C log proves about the C program that made it. Source: c_variants.md."""

from __future__ import annotations

from nbtui.trace.columns import phi_ends
from nbtui.trace.model import Trace
from nbtui.trace.side import SideName

_VECTORS = ("k_frac", "F_latt_b", "F_latt")  # values of a phi step that follow its vectors
FRESH = "has fresh vectors at phi = 0: not the stock C program, but one such as the fixed one (--c-program fixed)"


def keeps_vectors(c: Trace) -> bool | None:
    """Whether step 0 of a log has the vectors of the last step at phi = 0; None where its lines do not show it."""
    if not len(c.phi):
        return None
    first, last = phi_ends(c.phi)
    if first.phi_tic != 0 or last.phi_tic == 0 or first.values.get("phi_deg") != 0.0:
        return None
    both = [name for name in _VECTORS if name in first.values and name in last.values]
    return all(first.values[name] == last.values[name] for name in both) if both else None


def other_program(c: Trace, side: SideName) -> list[str]:
    """A sentence on a C log that is not of the stock program.

    Nothing on the first pixel of a row, which may be the first of a thread and has fresh vectors in every program.
    """
    if c.simulated or c.pixel is None or c.pixel[1] == 0 or keeps_vectors(c) is not False:
        return []
    return [f"{side.subject} {FRESH}."]
