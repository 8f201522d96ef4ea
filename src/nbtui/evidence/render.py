"""A history as text: pure functions of frozen values, for terminals, pipes and programs alike."""

from __future__ import annotations

from collections.abc import Sequence

from nbtui.evidence.history import UNKNOWN, Entry
from nbtui.evidence.read.gap import Subject
from nbtui.evidence.read.package import percentage
from nbtui.trace.text import clean

HEAD = ("vs before", "stamp", "case", "pixel", "mode", "first divergence", "gap", "remarks")


def cells(entry: Entry) -> tuple[str, ...]:
    """One package as the cells of HEAD; safe for a terminal."""
    package = entry.package
    pixel = "-" if package.pixel is None else f"{package.pixel[0]} {package.pixel[1]}"
    first = package.principal or package.without_divergence
    where = (package.stamp, package.case or "-", pixel, package.phi_mode or "-", first)
    return tuple(clean(text) for text in (against(entry), *where, percentage(package.gap), remarks(entry)))


def against(entry: Entry) -> str:
    """The judgement against the previous package, in a word or two: better, worse or same first."""
    word = judgement(entry)
    if entry.identical_to:
        same = entry.before is not None and entry.identical_to == entry.before.stamp
        return f"{word} (identical)" if same else f"{word}, identical to {entry.identical_to}"
    if not entry.conditions:
        return word
    first, more = entry.conditions[0].replace("_", " "), len(entry.conditions) - 1
    return f"{word}, other {first}" + f" +{more}" * bool(more)


def judgement(entry: Entry) -> str:
    """The judgement against the previous package as one word."""
    if entry.before is None:
        return "first"
    return "unclear" if entry.overall == UNKNOWN else entry.overall


def remarks(entry: Entry) -> str:
    """Drift, and the gaps of an old package."""
    package = entry.package
    parts = [f"drift {', '.join(entry.drift)}"] if entry.drift else []
    if package.simulated_reference:
        parts.append(f"reference simulated, {package.reference}")
    if package.format != "new":
        parts.append("old format")
    parts += [gap.sentence for gap in package.lacks if gap.subject in (Subject.CHECKSUMS, Subject.METRICS)]
    parts += ["the stamp is not UTC"] * any(gap.subject is Subject.TIME for gap in package.lacks)
    return "; ".join(parts)


def table(entries: Sequence[Entry], width: int) -> str:
    """The history oldest first, columns as wide as needed; the last one takes the rest of ``width``."""
    rows = [HEAD, *(cells(entry) for entry in entries)]
    sizes = [max(len(row[column]) for row in rows) for column in range(len(HEAD) - 1)]
    lines = []
    for row in rows:
        start = "  ".join(cell.ljust(size) for cell, size in zip(row, sizes, strict=False))
        room = max(width - len(start) - 2, 20)
        last = row[-1] if len(row[-1]) <= room else row[-1][: room - 1] + "~"
        lines.append(f"{start}  {last}".rstrip())
    return "\n".join(lines)


def as_object(entry: Entry) -> dict[str, object]:
    """One package of a history as a JSON object; relative deltas as numbers, NaN and infinities as strings."""
    package = entry.package
    pixel = None if package.pixel is None else {"slow": package.pixel[0], "fast": package.pixel[1]}
    return {
        "package": str(package.path),
        "stamp": package.stamp,
        "time": None if package.time is None else package.time.isoformat(),
        "format": package.format,
        "case": package.case or None,
        "pixel": pixel,
        "phi_mode": package.phi_mode or None,
        "dtype": package.dtype or None,
        "device": package.device or None,
        "verdict": package.verdict,
        "agrees": package.agrees,
        "first_divergence": package.first_divergence,
        "first_reaching_divergence": package.reaching,
        "gap": package.gap,
        "gap_field": package.gap_field,
        "relative_delta": package.relative_delta,
        "reference": package.reference or None,
        "quirks": None if package.quirks is None else dict(package.quirks),
        "before": None if entry.before is None else str(entry.before.path),
        "change": entry.overall,
        "factors": {
            change.factor: {"change": change.judgement, "before": change.before, "now": change.after}
            for change in entry.changes
        },
        "identical_to": entry.identical_to or None,
        "environment_drift": list(entry.drift),
        "trace_hash": package.trace_hash or None,
        "lacks": [gap.sentence for gap in package.lacks],
    }
