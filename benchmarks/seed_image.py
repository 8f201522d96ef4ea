"""A whole image against the C program, one run, contenders in turn: medians, ratios, accuracy and memory.

    python benchmarks/seed_image.py --case ../shared/seed_case --binary PATH [--repeats 5] [--threads 1 2]

``--binary`` is the user's own OpenMP build of nanoBragg; without it the C rows and the ratios are left out. ``--flags``
adds flags at the end of the command, such as ``-roi 0 300 0 300`` for a short run.
"""

from __future__ import annotations

import argparse
import shlex
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from contenders import NBSIM, Case, Cost, Worker, case_of, cost_of_command, find_binary

KINDS = (
    ("float64, compiled", "float64", True),
    ("float32, compiled", "float32", True),
    ("float64, uncompiled", "float64", False),
    ("float32, uncompiled", "float32", False),
)


def cost_of_worker(worker: Worker) -> Cost:
    """Of set-up and image."""
    answer, ready = worker.render(), worker.ready
    wall, cpu = (ready[f"setup_{of}"] + answer[of] for of in ("seconds", "cpu_seconds"))
    return Cost(wall, cpu, answer["peak_mib"])


def build_kernels() -> Iterator[str]:
    """Make sure that the compiled kernels are there; how long that took."""
    import torch

    from nbsim.image import compiled

    for name, code in (("float64", compiled.PIXELS), ("float32", compiled.SINGLE_TERMS)):
        begun, state = time.perf_counter(), "found"
        if compiled.load(torch.float64, code) is None:
            try:
                compiled.build(torch.float64, code=code)
                state = f"built in {time.perf_counter() - begun:.1f} s"
            except compiled.CannotBuildError as error:
                state = f"{error}: uncompiled is used"
        yield f"kernel {name}: {state}"


def accuracy(found: Path, expected: Path) -> str:
    """How far apart two float images are, by the bound of the design."""
    ours, theirs = (np.fromfile(path, dtype=np.float32).astype(np.float64) for path in (found, expected))
    bright = theirs > 1e-6 * theirs.max()
    relative = np.abs(ours - theirs)[bright] / theirs[bright]
    equal = 100.0 * np.mean(ours == theirs)
    largest = np.abs(ours - theirs).max() / theirs.max()
    parts = [
        f"{equal:.2f} % of pixels equal",
        f"largest difference {largest:.1e} of the maximum",
        f"where above 1e-6 of the maximum: median {np.median(relative):.1e}, largest {relative.max():.1e} relative",
        f"{100.0 * np.mean(relative <= 1e-6):.2f} % of those within 1e-6",
    ]
    return "; ".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", type=Path, required=True)
    parser.add_argument("--binary")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--flags", default="", help="added to the command line, as one text")
    arguments = parser.parse_args()
    binary = find_binary(arguments.binary)
    case = case_of(arguments.case, shlex.split(arguments.flags))
    try:
        measure(case, binary, arguments.threads, arguments.repeats)
    finally:
        case.remove()
    return 0


def measure(case: Case, binary: Path | None, threads: list[int], repeats: int) -> None:
    """Run everything and print the tables."""
    for line in build_kernels():
        print(line, flush=True)
    c_flags = [*case.words, "-floatfile", "c.bin"]
    workers: dict[tuple[str, int], Worker] = {}
    contenders: dict[tuple[str, int], Callable[[], Cost]] = {}
    for n in threads:
        if binary is not None:
            contenders["C program", n] = lambda n=n: cost_of_command([str(binary), *c_flags], case, n)
        for name, dtype, compile_kernel in KINDS:
            worker = Worker(case, threads=n, dtype=dtype, compile_kernel=compile_kernel)
            workers[name, n] = worker
            contenders[name, n] = lambda worker=worker: cost_of_worker(worker)
        fresh = [*NBSIM, *case.words, "-floatfile", "fresh.bin", "--phi-mode", "c-parity"]
        contenders["float64, fresh nbsim process", n] = lambda n=n, fresh=fresh: cost_of_command(fresh, case, n)
    first = {key: worker.render(case.scratch / f"{key[0]}.bin") for key, worker in workers.items()}
    costs: dict[tuple[str, int], list[Cost]] = {key: [] for key in contenders}
    for repeat in range(repeats):
        for key, contender in contenders.items():
            costs[key].append(contender())
        print(f"round {repeat + 1} of {repeats}", file=sys.stderr, flush=True)
    print("\n| what | threads | wall s | CPU s | C / this, wall | C / this, CPU |\n|---|---|---|---|---|---|")
    for (name, n), taken in costs.items():
        wall, cpu = (statistics.median(getattr(cost, of) for cost in taken) for of in ("wall", "cpu"))
        reference = costs.get(("C program", n), [])
        ratios = [
            statistics.median(getattr(c, of) / getattr(ours, of) for c, ours in zip(reference, taken, strict=True))
            for of in ("wall", "cpu")
            if reference
        ]
        print(f"| {name} | {n} | {wall:.2f} | {cpu:.2f} | " + " | ".join(f"{ratio:.1f}" for ratio in ratios))
    print("\nmedians, ratios too; CPU is that of all threads together, nearly free of other work on the machine")
    print("warm: set-up and image in a process that imported torch before; C and fresh: the whole process\n")
    for (name, n), worker in workers.items():
        above = worker.render()["peak_mib"] - worker.ready["torch_mib"]
        used = "" if first[name, n]["compiled"] == ("uncompiled" not in name) else " (the kernel could not be used)"
        print(f"peak memory above torch, {name}, {n} thread(s): {above:.0f} MiB{used}")
        worker.close()
    exact = case.scratch / "float64, compiled.bin"
    if binary is not None:
        print(f"float64 against C: {accuracy(exact, case.scratch / 'c.bin')}")
    print(f"float32 against float64: {accuracy(case.scratch / 'float32, compiled.bin', exact)}")


if __name__ == "__main__":
    sys.exit(main())
