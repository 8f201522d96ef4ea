"""Running the user's own C program on a case, without touching any of the user's files.

It runs in a scratch directory that holds links to the inputs; its images and its structure-factor cache land there
and vanish with it. Its stdout is kept byte for byte.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import BinaryIO

from nbtui.errors import SimulationFailed, UnusableInput
from nbtui.live.cases import input_names
from nbtui.live.model import Case
from nbtui.trace.text import clean

OUTPUT_FLAGS = (
    "-floatfile", "-floatimage", "-intfile", "-intimage", "-pgmfile", "-pgmimage", "-noisefile", "-noiseimage",
)  # fmt: skip
DEFAULT_OUTPUTS = ("floatimage.bin", "intimage.img", "image.pgm", "noiseimage.img", "Fdump.bin")
CACHE = "Fdump.bin"
_LAST_LINES = 3
_STDERR_TAIL = 65536  # bytes
_LINE_WIDTH = 300
_PIECE = 1 << 20  # bytes


def find_program(given: str | None) -> Path:
    """The C program: ``given`` (path, or name on PATH), else the environment's NB_C_BIN.

    Raises:
        UnusableInput: none was named, or it is no executable file.
    """
    name = given or os.environ.get("NB_C_BIN")
    if not name:
        raise UnusableInput("no C program: give --binary PATH, or set NB_C_BIN")
    found = shutil.which(str(Path(name).expanduser()))
    if found is None:
        raise UnusableInput(f"--binary {clean(name)}: no executable program of that name")
    return Path(found).resolve()


def run_c_program(program: Path, case: Case, stdout: BinaryIO) -> None:
    """Run ``program`` on ``case`` with one thread; its whole stdout goes to ``stdout`` (a file open for ``w+b``).

    Raises:
        UnusableInput: an input file of the case is missing.
        SimulationFailed: it could not be started, failed, or printed no trace.
    """
    if case.pixel is None:
        raise UnusableInput(f"{clean(case.name)}: no pixel; give --pixel SLOW FAST")
    name = clean(str(program))
    with tempfile.TemporaryDirectory(prefix="nbtui-c-") as scratch, tempfile.TemporaryFile() as stderr:
        words = [*stage(case, Path(scratch)), "-trace_pixel", *map(str, case.pixel)]
        try:
            done = subprocess.run(
                [str(program), *words],
                cwd=scratch,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                check=False,
                env={**os.environ, "OMP_NUM_THREADS": "1", "LC_ALL": "C"},
            )
        except OSError as error:
            raise SimulationFailed(f"{name}: cannot be started ({error.strerror})") from error
        said = _last_lines(stderr)
    if done.returncode != 0:
        code = done.returncode
        how = f"ended by signal {-code}" if code < 0 else f"failed with exit status {code}"
        raise SimulationFailed(f"{name}: {how}; {said or 'it wrote nothing to stderr'}")
    if not _has_trace(stdout):
        raise SimulationFailed(f"{name}: ran, but printed no TRACE_C line; the build with -trace_pixel is needed")


def stage(case: Case, scratch: Path) -> list[str]:
    """Put links to the inputs of ``case`` into ``scratch``; the words of its command line as they work there.

    An output never goes elsewhere and never meets a link: outputs with a directory in their name lose it, and
    an input that has the name of an output, or lies above the working directory, is named by its full path.
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


def _has_trace(stream: BinaryIO) -> bool:
    """Whether a log holds a trace line; read in pieces, since progress lines can make it large."""
    stream.seek(0)
    before = b""
    while piece := stream.read(_PIECE):
        if b"TRACE_C" in before + piece:
            return True
        before = piece[-16:]
    return False
