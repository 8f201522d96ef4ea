"""Which contributions make up the intensity gap.

The terms of C's pixel are set against those of the explained one: the gap is split over every axis (layer,
subpixel, source, phi step, domain) and over the factors F_cell^2 and F_latt_a^2, F_latt_b^2, F_latt_c^2. The
split over factors is the logarithmic-mean one (Ang's LMDI), which adds up exactly and does not depend on
an order of the factors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbtui.diagnosis.replay import Replay
from nbtui.live.variants import Array

AXES = ("layer", "subpixel", "source", "phi step", "domain")
FACTORS = ("F_cell^2", "F_latt_a^2", "F_latt_b^2", "F_latt_c^2", "shape")
MOST = 0.9  # of the gap that the listed terms carry
LISTED = 6


@dataclass(frozen=True)
class Share:
    """One way to split the gap: parts are (index or name, value), largest first; they add up to ``gap``."""

    axis: str
    gap: float
    parts: tuple[tuple[str, float], ...]

    @property
    def sentence(self) -> str:
        """For the user."""
        listed = ", ".join(f"{name} {100.0 * value / self.gap:.1f} %" for name, value in self.parts[:LISTED])
        more = f" and {len(self.parts) - LISTED} more" if len(self.parts) > LISTED else ""
        return f"by {self.axis}: {listed}{more}"

    def as_object(self) -> dict[str, object]:
        """For JSON."""
        return {
            "axis": self.axis,
            "gap": self.gap,
            "parts": [{"name": name, "value": value} for name, value in self.parts],
        }


def attribute(c: Replay, py: Replay) -> tuple[Share, ...]:
    """The gap in the sum of terms, split; empty when it is none or the two have other numbers of terms."""
    if c.terms.shape != py.terms.shape:
        return ()
    delta = py.terms - c.terms
    gap = float(delta.sum())
    scale = float(np.abs(c.terms).sum() + np.abs(py.terms).sum())
    if not np.isfinite(gap) or abs(gap) <= 1e-9 * scale:
        return ()
    out = []
    for axis, name in enumerate(AXES):
        if delta.shape[axis] > 1:
            others = tuple(i for i in range(delta.ndim) if i != axis)
            sums = delta.sum(axis=others)
            out.append(_share(name, gap, [(str(i), float(value)) for i, value in enumerate(sums)]))
    out.append(_share("factor", gap, list(zip(FACTORS, _by_factor(c, py, delta), strict=True))))
    terms = _largest(delta)
    if terms is not None and delta.size > 1:
        out.append(terms)
    return tuple(out)


def _share(axis: str, gap: float, parts: list[tuple[str, float]]) -> Share:
    kept = [part for part in parts if abs(part[1]) > 1e-12 * abs(gap)]
    return Share(axis, gap, tuple(sorted(kept, key=lambda part: -abs(part[1]))))


def _by_factor(c: Replay, py: Replay, delta: Array) -> list[float]:
    """Logarithmic-mean split; a term that is zero on one side is the factor's that is zero."""
    before, after = c.terms, py.terms
    both = (before > 0.0) & (after > 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(after / before)
        mean = np.where(np.abs(logs) > 1e-12, delta / logs, before)
    sums = []
    rest = np.where(both, delta, 0.0)
    for number in range(4):
        part = _log_change(c, py, number)
        share = np.where(both, mean * part, 0.0)
        rest = rest - share
        sums.append(float(share.sum()))
    alone = np.where(both, 0.0, delta)
    cell = (c.parts["F_cell"] == 0.0) != (py.parts["F_cell"] == 0.0)
    sums[0] += float(alone[cell].sum())
    return [*sums, float(rest.sum() + alone[~cell].sum())]


def _log_change(c: Replay, py: Replay, number: int) -> Array:
    """Change of the logarithm of one squared factor."""
    if number == 0:
        before, after = c.parts["F_cell"], py.parts["F_cell"]
    else:
        before, after = c.parts["factors"][..., number - 1], py.parts["factors"][..., number - 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        change = 2.0 * np.log(np.abs(after) / np.abs(before))
    return np.where(np.isfinite(change), change, 0.0)


def _largest(delta: Array) -> Share | None:
    """The fewest terms that carry most of the gap's absolute size."""
    flat = delta.reshape(-1)
    order = np.argsort(-np.abs(flat))
    running = np.cumsum(np.abs(flat[order]))
    if running[-1] == 0.0:
        return None
    count = int(np.searchsorted(running, MOST * running[-1])) + 1
    parts = []
    for n in order[:count]:
        place = np.unravel_index(int(n), delta.shape)
        name = " ".join(f"{axis} {int(i)}" for axis, i, size in zip(AXES, place, delta.shape, strict=True) if size > 1)
        parts.append((name, float(flat[n])))
    return Share(f"term ({count} of {flat.size} carry 90 %)", float(delta.sum()), tuple(parts))
