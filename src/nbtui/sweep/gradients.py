"""The gradient lines of a port against the derivatives of the reference."""

from __future__ import annotations

from dataclasses import dataclass

from nbtui.live.door import experiment_of
from nbtui.live.gradients.judge import gradients_of, judged
from nbtui.live.gradients.model import SlopeVerdict
from nbtui.live.gradients.ours import log_name, pixel_slopes, vector_of
from nbtui.live.model import Case, Settings
from nbtui.parity.own_values import shows_single
from nbtui.parity.profiles import profile
from nbtui.sweep.rows import Answer
from nbtui.trace.model import Trace

NO_LINES = "no line TRACE_PY_GRAD: NAME VALUE in its log; t.gradient of nbtui.tap prints them"


@dataclass(frozen=True)
class GradientVerdict:
    """The verdict on the gradients of one log.

    Attributes:
        wrong: parameters whose derivative differs.
        compared: how many derivatives were judged.
        detail: a sentence on a failure; empty otherwise.
    """

    answer: Answer
    wrong: tuple[str, ...] = ()
    compared: int = 0
    detail: str = ""


def judge_gradients(case: Case, settings: Settings, log: Trace, profile_name: str) -> GradientVerdict:
    """The derivatives in a log of the port against ours, which differences of exact runs confirm.

    Raises:
        UnusableInput: the command line or one of its files is unusable.
        SimulationFailed: the simulator failed.
    """
    theirs = gradients_of(log)
    if not theirs:
        return GradientVerdict(Answer.NO_GRADIENTS, detail=NO_LINES)
    vector, _ = vector_of(experiment_of(case, settings))
    names = {log_name(name) for name in vector.names} & set(theirs)
    if not names:
        return GradientVerdict(
            Answer.NO_GRADIENTS, detail="none of its gradients is by a parameter of this command line"
        )
    slopes = pixel_slopes(case, settings, sorted(names))
    rows = list(judged(slopes, theirs, {}, profile(profile_name), single=shows_single(log)))
    wrong = [row for row in rows if row.verdict is SlopeVerdict.DIFFER]
    sure = sum(row.verdict in (SlopeVerdict.DIFFER, SlopeVerdict.AGREE) for row in rows)
    if wrong:
        words = "; ".join(f"{row.slope.name}: {row.note or 'differs'}" for row in wrong)
        return GradientVerdict(Answer.DIVERGES, tuple(row.slope.name for row in wrong), sure, words)
    if not sure:
        words = "; ".join(f"{row.slope.name}: {row.verdict}" for row in rows)
        return GradientVerdict(Answer.NO_GRADIENTS, detail=f"no derivative could be judged: {words}")
    return GradientVerdict(Answer.AGREES, compared=sure)
