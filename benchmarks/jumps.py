"""Jumps of a pixel sum where a term changes to another reflection: how near, how large, by crystal and F.

    python benchmarks/jumps.py --boxes 20

A term takes F of its nearest reflection. When an index passes half way between two integers, another reflection becomes
the nearest, and the sum jumps; the gradient is that of one side. The program turns a crystal about lab x, finds the
crossings of every term of boxes of 3 x 3 pixels (256 terms each), and measures the sum on both sides of the nearest
ones. The table of F is random, uniform from 10 to 100 electrons.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from nbsim import Experiment

BASE = (
    "-cell 40 50 60 90 90 90 -misset 10 20 30 -lambda 1.0 -distance 60 -detpixels 256 -pixel 0.4 -phi 1 -osc 0.5 "
    "-phisteps 4 -mosaic 0.2 -mosaic_domains 16 -oversample 2"
)
REACH = 60  # of the table
FAR = 0.02  # degrees, within which crossings are looked for
SIDE = 1e-9  # degrees from a crossing
SOUND = {"dimensional_shape_width": False, "grating_literal": False, "interpolation_switch_off": False}
CRYSTALS = (
    ("block, N 5", "-N 5 -nointerpolate -hkl f.hkl"),
    ("block, N 4", "-N 4 -nointerpolate -hkl f.hkl"),
    ("block, N 21", "-N 21 -nointerpolate -hkl f.hkl"),
    ("block, N 5, one F", "-N 5 -default_F 50"),
    ("block, N 5, F interpolated", "-N 5 -interpolate -hkl f.hkl"),
    ("sphere, N 5", "-N 5 -round_xtal -nointerpolate -hkl f.hkl"),
    ("gauss, N 5", "-N 5 -gauss_xtal -nointerpolate -hkl f.hkl"),
)


@dataclass(frozen=True)
class Box:
    """Crossings of one box: the nearest [degrees], and jumps relative to the sum."""

    nearest: float
    n_terms: int
    jumps: tuple[float, ...]


def write_table(folder: Path, draw: random.Random) -> None:
    """A table of random F."""
    sides = range(-REACH, REACH + 1)
    rows = (f"{h} {k} {l} {draw.uniform(10, 100):.2f}" for h in sides for k in sides for l in sides)
    (folder / "f.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")


def turned(experiment: Experiment, degrees: float) -> Experiment:
    """The crystal turned about lab x."""
    misset = torch.tensor([10.0 + degrees, 20.0, 30.0], dtype=torch.float64)
    return experiment.with_parameters(misset=misset)


def indices(experiment: Experiment, slow: range, fast: range) -> np.ndarray:
    """Real h, k, l of every term, (n, 3)."""
    columns = [experiment.terms(s, f) for s in slow for f in fast]
    return np.concatenate([np.stack([column[name] for name in "hkl"], axis=1) for column in columns])


def crossings(experiment: Experiment, slow: range, fast: range) -> tuple[np.ndarray, int]:
    """Angles [degrees] of all crossings within FAR, nearest first, and the number of terms."""
    here = indices(experiment, slow, fast)
    step = 1e-4
    slope = (indices(turned(experiment, step), slow, fast) - indices(turned(experiment, -step), slow, fast)) / (
        2 * step
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        ahead = (np.floor(here) + 0.5 - here) / slope
    found = ahead[np.isfinite(ahead) & (np.abs(ahead) < FAR)]
    return found[np.argsort(np.abs(found))], len(here)


def measured(experiment: Experiment, slow: range, fast: range, most: int) -> Box:
    """The jumps at the ``most`` nearest crossings."""
    angles, n_terms = crossings(experiment, slow, fast)

    def total(degrees: float) -> float:
        return float(turned(experiment, degrees).photons(slow, fast).sum())

    jumps = []
    for angle in angles[:most]:
        # the straight line of both sides leaves out the slope; crossings are found to first order only
        width = max(SIDE, 1e-3 * abs(angle))
        low, high = total(angle - width), total(angle + width)
        slope_low = (low - total(angle - 2 * width)) / width
        slope_high = (total(angle + 2 * width) - high) / width
        jumps.append(abs(high - low - (slope_low + slope_high) * width) / total(0.0))
    return Box(float(np.abs(angles[0])) if len(angles) else float("inf"), n_terms, tuple(jumps))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boxes", type=int, default=20)
    parser.add_argument("--crossings", type=int, default=3, help="per box, the nearest ones")
    words = parser.parse_args()
    draw = random.Random(1)
    places = [(draw.randint(20, 230), draw.randint(20, 230)) for _ in range(words.boxes)]
    with tempfile.TemporaryDirectory() as folder:
        write_table(Path(folder), draw)
        for name, rest in CRYSTALS:
            experiment = Experiment.from_command(f"{BASE} {rest}", folder, quirks=SOUND)
            boxes = [measured(experiment, range(s, s + 3), range(f, f + 3), words.crossings) for s, f in places]
            near = [box.nearest for box in boxes]
            jumps = [jump for box in boxes for jump in box.jumps]
            print(
                f"{name:28} {boxes[0].n_terms} terms; nearest crossing: median {np.median(near):.1e}, smallest "
                f"{min(near):.1e} degrees; jump over sum: median {np.median(jumps):.1e}, largest {max(jumps):.1e}"
            )


if __name__ == "__main__":
    main()
