"""Changes from one run to a later one, in words."""

from __future__ import annotations

from collections.abc import Sequence

from nbtui.parity.percent import percent_pair
from nbtui.runs.entry import RunEntry, divergence, outcome


def since_before(entries: Sequence[RunEntry], now: RunEntry) -> str:
    """Changes since the run before of the same pixel; after failed runs, since the last one with a comparison."""
    older = [one for one in entries if one.number < now.number and one.pixel == now.pixel]
    if not older:
        return ""
    before = older[-1]
    if now.failed or before.compared:
        return moved(before, now)
    compared = next((one for one in reversed(older) if one.compared), None)
    if compared is None:
        return f"runs now: {outcome(now)}"
    return f"runs again; since run {compared.number}: {moved(compared, now)}"


def moved(before: RunEntry, now: RunEntry) -> str:
    """Changes from one run to a later one, in one line."""
    if now.failed:
        return "failed, as before" if before.failed else f"failed; run {before.number} had not"
    if not (before.compared and now.compared):
        return f"run {before.number}: {outcome(before)}; run {now.number}: {outcome(now)}"
    parts = [_first(before, now)]
    if now.gap is not None and before.gap is not None and (now.gap or before.gap):
        old, new = percent_pair(before.gap, now.gap)
        parts.append(f"gap {old} -> {new}" if old != new else f"gap still {new}")
    if now.differing != before.differing:
        count, one = now.differing or "no", now.differing <= 1
        parts.append(f"{count} field{'s' * (not one)} differ{'s' * one}, {before.differing or 'none'} before")
    if before.log_hash and before.log_hash == now.log_hash:
        parts = ["the log is identical", parts[0]]
    parts += [f"run {before.number} had another reference"] if before.reference != now.reference else []
    parts += [f"run {before.number} had another command"] if before.command != now.command else []
    return "; ".join(parts)


def _first(before: RunEntry, now: RunEntry) -> str:
    old, new = divergence(before), divergence(now)
    if old == new:
        return f"first divergence still {new}" if new else "agrees, as before"
    if not new:
        return f"agrees now; the first divergence was {old}"
    return f"first divergence moved from {old} to {new}" if old else f"diverges now: first divergence {new}"
