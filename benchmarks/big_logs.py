"""Logs of any size: what reading, comparing and looking at them costs, and the longest time the screen stands still.

python benchmarks/big_logs.py make FOLDER [--lines 1000000] [--noise-mb 1000]
python benchmarks/big_logs.py read|compare|console FOLDER/KIND [FOLDER/OTHER]
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

TEMPLATE = Path(__file__).parents[1] / "tests" / "data" / "traces" / "phi_carryover.log"
KINDS = ("noise", "phi", "blocks", "both")


def parts() -> tuple[list[str], list[str], str, list[str]]:
    """Lines before the repeated block, the block, a pattern of a phi line, and the lines behind."""
    lines = TEMPLATE.read_text(encoding="utf-8").splitlines()
    first = next(i for i, text in enumerate(lines) if text.startswith("TRACE_C: pix0_vector_meters"))
    last = next(i for i, text in enumerate(lines) if text.startswith("TRACE_C: I_before_scaling"))
    block = [text for text in lines[first:last] if "_PHI" not in text]
    return (
        lines[:first],
        block,
        "TRACE_C_PHI phi_tic={} phi_deg={:.15g} k_frac={:.15g} F_latt_b={:.15g} F_latt={:.15g}",
        lines[last:],
    )


def trace(blocks: int, phi: int, off: float) -> Iterator[str]:
    """A trace of ``blocks`` sub-pixels and layers with ``phi`` steps each; numbers off by the factor 1 + ``off``."""
    head, block, pattern, tail = parts()
    yield from head
    for number in range(blocks):
        shift = 1.0 + 1e-5 * number + off * (number % 3 == 1)
        for text in block:
            name, _, value = text.rpartition(" ")
            yield f"{name} {float(value) * shift:.15g}" if "." in value else text
        for tic in range(phi):
            k = 2.69 + 1e-3 * tic * shift
            yield pattern.format(tic, 0.05 * tic, k, 0.74 * shift - 1e-4 * tic, 6.5 * shift + 1e-3 * tic)
    yield from tail


def write(path: Path, lines: Iterator[str], side: str, noise_mb: int = 0) -> None:
    noise = "".join(f"{number}% done, some program says what it does\n" for number in range(100)) * 250
    pieces = noise_mb * 1_000_000 // len(noise)
    with path.open("w", encoding="utf-8") as file:
        for _ in range(pieces // 2):
            file.write(noise)
        for text in lines:
            file.write(text.replace("TRACE_C", f"TRACE_{side}") + "\n")
        for _ in range(pieces - pieces // 2):
            file.write(noise)


def make(folder: Path, lines: int, noise_mb: int) -> None:
    """Both sides of every kind."""
    folder.mkdir(parents=True, exist_ok=True)
    size = len(parts()[1])
    for side, off in (("C", 0.0), ("PY", 1e-5)):
        write(folder / f"noise_{side}.log", trace(1, 10, off), side, noise_mb)
        write(folder / f"phi_{side}.log", trace(max(1, lines // 1000), 1000, off), side)
        write(folder / f"blocks_{side}.log", trace(lines // size, 0, off), side)
        write(folder / f"both_{side}.log", trace(lines // 2000, 1000, off), side, noise_mb // 2)
    for path in sorted(folder.glob("*.log")):
        print(f"{path.name}: {path.stat().st_size / 1e6:.0f} MB")


def peak() -> float:
    """Peak memory of this process [MB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def read(paths: list[Path]) -> None:
    from nbtui.trace.reader import read_trace

    for path in paths:
        before, begun = peak(), time.process_time()
        found = read_trace(path)
        spent, size = time.process_time() - begun, path.stat().st_size / 1e6
        print(
            f"{path.name}: {size:.0f} MB, {len(found.records)} records, {len(found.phi)} phi lines: {spent:.2f} s CPU, "
            f"{size / spent:.0f} MB/s, {peak() - before:.0f} MB more memory"
        )


def compare(paths: list[Path]) -> None:
    from nbtui.parity.compare import compare as compared
    from nbtui.trace.reader import read_trace

    begun = time.perf_counter()
    c, py = (read_trace(path) for path in paths)
    middle = time.perf_counter()
    found = compared(c, py)
    print(
        f"read {middle - begun:.1f} s, compared {len(found.rows)} rows in {time.perf_counter() - middle:.1f} s, "
        f"{found.num_divergent} differ, peak {peak():.0f} MB"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("make", "read", "compare"))
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--noise-mb", type=int, default=1000)
    given = parser.parse_args()
    if given.what == "make":
        make(given.paths[0], given.lines, given.noise_mb)
    else:
        {"read": read, "compare": compare}[given.what](given.paths)
    return 0


if __name__ == "__main__":
    sys.exit(main())
