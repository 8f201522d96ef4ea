"""The diagnosis of a package made again from its two logs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from nbtui.diagnosis.diagnose import diagnose
from nbtui.diagnosis.render import as_object
from nbtui.errors import NbtuiError
from nbtui.evidence.read.folder import mapping, number, text
from nbtui.live.model import Case
from nbtui.trace.model import Trace, TraceError

_PROBABILITY = 0.005  # the recorded ones have four digits
_SHARE = 1e-6
_RESIDUAL = 1e-3  # relative


def diagnosed_again(metrics: Mapping[str, object], case: Case, c: Trace, py: Trace | None) -> Iterator[str]:
    """The statements of the recorded diagnosis that a new one contradicts; none without a recorded one.

    Compared are the verdict, the causes in their order with probability, share and rest, and the unknown fields.
    Sentences that name files of the machine are not.
    """
    recorded = metrics.get("diagnosis")
    if recorded is None:
        return
    if py is None:
        yield "diagnosis: recorded, and there is no second trace to diagnose"
        return
    try:
        made = as_object(diagnose(case, c, py))
    except (NbtuiError, TraceError) as error:
        yield f"diagnosis: recorded, and it cannot be made again ({error})"
        return
    old = mapping(recorded)
    for key in ("verdict", "certain", "new_divergence"):
        if old.get(key) != made[key]:
            yield f"diagnosis: {key} is {old.get(key)!r}, made again {made[key]!r}"
    yield from _causes(_objects(old.get("hypotheses")), _objects(made["hypotheses"]))
    before, now = (
        [text(one.get("field")) for one in _objects(listed)] for listed in (old.get("unknown"), made["unknown"])
    )
    if before != now:
        yield f"diagnosis: unknown are {', '.join(before) or 'none'}, made again {', '.join(now) or 'none'}"


def _causes(old: Sequence[Mapping[str, object]], made: Sequence[Mapping[str, object]]) -> Iterator[str]:
    if [one.get("ids") for one in old] != [one.get("ids") for one in made]:
        yield f"diagnosis: causes are {_named(old)}, made again {_named(made)}"
        return
    for before, now in zip(old, made, strict=True):
        name = _named([now])
        for key, relative, absolute in (
            ("probability", 0.0, _PROBABILITY),
            ("explained", 0.0, _SHARE),
            ("residual", _RESIDUAL, 1e-12),
        ):
            one, other = number(before.get(key)), number(now.get(key))
            if one is None or other is None or not math.isclose(one, other, rel_tol=relative, abs_tol=absolute):
                yield f"diagnosis: {key} of {name} is {before.get(key)}, made again {now.get(key)}"
        for key in ("kind", "summary", "side"):
            if before.get(key) != now.get(key):
                yield f"diagnosis: {key} of {name} is {before.get(key)!r}, made again {now.get(key)!r}"


def _unknown(diagnosis: Mapping[str, object]) -> list[str]:
    return [text(one.get("field")) for one in _objects(diagnosis.get("unknown"))]


def _objects(value: object) -> list[Mapping[str, object]]:
    return [mapping(one) for one in value] if isinstance(value, list) else []


def _named(causes: Sequence[Mapping[str, object]]) -> str:
    listed = [" + ".join(map(str, ids)) if isinstance(ids := one.get("ids"), list) else "?" for one in causes]
    return "; ".join(listed) or "none"
