"""Controller of runs: runs the port on request and after changes of its sources, and opens the runs screen."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from nbtui.console.jobs import Failure, start
from nbtui.console.main import state as states
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.cause_summary import current
from nbtui.console.main.run_work import NO_COMMAND
from nbtui.console.main.screen_controller import ScreenController
from nbtui.console.main.state import Phase
from nbtui.console.runs.output import OutputTail
from nbtui.console.terminal.loop import in_loop
from nbtui.errors import NbtuiError

if TYPE_CHECKING:
    from nbtui.console.main.host import Host
    from nbtui.console.runs.screen import RunsScreen
    from nbtui.runs.entry import RunEntry
    from nbtui.runs.known import KnownCommands
    from nbtui.runs.perform import Performed
    from nbtui.runs.run_list import RunList
    from nbtui.trace.model import Trace

THREAD = "nbtui-run"
_CLOSING = 5.0  # s, more than a command takes to end, that the end of the console waits for the end of a command


class RunsController(ScreenController):
    """Runs the port in a thread, one run at a time; follows its sources; keeps the list of runs."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.entries: tuple[RunEntry, ...] = ()  # newest first
        self.output: tuple[str, ...] = ()  # of the running command
        self.since = 0.0  # start of the running command [s, monotonic]
        self._screen: RunsScreen | None = None
        self._cancel = threading.Event()
        self._thread: threading.Thread | None = None
        self._again = False  # a source changed during the run
        self._waiting: Performed | None = None  # a run to show once the main screen rests
        self._shown: tuple[Trace, int] | None = None  # log on the main screen, and the number of its run
        self._following = threading.Event()  # set: stop following the sources

    # --- life --------------------------------------------------------------------------------------------------------

    @property
    def known(self) -> KnownCommands | None:
        """The commands of the case."""
        return self.host.state.runs.known

    @property
    def runs(self) -> RunList | None:
        """The list of runs on disk."""
        if self.known is None:
            return None
        from nbtui.runs.run_list import run_list  # deferred past the first paint, as is the next

        return run_list(self.known)

    def begin(self) -> None:
        """Read the list of runs, and start the loop where the settings say so."""
        if self.known is None or self.runs is None:
            return
        self.entries = self.runs.entries()[::-1]
        if self.known.commands.loop:
            self.toggle_loop()

    def close(self) -> None:
        """Stop the running command, and wait for its end: nothing of it outlives the console."""
        self._following.set()
        self._cancel.set()
        if self._thread is not None:
            self._thread.join(_CLOSING)

    def open(self) -> None:
        from nbtui.console.runs.screen import RunsScreen  # deferred past the first paint

        if self.runs is not None and not self.host.state.runs.running:  # another nbtui may have added some
            self.entries = self.runs.entries()[::-1]
        self._screen = RunsScreen(self)
        self.host.push_screen(self._screen, self._left)

    def _left(self, result: None) -> None:
        self._screen = None

    def follow(self) -> None:
        """Show a finished run once the main screen rests, and keep the cause that the diagnosis has found."""
        now = self.host.state
        if self._waiting is not None and now.phase in (Phase.READY, Phase.FAILED):
            done, self._waiting = self._waiting, None
            self._show(done)
            return
        found = current(now)
        if found is not None and self._shown is not None and found.py is self._shown[0]:
            number, self._shown = self._shown[1], None
            self._add_cause(number, found.diagnosis.headline())

    # --- runs --------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Run the port on the current pixel."""
        now, known, runs = self.host.state, self.known, self.runs
        if known is None or runs is None or now.case is None or now.pixel is None:
            self.tell(NO_COMMAND)
            return
        if now.runs.running:
            self.tell("the port is running")
            return
        from nbtui.runs.log_making import RunStopped
        from nbtui.runs.perform import perform
        from nbtui.runs.reference import Reference

        case = replace(now.tuning.case if now.tuning is not None else now.case, pixel=now.pixel)
        wanted = replace(known, case=case)
        given = None
        if now.c_here is not None and not now.c_here.simulated and not known.commands.reference:
            given = Reference(now.c_here, now.c_here.origin)
        cancel, tail = threading.Event(), OutputTail(in_loop(self.host, self._heard))
        self._cancel, self._again, self.output, self.since = cancel, False, (), time.monotonic()
        judgement, settings, say = self.host.judgement, now.settings, in_loop(self.host, self.tell)

        def job() -> Performed | None:
            try:
                return perform(
                    wanted,
                    runs,
                    settings,
                    judgement.compare,
                    heard=tail.heard,
                    say=say,
                    cancel=cancel,
                    reference=given,
                )
            except RunStopped:
                return None

        message = f"the port is running; {ACTIONS.key('runs')} shows its output"
        self.host.show(replace(now, runs=replace(now.runs, running=True), message=message))
        self._thread = start(job, in_loop(self.host, self._done), in_loop(self.host, self._failed), THREAD)
        self._update()

    def stop(self) -> None:
        """Stop the running command."""
        self.tell("stopping the command" if self.host.state.runs.running else "no command is running")
        self._cancel.set()

    def _heard(self, lines: tuple[str, ...]) -> None:
        self.output = lines
        self._update()

    def _done(self, done: Performed | None) -> None:
        self._ended("stopped" if done is None and not self._again else "")
        if done is not None and self.runs is not None:
            self.entries = self.runs.entries()[::-1]
            self._waiting = done
            self.follow()
        self._update()
        if self._again:
            self.run()

    def _failed(self, failure: Failure) -> None:
        self._ended(f"no run: {failure.sentence}")
        self._update()
        if self._again:
            self.run()

    def _ended(self, message: str) -> None:
        now = self.host.state
        self.host.show(replace(now, runs=replace(now.runs, running=False)))
        if message:
            self.tell(message)

    def _show(self, done: Performed) -> None:
        known = self.known
        if known is None:
            return
        from nbtui.console.runs.arrival import arrived

        before = self.host.state
        after = arrived(before, known, done)
        self.host.show(after)
        if self._screen is not None:
            self._screen.tell(after.message)
        if after.suspect is not before.suspect and after.suspect is not None:
            self._shown = after.suspect, done.entry.number
            self.host.show(states.asked(after, after.settings))
            self.host.simulate(reuse=True)

    def _add_cause(self, number: int, cause: str) -> None:
        if self.runs is None:
            return
        try:
            self.runs.add_cause(number, cause)
        except NbtuiError as error:
            self.tell(str(error))
            return
        self.entries = tuple(replace(one, cause=cause) if one.number == number else one for one in self.entries)
        self._update()

    # --- the loop ----------------------------------------------------------------------------------------------------

    def toggle_loop(self) -> None:
        """Run now and after every change of a source, or stop doing so."""
        now, known = self.host.state, self.known
        if known is None:
            self.tell(NO_COMMAND)
            return
        if now.runs.looping:
            self._following.set()
            self.host.show(replace(now, runs=replace(now.runs, looping=False)))
            self.tell("loop off")
            return
        from nbtui.runs.follow import source_changes
        from nbtui.runs.loop import check_sources

        count = check_sources(known)
        self._following = threading.Event()
        changed, failed = in_loop(self.host, self._changed), in_loop(self.host, partial(self._lost, self._following))
        ended = self._following

        def job() -> None:
            for names in source_changes(known.sources, known.sources_base, ended.is_set):
                changed(names)

        start(job, lambda nothing: None, failed, "nbtui-sources")
        self.host.show(replace(now, runs=replace(now.runs, looping=True)))
        if not now.runs.running:
            self.run()
        self.tell(f"loop on: the port runs after every change of {count} source file{'s' * (count != 1)}")

    def _changed(self, names: frozenset[str]) -> None:
        if not self.host.state.runs.looping:
            return
        if self.host.state.runs.running:
            self._again = True
            self._cancel.set()
        else:
            self.run()

    def _lost(self, following: threading.Event, failure: Failure) -> None:
        if following.is_set():
            return
        now = self.host.state
        self.host.show(replace(now, runs=replace(now.runs, looping=False)))
        self.tell(f"loop off: {failure.sentence}")

    # --- showing -----------------------------------------------------------------------------------------------------

    def tell(self, sentence: str) -> None:
        """Show a sentence on the main screen, and on the runs screen where that is open."""
        self.host.tell(sentence)
        if self._screen is not None:
            self._screen.tell(sentence)

    def _update(self) -> None:
        if self._screen is not None:
            self._screen.follow()
