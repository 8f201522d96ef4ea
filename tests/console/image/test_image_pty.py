"""The image screen in a real pseudo-terminal: how many bytes it sends."""

from __future__ import annotations

import pytest

from support.console_terminal import Start, console_program

pytestmark = pytest.mark.slow


def test_byte_budgets(on_terminal: Start) -> None:
    """120 x 40: a move <= 600 bytes, a page <= 10 000, idle and mouse motion nothing."""
    terminal = on_terminal(console_program())
    terminal.wait_for("FIRST DIVERGENCE")
    terminal.press("i")
    terminal.wait_for("correlation")  # the images have been compared: nothing more is to come
    terminal.settle()
    assert max(terminal.press(key) for key in "jl") <= 600
    assert max(terminal.press(key) for key in "123") <= 10_000  # another view
    assert max(terminal.press(key) for key in "++++--") <= 10_000  # another zoom
    assert terminal.press("0") <= 11_000  # the whole of it at once
    assert terminal.press("v") <= 5_000  # letters are lighter still
    terminal.press("v")
    terminal.press("+")
    assert 600 < max(terminal.press(key) for key in "nN") <= 10_000  # from page to page
    assert terminal.press("\x1b[<35;30;12M\x1b[<35;31;13M") == 0
    assert len(terminal.read(1.0)) <= 200
