"""Tabs for small screens: the current pane, and the digits of the others."""

from __future__ import annotations

from nbtui.console.drawing.line import Line, Span, fit, width_of
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.state import PANES, State

NAMES = {"fields": "fields", "detail": "this field", "steps": "contributions", "pipeline": "pipeline"}


def draw(state: State, width: int, height: int) -> list[Line]:
    """One line; the current pane is in brackets."""
    spans = [Span(" "), *(_tab(state, pane) for pane in PANES)]
    findings = len(state.comparison.findings) if state.comparison and not state.pending else 0
    note = f"  {findings} notice{'s' if findings != 1 else ''}, see {ACTIONS.key('help')}" if findings else ""
    told = (*spans, Span(note, "warning"))
    return [fit(told if width_of(told) <= width else tuple(spans), width)]


def _tab(state: State, pane: str) -> Span:
    name = f"{PANES.index(pane) + 1} {NAMES[pane]}"
    return Span(f"[{name}] ", "focus") if pane == state.pane else Span(f" {name}  ", "faint")


def pane_at(state: State, x: int) -> str:
    """Pane whose name is at column ``x``; empty beside the names."""
    end = 1
    for pane in PANES:
        start, end = end, end + len(_tab(state, pane).text)
        if start <= x < end:
            return pane
    return ""
