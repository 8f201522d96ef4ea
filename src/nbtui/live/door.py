"""Entry to the simulator: prepare the process, build experiments, report nbsim's errors as nbtui's.

``import nbsim`` is cheap: the first name that needs torch loads it, and reading logs never does.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import nbsim
from nbtui.errors import SimulationFailed, UnusableInput
from nbtui.live.model import Case, Settings
from nbtui.trace.text import clean

Made = TypeVar("Made")

_AS_C = "read as the C program reads it"
_READING = {"last_curved_det_ignored": True}  # of the last word: without a named program, that of the stock one


def quirks_of(settings: Settings) -> nbsim.Quirks:
    """Every quirk of a run.

    Raises:
        nbsim.InputError: an unknown quirk.
    """
    return nbsim.switches_of(settings.c_program, settings.phi_mode, dict(settings.quirks), compat=True)


@contextmanager
def simulator(name: str, task: str = "simulation") -> Iterator[None]:
    """Use nbsim inside; messages begin with ``name`` (of the case) and say which ``task`` failed.

    Raises:
        UnusableInput: the command line, one of its files or a setting is unusable, or torch is not installed.
        SimulationFailed: the simulator failed.
    """
    # two OpenMP runtimes in one process (torch beside another library) abort on macOS without this
    os.environ.setdefault("KMP_DUPLICATE_LIB_OK", "TRUE")
    try:
        yield
    except nbsim.InputError as error:
        where = "; --workdir DIR names another folder of input files" if _of_missing_file(error) else ""
        raise UnusableInput(f"{clean(name)}: {clean(str(error))}{where}") from error
    except ModuleNotFoundError as error:
        absent = nbsim.absent_package(error)
        if absent is None:
            raise
        raise UnusableInput(f"{clean(name)}: {absent}") from error
    except (nbsim.NbsimError, RuntimeError, MemoryError, ArithmeticError) as error:  # torch raises RuntimeError
        reason = clean(str(error).strip().split("\n", 1)[0]) or type(error).__name__
        raise SimulationFailed(f"{clean(name)}: the {task} failed: {reason}") from error


def _of_missing_file(error: BaseException | None) -> bool:
    """Whether a missing file is behind an error."""
    while error is not None:
        if isinstance(error, FileNotFoundError):
            return True
        error = error.__cause__
    return False


def experiment_of(case: Case, settings: Settings) -> nbsim.Experiment:
    """The experiment of a case; call it inside :func:`simulator`.

    A command line that nbsim and the C program read differently, and a file that nbsim refuses, are read as in the C
    program unless the case forbids it (``compat``); notices say so.
    """
    import torch

    dtype = {"float32": torch.float32, "float64": torch.float64}[settings.dtype]

    def made(compat: bool) -> nbsim.Experiment:
        return nbsim.from_command(
            list(case.argv),
            case.workdir,
            phi_mode=settings.phi_mode,
            c_program=settings.c_program,
            dtype=dtype,
            device=settings.device,
            quirks={**_READING, **dict(settings.quirks)} if settings.c_program is None else dict(settings.quirks),
            compat=compat,
        )

    try:
        options, notices = read_command(case.argv, case.workdir, quirks_of(settings), compat=case.compat)
    except nbsim.InputError as error:
        if case.compat:
            raise
        raise nbsim.InputError(f"{error}; --compat reads the line as the C program does") from error
    if options.as_c:
        try:
            found = made(compat=True)
        except nbsim.InputError as error:
            raise nbsim.InputError("; ".join((str(error), *notices))) from error
        return replace(found, notices=tuple(dict.fromkeys((*notices, *found.notices))))
    try:
        return made(compat=False)
    except nbsim.InputError as error:
        if not case.compat:
            raise
        found = _retried(lambda: made(compat=True), error)
        return replace(found, notices=(f"{_rule(error)}; {_AS_C}", *found.notices))


def options_of(case: Case, quirks: Mapping[str, bool] | None = None) -> nbsim.Options:
    """The options of a case's command line, read as for :func:`experiment_of`.

    Raises:
        nbsim.InputError: the command line is unusable for the C program as well.
    """
    return read_command(case.argv, case.workdir, nbsim.Quirks(**(quirks or {})), compat=case.compat)[0]


def flags_in(argv: Sequence[str], *, compat: bool = True) -> list[tuple[int, int, nbsim.Flag, tuple[str, ...]]]:
    """Every flag of a command line: its start and end, its row, its words; as C finds them if nbsim refuses one.

    Raises:
        nbsim.InputError: the command line is unusable, for the C program as well if ``compat``.
    """
    try:
        return list(nbsim.walk(argv))
    except nbsim.InputError:
        if not compat:
            raise
        return list(nbsim.walk(argv, compat=True))


def lax_reading(case: Case) -> tuple[str, ...]:
    """How a command line is read that nbsim and the C program read differently, as sentences; none for any other."""
    try:
        _, notices = read_command(case.argv, case.workdir, nbsim.Quirks(), compat=case.compat)
    except nbsim.InputError:
        return ()  # building the experiment reports the error
    return tuple(map(clean, notices))


def read_command(
    argv: Sequence[str], workdir: Path, quirks: nbsim.Quirks, *, compat: bool
) -> tuple[nbsim.Options, tuple[str, ...]]:
    """The options of a command line, and sentences on words that are read as in the C program and not as in nbsim.

    ``compat``: read words as C does; otherwise by the rules of nbsim, which refuses those that C would misread.

    Raises:
        nbsim.InputError: the command line is unusable, for the C program as well if ``compat``.
    """

    def theirs() -> nbsim.Options:
        return nbsim.parse(list(argv), workdir, quirks, compat=True)

    try:
        ours = nbsim.parse(list(argv), workdir, quirks)
    except nbsim.InputError as error:
        if not compat:
            raise
        found = _retried(theirs, error)
        return found, found.reading or (f"{_rule(error)}; {_AS_C}",)
    if not compat:
        return ours, ours.reading
    try:
        found = theirs()
    except nbsim.InputError:
        return ours, ours.reading
    names = ours.differing(found)
    if not names or found.ignored:  # C ignores a missing file; opening it reports that
        return ours, ours.reading
    return found, found.reading or (f"C matches these words differently and gets another {', '.join(names)}; {_AS_C}",)


def _retried(build: Callable[[], Made], first: nbsim.InputError) -> Made:
    """The result of ``build``, which reads as C after the error ``first``.

    Raises:
        nbsim.InputError: C could not use the input either.
    """
    try:
        return build()
    except nbsim.InputError as left:
        more = "" if str(left) == str(first) else f"; also, {_rule(first)}"
        raise nbsim.InputError(f"{left}{more}") from first


def _rule(error: nbsim.InputError) -> str:
    """The broken rule, without the advice for users of nbsim."""
    return str(error).split(";", 1)[0]
