"""The main screen: its panes, their layout, and its keys and mouse actions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal

from nbtui.console.drawing.line import Line
from nbtui.console.main import jumping, pointing, searching, stepping
from nbtui.console.main import state as states
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.cursor_actions import CURSOR_STEPS
from nbtui.console.main.host import Host
from nbtui.console.main.panes import detail, fields, footer, header, pipeline, prompt, steps, tabs, tiny
from nbtui.console.main.selection import selected
from nbtui.console.main.state import PANES, Phase, State
from nbtui.console.terminal.screen import ActionScreen, bindings
from nbtui.console.terminal.widgets import PaneView, views

SMALLEST = (60, 16)  # smallest size for a pane; below it there is the field under the cursor
WIDE = (120, 36)  # smallest size for all panes at once
WIDER = 180  # width in columns from which a high screen may have the detail beside the fields instead of below
PIPELINE = 19  # width of the pipeline beside the fields
DETAIL = 49  # smallest width of the detail beside the fields
TALL = 50
STEPS, SENTENCE = 14, 5  # height of the contributions, and of the sentence that explains their absence

PaneDraw = Callable[[State, int, int], list[Line]]
_PANES: dict[str, PaneDraw] = {
    "header": header.draw,
    "tabs": tabs.draw,
    "pipeline": pipeline.draw,
    "fields": fields.draw,
    "detail": detail.draw,
    "steps": steps.draw,
    "footer": footer.draw,
}


class MainScreen(ActionScreen[None]):
    """All panes of the current state. ``more``: actions that need more than this screen, by id."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)

    def __init__(self, host: Host, more: Mapping[str, Callable[[], None]]) -> None:
        super().__init__()
        self._host = host
        self._steps_given = 0  # lines
        self.views = views("", {name: self._drawing(draw) for name, draw in _PANES.items()})
        self.prompt = PaneView(self._drawing(prompt.draw), "prompt")
        self.small = PaneView(self._drawing(tiny.draw), "small")
        self.acts = {
            **{id: partial(self._move, step) for id, step in CURSOR_STEPS.items()},
            "page_up": lambda: self._host.show(states.paged(self._host.state, -self._page())),
            "page_down": lambda: self._host.show(states.paged(self._host.state, self._page())),
            "phi_mode": self._change_phi_mode,
            "export": lambda: self._host.export(),
            "copy": self._copy,
            "quit": lambda: self._host.exit(states.exit_code(self._host.state)),
            **more,
        }

    # --- layout --------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        view = self.views
        yield view["header"]
        yield view["tabs"]
        yield Container(Horizontal(view["pipeline"], view["fields"], id="middle"), view["detail"], id="body")
        yield view["steps"]
        yield view["footer"]
        yield self.prompt
        yield self.small

    def on_mount(self) -> None:
        self.prompt.display = False
        self.choose_layout()

    def on_resize(self, event: events.Resize) -> None:
        self.choose_layout()

    def choose_layout(self) -> None:
        """Choose the layout for the terminal size and, for a single pane, the current pane."""
        width, height = self.app.size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        compact = not small and (width < WIDE[0] or height < WIDE[1] or self._host.state.zoomed)
        beside, pipeline = self._beside(width, compact=compact)
        self.set_class(small, "small")
        self.set_class(compact, "compact")
        self.set_class(not compact and height >= TALL, "tall")
        self.set_class(beside > 0, "beside")
        self.set_class(pipeline, "pipelined")
        self.views["detail"].styles.width = beside or None
        self._steps_given = self._lines_of_steps()
        self.views["steps"].styles.height = "1fr" if compact else self._steps_given
        for pane in PANES:
            self.set_class(compact and self._host.state.pane == pane, pane)

    def _beside(self, width: int, *, compact: bool) -> tuple[int, bool]:
        """Width of the detail beside the fields, 0 without room for it, and whether the pipeline is there, too.

        The fields keep the width that the values of all sides need.
        """
        state = self._host.state
        fields_need = fields.THREE if state.has_log and state.can_simulate else fields.SIDE_BY_SIDE
        free = width - 1 - fields_need
        pipeline = not compact or free - PIPELINE >= DETAIL
        room = min(free - PIPELINE * pipeline, width // 3)
        if compact:
            possible = not state.zoomed and state.pane != "steps" and (state.pane != "pipeline" or pipeline)
        else:
            possible = width >= WIDER
        return (room, pipeline) if possible and room >= DETAIL else (0, False)

    def _lines_of_steps(self) -> int:
        """Height of the contributions: a line per phi step on a high screen, two fifths at most; few for a sentence."""
        state, height = self._host.state, self.app.size.height
        if state.contributions is None and (not state.can_simulate or state.phase is Phase.FAILED):
            return SENTENCE
        if height < TALL or state.contributions is None:
            return STEPS
        return max(STEPS, min(2 * height // 5, state.contributions.n_phi + 5))

    # --- keys ----------------------------------------------------------------------------------------------------

    def tell(self, sentence: str) -> None:
        self._host.tell(sentence)

    def forget_message(self) -> None:
        self._host.state = replace(self._host.state, message="")
        self._host.key_at = time.monotonic()

    def typed(self, event: events.Key) -> bool:
        """Treat keys as text while a search text or a prompt is open."""
        state = self._host.state
        if not (state.searching or state.prompt is not None):
            return False
        self._host.key_at = time.monotonic()
        character = event.character if event.is_printable else None
        if state.searching:
            self._host.show(searching.typed(state, event.key, character))
        else:
            self._prompted(*jumping.typed(state, event.key, character))
        return True

    def _prompted(self, state: State, chosen: jumping.Target | None) -> None:
        self._host.show(state)
        if chosen is not None and chosen.pixel is not None:
            self._host.trace_pixel(chosen.pixel)
        elif chosen is not None:
            self.action_perform(chosen.action)

    def _move(self, step: Callable[[State], State]) -> None:
        self._host.show(step(self._host.state))

    def _page(self) -> int:
        width, height = self.views["fields"].size
        return fields.rows_per_page(self._host.state, width, height)

    def _copy(self) -> None:
        text = selected(self._host.state)
        if text is None:
            self.tell("nothing to copy yet")
        else:
            self.copy_to_terminal(text)

    def _change_phi_mode(self) -> None:
        state = self._host.state
        if not state.can_simulate:
            self.tell(stepping.stepping_off(state))
            return
        mode = "spec" if state.settings.phi_mode == "c-parity" else "c-parity"
        asked = states.asked(replace(state, causes=None), replace(state.settings, phi_mode=mode))
        taken = "; its causes are taken away" if state.causes is not None else ""
        message = f"live: {mode}{taken}; your log stays as it is" if state.has_log else asked.message
        self._host.show(replace(asked, message=message))
        self._host.simulate()

    # --- mouse and size ------------------------------------------------------------------------------------------

    def pressed(self, pane: PaneView, x: int, y: int) -> None:
        self._host.show(pointing.pressed(self._host.state, str(pane.id), pane.size, (x, y)))

    def scrolled(self, pane: PaneView, notches: int) -> None:
        self._host.show(pointing.scrolled(self._host.state, str(pane.id), notches))

    def resized(self) -> None:
        self._host.show(self._host.state)

    # --- showing -------------------------------------------------------------------------------------------------

    def fitted(self, before: State, state: State) -> State:
        """A new state with its visible parts adapted to the sizes of the panes."""
        width, height = self.views["fields"].size
        fit = fields.kept_in_view(state, width, height) if width and height and state.rows else state
        if before.cursor != state.cursor:
            return replace(fit, detail_top=0, link=None)
        return detail.kept_in_view(fit, *self.views["detail"].size) if state.pane == "detail" else fit

    @property
    def shows_history(self) -> bool:
        """Whether the detail has room for the packages of the reports folder."""
        return self.views["detail"].size.height >= detail.ROOMY

    def on_screen_resume(self) -> None:
        self.update()

    def update(self, names: Iterable[str] = _PANES) -> None:
        """Redraw the panes, which repaint only changes. Under another screen, this waits until that one is closed."""
        if not self.is_active:
            return
        if self._lines_of_steps() != self._steps_given:
            self.choose_layout()
        for name in names:
            if self.views[name].display:
                self.views[name].update()
        asking = self._host.state.prompt is not None
        if self.prompt.display != asking:
            self.prompt.display = asking
        if asking:
            self.prompt.update()
        if self.small.display:
            self.small.update()

    def _drawing(self, draw: PaneDraw) -> Callable[[int, int], list[Line]]:
        return lambda width, height: draw(self._host.state, width, height)
