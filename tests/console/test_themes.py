"""Themes: readable, told apart without red and green, and no colours at all where nobody wants them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from rich.color import Color, ColorTriplet
from rich.style import Style

from nbtui.console.drawing import palette
from nbtui.console.drawing.palette import PALETTES, choose, style
from nbtui.console.main.state import Phase
from nbtui.live.model import Case
from nbtui.setting_table import THEMES
from support.console_terminal import Start, nbtui_program
from support.console_toy import console, until

BACKGROUND = {"dark": (0, 0, 0), "light": (255, 255, 255)}
STATUSES = ("pass", "minor", "diverge", "missing")
SGR = re.compile(r"\x1b\[([0-9;:]*)m")
COLOURS = {*range(30, 50), *range(90, 98), *range(100, 108)}  # ECMA-48, the terminal's own (39, 49) included

# linear RGB as a protanope and a deuteranope see it: Vienot, Brettel and Mollon 1999, Color Res. Appl. 24, 243
PROTAN = np.array([[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]])
DEUTAN = np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]])


@pytest.fixture(autouse=True)
def dark_again() -> Iterator[None]:
    yield
    choose("dark")


def linear(triplet: ColorTriplet | tuple[int, int, int]) -> np.ndarray:
    """sRGB 0..255 to linear light (IEC 61966-2-1)."""
    part = np.array(tuple(triplet)) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def luminance(rgb: np.ndarray) -> float:
    return float(rgb @ np.array([0.2126, 0.7152, 0.0722]))


def contrast(a: np.ndarray, b: np.ndarray) -> float:
    """WCAG 2.1 contrast ratio."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE 1976 L*a*b* under D65."""
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(np.clip(matrix @ rgb, 0.0, None) / np.array([0.9505, 1.0, 1.089]))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def colour(text: str) -> Color | None:
    return Style.parse(text or "none").color


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_tone_can_be_read(theme: str) -> None:
    for tone, text in PALETTES[theme].items():
        found = Style.parse(text or "none")
        behind = found.bgcolor.get_truecolor() if found.bgcolor else BACKGROUND[theme]
        if found.color is not None and tone != "rule":  # a line is not read
            assert contrast(linear(found.color.get_truecolor()), linear(behind)) >= 4.5, tone


@pytest.mark.parametrize("seen_by", [np.eye(3), PROTAN, DEUTAN], ids=["all", "protan", "deutan"])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_statuses_are_told_apart(theme: str, seen_by: np.ndarray) -> None:
    colours = {}
    for tone in STATUSES:
        found = colour(PALETTES[theme][tone])
        assert found is not None
        colours[tone] = lab(np.clip(seen_by @ linear(found.get_truecolor()), 0.0, 1.0))
    for one, other in combinations(STATUSES, 2):
        assert np.linalg.norm(colours[one] - colours[other]) > 15, (one, other)  # 2.3 is just noticeable


def test_the_themes_know_the_same_tones() -> None:
    assert tuple(PALETTES) == THEMES
    assert len({frozenset(tones) for tones in PALETTES.values()}) == 1


def test_mono_has_attributes_only() -> None:
    choose("mono")
    for tone in PALETTES["mono"]:
        assert style(tone).color is None and style(tone).bgcolor is None
    assert style("dots 36").color is None
    for plain, marked in (("agree", "digit"), ("pass", "diverge"), ("text", "changed"), ("text", "cursor")):
        assert style(plain) != style(marked)


def test_the_terminals_own_colours_are_read_on_dark_and_light() -> None:
    """Yellow and white vanish on white, blue and black on black; upon a colour of its own a tone may have any."""
    for tone, text in PALETTES["ansi"].items():
        found = Style.parse(text or "none")
        if found.color is not None and found.bgcolor is None:
            assert found.color.name in {"red", "bright_red", "green", "cyan", "magenta", "bright_black"}, tone
        assert tone == "rule" or found.color is None or found.color.name != "bright_black"


def test_unknown_theme() -> None:
    with pytest.raises(KeyError):
        choose("pink")
    assert palette.theme() == "dark"


async def test_f3_goes_through_the_themes(tmp_path: Path) -> None:
    app = console(Case("toy", ("-hkl", "x"), tmp_path, (12, 14), None))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.state.phase in (Phase.READY, Phase.FAILED))
        seen = []
        for _ in THEMES:
            await pilot.press("f3")
            seen.append(palette.theme())
            assert f'theme = "{palette.theme()}"' in app.state.message
    assert seen == ["light", "ansi", "mono", "dark"]


async def test_f2_turns_the_mouse_off_and_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = console(Case("toy", ("-hkl", "x"), tmp_path, (12, 14), None))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.state.phase in (Phase.READY, Phase.FAILED))
        sent: list[str] = []
        assert app._driver is not None
        monkeypatch.setattr(app._driver, "write", sent.append)
        await pilot.press("f2")
        assert "\x1b[?1000l" in "".join(sent) and "\x1b[?1000h" not in "".join(sent)
        assert app.state.message.startswith("mouse off")
        await pilot.press("f2")
        assert "\x1b[?1000h" in "".join(sent) and "\x1b[?1003h" not in "".join(sent)  # motion stays off


def codes(received: bytes) -> set[int]:
    """All parameters of all colour and attribute sequences."""
    found = SGR.findall(received.decode("utf-8", "replace"))
    return {int(code) for parameters in found for code in re.split("[;:]", parameters) if code}


@pytest.mark.slow
def test_no_color_means_no_colours(on_terminal: Start, tmp_path: Path) -> None:
    terminal = on_terminal(nbtui_program("demo"), XDG_CONFIG_HOME=str(tmp_path), NO_COLOR="1")
    terminal.wait_for("FIRST DIVERGENCE")
    for key in ("?", "\x1b", "p", "\x1b", "i", "\x1b", "v"):
        terminal.press(key)
    terminal.press("q")
    assert terminal.end() == 1
    assert codes(terminal.received) & {1, 2, 7} and not codes(terminal.received) & COLOURS


@pytest.mark.slow
def test_colours_are_there_otherwise(on_terminal: Start, tmp_path: Path) -> None:
    terminal = on_terminal(nbtui_program("demo"), XDG_CONFIG_HOME=str(tmp_path))
    terminal.wait_for("fields")
    assert codes(terminal.received) & COLOURS
