"""The image screen: the whole detector, C and Python, with any pixel open to tracing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from nbtui.console.drawing.characters import ascii_only
from nbtui.console.drawing.line import Line
from nbtui.console.drawing.palette import theme
from nbtui.console.image import pane as panes
from nbtui.console.image import state as states
from nbtui.console.image.actions import IMAGE_ACTIONS
from nbtui.console.image.head import footer, header
from nbtui.console.image.jobs import (
    ImagePrepared,
    ImageProgress,
    ImagesCompared,
    ImageSimulated,
    compared,
    read,
    reporter,
    simulated,
)
from nbtui.console.image.reading import reading
from nbtui.console.image.state import Image, ImagePhase, ImageState, Pixel
from nbtui.console.image.step import step_marks
from nbtui.console.jobs import NAME, Failure, start
from nbtui.console.main.state import State
from nbtui.console.terminal.loop import in_loop
from nbtui.console.terminal.screen import ActionScreen, bindings
from nbtui.console.terminal.widgets import PaneView, views
from nbtui.errors import INTERRUPTED
from nbtui.live.model import Case, Settings
from nbtui.trace.text import clean

LONGEST = 20  # characters of a typed pixel
Event = TypeVar("Event")

FAR = 10  # pixels per long step
_AXES = ("phi", "domain")


@dataclass(frozen=True, eq=False)
class Visit:
    """The result of a visit to the image screen: its state, and a pixel to trace, if any."""

    key: tuple[object, ...]
    state: ImageState
    ready: ImagePrepared | None
    trace: Pixel | None = None
    told: str = ""  # the image values at that pixel, as a sentence


class ImageScreen(ActionScreen[Visit]):
    """The detector. Its result is a :class:`Visit`."""

    CSS = """
    ImageScreen { layout: vertical; }
    ImageScreen #i-header { height: 3; }
    ImageScreen #i-body { height: 1fr; }
    ImageScreen #i-reading { width: 40; margin: 0 0 0 1; }
    ImageScreen #i-footer { height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings(IMAGE_ACTIONS)

    def __init__(
        self,
        case: Case,
        settings: Settings,
        main_state: State,
        step: Callable[[str, int], None],
        *,
        log_pixel: Pixel | None = None,
        last: Visit | None = None,
    ) -> None:
        """``step`` moves the step of the main screen, whose state is ``main_state``.

        ``log_pixel``: the pixel of C's log; ``last``: the result of the previous visit.
        """
        super().__init__()
        self.case, self.settings = case, settings
        self._main_state, self._step = main_state, step
        self._marked: State | None = None  # the state whose step is marked
        self.key = (case.argv, case.workdir, case.c_image, case.c_image_at, settings)
        home = case.pixel or (0, 0)
        self.ready: ImagePrepared | None = None
        self.state = ImageState(clean(case.name), home, home, settings.phi_mode, log_pixel)
        if last is not None and last.key == self.key:
            self.ready = last.ready
            kept = replace(last.state, home=home, log_pixel=log_pixel, facts=None, message="", typed=None)
            # at the pixel traced from here, keep the position among the worst pixels
            self.state = kept if kept.cursor == home else states.to_pixel(kept, home)
        self._generation = 0
        self._stop = threading.Event()
        canvas = panes.ImageCanvas()
        draws = {
            "header": header,
            "canvas": canvas.draw,
            "reading": reading,
            "footer": footer,
        }
        self.views = views("i-", {name: self._drawing(draw) for name, draw in draws.items()})
        self.acts = self._actions()

    # --- life --------------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield self.views["header"]
        yield Horizontal(self.views["canvas"], self.views["reading"], id="i-body")
        yield self.views["footer"]

    def on_mount(self) -> None:
        if self._colourless:
            self.state = replace(self.state, characters=True, rings=False)  # rings clutter an image drawn in letters
        if self.state.python is None:
            self._simulate()
        elif not self.state.judged:
            self._compare(self.state.python)

    def on_unmount(self) -> None:
        self._stop.set()

    def _simulate(self) -> None:
        """Read the command and C's image unless already loaded, then simulate, all in a thread."""
        self._generation += 1
        self._stop = stop = threading.Event()
        case, settings, known = self.case, self.settings, self.ready
        prepared, progressed = self._heard(self._prepared), self._heard(self._progressed)
        arrived = self._heard(self._simulated)

        def job() -> ImagesCompared:
            ready = known or read(case, settings)
            prepared(ready)
            python = ready.frame.image(progress=reporter(progressed), cancelled=stop.is_set)
            arrived(simulated(ready, python))
            return compared(ready, python)

        self.show(replace(self.state, phase=ImagePhase.PREPARING, done=0.0, left=None, failure="", message=""))
        start(job, self._heard(self._compared), self._heard(self._job_failed), NAME)

    def _compare(self, python: Image) -> None:
        """Compare the images if the previous visit ended before that."""
        ready = self.ready
        if ready is not None:
            done, failed = self._heard(self._compared), self._heard(self._job_failed)
            start(lambda: compared(ready, python), done, failed, NAME)

    def _heard(self, handler: Callable[[Event], None]) -> Callable[[Event], None]:
        """``handler`` bound to the simulation starting now; events of an older one are dropped."""
        generation = self._generation

        def current(event: Event) -> None:
            if generation == self._generation:
                handler(event)

        return in_loop(self, current)

    def _prepared(self, event: ImagePrepared) -> None:
        self.ready, now = event, self.state
        phase = now.phase if now.phase is ImagePhase.STOPPING else ImagePhase.SIMULATING
        now = replace(now, shape=event.frame.shape, phase=phase, resolution=event.resolution, extent=event.extent)
        now = states.with_c(now, event.c, event.c_origin, event.c_problem)
        self.show(now if now.rank is not None else states.to_pixel(now, now.cursor))

    def _progressed(self, event: ImageProgress) -> None:
        self.show(replace(self.state, done=event.done, left=event.left))

    def _simulated(self, event: ImageSimulated) -> None:
        self.show(states.simulated(self.state, event.python, event.difference))

    def _compared(self, event: ImagesCompared) -> None:
        self.show(replace(self.state, comparison=event.comparison, judged=True))

    def _job_failed(self, failure: Failure) -> None:
        now = self.state
        if now.phase is ImagePhase.READY:  # simulated, but the comparison failed
            self.show(replace(now, judged=True, message=failure.sentence))
        elif failure.code == INTERRUPTED:
            self.show(replace(now, phase=ImagePhase.STOPPED))
        else:
            self.show(replace(now, phase=ImagePhase.FAILED, failure=failure.sentence))

    def follow(self, main_state: State) -> None:
        """Mark another step of the main screen."""
        before, self._main_state = self._main_state, main_state
        if (before.place, before.contributions) != (main_state.place, main_state.contributions):
            self.show(self.state)

    # --- keys --------------------------------------------------------------------------------------------------------

    def typed(self, event: events.Key) -> bool:
        """Any key closes the list of keys; typed text is the target pixel."""
        if not (self.state.keys or self.state.typed is not None):
            return False
        if self.state.keys:
            self.show(replace(self.state, keys=False))
        else:
            self.show(_typing(self.state, event.key, event.character or ""))
        return True

    def tell(self, sentence: str) -> None:
        self.show(replace(self.state, message=sentence))

    def forget_message(self) -> None:
        self.state = replace(self.state, message="")

    def _actions(self) -> dict[str, Callable[[], None]]:
        def move(step: Callable[[ImageState], ImageState]) -> Callable[[], None]:
            return lambda: self.show(step(self.state))

        acts: dict[str, Callable[[], None]] = {
            "view_c": move(lambda p: states.viewed(p, "c")),
            "view_python": self._python,
            "view_difference": move(lambda p: states.viewed(p, "difference")),
            "closer": move(lambda p: states.zoomed(p, 1, self._dots())),
            "further": move(lambda p: states.zoomed(p, -1, self._dots())),
            "close_up": move(lambda p: states.close_up(p, self._dots())),
            "go_to": move(lambda p: replace(p, typed="")),
            "rings": move(lambda p: replace(p, rings=not p.rings)),
            "whole": move(lambda p: replace(p, zoom=states.FIT)),
            "worst_next": move(lambda p: states.worst(p, 1)),
            "worst_previous": move(lambda p: states.worst(p, -1)),
            "home": move(lambda p: states.to_pixel(p, p.home)),
            "log_pixel": move(_to_log_pixel),
            "trace": self._trace,
            "range": move(states.ranged),
            "characters": move(self._other_levels),
            "stop": self._escape,
            "help": move(lambda p: replace(p, keys=True)),
            "close": lambda: self._leave(None),
            **{f"{axis}_previous": partial(self._step, axis, -1) for axis in _AXES},
            **{f"{axis}_next": partial(self._step, axis, 1) for axis in _AXES},
        }
        for name, slow, fast in (("up", -1, 0), ("down", 1, 0), ("left", 0, -1), ("right", 0, 1)):
            acts[name] = move(partial(states.moved, slow=slow, fast=fast))
            acts[f"{name}_{FAR}"] = move(partial(states.moved, slow=FAR * slow, fast=FAR * fast))
        return acts

    def pressed(self, pane: PaneView, x: int, y: int) -> None:
        """A click puts the cursor on the pixel."""
        if pane is not self.views["canvas"]:
            return
        dots = self._dots()
        dot = (2 * (y - 1), x - 1)
        pixel = states.pixel_of(self.state, dot, states.scale(self.state, dots)) if min(dot) >= 0 else None
        if pixel is not None:
            self.show(states.to_pixel(replace(self.state, message=""), pixel))

    def resized(self) -> None:
        self.show(self.state)

    @property
    def _colourless(self) -> bool:
        return theme() == "mono" or self.app.no_color or ascii_only()

    def _other_levels(self, state: ImageState) -> ImageState:
        if self._colourless:
            return replace(state, characters=True, message="no colours: the levels are drawn as characters")
        return replace(state, characters=not state.characters)

    def _python(self) -> None:
        self.show(states.viewed(self.state, "python"))
        if self.state.phase in (ImagePhase.STOPPED, ImagePhase.FAILED):
            self._simulate()

    def _trace(self) -> None:
        if self.state.shape is None:
            self.tell("the detector is not known yet")
        else:
            self._leave(self.state.cursor)

    def _escape(self) -> None:
        if self.state.busy:
            self._stop.set()
            self.show(replace(self.state, phase=ImagePhase.STOPPING))
        else:
            self._leave(None)

    def _leave(self, trace: Pixel | None) -> None:
        self._stop.set()
        now = self.state
        if now.busy:
            now = replace(now, phase=ImagePhase.STOPPED)
        self.dismiss(Visit(self.key, now, self.ready, trace, states.said_of_it(now) if trace else ""))

    # --- showing -----------------------------------------------------------------------------------------------------

    def _dots(self) -> Pixel:
        width, height = self.views["canvas"].size
        return panes.dots_in(width, height)

    def show(self, state: ImageState) -> None:
        """Show ``state``."""
        dots = self._dots()
        if all(dots):
            state = states.in_view(state, dots)
        facts = state.facts
        if self.ready is not None and (facts is None or (facts.slow, facts.fast) != state.cursor):
            state = replace(state, facts=self.ready.frame.facts(*state.cursor))
        if self.ready is not None and self._marked is not self._main_state:
            self._marked = self._main_state
            state = replace(state, step=step_marks(self._main_state, self.ready.frame))
        self.state = state
        for view in self.views.values():
            view.update()

    def _drawing(self, draw: Callable[[ImageState, int, int], list[Line]]) -> Callable[[int, int], list[Line]]:
        return lambda width, height: draw(self.state, width, height)


def _to_log_pixel(state: ImageState) -> ImageState:
    if state.log_pixel is None:
        return replace(state, message="there is no C log, or it does not say which pixel it is of")
    return states.to_pixel(state, state.log_pixel)


def _typing(state: ImageState, key: str, character: str) -> ImageState:
    """Handle a key during the entry of a pixel."""
    text = state.typed or ""
    if key == "enter":
        return states.typed(state, text)
    if key == "escape" or (key in ("backspace", "ctrl+h") and not text):
        return replace(state, typed=None)
    if key in ("backspace", "ctrl+h"):
        return replace(state, typed=text[:-1])
    fits = character.isprintable() and len(text) < LONGEST
    return replace(state, typed=text + character) if fits else state
