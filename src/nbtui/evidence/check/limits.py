"""The tolerances of a package: those that it states, against those of nbtui."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nbtui.evidence.check.finding import FileFinding, Weight
from nbtui.evidence.layout import METRICS
from nbtui.evidence.read.folder import number, text
from nbtui.parity.metrics import SCHEMA_VERSION
from nbtui.parity.profiles import BUILT_IN, Profile
from nbtui.parity.tolerances import from_object, is_built_in, same_limits
from nbtui.trace.model import TraceError
from nbtui.trace.text import clean

FOREIGN = "tolerances are not nbtui's"


@dataclass(frozen=True)
class StatedLimits:
    """The limits by which a package is judged; ``known``: they are those of its own comparison."""

    profile: Profile
    findings: tuple[FileFinding, ...] = ()
    known: bool = True

    @property
    def foreign(self) -> bool:
        """Whether they differ from nbtui's own for the profile of this name."""
        return self.known and not is_built_in(self.profile)


def limits_of(metrics: Mapping[str, object], typed: float | None) -> StatedLimits:
    """The limits stated in metrics.json; ``typed``: the value of ``--tolerance`` in the command of the export."""
    if number(metrics.get("schema_version")) != SCHEMA_VERSION:
        return _unstated(metrics)
    name = text(metrics.get("tolerance_profile"))
    try:
        stated = from_object(metrics.get("tolerances"))
    except TraceError as error:
        return StatedLimits(BUILT_IN.get(name, BUILT_IN["full"]), (FileFinding(METRICS, str(error)),))
    found = []
    if stated.name != name:
        found.append(f"tolerances are of profile {clean(stated.name)!r}, tolerance_profile is {clean(name)!r}")
    if stated.tolerance != metrics.get("tolerance"):
        found.append(f"tolerance {metrics.get('tolerance')}, tolerances have {stated.tolerance}")
    own = BUILT_IN.get(stated.name)
    if own is not None:
        try:
            expected = own.with_tolerance(typed)
        except TraceError as error:
            found.append(str(error))
            expected = own
        if not same_limits(stated, expected):
            found.append(f"{FOREIGN}: profile {own.name} has others")
    elif typed is not None and stated.tolerance != typed:
        found.append(f"tolerance {stated.tolerance}, commands.txt has --tolerance {typed}")
    return StatedLimits(stated, tuple(FileFinding(METRICS, what) for what in found))


def _unstated(metrics: Mapping[str, object]) -> StatedLimits:
    """The limits of a package that names its profile only."""
    name = text(metrics.get("tolerance_profile"))
    profile = BUILT_IN.get(name)
    if profile is None:
        what = f"tolerance profile {clean(name)!r} is not nbtui's, and its tolerances are not recorded"
        return StatedLimits(BUILT_IN["full"], (FileFinding(METRICS, what, Weight.UNJUDGED),), known=False)
    stated = number(metrics.get("tolerance"))
    try:
        return StatedLimits(profile.with_tolerance(None if stated == profile.tolerance else stated))
    except TraceError:
        return StatedLimits(profile)
