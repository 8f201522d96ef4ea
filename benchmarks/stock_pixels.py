"""Bright pixels of a stock build, which prints no trace lines: no false divergence, no invented cause.

    python benchmarks/stock_pixels.py --binary PATH [--pixels 100] [--seed 1]

Random command lines run through the user's own C program, once for the image and once per pixel with -printout_pixel.
Each log is compared with the simulated pixel (c-parity): every value of C's block must be compared and agree, and the
diagnosis must name no cause. Of every third pixel, the Python side is then simulated at another distance: the
comparison must differ, and a named value must be that distance. A failure prints the command line.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from blind_commands import command, write_inputs

from nbtui.diagnosis.diagnose import diagnose
from nbtui.live.cases import load_case
from nbtui.live.model import Case, Settings
from nbtui.live.session import simulate
from nbtui.parity.compare import compare
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines

PER_COMMAND = 4
_BRIGHT = 0.05  # of the pixels with a signal, the brightest share
_FURTHER = 1.003  # distance of the Python side / C's
_C = Settings(phi_mode="c-parity")
_FLOAT = re.compile(r"writing (\S+) as (\d+) 4-byte floats")


class Wrong(Exception):
    """What is false or missing in an answer."""


@dataclass
class Counts:
    """Pixels by outcome."""

    pixels: int = 0
    planted: int = 0
    named: int = 0
    failures: int = 0


def _run_c(binary: str, words: list[str], folder: Path) -> str:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([binary, *words], cwd=folder, capture_output=True, env=environment, check=False)
    return done.stdout.decode("latin-1") if done.returncode == 0 else ""


def _bright(text: str, folder: Path, rng: random.Random) -> list[tuple[int, int]]:
    """Some of the brightest pixels of C's image, (slow, fast); none of a dark image or one beyond a float."""
    written, size = _FLOAT.search(text), re.search(r"\((\d+)x(\d+) pixels\)", text)
    if written is None or size is None:
        return []
    fast = int(size[1])
    image = np.fromfile(folder / written[1], dtype=np.float32).astype(np.float64)
    if not np.isfinite(image).all() or not (image > 0).any():
        return []
    lit = np.flatnonzero(image > 0)
    brightest = lit[np.argsort(image[lit])][-max(PER_COMMAND, int(_BRIGHT * len(lit))) :]
    return [divmod(int(at), fast) for at in rng.sample(list(brightest), min(PER_COMMAND, len(brightest)))]


def _agreeing(case: Case, c: Trace) -> None:
    live = simulate(case, _C).trace
    found = compare(c, live)
    if not found.agrees:
        first = found.first_divergence
        where = f"{first.label}: C {first.c_value}, Python {first.py_value}" if first else "no agreement"
        raise Wrong(f"false divergence, {where}")
    printed = len(set(c.names()))
    if found.fields_common != printed:
        raise Wrong(f"{found.fields_common} of {printed} printed values are compared")
    answer = diagnose(case, c, live)
    if answer.verdict.value != "agrees" or answer.hypotheses or answer.unknown or answer.notes or answer.consistency:
        causes = [cause.ids for cause in answer.hypotheses]
        raise Wrong(f"diagnosis of two equal sides: {answer.verdict}, causes {causes}, {answer.notes}")


def _further(case: Case, c: Trace, counts: Counts) -> None:
    """The Python side at another distance."""
    where = [at for at, word in enumerate(case.argv) if word == "-distance"]
    if not where or "-close_distance" in case.argv or "-img" in case.argv:
        return
    words = list(case.argv)
    far = float(words[where[-1] + 1]) * _FURTHER
    words[where[-1] + 1] = f"{far:.6g}"
    py = simulate(replace(case, argv=tuple(words)), _C).trace
    if compare(c, py).agrees:
        return  # a pixel that does not show the distance
    counts.planted += 1
    answer = diagnose(case, c, py)
    if not answer.hypotheses:
        return
    forms = " ".join(str(answer.hypotheses[0].summary).split())
    if f"distance {float(f'{far:.6g}'):g}" not in forms and f"distance {far:.6g}" not in forms:
        raise Wrong(f"distance {far:.6g} planted, named: {forms}")
    counts.named += 1


def _pixel(binary: str, folder: Path, words: list[str], at: tuple[int, int], counts: Counts) -> None:
    slow, fast = at
    case = load_case(None, flags=words, workdir=folder, pixel=at)
    log = _run_c(binary, [*words, "-printout_pixel", str(fast), str(slow)], folder)
    c = replace(parse_lines(log.splitlines(), "trace_c.log"), side="C")
    if not c.records:
        raise Wrong("the C program printed no block")
    counts.pixels += 1
    _agreeing(case, c)
    if counts.pixels % 3 == 0:
        _further(case, c, counts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--pixels", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rng, counts = random.Random(arguments.seed), Counts()
    binary = str(Path(shutil.which(arguments.binary) or arguments.binary).resolve())
    with tempfile.TemporaryDirectory() as name:
        inputs = Path(name) / "inputs"
        inputs.mkdir()
        write_inputs(inputs, rng)
        while counts.pixels < arguments.pixels:
            words = [word for word in command(rng) if word != "-printout"]
            if any(word in ("of_c.img", "kept.bin") for word in words):
                continue
            folder = Path(name) / "run"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(inputs, folder)
            for at in _bright(_run_c(binary, words, folder), folder, rng):
                try:
                    _pixel(binary, folder, words, at, counts)
                except Exception as error:  # reports everything and goes on
                    counts.failures += 1
                    print(f"{type(error).__name__}: {error}\n  pixel {at}: nanoBragg {' '.join(words)}", flush=True)
    print(
        f"{counts.pixels} pixels, {counts.failures} failures; "
        f"another distance named in {counts.named} of {counts.planted} pixels that show it"
    )
    return int(counts.failures > 0)


if __name__ == "__main__":
    sys.exit(main())
