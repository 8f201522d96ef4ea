"""Cost against pixels x steps, a table and the slope of the log-log line, and a large mosaic case.

python benchmarks/scaling.py [--largest 2048] [--domains 100] [--threads 1]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from contenders import QUIET, Case, Worker

PLAIN = (
    "-default_F 100 -cell 60 70 80 80 95 100 -misset 10 20 30 -lambda 1 -distance 100 -N 8 -oversample 1 -nointerpolate"
)


def words(side: int, n_phi: int, domains: int) -> list[str]:
    """A square detector of constant size with ``side`` pixels along each edge."""
    text = f"{PLAIN} -detpixels {side} -pixel {200.0 / side:.6f} -phi 0 -osc 1 -phisteps {n_phi}"
    return [*text.split(), "-mosaic", "0.5", "-mosaic_domains", str(domains), *QUIET]


def measured(inputs: Path, threads: int, side: int, n_phi: int, domains: int) -> tuple[float, float]:
    """CPU seconds of a warm image and peak MiB above torch."""
    case = Case(words(side, n_phi, domains), inputs)
    worker = Worker(case, threads=threads, dtype="float64", compile_kernel=True)
    try:
        worker.render()
        answer = worker.render()
        return answer["cpu_seconds"], answer["peak_mib"] - worker.ready["torch_mib"]
    finally:
        worker.close()
        case.remove()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=int, default=2048, help="pixels along the edge of the largest detector")
    parser.add_argument("--domains", type=int, default=100, help="of the last case, 1024 x 1024; 0: none")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    side = arguments.largest
    print("| pixels | phi x domains | terms | CPU s | ns per term | MiB above torch |\n|---|---|---|---|---|---|")
    with TemporaryDirectory() as empty:
        by_pixels = [row(Path(empty), arguments.threads, edge, 10, 4) for edge in (side // 4, side // 2, side)]
        by_steps = [row(Path(empty), arguments.threads, side, 10, domains) for domains in (1, 4, 16)]
        if arguments.domains:
            row(Path(empty), arguments.threads, min(side, 1024), 10, arguments.domains)
    print(f"\nslope of log CPU s against log pixels, 40 steps: {slope(by_pixels):.3f} (1 is linear)")
    print(f"slope of log CPU s against log steps, {side} x {side} pixels: {slope(by_steps):.3f}")
    print("below 1: what a pixel costs once, whatever its steps, and what an image costs once")
    return 0


def slope(rows: list[tuple[int, float]]) -> float:
    """Of the log-log line through (terms, seconds)."""
    work, seconds = zip(*rows, strict=True)
    return float(np.polyfit(np.log(work), np.log(seconds), 1)[0])


def row(inputs: Path, threads: int, side: int, n_phi: int, domains: int) -> tuple[int, float]:
    """Measure and print one; terms and seconds."""
    seconds, memory = measured(inputs, threads, side, n_phi, domains)
    terms = side * side * n_phi * domains
    print(
        f"| {side} x {side} | {n_phi} x {domains} | {terms:.2e} | {seconds:.3f} | {1e9 * seconds / terms:.2f} "
        f"| {memory:.0f} |",
        flush=True,
    )
    return terms, seconds


if __name__ == "__main__":
    sys.exit(main())
