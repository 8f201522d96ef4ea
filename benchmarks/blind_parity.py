"""Random command lines through the C program and through nbsim; every pixel compared.

    python benchmarks/blind_parity.py --binary PATH [--cases 100] [--seed 1]

The C program is the user's own build (single thread). A case that differs prints its command line.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from nbsim.experiment import from_command
from nbsim.image import render

CONVENTIONS = ["", "-mosflm", "-adxv", "-denzo", "-xds", "-dials"]


def _inputs(folder: Path, rng: random.Random) -> None:
    rows = [
        f"{h} {k} {l} {rng.uniform(0.1, 300):.3f}"
        for h in range(-7, 8)
        for k in range(-7, 8)
        for l in range(-7, 8)
        if rng.random() < 0.9
    ]
    (folder / "box.hkl").write_text("\n".join(rows) + "\n")
    small = [f"{h} {k} {l} {rng.uniform(5, 90):.2f}" for h in range(-2, 4) for k in range(-3, 4) for l in range(-2, 3)]
    (folder / "small.hkl").write_text("\n".join(small) + "\n")
    (folder / "src.txt").write_text("-10 0 0 1 1.10e-10\n-10 0.02 0.01 5 1.12e-10\n-9.9 -0.03 0.02 0.5 1.08e-10\n")
    star = np.linalg.inv(np.array([[38.0, 3, -2], [-4, 47, 5], [1, -6, 52]])) * 1.1
    (folder / "A.mat").write_text("\n".join(" ".join(f"{x:.9f}" for x in row) for row in star) + "\n")


def command(rng: random.Random) -> list[str]:
    """A random but valid command line on a detector of a few hundred pixels."""
    pick, words = rng.choice, []
    if rng.random() < 0.2:
        words += ["-mat", "A.mat"]
        if rng.random() < 0.3:
            words += ["-cell", "38", "47", "52", "88", "95", "100"]
    else:
        words += ["-cell"] + [f"{rng.uniform(25, 70):.3f}" for _ in range(3)]
        words += [f"{rng.uniform(70, 115):.3f}" for _ in range(3)]
    if rng.random() < 0.7:
        words += ["-misset"] + [f"{rng.uniform(-90, 90):.3f}" for _ in range(3)]
    words += ["-lambda", f"{rng.uniform(0.8, 1.6):.4f}", "-distance", f"{rng.uniform(30, 150):.2f}"]
    words += ["-pixel", pick(["0.1", "0.2", "1.0", "2.0"])]
    words += ["-detpixels_x", str(rng.randint(8, 20)), "-detpixels_y", str(rng.randint(8, 20))]
    words += pick([["-N", str(rng.randint(1, 9))], ["-Na", "3", "-Nb", "6", "-Nc", "4"], ["-xtalsize", "0.00015"]])
    words += pick([[], [], ["-nointerpolate"], ["-interpolate"]])
    words += pick([["-default_F", "100"], ["-hkl", "box.hkl"], ["-hkl", "small.hkl", "-default_F", "13"]])
    words += pick([[], [], [], ["-round_xtal"], ["-gauss_xtal"], ["-tophat_spots"], ["-gauss_xtal", "-fudge", "0.7"]])
    words += ["-oversample", pick(["1", "1", "2", "3"])]
    if rng.random() < 0.7:
        words += ["-phi", pick(["0", "-0.5", "7", "-0.1", "0"]), "-osc", pick(["1", "0.3", "0"])]
        words += ["-phisteps", pick(["1", "2", "3", "4"])]
        if rng.random() < 0.2:
            words += ["-spindle_axis", "0.2", "1", "0.3"]
    if rng.random() < 0.4:
        words += ["-mosaic", f"{rng.uniform(0.05, 3):.3f}", "-mosaic_domains", str(rng.randint(1, 5))]
        words += pick([[], ["-mosaic_seed", str(rng.randint(-5, 9999))]])
    if rng.random() < 0.2:
        words += ["-sourcefile", "src.txt"]
    elif rng.random() < 0.3:
        words += pick(
            [
                ["-dispersion", "2", "-dispsteps", "3"],
                ["-divergence", "4", "-divsteps", "3"],
                ["-hdivrange", "3", "-hdivstep", "1", "-square_div"],
                ["-divergence", "2", "-divsteps", "2", "-dispersion", "1", "-dispsteps", "2"],
            ]
        )
    if rng.random() < 0.3:
        words += ["-detector_abs", "300", "-detector_thick", "200"]
        words += pick([[], ["-detector_thicksteps", "3"]])
    for flag in ("-oversample_thick", "-oversample_polar", "-oversample_omega"):
        if rng.random() < 0.15:
            words.append(flag)
    words += pick([[], ["-polar", "0.9"], ["-polar", "-1"], ["-nopolar"]])
    words += pick([[], [], [], ["-water", "5"], ["-fluence", "1e24"], ["-flux", "1e12", "-exposure", "0.1"]])
    words += pick([[], [], [], ["-dmin", "3"], ["-curved_det", "x"], ["-point_pixel"]])
    convention = pick(CONVENTIONS)
    words += [convention] if convention else []
    if rng.random() < 0.4:
        for axis in "xyz":
            words += [f"-detector_rot{axis}", f"{rng.uniform(-20, 20):.2f}"]
    if rng.random() < 0.2:
        words += ["-twotheta", f"{rng.uniform(-20, 20):.2f}"]
    words += pick(
        [
            [],
            [],
            ["-Xbeam", "1.3", "-Ybeam", "0.9"],
            ["-ORGX", "4", "-ORGY", "6.5"],
            ["-close_distance", "77"],
            ["-pivot", "sample"],
            ["-odet_vector", "1", "0.05", "0"],
            ["-fdet_vector", "0", "0.1", "1", "-sdet_vector", "0", "-1", "0.1"],
            ["-beam_vector", "1", "0.05", "0", "-polar_vector", "0", "1", "1"],
        ]
    )
    if rng.random() < 0.2:
        words += ["-roi", "2", "6", "3", "7"]
    return words


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rng, failures, worst = random.Random(arguments.seed), 0, 0.0
    binary = shutil.which(arguments.binary) or arguments.binary
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _inputs(folder, rng)
        for number in range(arguments.cases):
            words = command(rng)
            outputs = ["-floatfile", "c.bin", "-intfile", "c.img", "-nonoise", "-nopgm", "-noprogress"]
            done = subprocess.run(
                [binary, *words, *outputs],
                cwd=folder,
                capture_output=True,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                check=False,
            )
            text = " ".join(words)
            try:
                if done.returncode:
                    raise RuntimeError(f"the C program ended with {done.returncode}")
                experiment = from_command(words, folder, phi_mode="c-parity")
                shape = (experiment.detector.n_slow, experiment.detector.n_fast)

                ours = render(experiment, compile_kernel=None).photons.numpy()
                theirs = np.fromfile(folder / "c.bin", dtype=np.float32).reshape(shape)
                scale = 1e-6 * max(float(np.nanmax(np.abs(theirs))), 1e-300)
                big = ~(np.abs(theirs) <= scale)
                difference = np.abs(ours[big].astype(float) - theirs[big]) / np.maximum(np.abs(theirs[big]), 1e-300)
                if not np.array_equal(np.isnan(ours), np.isnan(theirs)):
                    raise RuntimeError("NaN in different places")
                largest = float(np.nanmax(difference, initial=0.0))
                worst = max(worst, largest if largest <= 1e-6 else 0.0)
                if largest > 1e-6 or np.any(np.abs(ours[~big]) > 2 * scale):
                    raise RuntimeError(f"largest relative difference {largest:.3g}")
            except Exception as error:  # a fuzzer reports everything and goes on
                failures += 1
                print(f"case {number}: {type(error).__name__}: {error}\n  nanoBragg {text}", flush=True)
    print(f"{arguments.cases - failures} of {arguments.cases} agree; largest accepted difference {worst:.2g}")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
