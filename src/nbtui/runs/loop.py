"""The loop without a screen: a run at the start, and another one after every change of the sources."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator

from nbtui.errors import NbtuiError, UnusableInput
from nbtui.runs.follow import source_changes
from nbtui.runs.known import KnownCommands
from nbtui.runs.log_making import RunStopped
from nbtui.runs.perform import Performed
from nbtui.runs.sources import source_files
from nbtui.trace.model import TraceError
from nbtui.trace.text import clean

TICK = 0.1  # s between looks for a change while nothing runs

Run = Callable[[threading.Event], Performed]  # the event stops it
LoopEvent = Performed | NbtuiError | TraceError  # a run, or the reason why none was possible


def check_sources(known: KnownCommands) -> int:
    """The number of source files. Raises UnusableInput without any: no change would ever be noticed."""
    if not known.sources:
        raise UnusableInput(
            f"{clean(known.case.name)}: no source files to follow; sources = [...] in nbtui.toml, or --sources PATTERN"
        )
    count = len(source_files(known.sources, known.sources_base))
    if not count:
        patterns = ", ".join(clean(pattern) for pattern in known.sources)
        raise UnusableInput(f"sources: no file matches {patterns} in {clean(str(known.sources_base))}")
    return count


def looped(
    known: KnownCommands, run: Run, stop: Callable[[], bool]
) -> Generator[Performed | NbtuiError | TraceError, None, None]:
    """Every run, or the error in its place, until ``stop()``. A change during a run stops it and starts the next one.

    Closing the generator ends the thread that follows the sources.

    Raises:
        UnusableInput: no source files.
    """
    check_sources(known)
    changed, ended = threading.Event(), threading.Event()
    current = [threading.Event()]
    failure: list[Exception] = []

    def finished() -> bool:
        if stop():
            ended.set()
        if ended.is_set():
            current[0].set()
        return ended.is_set()

    def follow() -> None:
        try:
            for _ in source_changes(known.sources, known.sources_base, finished):
                changed.set()
                current[0].set()
        except Exception as error:  # the loop ends with it
            failure.append(error)
            ended.set()

    thread = threading.Thread(target=follow, name="nbtui-sources", daemon=True)
    thread.start()
    changed.set()
    try:
        while not finished():
            if not changed.wait(TICK):
                continue
            current[0] = threading.Event()
            changed.clear()
            try:
                yield run(current[0])
            except RunStopped:
                continue
            except (NbtuiError, TraceError) as error:
                yield error
        if failure:
            raise failure[0]
    finally:
        ended.set()
        thread.join()
