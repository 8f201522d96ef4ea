"""A tolerance profile as JSON, so that a record of a comparison can be judged again without any settings file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

from nbtui.parity.judge import SINGLE
from nbtui.parity.profiles import BUILT_IN, Limit, Profile, Scope
from nbtui.trace.model import TraceError

EXACT = "exact"
# classes of fields whose limit is not the profile's own; in every profile
CLASSES: Mapping[str, object] = MappingProxyType({"integers": EXACT, "words": EXACT, "float32_fields_at_least": SINGLE})
_KEYS = frozenset({"profile", "scope", "relative", "fields", "classes"})


def as_object(profile: Profile) -> dict[str, object]:
    """The limits of a profile: ``relative`` for every judged number, ``fields`` with their own, and ``classes``."""
    return {
        "profile": profile.name,
        "scope": profile.scope,
        "relative": profile.tolerance,
        "fields": {
            name: {"limit": rule.value, "absolute": rule.absolute, "of_scale": rule.of_scale}
            for name, rule in sorted(profile.rules.items())
        },
        "classes": dict(CLASSES),
    }


def from_object(value: object) -> Profile:
    """The profile that :func:`as_object` recorded.

    Raises:
        TraceError: not such an object; the message names the part.
    """
    if not isinstance(value, Mapping) or set(value) != _KEYS:
        raise TraceError(f"tolerances must be an object with {', '.join(sorted(_KEYS))}")
    scopes = {str(scope): scope for scope in get_args(Scope)}
    scope = scopes.get(str(value["scope"]))
    if scope is None or not isinstance(value["profile"], str) or not isinstance(value["fields"], Mapping):
        raise TraceError("tolerances: profile must be a name, scope one of " + ", ".join(scopes))
    if value["classes"] != CLASSES:
        raise TraceError("tolerances: classes are not those of nbtui: integers and words are compared exactly")
    rules = {str(name): _limit(name, rule) for name, rule in value["fields"].items()}
    tolerance = _size(value["relative"], "relative")
    return Profile(value["profile"], "", tolerance, scope, MappingProxyType(rules))


def same_limits(one: Profile, other: Profile) -> bool:
    """Whether two profiles judge alike."""
    return (one.scope, one.tolerance, dict(one.rules)) == (other.scope, other.tolerance, dict(other.rules))


def is_built_in(profile: Profile) -> bool:
    """Whether these are the limits that nbtui itself gives the profile of this name."""
    own = BUILT_IN.get(profile.name)
    return own is not None and same_limits(profile, own)


def _limit(name: object, rule: object) -> Limit:
    where = f"fields.{name}"
    if not isinstance(rule, Mapping) or set(rule) != {"limit", "absolute", "of_scale"}:
        raise TraceError(f"tolerances: {where} must have limit, absolute and of_scale")
    absolute, of_scale = rule["absolute"], rule["of_scale"]
    if not isinstance(absolute, bool) or not isinstance(of_scale, bool):
        raise TraceError(f"tolerances: {where}: absolute and of_scale must be true or false")
    return Limit(_size(rule["limit"], where), absolute, of_scale)


def _size(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise TraceError(f"tolerances: {where} must be a finite number >= 0, not {value!r}")
    return float(value)
