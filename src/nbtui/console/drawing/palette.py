"""Tones, the themes that give them terminal styles, and the current theme.

No theme paints a background: the terminal keeps its own. ``dark`` and ``light`` use fixed colours of the 256, which
distinguish pass (blue-green) from divergence (orange, red) for red-green colour-blind users as well; ``ansi`` uses the
terminal's own sixteen, the fewest bytes, and only those legible on dark and light backgrounds; ``mono`` has
attributes only. Every tone that carries meaning also has a text signal (a glyph, a word, brackets).
"""

from __future__ import annotations

from rich.style import Style

_DARK = {
    "text": "",
    "faint": "color(246)",
    "label": "color(117)",
    "title": "bold",
    "rule": "color(240)",
    "focus": "bold color(117)",
    "key": "bold color(117)",
    "agree": "color(246)",  # common digits
    "digit": "bold color(220)",  # differing digits
    "pass": "color(79)",
    "minor": "color(221)",
    "diverge": "bold color(209)",
    "critical": "bold color(203)",
    "missing": "color(176)",
    "inherited": "color(173)",
    "cursor": "reverse bold",
    "changed": "reverse color(221)",
    "verdict-agree": "bold reverse color(79)",
    "verdict-differ": "bold reverse color(209)",
    "verdict-wait": "bold reverse",
    "bar-c": "color(117)",
    "bar-py": "color(215)",
    "warning": "bold color(221)",
    "moved": "underline color(221)",  # digits changed by the last step
    "heat-0": "bold color(231) on color(124)",  # levels of the map, largest terms first
    "heat-1": "color(16) on color(209)",
    "heat-2": "color(16) on color(221)",
    "heat-3": "color(117)",
    "heat-4": "color(67)",
    "more": "bold color(203)",
    "less": "bold color(117)",
}
_LIGHT = {
    **_DARK,
    "faint": "color(242)",
    "label": "color(25)",
    "rule": "color(249)",
    "focus": "bold color(25)",
    "key": "bold color(25)",
    "agree": "color(242)",
    "digit": "bold color(94)",
    "pass": "color(29)",
    "minor": "color(130)",
    "diverge": "bold color(88)",
    "critical": "bold color(160)",
    "missing": "color(90)",
    "inherited": "color(131)",
    "changed": "reverse color(130)",
    "verdict-agree": "bold reverse color(29)",
    "verdict-differ": "bold reverse color(88)",
    "bar-c": "color(25)",
    "bar-py": "color(130)",
    "warning": "bold color(130)",
    "moved": "underline color(94)",
    "heat-3": "color(25)",
    "heat-4": "color(60)",
    "more": "bold color(160)",
    "less": "bold color(25)",
}
_ANSI = {
    **_DARK,
    "faint": "dim",
    "label": "cyan",
    "rule": "bright_black",
    "focus": "bold cyan",
    "key": "bold cyan",
    "agree": "dim",
    "digit": "bold magenta",
    "pass": "green",
    "minor": "cyan",
    "diverge": "bold red",
    "critical": "bold bright_red",
    "missing": "magenta",
    "inherited": "red",
    "changed": "reverse magenta",
    "verdict-agree": "bold reverse green",
    "verdict-differ": "bold reverse red",
    "bar-c": "cyan",
    "bar-py": "magenta",
    "warning": "bold magenta",
    "moved": "underline magenta",
    "heat-0": "bold bright_white on red",
    "heat-1": "black on yellow",
    "heat-2": "bold magenta",
    "heat-3": "cyan",
    "heat-4": "dim",
    "more": "bold bright_red",
    "less": "bold cyan",
}
_MONO = {
    **dict.fromkeys(_DARK, ""),
    "faint": "dim",
    "title": "bold",
    "rule": "dim",
    "focus": "bold",
    "key": "bold",
    "agree": "dim",
    "digit": "bold underline",
    "diverge": "bold",
    "critical": "bold underline",
    "inherited": "dim",
    "cursor": "reverse bold",
    "changed": "reverse",
    "verdict-agree": "bold reverse",
    "verdict-differ": "bold reverse",
    "verdict-wait": "bold reverse",
    "warning": "bold",
    "moved": "underline",
    "heat-0": "bold reverse",
    "heat-1": "reverse",
    "heat-2": "bold",
    "heat-4": "dim",
    "more": "bold",
    "less": "dim",
}
PALETTES: dict[str, dict[str, str]] = {"dark": _DARK, "light": _LIGHT, "ansi": _ANSI, "mono": _MONO}

STYLES: dict[str, Style] = {}  # styles of the current theme, by tone
_names: list[str] = []  # name of the current theme


def choose(theme: str) -> None:
    """Select the theme of this process, which has one terminal. Raises KeyError for an unknown theme."""
    styles = {tone: Style.parse(text or "none") for tone, text in PALETTES[theme].items()}
    STYLES.clear()
    STYLES.update(styles)
    _names[:] = [theme]


def theme() -> str:
    """Name of the current theme."""
    return _names[0]


choose("dark")


# levels of the image screen, of a terminal's 256 colours: each step contrasts more with the terminal's background than
# the one before; a difference uses blue and red, which red-green colour-blind users can distinguish.
# The lowest level has no colour and so costs no bytes.
_LEVELS = ("123456", "ABCDEF", "abcdef", "?")
_DOTS: dict[str, tuple[tuple[int, ...], ...]] = {
    "dark": ((19, 55, 126, 203, 220, 231), (52, 88, 160, 202, 214, 229), (18, 20, 27, 39, 81, 195), (46,)),
    "light": ((153, 111, 69, 62, 54, 16), (224, 217, 209, 203, 160, 88), (195, 153, 117, 75, 27, 18), (46,)),
    "ansi": ((4, 5, 1, 9, 11, 15), (1, 1, 9, 9, 11, 11), (4, 4, 12, 12, 14, 14), (10,)),
}


def style(tone: str) -> Style:
    """Style of a tone. Raises KeyError for an unknown tone.

    ``dots UL`` is a cell of an image: levels U in front (a half block) and L behind it; ``0`` is the terminal's own.
    """
    if tone not in STYLES and tone.startswith("dots "):
        if theme() == "mono":  # the image screen then shows levels as characters
            return STYLES["text"]
        front, behind = (_colour(code) for code in tone[5:])
        STYLES[tone] = Style(color=front, bgcolor=behind)
    return STYLES[tone]


def _colour(level: str) -> str | None:
    if level == "0":
        return None
    colours = _DOTS[theme()]
    at = next(at for at, levels in enumerate(_LEVELS) if level in levels)
    return f"color({colours[at][_LEVELS[at].index(level)]})"
