"""The packages screen: watches a reports root."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from nbtui.console.jobs import Failure, start
from nbtui.console.packages import pane as panes
from nbtui.console.packages import state as states
from nbtui.console.packages.actions import PACKAGES_ACTIONS
from nbtui.console.packages.jobs import Judged, Verified, Verifier, is_large, opened, outdated
from nbtui.console.packages.state import PackagesState
from nbtui.console.terminal.list_screen import ListScreen
from nbtui.console.terminal.loop import in_loop
from nbtui.console.terminal.screen import bindings
from nbtui.evidence.follow.follower import Batch
from nbtui.evidence.follow.library import Library
from nbtui.evidence.follow.watch import follow
from nbtui.evidence.history import note_of
from nbtui.evidence.read.folder import read_bytes

if TYPE_CHECKING:
    from nbtui.evidence.restore.restore import Restored

AGE_EVERY = 5.0  # s between updates of the ages
LONGEST_TEXT = 4 * 1024 * 1024  # bytes displayed of a summary
PATIENCE = 0.1  # s: longest wait of the idle reading thread for new packages


class PackagesScreen(ListScreen[PackagesState, "Restored | None"]):
    """The packages of a watched reports root. Its result is a package to open, or None if closed."""

    CSS = """
    PackagesScreen { layout: vertical; }
    PackagesScreen #p-header { height: 1; }
    PackagesScreen #p-table { height: 1fr; }
    PackagesScreen #p-trend { height: 7; }
    PackagesScreen #p-detail { height: 9; }
    PackagesScreen #p-footer { height: 1; }
    PackagesScreen.short #p-trend { display: none; }
    PackagesScreen.short #p-detail { height: 8; }
    PackagesScreen.reading #p-trend, PackagesScreen.reading #p-detail { display: none; }
    """
    ACTIONS = PACKAGES_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(PACKAGES_ACTIONS)

    def __init__(
        self, root: Path, *, poll: bool = False, shelf: PackagesState | None = None, first: bool = False
    ) -> None:
        """``shelf``: the state of an earlier visit; ``first``: the screen is the first of the program."""
        super().__init__()
        self.root, self.poll = root, poll
        self.state = replace(shelf or PackagesState(root=str(root)), seconds=time.time(), first=first)
        self._stopped = threading.Event()
        self._asked: Path | None = None  # the package of the last request to verify
        self._verifier = Verifier(in_loop(self, self.checked))
        draws = {
            "header": panes.header,
            "table": panes.table,
            "trend": panes.trend,
            "detail": panes.detail,
            "footer": panes.footer,
        }
        self.views = self.panes("p", draws)
        self.acts = {
            **self.list_acts(),
            "open": self._open,
            "replay": self._replay,
            "verify": self._verify,
            "note": self._note,
            "freeze": lambda: self.show(states.freeze(self.state)),
        }

    # --- life ----------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        news: queue.SimpleQueue[Batch] = queue.SimpleQueue()
        stopped = in_loop(self, self._stopped_early)
        start(lambda: self._follow(news), lambda nothing: None, stopped, "nbtui-follow")
        start(lambda: self._read(news), lambda nothing: None, stopped, "nbtui-read")
        self.set_interval(AGE_EVERY, lambda: self.show(replace(self.state, seconds=time.time())))

    def on_unmount(self) -> None:
        self._stopped.set()
        self._verifier.stop()

    def _follow(self, news: queue.SimpleQueue[Batch]) -> None:
        for batch in follow(self.root, self._stopped.is_set, poll=self.poll):
            news.put(batch)

    def _read(self, news: queue.SimpleQueue[Batch]) -> None:
        """Read packages until the screen closes: new ones at once, the backlog piecewise in between."""
        library = Library(self.root, (entry.package for entry in self.state.entries))
        tell = in_loop(self, self._judged)
        old = outdated(self.state.checks)
        told = 0
        while not self._stopped.is_set():
            try:
                batch = news.get(block=not library.behind, timeout=PATIENCE)
            except queue.Empty:
                if library.behind:
                    library.read_some()
                    if len(library) >= 2 * told or not library.behind:  # each report judges all packages: report rarely
                        told = len(library)
                        tell(Judged(library.entries(), library.unread, 0, None))
                continue
            library.take(batch)
            told = len(library)
            tell(Judged(library.entries(), library.unread, len(batch.added), batch, old))
            old = frozenset()
            for path in (*batch.added, *batch.changed):
                if not is_large(path):
                    in_loop(self, self._verify_soon)(path)

    def _stopped_early(self, failure: Failure) -> None:
        self.tell(f"watching has stopped: {failure.sentence}")

    def _judged(self, event: Judged) -> None:
        batch = event.batch
        state = self.state
        if batch is not None and batch.first:
            there, was = batch.root_there, batch.was_there
            state = replace(state, root_there=there, root_was_there=was, polling=batch.polling, started=True, held=None)
        changed = batch.changed if batch is not None else ()
        state = states.without_checks(state, (*changed, *event.outdated))
        state = replace(state, seconds=time.time())
        self.show(states.updated(state, event.entries, event.unread, event.arrived))

    def _verify_soon(self, path: Path, *, next: bool = False) -> None:
        """Verify a package, ``next`` or after the others; the list shows the outcome."""
        self.show(states.verifying(self.state, path))
        self._verifier.verify(path, next=next)

    def checked(self, check: Verified) -> None:
        """Show the outcome of a verification."""
        asked = check.path == self._asked
        message = f"{check.path.name}: {check.outcome}" if asked else self.state.message
        self.show(replace(states.verified(self.state, check), message=message))

    # --- keys ----------------------------------------------------------------------------------------------------

    def forget_message(self) -> None:
        self.show(states.quiet(self.state))

    def _open(self) -> None:
        entry = self.state.entry
        if entry is None or self.state.reading is not None:
            return
        package = entry.package
        raw = read_bytes(package.path / "summary.md", LONGEST_TEXT)
        if raw is None:
            self.show(replace(self.state, message=f"{package.stamp} has no readable summary.md"))
            return
        self.read(f"{package.stamp}/summary.md", raw.decode("utf-8", "replace").splitlines())

    def _replay(self) -> None:
        entry = self.state.entry
        if entry is None:
            return
        path, name = entry.package.path, entry.package.stamp
        self.tell(f"opening {name} ...")

        def failed(failure: Failure) -> None:
            self.tell(f"{name}: {failure.sentence}")

        start(lambda: opened(path), in_loop(self, self._opened), in_loop(self, failed), "nbtui-open")

    def _opened(self, package: Restored) -> None:
        if self.is_current:
            self.dismiss(package)

    def _verify(self) -> None:
        entry = self.state.entry
        if entry is None:
            return
        self._asked = entry.package.path
        self._verify_soon(self._asked, next=True)
        self.tell(f"verifying {self._asked.name} ...")

    def _note(self) -> None:
        entry = self.state.entry
        if entry is None:
            return
        self.read("note", note_of(entry).splitlines())

    def more_help(self) -> Iterable[str]:
        return ("", *panes.MARKS)
