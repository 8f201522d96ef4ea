"""The screens: which panes there are and how they share the room."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.screen import Screen

from nbtui.console.drawing.line import Line, Span, block, line, wrap
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.panes import detail, fields, footer, header, pipeline, prompt, steps, tabs
from nbtui.console.main.state import PANES, Phase, State
from nbtui.console.terminal.widgets import PaneView

SMALLEST = (80, 24)
WIDE = (120, 36)  # from here on all panes at once
WIDER = 180  # columns from which a field is explained beside the table instead of below it
TALL = 50
STEPS, SENTENCE = 14, 5  # lines of the contributions, and of the sentence why there are none

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


class MainScreen(Screen[None], inherit_bindings=False):
    """All panes; ``state`` says what they show now."""

    def __init__(self, state: Callable[[], State]) -> None:
        super().__init__()
        self._state = state
        self._steps_given = 0  # lines
        self.views = {name: PaneView(self._drawing(draw), name) for name, draw in _PANES.items()}
        self.prompt = PaneView(self._drawing(prompt.draw), "prompt")
        self.small = PaneView(self._too_small, "small")

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
        """Choose the layout for the size of the terminal and, where only one pane is shown, for the pane chosen."""
        width, height = self.app.size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        compact = not small and (width < WIDE[0] or height < WIDE[1] or self._state().zoomed)
        self.set_class(small, "small")
        self.set_class(compact, "compact")
        self.set_class(not compact and height >= TALL, "tall")
        self.set_class(not compact and width >= WIDER, "wider")
        self._steps_given = self._lines_of_steps()
        self.views["steps"].styles.height = "1fr" if compact else self._steps_given
        for pane in PANES:
            self.set_class(compact and self._state().pane == pane, pane)

    def _lines_of_steps(self) -> int:
        """As many lines as there are phi steps on a high screen, two fifths at most; a sentence needs but a few."""
        state, height = self._state(), self.app.size.height
        if state.contributions is None and (not state.can_simulate or state.phase is Phase.FAILED):
            return SENTENCE
        if height < TALL or state.contributions is None:
            return STEPS
        return max(STEPS, min(2 * height // 5, state.contributions.n_phi + 5))

    def on_screen_resume(self) -> None:
        self.update()

    def update(self, names: Iterable[str] = _PANES) -> None:
        """Draw the panes again; they repaint what has changed. Under another screen that waits until it has gone."""
        if not self.is_active:
            return
        if self._lines_of_steps() != self._steps_given:
            self.choose_layout()
        for name in names:
            if self.views[name].display:
                self.views[name].update()
        asking = self._state().prompt is not None
        if self.prompt.display != asking:
            self.prompt.display = asking
        if asking:
            self.prompt.update()

    def _drawing(self, draw: PaneDraw) -> Callable[[int, int], list[Line]]:
        return lambda width, height: draw(self._state(), width, height)

    def _too_small(self, width: int, height: int) -> list[Line]:
        wanted = f"nbtui needs {SMALLEST[0]} columns x {SMALLEST[1]} lines;"
        here = f"this terminal has {width} x {height}."
        sentences = ((wanted, "title"), (here, "text"), (f"Make it larger, or {ACTIONS.key('quit')} to leave.", "text"))
        return block([line(Span(part, tone)) for text, tone in sentences for part in wrap(text, width)], width, height)
