"""The console application: one state, its screens, and the jobs that change it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from nbtui.console import keymap
from nbtui.console.drawing import palette
from nbtui.console.main import state as states
from nbtui.console.main import stepping, tuned
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.c_runs import CRunner
from nbtui.console.main.exporting import Exporter
from nbtui.console.main.history_reading import HistoryReader
from nbtui.console.main.host import Host
from nbtui.console.main.jobs import Judgement
from nbtui.console.main.loading import Loader
from nbtui.console.main.opening import CaseToOpen
from nbtui.console.main.origin import LogOrigin
from nbtui.console.main.pair import Compared, following
from nbtui.console.main.refresh import Refresher
from nbtui.console.main.run_work import RunWork
from nbtui.console.main.screen import MainScreen
from nbtui.console.main.state import Phase, State
from nbtui.console.main.step_player import StepPlayer
from nbtui.console.packages.controller import PackagesController
from nbtui.console.runs.controller import RunsController
from nbtui.console.screens import KEY_TABLES, SCREENS
from nbtui.console.session.lifecycle import Lifecycle
from nbtui.console.session.preferences import Preferences
from nbtui.console.sweeps.controller import SweepsController, SweepsShelf
from nbtui.console.terminal.loop import in_loop
from nbtui.console.terminal.screen import bindings_everywhere
from nbtui.console.terminal.widgets import PaneView
from nbtui.live.model import Case, Settings
from nbtui.live.parameters.tuning import Tuning
from nbtui.setting_table import THEMES
from nbtui.trace.model import Trace

if TYPE_CHECKING:
    from nbtui.console.packages.state import PackagesState
    from nbtui.evidence.restore.restore import Restored
    from nbtui.runs.known import KnownCommands


@dataclass(frozen=True)
class Shelf:
    """What a console leaves for the one that returns after a package or a case: both lists, and the screen to open."""

    packages: PackagesState | None = None
    sweeps: SweepsShelf | None = None
    opens: str = ""  # id of a main-screen action


class Console(Host):
    """The app. Its result is the exit code."""

    CSS_PATH = "console.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_everywhere(ACTIONS)

    def __init__(
        self,
        state: State,
        judgement: Judgement,
        reports: Path,
        preferences: Preferences | None = None,
        shelf: Shelf | None = None,
    ) -> None:
        """``shelf``: of the console before, after a package or a case was open."""
        super().__init__()
        chosen = preferences or Preferences()
        self.state, self.reports, self.judgement = state, reports, judgement
        self.diagnoses = chosen.diagnose
        self.key_at = 0.0
        self.key_tables = KEY_TABLES
        self.mouse = chosen.mouse
        self.replaying: Restored | CaseToOpen | None = None  # to open after this console ends
        self.lifecycle = Lifecycle(chosen)
        self.loader = Loader(self, judgement)
        self.refresher = Refresher(self, judgement, self.loader.new_work)
        self.exporter = Exporter(self, judgement, chosen.sign)
        self.history = HistoryReader(self)
        self.c_runner = CRunner(self, judgement)
        self.player = StepPlayer(self)
        self.start_tuning = tuned.at_start(state)
        self.controllers = {row.opened_by: row.controller(self) for row in SCREENS if row.controller is not None}
        self.returning = shelf or Shelf()
        self.packages = self.controllers["packages"] = PackagesController(self, self.returning.packages)
        self.sweeps = self.controllers["sweeps"] = SweepsController(self, self.returning.sweeps)
        self.runs = self.controllers["runs"] = RunsController(self)
        self.main = MainScreen(self, self._actions())

    def get_default_screen(self) -> MainScreen:
        return self.main

    def _actions(self) -> Mapping[str, Callable[[], None]]:
        """Main-screen actions that involve other screens or jobs, by id."""
        return {
            "pair": self._next_pair,
            "run": self._run,
            "loop": self.runs.toggle_loop,
            "play": self.player.play,
            "freeze": self.refresher.freeze,
            "reload": self.refresher.reload,
            "close": self._close,
            **{id: controller.open for id, controller in self.controllers.items()},
            **self.everywhere(),
        }

    # --- life ----------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self.set_keymap(keymap.for_textual())
        self.turn_mouse(self.mouse)
        self.lifecycle.begin(self.tell, in_loop(self, self.tell))
        if self.returning.opens:
            self.main.attempt(self.controllers[self.returning.opens].open)
        self.refresher.begin()
        self.main.attempt(self.runs.begin)
        self.call_after_refresh(self.loader.begin)

    def on_unmount(self) -> None:
        self.refresher.close()
        for controller in self.controllers.values():
            controller.close()

    # --- requests of screens and jobs -----------------------------------------------------------------------------

    def show(self, state: State) -> None:
        due = tuned.due(state)
        before, self.state = self.state, self.main.fitted(self.state, tuned.asked(state) if due else state)
        if state.phase is Phase.READY and self.main.shows_history:
            self.history.read()
        if (before.pane, before.zoomed) != (state.pane, state.zoomed):
            self.main.choose_layout()
        if self.main.is_mounted:
            self.main.update()
        self.lifecycle.note(self.state)
        if due:
            self.simulate()
        for controller in self.controllers.values():
            controller.follow()
        self.refresher.follow()

    def simulate(self, *, reuse: bool = False) -> None:
        self.loader.simulate(reuse=reuse)

    def trace_pixel(self, pixel: tuple[int, int], seen: str = "") -> None:
        if not self.state.can_simulate:
            self.tell(stepping.stepping_off(self.state))
            return
        self.show(states.at_pixel(self.state, pixel, seen))
        self.simulate()

    def export(self) -> None:
        self.exporter.export()

    def exported(self, package: Path) -> None:
        self.packages.written(package)

    def replay(self, package: Restored) -> None:
        self.replaying = package
        self.exit(0)

    def open_case(self, case: CaseToOpen) -> None:
        self.replaying = case
        self.exit(0)

    @property
    def returns(self) -> bool:
        return self.replaying is not None

    @property
    def shelf(self) -> Shelf:
        """For the console that returns after ``replaying``."""
        opens = "sweeps" if isinstance(self.replaying, CaseToOpen) else "packages"
        return Shelf(self.packages.shelf, self.sweeps.shelf, opens)

    def restored(self, state: State, *, last: bool) -> State:
        return self.lifecycle.restored(state, last=last)

    def tuning(self) -> Tuning | None:
        return tuned.current(replace(self.state, tuning=self.state.tuning or self.start_tuning))

    def tune(self, tuning: Tuning) -> None:
        self.show(replace(self.state, tuning=tuning))

    # --- actions -------------------------------------------------------------------------------------------------

    def everywhere(self) -> Mapping[str, Callable[[], None]]:
        return {**super().everywhere(), "mouse": self._turn_mouse, "theme": self._next_theme}

    def _close(self) -> None:
        if self.state.busy and not self.state.zoomed:
            self.loader.stop()
            self.show(states.stopped(self.state, f"stopped; {ACTIONS.key('reload')} begins again"))
        elif self.state.opened and self.state.pane == "fields" and not self.state.zoomed and not self.state.path:
            self.exit(states.exit_code(self.state))
        else:
            self.show(replace(self.state, pane="fields", zoomed=False, path=()))

    def _next_pair(self) -> None:
        shown = following(self.state.shown, self.state.possible)
        if shown is self.state.shown:
            self.tell("only these two sides are here")
        else:
            self.loader.show_pair(shown)

    def _run(self) -> None:
        """Run what the case knows: the port, else the C program."""
        (self.runs.run if self.state.runs.known is not None else self.c_runner.run)()

    def _turn_mouse(self) -> None:
        self.mouse = not self.mouse
        self.turn_mouse(self.mouse)
        self.tell("mouse on: clicks move the cursor" if self.mouse else "mouse off: the terminal selects text")

    def _next_theme(self) -> None:
        theme = THEMES[(THEMES.index(palette.theme()) + 1) % len(THEMES)]
        palette.choose(theme)
        for screen in self.screen_stack:
            for view in screen.query(PaneView):
                view.refresh()
        self.tell(f'theme {theme}; to keep it: theme = "{theme}" in nbtui.toml')


def initial(
    case: Case | None,
    settings: Settings,
    c_trace: Trace | None,
    suspect: Trace | None,
    judgement: Judgement,
    logs: tuple[Path | None, Path] | None = None,
    package: Restored | None = None,
    origin: LogOrigin | None = None,
    known: KnownCommands | None = None,
    *,
    returns: bool = False,
) -> State:
    """The initial state; two given traces are compared at once, ``logs`` are read later.

    ``package``: the origin of case and traces; ``origin``: that of the user's log; ``returns``: the console before
    returns when this one is left.
    """
    name = case.name if case else ""
    if package is not None:
        name = f"{package.package.stamp} {package.package.case}".strip()
    if not name and c_trace is not None and suspect is not None:
        name = f"{Path(c_trace.origin).name} | {Path(suspect.origin).name}"
    if not name and logs is not None:
        name = " | ".join(path.name for path in logs if path is not None)
    start = State(
        settings=settings,
        case=case,
        name=name,
        c_trace=c_trace,
        suspect=suspect,
        logs=logs,
        origin=origin or LogOrigin(),
        runs=RunWork(known),
        obstacle=package.obstacle if package is not None else "",
        opened=returns or package is not None,
        shown=Compared.REFERENCE_LIVE if suspect is None and logs is None else Compared.REFERENCE_LOG,
    )
    if c_trace is None or suspect is None:
        return start
    return states.compared(start, judgement.compare(c_trace, suspect, named=start.named))
