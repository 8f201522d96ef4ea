"""The runs screen: the list of runs, the selected one, and the output of the command."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual.binding import BindingType

from nbtui.console.jobs import start
from nbtui.console.runs import pane as panes
from nbtui.console.runs import state as states
from nbtui.console.runs.actions import RUNS_ACTIONS
from nbtui.console.runs.output import LINES, LONGEST
from nbtui.console.runs.state import RunsState
from nbtui.console.terminal.list_screen import ListScreen
from nbtui.console.terminal.loop import in_loop
from nbtui.console.terminal.screen import bindings
from nbtui.runs.log_making import tail
from nbtui.runs.render import between_lines
from nbtui.runs.run_list import DIFF
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.console.main.host import Host
    from nbtui.runs.entry import RunEntry
    from nbtui.runs.known import KnownCommands
    from nbtui.runs.run_list import RunList

CLOCK = 1.0  # s between updates of the elapsed time
LARGEST_OUTPUT = 1 << 20  # bytes shown of an output or a difference


class RunnerView(Protocol):
    """The runs as seen by their screen."""

    host: Host
    entries: tuple[RunEntry, ...]  # newest first
    output: tuple[str, ...]  # of the running command
    since: float  # start of the running command [s, monotonic]

    @property
    def known(self) -> KnownCommands | None:
        """The commands of the case."""

    @property
    def runs(self) -> RunList | None:
        """The list of runs on disk."""

    def run(self) -> None:
        """Run the port."""

    def stop(self) -> None:
        """Stop the running command."""

    def toggle_loop(self) -> None:
        """Run after every change of a source, or stop doing so."""


class RunsScreen(ListScreen[RunsState, None]):
    """The runs of the case, newest first."""

    CSS = """
    RunsScreen { layout: vertical; }
    RunsScreen #r-header { height: 1; }
    RunsScreen #r-table { height: 1fr; }
    RunsScreen #r-detail { height: 9; }
    RunsScreen #r-output { height: 1fr; }
    RunsScreen #r-footer { height: 1; }
    RunsScreen.short #r-detail { height: 7; }
    RunsScreen.short #r-output { height: 1fr; }
    RunsScreen.empty #r-detail { display: none; }
    RunsScreen.reading #r-detail, RunsScreen.reading #r-output { display: none; }
    """
    ACTIONS = RUNS_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(RUNS_ACTIONS)

    def __init__(self, controller: RunnerView) -> None:
        super().__init__()
        self._controller = controller
        self._read: int | None = None  # run whose output is shown
        self.state = RunsState()
        draws = {
            "header": panes.header,
            "table": panes.table,
            "detail": panes.detail,
            "output": panes.output,
            "footer": panes.footer,
        }
        self.views = self.panes("r", draws)
        self.acts = {
            **self.list_acts(),
            "compare": self._compare,
            "run": controller.run,
            "stop": controller.stop,
            "loop": controller.toggle_loop,
            "output": self._output,
            "changes": self._changes,
            "mark": lambda: self.show(states.marked(self.state)),
        }
        self.follow()

    # --- life --------------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self.set_interval(CLOCK, self._tick)

    def _tick(self) -> None:
        if self.state.running:
            self.follow()

    def follow(self) -> None:
        """Show the present runs."""
        controller, work = self._controller, self._controller.host.state.runs
        known = controller.known
        seconds = time.monotonic() - controller.since if work.running else 0.0
        state = replace(
            self.state,
            command=known.commands.suspect if known is not None else "",
            entries=controller.entries,
            running=work.running,
            looping=work.looping,
            seconds=seconds,
        )
        if work.running:
            self._read = None
            state = replace(state, output=controller.output)
        self.show(state)

    # --- keys --------------------------------------------------------------------------------------------------------

    def _compare(self) -> None:
        entry, base, runs = self.state.entry, self.state.base, self._controller.runs
        if entry is None or base is None or runs is None or self.state.reading is not None:
            if self.state.reading is None:
                self.tell("no run before of the same pixel; b marks a run to compare with")
            return
        before, now = sorted((base, entry), key=lambda one: one.number)
        judgement, width = self._controller.host.judgement, max(80, self.size.width - 2)
        self.tell(f"comparing run {before.number} with run {now.number} ...")

        def done(lines: tuple[str, ...]) -> None:
            self.read(f"run {before.number} and run {now.number}", lines)

        start(
            lambda: between_lines(
                runs, before, now, lambda one, two, named: judgement.compare(one, two, None, named), width
            ),
            in_loop(self, done),
            in_loop(self, self.failed),
            "nbtui-between",
        )

    def _output(self) -> None:
        entry, runs = self.state.entry, self._controller.runs
        if self.state.running:
            self.read("output of the running command", self.state.output)
        elif entry is not None and runs is not None:
            text = tail(runs.output(entry.number), LARGEST_OUTPUT)
            lines = text.splitlines() or ["no output besides the log, or it was removed"]
            self.read(f"output of run {entry.number}", lines)
        else:
            self.tell("no output yet")

    def _changes(self) -> None:
        entry, runs = self.state.entry, self._controller.runs
        if entry is None or runs is None:
            self.tell("no run yet")
            return
        lines = tail(runs.files(entry.number) / DIFF, LARGEST_OUTPUT).splitlines()
        if lines:
            self.read(f"sources of run {entry.number}, changes since the run before", lines)
        else:
            self.tell("no change of the sources is kept for this run")

    # --- showing -----------------------------------------------------------------------------------------------------

    def show(self, state: RunsState) -> None:
        """Show ``state``, with the output of the selected run."""
        entry, runs = state.entry, self._controller.runs
        if not state.running and entry is not None and runs is not None and self._read != entry.number:
            self._read = entry.number
            lines = tail(runs.output(entry.number)).splitlines()[-LINES:]
            state = replace(state, output=tuple(clean(text)[:LONGEST] for text in lines))
        super().show(state)
