"""The older package that a new one is compared with, and the changes since.

Source: spec/evidence_package.md, summary.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nbtui.errors import UnusableInput
from nbtui.evidence.judgement import BETTER, GONE, NEW, SAME, WORSE, judge_sizes
from nbtui.evidence.layout import ENVIRONMENT, METRICS
from nbtui.evidence.read.folder import mapping, number, read_json, stamp_time
from nbtui.evidence.read.package import switched
from nbtui.evidence.write.environment import DRIFT_KEYS, changed_keys
from nbtui.trace.text import clean

WORDS = (WORSE, BETTER, SAME, NEW, GONE)
_RUN_KEYS = ("phi_mode", "quirks", "dtype", "device")


@dataclass(frozen=True)
class Baseline:
    """An older package: the objects of its metrics.json and env.json (empty if missing)."""

    path: Path
    metrics: Mapping[str, object]
    environment: Mapping[str, object]


def find_baseline(root: Path, stamp: str, case: str, pixel: Mapping[str, int] | None) -> Baseline | None:
    """The newest package directly in ``root`` that is older than ``stamp`` and of the same case and pixel."""
    try:
        names = [path.name for path in root.iterdir()]
    except OSError:
        return None
    older = sorted((name for name in names if stamp_time(name) is not None and name < stamp), reverse=True)
    for name in older:
        metrics, _ = read_json(root / name / METRICS)
        if metrics.get("case") == case and pixel is not None and metrics.get("pixel") == dict(pixel):
            return Baseline(root / name, metrics, read_json(root / name / ENVIRONMENT)[0])
    return None


def read_baseline(path: Path) -> Baseline:
    """The package named by the user.

    Raises:
        UnusableInput: it has no readable metrics.json.
    """
    metrics, problem = read_json(path / METRICS)
    if not metrics:
        raise UnusableInput(f"--baseline {clean(str(path))}: metrics.json {problem or 'is empty'}")
    return Baseline(path, metrics, read_json(path / ENVIRONMENT)[0])


def changes(baseline: Baseline, factors: Mapping[str, object]) -> dict[str, object]:
    """``factors``: per factor its ``change`` (better, worse, same, new, gone), and the relative deltas ``before`` and
    ``now``; ``counts``: the number of factors per word.

    Two passing values count as the same, whatever their last digits, and so do two differences of one size.
    """
    before = mapping(baseline.metrics.get("factors"))
    found: dict[str, dict[str, object]] = {}
    for name in dict.fromkeys([*factors, *before]):
        old, new = mapping(before.get(name)), mapping(factors.get(name))
        found[name] = {
            "change": _change(old, new),
            "before": old.get("rel_delta"),
            "now": new.get("rel_delta"),
        }
    counts = {word: sum(item["change"] == word for item in found.values()) for word in WORDS}
    return {"counts": counts, "factors": found}


def _change(old: Mapping[str, object], new: Mapping[str, object]) -> str:
    if not old:
        return NEW
    if not new:
        return GONE
    if old.get("status") == "PASS" and new.get("status") == "PASS":
        return SAME
    return judge_sizes(_size(old), _size(new))


def quoted_change(entry: Mapping[str, object], now: Mapping[str, object]) -> tuple[str, ...]:
    """The words possible for one factor, where only its relative delta in the older package is known (``entry``)."""
    before = number(entry.get("before"))
    if before is None:
        return (NEW, SAME, BETTER, WORSE) if now else (GONE,)
    if not now:
        return (GONE,)
    judged = judge_sizes(math.inf if math.isnan(before) else abs(before), _size(now))
    return (SAME, judged) if now.get("status") == "PASS" else (judged,)


def _size(factor: Mapping[str, object]) -> float:
    """Size of a difference: relative, else absolute, else 0 or infinite by status."""
    for key in ("rel_delta", "abs_delta"):
        value = number(factor.get(key))
        if value is not None:
            return math.inf if math.isnan(value) else abs(value)
    return 0.0 if factor.get("status") == "PASS" else float("inf")


def environment_drift(
    baseline: Baseline, environment: Mapping[str, object], run: Mapping[str, object]
) -> list[dict[str, object]]:
    """Changes of torch, Python, git SHA and of the settings of the run; ``run`` holds the present settings."""
    before, now = (_with_words(settings) for settings in (baseline.metrics, run))
    return [
        *changed_keys(baseline.environment, environment, DRIFT_KEYS),
        *changed_keys(before, now, _RUN_KEYS),
    ]


def _with_words(settings: Mapping[str, object]) -> Mapping[str, object]:
    """The settings with the quirks as text."""
    quirks = settings.get("quirks")
    return {**settings, "quirks": switched(sorted(quirks.items()))} if isinstance(quirks, dict) else settings
