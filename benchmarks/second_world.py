"""How right the diagnosis is about a program that it does not contain: the tests' own port with planted faults.

    python benchmarks/second_world.py [--shared ../shared] [--each 2] [--pairs 30] [--faultless 10]
                                      [--seed 1] [--only TEXT] [--keep DIR]

Every fault is planted alone on ``--each`` command lines with output of the C program, pairs of known causes on
``--pairs``; ``--faultless`` logs come from the port without a fault. An answer counts by the ids of its first
hypothesis, less those of the print and of precision. --keep writes the logs and truths as folders.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from nbtui.diagnosis.diagnose import diagnose
from nbtui.diagnosis.hypotheses.record import CauseKind
from nbtui.errors import UnusableInput
from nbtui.live.cases import case_of_command_file
from nbtui.trace.model import TraceError
from nbtui.trace.reading.reader import read_trace
from support.second_world import Sample, Verdict, bases, faultless, pairs, singles, verdict

SHARED = Path(__file__).resolve().parents[2] / "shared"
BINS = (0.0, 0.5, 0.8, 0.95, 1.01)
WORDS = ("right", "among false", "partly", "silent", "wrong", "refused")
GOALS = {"known cause": 0.95, "known pair": 0.85, "hook only": 1.0, "unknown cause": 0.9, "no fault": 1.0}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder of reference data")
    parser.add_argument("--each", type=int, default=2, help="command lines for every fault")
    parser.add_argument("--pairs", type=int, default=30, help="pairs of known causes")
    parser.add_argument("--faultless", type=int, default=10, help="command lines without a fault")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="samples whose name contains this")
    parser.add_argument("--keep", type=Path, help="folder for the logs and truths")
    return parser.parse_args()


def write(sample: Sample, folder: Path) -> Path:
    """The sample as a folder: command, both logs, truth."""
    place = folder / sample.name
    place.mkdir(parents=True)
    (place / "command.txt").write_text(sample.base.command + "\n", encoding="utf-8")
    shutil.copy(sample.base.c_log, place / "trace_c.log")
    (place / "trace_py.log").write_text(sample.log(), encoding="utf-8")
    truth = {"kind": sample.kind, "faults": sample.faults, "accept": sorted(map(sorted, sample.accepted))}
    (place / "truth.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    return place


def answer(sample: Sample, folder: Path) -> tuple[Verdict, str, float | None]:
    """What the diagnosis is worth, the ids that it names first, and the probability of a cause of the simulation."""
    place = write(sample, folder)
    case = case_of_command_file(place / "command.txt", workdir=sample.base.inputs)
    try:
        found = diagnose(case, read_trace(place / "trace_c.log"), read_trace(place / "trace_py.log"))
    except (UnusableInput, TraceError) as error:
        return Verdict("refused", frozenset()), str(error), None
    if not found.hypotheses:
        return verdict(sample, ()), "", None
    best = found.hypotheses[0]
    likely = best.probability if best.kind is CauseKind.SIMULATION else None
    return verdict(sample, best.ids), " ".join(best.ids), likely


def reliability(said: list[tuple[float, bool]]) -> None:
    """How often causes of the simulation were right, by the probability that the diagnosis gave them."""
    print(f"\n{'probability':14}{'answers':>9}{'mean said':>11}{'right %':>9}")
    for low, high in pairwise(BINS):
        inside = [(likely, right) for likely, right in said if low <= likely < high]
        if inside:
            mean, share = (sum(column) / len(inside) for column in zip(*inside, strict=True))
            name = f"{100 * low:.0f} to {100 * min(high, 1.0):.0f} %"
            print(f"{name:14}{len(inside):9}{100 * mean:10.0f} %{100 * share:8.0f} %")


def report(words: dict[str, Counter[str]], false: Counter[str]) -> None:
    """The table, and the false causes by id."""
    print(f"\n{'':14}{'samples':>9}" + "".join(f"{word:>13}" for word in WORDS) + f"{'right %':>10}{'goal %':>8}")
    for kind, goal in GOALS.items():
        total = words[kind].total()
        if total:
            counts = "".join(f"{words[kind][word]:13}" for word in WORDS)
            print(f"{kind:14}{total:9}{counts}{100 * words[kind]['right'] / total:10.1f}{100 * goal:8.0f}")
    print(f"\nfalse causes: {false.total()}")
    for name, count in false.most_common():
        print(f"{count:5} {name}")


def main() -> None:
    torch.set_num_threads(1)
    asked = arguments()
    choices = bases(asked.shared)
    words: dict[str, Counter[str]] = defaultdict(Counter)
    false: Counter[str] = Counter()
    said: list[tuple[float, bool]] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.keep or Path(scratch)
        samples = (
            *singles(choices, asked.each, asked.seed),
            *pairs(choices, asked.pairs, asked.seed),
            *faultless(choices, asked.faultless, asked.seed),
        )
        for sample in samples:
            if asked.only not in sample.name:
                continue
            start = time.process_time()
            judged, ids, likely = answer(sample, folder)
            if likely is not None:
                said.append((likely, judged.word == "right"))
            words[sample.kind][judged.word] += 1
            false.update(judged.false)
            took = time.process_time() - start
            print(f"{judged.word:12}{sample.kind:14}{took:5.1f} s  {sample.name}: {ids or 'no cause'}", flush=True)
    report(words, false)
    reliability(said)


if __name__ == "__main__":
    main()
