"""The workers of a dask.distributed cluster as the engine of a sweep.

Workers may come and go: a task of a lost worker is done by another one, and only finished tasks reach the caller, each
once. Tasks and results are plain data; every worker imports nbtui and reads the files by the same paths. dask is
imported when an engine is made.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import queue
import socket
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from nbtui.errors import SimulationFailed, UnusableInput
from nbtui.processes import MARK, end_marked
from nbtui.sweep.engine import Done, Result, Task, Timed, one_thread, process_count, timed
from nbtui.sweep.host_probe import Needs, faults
from nbtui.trace.text import clean

INSTALL = "--engine dask needs the packages dask and distributed: pip install 'nbtui[dask]'"
CONNECTING = 15.0  # s for the scheduler to answer
_WAITING = 1000  # tasks at the scheduler beyond two for each worker: an adaptive cluster grows by them
_TRIES = 2  # of a task whose worker died several times (distributed.scheduler.allowed-failures)
_LOOK = 0.5  # s between two looks at the connection


class DaskEngine:
    """A cluster's workers, or without ``address`` those of a cluster on this machine, which ends with the engine.

    ``ready``: what each worker does before its first task, as in `nbtui.sweep.engine.LocalEngine`.

    Raises:
        UnusableInput: dask is not installed, no scheduler answers, or a worker cannot do the work.
    """

    def __init__(
        self,
        needs: Needs,
        address: str | None = None,
        processes: int | None = None,
        say: Callable[[str], None] = print,
        ready: Callable[[], None] = one_thread,
    ) -> None:
        try:
            import distributed
        except ImportError as error:
            raise UnusableInput(INSTALL) from error
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self._needs, self._address, self._ready = needs, address, ready
        self._mark = uuid.uuid4().hex
        self._cluster: Any = None
        if address is None:
            self._cluster = distributed.LocalCluster(
                n_workers=process_count(processes),
                threads_per_worker=1,
                memory_limit=0,  # a port beside a worker is not its memory
                dashboard_address=":0",
                silence_logs=logging.CRITICAL,
            )
        try:
            self._client = distributed.Client(self._cluster or address, timeout=CONNECTING)
        except (OSError, TimeoutError, ValueError) as error:
            raise UnusableInput(
                f"--scheduler {clean(str(address))}: no scheduler answers within {CONNECTING:g} s; is its address "
                "right, and does 'dask scheduler' (or the cluster's job) run?"
            ) from error
        try:
            self._checked(say)
        except BaseException:
            self.__exit__()
            raise

    @property
    def processes(self) -> int:
        """Workers at present, at least 1."""
        return max(1, len(self._workers()))

    def __enter__(self) -> DaskEngine:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):  # whatever a broken connection raises
            self._client.run(end_marked, self._mark)
        with contextlib.suppress(Exception):
            self._client.close(timeout=2)
        if self._cluster is not None:
            self._cluster.close(timeout=10)

    def _workers(self) -> dict[str, Any]:
        found: dict[str, Any] = self._client.scheduler_info(n_workers=-1)["workers"]
        return found

    def _checked(self, say: Callable[[str], None]) -> None:
        """Say what the cluster has, and probe one worker of every host."""
        workers = self._workers()
        hosts = {str(facts["host"]): worker for worker, facts in workers.items()}
        link = self._client.dashboard_link
        say(f"dask: {len(workers)} workers on {len(hosts)} hosts; dashboard (needs bokeh at the scheduler): {link}")
        if not workers:
            say("dask: no worker yet; the sweep waits for the first one")
            return
        crowded = [worker for worker, facts in workers.items() if facts["nthreads"] != 1]
        if crowded:
            raise UnusableInput(
                f"worker {crowded[0]} runs {workers[crowded[0]]['nthreads']} threads; a sweep needs workers of one "
                "thread: dask worker --nthreads 1 --nworkers N"
            )
        found = self._client.run(_lacking, self._needs, workers=list(hosts.values()))
        wrong = [sentence for sentence in found.values() if sentence]
        if wrong:
            raise UnusableInput("; ".join(wrong))
        say("dask: input files, port and nbtui are the same on every host")

    def map(self, work: Callable[[Task, Path], Result], tasks: Iterable[Task]) -> Iterator[Done[Task, Result]]:
        """As :class:`nbtui.sweep.engine.Engine`.

        Raises:
            SimulationFailed: the scheduler is gone.
        """
        waiting = iter(tasks)
        ready: queue.Queue[Any] = queue.Queue()
        submitted: dict[str, tuple[Any, Task, int]] = {}  # by the future's key, with its tries before

        def submit(task: Task, tries: int) -> None:
            future = self._client.submit(
                _work, work, task, self._needs, self._mark, self._ready, key=f"nbtui-{uuid.uuid4().hex}", pure=False
            )
            submitted[future.key] = future, task, tries
            future.add_done_callback(ready.put)

        while True:
            room = _WAITING + 2 * self.processes - len(submitted)
            for task in itertools.islice(waiting, max(0, room)):
                submit(task, 0)
            if not submitted:
                return
            future = self._next(ready)
            _, task, tries = submitted.pop(future.key)
            made = self._result(future)
            if made is None and tries + 1 < _TRIES:
                submit(task, tries + 1)
            else:
                yield Done(task, made.result, made.seconds) if made is not None else Done(task, None)

    def _next(self, ready: queue.Queue[Any]) -> Any:
        """The next finished future."""
        while True:
            try:
                return ready.get(timeout=_LOOK)
            except queue.Empty:
                if self._client.status != "running":
                    raise self._gone() from None

    def _result(self, future: Any) -> Timed[Any] | None:
        """The result of a finished future; None where its workers died. An error of the work is raised."""
        from distributed.scheduler import KilledWorker

        if future.status not in ("finished", "error"):
            raise self._gone()
        try:
            while True:
                try:
                    found: Timed[Any] = future.result(timeout=CONNECTING)
                    return found
                except KilledWorker:
                    return None
                except (OSError, TimeoutError) as error:
                    if self._client.status != "running":
                        raise self._gone() from error
                    if future.status == "error" or not isinstance(error, TimeoutError):
                        raise
                    # the worker that held the result is lost, and another one computes it again
        finally:
            future.release()

    def _gone(self) -> SimulationFailed:
        where = clean(self._address or "of this machine")
        return SimulationFailed(
            f"the dask scheduler {where} is gone; the rows so far are kept, and the same command goes on with the rest"
        )


_scratch: list[Path] = []  # of this worker
_checked: list[str] = []  # the sweep that this worker has been probed for


def _work(
    work: Callable[[Task, Path], Result], task: Task, needs: Needs, mark: str, ready: Callable[[], None]
) -> Timed[Result]:
    """A task on a worker, which its first task of a sweep probes: workers may come late."""
    if _checked != [mark]:
        lacking = _lacking(needs)
        if lacking:
            raise UnusableInput(lacking)
        os.environ[MARK] = mark  # its ports end with the sweep
        ready()
        _checked[:] = [mark]
    if not _scratch or not _scratch[0].is_dir():
        _scratch[:] = [Path(tempfile.mkdtemp(prefix="nbtui-sweep-", dir=_local_directory()))]
    return timed(work, task, _scratch[0])


def _local_directory() -> str:
    """The worker's own folder, which ends with it."""
    from distributed import get_worker

    return str(get_worker().local_directory)


def _lacking(needs: Needs) -> str:
    """What this host lacks, as a sentence; empty where it lacks nothing."""
    found = ", ".join(faults(needs))
    return f"host {socket.gethostname()}: {found}" if found else ""
