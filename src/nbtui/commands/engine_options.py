"""Options that choose what does the work of a sweep."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbtui.commands.options import say
from nbtui.errors import NotWritten, UnusableInput
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.sweep.engine import Engine
    from nbtui.sweep.plan import Plan

LOCAL, DASK = "local", "dask"


@dataclass(frozen=True)
class EngineChoice:
    """The engine of a sweep as chosen on the command line."""

    kind: str = LOCAL
    scheduler: str | None = None
    processes: int | None = None

    def opened(self, plan: Plan, folder: Path) -> AbstractContextManager[Engine]:
        """The engine, ready to work on a plan with absolute paths whose rows are in ``folder``.

        Raises:
            NotWritten: the folder cannot be made.
            UnusableInput: dask is missing, its scheduler does not answer, or a worker lacks what the plan needs.
        """
        if self.kind == LOCAL:
            from nbtui.sweep.engine import LocalEngine

            return LocalEngine(self.processes)
        from nbtui.sweep.dask_engine import DaskEngine
        from nbtui.sweep.host_probe import needs_of

        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise NotWritten(f"{clean(str(folder))}: {error.strerror or error}") from error
        return DaskEngine(needs_of(plan, folder.absolute()), self.scheduler, self.processes, say)


def engine_options(command: Callable[..., int]) -> Callable[..., int]:
    """Add --processes, --engine and --scheduler; the command receives one ``engine``, an EngineChoice."""

    @click.option(
        "--processes",
        type=click.IntRange(1, 4096),
        metavar="N",
        help="Processes on this machine.  [default: processors, as memory allows]",
    )
    @click.option(
        "--engine",
        "kind",
        type=click.Choice([LOCAL, DASK]),
        default=LOCAL,
        show_default=True,
        help="Processes of this machine, or the workers of dask.distributed (nbtui[dask]).",
    )
    @click.option("--scheduler", metavar="ADDRESS", help="With --engine dask: of a running cluster, tcp://HOST:PORT.")
    @wraps(command)
    def chosen(*args: Any, processes: int | None, kind: str, scheduler: str | None, **others: Any) -> int:
        if scheduler is not None and kind != DASK:
            raise UnusableInput("--scheduler needs --engine dask")
        if scheduler is not None and processes is not None:
            raise UnusableInput("--processes has no effect with --scheduler: the cluster has its own workers")
        return command(*args, engine=EngineChoice(kind, scheduler, processes), **others)

    return chosen
