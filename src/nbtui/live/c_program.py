"""Run the user's own C program on a case without touching the user's files.

It runs in a scratch directory that holds links to the inputs; its images and its structure-factor cache are written
there and deleted with it. Its stdout is kept byte for byte.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from nbtui.errors import SimulationFailed, UnusableInput
from nbtui.live.cases import input_names
from nbtui.live.model import Case
from nbtui.paths import expanded
from nbtui.processes import STDOUT, UNTIMED, Bounds, run_process
from nbtui.regular_file import open_regular
from nbtui.trace.text import clean

FLOAT_FLAGS = ("-floatfile", "-floatimage")
OUTPUT_FLAGS = (
    *FLOAT_FLAGS, "-intfile", "-intimage", "-pgmfile", "-pgmimage", "-noisefile", "-noiseimage",
)  # fmt: skip
FLOAT_IMAGE, SMV_IMAGE = "float image", "SMV image"
_IMAGES = {  # flags that name a kept image, and its name without them
    FLOAT_IMAGE: (FLOAT_FLAGS, "floatimage.bin"),
    SMV_IMAGE: (("-intfile", "-intimage"), "intimage.img"),
}
_MACHINE_CODE = (
    b"\x7fELF",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"MZ",
)  # first bytes of a program, not of a script
DEFAULT_OUTPUTS = ("floatimage.bin", "intimage.img", "image.pgm", "noiseimage.img", "Fdump.bin")
CACHE = "Fdump.bin"
_LAST_LINES = 3
_STDERR_TAIL = 65536  # bytes
_LINE_WIDTH = 300
_PIECE = 1 << 20  # bytes
_DONE = re.compile(rb"(\d{1,3})% done")
_PROGRESS_TAIL = 64  # bytes
_BETWEEN_REPORTS = 2.0  # seconds


@dataclass(frozen=True)
class Limits:
    """Limits of a run: threads, seconds before the program counts as hung (None: no limit), and an event to stop it."""

    threads: int = 1
    seconds: float | None = None
    cancel: threading.Event | None = None


_ONE_THREAD = Limits()


def _quiet(text: str) -> None:
    """Ignore the progress."""


def find_program(given: str | None) -> Path:
    """The C program: ``given`` (path, or name on PATH), else the environment's NB_C_BIN.

    Raises:
        UnusableInput: none was named, or it is not an executable file.
    """
    name = given or os.environ.get("NB_C_BIN")
    if not name:
        raise UnusableInput("no C program: give --binary PATH, or set NB_C_BIN")
    # a Path drops the "./" that tells a file here from a name on PATH
    found = shutil.which(str(expanded(name).absolute()) if "/" in name else name)
    if found is None:
        raise UnusableInput(f"--binary {clean(name)}: no executable program of that name")
    return Path(found).resolve()


def run_c_program(
    program: Path,
    case: Case,
    stdout: BinaryIO,
    limits: Limits = _ONE_THREAD,
    say: Callable[[str], None] = _quiet,
    images: Mapping[str, BinaryIO] = MappingProxyType({}),
) -> bool:
    """Run ``program`` on ``case``; its whole stdout goes to ``stdout`` (a file open for ``w+b``), also when it fails.

    An instrumented build prints its trace with ``-trace_pixel SLOW FAST``. A stock build ignores that; it runs with
    ``-printout_pixel FAST SLOW``, whose lines are a (poorer) trace too: at once if the program is known to hold no
    trace lines, else in a second run. ``say`` receives its progress. ``images``: files for FLOAT_IMAGE and SMV_IMAGE
    of the run that wrote the log.

    Returns:
        Whether an instrumented build wrote the log.

    Raises:
        UnusableInput: an input file of the case is missing.
        SimulationFailed: it could not be started, failed, timed out, printed no trace of either kind, or wrote no
            such image.
    """
    if case.pixel is None:
        raise UnusableInput(f"{clean(case.name)}: no pixel; give --pixel SLOW FAST")
    slow, fast = (str(index) for index in case.pixel)
    if not _is_stock(program):
        _run_once(program, case, ["-trace_pixel", slow, fast], stdout, limits, say, images)
        if _holds(stdout, b"TRACE_C"):
            return True
        say("no TRACE_C line: a stock build? Running it again with -printout_pixel FAST SLOW")
    _run_once(program, case, ["-printout_pixel", fast, slow], stdout, limits, say, images)
    if _holds(stdout, b" : stol = "):
        return False
    raise SimulationFailed(
        f"{clean(str(program))}: ran, but printed neither a TRACE_C line nor the pixel; is the pixel rendered (ROI, "
        "mask, detector size), and is this nanoBragg?"
    )


def float_image(program: Path, case: Case, limits: Limits = _ONE_THREAD) -> npt.NDArray[np.float32]:
    """The pixels of the float image that ``program`` writes for ``case``, in file order.

    Raises:
        UnusableInput: an input file of the case is missing.
        SimulationFailed: it could not be started, failed, timed out, or wrote no image.
    """
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as image:
        _run_once(program, case, [], stdout, limits, _quiet, {FLOAT_IMAGE: image})
        image.seek(0)
        content = image.read()
    return np.frombuffer(content[: len(content) // 4 * 4], dtype="<f4")


def _is_stock(program: Path) -> bool:
    """Whether the program is machine code without the text of a trace line; a script may start anything."""
    try:
        with open_regular(program) as stream:
            return stream.read(4).startswith(_MACHINE_CODE) and not _holds(stream, b"TRACE")
    except OSError:
        return False  # starting it reports the error


def _run_once(
    program: Path,
    case: Case,
    more: list[str],
    stdout: BinaryIO,
    limits: Limits,
    say: Callable[[str], None],
    images: Mapping[str, BinaryIO],
) -> None:
    """One run in a scratch directory; its output replaces the contents of ``stdout`` and of ``images``."""
    name = clean(str(program))
    stdout.seek(0)
    stdout.truncate()
    with tempfile.TemporaryDirectory(prefix="nbtui-c-") as scratch, tempfile.TemporaryFile() as stderr:
        words = [*more, *stage(case, Path(scratch))]  # behind them, a last word would not be the last
        outcome = run_process(
            [str(program), *words],
            stdout,
            stderr,
            cwd=Path(scratch),
            environment={**os.environ, "OMP_NUM_THREADS": str(limits.threads), "LC_ALL": "C"},
            bounds=Bounds(limits.seconds),
            heard=_Progress(say).heard,
            cancel=limits.cancel,
        )
        said = _last_lines(stderr)
        missing = [kind for kind, target in images.items() if not _kept(kind, Path(scratch), words, target)]
    if outcome.cancelled:
        raise SimulationFailed(f"{name}: stopped")
    if outcome.timed_out:
        raise SimulationFailed(f"{name}: no end within {limits.seconds:g} s; stopped. A longer time: --limit SECONDS")
    if outcome.status != 0:
        how = f"ended by signal {outcome.signal}" if outcome.signal else f"failed with exit status {outcome.status}"
        raise SimulationFailed(f"{name}: {how}; {said or 'it wrote nothing to stderr'}")
    if STDOUT in outcome.cut:
        raise SimulationFailed(f"{name}: printed more than {UNTIMED.stdout / 1e9:.1f} GB; the log is cut there")
    if missing:
        raise SimulationFailed(f"{name}: ran, but wrote no {missing[0]}")


def _kept(kind: str, scratch: Path, words: list[str], target: BinaryIO) -> bool:
    """Copy an image of the run to ``target``; False without one."""
    flags, usual = _IMAGES[kind]
    named = [value for flag, value in pairwise(words) if flag in flags]
    try:
        with open_regular(scratch / (named[-1] if named else usual)) as source:
            target.seek(0)
            target.truncate()
            shutil.copyfileobj(source, target)
    except OSError:
        return False
    target.flush()
    return True


class _Progress:
    """The percentage in the program's output, now and then."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._told, self._tail = say, 0.0, b""

    def heard(self, stream: str, piece: bytes) -> None:
        """Report the last percentage, at most every few seconds."""
        if stream != STDOUT:
            return
        self._tail = (self._tail + piece)[-_PROGRESS_TAIL:]
        done = _DONE.findall(self._tail)
        if done and time.monotonic() - self._told >= _BETWEEN_REPORTS:
            self._told = time.monotonic()
            self._say(f"{int(done[-1])} % done")


def stage(case: Case, scratch: Path) -> list[str]:
    """Put links to the inputs of ``case`` into ``scratch``; return the command line for that directory.

    Outputs stay in ``scratch`` and never overwrite a link: the directory of an output is dropped, and
    an input with the name of an output, or above the working directory, is given by its full path.
    """
    words = list(case.argv)
    outputs = set(DEFAULT_OUTPUTS)
    for at, flag in enumerate(words[:-1]):
        if flag in OUTPUT_FLAGS:
            words[at + 1] = Path(words[at + 1]).name or "output"
            outputs.add(words[at + 1])
    for at, name in input_names(words):
        source = (case.workdir / name).absolute()
        if not source.is_file():
            raise UnusableInput(f"{words[at - 1]} {clean(name)}: no such file in {clean(str(case.workdir))}")
        relative = Path(name)
        if relative.is_absolute() or ".." in relative.parts or relative.parts[0] in outputs:
            words[at] = str(source)
            continue
        link = scratch / relative
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(source)
    _stage_cache(case, scratch, words)
    return words


def _stage_cache(case: Case, scratch: Path, words: list[str]) -> None:
    """The binary structure-factor cache: read only without ``-hkl``, written only with it."""
    name = next((words[at + 1] for at in range(len(words) - 2, -1, -1) if words[at] == "-dump"), CACHE)
    if "-hkl" not in words:
        source = (case.workdir / name).absolute()
        if source.is_file() and not (scratch / Path(name).name).exists():
            (scratch / Path(name).name).symlink_to(source)
    for at, flag in enumerate(words[:-1]):
        if flag == "-dump":
            words[at + 1] = Path(words[at + 1]).name or CACHE


def _last_lines(stream: BinaryIO) -> str:
    """The last lines of a file, cleaned, on one line."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _STDERR_TAIL))
    lines = [line.strip() for line in stream.read().decode("utf-8", "replace").splitlines() if line.strip()]
    return " | ".join(clean(line)[:_LINE_WIDTH] for line in lines[-_LAST_LINES:])


def _holds(stream: BinaryIO, what: bytes) -> bool:
    """Whether a log contains ``what``; read in chunks, since progress lines can make it large."""
    stream.seek(0)
    before = b""
    while piece := stream.read(_PIECE):
        if what in before + piece:
            return True
        before = piece[-len(what) :]
    return False
