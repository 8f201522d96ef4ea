"""What the screens and their controllers may ask of the console."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nbtui.console.action import KeyTable
from nbtui.console.main.state import State
from nbtui.console.terminal.driver import TerminalApp

if TYPE_CHECKING:
    from nbtui.live.parameters.tuning import Tuning


class Host(TerminalApp[int]):
    """The console as its screens and their controllers see it. The app's result is the exit code."""

    state: State
    reports: Path
    diagnoses: bool  # a difference is diagnosed automatically
    key_at: float  # when a key of the main screen was pressed last [s, monotonic]
    key_tables: Sequence[KeyTable]  # of all screens, the main one first
    package: Path | None  # the packages open on this one at the start: the user comes back from its replay
    message: str  # for the foot line at the start

    @abstractmethod
    def show(self, state: State) -> None:
        """Make ``state`` the one shown."""

    def tell(self, sentence: str) -> None:
        """Show a sentence in the foot line of the main screen."""
        self.show(replace(self.state, message=sentence))

    @abstractmethod
    def simulate(self, *, reuse: bool = False) -> None:
        """Simulate what the state asks for; ``reuse`` the current simulation if it matches the request."""

    @abstractmethod
    def trace_pixel(self, pixel: tuple[int, int], seen: str = "") -> None:
        """Simulate another pixel (slow, fast) and show it; ``seen`` is what the images say of it."""

    @abstractmethod
    def export(self) -> None:
        """Write an evidence package of the current comparison."""

    @abstractmethod
    def replay(self, package: Path) -> None:
        """End this console and show a package."""

    @abstractmethod
    def restored(self, state: State, *, last: bool) -> State:
        """The state with the place of a resumed session, after a step of loading; ``last``: loading has ended."""

    @abstractmethod
    def tuning(self) -> Tuning | None:
        """The parameter changes so far; none of them where no parameter was touched, None without a case."""

    @abstractmethod
    def tune(self, tuning: Tuning) -> None:
        """Take over parameter changes; they are simulated as soon as nothing else is."""
