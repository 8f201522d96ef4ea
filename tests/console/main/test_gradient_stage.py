"""The stage of gradients in the pipeline: it is there only when a log has such lines."""

from __future__ import annotations

from dataclasses import replace

from nbtui.console.drawing.line import plain
from nbtui.console.main.panes import pipeline
from nbtui.parity.compare import compare
from nbtui.trace.reading.reader import parse_lines
from support.console_toy import toy_state


def test_pipeline_shows_gradients_where_a_log_has_some_and_they_fit() -> None:
    lines = ("TRACE_{}: I_pixel_final 2", "TRACE_{}: my_own 1", "TRACE_{}_GRAD: cell_a {}")
    logs = [parse_lines([line.format(side, slope) for line in lines], side) for side, slope in (("C", 1), ("PY", 1.1))]
    state = replace(toy_state(), comparison=compare(*logs), cursor=1)
    shown = plain(pipeline.draw(state, 18, 11))  # the room of a screen of 120x36
    assert shown[8:] == [" = Scaling", "># Gradients     1", " = Other"]
