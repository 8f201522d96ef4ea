"""The C kernels, pixels.c and reverse.c: compiled by the system's C compiler when first needed, kept on disk, loaded.

An optimization only: without a compiler, torch computes the same image. The compiled file is valid for one state of the
source, one real type and one processor.
"""

from __future__ import annotations

import ctypes
import hashlib
import math
import os
import platform
import select
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, reduce
from importlib.resources import files
from pathlib import Path

import torch

from nbsim.image.arguments import RUNS
from nbsim.image.kept import cache_folder, keep, kept, own_folder
from nbsim.pixel.lattice import SINE_OF_TURNS, SINE_OF_TURNS_SINGLE
from nbsim.workers import Stopped

DTYPES = (torch.float64, torch.float32)
# uncompiled terms of about the time of a build
WORTH_BUILDING = 10_000_000
LONGEST_WAIT = 3.0  # [s], for a build that nobody asked for


@dataclass(frozen=True)
class Code:
    """One library: the files of its source, of which the first includes the others, and its functions."""

    files: tuple[str, ...]
    optimization: tuple[str, ...]
    functions: tuple[str, ...]
    single_terms: bool = False  # indices and phases in the real type, terms in float32

    @property
    def name(self) -> str:
        return Path(self.files[0]).stem


_FORMULA = ("pixels.c", "formula.h", "rays.h", "single_rays.h", "nodes.h", "single_terms.h", "spots.h")
PIXELS = Code(_FORMULA, ("-O3",), ("render_box", "search_box"))
SINGLE_TERMS = replace(PIXELS, single_terms=True)
REVERSE = Code(
    (
        "reverse.c",
        "adjoint.h",
        "slopes.h",
        "reverse_blocks.h",
        "reverse_factors.h",
        "reverse_rays.h",
        "reverse_sums.h",
        *_FORMULA,
    ),
    ("-O3",),
    ("value_pixels", "reverse_pixels"),
)

# no -ffast-math, no contraction: h, k and l have every bit of those of torch, so that nearest indices are the same;
# single_terms.h gives that up and sees that they are
_FLAGS = ("-std=gnu11", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC")
_SECONDS_BETWEEN_QUESTIONS = 0.1
_PI = Fraction(math.pi) + Fraction(1.2246467991473532e-16)

# Compiles for this very processor, if the compiler can, and tells the exit code. It removes the scratch folder when its
# input ends, so that nothing is left when the process behind it is killed
_SCRIPT = """
trap '' PIPE
cd "$1" || exit 1
scratch=$PWD code=1
shift
wide='-march=native -mprefer-vector-width=512'
for tuned in "$wide -fschedule-insns -fsched-pressure" "$wide" -march=native -mcpu=native ''; do
    "$@" $tuned >/dev/null 2>&1 && code=0 && break
done
echo $code
read -r _
cd / && rm -rf "$scratch"
"""


class CannotBuildError(Exception):
    """The kernel cannot be compiled here; the message is the reason."""


_loaded: dict[tuple[Path, str], ctypes.CDLL] = {}


def kernel_is_built(dtype: torch.dtype) -> bool:
    """Whether the compiled kernel for images in this dtype is on disk."""
    if dtype not in DTYPES:
        return False
    return kept(cache_folder(), _name(torch.float64, PIXELS if dtype == torch.float64 else SINGLE_TERMS)) is not None


def load(dtype: torch.dtype, code: Code = PIXELS) -> ctypes.CDLL | None:
    """The compiled kernel for this dtype from memory or disk; None without one."""
    if dtype not in DTYPES:
        return None
    folder, name = cache_folder(), _name(dtype, code)
    if (folder, name) not in _loaded:
        path = kept(folder, name)
        library = None if path is None else _opened(path, dtype, code)
        if library is None:
            return None
        _loaded[folder, name] = library
    return _loaded[folder, name]


def _compiler() -> list[str]:
    return shlex.split(os.environ.get("CC", "")) or ["cc"]


def missing_compiler() -> str | None:
    """A sentence if there is no C compiler: neither $CC nor cc."""
    name = _compiler()[0]
    return None if shutil.which(name) else f"no C compiler '{name}' here"


def build(
    dtype: torch.dtype, stopped: Stopped = lambda: None, *, longest: float = math.inf, code: Code = PIXELS
) -> ctypes.CDLL:
    """Compile the kernel, keep it if the cache folder allows, and load it.

    The compiler runs in its own process group, which an exception from ``stopped`` ends without leaving files behind.

    Raises:
        CannotBuildError: the C compiler is missing, fails or takes more than ``longest`` seconds.
    """
    compiler = _compiler()
    folder, name, ends = cache_folder(), _name(dtype, code), time.monotonic() + longest
    library = None
    with suppress(OSError):
        library = _built(compiler, own_folder(folder), folder, dtype, code, stopped, ends)
    if library is None:  # a full disk, a folder of others: for this process alone, among other temporary files
        with suppress(OSError):
            library = _built(compiler, Path(tempfile.gettempdir()), None, dtype, code, stopped, ends)
    if library is None:
        raise CannotBuildError(f"the C compiler '{shlex.join(compiler)}' fails")
    _loaded[folder, name] = library
    return library


def _built(
    compiler: list[str],
    parent: Path,
    folder: Path | None,
    dtype: torch.dtype,
    code: Code,
    stopped: Stopped,
    ends: float,
) -> ctypes.CDLL | None:
    """The library, compiled in a scratch folder in ``parent`` and moved to ``folder``; None: the compiler fails.

    Raises:
        OSError: a file cannot be written.
        CannotBuildError: the compiler takes too long.
    """
    scratch = Path(tempfile.mkdtemp(prefix=".build-", dir=parent))
    made = scratch / "kernel.so"
    try:
        for name, text in zip(code.files, _texts(code), strict=True):
            (scratch / name).write_text(text, encoding="ascii")
        options = (*code.optimization, *_FLAGS, *_definitions(dtype, code))
        command = [*compiler, *options, code.files[0], "-o", made.name, "-lm"]
        with _compiling(command, scratch, stopped, ends) as succeeded:
            if not succeeded:
                return None
            path = made if folder is None else keep(folder, _name(dtype, code), made)
            return _opened(path, dtype, code)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def _compiling(command: list[str], scratch: Path, stopped: Stopped, ends: float) -> Iterator[bool]:
    """Whether ``command`` succeeds in ``scratch``, which lasts as long as the context.

    Raises:
        CannotBuildError: it has not ended at the time ``ends``.
    """
    # the compiler's own temporary files lie beside the result
    process = subprocess.Popen(
        ["/bin/sh", "-c", _SCRIPT, "sh", str(scratch), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(scratch)},
        start_new_session=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        while not select.select([process.stdout], [], [], _SECONDS_BETWEEN_QUESTIONS)[0]:
            stopped()
            if time.monotonic() > ends:
                raise CannotBuildError("the C compiler takes too long on this busy machine; '--compile on' waits")
        yield process.stdout.readline().strip() == b"0"
        process.stdin.close()
        process.wait()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # with the compiler that it started
            process.wait()
        process.stdin.close()
        process.stdout.close()


def _opened(path: Path, dtype: torch.dtype, code: Code) -> ctypes.CDLL | None:
    """The library, if the system loads it and its idea of the arguments is ours."""
    try:
        library = ctypes.CDLL(str(path))
        library.size_of_run.restype = ctypes.c_size_t
        if library.size_of_run() != ctypes.sizeof(RUNS[dtype]):
            return None
        for name in code.functions:
            getattr(library, name).restype = ctypes.c_int64
    except (OSError, AttributeError):  # a disk without execution, another C library
        return None
    return library


@cache
def _texts(code: Code) -> tuple[str, ...]:
    return tuple(files(__package__).joinpath(name).read_text(encoding="ascii") for name in code.files)


@cache
def _definitions(dtype: torch.dtype, code: Code) -> tuple[str, ...]:
    """Macros: the types of real numbers and of terms, and the polynomials of their sines."""
    return (
        *(("-DSINGLE",) if dtype == torch.float32 else ()),
        f"-DSINE_SERIES(s)={_series(SINE_OF_TURNS, _PI, 'R')}",
        *(
            ("-DSINGLE_TERMS", f"-DTERM_SERIES(s)={_series(SINE_OF_TURNS_SINGLE, Fraction(1), '(term)')}")
            if code.single_terms
            else ()
        ),
    )


def _series(of_turns: tuple[float, ...], half_turn: Fraction, cast: str) -> str:
    """The polynomial of the sine in C, in units of which ``half_turn`` make one; ``cast``: the macro around numbers."""
    powers = range(2 * len(of_turns) - 1, 0, -2)
    first, *rest = (float(Fraction(c) / half_turn**power).hex() for c, power in zip(of_turns, powers, strict=True))
    return reduce(lambda inner, c: f"ADDED({inner},s,{cast}({c}))", rest, f"{cast}({first})")


@cache
def _name(dtype: torch.dtype, code: Code) -> str:
    """Name of the file for this dtype, source and processor."""
    parts = (
        *_texts(code),
        *code.optimization,
        *_FLAGS,
        *_definitions(dtype, code),
        _SCRIPT,
        platform.machine(),
        _processor(),
    )
    return f"{code.name}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"


def _processor() -> str:
    """What the code may use: another processor with the same folder would end with an illegal instruction."""
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        return "".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features", "CPU"))}))
    return f"{platform.processor()} {platform.release()}"
