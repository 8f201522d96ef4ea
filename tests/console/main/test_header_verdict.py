"""The verdict line of the header where the logs have little: few common fields, or a stock build's block."""

from __future__ import annotations

from nbtui.console.drawing.line import plain
from nbtui.console.main import state as moves
from nbtui.console.main.pair import Compared
from nbtui.console.main.panes import header
from nbtui.console.main.state import Phase, State
from nbtui.live.model import Settings
from nbtui.parity.compare import compare
from nbtui.trace.reading.reader import parse_lines, read_trace
from support.console_toy import C_LINES
from support.places import DATA


def test_header_gives_no_verdict_on_too_few_fields() -> None:
    c = parse_lines(C_LINES, "c.log")
    py = parse_lines([entry.replace("TRACE_C", "TRACE_PY") for entry in C_LINES if "F_cell" in entry], "py.log")
    found = moves.compared(
        State(Settings(), suspect=py, shown=Compared.REFERENCE_LOG, phase=Phase.READY), compare(c, py)
    )
    assert plain(header.draw(found, 120, 3))[1].startswith(" NO VERDICT  too little in common (1 of 10 fields)")
    assert moves.exit_code(found) == 1


def test_header_says_what_a_stock_log_holds() -> None:
    c = read_trace(DATA / "stock" / "still" / "trace_c.log")
    found = moves.compared(State(Settings(), suspect=c, shown=Compared.REFERENCE_LOG, phase=Phase.READY), compare(c, c))
    assert "stock log: 16 values" in plain(header.draw(found, 120, 3))[1]
    assert "how to get all 73: docs/traces.md" in plain(header.draw(found, 200, 3))[1]
