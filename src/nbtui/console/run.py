"""The run loop of the console: from start to exit code, including replays of packages."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from nbtui.console.app import Console, Shelf
from nbtui.console.jobs import NAME
from nbtui.console.main.state import State
from nbtui.console.main.tuned import resumed_with
from nbtui.console.session.preferences import Preferences
from nbtui.console.session.snapshot import case_of, settings_of
from nbtui.console.session.store import claim
from nbtui.errors import INTERRUPTED, UnusableInput
from nbtui.parity.render import verdict
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.console.main.opening import CaseToOpen
    from nbtui.evidence.restore.restore import Restored

Make = Callable[[State, Preferences, "Shelf | None"], Console]
Replay = Callable[["Restored | CaseToOpen"], int]  # shows a package or a case and returns the exit code
LOST = tuple(128 + getattr(signal, name) for name in ("SIGHUP", "SIGTERM") if hasattr(signal, name))


SWITCH = 0.001  # s: thread switch interval; with Python's 0.005 the screen lags during a huge log


def run(make: Make, state: State, preferences: Preferences, replay: Replay) -> int:
    """Run consoles until the user quits; returns the exit code.

    Raises UnusableInput if another console has resumed the session meanwhile.
    """
    sys.setswitchinterval(SWITCH)
    keeper, resumed = preferences.keeper, preferences.resumed
    if resumed is not None:
        if not claim(resumed):
            raise UnusableInput("another console has resumed this session meanwhile")
        kept = resumed.snapshot
        state = resumed_with(state, case_of(kept, state.case), settings_of(kept))
    if keeper is not None:
        keeper.start()
        if resumed is not None:
            keeper.note(resumed.snapshot)
    code: int | None = None
    try:
        code, state = _consoles(make, state, preferences, replay)
    finally:
        resumable = keeper.close(left=code is not None and code not in LOST) if keeper is not None else False
    if keeper is not None and code not in LOST and sys.stdout.isatty():
        print(farewell(state, resumable=resumable))
    _empty_streams()
    if code in LOST or any(_holds_up(thread) for thread in threading.enumerate()):
        # torch cannot be interrupted, an interpreter exiting during its work may abort, and its cleanup takes a second
        # that nobody waits for after the loss of the terminal: skip the cleanup
        os._exit(code)
    return code


def farewell(state: State, *, resumable: bool) -> str:
    """The line after a console: the verdict, and how to continue the session."""
    comparison = None if state.busy else state.verdict
    said = ": no verdict yet"
    if comparison is not None:
        said = f", {' | '.join(side.name for side in comparison.named)}: {verdict(comparison)}"
    return f"{clean(state.name)}{said}" + ("; continue with 'nbtui --resume'" if resumable else "")


def _holds_up(thread: threading.Thread) -> bool:
    """Whether a thread blocks the exit: a simulation, or a reader of a terminal that has just closed."""
    return thread.name == NAME or not (thread.daemon or thread is threading.main_thread())


def _empty_streams() -> None:
    """Flush the standard streams; discard their buffers if the terminal is gone.

    Otherwise the interpreter would retry at exit, fail, and change the exit code to 120.
    """
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is None:
            continue
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _consoles(make: Make, state: State, preferences: Preferences, replay: Replay) -> tuple[int, State]:
    """Run consoles in sequence: a chosen package or case is shown, then the previous screen returns.

    Returns the exit code and the last state.
    """
    shelf: Shelf | None = None
    while True:
        app = make(state, preferences, shelf)
        code = app.run()
        if code in LOST and hasattr(signal, "SIGHUP"):
            # the loss of a terminal is noticed before its signal arrives, which must not end the export below
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        if app.exporter.thread is not None:
            app.exporter.thread.join()  # finish writing the package
        chosen = app.replaying
        if chosen is None:
            return (app.return_code or INTERRUPTED if code is None else code), app.state
        shelf = app.shelf
        code = INTERRUPTED  # as long as no code is known
        try:
            code = replay(chosen)
        finally:
            if code > 128 and shelf.sweeps is not None and shelf.sweeps.hunts is not None:
                shelf.sweeps.hunts.close()
        if code > 128:  # interrupted, or the terminal is closing
            return code, app.state
        state = replace(app.state, message="")
        preferences = replace(preferences, resumed=None, message="")
