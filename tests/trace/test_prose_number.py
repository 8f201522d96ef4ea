"""A log that states the final intensity in prose, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbtui.trace.model import TraceError
from nbtui.trace.reading.reader import read_trace


def log(folder: Path, text: str) -> Path:
    path = folder / "run.log"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("Pixel (685, 1039) final intensity: 2.87542036403465e-07", 2.87542036403465e-07),
        ("Final intensity = 12.5", 12.5),
        ("INFO sim: final pixel intensity is -3e2 photons", -300.0),
    ],
)
def test_the_number_is_the_pixels_value(line: str, number: float, tmp_path: Path) -> None:
    trace = read_trace(log(tmp_path, f"starting\n{line}\ndone\n"))
    (record,) = trace.records
    assert (record.name, record.values, record.line) == ("I_pixel_final", (number,), 2)
    assert trace.pixel is None
    assert "line 2 is read as I_pixel_final" in trace.notices[0].text


def test_the_last_one_counts(tmp_path: Path) -> None:
    trace = read_trace(log(tmp_path, "final intensity: 1\nfinal intensity: 2\n"))
    assert trace.records[0].values == (2,)


def test_trace_lines_win(tmp_path: Path) -> None:
    trace = read_trace(log(tmp_path, "final intensity: 1\nTRACE_PY: F_cell 5\n"))
    assert [record.name for record in trace.records] == ["F_cell"]


@pytest.mark.parametrize("line", ["final intensity: none", "the final intensity rose by 3", "final intensity: 1.2.3"])
def test_other_sentences_are_no_number(line: str, tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="no trace line found"):
        read_trace(log(tmp_path, line + "\n"))
