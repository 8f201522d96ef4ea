"""The raw log screen: threads that scan, align and search the logs, and navigation by key."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar, TypeVar

from textual import events
from textual.binding import BindingType

from nbtui.console.jobs import Failure, start
from nbtui.console.logs import pane as panes
from nbtui.console.logs import state as states
from nbtui.console.logs.actions import LOGS_ACTIONS
from nbtui.console.logs.editor import edit_source
from nbtui.console.logs.jobs import Aligned, Clock, Found, Opened, Walked, search_in
from nbtui.console.logs.sources import side_of, sources
from nbtui.console.logs.state import LogsState
from nbtui.console.logs.step_lines import lines_at_opening, lines_of_step
from nbtui.console.main import stepping
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.freshness import names
from nbtui.console.main.state import State
from nbtui.console.terminal.loop import in_loop
from nbtui.console.terminal.screen import ActionScreen, bindings
from nbtui.console.terminal.widgets import PaneView
from nbtui.trace.reading.lines import MOST_FOUND, FileLines
from nbtui.trace.text import clean

Event = TypeVar("Event")
_AXES = ("phi", "domain")


class LogsScreen(ActionScreen[None]):
    """Both raw logs. ``state``: the main screen's state when this screen opens; ``step`` moves its step cursor."""

    CSS = "LogsScreen { layout: vertical; }"
    BINDINGS: ClassVar[list[BindingType]] = bindings(LOGS_ACTIONS)

    def __init__(self, state: State, step: Callable[[str, int], None]) -> None:
        super().__init__()
        self._main_state = state
        self.sources = sources(state)
        first, second = (side_of(source) for source in self.sources)
        self.state = LogsState(state.name, (first, second), names=_names(state), step=stepping.words(state))
        self.view = PaneView(lambda width, height: panes.draw(self.state, width, height), "logs")
        self._place = state.place
        self._known = state.files  # as last reported to the user
        self._walks = [threading.Event(), threading.Event()]  # set: cancel that scan
        self._stop_search = threading.Event()
        self._generation = 0  # number of the current search
        self._seeking = False  # move the cursor to the first hit
        self._to_end = False  # go to the last line once it is read
        self._search_again = False  # repeat the search after the scan
        self._wanted: tuple[int | None, int | None] = (None, None)  # target lines, pending until read
        self._threads: list[threading.Thread] = []
        self._files: list[FileLines] = []
        self.acts = {
            "search": lambda: self.show(replace(self.state, typing=True, query="")),
            "hit_next": lambda: self.show(states.to_hit(self.state, True, self._rows())),
            "hit_previous": lambda: self.show(states.to_hit(self.state, False, self._rows())),
            "side": lambda: self.show(states.turned(self.state)),
            "lock": lambda: self.show(states.unlocked(self.state)),
            "mark_next": lambda: self.show(states.to_mark(self.state, True, self._rows())),
            "mark_previous": lambda: self.show(states.to_mark(self.state, False, self._rows())),
            **{f"{axis}_previous": partial(step, axis, -1) for axis in _AXES},
            **{f"{axis}_next": partial(step, axis, 1) for axis in _AXES},
            "wrap": lambda: self.show(states.turned_over(self.state)),
            "edit": self._edit,
            "up": lambda: self._move(-1),
            "down": lambda: self._move(1),
            "page_up": lambda: self._move(-panes.page(self.state, *self.view.size)),
            "page_down": lambda: self._move(panes.page(self.state, *self.view.size)),
            "home": lambda: self.show(states.gone(self.state, 1, self._rows())),
            "end": self._end,
            "left": lambda: self.show(states.shifted(self.state, -states.SHIFT)),
            "right": lambda: self.show(states.shifted(self.state, states.SHIFT)),
            "back": self._back,
            "help": lambda: self.show(replace(self.state, helping=True)),
            "close": self._leave,
        }

    # --- life ----------------------------------------------------------------------------------------------------

    def compose(self) -> list[PaneView]:
        return [self.view]

    def on_mount(self) -> None:
        for index in range(len(self.sources)):
            self._read(index)
        self._align()

    def on_unmount(self) -> None:
        self._stop_reading()
        self._stop_search.set()
        self._close(self._files)

    def _close(self, files: list[FileLines]) -> None:
        """Close files after their last reading thread."""
        threads = tuple(self._threads)

        def job() -> None:
            for thread in threads:
                thread.join()
            for file in files:
                file.close()

        threading.Thread(target=job, name="nbtui-close", daemon=True).start()

    def _stop_reading(self) -> None:
        for walk in self._walks:
            walk.set()

    def follow(self, state: State) -> None:
        """Follow a new state of the main screen: show reloaded logs.

        The cursor keeps its line, and a search continues in the new lines.
        """
        told, self._known = self._known, state.files
        if state.files.frozen and state.files.waiting - told.waiting:
            freeze = f"{ACTIONS.key('freeze')} on the main screen reloads it"
            self.show(replace(self.state, message=f"{names(state.files.waiting)} changed; {freeze}"))
        elif state.files.gone - told.gone or state.files.problem not in ("", told.problem):
            self.show(replace(self.state, message=state.message))
        if state.place != self._place:
            self._place = state.place
            self._to_step(state)
        before = self._main_state
        shown = (before.left, before.right, before.comparison)
        now = (state.left, state.right, state.comparison)
        if state.busy or all(one is other for one, other in zip(shown, now, strict=True)):
            return
        self._main_state, self.sources = state, sources(state)
        self.state = replace(self.state, names=_names(state))
        for index in range(len(self.sources)):
            if now[index] is not shown[index]:
                self._read_again(index)
        self.show(replace(self.state, message=state.message))
        self._align()
        self._searched_again()

    def _to_step(self, state: State) -> None:
        """Go to the lines of the console's step."""
        lines, words = lines_of_step(state), stepping.words(state)
        message = state.message if any(lines) else f"neither log prints a line of {words}"
        now = replace(self.state, step=words, message=message)
        self.show(states.at_lines(now, lines, self._rows()))

    def _read_again(self, index: int) -> None:
        old = self.state.sides[index]
        side = replace(side_of(self.sources[index]), cursor=old.cursor, top=old.top)
        self._walks[index].set()
        self._walks[index] = threading.Event()
        self._stop_search.set()
        self._generation += 1  # results of the old search are obsolete
        self._search_again = True
        self.state = states.put(self.state, index, states.within(side))
        self._read(index)
        if isinstance(old.lines, FileLines):
            self._close([old.lines])

    def _searched_again(self) -> None:
        if self._search_again and not self.state.busy:
            self._search_again = False
            if self.state.pattern is not None:
                self._search_for(self.state.pattern, seek=False)

    def _read(self, index: int) -> None:
        """Scan a log, if it is a file."""
        path, walk = self.sources[index].path, self._walks[index]
        if path is not None:
            failed = in_loop(self, partial(self._not_read, index, walk))
            self._start(partial(self._walk, index, walk, path), self._walked, failed, "nbtui-lines")

    def _start(
        self, job: Callable[[], Event], done: Callable[[Event], None], failed: Callable[[Failure], None], name: str
    ) -> None:
        self._threads.append(start(job, in_loop(self, done), failed, name))

    def _walk(self, side: int, walk: threading.Event, path: Path) -> Walked:
        lines = FileLines(path)
        self._files.append(lines)
        in_loop(self, self._opened)(Opened(side, walk, lines))
        clock, walked = Clock(), in_loop(self, self._walked)

        def progress(done: int, total: int) -> None:
            if clock.due():
                walked(Walked(side, walk, (done, total)))

        whole = lines.index(progress, walk.is_set)
        note = lines.fault if whole else f"reading was stopped: {lines.count:,} lines of {lines.name} can be seen"
        return Walked(side, walk, None, note)

    def _not_read(self, side: int, walk: threading.Event, failure: Failure) -> None:
        self._walked(Walked(side, walk, None, problem=failure.sentence))

    def _align(self) -> None:
        """Align the lines of both logs, in a thread."""
        now = self._main_state

        def job() -> Aligned:
            from nbtui.console.logs.aligned import aligned  # imports numpy: deferred past the opening of the screen

            alignment, lines = aligned(now.comparison, now.row)
            return Aligned(now, alignment, lines_at_opening(now, lines))

        self._start(job, self._aligned, in_loop(self, self.failed), "nbtui-align")

    def _opened(self, event: Opened) -> None:
        if event.walk is self._walks[event.side]:
            side = replace(self.state.sides[event.side], lines=event.lines)
            self.show(states.put(self.state, event.side, side))

    def _walked(self, event: Walked) -> None:
        if event.walk is not self._walks[event.side]:
            return
        old = self.state.sides[event.side]
        problem = event.problem or old.problem
        side = replace(old, count=old.lines.count, whole=not event.note, read=event.read, problem=problem)
        state = states.put(self.state, event.side, states.within(side) if self._search_again else side)
        self.show(replace(state, message=event.note) if event.note else state)
        if self._to_end and not state.side.read:
            self._end()
        self._arrive()
        self._searched_again()

    def _aligned(self, event: Aligned) -> None:
        if event.state is not self._main_state:
            return  # the logs have been reloaded meanwhile
        self._wanted = event.lines
        self.show(states.realigned(self.state, event.alignment))
        self._arrive()

    def _arrive(self) -> None:
        """Go to the lines of the initial field once both are read, unless the user has moved."""
        state = self.state
        if state.moved or not any(self._wanted):
            return
        known = zip(self._wanted, state.sides, strict=True)
        if all(line is None or line <= side.count or side.problem for line, side in known):
            ours, theirs = (
                None if side.problem else line for line, side in zip(self._wanted, state.sides, strict=True)
            )
            self._wanted = (None, None)
            self.show(states.opened(state, (ours, theirs), self._rows()))

    # --- keys ----------------------------------------------------------------------------------------------------

    def tell(self, sentence: str) -> None:
        self.show(replace(self.state, message=sentence))

    def forget_message(self) -> None:
        self.show(replace(self.state, message=""))
        self._to_end = False

    def typed(self, event: events.Key) -> bool:
        """During entry of a search text keys are text; any key closes the help."""
        if not (self.state.typing or self.state.helping):
            return False
        if self.state.helping:
            self.show(replace(self.state, helping=False))
        elif event.key == "escape":
            self._forget()
        elif event.key == "enter":
            self._search()
        else:
            self.show(states.typed(self.state, event.key, event.character if event.is_printable else None))
        return True

    def _back(self) -> None:
        state = self.state
        if state.searching:
            self._stop_search.set()
        elif state.busy:
            self._stop_reading()
        elif state.pattern is not None:
            self._forget()
        else:
            self._leave()

    def _leave(self) -> None:
        self.dismiss(None)

    def _move(self, by: int) -> None:
        self.show(states.moved(self.state, by, self._rows()))

    def _end(self) -> None:
        """Go to the last line; during the scan also to the final last line once it is known."""
        self._to_end = self.state.side.read is not None
        self.show(states.gone(self.state, self.state.side.count, self._rows()))

    def _rows(self) -> int:
        return panes.heights(*self.view.size)[self.state.active]

    def pressed(self, pane: PaneView, x: int, y: int) -> None:
        """A click puts the cursor on the line."""
        place = panes.line_at(self.state, *self.view.size, x, y)
        if place is None or self.state.helping:
            return
        index, line = place
        state = self.state if index == self.state.active else states.turned(self.state)
        self.show(states.gone(state, line, self._rows()))

    def wheel(self, lines: int) -> None:
        self._move(lines)

    # --- search --------------------------------------------------------------------------------------------------

    def _search(self) -> None:
        state = self.state
        if not state.query:
            self._forget()
            return
        try:
            pattern = states.compiled(state.query)
        except states.BadPattern as error:
            self.show(replace(state, typing=False, message=f"/{clean(state.query)}/ {error}"))
            return
        if state.busy:
            self.show(replace(state, typing=False, message="the logs are still being read; search again afterwards"))
            return
        self.show(replace(state, typing=False, pattern=pattern))
        self._search_for(pattern, seek=True)

    def _search_for(self, pattern: re.Pattern[str], *, seek: bool) -> None:
        """Search both logs; ``seek``: go to the first hit."""
        self._stop_search.set()
        self._stop_search = stop = threading.Event()
        self._generation += 1
        self._seeking = seek
        left, right = (replace(side, hits=(), searched=-1 if side.problem else 0) for side in self.state.sides)
        state = replace(self.state, sides=(left, right))
        self.show(state)
        generation, order = self._generation, (state.active, 1 - state.active)
        found = in_loop(self, self._found)

        def job() -> None:
            for index in order:
                if not state.sides[index].problem:
                    search_in(partial(Found, generation, index), state.sides[index].lines, pattern, stop, found)

        self._threads.append(start(job, lambda nothing: None, in_loop(self, self.failed), "nbtui-search"))

    def _found(self, event: Found) -> None:
        if event.generation != self._generation:
            return
        state = self.state
        side = replace(state.sides[event.side], hits=event.hits, searched=event.upto)
        state = states.put(state, event.side, side)
        if self._stop_search.is_set() and not state.searching:
            state = replace(state, message="search stopped: only the lines found so far count")
        if self._seeking and event.side == state.active and (event.hits or event.upto < 0):
            ahead = bool(event.hits) and event.hits[-1] >= state.side.cursor
            if ahead or event.upto < 0:
                self._seeking = False
                state = state if states.hit_number(state.side) else states.to_hit(state, True, self._rows())
        if event.upto < 0 and len(event.hits) >= MOST_FOUND:
            state = replace(state, message=f"the search ended at {MOST_FOUND:,} lines; a longer text finds fewer")
        self.show(state)

    def _forget(self) -> None:
        self._generation += 1
        self._stop_search.set()
        self.show(states.forgotten(self.state))

    # --- editor --------------------------------------------------------------------------------------------------

    def _edit(self) -> None:
        state = self.state
        source, side = self.sources[state.active], state.side
        if side.problem:
            self.show(replace(state, message=side.problem))
            return
        told = edit_source(self.app, source, max(1, min(side.count, side.cursor)))
        self.show(replace(self.state, message=told))

    # --- showing -------------------------------------------------------------------------------------------------

    def resized(self) -> None:
        self.show(states.refitted(self.state, panes.heights(*self.view.size)))

    def show(self, state: LogsState) -> None:
        """Show ``state``."""
        self.state = state
        self.view.update()


def _names(state: State) -> tuple[str, str]:
    """The names of the compared sides."""
    return state.named[0].name, state.named[1].name
