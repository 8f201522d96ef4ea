"""The packages of a root in order of time, each judged against the previous one of the same case and pixel.

Identical evidence (the same trace hash) is named: a run that repeats an earlier trace adds no information.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import NamedTuple

from nbtui.evidence.judgement import BETTER, GONE, NEW, SAME, WORSE, judge_sizes
from nbtui.evidence.read.chain_metrics import in_chain
from nbtui.evidence.read.folder import find_listed
from nbtui.evidence.read.index import Index
from nbtui.evidence.read.package import Factor, Package, percentage, read_package, switched
from nbtui.parity.coverage import TOO_LITTLE
from nbtui.trace.fields import catalogue

UNKNOWN = "-"
CONDITIONS = ("reference", "phi_mode", "quirks", "dtype", "device")
UNKNOWN_TIME = datetime.min.replace(tzinfo=UTC)


class FactorChange(NamedTuple):  # a list of packages makes hundreds of thousands
    """One factor against the previous package: sizes of the relative deltas and the judgement."""

    factor: str
    before: float | None
    after: float | None
    judgement: str  # BETTER, WORSE, SAME, NEW or GONE


@dataclass(frozen=True)
class Entry:
    """One package in its history. ``before``: the previous package of the same case and pixel."""

    package: Package
    before: Package | None
    overall: str  # BETTER, WORSE, SAME, or "-" for the first package
    identical_to: str  # stamp of the earliest package with the same trace hash, or ""
    drift: tuple[str, ...]  # "torch 2.8.0 -> 2.13.0"

    @functools.cached_property
    def changes(self) -> tuple[FactorChange, ...]:
        """The factors against those of the previous package."""
        return () if self.before is None else compare_factors(self.before.factors, self.package.factors)

    @property
    def conditions(self) -> tuple[str, ...]:
        """The settings that changed since the previous package: a smaller gap may come from these alone."""
        return (
            ()
            if self.before is None
            else tuple(name for name in CONDITIONS if _differs(self.before, self.package, name))
        )


def time_key(package: Package) -> tuple[datetime, str, str]:
    """Sort key: time of the run, then stamp, then path; runs without a time come first."""
    return package.time or UNKNOWN_TIME, package.stamp, str(package.path)


def load(root: Path) -> list[Package]:
    """Every package below ``root``, unsorted, with the factors of a list; those read before come from the index."""
    index = Index(root)
    packages = [index.read(path, entries) for path, entries in find_listed(root)]
    index.keep()
    return packages


def history(packages: Iterable[Package], known: Mapping[Path, Entry] = MappingProxyType({})) -> tuple[Entry, ...]:
    """The packages oldest first, each compared with the previous one of the same case and pixel.

    ``known`` holds earlier judgements by path; those still valid are reused.
    """
    newest: dict[tuple[str, tuple[int, int] | None], Package] = {}
    first_with: dict[str, Package] = {}
    entries = []
    for package in sorted(packages, key=time_key):
        group = package.case, package.pixel
        same = first_with.setdefault(package.trace_hash, package) if package.trace_hash else package
        before, identical = newest.get(group), "" if same is package else same.stamp
        old = known.get(package.path)
        holds = old is not None and old.package is package and old.before is before and old.identical_to == identical
        entries.append(old if old is not None and holds else entry(package, before, identical))
        newest[group] = package
    return tuple(entries)


def entry(package: Package, before: Package | None, identical_to: str = "") -> Entry:
    """Judge one package against another of the same case and pixel (None: it is the first)."""
    if before is None:
        return Entry(package, None, UNKNOWN, identical_to, ())
    judged = Entry(package, before, _overall(before, package), identical_to, drift(before, package))
    if judged.overall not in (SAME, UNKNOWN):
        return judged
    worse = sum(change.judgement == WORSE for change in judged.changes)
    better = sum(change.judgement == BETTER for change in judged.changes)
    return judged if worse == better else replace(judged, overall=WORSE if worse > better else BETTER)


def _overall(before: Package, after: Package) -> str:
    """The judgement by the gaps alone."""
    old, new = _gaps(before, after)
    return UNKNOWN if old is None or new is None else judge_sizes(_infinite_if_nan(old), _infinite_if_nan(new))


def compare_factors(before: Iterable[Factor], after: Iterable[Factor]) -> tuple[FactorChange, ...]:
    """Every factor of the scaling chain of either side, better, worse or same by the size of its delta."""
    old = {_chain_name(factor.name): factor for factor in before}
    new = {_chain_name(factor.name): factor for factor in after}
    names = new if new.keys() == old.keys() else {**new, **old}
    return tuple([_change(name, old.get(name), new.get(name)) for name in names if name])


@functools.lru_cache(maxsize=4096)
def _chain_name(label: str) -> str:
    """The canonical name of a factor of the scaling chain; empty for any other factor."""
    return catalogue.canonical(label) if in_chain(label) else ""


def _change(name: str, before: Factor | None, after: Factor | None) -> FactorChange:
    """One factor in two packages by the size of its difference; two that pass are the same."""
    if before is None or after is None:
        return FactorChange(name, _delta(before), _delta(after), NEW if before is None else GONE)
    same = before.status == after.status == "PASS"
    judgement = SAME if same else judge_sizes(_size(before), _size(after))
    return FactorChange(name, before.rel_delta, after.rel_delta, judgement)


def _gaps(before: Package, after: Package) -> tuple[float | None, float | None]:
    """The gaps of two packages, in one field."""
    if before.gap_field == after.gap_field:
        return before.gap, after.gap
    return before.relative_delta, after.relative_delta


def _infinite_if_nan(relative: float) -> float:
    return math.inf if math.isnan(relative) else abs(relative)


def _size(factor: Factor) -> float:
    """Size of a difference: relative, else absolute; without either, infinite unless the factor passes."""
    delta = factor.abs_delta if factor.rel_delta is None else factor.rel_delta
    if delta is None or math.isnan(delta):
        return 0.0 if factor.status == "PASS" else math.inf
    return abs(delta)


def _delta(factor: Factor | None) -> float | None:
    return None if factor is None else factor.rel_delta


def drift(before: Package, after: Package) -> tuple[str, ...]:
    """Differences between the environments of two runs, among the entries recorded by both."""
    if _surroundings(before) == _surroundings(after):
        return ()
    old, new = dict(before.environment), dict(after.environment)
    for name in ("reference", "phi_mode", "dtype", "device"):
        old[name], new[name] = getattr(before, name), getattr(after, name)
    if before.quirks is not None and after.quirks is not None:
        old["quirks"], new["quirks"] = switched(before.quirks), switched(after.quirks)
    return tuple(
        f"{key} {_short(key, old[key])} -> {_short(key, new[key])}"
        for key in new
        if old.get(key) and new[key] and old[key] != new[key]
    )


def _surroundings(package: Package) -> tuple[object, ...]:
    """Everything that `drift` compares."""
    return package.environment, package.reference, package.phi_mode, package.dtype, package.device, package.quirks


def _short(key: str, value: str) -> str:
    """A value in a sentence; of a commit the first digits, and the words after it."""
    if key not in ("git_sha", "port commit"):
        return value[:40]
    commit, _, more = value.partition(" ")
    return f"{commit[:9]} {more}".strip()


def _differs(before: Package, after: Package, name: str) -> bool:
    old, new = getattr(before, name), getattr(after, name)
    return old != new and None not in (old, new) and "" not in (old, new)


def find_before(package: Package, root: Path) -> tuple[Package | None, str]:
    """The newest older package of the same case and pixel below ``root``, and the stamp of identical evidence."""
    for candidate in history(load(root)):
        if candidate.package.path == package.path:
            return candidate.before, candidate.identical_to
    return None, ""


def note(package: Path, root: Path | None = None) -> str:
    """Five plain lines about a package for a ledger or an issue (verdict, delta, first divergence, changes,
    relative path). ``root`` holds its predecessors; default: the folder of the package."""
    path = package.resolve()
    read = read_package(path, chain_only=True)
    before, identical = find_before(read, (root or path.parent).resolve())
    return note_of(entry(read, before, identical))


def note_of(judged: Entry) -> str:
    """The five lines of a judged package; the text is not cleaned for a terminal."""
    package = judged.package
    where = f"case {package.case or '?'}, pixel (slow, fast) {package.pixel or '?'}, phi mode {package.phi_mode or '?'}"
    said = (
        f"verdict: {package.verdict} ({where})",
        f"delta: {package.gap_field} {percentage(package.gap)} relative",
        f"first divergence: {first_line(package)}",
        f"changed: {changed(judged)}",
        f"package: {relative(package.path)}",
    )
    return "".join(" ".join(text.split()) + "\n" for text in said)


def first_line(package: Package) -> str:
    """The first divergent factor that reaches the pixel, with both values at full precision, and the first of all."""
    label = package.principal_label
    if package.principal is None:
        return "none" if package.agrees else package.verdict if package.verdict == TOO_LITTLE else "not known"
    factor = package.factor(label)
    said = label
    if factor is not None:
        one, other = package.sides
        values = f"{one} {value(factor.c_value)} {other} {value(factor.py_value)}"
        said = f"{factor.name} {values} {percentage(factor.rel_delta)} {factor.status}".rstrip()
    if label == package.first_label:
        return said
    return f"{said}; {package.first_label} differs before it and does not reach the pixel"


def value(number: float | str | None) -> str:
    """A factor's value with every significant digit; "-" for none."""
    return "-" if number is None else number if isinstance(number, str) else f"{number:.15g}"


def changed(judged: Entry) -> str:
    """One line: the judgement against the previous package, the factors behind it, and the drift."""
    same_as = f"; the trace is identical to {judged.identical_to}: nothing new was learned" * bool(judged.identical_to)
    if judged.before is None:
        return f"first package of this case and pixel{same_as}"
    parts = [f"{judged.overall} than {judged.before.stamp}" if judged.overall in (BETTER, WORSE) else ""]
    parts[0] = parts[0] or f"{'same as' if judged.overall == SAME else 'not comparable with'} {judged.before.stamp}"
    for word in (BETTER, WORSE, NEW, GONE):
        names = [change.factor for change in judged.changes if change.judgement == word]
        if names:
            more = f" and {len(names) - 4} more" if len(names) > 4 else ""
            parts.append(f"{word}: {', '.join(names[:4])}{more}")
    if judged.drift:
        parts.append(f"drift: {', '.join(judged.drift)}")
    return "; ".join(parts) + same_as


def relative(path: Path) -> str:
    """``path`` relative to the current directory if below it, else its last two parts."""
    try:
        return path.relative_to(Path.cwd().resolve()).as_posix()
    except (ValueError, OSError):
        return PurePath(*path.parts[-2:]).as_posix()
