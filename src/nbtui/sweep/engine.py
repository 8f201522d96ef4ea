"""Whatever does the work of a sweep; here: long-lived local processes, one thread of torch each.

Results come back in the order of completion. A process that dies (out of memory, a signal) takes nothing with it but
its own task, which is tried once more and then given up, and its port. Without the sweep's own process, killed, the
processes end as well.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from types import FrameType
from typing import Generic, Protocol, TypeVar

from nbtui.endings import EndedBySignal
from nbtui.live.working_process import available_memory, use_one_thread
from nbtui.processes import MARK, end_marked

Task = TypeVar("Task")
Result = TypeVar("Result")

MEMORY = 1_500_000_000  # bytes for a process with torch, and for a port beside it
_AHEAD = 4  # tasks waiting for each process
_TRIES = 2
_PATIENCE = 5.0  # s for a process to end its port and itself
_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Done(Generic[Task, Result]):
    """A finished task; ``result`` is None where its process died in every try. ``seconds``: of the work alone."""

    task: Task
    result: Result | None
    seconds: float = 0.0


class Engine(Protocol):
    """Whatever does the work of a sweep. ``processes``: how many work at present, at least 1."""

    @property
    def processes(self) -> int: ...

    def map(self, work: Callable[[Task, Path], Result], tasks: Iterable[Task]) -> Iterator[Done[Task, Result]]:
        """``work(task, scratch)`` for all tasks, in the order of completion; ``scratch``: a folder of the process.

        An error of the work ends the map.
        """
        ...


@dataclass(frozen=True)
class Timed(Generic[Result]):
    """A result, and the seconds of the work."""

    result: Result
    seconds: float


def timed(work: Callable[[Task, Path], Result], task: Task, scratch: Path) -> Timed[Result]:
    """The result of the work with its time."""
    began = time.perf_counter()
    return Timed(work(task, scratch), time.perf_counter() - began)


def process_count(wanted: int | None = None) -> int:
    """How many processes work: ``wanted``, else one for each processor that this process may use, as memory allows."""
    if wanted is not None:
        return max(1, wanted)
    free = available_memory()
    by_memory = max(1, int(free // MEMORY)) if free is not None else len(os.sched_getaffinity(0))
    return max(1, min(len(os.sched_getaffinity(0)), by_memory))


def one_thread() -> None:
    """Let torch in this process, and the ports that it starts, compute in one thread."""
    for name in _ONE_THREAD:
        os.environ[name] = "1"
    use_one_thread()


class LocalEngine:
    """A pool of processes; leaving the context ends them and removes their files.

    ``ready``: what each process does first; by default it loads torch, so that no task counts that second.
    """

    def __init__(self, processes: int | None = None, ready: Callable[[], None] = one_thread) -> None:
        self.processes = process_count(processes)
        self._ready = ready
        self._folder = Path(tempfile.mkdtemp(prefix="nbtui-sweep-"))
        self._mark = uuid.uuid4().hex  # of the ports
        self._ended = False
        self._pool = self._started()

    def __enter__(self) -> LocalEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _started(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        begin = (self._folder, self._mark, self._ready)
        return ProcessPoolExecutor(self.processes, context, initializer=_prepare, initargs=begin)

    def _end(self) -> None:
        """End the processes at once, also in the middle of a task, and the ports of those that were killed."""
        processes = list((getattr(self._pool, "_processes", None) or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(_PATIENCE)
            process.kill()
        end_marked(self._mark)

    def map(self, work: Callable[[Task, Path], Result], tasks: Iterable[Task]) -> Iterator[Done[Task, Result]]:
        """As :class:`Engine`."""
        waiting = iter(tasks)
        submitted: dict[Future[Timed[Result]], Task] = {}
        while True:
            lost: list[Task] = []
            for task in itertools.islice(waiting, _AHEAD * self.processes - len(submitted)):
                try:
                    submitted[self._pool.submit(_work, work, task)] = task
                except BrokenProcessPool:  # a process died between two tasks
                    lost.append(task)
            if not (submitted or lost):
                return
            ready, _ = wait(submitted, return_when=FIRST_COMPLETED)
            for future in ready:
                task = submitted.pop(future)
                try:
                    found = future.result()
                except BrokenProcessPool:
                    lost.append(task)
                else:
                    yield Done(task, found.result, found.seconds)
            if lost and self._ended:  # by another thread
                return
            if lost:
                lost += submitted.values()
                submitted.clear()
                self._renew()
                yield from (self._alone(work, task) for task in lost)

    def _alone(self, work: Callable[[Task, Path], Result], task: Task) -> Done[Task, Result]:
        """The result of a task of a broken pool, with no other task beside it: only so is the guilty one known."""
        for _ in range(_TRIES):
            with contextlib.suppress(BrokenProcessPool):
                found = self._pool.submit(_work, work, task).result()
                return Done(task, found.result, found.seconds)
            self._renew()
        return Done(task, None)

    def _renew(self) -> None:
        """New processes in place of a broken pool."""
        self._end()
        self._pool = self._started()


_scratch: list[Path] = []  # of this process
_working = False  # this process is in the middle of a task


def _prepare(folder: Path, mark: str, ready: Callable[[], None]) -> None:
    """Set up a working process: a folder of its own, interrupts left to the parent, an end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end_with_the_port)
    threading.Thread(target=_follow_parent, args=(folder,), daemon=True).start()
    os.environ[MARK] = ":".join(filter(None, (os.environ.get(MARK), mark)))
    ready()
    _scratch[:] = [Path(tempfile.mkdtemp(dir=folder))]


def _follow_parent(folder: Path) -> None:
    """End this process, its port and its files once the parent is gone, which was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        shutil.rmtree(folder, ignore_errors=True)
        os.kill(os.getpid(), signal.SIGTERM)


def _end_with_the_port(number: int, _: FrameType | None) -> None:
    """At SIGTERM: unwind, so that the running port ends as well."""
    if _working:
        raise EndedBySignal(number)
    os._exit(128 + number)


def _work(work: Callable[[Task, Path], Result], task: Task) -> Timed[Result]:
    global _working
    try:
        _working = True
        return timed(work, task, _scratch[0])
    except EndedBySignal as ended:
        os._exit(ended.exit_code)  # the pool would hand out its next task
    finally:
        _working = False
