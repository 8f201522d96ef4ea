"""Hand-made diagnoses for the tests of the diagnosis screen."""

from __future__ import annotations

from nbtui.diagnosis.diagnose import Diagnosis
from nbtui.diagnosis.explain.attribution import Share
from nbtui.diagnosis.explain.causes import Cause


def cause(*ids: str, explained: float = 1.0, residual: float = 2e-15, **more: object) -> Cause:
    given = {
        "summary": f"What {ids[0]} is. [Python side]",
        "forms": ids,
        "confirm": ("Look at step 0.",),
        "fix": ("Turn it off.",),
        "seen": ("lines 5 and 7: both say 4.03",),
        "options": (),
        "left": "",
        **more,
    }
    return Cause(ids, explained, residual, **given)


def diagnosis(*causes: Cause, side: str = "PY", differs: bool = True, **more: object) -> Diagnosis:
    given = {
        "preflight": ("The C program warns: the sample is large",),
        "notes": (),
        "new_divergence": "rot_a_angstroms",
        "attribution": (Share("phi step", -500.0, (("0", -500.0), ("1", 25.0))),),
        "attributed_to": "terms.csv",
        "tried": (61, 412),
        **more,
    }
    return Diagnosis(causes, differs=differs, faulty_side=side if causes else "", **given)


TWO = diagnosis(cause("phi_carryover"), cause("phi_midpoint", "tap_after_polar", explained=0.93, residual=0.068))
