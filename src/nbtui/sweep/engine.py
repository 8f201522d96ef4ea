"""Processes that do the work of a sweep: long-lived, one thread of torch each, as many as processors and memory allow.

Results come back in the order of completion. A process that dies (out of memory, a signal) takes nothing with it but
its own task, which is tried once more and then given up.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Generic, TypeVar

from nbtui.endings import EndedBySignal
from nbtui.live.working_process import available_memory, use_one_thread

Task = TypeVar("Task")
Result = TypeVar("Result")

MEMORY = 1_500_000_000  # bytes for a process with torch, and for a port beside it
_AHEAD = 2  # tasks waiting for each process
_TRIES = 2
_PATIENCE = 5.0  # s for a process to end its port and itself
_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Done(Generic[Task, Result]):
    """A finished task; ``result`` is None where its process died in every try."""

    task: Task
    result: Result | None


def process_count(wanted: int | None = None) -> int:
    """How many processes work: ``wanted``, else one for each processor that this process may use, as memory allows."""
    if wanted is not None:
        return max(1, wanted)
    free = available_memory()
    by_memory = max(1, int(free // MEMORY)) if free is not None else len(os.sched_getaffinity(0))
    return max(1, min(len(os.sched_getaffinity(0)), by_memory))


class Engine:
    """A pool of processes; leaving the context ends them and removes their files."""

    def __init__(self, processes: int | None = None) -> None:
        self.processes = process_count(processes)
        self._folder = Path(tempfile.mkdtemp(prefix="nbtui-sweep-"))
        self._pool = self._started()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _started(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self.processes, context, initializer=_prepare, initargs=(str(self._folder),))

    def _end(self) -> None:
        """End the processes at once, also in the middle of a task."""
        processes = list((getattr(self._pool, "_processes", None) or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(_PATIENCE)
            process.kill()

    def map(self, work: Callable[[Task, Path], Result], tasks: Iterable[Task]) -> Iterator[Done[Task, Result]]:
        """``work(task, scratch)`` for all tasks, in the order of completion; ``scratch``: a folder of the process.

        An error of the work ends the map.
        """
        waiting = iter(tasks)
        submitted: dict[Future[Result], Task] = {}
        while True:
            for task in itertools.islice(waiting, _AHEAD * self.processes - len(submitted)):
                submitted[self._pool.submit(_work, work, task)] = task
            if not submitted:
                return
            ready, _ = wait(submitted, return_when=FIRST_COMPLETED)
            lost: list[Task] = []
            for future in ready:
                task = submitted.pop(future)
                try:
                    yield Done(task, future.result())
                except BrokenProcessPool:
                    lost.append(task)
            if lost:
                lost += submitted.values()
                submitted.clear()
                yield from (Done(task, self._alone(work, task)) for task in lost)

    def _alone(self, work: Callable[[Task, Path], Result], task: Task) -> Result | None:
        """The result of a task of a broken pool, with no other task beside it: only so is the guilty one known."""
        for _ in range(_TRIES):
            self._end()
            self._pool = self._started()
            with contextlib.suppress(BrokenProcessPool):
                return self._pool.submit(_work, work, task).result()
        self._end()
        self._pool = self._started()
        return None


_scratch: list[Path] = []  # of this process


def _prepare(folder: str) -> None:
    """Set up a working process: one thread, a folder of its own, and interrupts left to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in _ONE_THREAD:
        os.environ[name] = "1"  # also for the port
    use_one_thread()
    _scratch[:] = [Path(tempfile.mkdtemp(dir=folder))]


def _end_with_the_port(number: int, _: FrameType | None) -> None:
    """At SIGTERM: unwind, so that the running port ends as well."""
    raise EndedBySignal(number)


def _work(work: Callable[[Task, Path], Result], task: Task) -> Result:
    signal.signal(signal.SIGTERM, _end_with_the_port)
    try:
        return work(task, _scratch[0])
    except EndedBySignal as ended:
        os._exit(ended.exit_code)  # the pool would hand out its next task
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # between tasks there is nothing to unwind
