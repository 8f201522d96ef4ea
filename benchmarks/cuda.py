"""nbsim on a CUDA device: right to the float64 bounds, without waiting between tiles, and how fast.

    python benchmarks/cuda.py [--cases FOLDER] [--peak TFLOPS] [--side 2048] [--repeats 5]

``--cases`` is a folder with cases/NAME/{command.txt, image.npy} and inputs/, images of the C program; by default the
few in tests/data/golden. Exit code 0: every image is within its bound, or there is no CUDA device; 1: one is not.
``--device cpu`` goes through the same steps without a GPU, to try the script.

The share of the peak in double precision is operations per second over the peak. Operations per term are counted by
running the kernel once under a counter: every arithmetic operation on a whole tile is one per element, comparisons,
selections and look-ups are none. The peak is that of --peak, or multiprocessors x clock x float64 units of a
multiprocessor x 2 (a fused multiply-add is two operations), the units from the card's compute capability.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from nbsim import Experiment, NbsimError
from nbsim.image.kernel import NUMBERS, TileInput, tile_sums
from nbsim.image.scope import fits_kernel

HERE = Path(__file__).parent
BOUND, WHERE = 1e-6, 1e-6  # relative, where a pixel exceeds this share of the maximum
PLAIN = (
    "-default_F 100 -cell 60 70 80 80 95 100 -misset 10 20 30 -lambda 1 -distance 100 -N 8 -oversample 1 "
    "-nointerpolate -phi 0 -osc 1 -phisteps 10 -mosaic 0.5 -mosaic_domains 10"
)
RUNS = (
    ("square crystal, kernel fused by torch.compile", "", True),
    ("square crystal, kernel as it is", "", False),
    ("round crystal, full formula", "-round_xtal", False),
)
# float64 units of a multiprocessor by compute capability (CUDA programming guide, arithmetic instructions)
UNITS = {(6, 0): 32, (7, 0): 32, (8, 0): 32, (9, 0): 64, (10, 0): 64}
FEW_UNITS = 2  # of every other card
ARITHMETIC = ("add", "sub", "mul", "div", "sqrt", "exp", "ceil", "round", "abs", "neg", "sum")


class Operations(TorchDispatchMode):
    """Arithmetic operations on tensors of at least ``size`` elements, in elements."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.count: int = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        largest = max((x.numel() for x in (*args, result) if isinstance(x, Tensor)), default=0)
        if largest >= self.size and func.overloadpacket.__name__.rstrip("_") in ARITHMETIC:
            self.count += largest
        return result


def operations_per_term() -> float:
    """Of the kernel, per orientation and pixel, on a tile with many orientations."""
    n, p = 50, 64
    one = torch.ones((), dtype=torch.float64)
    tile = TileInput(
        fast=torch.arange(p, dtype=torch.float64),
        slow=torch.ones(p, dtype=torch.float64),
        vectors=torch.rand(7, 3, dtype=torch.float64),
        numbers=torch.ones(len(NUMBERS), dtype=torch.float64),
        cells=torch.rand(n, 3, 3, dtype=torch.float64),
        weights=one.expand(n),
        n_cells=one.expand(3) * 8.0,
        table=one.expand(2),
        box=torch.tensor([0.0, 0.0, 0.0, 1.0, 1.0, 1.0], dtype=torch.float64),
    )
    with Operations(n * p) as operations:
        tile_sums(tile)
    return operations.count / (n * p)


def peak_of(index: int, given: float | None) -> tuple[float | None, str]:
    """Operations per second in float64, and where that number comes from."""
    if given is not None:
        return given * 1e12, "given"
    card = torch.cuda.get_device_properties(index)
    clock = getattr(card, "clock_rate", None)  # kHz; not every version of torch tells
    if clock is None:
        return None, "unknown: this torch does not tell the clock; give --peak TFLOPS"
    units = UNITS.get((card.major, card.minor), FEW_UNITS)
    peak = 2.0 * units * card.multi_processor_count * clock * 1e3
    return peak, f"{card.multi_processor_count} multiprocessors x {units} float64 units x {clock / 1e6:.2f} GHz x 2"


def cases_of(folder: Path, device: str) -> Iterator[tuple[str, Experiment, np.ndarray]]:
    """Every case with an image of the C program."""
    for image in sorted(folder.glob("cases/*/image.npy")):
        command = (image.parent / "command.txt").read_text(encoding="utf-8")
        yield (
            image.parent.name,
            Experiment.from_command(command, folder / "inputs", phi_mode="c-parity", device=device),
            np.load(image).astype(np.float64),
        )


def worst(found: np.ndarray, expected: np.ndarray) -> float:
    """Largest relative difference where the bound applies."""
    bright = expected > WHERE * expected.max()
    return float((np.abs(found - expected)[bright] / expected[bright]).max()) if bright.any() else 0.0


def check_images(folder: Path, device: str) -> int:
    """Print every case's deviation, the kernel as it is and fused; how many are outside the bound."""
    failed = checked = 0
    for name, experiment, expected in cases_of(folder, device):
        for how in (False, True) if device == "cuda" and fits_kernel(experiment) else (False,):
            image = experiment.image(compile_kernel=how)
            found = image.photons.cpu().numpy().astype(np.float64)
            deviation = worst(found, expected)
            failed += deviation > BOUND
            checked += 1
            verdict, fused = "ok  " if deviation <= BOUND else "FAIL", ", fused" if image.compiled else ""
            print(f"{verdict} {name}{fused}: {deviation:.1e} of a pixel's value", flush=True)
    print(f"{checked} images of the C program, {failed} beyond {BOUND:g}\n")
    return failed if checked else 1


def check_gradient(device: str) -> int:
    """1 if a gradient on the device is not the one on the CPU."""
    here = Experiment.from_command(f"{PLAIN} -detpixels 16 -pixel 12")
    found = []
    for experiment in (here, here.to(device=device)):
        misset = torch.tensor([10.0, 20.0, 30.0], dtype=torch.float64, device=experiment.device, requires_grad=True)
        size = experiment.with_parameters(misset=misset).photons().square().sum().sqrt()
        found.append(torch.autograd.grad(size, misset)[0].cpu())
    deviation = float((found[1] - found[0]).abs().max() / found[0].abs().max())
    print(f"gradient with respect to the misset: {deviation:.1e} from the CPU's\n")
    return int(not deviation < 1e-8)


def unwaited(experiment: Experiment) -> Callable[[int, int], None]:
    """A progress callable that lets torch raise an error if the host waits for the device between tiles."""

    def progress(done: int, total: int) -> None:
        if experiment.device.type == "cuda":
            torch.cuda.set_sync_debug_mode("default" if done == total else "error")

    return progress


def measure(device: str, side: int, repeats: int, peak: float | None) -> None:
    """Print seconds, terms per second and the share of the peak."""
    print("| what | dtype | pixels | terms | s, median | smallest s | terms/s | of the peak | GiB |\n|" + "---|" * 9)
    per_term = operations_per_term()
    for name, flags, fused in RUNS:
        if fused and device == "cpu":
            continue  # another kernel: benchmarks/seed_image.py measures that one
        for dtype in (torch.float64, torch.float32):
            command = f"{PLAIN} -detpixels {side} -pixel {200.0 / side:.6f} {flags}"
            experiment = Experiment.from_command(command, device=device, dtype=dtype)
            if device == "cuda":
                torch.cuda.reset_peak_memory_stats()
            # the first run also sets the device up
            first = experiment.image(compile_kernel=fused, progress=unwaited(experiment))
            if fused and not first.compiled:
                print(f"| {name} | {str(dtype).removeprefix('torch.')} | could not be compiled here |" + " |" * 6)
                continue
            taken = []
            for _ in range(repeats):
                begun = time.perf_counter()
                experiment.image(compile_kernel=fused)  # reads a sum at the end, so that it is over when it returns
                taken.append(time.perf_counter() - begun)
            terms = side * side * experiment.n_steps
            rate = terms / statistics.median(taken)
            counted = peak is not None and dtype == torch.float64 and fits_kernel(experiment)
            share = f"{100.0 * rate * per_term / peak:.1f} %" if counted and peak is not None else ""
            memory = f"{torch.cuda.max_memory_allocated() / 2**30:.2f}" if device == "cuda" else ""
            print(
                f"| {name} | {str(dtype).removeprefix('torch.')} | {side} x {side} | {terms:.2e} | "
                f"{statistics.median(taken):.3f} | {min(taken):.3f} | {rate:.2e} | {share} | {memory} |",
                flush=True,
            )
    print(f"\n{per_term:.0f} operations per term of the kernel, counted")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=Path, default=HERE.parent / "tests" / "data" / "golden")
    parser.add_argument("--peak", type=float, help="TFLOP/s of the card in double precision")
    parser.add_argument("--side", type=int, default=2048, help="pixels along the edge of the detector that is timed")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="cpu: only to try the script")
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        print("no usable CUDA device on this machine: nothing was checked or measured")
        return 0
    peak = None
    if arguments.device == "cuda":
        peak, source = peak_of(torch.cuda.current_device(), arguments.peak)
        shown = "" if peak is None else f"{peak / 1e12:.2f} TFLOP/s in float64, "
        print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}; peak {shown}{source}\n")
    try:
        failed = check_images(arguments.cases, arguments.device) + check_gradient(arguments.device)
        measure(arguments.device, arguments.side, arguments.repeats, peak)
    except NbsimError as error:
        print(f"cuda.py: {error}", file=sys.stderr)
        return 2
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
