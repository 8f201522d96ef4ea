"""Twenty configurations against the C program, in turn: CPU seconds, their ratio, and the largest deviation.

    python benchmarks/configurations.py --binary YOUR_C_PROGRAM [--side 512] [--repeats 3] [--uncompiled | --float32]

The C program: its whole process, one thread. nbsim: set-up and image in a process with torch loaded, one thread.
``--float32``: images in float64 and float32 in turn.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from contenders import QUIET, Case, Worker, cost_of_command, find_binary

Row = Callable[[str, str, Path, argparse.Namespace, Path], str]  # name, flags, folder, options, C program
PLAIN = "-cell 20 25 30 80 95 100 -misset 10 20 30 -lambda 1 -distance 100 -N 8 -phi 0 -osc 1"
TABLE = "-hkl box.hkl -nointerpolate"
SHORT = "-oversample 1 -phisteps 10"
CONFIGURATIONS = {
    "default F": f"-default_F 100 {SHORT} -nointerpolate",
    "table of F": f"{TABLE} {SHORT}",
    "one phi step": f"{TABLE} -oversample 1 -phisteps 1",
    "100 domains": f"{TABLE} -oversample 1 -phisteps 1 -mosaic 0.5 -mosaic_domains 100",
    "10 phi x 10 domains": f"{TABLE} {SHORT} -mosaic 0.5 -mosaic_domains 10",
    "3 x 3 subpixels": f"{TABLE} -oversample 3 -phisteps 2",
    "5 wavelengths": f"{TABLE} -oversample 1 -phisteps 2 -dispersion 1 -dispsteps 5",
    "sensor in 3 layers": f"{TABLE} -oversample 1 -phisteps 4 -detector_abs 300 -detector_thick 400 -thicksteps 3",
    "spheres": f"{TABLE} {SHORT} -round_xtal",
    "Gaussian spots": f"{TABLE} {SHORT} -gauss_xtal",
    "top hats": f"{TABLE} {SHORT} -binary_spots",
    "curved detector": f"{TABLE} -curved_det {SHORT}",
    "curved, one phi step": f"{TABLE} -curved_det -oversample 1 -phisteps 1",
    "resolution cut": f"{TABLE} {SHORT} -dmin 2",
    "oversample flags": f"{TABLE} -oversample 2 -phisteps 3 -oversample_thick -oversample_polar -oversample_omega "
    "-detector_abs 300 -detector_thick 400",
    "water": f"{TABLE} {SHORT} -water 0.1",
    "not polarized": f"{TABLE} {SHORT} -nopolar",
    "point pixels": f"{TABLE} {SHORT} -point_pixel",
    "interpolated F": f"-hkl box.hkl -interpolate {SHORT}",
    "interpolated F, spheres, 2 x 2": "-hkl box.hkl -interpolate -round_xtal -oversample 2 -phisteps 2",
}


def write_table(folder: Path) -> None:
    """F of every index that the detector reaches, and enough beyond for interpolation."""
    sides = range(-24, 25)
    rows = [f"{h} {k} {l} {20 + (7 * h + 3 * k + 5 * l) % 11}" for h in sides for k in sides for l in sides]
    (folder / "box.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")


def deviation(found: Path, expected: Path) -> float:
    """Largest relative difference of pixels above 1e-6 of the maximum."""
    ours, theirs = (np.fromfile(path, dtype=np.float32).astype(np.float64) for path in (found, expected))
    bright = theirs > 1e-6 * theirs.max()
    return float((np.abs(ours - theirs)[bright] / theirs[bright]).max())


def row(name: str, flags: str, inputs: Path, arguments: argparse.Namespace, binary: Path) -> str:
    """One line of the table."""
    words = f"{PLAIN} {flags} -detpixels {arguments.side} -pixel {100.0 / arguments.side:.6f}".split()
    case = Case([*words, *QUIET], inputs)
    worker = Worker(case, threads=1, dtype="float64", compile_kernel=not arguments.uncompiled)
    try:
        worker.render(case.scratch / "ours.bin")
        theirs, images = [], []
        for _ in range(arguments.repeats):
            theirs.append(cost_of_command([str(binary), *case.words, "-floatfile", "c.bin"], case, 1).cpu)
            images.append(worker.render()["cpu_seconds"])
        set_up = worker.ready["setup_cpu_seconds"]
        apart = deviation(case.scratch / "ours.bin", case.scratch / "c.bin")
    finally:
        worker.close()
        case.remove()
    pairs = list(zip(theirs, images, strict=True))
    ratio, alone = (statistics.median(c / (start + image) for c, image in pairs) for start in (set_up, 0.0))
    c, image = statistics.median(theirs), statistics.median(images)
    return f"| {name} | {c:.2f} | {set_up:.2f} | {image:.3f} | {ratio:.1f} | {alone:.1f} | {apart:.1e} |"


def row_of_dtypes(name: str, flags: str, inputs: Path, arguments: argparse.Namespace, _: Path) -> str:
    """One line of the table of images in float64 and float32."""
    words = f"{PLAIN} {flags} -detpixels {arguments.side} -pixel {100.0 / arguments.side:.6f}".split()
    case = Case([*words, *QUIET], inputs)
    workers = {name: Worker(case, threads=1, dtype=name, compile_kernel=True) for name in ("float64", "float32")}
    try:
        for dtype, worker in workers.items():
            worker.render(case.scratch / dtype)
        rounds = [[worker.render()["cpu_seconds"] for worker in workers.values()] for _ in range(arguments.repeats)]
        apart = deviation(case.scratch / "float32", case.scratch / "float64")
    finally:
        for worker in workers.values():
            worker.close()
        case.remove()
    exact, rough = (statistics.median(seconds) for seconds in zip(*rounds, strict=True))
    ratio = statistics.median(one / other for one, other in rounds)
    return f"| {name} | {exact:.4f} | {rough:.4f} | {ratio:.2f} | {apart:.1e} |"


def parser(doc: str) -> argparse.ArgumentParser:
    """The options of a benchmark that takes configurations through both programs."""
    made = argparse.ArgumentParser(description=doc.splitlines()[0])
    made.add_argument("--binary", required=True)
    made.add_argument("--side", type=int, default=512, help="pixels along each edge")
    made.add_argument("--repeats", type=int, default=3)
    made.add_argument("--only", default="", help="configurations with this in their names")
    return made


def print_table(head: str, configurations: Mapping[str, str], row: Row, arguments: argparse.Namespace) -> int:
    """Print the row of every configuration asked for. The exit code."""
    binary = find_binary(arguments.binary)
    if binary is None:
        return 2
    print(head, "|---" * (head.count("|") - 1) + "|", sep="\n")
    with TemporaryDirectory() as folder:
        write_table(Path(folder))
        for name, flags in configurations.items():
            if arguments.only in name:
                print(row(name, flags, Path(folder), arguments, binary), flush=True)
    return 0


def main() -> int:
    asked = parser(__doc__)
    asked.add_argument("--uncompiled", action="store_true", help="torch in place of the C kernel")
    asked.add_argument(
        "--float32", action="store_true", help="images in float64 and float32 in turn; the C program does not run"
    )
    if (arguments := asked.parse_args()).float32:
        head = "| what | float64, CPU s | float32, CPU s | float64 / float32 | largest deviation |"
        return print_table(head, CONFIGURATIONS, row_of_dtypes, arguments)
    head = "| what | C, CPU s | set-up, CPU s | image, CPU s | C / both | C / image | largest deviation |"
    return print_table(head, CONFIGURATIONS, row, arguments)


if __name__ == "__main__":
    sys.exit(main())
