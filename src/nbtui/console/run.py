"""Running the console from its start to its exit code, with the packages that are replayed in between."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from nbtui.console.app import Console
from nbtui.console.jobs import NAME
from nbtui.console.main.state import State
from nbtui.console.main.tuned import resumed_with
from nbtui.console.session.preferences import Preferences
from nbtui.console.session.snapshot import case_of, settings_of
from nbtui.console.session.store import claim
from nbtui.errors import INTERRUPTED, UnusableInput
from nbtui.trace.model import TraceError

Make = Callable[[State, Preferences], Console]
Replay = Callable[[Path], int]  # shows a package; the exit code; TraceError: it cannot be shown
LOST = tuple(128 + getattr(signal, name) for name in ("SIGHUP", "SIGTERM") if hasattr(signal, name))


SWITCH = 0.001  # s after which a thread that reads a huge log lets the screen in; Python's own 0.005 can be felt


def run(make: Make, state: State, preferences: Preferences, replay: Replay) -> int:
    """Run consoles until the user leaves one for good; the exit code.

    Raises UnusableInput when another console has resumed the session meanwhile.
    """
    sys.setswitchinterval(SWITCH)
    keeper, resumed = preferences.keeper, preferences.resumed
    if resumed is not None:
        if not claim(resumed):
            raise UnusableInput("another console has resumed this session meanwhile")
        kept = resumed.snapshot
        state = resumed_with(state, case_of(kept, state.case), settings_of(kept))
        state = replace(state, py_given=state.py_given and not kept.live)
    if keeper is not None:
        keeper.start()
        if resumed is not None:
            keeper.note(resumed.snapshot)
    code: int | None = None
    try:
        code = _consoles(make, state, preferences, replay)
    finally:
        if keeper is not None:
            keeper.close(keep=code is None or code in LOST)
    _empty_streams()
    if any(_holds_up(thread) for thread in threading.enumerate()):
        # torch cannot be stopped, and an interpreter that ends while it computes may abort: leave without it
        os._exit(code)
    return code


def _holds_up(thread: threading.Thread) -> bool:
    """Whether a thread is in the way of the end: a simulation, or a reader of a terminal that went away just now."""
    return thread.name == NAME or not (thread.daemon or thread is threading.main_thread())


def _empty_streams() -> None:
    """Write out what is still buffered; where the terminal is gone, let it go.

    The interpreter would try again at its end, fail, and change the exit code to 120.
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


def _consoles(make: Make, state: State, preferences: Preferences, replay: Replay) -> int:
    """One console after the other: where a package was chosen it is replayed, and then one comes back."""
    while True:
        app = make(state, preferences)
        code = app.run()
        if app.exporter.thread is not None:
            app.exporter.thread.join()  # a package is finished, not torn
        package = app.replaying
        if package is None:
            return app.return_code or INTERRUPTED if code is None else code
        code, message = _replayed(package, replay)
        if code > 128:  # interrupted, or the terminal is going away
            return code
        state = replace(app.state, message="")
        preferences = replace(preferences, resumed=None, package=package, message=message)


def _replayed(package: Path, replay: Replay) -> tuple[int, str]:
    """The exit code of a replay, or why there was none."""
    try:
        return replay(package), ""
    except TraceError as error:
        return 0, f"{package.name}: {error}"
