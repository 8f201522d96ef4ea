"""The main screen tells a difference that reaches the pixel from one of the print."""

from __future__ import annotations

from dataclasses import replace

from nbtui.console.drawing.line import plain
from nbtui.console.main import state as moves
from nbtui.console.main.pair import Compared
from nbtui.console.main.panes import detail, fields, header
from nbtui.console.main.state import Phase, State
from nbtui.live.model import Settings
from nbtui.parity.compare import compare
from nbtui.trace.reading.reader import parse_lines


def of_the_print() -> State:
    """The index differs while the sum made from it agrees; the polarization reaches the pixel."""
    lines = {"hkl_frac": "1.5 2.5 3.5", "F_cell": "5", "I_before_scaling": "9", "polar": "0.5", "I_pixel_final": "4"}
    other = {**lines, "hkl_frac": "1.6 2.5 3.5", "polar": "0.6", "I_pixel_final": "5"}
    c = parse_lines([f"TRACE_C: {name} {value}" for name, value in lines.items()], "c.log")
    py = parse_lines([f"TRACE_PY: {name} {value}" for name, value in other.items()], "py.log")
    return moves.compared(
        State(Settings(), suspect=py, shown=Compared.REFERENCE_LOG, c_trace=c, phase=Phase.READY), compare(c, py)
    )


def test_the_cursor_starts_at_the_first_divergence_that_reaches_the_pixel() -> None:
    state = of_the_print()
    assert state.row is not None and state.row.label == "polar"
    before = moves.to_divergence(state, forward=False)
    assert before.row is not None and before.row.label == "hkl_frac.h"


def test_the_header_names_both_first_divergences() -> None:
    verdict = plain(header.draw(of_the_print(), 140, 3))[1]
    assert "FIRST IN THE PIXEL  polar" in verdict and "earlier, not in the pixel hkl_frac.h" in verdict
    short = plain(header.draw(of_the_print(), 80, 3))[1]
    assert "IN PIXEL  polar" in short and "earlier hkl_frac.h" in short


def test_a_difference_of_the_print_has_its_own_sign_and_reason() -> None:
    state = of_the_print()
    rows = {row.label: row for row in state.rows}
    assert fields.glyph(state, rows["hkl_frac.h"])[0] == "~"
    assert fields.glyph(state, rows["polar"])[0] == "#"
    assert fields.glyph(state, rows["I_pixel_final"])[0] == "+"
    at_index = replace(state, cursor=rows["hkl_frac.h"].order)
    assert "does not reach the pixel: of the print: F_cell, I_before_scaling" in "\n".join(
        plain(detail.draw(at_index, 120, 20))
    )
