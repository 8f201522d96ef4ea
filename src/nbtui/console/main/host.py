"""Interface of the console for its screens and controllers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nbtui.console.action import KeyTable
from nbtui.console.main.jobs import Judgement
from nbtui.console.main.state import State
from nbtui.console.terminal.driver import TerminalApp

if TYPE_CHECKING:
    from nbtui.console.main.opening import CaseToOpen
    from nbtui.evidence.restore.restore import Restored
    from nbtui.live.parameters.tuning import Tuning


class Host(TerminalApp[int]):
    """The console as seen by its screens and controllers. The app's result is the exit code."""

    state: State
    reports: Path
    diagnoses: bool  # a difference is diagnosed automatically
    key_at: float  # last key press on the main screen [s, monotonic]
    judgement: Judgement
    key_tables: Sequence[KeyTable]  # of all screens, the main one first

    @abstractmethod
    def show(self, state: State) -> None:
        """Make ``state`` the current one."""

    def tell(self, sentence: str) -> None:
        """Show a sentence in the foot line of the main screen."""
        self.show(replace(self.state, message=sentence))

    @abstractmethod
    def simulate(self, *, reuse: bool = False) -> None:
        """Simulate what the state asks for; ``reuse`` the current simulation if it matches the request."""

    @abstractmethod
    def trace_pixel(self, pixel: tuple[int, int], seen: str = "") -> None:
        """Simulate another pixel (slow, fast) and show it; ``seen``: its values in the images."""

    @abstractmethod
    def export(self) -> None:
        """Write an evidence package of the current comparison."""

    @abstractmethod
    def exported(self, package: Path) -> None:
        """Verify a package that this console has written."""

    @abstractmethod
    def replay(self, package: Restored) -> None:
        """End this console and open a package."""

    @abstractmethod
    def open_case(self, case: CaseToOpen) -> None:
        """End this console and open a case; then this console returns."""

    @property
    @abstractmethod
    def returns(self) -> bool:
        """Whether this console ends only to show a package or a case, and then returns."""

    @abstractmethod
    def restored(self, state: State, *, last: bool) -> State:
        """State with the cursor of a resumed session, after a step of loading; ``last``: loading has ended."""

    @abstractmethod
    def tuning(self) -> Tuning | None:
        """Current parameter changes; empty if no parameter was changed, None without a case."""

    @abstractmethod
    def tune(self, tuning: Tuning) -> None:
        """Apply parameter changes; the simulation follows as soon as the current one has ended."""
