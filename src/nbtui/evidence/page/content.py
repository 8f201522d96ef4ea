"""Everything that the page of a package shows, taken from its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nbtui.errors import UnusableInput
from nbtui.evidence.check.limits import limits_of
from nbtui.evidence.check.recheck import recompared
from nbtui.evidence.check.term_rows import BadTerms, read_terms
from nbtui.evidence.check.verify import Verification
from nbtui.evidence.layout import COMMANDS, GIVEN_LOG, METRICS, TERMS
from nbtui.evidence.read.folder import mapping, number, read_json, read_text, text
from nbtui.evidence.read.logs import logs_of
from nbtui.evidence.read.package import Package
from nbtui.parity.model import Comparison
from nbtui.trace.text import clean

PIXEL_VALUE = "I_pixel_final"


@dataclass(frozen=True)
class RecordedLevel:
    """One level of the waterfall: the cause taken away, and the relative gap of the pixel's value that is left."""

    cause: str
    gap: float


@dataclass(frozen=True)
class RecordedCause:
    """A cause as the package records it."""

    name: str
    summary: str
    probability: float | None
    explained: float | None  # share of the gap


@dataclass(frozen=True)
class Shares:
    """The pixel's terms, summed over all axes but one: percent of their sum, by index. Empty without terms."""

    phi: tuple[float, ...] = ()
    mosaic: tuple[float, ...] = ()


@dataclass(frozen=True)
class PageContent:
    """One package: its verification, its comparison made again from the logs, its records."""

    verification: Verification
    comparison: Comparison | None  # None where a log cannot be read
    metrics: Mapping[str, object]
    certain: tuple[str, ...]
    causes: tuple[RecordedCause, ...]
    waterfall: tuple[RecordedLevel, ...]
    unknown: tuple[str, ...]
    shares: Shares
    commands: str

    @property
    def package(self) -> Package:
        return self.verification.package


def content_of(verification: Verification) -> PageContent:
    """The content of the page. Raises UnusableInput where the folder holds no package."""
    package = verification.package
    metrics, problem = read_json(package.path / METRICS)
    if problem:
        raise UnusableInput(f"{clean(str(package.path / METRICS))}: {problem}")
    diagnosis = mapping(metrics.get("diagnosis"))
    return PageContent(
        verification=verification,
        comparison=_comparison(package, metrics),
        metrics=metrics,
        certain=_sentences(diagnosis.get("certain")),
        causes=tuple(_causes(diagnosis.get("hypotheses"))),
        waterfall=tuple(_levels(mapping(diagnosis.get("waterfall")))),
        unknown=tuple(text(mapping(one).get("sentence")) for one in _items(diagnosis.get("unknown"))),
        shares=_shares(package.path / TERMS) if TERMS in package.files else Shares(),
        commands=read_text(package.path / COMMANDS) or "",
    )


def _comparison(package: Package, metrics: Mapping[str, object]) -> Comparison | None:
    logs = logs_of(package.path, package.files, metrics)
    if logs.c is None or logs.py is None:
        return None
    limits = limits_of(metrics, None).profile
    return recompared(metrics, logs.c, logs.py, limits, given=text(metrics.get("python_trace")) == GIVEN_LOG)


def _causes(given: object) -> list[RecordedCause]:
    found = []
    for one in map(mapping, _items(given)):
        name = " + ".join(_sentences(one.get("ids")))
        found.append(
            RecordedCause(name, text(one.get("summary")), number(one.get("probability")), number(one.get("explained")))
        )
    return found


def _levels(waterfall: Mapping[str, object]) -> list[RecordedLevel]:
    found = []
    for one in map(mapping, _items(waterfall.get("levels"))):
        gap = number(mapping(one.get("gaps")).get(PIXEL_VALUE))
        if gap is not None:
            found.append(RecordedLevel(text(one.get("cause")), gap))
    return found


def _items(given: object) -> Sequence[object]:
    return given if isinstance(given, list) else ()


def _sentences(given: object) -> tuple[str, ...]:
    return tuple(text(one) for one in _items(given) if text(one))


def _shares(path: Path) -> Shares:
    """Shares by phi step and by mosaic domain; none where the file is unreadable or its sum is zero."""
    phi: dict[int, float] = {}
    mosaic: dict[int, float] = {}
    try:
        for piece in read_terms(path):
            values = piece.column("F_cell2_F_latt2")
            for name, sums in (("phi_step", phi), ("mosaic_domain", mosaic)):
                for index in np.unique(steps := piece.column(name)):
                    sums[int(index)] = sums.get(int(index), 0.0) + float(values[steps == index].sum())
    except (BadTerms, OSError):
        return Shares()
    return Shares(_percent(phi), _percent(mosaic))


def _percent(sums: Mapping[int, float]) -> tuple[float, ...]:
    whole = sum(sums.values())
    if not sums or whole <= 0.0 or len(sums) != max(sums) + 1:
        return ()
    return tuple(100.0 * sums[index] / whole for index in range(len(sums)))
