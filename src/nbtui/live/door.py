"""Entry to the simulator: prepare the process, build experiments, report nbsim's errors as nbtui's.

``import nbsim`` is cheap: the first name that needs torch loads it, and reading logs never does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import nbsim
from nbtui.errors import SimulationFailed, UnusableInput
from nbtui.live.model import Case, Settings
from nbtui.trace.text import clean

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
        UnusableInput: the command line, one of its files or a setting is unusable.
        SimulationFailed: the simulator failed.
    """
    # two OpenMP runtimes in one process (torch beside another library) abort on macOS without this
    os.environ.setdefault("KMP_DUPLICATE_LIB_OK", "TRUE")
    try:
        yield
    except nbsim.InputError as error:
        raise UnusableInput(f"{clean(name)}: {clean(str(error))}") from error
    except (nbsim.NbsimError, RuntimeError, MemoryError, ArithmeticError) as error:  # torch raises RuntimeError
        reason = clean(str(error).strip().split("\n", 1)[0]) or type(error).__name__
        raise SimulationFailed(f"{clean(name)}: the {task} failed: {reason}") from error


def experiment_of(case: Case, settings: Settings) -> nbsim.Experiment:
    """The experiment of a case; call it inside :func:`simulator`.

    A command line or a file that nbsim refuses is read as the C program reads it, and a notice says so.
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
        return made(compat=False)
    except nbsim.InputError as error:
        try:
            found = made(compat=True)
        except nbsim.InputError as left:
            more = "" if str(left) == str(error) else f"; also, {_rule(error)}"
            raise nbsim.InputError(f"{left}{more}") from error
        return replace(found, notices=(_as_c_reads(error), *found.notices))


def options_of(case: Case, quirks: Mapping[str, bool] | None = None) -> nbsim.Options:
    """The options of a case's command line, read as for :func:`experiment_of`.

    Raises:
        nbsim.InputError: the command line is unusable for the C program as well.
    """
    return _read(case, nbsim.Quirks(**(quirks or {})))[0]


def flags_in(argv: Sequence[str]) -> list[tuple[int, int, nbsim.Flag, tuple[str, ...]]]:
    """Every flag of a command line: its start and end, its row, its words; as C finds them if nbsim refuses one.

    Raises:
        nbsim.InputError: the command line is unusable for the C program as well.
    """
    try:
        return list(nbsim.walk(argv))
    except nbsim.InputError:
        return list(nbsim.walk(argv, compat=True))


def lax_reading(case: Case) -> tuple[str, ...]:
    """How a command line is read that only the C program accepts, as sentences; none for any other."""
    try:
        options, error = _read(case, nbsim.Quirks())
    except nbsim.InputError:
        return ()  # building the experiment reports the error
    if error is None:
        return ()
    skipped = (f"skipped, as in the C program: {' '.join(options.ignored)}",) if options.ignored else ()
    return tuple(map(clean, (_as_c_reads(error), *skipped)))


def _read(case: Case, quirks: nbsim.Quirks) -> tuple[nbsim.Options, nbsim.InputError | None]:
    """The options, and the error that made a reading as in C necessary."""
    try:
        return nbsim.parse(list(case.argv), case.workdir, quirks), None
    except nbsim.InputError as error:
        return nbsim.parse(list(case.argv), case.workdir, quirks, compat=True), error


def _as_c_reads(error: nbsim.InputError) -> str:
    """A notice: what the C program accepts, and nbsim does not."""
    return f"{_rule(error)}; read as the C program reads it"


def _rule(error: nbsim.InputError) -> str:
    """The broken rule, without the advice for users of nbsim."""
    return str(error).split(";", 1)[0]
