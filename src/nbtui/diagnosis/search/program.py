"""What a C log proves about the C program that made it."""

from __future__ import annotations

from nbtui.diagnosis.replay.setup import PixelSetup
from nbtui.live.model import Case
from nbtui.live.programs import STOCK
from nbtui.trace.columns import phi_ends
from nbtui.trace.model import Trace
from nbtui.trace.text import clean

_VECTORS = ("k_frac", "F_latt_b", "F_latt")  # values of a phi step that follow its vectors


def keeps_vectors(c: Trace) -> bool | None:
    """Whether step 0 of a log has the vectors of the last step at phi = 0; None where its lines do not show it."""
    if not len(c.phi):
        return None
    first, last = phi_ends(c.phi)
    if first.phi_tic != 0 or last.phi_tic == 0 or first.values.get("phi_deg") != 0.0:
        return None
    both = [name for name in _VECTORS if name in first.values and name in last.values]
    return all(first.values[name] == last.values[name] for name in both) if both else None


def contradicted(case: Case, c: Trace, base: PixelSetup) -> tuple[str, ...]:
    """A sentence where the log is not of the C program that the case assumes."""
    keeps = keeps_vectors(c)
    program = case.c_program or STOCK
    if keeps is None or keeps == program.switches.phi_carryover:
        return ()
    if keeps:
        name = clean(program.name)
        return (
            f"Not the {name} C program: the C log keeps the vectors of the last phi step at phi = 0, as the stock one "
            "does (--c-program stock).",
        )
    if _may_begin_a_thread(base):
        return ()
    return (
        "Not the stock C program: the C log has fresh vectors at phi = 0, as the fixed one does (--c-program fixed).",
    )


def _may_begin_a_thread(base: PixelSetup) -> bool:
    """Whether the pixel may be the first one of a thread, which has fresh vectors in every program."""
    options = base.scene.options
    first = max(options.roi[0], 0) if options.roi is not None else 0
    return base.scene.pixel[1] <= first or options.mask_file is not None or options.dmin_a > 0.0
