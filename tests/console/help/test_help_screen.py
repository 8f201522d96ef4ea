"""The help screen: its signs, its keys and its search."""

from __future__ import annotations

import pytest

from nbtui.console.help.screen import HelpScreen
from nbtui.live.model import Case
from support.console_toy import console, ready, screen_text, until


@pytest.mark.slow
async def test_the_help_says_what_the_signs_mean_and_finds_any_key(case: Case, simulator: object) -> None:
    async with console(case).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.pause()
        screen, text = app.screen, screen_text(app)
        assert isinstance(screen, HelpScreen)
        for words in ("agrees within the tolerance", "new here", "the digits in brackets differ", "/ search"):
            assert words in text
        await pilot.press("home", "slash", *"evidence")
        assert "write an evidence package" in screen_text(app).splitlines()[0]
        await pilot.press("enter", "n")
        assert "evidence packages of the reports folder" in screen_text(app).splitlines()[0]
        await pilot.press("N")
        assert "1 of 3 lines" in screen_text(app)
        await pilot.press("home", "tab", "tab")
        top = screen.state.top
        await pilot.press("shift+tab")
        assert 0 < screen.state.top < top
        await pilot.press("slash", *"zzz")
        assert "no match for 'zzz'" in screen_text(app)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: not isinstance(app.screen, HelpScreen))
