"""The runs screen: the list of runs, the selected one, and the output of the command."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType

from nbtui.console.drawing.line import Line
from nbtui.console.drawing.open_text import OpenText
from nbtui.console.jobs import start
from nbtui.console.runs import pane as panes
from nbtui.console.runs import state as states
from nbtui.console.runs.actions import RUNS_ACTIONS
from nbtui.console.runs.output import LINES, LONGEST
from nbtui.console.runs.state import RunsState
from nbtui.console.terminal.loop import in_loop
from nbtui.console.terminal.screen import ActionScreen, bindings
from nbtui.console.terminal.widgets import PaneView
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


class RunsScreen(ActionScreen[None]):
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
    RunsScreen.reading #r-detail, RunsScreen.reading #r-output { display: none; }
    """
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
        self.views = {name: PaneView(self._drawing(draw), f"r-{name}") for name, draw in draws.items()}
        self.acts = {
            "compare": self._compare,
            "run": controller.run,
            "stop": controller.stop,
            "loop": controller.toggle_loop,
            "output": self._output,
            "changes": self._changes,
            "mark": lambda: self.show(states.marked(self.state)),
            "up": lambda: self._move(-1),
            "down": lambda: self._move(1),
            "page_up": lambda: self._move(-self._rows()),
            "page_down": lambda: self._move(self._rows()),
            "first": lambda: self._move(-(10**9)),
            "last": lambda: self._move(10**9),
            "left": lambda: self.show(states.shifted(self.state, -20)),
            "right": lambda: self.show(states.shifted(self.state, 20)),
            "help": self._help,
            "close": self._close,
        }
        self.follow()

    # --- life --------------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield from self.views.values()

    def on_mount(self) -> None:
        self.set_interval(CLOCK, self._tick)

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.height < 30, "short")

    def resized(self) -> None:
        self.show(self.state)

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

    def tell(self, sentence: str) -> None:
        self.show(replace(self.state, message=sentence))

    def forget_message(self) -> None:
        self.show(replace(self.state, message=""))

    def wheel(self, lines: int) -> None:
        self._move(lines)

    def _move(self, by: int) -> None:
        self.show(states.moved(self.state, by, self._rows()))

    def _rows(self) -> int:
        return panes.rows_in(self.views["table"].size.height)

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
            self._text(f"run {before.number} and run {now.number}", lines)

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
            self._text("output of the running command", self.state.output)
        elif entry is not None and runs is not None:
            text = tail(runs.output(entry.number), LARGEST_OUTPUT)
            self._text(f"output of run {entry.number}", text.splitlines() or ["nothing but the log, or removed"])
        else:
            self.tell("no output yet")

    def _changes(self) -> None:
        entry, runs = self.state.entry, self._controller.runs
        if entry is None or runs is None:
            self.tell("no run yet")
            return
        lines = tail(runs.files(entry.number) / DIFF, LARGEST_OUTPUT).splitlines()
        if lines:
            self._text(f"sources of run {entry.number}, changes since the run before", lines)
        else:
            self.tell("no change of the sources is kept for this run")

    def _text(self, title: str, lines: tuple[str, ...] | list[str]) -> None:
        shown = tuple(clean(text) for text in lines)
        self.show(replace(self.state, reading=OpenText(title, shown), message=""))

    def _help(self) -> None:
        self._text("keys", [f"{entry.shown:10} {entry.help}" for entry in RUNS_ACTIONS])

    def _close(self) -> None:
        if self.state.reading is not None:
            self.show(replace(self.state, reading=None))
        else:
            self.dismiss(None)

    # --- showing -----------------------------------------------------------------------------------------------------

    def show(self, state: RunsState) -> None:
        """Show ``state``, with the output of the selected run."""
        reading = state.reading is not None
        if reading != (self.state.reading is not None):
            self.set_class(reading, "reading")
        entry, runs = state.entry, self._controller.runs
        if not state.running and entry is not None and runs is not None and self._read != entry.number:
            self._read = entry.number
            lines = tail(runs.output(entry.number)).splitlines()[-LINES:]
            state = replace(state, output=tuple(clean(text)[:LONGEST] for text in lines))
        self.state = state if reading else states.in_view(state, self._rows())
        for view in self.views.values():
            if view.display:
                view.update()

    def _drawing(self, draw: Callable[[RunsState, int, int], list[Line]]) -> Callable[[int, int], list[Line]]:
        return lambda width, height: draw(self.state, width, height)
