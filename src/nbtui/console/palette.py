"""Tones and how a terminal shows them.

Only the terminal's own sixteen colours are used: they follow the user's theme and cost a third of the bytes of
true colours. Every tone that carries meaning also has a text signal (a glyph, a word, brackets), and where NO_COLOR is
set the attributes (bold, dim, underline, reverse) remain.
"""

from __future__ import annotations

from rich.style import Style

_STYLES: dict[str, str] = {
    "text": "",
    "faint": "dim",
    "label": "cyan",
    "title": "bold",
    "rule": "bright_black",
    "focus": "bold cyan",
    "key": "bold cyan",
    "agree": "dim",  # digits that agree
    "digit": "bold bright_yellow",  # digits that differ
    "pass": "green",
    "minor": "yellow",
    "diverge": "bold red",
    "critical": "bold bright_red",
    "missing": "magenta",
    "inherited": "dim red",
    "cursor": "reverse bold",
    "changed": "reverse yellow",
    "verdict-agree": "bold reverse green",
    "verdict-differ": "bold reverse red",
    "verdict-wait": "bold reverse",
    "bar-c": "cyan",
    "bar-py": "yellow",
    "warning": "bold yellow",
}

STYLES: dict[str, Style] = {tone: Style.parse(text or "none") for tone, text in _STYLES.items()}


def style(tone: str) -> Style:
    """The style of a tone. Raises KeyError for a tone that nobody defined."""
    return STYLES[tone]
