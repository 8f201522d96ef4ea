"""Costs of nbsim as a library: set-up of many shots, patches, gradient against image, graph breaks, memory.

    python benchmarks/gradients.py            # all but the compiler; CPU seconds of one thread, in one run
    python benchmarks/gradients.py --compile  # with the graph breaks that torch.compile sees (minutes)

The compiled kernel is built if it is missing. Ratios count; absolute numbers depend on the machine and its load.
"""

from __future__ import annotations

import argparse
import logging
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from nbsim import Batch, Experiment
from nbsim.pixel.accumulation import sum_pixels
from nbsim.pixel.terms import contributions

CRYSTAL = "-default_F 100 -cell 40 50 60 80 95 100 -misset 10 20 30 -N 4 -oversample 1 -phi 0.1 -osc 1"
SHOTS = 50


def cpu_seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Shortest of a few runs."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def shots() -> None:
    """Fifty patches of 16 x 16 pixels and 5 phi steps, each with its own orientation."""
    base = Experiment.from_command(f"{CRYSTAL} -phisteps 5 -distance 60 -detpixels 16 -pixel 2")
    misset = base.parameters.misset
    assert misset is not None
    turns = torch.randn(SHOTS, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    leaf = (misset + turns).requires_grad_()

    def set_up() -> list[Experiment]:
        return [base.with_parameters(misset=own) for own in leaf]

    made = set_up()
    alone = cpu_seconds(set_up)
    values = cpu_seconds(lambda: [shot.photons() for shot in made])
    both = cpu_seconds(lambda: sum(shot.photons().sum() for shot in set_up()).backward())
    print(
        f"{SHOTS} patches of 16 x 16 x 5: set-up {alone:.3f} s, values {values:.3f} s, all with gradient {both:.3f} s"
    )
    batch = Batch(base, misset=leaf)
    alone = cpu_seconds(lambda: Batch(base, misset=leaf))
    values = cpu_seconds(batch.photons)
    both = cpu_seconds(lambda: Batch(base, misset=leaf).photons().sum().backward())
    print(f"  as a Batch: set-up {alone:.3f} s, values {values:.3f} s, all with gradient {both:.3f} s")


def interpolated(folder: Path) -> None:
    """A box of 5 x 5 pixels in the middle of an interpolating run, with and without C's end of interpolation."""
    sides = range(-12, 13)
    rows = [f"{h} {k} {l} {20 + (7 * h + 3 * k + 5 * l) % 11}" for h in sides for k in sides for l in sides]
    (folder / "box.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")
    run = Experiment.from_command(
        f"{CRYSTAL} -phisteps 5 -hkl box.hkl -interpolate -distance 300 -detpixels 256 -pixel 0.4", folder
    )
    box = {"slow": range(126, 131), "fast": range(126, 131)}
    alone = cpu_seconds(lambda: run.photons(**box))
    as_c = cpu_seconds(lambda: run.photons(**box, interpolation_end=True))
    print(f"interpolated box of 5 x 5: {alone:.3f} s; with the search for C's end of interpolation {as_c:.3f} s")


def whole_image() -> None:
    """Gradient of 316 x 316 pixels and 10 phi steps, as a multiple of the image."""
    run = Experiment.from_command(f"{CRYSTAL} -phisteps 10 -distance 360 -detpixels 316 -pixel 0.2")
    misset = run.parameters.misset
    assert misset is not None
    leaf = misset.clone().requires_grad_()
    compiled = run.image(compile_kernel=True).compiled
    image = cpu_seconds(lambda: run.image(compile_kernel=compiled), repeats=5)
    plain = cpu_seconds(lambda: run.image(compile_kernel=False))
    with torch.no_grad():
        values = cpu_seconds(run.photons)
    gradient = cpu_seconds(lambda: run.with_parameters(misset=leaf).photons().sum().backward())
    name = "compiled image" if compiled else "image (no compiler here)"
    print(f"100 k pixels x 10 phi: {name} {image:.3f} s, uncompiled {plain:.3f} s, photons() {values:.3f} s")
    print(f"  gradient {gradient:.3f} s: {gradient / image:.1f} images, {gradient / plain:.1f} uncompiled ones")
    print(f"  peak memory of the process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def graph_breaks() -> None:
    """Graph breaks of a tile, the part that repeats, and of all that surrounds it."""
    run = Experiment.from_command(f"{CRYSTAL} -phisteps 5 -distance 60 -detpixels 16 -pixel 2")
    misset = run.parameters.misset
    assert misset is not None

    def with_set_up(angles: Tensor) -> Tensor:
        return run.with_parameters(misset=angles).photons()

    pixels = torch.cartesian_prod(torch.arange(16), torch.arange(16))

    def tile(a: Tensor) -> Tensor:
        turned = replace(run, crystal=replace(run.crystal, a=a))
        return sum_pixels(turned, contributions(turned, pixels)).value

    cases: tuple[tuple[str, Callable[[Tensor], Tensor], Tensor], ...] = (
        ("tile", tile, run.crystal.a.clone().requires_grad_()),
        ("photons()", lambda x: run.photons() * x, torch.ones(())),
        ("set-up and photons()", with_set_up, misset),
    )
    for name, function, at in cases:
        torch._dynamo.reset()
        report = torch._dynamo.explain(function)(at)
        reasons = sorted({str(reason.reason).splitlines()[0] for reason in report.break_reasons})
        print(f"{name}: {report.graph_count} graphs, {report.graph_break_count} breaks")
        for reason in reasons:
            print(f"  {reason}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compile", action="store_true", help="count the graph breaks as well")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    logging.getLogger("torch._dynamo").setLevel(logging.ERROR)
    shots()
    with tempfile.TemporaryDirectory() as folder:
        interpolated(Path(folder))
    whole_image()
    if chosen.compile:
        graph_breaks()


if __name__ == "__main__":
    main()
