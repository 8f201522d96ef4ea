"""Small screens: which pane is shown, and the digit that shows another."""

from __future__ import annotations

from nbtui.console.panes.line import Line, Span, fit
from nbtui.console.state import PANES, State

NAMES = {"fields": "fields", "detail": "this field", "steps": "contributions", "pipeline": "pipeline"}


def draw(state: State, width: int, height: int) -> list[Line]:
    """One line; the pane shown is in brackets."""
    spans: list[Span] = [Span(" ")]
    for digit, pane in enumerate(PANES, start=1):
        name = f"{digit} {NAMES[pane]}"
        spans.append(Span(f"[{name}] ", "focus") if pane == state.pane else Span(f" {name}  ", "faint"))
    findings = len(state.comparison.findings) if state.comparison and not state.pending else 0
    note = f"  {findings} notice{'s' if findings != 1 else ''}, see ?" if findings else ""
    return [fit((*spans, Span(note, "warning")), width)]
