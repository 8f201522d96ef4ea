"""Parts of a sweep, made on several machines, joined into one folder."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbtui.errors import NotWritten, UnusableInput
from nbtui.sweep.rows import LOGS, ROWS, RowFile
from nbtui.sweep.sweep import WHOLE, Part
from nbtui.trace.text import clean

_PART = re.compile(r"(\d{1,6}|auto)/(\d{1,6})")
_WANTED = "must be I/N with I from 1 to N, such as 3/10, auto/N or auto"


@dataclass(frozen=True)
class JobArray:
    """Environment variables of a scheduler for its job arrays; empty: it has none."""

    scheduler: str
    index: str
    first: str = ""
    last: str = ""
    step: str = ""
    count: str = ""


ARRAYS = (
    JobArray(
        "SLURM",
        "SLURM_ARRAY_TASK_ID",
        "SLURM_ARRAY_TASK_MIN",
        "SLURM_ARRAY_TASK_MAX",
        "SLURM_ARRAY_TASK_STEP",
        "SLURM_ARRAY_TASK_COUNT",
    ),
    JobArray("PBS", "PBS_ARRAY_INDEX"),
    JobArray("LSF", "LSB_JOBINDEX", last="LSB_JOBINDEX_END", step="LSB_JOBINDEX_STEP"),
    JobArray("Grid Engine", "SGE_TASK_ID", "SGE_TASK_FIRST", "SGE_TASK_LAST", "SGE_TASK_STEPSIZE"),
)


def part_named(text: str | None, environment: Mapping[str, str]) -> Part:
    """The part that ``I/N``, ``auto/N`` or ``auto`` names; the whole without one. ``auto``: that of a job array.

    Raises:
        UnusableInput: it is no part, or the job array does not say which.
    """
    if text is None:
        return WHOLE
    if text == "auto":
        return _of_array(environment)
    found = _PART.fullmatch(text)
    if found is None:
        raise UnusableInput(f"--part {clean(text)}: {_WANTED}")
    number, of = found[1], int(found[2])
    index = _array(environment)[1] if number == "auto" else int(number)
    if not 1 <= index <= of:
        task = f"; the task of the array has the index {index}" if number == "auto" else ""
        raise UnusableInput(f"--part {clean(text)}: {_WANTED}{task}")
    return Part(index, of)


def _of_array(environment: Mapping[str, str]) -> Part:
    array, index = _array(environment)
    first = _whole(environment, array.first, 1)
    last = _whole(environment, array.last, 0)
    step = max(1, _whole(environment, array.step, 1))
    if not last:
        raise UnusableInput(f"--part auto: {array.scheduler} does not state the size of the array; use --part auto/N")
    count = (last - first) // step + 1
    listed = _whole(environment, array.count, count) != count or (index - first) % step
    if listed or first > 1:
        raise UnusableInput(
            "--part auto: the array must be FIRST-LAST with FIRST 0 or 1, as its size is the number of parts; "
            "for other tasks use --part auto/N"
        )
    return Part((index - first) // step + 1, count)


def _array(environment: Mapping[str, str]) -> tuple[JobArray, int]:
    """The job array that this process belongs to, and the index of its task."""
    for array in ARRAYS:
        index = environment.get(array.index, "")
        if index.isdecimal() and not (array.scheduler == "LSF" and int(index) == 0):  # LSF: 0 outside an array
            return array, int(index)
    named = ", ".join(array.index for array in ARRAYS)
    raise UnusableInput(f"--part auto: no job array; none of {named} is set")


def _whole(environment: Mapping[str, str], name: str, otherwise: int) -> int:
    text = environment.get(name, "") if name else ""
    return int(text) if text.isdecimal() else otherwise


def join(parts: Sequence[Path], folder: Path) -> int:
    """Copy rows and logs of all parts to ``folder``, each key once; the number of new rows.

    Raises:
        UnusableInput: a part has no rows.
        NotWritten: a file cannot be written.
    """
    target = RowFile(folder / ROWS)
    seen = {row.key for row in target.read()}
    count = 0
    for part in parts:
        if not (part / ROWS).is_file():
            raise UnusableInput(f"{clean(str(part))}: no {ROWS} in it; name the folder of a part")
        fresh = [row for row in RowFile(part / ROWS).read() if row.key not in seen]
        seen.update(row.key for row in fresh)
        try:
            (folder / LOGS).mkdir(parents=True, exist_ok=True)
            for row in fresh:
                log = part / LOGS / f"{row.key}.log"
                if log.is_file():
                    shutil.copyfile(log, folder / LOGS / log.name)
        except OSError as error:
            raise NotWritten(f"{clean(str(error.filename or folder))}: {error.strerror or error}") from error
        target.append(fresh)
        count += len(fresh)
    return count
