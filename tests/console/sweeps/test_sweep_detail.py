"""The selected finding of the sweeps screen: what its gap is the gap of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nbtui.console.drawing.line import plain
from nbtui.console.sweeps import pane
from nbtui.console.sweeps.state import SweepsState, looked
from nbtui.sweep.follow import SweepFolders
from support.sweep_folder import add_rows, record, row, write_record


@pytest.mark.parametrize(("check", "where"), [("trace", "pixel 3 4"), ("image", "whole image")])
def test_the_worst_gap_names_the_pixel_of_a_trace_and_the_whole_of_an_image(here: Path, check: str, where: str) -> None:
    folder = here / "a.sweep"
    write_record(record(1), folder)
    add_rows(folder, [replace(row(0, "-phi"), check=check)])
    state = looked(SweepsState(), SweepFolders([here]).look(), 1e9)
    (line,) = (text for text in plain(pane.detail(state, 100, 9)) if text.startswith(" worst"))
    assert line.rstrip().endswith(f"against nbsim as stock C, {where}")
