"""Better or worse: the judgement of a difference against the one in an older package."""

from __future__ import annotations

import math

BETTER, WORSE, SAME, NEW, GONE = "better", "worse", "same", "new", "gone"
NOISE = 1e-12  # two relative deltas below this are both rounding: neither is better
SAME_WITHIN = 1e-6  # deltas whose sizes agree to this share are the same delta


def judge_sizes(old: float, new: float) -> str:
    """Smaller is better; sizes that agree to one part in a million are the same, and so are two of pure rounding."""
    if old == new or max(old, new) < NOISE or abs(new - old) <= SAME_WITHIN * max(old, new) < math.inf:
        return SAME
    return BETTER if new < old else WORSE
