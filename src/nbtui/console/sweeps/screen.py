"""The sweeps screen: a sweep as it grows, its findings first, then flags against findings."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual.binding import BindingType

from nbtui.console.jobs import Failure, start
from nbtui.console.main.opening import CaseToOpen
from nbtui.console.sweeps import pane as panes
from nbtui.console.sweeps import state as states
from nbtui.console.sweeps.actions import SWEEPS_ACTIONS
from nbtui.console.sweeps.state import SweepsState
from nbtui.console.terminal.list_screen import ListScreen
from nbtui.console.terminal.loop import in_loop
from nbtui.console.terminal.screen import bindings
from nbtui.sweep.follow import REFUSED, SweepFolders, SweepSeen

if TYPE_CHECKING:
    from nbtui.sweep.findings import SweepFinding

EVERY = 1.0  # s between two looks
SHARE = 10.0  # looks take at most one part in this many of the time
CLOCK = 5.0  # s between updates of the ages


@dataclass(frozen=True, eq=False)
class Looked:
    """All sweeps at one moment."""

    sweeps: tuple[SweepSeen, ...]


class HuntsView(Protocol):
    """The hunts as seen by their screen."""

    @property
    def command(self) -> str:
        """Text of the port's command; empty without one."""

    @property
    def running(self) -> Path | None:
        """Folder of the running hunt."""

    @property
    def places(self) -> tuple[Path, ...]:
        """Where sweeps are looked for."""

    def hunt(self, sweep: SweepSeen | None) -> Path:
        """Start a hunt, or go on with that of ``sweep``; its folder."""

    def stop(self) -> None:
        """Stop the running hunt."""

    def case_of(self, sweep: SweepSeen, finding: SweepFinding) -> CaseToOpen:
        """The case of a finding. Raises UnusableInput."""


class SweepsScreen(ListScreen[SweepsState, CaseToOpen | None]):
    """The sweeps of the current folder, the reports folder and the case. Its result is a case to open, or None."""

    CSS = """
    SweepsScreen { layout: vertical; }
    SweepsScreen #s-header { height: 3; }
    SweepsScreen #s-sweeps { height: 2; display: none; }
    SweepsScreen #s-table { height: 1fr; }
    SweepsScreen #s-detail { height: 8; }
    SweepsScreen #s-matrix { height: 1fr; }
    SweepsScreen #s-footer { height: 1; }
    SweepsScreen.short #s-detail { height: 6; }
    SweepsScreen.empty #s-detail { display: none; }
    SweepsScreen.reading #s-detail, SweepsScreen.reading #s-matrix { display: none; }
    """
    ACTIONS = SWEEPS_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(SWEEPS_ACTIONS)

    def __init__(self, controller: HuntsView, folder: Path | None = None, group: str | None = None) -> None:
        """``folder``, ``group``: the sweep and the finding to select."""
        super().__init__()
        self._controller = controller
        self._stopped = threading.Event()
        self._wake = threading.Event()
        self.state = SweepsState(
            command=controller.command,
            folder=folder or controller.running,
            group=group,
            running=controller.running,
            seconds=time.time(),
        )
        draws = {
            "header": panes.header,
            "sweeps": panes.sweeps,
            "table": panes.table,
            "detail": panes.detail,
            "matrix": panes.matrix,
            "footer": panes.footer,
        }
        self.views = self.panes("s", draws)
        self.acts = {
            **self.list_acts(),
            "open_case": self._open,
            "hunt": self._hunt,
            "stop": self._stop,
            "matrix": lambda: self._read_or_tell("flags and findings", panes.matrix_text(self.state), "no matrix yet"),
            "rows": lambda: self._read_or_tell("command lines", panes.rows_text(self.state), "no finding yet"),
            "copy": self._copy,
            "next": lambda: self.show(states.turned(self.state, 1)),
            "previous": lambda: self.show(states.turned(self.state, -1)),
        }

    # --- life --------------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        start(self._follow, lambda nothing: None, in_loop(self, self._lost), "nbtui-sweeps")
        self.set_interval(CLOCK, lambda: self.show(replace(self.state, seconds=time.time())))

    def on_unmount(self) -> None:
        self._stopped.set()
        self._wake.set()

    def _follow(self) -> None:
        """Look at the folders until the screen closes; a look without news tells nothing."""
        folders, tell = SweepFolders(self._controller.places), in_loop(self, self._looked)
        before: tuple[SweepSeen, ...] | None = None
        while not self._stopped.is_set():
            began = time.monotonic()
            self._wake.clear()
            seen = folders.look()
            if before is None or [id(one) for one in seen] != [id(one) for one in before]:
                before = seen
                tell(Looked(seen))
            if not any(one.behind for one in seen):
                self._wake.wait(max(EVERY, SHARE * (time.monotonic() - began)))

    def _lost(self, failure: Failure) -> None:
        self.tell(f"following the sweeps has stopped: {failure.sentence}")

    def _looked(self, event: Looked) -> None:
        self.show(states.looked(self._present(), event.sweeps, time.time()))

    def _present(self) -> SweepsState:
        before, running = self.state, self._controller.running
        ended = before.ended if running is not None or before.running is None else before.running
        return replace(before, running=running, ended=ended)

    def follow(self) -> None:
        """Show a hunt that has started or ended."""
        self._wake.set()
        self.show(self._present())

    # --- keys --------------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        sweep, one = self.state.sweep, self.state.finding
        if self.state.reading is not None:
            return
        if sweep is None or one is None:
            self.tell("no finding to open yet")
            return
        if one.group == REFUSED:
            self.read("command lines that the port refuses", panes.rows_text(self.state))
        else:
            self.dismiss(self._controller.case_of(sweep, one))

    def _hunt(self) -> None:
        folder = self._controller.hunt(self.state.sweep)
        self.show(states.chosen(replace(self._present(), reading=None), folder))
        self._wake.set()

    def _stop(self) -> None:
        if self.state.reading is not None or self._controller.running is None:
            self.close()
            return
        self.tell("stopping the hunt ...")
        self._controller.stop()

    def _copy(self) -> None:
        sweep, one = self.state.sweep, self.state.finding
        if sweep is None or one is None:
            self.tell("no finding yet")
        else:
            self.copy_to_terminal(panes.smallest_command(sweep, one))

    def _read_or_tell(self, title: str, lines: list[str], otherwise: str) -> None:
        if lines:
            self.read(title, lines)
        else:
            self.tell(otherwise)

    # --- showing -----------------------------------------------------------------------------------------------------

    def show(self, state: SweepsState) -> None:
        """Show ``state``; the list of sweeps takes lines only where there are several."""
        lines, view = panes.sweeps_lines(state), self.views["sweeps"]
        if panes.sweeps_lines(self.state) != lines:
            view.display = lines > 0
            view.styles.height = lines
        super().show(state)
