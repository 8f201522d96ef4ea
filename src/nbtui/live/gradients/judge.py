"""The verdict on every derivative: ours against differences of exact runs, and the user's against ours."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from nbtui.live.gradients.difference import FiniteDifference
from nbtui.live.gradients.model import JudgedSlope, PixelSlopes, Slope, SlopeVerdict
from nbtui.parity.profiles import Profile
from nbtui.parity.scales import single_room
from nbtui.trace.fields.gradient import GROUP
from nbtui.trace.model import Trace

SMALL = 1e-9  # of the pixel's value per scale of the parameter: a smaller derivative counts as zero
VAGUE = 1e-3  # relative: differences that are known less exactly confirm nothing
_EXACT = 1e-3  # relative: how exactly a derivative is another one times a factor
_DEGREES = 180.0 / math.pi
# by the unit of the parameter: factor of the user's derivative, and what it is then
_FACTORS: Mapping[str, tuple[tuple[float, str], ...]] = {
    "photons/deg": ((_DEGREES, "per radian, not per degree"), (1.0 / _DEGREES, "degrees turned into radians twice")),
    "photons/A": ((1e10, "per metre, not per Angstrom"), (1e-10, "per 1e10 Angstrom")),
    "photons/mm": ((1e3, "per metre, not per millimetre"), (1e-3, "per micrometre, not per millimetre")),
}
_ALWAYS = ((-1.0, "the opposite sign"), (2.0, "twice ours"), (0.5, "half of ours"))


def gradients_of(trace: Trace) -> dict[str, float]:
    """The gradient lines of a log by name; of repeated ones the last."""
    found = {}
    for name in trace.names():
        if name.startswith(GROUP):
            value = trace.all(name)[-1].values[0]
            if not isinstance(value, str):
                found[name.removeprefix(GROUP)] = float(value)
    return found


def judged(
    slopes: PixelSlopes,
    theirs: Mapping[str, float] | None,
    measured: Mapping[str, FiniteDifference],
    chosen: Profile,
    *,
    single: bool = False,
) -> Iterator[JudgedSlope]:
    """Every derivative with its verdict.

    ``theirs``: of the user's log, None without one; ``measured``: by runs of the C program; ``chosen``: its limits
    judge the user's derivatives; ``single``: the user's log was computed in single precision.
    """
    for slope in slopes.slopes:
        own = theirs.get(slope.name) if theirs is not None else None
        of_c = measured.get(slope.name)
        size = abs(slopes.value) / slope.scale
        verdict, note = _confirmed(slope, of_c, SMALL * size)
        if verdict is SlopeVerdict.AGREE and theirs is not None and slope.ours is not None:
            verdict, more = _theirs(slope, own, chosen, SMALL * size, single=single)
            note = "; ".join(filter(None, (more, note)))
        yield JudgedSlope(slope, own, of_c, verdict, note)


def _confirmed(slope: Slope, of_c: FiniteDifference | None, zero: float) -> tuple[SlopeVerdict, str]:
    """Whether differences of exact runs confirm our derivative."""
    found, ours = slope.difference, slope.ours
    if found is None or ours is None:
        return SlopeVerdict.NONE, slope.reason
    if math.isnan(found.value):
        return SlopeVerdict.KINK, f"no derivative here: {'; '.join(found.kinks)}"
    note = f"smooth within {found.smooth:.2g}; then {'; '.join(found.kinks)}" if found.kinks else ""
    if found.error > VAGUE * abs(found.value) + zero:
        return SlopeVerdict.UNKNOWN, f"differences give it to {found.error:.1g} only"
    if abs(found.value - ours) > found.error + zero:
        return SlopeVerdict.DIFFER, "autograd and differences of the same runs disagree; please report this case"
    if of_c is not None and not abs(of_c.value - found.value) <= of_c.error + found.error + zero:
        return SlopeVerdict.DIFFER, "runs of the C program give another derivative than simulated runs"
    return SlopeVerdict.AGREE, note


def _theirs(slope: Slope, own: float | None, chosen: Profile, zero: float, *, single: bool) -> tuple[SlopeVerdict, str]:
    """The verdict on the user's derivative."""
    assert slope.ours is not None
    if own is None:
        return SlopeVerdict.MISSING, ""
    limit = chosen.limit(GROUP + slope.name)
    room = limit.value if limit.absolute else limit.value * abs(slope.ours)
    if abs(own - slope.ours) <= room + zero:
        return SlopeVerdict.AGREE, ""
    if single and abs(own - slope.ours) <= single_room(GROUP + slope.name, "", None).of(slope.ours, 0.0):
        return SlopeVerdict.AGREE, "as far as single precision explains"
    return SlopeVerdict.DIFFER, _factor(slope, own)


def _factor(slope: Slope, own: float) -> str:
    """What a known ratio of the two derivatives means."""
    if own == 0.0:
        return "no gradient arrives in your program"
    if not slope.ours or not math.isfinite(own):
        return ""
    ratio = own / slope.ours
    known = (*_FACTORS.get(slope.unit, ()), *_ALWAYS)
    words = [word for factor, word in known if math.isclose(ratio, factor, rel_tol=_EXACT)]
    return f"{ratio:.6g} times ours" + (f": {words[0]}" if words else "")
