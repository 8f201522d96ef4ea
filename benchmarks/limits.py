"""The limits of this machine for the inner loop of the compiled kernel: arithmetic, and gathers of F.

    python benchmarks/limits.py [--table 117649]

Counts the vector instructions of the loop in the assembler text that the compiler makes of it, measures how many
multiply-adds and gathers a core completes in a second, and prints the shortest time of a term by either. One core;
needs an x86 processor and a C compiler.
"""

from __future__ import annotations

import argparse
import ctypes
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from nbsim.image import compiled

NATIVE = ("-march=native", "-mprefer-vector-width=512")
ORIENTATIONS = 2  # of one turn of the loop
KERNELS = {"float64": (compiled.PIXELS, 8), "float32": (compiled.SINGLE_TERMS, 4)}  # and bytes of F
ARITHMETIC = re.compile(r"\s+v(?!mov|gather)[a-z0-9]+\s.*%[xyz]mm")
LANES = {"x": 16, "y": 32, "z": 64}  # bytes of a register
ROUNDS = 4_000_000
LOOPS = """
#include <stdint.h>
#include <stddef.h>
typedef REAL vector __attribute__((vector_size(WIDTH)));
enum { CHAINS = 12 };
REAL multiply_add(int64_t rounds, REAL a, REAL b) {
    vector x[CHAINS], factor = a - (vector){0}, more = b - (vector){0};
    for (int c = 0; c < CHAINS; c++) x[c] = factor * (REAL)c;
    for (int64_t i = 0; i < rounds; i++)
        for (int c = 0; c < CHAINS; c++) x[c] = x[c] * factor + more;
    for (int c = 1; c < CHAINS; c++) x[0] += x[c];
    return x[0][0];
}
REAL gather(int64_t rounds, const REAL *table, const int64_t *at, int64_t n) {
    REAL sum = 0;
    for (int64_t turn = 0; turn < rounds; turn++)
        for (int64_t i = 0; i < n; i++) sum += table[at[i]];
    return sum;
}
"""


def made(folder: Path, name: str, text: str, *words: str) -> Path:
    """``text`` compiled by the compiler and the flags of the kernel."""
    source, target = folder / f"{name}.c", folder / f"{name}.out"
    source.write_text(text, encoding="ascii")
    command = [*compiled._compiler(), *compiled.PIXELS.optimization, *NATIVE, *words, str(source), "-o", str(target)]
    subprocess.run(command, check=True)
    return target


def inner_loop(code: compiled.Code, folder: Path) -> list[str]:
    """The instructions of the loop over lanes for two orientations of a block-shaped crystal."""
    for name, text in zip(code.files, compiled._texts(code), strict=True):
        (folder / name).write_text(text, encoding="ascii")
    definitions = compiled._definitions(torch.float64, code)
    words = ("-fschedule-insns", "-fsched-pressure", *compiled._FLAGS, *definitions, "-S", f"-I{folder}")
    lines = made(folder, "loop", '#include "pixels.c"\n', *words).read_text().splitlines()
    labels = {line.rstrip(":"): at for at, line in enumerate(lines) if re.fullmatch(r"\.L\d+:", line)}
    found = []
    for at, line in enumerate(lines):
        jump = re.match(r"\s+j\w+\s+(\.L\d+)", line)
        begin = labels.get(jump[1], at) if jump else at
        body = lines[begin + 1 : at]
        if body and not any(text.endswith(":") for text in body) and any("vgather" in text for text in body):
            found.append(body)
    # the loops of the other shapes gather outside
    return max((body for body in found if any("vdiv" in text for text in body)), key=len)


def rate(run: Callable[[], object], operations: float) -> float:
    """Operations a second, the best of five."""
    taken = []
    for _ in range(5):
        begun = time.process_time()
        run()
        taken.append(time.process_time() - begun)
    return operations / min(taken)


def rates(kind: str, width: int, table: int, folder: Path) -> tuple[float, float]:
    """Vector multiply-adds and gathered numbers a second."""
    real = {"float64": ctypes.c_double, "float32": ctypes.c_float}[kind]
    words = (f"-DREAL={real.__name__.removeprefix('c_')}", f"-DWIDTH={width}", "-ffast-math", "-shared", "-fPIC")
    library = ctypes.CDLL(str(made(folder, f"rates_{kind}", LOOPS, *words)))
    library.multiply_add.argtypes, library.multiply_add.restype = [ctypes.c_int64, real, real], real
    library.gather.restype = real
    f = torch.rand(table, dtype=getattr(torch, kind))
    at = torch.randint(table, (1 << 12,))
    pointers = ctypes.c_void_p(f.data_ptr()), ctypes.c_void_p(at.data_ptr())
    fused = rate(lambda: library.multiply_add(ROUNDS, 0.999, 0.001), 12.0 * ROUNDS)
    turns = 2_000
    return fused, rate(
        lambda: library.gather(ctypes.c_int64(turns), *pointers, ctypes.c_int64(len(at))), float(turns * len(at))
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", type=int, default=117_649, help="reflections in the table of F")
    arguments = parser.parse_args()
    if platform.machine() not in ("x86_64", "AMD64") or compiled.missing_compiler() is not None:
        print("an x86 processor and a C compiler are needed", file=sys.stderr)
        return 2
    print("| terms | vector instructions for terms | limit by arithmetic, ns a term | by gathers, ns a term |")
    print("|---|---|---|---|")
    for kind, (code, size) in KERNELS.items():
        with TemporaryDirectory() as name:
            body = inner_loop(code, Path(name))
            register = max((letter for letter in LANES if any(f"%{letter}mm" in line for line in body)), key=str)
            terms = ORIENTATIONS * LANES[register] // size
            count = sum(bool(ARITHMETIC.match(line)) for line in body)
            fused, gathered = rates(kind, LANES[register], arguments.table, Path(name))
        print(f"| {kind} | {count} for {terms} | {1e9 * count / terms / fused:.2f} | {1e9 / gathered:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
