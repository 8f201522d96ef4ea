"""``-printout`` of a whole detector against the C program, in turn: CPU seconds of the whole processes, one thread.

    python benchmarks/printout.py --binary YOUR_C_PROGRAM [--side 512] [--repeats 3]

The import of torch as nbsim does it, measured on its own, is counted in one ratio and not in the other.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

from configurations import PLAIN, parser, print_table
from contenders import NBSIM, QUIET, Case, cost_of_command

LOAD = "import nbsim.cli; nbsim.cli._load_torch()"
CONFIGURATIONS = {
    "default F, one step": "-default_F 100 -nointerpolate -phisteps 1 -oversample 1",
    "table of F, 10 phi steps": "-hkl box.hkl -nointerpolate -phisteps 10 -oversample 1",
    "spheres, 2 x 2 subpixels": "-hkl box.hkl -nointerpolate -phisteps 1 -oversample 2 -round_xtal",
    "interpolated F, one step": "-hkl box.hkl -interpolate -phisteps 1 -oversample 1",
    "interpolated F, 10 phi steps": "-hkl box.hkl -interpolate -phisteps 10 -oversample 1",
}


def row(name: str, flags: str, inputs: Path, arguments: argparse.Namespace, binary: Path) -> str:
    """One line of the table."""
    words = f"{PLAIN} {flags} -detpixels {arguments.side} -pixel {100.0 / arguments.side:.6f} -printout".split()
    case = Case([*words, *QUIET], inputs)
    theirs, ours, torches = [], [], []
    try:
        for _ in range(arguments.repeats):
            theirs.append(cost_of_command([str(binary), *case.words], case, 1).cpu)
            ours.append(cost_of_command([*NBSIM, *case.words, "--phi-mode", "c-parity"], case, 1).cpu)
            torches.append(cost_of_command([sys.executable, "-c", LOAD], case, 1).cpu)
    finally:
        case.remove()
    c, whole, torch = map(statistics.median, (theirs, ours, torches))
    return f"| {name} | {c:.2f} | {whole:.2f} | {torch:.2f} | {whole / c:.1f} | {(whole - torch) / c:.1f} |"


def main() -> int:
    head = "| what | C, CPU s | nbsim, CPU s | torch, CPU s | nbsim / C | without torch / C |"
    return print_table(head, CONFIGURATIONS, row, parser(__doc__).parse_args())


if __name__ == "__main__":
    sys.exit(main())
