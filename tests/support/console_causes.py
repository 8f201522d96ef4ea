"""Hand-made diagnoses for the tests of the diagnosis screen."""

from __future__ import annotations

from nbtui.diagnosis.answer import Diagnosis, Verdict
from nbtui.diagnosis.explain.attribution import Share
from nbtui.diagnosis.explain.causes import Cause, WorstLeft
from nbtui.diagnosis.explain.unknown import Unexplained


def cause(
    *ids: str, explained: float = 1.0, residual: float = 2e-15, probability: float = 0.9, **more: object
) -> Cause:
    given = {
        "summary": f"What {ids[0]} is. [in your log]",
        "forms": ids,
        "confirm": ("Look at step 0.",),
        "fix": ("Turn it off.",),
        "seen": ("lines 5 and 7: both say 4.03",),
        "options": (),
        "left": "",
        **more,
    }
    return Cause(ids, probability, explained, residual, WorstLeft("I_pixel_final", residual), **given)


def diagnosis(*causes: Cause, side: str = "PY", differs: bool = True, **more: object) -> Diagnosis:
    given = {
        "preflight": ("The C program warns: the sample is large",),
        "notes": (),
        "new_divergence": "rot_a_angstroms",
        "attribution": (Share("phi step", -500.0, (("0", -500.0), ("1", 25.0))),),
        "attributed_to": "terms.csv",
        "tried": (61, 412),
        "certain": ("Everything up to lambda_angstroms agrees exactly.",) if differs else (),
        "verdict": (Verdict.EXPLAINED if causes else Verdict.UNKNOWN) if differs else Verdict.AGREES,
        **more,
    }
    return Diagnosis(hypotheses=causes, faulty_side=side if causes else "", **given)


OFF = Unexplained(
    "I_before_scaling",
    0.8086,
    "I_before_scaling is off by a factor of 0.19140: no known ratio, no known cause; "
    "nearest: steps_factor would give 0.25.",
)
TWO = diagnosis(
    cause("phi_carryover", probability=0.997),
    cause("phi_midpoint", "tap_after_polar", explained=0.93, residual=0.068, probability=0.004, left="The rest."),
)
UNKNOWN = diagnosis(unknown=(OFF,), certain=("Everything up to F_latt agrees to 9.7e-07.",))
