"""A hunt over the tests' own port with ten planted faults: which it names, and with which command lines.

    python benchmarks/hunt.py [--faults NAME,NAME] [--mode pairwise] [--reduce 20] [--processes 2] [--keep DIR]
    python benchmarks/hunt.py --against stock [--number 5000]

The port (tests/port) shares no code with nbtui; its faults lie all over the option space, and some need two flags.
--against: nbsim as that C program in place of a port, on random command lines.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from nbtui.live.cases import case_of_command
from nbtui.live.door import options_of
from nbtui.sweep.engine import LocalEngine
from nbtui.sweep.modes import Mode
from nbtui.sweep.plan import Plan, SweptCase, SweptPort
from nbtui.sweep.render import summary_lines
from nbtui.sweep.sweep import SweepProgress, Swept, sweep
from nbtui.sweep.usual import usual_axes
from nbtui.sweep.write import write_report
from port.faults import FAULTS, Fault

TESTS = Path(__file__).resolve().parents[1] / "tests"
BASE = (
    "-cell 40 50 60 90 90 90 -misset 10 20 30 -default_F 100 -lambda 1.2 -N 5 -distance 120 -detpixels 24 -pixel 2 "
    "-oversample 1"
)
TEN = (
    *("misset_reversed", "phi_midpoint", "first_domain_drawn", "default_mosaic_seed", "rotations_reversed"),
    *("other_pivot", "curved_far_side", "one_layer", "nominal_wavelength", "origin_ignored"),
)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", default=",".join(TEN), help="faults of the port, separated by commas")
    parser.add_argument("--against", default="", help="nbsim as this C program in place of the port")
    parser.add_argument("--mode", default=Mode.PAIRS, choices=list(Mode))
    parser.add_argument("--number", type=int, default=200, help="command lines of --mode random")
    parser.add_argument("--reduce", type=int, default=20, help="runs to reduce one finding")
    parser.add_argument("--processes", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder of rows, logs and report")
    return parser.parse_args()


def plan_of(asked: argparse.Namespace) -> Plan:
    case = case_of_command(BASE, "base command", name="base", workdir=Path.cwd())
    command = f'{sys.executable} -m port.command "{asked.faults}" {{command}} -trace_pixel {{pixel}}'
    environment = (("PYTHONPATH", os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])),)
    port = SweptPort(Path.cwd(), Path.cwd(), suspect=command, environment=environment)
    if asked.against:
        port = SweptPort(Path.cwd(), Path.cwd(), program=asked.against)
    return Plan(
        cases=(SweptCase(case, port),),
        axes=usual_axes(options_of(case)),
        mode=Mode(asked.mode),
        number=asked.number,
        seed=asked.seed,
        reduce=asked.reduce,
    )


def _names(group: str, fault: Fault) -> bool:
    """Whether a finding is a name of the fault; one of an ignored option has to be about an option of the fault."""
    cause, *flag = group.split()
    return cause in fault.ids and (not flag or flag[0] in fault.needs.split())


def score(swept: Swept, faults: list[str]) -> None:
    """Which faults a finding names, and the findings that name none."""
    groups = {one.group: one for one in swept.found}
    left = set(groups)
    print(f"\n{'fault':22}{'named':7}{'finding':28}{'rows':>5}  smallest command line")
    for name in faults:
        found = next((groups[one] for one in groups if _names(one, FAULTS[name])), None)
        smallest = swept.smallest.get(found.group) if found is not None else None
        words = " ".join(smallest.command) if smallest is not None else ""
        count = len(found.members) if found is not None else 0
        print(f"{name:22}{'yes' if found else 'NO':7}{found.group if found else '':28}{count:5}  {words}")
        left -= {one for one in groups if _names(one, FAULTS[name])}
    print(
        "\nother findings: " + (", ".join(f"{name} ({len(groups[name].members)})" for name in sorted(left)) or "none")
    )


def main() -> None:
    asked = arguments()
    plan = plan_of(asked)
    began = time.monotonic()
    phases: dict[str, float] = {}

    def tell(progress: SweepProgress) -> None:
        phases[progress.phase] = time.monotonic() - began

    with tempfile.TemporaryDirectory() as scratch, LocalEngine(asked.processes) as engine:
        folder = asked.keep or Path(scratch)
        swept = sweep(plan, folder, engine, tell)
        write_report(plan, swept, folder)
        processes = engine.processes
    for line in summary_lines(plan, swept, 120):
        print(line)
    if not asked.against:
        score(swept, [name for name in asked.faults.split(",") if name])
    seconds = time.monotonic() - began
    ends = ", ".join(f"{phase} until {end:.0f} s" for phase, end in phases.items())
    print(f"\n{len(swept.rows)} rows in {seconds:.0f} s with {processes} processes ({ends}); ", end="")
    print(f"{len(swept.rows) / phases['judging'] / processes:.1f} rows per second and process while judging")


if __name__ == "__main__":
    main()
