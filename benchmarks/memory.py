"""Peak memory of whole nbsim processes above that of torch alone, for runs that might need much of it.

python benchmarks/memory.py [--only WORD] [--threads 2]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from contenders import QUIET, Case, cost_of_command

CELL = "-default_F 100 -cell 60 70 80 80 95 100 -misset 10 20 30 -lambda 1 -distance 100 -N 8 -phi 0 -osc 1"
WHOLE = "-nointerpolate -oversample 1 -pixel 0.05 -detpixels"
SMALL = "-pixel 0.4 -detpixels 256"
RUNS = {
    "8192 x 8192, 10 phi": f"{WHOLE} 8192 -phisteps 10",
    "1024 x 1024, 10 phi x 100 domains": f"{WHOLE} 1024 -phisteps 10 -mosaic 1 -mosaic_domains 100",
    "1024 x 1024, 2 phi, 4 x 4 subpixels, 9 sources": "-nointerpolate -oversample 4 -pixel 0.1 -detpixels 1024 "
    "-phisteps 2 -divergence 2 -hdivsteps 3 -vdivsteps 3",
    "256 x 256, 10 phi x 100 domains, spheres": f"{SMALL} -nointerpolate -oversample 1 -round_xtal -phisteps 10 "
    "-mosaic 1 -mosaic_domains 100",
    "256 x 256, 2 phi, 4 x 4 subpixels, corrections at every step": f"{SMALL} -nointerpolate -oversample 4 "
    "-oversample_omega -oversample_polar -phisteps 2",
    "256 x 256, 10 phi, interpolated": f"{SMALL} -hkl box.hkl -interpolate -oversample 1 -phisteps 10",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="runs whose name holds this")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    with TemporaryDirectory() as inputs:
        rows = (f"{h} {k} {l} 50" for h in range(-40, 41) for k in range(-40, 41) for l in range(-40, 41))
        (Path(inputs) / "box.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")
        alone = measured([sys.executable, "-c", "import torch; torch.ones(1000).sum()"], "", inputs, arguments.threads)
        print("| run | MiB above torch | CPU s |\n|---|---|---|")
        for name, flags in RUNS.items():
            if arguments.only in name:
                memory, cpu = measured([sys.executable, "-m", "nbsim.cli"], flags, inputs, arguments.threads)
                print(f"| {name} | {memory - alone[0]:.0f} | {cpu:.1f} |", flush=True)
    return 0


def measured(command: list[str], flags: str, inputs: str, threads: int) -> tuple[float, float]:
    """Peak MiB and CPU seconds of the process; no flags: of ``command`` as it stands."""
    words = [*f"{CELL} {flags}".split(), *QUIET] if flags else []
    case = Case(words, Path(inputs))
    try:
        cost = cost_of_command([*command, *words], case, threads)
        return cost.peak_mib, cost.cpu
    finally:
        case.remove()


if __name__ == "__main__":
    sys.exit(main())
