"""Tolerance profiles: the values that a comparison judges, and their limits.

Source: spec/evidence_package.md, Statuses. A limit is relative to |C| unless it says absolute.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from nbtui.trace.fields import catalogue
from nbtui.trace.fields.field import Stage, Tolerance
from nbtui.trace.fields.gradient import GROUP
from nbtui.trace.model import TraceError

GATE = 1e-6  # relative; the gate of the scaling chain
GRADIENT_ROOM = 10.0  # times the tolerance: a derivative is a sum of terms of both signs, and loses a digit
CHAIN_STAGES = (Stage.ACCUMULATION, Stage.SCALING)  # the lattice factors of one phi step do not belong to the chain
KEYS = ("base", "description", "tolerance", "only", "fields")


Scope = Literal["all", "scaling", "rules"]  # every value, the scaling chain, only what the rules name


@dataclass(frozen=True)
class Limit:
    """The largest difference that passes: relative to |C|, or absolute in the unit of the field.

    ``of_scale``: relative to the field's scale where that is larger: the vector of a component, 1/N of an index, N of a
    lattice factor.
    """

    value: float
    absolute: bool = False
    of_scale: bool = False


@dataclass(frozen=True)
class Profile:
    """The judged values and their limits.

    ``rules`` names fields (``hkl_frac``, ``phi.k_frac``) or single components (``hkl_frac.k``); the more precise
    name wins. Integers and words are compared exactly in every profile.
    """

    name: str
    description: str
    tolerance: float = GATE  # relative, for every judged number without a rule of its own
    scope: Scope = "all"
    rules: Mapping[str, Limit] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    def limit(self, name: str, component: str = "") -> Limit:
        """The limit for one component of one field, also for fields outside the scope."""
        rule = self.rules.get(f"{name}.{component}") or self.rules.get(name)
        known = catalogue.field(name)
        if rule is None and known is not None and known.tolerance is Tolerance.GRADIENT:
            return Limit(GRADIENT_ROOM * self.tolerance)
        return rule or Limit(self.tolerance, of_scale=self.scope == "all")

    def judges(self, name: str, component: str = "") -> bool:
        """Whether a difference here counts as a divergence under this profile."""
        if self.scope == "rules":
            return name in self.rules or f"{name}.{component}" in self.rules
        if self.scope == "scaling":
            known = catalogue.field(name)
            return known is not None and known.scaling and known.stage in CHAIN_STAGES
        return True

    def with_tolerance(self, tolerance: float | None) -> Profile:
        """The same profile at another relative tolerance (``--tolerance``); None changes nothing.

        Raises TraceError for an invalid tolerance, and for a profile whose limits are all absolute.
        """
        if tolerance is None:
            return self
        checked = _number(tolerance, "the tolerance")
        if self.scope == "rules" and all(rule.absolute for rule in self.rules.values()):
            raise TraceError(
                f"profile {self.name} has absolute limits only: omit the tolerance, or use profile full or scaling"
            )
        rules = {key: rule if rule.absolute else Limit(checked) for key, rule in self.rules.items()}
        return replace(self, tolerance=checked, rules=MappingProxyType(rules))


def _absolute(k_frac: float, rot_b_y: float) -> Mapping[str, Limit]:
    phi = Limit(k_frac, absolute=True)
    return MappingProxyType({"hkl_frac.k": phi, "phi.k_frac": phi, "rot_b_angstroms.y": Limit(rot_b_y, absolute=True)})


BUILT_IN: Mapping[str, Profile] = MappingProxyType(
    {
        "scaling": Profile("scaling", "1e-6 relative on every factor of the scaling chain", scope="scaling"),
        "full": Profile("full", "every field, 1e-6 relative; integers and words exactly"),
        "spec": Profile("spec", "|dk_frac| <= 1e-6, |d rot_b_y| <= 1e-6 A", scope="rules", rules=_absolute(1e-6, 1e-6)),
        "c-parity": Profile(
            "c-parity", "|dk_frac| <= 5e-5, |d rot_b_y| <= 1e-4 A", scope="rules", rules=_absolute(5e-5, 1e-4)
        ),
    }
)


def profile(name: str, extra: Mapping[str, Profile] | None = None) -> Profile:
    """The profile of this name, built in or the user's own.

    Raises TraceError, naming the known ones, for any other name.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    own = extra or {}
    if name in own:
        return own[name]
    known = ", ".join([*BUILT_IN, *sorted(own)])
    raise TraceError(f"unknown tolerance profile {name!r}; known: {known}")


def from_mapping(name: str, settings: Mapping[str, object]) -> Profile:
    """A user's own profile from a table of nbtui.toml.

    Keys, all optional: ``base`` (a built-in profile, default full), ``description``, ``tolerance`` (relative),
    ``fields`` (field or field.component -> relative limit, or ``{abs = limit}``), ``only`` (true: judge nothing
    but ``fields``). Raises TraceError that names the profile and the key.
    """
    where = f"profile {name}"
    if name in BUILT_IN:
        raise TraceError(f"{where}: the name is taken by a built-in profile; choose another")
    for key in settings:
        if key not in KEYS:
            raise TraceError(f"{where}: unknown key {key!r}; known: {', '.join(KEYS)}")
    base = profile(str(settings.get("base", "full")))
    if "tolerance" in settings:
        base = base.with_tolerance(_number(settings["tolerance"], f"{where}: tolerance"))
    rules = {**base.rules, **_rules(settings.get("fields", {}), where)}
    only = settings.get("only", False)
    if not isinstance(only, bool):
        raise TraceError(f"{where}: only must be true or false")
    if only and not rules:
        raise TraceError(f"{where}: only = true needs at least one entry under fields")
    return replace(
        base,
        name=name,
        description=str(settings.get("description", f"{base.name}, modified in the settings")),
        rules=MappingProxyType(rules),
        scope="rules" if only else base.scope,
    )


def _rules(table: object, where: str) -> dict[str, Limit]:
    if not isinstance(table, Mapping):
        raise TraceError(f"{where}: fields must be a table of field names and limits")
    rules = {}
    for key, value in table.items():
        label = f"{where}: fields.{key}"
        base = str(key) if str(key).startswith(GROUP) else str(key).removeprefix("phi.").split(".")[0]
        if not str(key).startswith("phi.") and catalogue.field(base) is None:
            raise TraceError(f"{label}: no such trace field")
        if isinstance(value, Mapping):
            if set(value) != {"abs"}:
                raise TraceError(f"{label}: give a number (relative) or {{abs = number}}")
            rules[str(key)] = Limit(_number(value["abs"], label), absolute=True)
        else:
            rules[str(key)] = Limit(_number(value, label))
    return rules


def _number(value: object, label: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise TraceError(f"{label} must be a finite number >= 0, not {value!r}")
    return float(value)
