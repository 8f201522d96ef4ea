"""Attribution of the intensity gap to contributions.

The terms of C's pixel (its own if given, else simulated) are compared with those of the explained pixel: the gap is
split by axis (layer, subpixel, source, phi step, domain) and by factor: F_cell^2 and F_latt_a^2, F_latt_b^2,
F_latt_c^2. The split by factor is the logarithmic-mean one (Ang's LMDI), which adds up exactly and does not depend on
the order of the factors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nbtui.diagnosis.replay.replay import Replay
from nbtui.live.model import TERM_AXES, TermTable
from nbtui.live.scene import Array

AXES = ("layer", "subpixel", "source", "phi step", "domain")
LATTICE = ("F_latt_a^2", "F_latt_b^2", "F_latt_c^2")
FITS = 1e-6  # relative deviation of given terms from C's I_before_scaling
MOST = 0.9  # share of the gap that the listed terms carry
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


def given(made: Replay, table: TermTable, total: float | None) -> Replay | None:
    """``made`` with C's own terms; None if their sampling or their sum differs.

    ``total``: the sum of terms [e^2] according to C's log, if known.
    """
    layers, subpixels, *rest = made.terms.shape
    over = round(subpixels**0.5)
    shape = (layers, over, over, *rest)
    place = tuple(np.asarray(getattr(table, axis), dtype=np.int64) for axis in TERM_AXES)
    inside = all(((index >= 0) & (index < size)).all() for index, size in zip(place, shape, strict=True))
    terms = np.asarray(table.F_cell2_F_latt2, dtype=np.float64)
    if not inside or terms.size == 0 or (total is not None and abs(terms.sum() - total) > FITS * abs(total)):
        return None
    flat = np.ravel_multi_index(place, shape)

    def dense(values: Array, elsewhere: Array) -> Array:
        whole = elsewhere.reshape(-1).astype(np.float64)
        whole[flat] = values
        return whole.reshape(made.terms.shape)

    lattice = dense(table.F_latt, made.parts["F_latt"])
    product = made.parts["factors"].prod(axis=-1)
    known = np.allclose(product, lattice, rtol=FITS, atol=FITS * float(np.abs(lattice).max()))
    factors = made.parts["factors"] if known else np.full_like(made.parts["factors"], np.nan)
    own = {"F_cell": dense(table.F_cell, made.parts["F_cell"]), "F_latt": lattice, "factors": factors}
    return replace(made, terms=dense(terms, np.zeros(made.terms.shape)), parts={**made.parts, **own})


def attribute(c: Replay, py: Replay) -> tuple[Share, ...]:
    """The split gap in the sum of terms; empty without a gap, or if the numbers of terms differ."""
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
    out.append(_share("factor", gap, _by_factor(c, py, delta)))
    terms = _largest(delta)
    if terms is not None and delta.size > 1:
        out.append(terms)
    return tuple(out)


def _share(axis: str, gap: float, parts: list[tuple[str, float]]) -> Share:
    kept = [part for part in parts if abs(part[1]) > 1e-12 * abs(gap)]
    return Share(axis, gap, tuple(sorted(kept, key=lambda part: -abs(part[1]))))


def _factors(c: Replay, py: Replay) -> list[tuple[str, Array, Array]]:
    """Names and both values of the amplitudes whose squares make a term; F_latt whole if its factors are unknown."""
    ours, theirs = c.parts["factors"], py.parts["factors"]
    pairs = [(name, ours[..., axis], theirs[..., axis]) for axis, name in enumerate(LATTICE)]
    if np.isnan(ours).all() or np.isnan(theirs).all():
        pairs = [("F_latt^2", c.parts["F_latt"], py.parts["F_latt"])]
    return [("F_cell^2", c.parts["F_cell"], py.parts["F_cell"]), *pairs]


def _by_factor(c: Replay, py: Replay, delta: Array) -> list[tuple[str, float]]:
    """Logarithmic-mean split; a term that is zero on one side counts for the vanishing factor."""
    before, after = c.terms, py.terms
    both = (before > 0.0) & (after > 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(after / before)
        mean = np.where(np.abs(logs) > 1e-12, delta / logs, before)
    sums: dict[str, float] = {}
    rest = np.where(both, delta, 0.0)
    for name, ours, theirs in _factors(c, py):
        share = np.where(both, mean * _log_change(ours, theirs), 0.0)
        rest = rest - share
        sums[name] = float(share.sum())
    alone = np.where(both, 0.0, delta)
    cell = (c.parts["F_cell"] == 0.0) != (py.parts["F_cell"] == 0.0)
    sums["F_cell^2"] += float(alone[cell].sum())
    return [*sums.items(), ("shape", float(rest.sum() + alone[~cell].sum()))]


def _log_change(before: Array, after: Array) -> Array:
    """Change of the logarithm of a squared factor."""
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
