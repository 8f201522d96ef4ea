"""Per-phi JSON files, as written by the harnesses of older bundles.

An object whose ``per_phi_entries`` (or ``traces``) lists one object per phi step, with the keys of a TRACE_PY_PHI
line; ``pixel`` is ``{"slow": …, "fast": …}``. Source: trace_dialects and the samples.
"""

from __future__ import annotations

import hashlib

from nbtui.trace.model import Notice, PhiRecord, Trace
from nbtui.trace.numbers import number
from nbtui.trace.reading.grammar import usable
from nbtui.trace.text import clean


def entries(data: object, origin: str) -> Trace | None:
    """A trace of phi steps only; None for an object without any."""
    if not isinstance(data, dict):
        return None
    listed = data.get("per_phi_entries", data.get("traces"))
    if not isinstance(listed, list):
        return None
    phi: list[PhiRecord] = []
    seen: dict[float, int] = {}
    notices: list[Notice] = []
    digest = hashlib.sha256()
    for position, item in enumerate(listed):
        values = _numbers(item)
        if not values:
            notices.append(Notice("warning", f"entry {position} of the phi list holds no number and is ignored", 0))
            continue
        tic = values.get("phi_tic", -1.0)
        text = "PHI " + " ".join(f"{key}={value:.15g}" for key, value in values.items())
        phi.append(PhiRecord(values, seen.get(tic, 0), 0, text))
        seen[tic] = seen.get(tic, 0) + 1
        digest.update(text.encode() + b"\n")
    return Trace(
        side="PY",
        origin=origin,
        records=(),
        phi=tuple(phi),
        notices=tuple(notices),
        pixel=_pixel(data.get("pixel")),
        sha256=digest.hexdigest(),
    )


def _numbers(item: object) -> dict[str, float]:
    if not isinstance(item, dict):
        return {}
    read = ((clean(str(key)), _number(value)) for key, value in item.items())
    return {key: value for key, value in read if value is not None and usable(key, value)}


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return number(value)
    if not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _pixel(value: object) -> tuple[int, int] | None:
    """(slow, fast) of ``{"slow": 685, "fast": 1039}``."""
    if not isinstance(value, dict):
        return None
    slow, fast = value.get("slow"), value.get("fast")
    return (slow, fast) if isinstance(slow, int) and isinstance(fast, int) else None
