"""Random command lines through the C program and through nbsim; every file, set-up line and summary line compared.

    python benchmarks/blind_parity.py --binary PATH [--cases 100] [--seed 1] [--c-program fixed]

The C program is the user's own build, of the stock program unless --c-program names another; it runs with 1, 2, 3 or
5 threads where the answer is reproducible. Float images agree to 1e-6 of a pixel's value where that exceeds 1e-6 of
the maximum; integer, PGM and noise images are then made from C's own float image and must agree byte for byte. A case
that differs prints its command line.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import numpy as np
import torch
from blind_commands import command, spoiled, where_fixed_differs, write_inputs

from nbsim import from_command
from nbsim.cli import main as nbsim
from nbsim.image.render import Image
from nbsim.output.write import region, write_outputs

BOUND = 1e-6
_LINE = re.compile(
    r"^(solid angle|max_I = |mean= |intfile_scale|pgm_scale|writing .* as |[\d.]+ photons on noise image).*$",
    re.MULTILINE,
)
_PRINTED_LINE = re.compile(
    r" : stol|^at |^hkl= |^ F_cell=|^I/steps|^polar  |^omega  |^capfrac|^pixel  |^real-space cell|^     a |^[XYZ]: "
)
_LOOP = re.compile(r" : stol|% done$|^solid angle|^WARNING: out of range")
_NOT_OURS = re.compile(
    r"^nanoBragg nano|^mmap|^reading .*[.]img$|^WARNING: oddball|^(sin|cos).*=|^WARNING: non-integer"
)
_NUMBER = re.compile(r"-?\d+\.?\d*(?:e[+-]?\d+)?|-?nan|-?inf")
_PRINTED = 2e-5  # six digits of a sum over pixels that differ within the bound


class Different(Exception):
    """What the two programs disagree in."""


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _run_c(binary: str, words: list[str], folder: Path, threads: int) -> str:
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run([binary, *words], cwd=folder, capture_output=True, env=environment, check=False)
    if done.returncode:
        raise Different(f"the C program ended with {done.returncode}")
    return done.stdout.decode("latin-1")


def _run_ours(words: list[str], folder: Path) -> str:
    out, err = io.StringIO(), io.StringIO()
    with _inside(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = nbsim(words)
    if code:
        raise Different(f"nbsim ended with {code}: {err.getvalue().strip()}")
    return out.getvalue()


def _same_lines(c: str, ours: str) -> None:
    """The summary lines: same text, numbers as far as six digits of nearly equal sums go."""
    theirs, mine = ([m.group(0) for m in _LINE.finditer(text)] for text in (c, ours))
    if len(theirs) != len(mine):
        raise Different(f"summary lines: C {theirs}, nbsim {mine}")
    for one, other in zip(theirs, mine, strict=True):
        if _NUMBER.sub("#", one) != _NUMBER.sub("#", other):
            raise Different(f"C says '{one}', nbsim '{other}'")
        for a, b in zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=True):
            # a noise total may differ where the mean of one pixel does in its last bit
            bound = 1e-3 if "photons on" in one else _PRINTED
            if not np.isclose(float(a), float(b), rtol=bound, atol=0.0, equal_nan=True):
                raise Different(f"C says '{one}', nbsim '{other}'")


def _setup(text: str) -> list[str]:
    """The lines before the pixel loop, but for what nbsim reports on stderr."""
    found = []
    for line in text.splitlines():
        if _LOOP.search(line):
            break
        if line and not _NOT_OURS.search(line):
            found.append(line)
    return found


def _same_setup(c: str, ours: str) -> None:
    for one, other in zip_longest(_setup(c), _setup(ours)):
        if one != other:
            raise Different(f"C sets up '{one}', nbsim '{other}'")


def _same_printout(c: str, ours: str) -> None:
    """The blocks of ``-printout``, but for what C leaves undefined: leftovers before the first pass of a run."""
    theirs, mine = (
        [line.partition("printed! ")[2] or line for line in text.splitlines() if _PRINTED_LINE.search(line)]
        for text in (c, ours)
    )
    if len(theirs) != len(mine):
        raise Different(f"{len(theirs)} printed lines of C, {len(mine)} of nbsim")
    for one, other in zip(theirs, mine, strict=True):
        if one == other or "nan" in other:
            continue
        a, b = ([float(word) for word in _NUMBER.findall(line)] for line in (one, other))
        if _NUMBER.sub("#", one.replace(" ", "")) != _NUMBER.sub("#", other.replace(" ", "")) or not np.allclose(
            a, b, rtol=1e-3, atol=1e-6
        ):
            raise Different(f"C prints '{one}', nbsim '{other}'")


def _same_floats(theirs: np.ndarray, ours: np.ndarray) -> float:
    """Largest relative difference of what counts."""
    if theirs.shape != ours.shape:
        raise Different(f"float images of {theirs.size} and {ours.size} pixels")
    if not np.array_equal(np.isnan(ours), np.isnan(theirs)) or not np.array_equal(np.isinf(ours), np.isinf(theirs)):
        raise Different("NaN or infinity in different places")
    finite = np.isfinite(theirs)
    theirs, ours = theirs[finite].astype(float), ours[finite].astype(float)
    floor = BOUND * max(float(np.abs(theirs).max(initial=0.0)), 1e-300)
    big = np.abs(theirs) > floor
    largest = float((np.abs(ours - theirs)[big] / np.abs(theirs[big])).max(initial=0.0))
    if largest > BOUND or np.any(np.abs(ours[~big]) > 2 * floor):
        raise Different(f"largest relative difference of a pixel {largest:.3g}")
    return largest


def _compare(words: list[str], c: Path, ours: Path, inputs: set[str], *, compat: bool, program: str) -> float:
    """Largest relative difference of the float images, after everything else agreed."""
    files, mine = ({path.name for path in folder.iterdir()} - inputs for folder in (c, ours))
    if files != mine:
        raise Different(f"files of C {sorted(files)}, of nbsim {sorted(mine)}")
    experiment = from_command(words, c, c_program=program, compat=compat)
    options = experiment.options
    shape = (experiment.detector.n_slow, experiment.detector.n_fast)
    theirs = np.fromfile(c / options.float_file, dtype=np.float32)
    largest = _same_floats(theirs, np.fromfile(ours / options.float_file, dtype=np.float32))
    if options.hkl_file and (c / options.dump_file).read_bytes() != (ours / options.dump_file).read_bytes():
        raise Different(f"{options.dump_file} differs")
    with tempfile.TemporaryDirectory() as name:
        again = Path(name)
        photons = torch.from_numpy(theirs.reshape(shape).copy())
        rendered = torch.zeros(shape, dtype=torch.bool)
        rendered[region(experiment)] = True
        if experiment.detector.mask is not None:
            rendered &= experiment.detector.mask
        list(write_outputs(experiment, Image(photons, rendered, 1.0, False), again))
        for file in sorted(path.name for path in again.iterdir()):
            if (again / file).read_bytes() != (c / file).read_bytes():
                raise Different(f"{file} of C's own float image differs")
    return largest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--c-program", choices=("stock", "fixed"), default="stock")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rng, failures, worst, exact = random.Random(arguments.seed), 0, 0.0, 0
    binary = str(Path(shutil.which(arguments.binary) or arguments.binary).resolve())
    with tempfile.TemporaryDirectory() as name:
        inputs = Path(name) / "inputs"
        inputs.mkdir()
        write_inputs(inputs, rng)
        first = "-hkl small.hkl -cell 40 -lambda 1.2 -distance 70 -detpixels 16 -pixel 1.2 -N 3 -roi 2 14 0 12 -adc 0"
        tilt = "-detector_rotx 3 -twotheta 5 -Xbeam 9 -phi 1 -osc 0.7 -nonoise -nopgm"
        _run_c(binary, [*first.split(), *tilt.split(), "-intfile", "of_c.img", "-dump", "kept.bin"], inputs, 1)
        (inputs / "floatimage.bin").unlink()
        known = {path.name for path in inputs.iterdir()}
        for number in range(arguments.cases):
            words = command(rng)
            threads = rng.choice([1, 1, 1, 2, 3, 5])
            if "-interpolate" in words or not {"-nointerpolate"} & set(words):
                threads = 1  # the switch that ends interpolation is a race between threads in C
            folders = [Path(name) / side for side in ("c", "nbsim")]
            for folder in folders:
                shutil.rmtree(folder, ignore_errors=True)
                shutil.copytree(inputs, folder)
            try:
                compat = rng.random() < 0.3
                words = spoiled(words, rng) if compat else words
                if arguments.c_program == "fixed":
                    words = where_fixed_differs(words, rng)
                c = _run_c(binary, words, folders[0], threads)
                own = ["--compat"] if compat else []
                own += ["--c-program", arguments.c_program, "--omp-threads", str(threads)]
                ours = _run_ours([*words, *own], folders[1])
                if not re.search(r"-?nan", c) and threads == 1:
                    _same_setup(c, ours)
                    _same_lines(c, ours)
                    _same_printout(c, ours)
                largest = _compare(words, *folders, known, compat=compat, program=arguments.c_program)
                worst, exact = max(worst, largest), exact + (largest == 0.0)
            except Exception as error:  # a fuzzer reports everything and goes on
                failures += 1
                print(f"case {number}: {type(error).__name__}: {error}\n  nanoBragg {' '.join(words)}", flush=True)
    agree = f"{arguments.cases - failures} of {arguments.cases} agree, {exact} of them in every bit that counts"
    print(f"{agree}; largest accepted difference {worst:.2g}")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
