"""The packages screen: a reports root that is watched, and the program ``nbtui watch`` around it."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from nbtui.console.drawing.line import Line
from nbtui.console.jobs import Failure, start
from nbtui.console.keymap import for_textual
from nbtui.console.main.actions import ACTIONS
from nbtui.console.packages import pane as panes
from nbtui.console.packages import state as moves
from nbtui.console.packages.actions import PACKAGES_ACTIONS
from nbtui.console.packages.state import OpenText, PackagesState
from nbtui.console.terminal.driver import TerminalApp
from nbtui.console.terminal.screen import Page
from nbtui.console.terminal.widgets import PaneView
from nbtui.errors import INTERRUPTED
from nbtui.evidence.follow.follower import Batch
from nbtui.evidence.follow.library import Library
from nbtui.evidence.follow.watch import follow
from nbtui.evidence.history import Entry, note_of
from nbtui.evidence.read.folder import read_bytes
from nbtui.evidence.read.package import python_logs
from nbtui.trace.text import clean

AGE_EVERY = 5.0  # s between looks at the clock
LONGEST_TEXT = 4 * 1024 * 1024  # bytes of a summary that are shown
PATIENCE = 0.1  # s that the reading thread waits for news when it has nothing to read


class Judged(Message):
    """The reading thread has news."""

    def __init__(self, entries: tuple[Entry, ...], unread: int, arrived: int, batch: Batch | None) -> None:
        self.entries, self.unread, self.arrived, self.batch = entries, unread, arrived, batch
        super().__init__()


class Verified(Message):
    """A verification has ended."""

    def __init__(self, path: Path, outcome: str) -> None:
        self.path, self.outcome = path, outcome
        super().__init__()


class Trouble(Message):
    """A thread of the screen has failed."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__()


class PackagesScreen(Page["Path | None"]):
    """Its result is a package to replay, or None when it was closed. Modal: other screens' keys mean nothing here."""

    CSS = """
    PackagesScreen { layout: vertical; }
    PackagesScreen #p-header { height: 1; }
    PackagesScreen #p-table { height: 1fr; }
    PackagesScreen #p-trend { height: 7; }
    PackagesScreen #p-detail { height: 8; }
    PackagesScreen #p-footer { height: 1; }
    PackagesScreen.short #p-trend { display: none; }
    PackagesScreen.reading #p-trend, PackagesScreen.reading #p-detail { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(entry.keys), f"packages('{entry.id}')", entry.help, show=False, id=f"packages.{entry.id}")
        for entry in PACKAGES_ACTIONS
    ]

    def __init__(self, root: Path, *, poll: bool = False, selected: Path | None = None, message: str = "") -> None:
        super().__init__()
        self.root, self.poll = root, poll
        self.shelf = PackagesState(root=str(root), selected=selected, seconds=time.time(), message=message)
        self._stopped = threading.Event()
        draws = {
            "header": panes.header,
            "table": panes.table,
            "trend": panes.trend,
            "detail": panes.detail,
            "footer": panes.footer,
        }
        self.views = {name: PaneView(self._drawing(draw), f"p-{name}") for name, draw in draws.items()}
        self._acts: dict[str, Callable[[], None]] = {
            "up": lambda: self._move(-1),
            "down": lambda: self._move(1),
            "page_up": lambda: self._move(-self._rows()),
            "page_down": lambda: self._move(self._rows()),
            "first": lambda: self._move(-(10**9)),
            "last": lambda: self._move(10**9),
            "left": lambda: self.show(moves.shifted(self.shelf, -20)),
            "right": lambda: self.show(moves.shifted(self.shelf, 20)),
            "open": self._open,
            "replay": self._replay,
            "verify": self._verify,
            "note": self._note,
            "freeze": lambda: self.show(moves.freeze(self.shelf)),
            "help": self._help,
            "close": self._close,
            "interrupt": lambda: self.app.exit(INTERRUPTED),
        }

    # --- life ----------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield from self.views.values()

    def on_mount(self) -> None:
        news: queue.SimpleQueue[Batch] = queue.SimpleQueue()
        start(lambda: self._follow(news), self._stopped_early, "nbtui-follow")
        start(lambda: self._read(news), self._stopped_early, "nbtui-read")
        self.set_interval(AGE_EVERY, lambda: self.show(replace(self.shelf, seconds=time.time())))

    def on_unmount(self) -> None:
        self._stopped.set()

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.height < 30, "short")

    def on_pane_view_resized(self) -> None:
        self.show(self.shelf)

    def _follow(self, news: queue.SimpleQueue[Batch]) -> None:
        for batch in follow(self.root, self._stopped.is_set, poll=self.poll):
            news.put(batch)

    def _read(self, news: queue.SimpleQueue[Batch]) -> None:
        """Read packages until the screen ends: news at once, the backlog piece by piece in between."""
        library = Library()
        told = 0
        while not self._stopped.is_set():
            try:
                batch = news.get(block=not library.unread, timeout=PATIENCE)
            except queue.Empty:
                if library.unread:
                    library.read_some()
                    if len(library) >= 2 * told or not library.unread:  # every telling judges all: tell rarely
                        told = len(library)
                        self._tell(Judged(library.entries(), library.unread, 0, None))
                continue
            library.take(batch)
            told = len(library)
            self._tell(Judged(library.entries(), library.unread, len(batch.added), batch))

    def _tell(self, message: Message) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is interested any more
            self.post_message(message)

    def _stopped_early(self, result: object) -> None:
        if isinstance(result, Failure):
            self._tell(Trouble(f"watching has stopped: {result.sentence}"))

    def on_trouble(self, message: Trouble) -> None:
        self.show(replace(self.shelf, message=message.sentence))

    def on_judged(self, message: Judged) -> None:
        batch = message.batch
        shelf = self.shelf
        if batch is not None and batch.first:
            shelf = replace(shelf, root_there=batch.root_there, polling=batch.polling, started=True, held=None)
        if batch is not None and batch.changed:  # an old verification does not hold for a changed package
            kept = {path: outcome for path, outcome in shelf.checks.items() if path not in batch.changed}
            shelf = replace(shelf, checks=kept)
        shelf = replace(shelf, seconds=time.time())
        self.show(moves.updated(shelf, message.entries, message.unread, message.arrived))

    def on_verified(self, message: Verified) -> None:
        checks = {**self.shelf.checks, message.path: message.outcome}
        self.show(replace(self.shelf, checks=checks, message=f"{message.path.name}: {message.outcome}"))

    # --- keys ----------------------------------------------------------------------------------------------------

    def action_packages(self, name: str) -> None:
        """Do the action of this name (see `packages_actions`)."""
        self.shelf = moves.quiet(self.shelf)
        self._acts[name]()
        self.show(self.shelf)

    def _move(self, by: int) -> None:
        self.show(moves.moved(self.shelf, by, self._rows()))

    def _rows(self) -> int:
        return panes.rows_in(self.views["table"].size.height)

    def _open(self) -> None:
        entry = self.shelf.entry
        if entry is None or self.shelf.reading is not None:
            return
        package = entry.package
        raw = read_bytes(package.path / "summary.md", LONGEST_TEXT)
        if raw is None:
            self.show(replace(self.shelf, message=f"{package.stamp} has no summary.md that can be shown"))
            return
        lines = tuple(clean(text) for text in raw.decode("utf-8", "replace").splitlines())
        self.show(replace(self.shelf, reading=OpenText(clean(f"{package.stamp}/summary.md"), lines)))

    def _replay(self) -> None:
        entry = self.shelf.entry
        if entry is None:
            return
        if "trace_c.log" not in entry.package.files or not python_logs(list(entry.package.files)):
            self.show(replace(self.shelf, message="this package lacks one of the two logs: there is nothing to replay"))
            return
        self.dismiss(entry.package.path)

    def _verify(self) -> None:
        entry = self.shelf.entry
        if entry is None:
            return
        path = entry.package.path
        self.show(replace(self.shelf, message=f"verifying {path.name} ..."))

        def job() -> object:
            from nbtui.evidence.check.verify import verify  # slow to import, and not needed to watch

            outcome = verify(path)
            wrong = [f"{one.file} {one.what}" for one in outcome.findings if one.fatal]
            return f"! FAILED: {'; '.join(wrong)}" if wrong else "verified" + " (old format)" * outcome.old

        def done(result: object) -> None:
            self._tell(Verified(path, f"! {result.sentence}" if isinstance(result, Failure) else str(result)))

        start(job, done, "nbtui-verify")

    def _note(self) -> None:
        entry = self.shelf.entry
        if entry is None:
            return
        lines = note_of(entry).splitlines()
        self.show(replace(self.shelf, reading=OpenText("note", tuple(clean(text) for text in lines))))

    def _help(self) -> None:
        lines = tuple(f"{entry.shown:10} {entry.help}" for entry in PACKAGES_ACTIONS)
        self.show(replace(self.shelf, reading=OpenText("keys", lines)))

    def _close(self) -> None:
        if self.shelf.reading is not None:
            self.show(replace(self.shelf, reading=None))
        else:
            self.dismiss(None)

    # --- showing -------------------------------------------------------------------------------------------------

    def show(self, shelf: PackagesState) -> None:
        """Make ``shelf`` the one that is shown."""
        reading = shelf.reading is not None
        if reading != (self.shelf.reading is not None):
            self.set_class(reading, "reading")
        self.shelf = shelf if reading else moves.in_view(shelf, self._rows())
        for view in self.views.values():
            if view.display:
                view.update()

    def _drawing(self, draw: Callable[[PackagesState, int, int], list[Line]]) -> Callable[[int, int], list[Line]]:
        return lambda width, height: draw(self.shelf, width, height)


class Watch(TerminalApp["int | Path"]):
    """The packages screen as a program. Its result is an exit code, or a package to replay."""

    CSS = """
    Screen { background: ansi_default; color: ansi_default; overflow: hidden; }
    PaneView { background: ansi_default; color: ansi_default; width: 1fr; height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(entry.keys), f"app.{entry.id}", entry.help, show=False, id=entry.id, priority=True)
        for entry in ACTIONS
        if entry.id in ("suspend", "redraw")
    ]

    def __init__(self, root: Path, *, poll: bool = False, selected: Path | None = None, message: str = "") -> None:
        super().__init__()
        self.packages = PackagesScreen(root, poll=poll, selected=selected, message=message)

    def on_mount(self) -> None:
        self.set_keymap(for_textual())
        self.push_screen(self.packages, self._left)

    def _left(self, chosen: Path | None) -> None:
        self.exit(0 if chosen is None else chosen)
