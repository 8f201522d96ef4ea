"""Entry to the simulator: prepare the process, build experiments, report nbsim's errors as nbtui's.

``import nbsim`` is cheap: the first name that needs torch loads it, and reading logs never does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import nbsim
from nbtui.errors import SimulationFailed, UnusableInput
from nbtui.live.model import Case, Settings
from nbtui.trace.text import clean


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
    """The experiment of a case; call it inside :func:`simulator`."""
    import torch

    return nbsim.from_command(
        list(case.argv),
        case.workdir,
        phi_mode=settings.phi_mode,
        dtype={"float32": torch.float32, "float64": torch.float64}[settings.dtype],
        device=settings.device,
        quirks=dict(settings.quirks),
    )
