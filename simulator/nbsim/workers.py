"""Distribute independent tasks over threads.

Torch's own threads synchronize after every operation; one thread per task never waits, and keeps its intermediates in
its own cache. Torch releases Python's lock while it computes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import TypeVar

import torch

from nbsim.errors import Interrupted

Item = TypeVar("Item")
Result = TypeVar("Result")
Stopped = Callable[[], None]  # raises to end the work; called often during long work

_SECONDS_BETWEEN_QUESTIONS = 0.1


def in_threads(
    work: Callable[[Item, Stopped], Result], items: Iterable[Item], *, n_threads: int, stopped: Stopped
) -> Iterator[Result]:
    """Results of ``work`` on every item, in order of completion; one thread means the calling one.

    The calling thread polls ``stopped``; an exception from it ends the work of all threads.
    """
    if n_threads == 1:
        for item in items:
            stopped()
            yield work(item, stopped)
        return
    yield from _shared(work, iter(items), n_threads, stopped)


def _shared(
    work: Callable[[Item, Stopped], Result], items: Iterator[Item], n_threads: int, stopped: Stopped
) -> Iterator[Result]:
    ended, taking, begun = threading.Event(), threading.Lock(), threading.Barrier(n_threads + 1)
    results: SimpleQueue[tuple[Result] | BaseException | None] = SimpleQueue()

    def asked() -> None:
        if ended.is_set():
            raise Interrupted("another thread ended the work")

    def worker() -> None:
        torch.set_num_threads(1)
        begun.wait()
        try:
            while not ended.is_set():
                with taking:
                    item = next(items, None)
                if item is None:
                    break
                results.put((work(item, asked),))
            results.put(None)
        except BaseException as error:
            results.put(error)

    threads = [threading.Thread(target=worker, daemon=True) for _ in range(n_threads)]
    before = torch.get_num_threads()
    for thread in threads:
        thread.start()
    begun.wait()
    torch.set_num_threads(before)  # a worker's setting also applies to threads that start later
    try:
        working = n_threads
        while working:
            stopped()
            try:
                result = results.get(timeout=_SECONDS_BETWEEN_QUESTIONS)
            except Empty:
                continue
            if isinstance(result, BaseException):
                raise result
            if result is None:
                working -= 1
            else:
                yield result[0]
    finally:
        ended.set()
        for thread in threads:
            thread.join()
