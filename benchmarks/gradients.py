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
    made[0].photons(compile_kernel=True)  # compiled from here on
    alone = cpu_seconds(set_up)
    values = cpu_seconds(lambda: [shot.photons() for shot in made])
    both = cpu_seconds(lambda: sum(shot.photons().sum() for shot in set_up()).backward())
    print(
        f"{SHOTS} patches of 16 x 16 x 5: set-up {alone:.3f} s, values {values:.3f} s, all with gradient {both:.3f} s"
    )
    batch = Batch(base, misset=leaf)
    batch.photons(compile_kernel=True)
    alone = cpu_seconds(lambda: Batch(base, misset=leaf))
    values = cpu_seconds(batch.photons)
    both = cpu_seconds(lambda: Batch(base, misset=leaf).photons().sum().backward())
    print(f"  as a Batch: set-up {alone:.3f} s, values {values:.3f} s, all with gradient {both:.3f} s")
    by_torch = cpu_seconds(lambda: Batch(base, misset=leaf).photons(compile_kernel=False).sum().backward())
    print(f"  the same without the kernel: {by_torch:.3f} s")


def write_table(folder: Path) -> None:
    """A table of F that the runs read."""
    sides = range(-12, 13)
    rows = [f"{h} {k} {l} {20 + (7 * h + 3 * k + 5 * l) % 11}" for h in sides for k in sides for l in sides]
    (folder / "box.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")


def interpolated(folder: Path) -> None:
    """A box of 5 x 5 pixels in the middle of an interpolating run, with and without C's end of interpolation."""
    run = Experiment.from_command(
        f"{CRYSTAL} -phisteps 5 -hkl box.hkl -interpolate -distance 300 -detpixels 256 -pixel 0.4", folder
    )
    box = {"slow": range(126, 131), "fast": range(126, 131)}
    alone = cpu_seconds(lambda: run.photons(**box))
    as_c = cpu_seconds(lambda: run.photons(**box, interpolation_end=True))
    print(f"interpolated box of 5 x 5: {alone:.3f} s; with the search for C's end of interpolation {as_c:.3f} s")


REFINED = ("cell", "misset", "distance", "beam_center", "n_cells", "structure_factors", "fluence")


def alternating(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """CPU seconds of each, the shortest of a few runs, one after the other in every round."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            times[name].append(cpu_seconds(work, repeats=1))
    return {name: min(own) for name, own in times.items()}


def works_of(run: Experiment, leaves: dict[str, Tensor]) -> dict[str, Callable[[], object]]:
    """The image and its gradient in ``leaves``, of a run that is set up and together with its set-up."""
    numbers = {name: leaf.detach() for name, leaf in leaves.items()}
    ready = run.with_parameters(**leaves)

    def gradient(of: Experiment, compile_kernel: bool = True) -> tuple[Tensor, ...]:
        total = of.photons(compile_kernel=compile_kernel).sum()
        return torch.autograd.grad(total, list(leaves.values()), retain_graph=True)

    return {
        "image": lambda: run.image(compile_kernel=True),
        "gradient": lambda: gradient(ready),
        "set-up, image": lambda: run.with_parameters(**numbers).image(compile_kernel=True),
        "set-up, gradient": lambda: gradient(run.with_parameters(**leaves)),
        "by torch": lambda: gradient(ready, compile_kernel=False),
    }


def whole_image(folder: Path) -> None:
    """Gradients of whole images in seven parameters at once, as multiples of the image."""
    print(f"gradient in {', '.join(REFINED)}; CPU ms, one thread")
    print("| pixels x phi steps | image | gradient | ratio | set-up, image | set-up, gradient | ratio | by torch |")
    print("|---|---|---|---|---|---|---|---|")
    for side, steps in ((316, 10), (316, 100), (1000, 10)):
        run = Experiment.from_command(
            f"{CRYSTAL} -hkl box.hkl -nointerpolate -phisteps {steps} -distance 360 -detpixels {side} "
            f"-pixel {63.2 / side}",
            folder,
            quirks={"grating_literal": False},
        )
        works = works_of(run, {name: getattr(run.parameters, name).clone().requires_grad_() for name in REFINED})
        by_torch = works.pop("by torch")
        for work in works.values():
            work()
        took = alternating(works, 15)
        cells = [f"{side} x {side} x {steps}"]
        for image, gradient in (("image", "gradient"), ("set-up, image", "set-up, gradient")):
            cells += [f"{1e3 * took[name]:.0f}" for name in (image, gradient)] + [f"{took[gradient] / took[image]:.1f}"]
        cells.append(f"{1e3 * cpu_seconds(by_torch, 2):.0f}" if side * side * steps < 2_000_000 else "")
        print(f"| {' | '.join(cells)} |")
    print(f"peak memory of the process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


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
        write_table(Path(folder))
        interpolated(Path(folder))
        whole_image(Path(folder))
    if chosen.compile:
        graph_breaks()


if __name__ == "__main__":
    main()
