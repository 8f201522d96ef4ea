"""Logs with tens of thousands of trace lines: what is printed, recorded and shown of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nbtui.cli import main
from nbtui.console.app import Console, initial
from nbtui.console.main.state import Phase
from nbtui.live.model import Settings
from nbtui.parity.compare import CompareCancelled, compare
from nbtui.parity.excerpt import LISTED
from nbtui.parity.table import RowTable
from nbtui.trace.reading.reader import parse_lines
from support.console_toy import JUDGEMENT, ready, shown, until

BLOCKS, STEPS = 25, 500
ODD_STEP, ODD_BLOCK = 321, 7


def log(side: str, *, off: float = 0.0, blocks: int = BLOCKS) -> list[str]:
    """A trace of many sub-pixels and phi steps; ``off`` changes one phi line and what is added up."""
    lines = [f"TRACE_{side}: lambda_meters 1e-10"]
    for block in range(blocks):
        lines += [f"TRACE_{side}: pixel_pos_meters 0.1 0.{block + 1} 0.3", f"TRACE_{side}: F_latt {block + 0.5}"]
        for step in range(STEPS):
            value = step + 0.25 + (off if (block, step) == (ODD_BLOCK, ODD_STEP) else 0.0)
            lines.append(f"TRACE_{side}_PHI phi_tic={step} phi_deg={0.1 * step:.15g} k_frac={value} F_latt=2.5")
    return [*lines, f"TRACE_{side}: I_before_scaling {1000 + off}", f"TRACE_{side}: I_pixel_final {7.5 + off}"]


@pytest.fixture
def logs(tmp_path: Path) -> tuple[Path, Path]:
    c, py = tmp_path / "c.log", tmp_path / "py.log"
    c.write_text("\n".join(log("C")) + "\n")
    py.write_text("\n".join(log("PY", off=0.5)) + "\n")
    return c, py


@pytest.mark.slow
def test_the_table_has_one_row_per_component_and_says_what_it_leaves_out(
    logs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compare", "--c", str(logs[0]), "--py", str(logs[1])]
    assert main(words) == 1
    text = capsys.readouterr().out
    assert f"phi.k_frac[phi {ODD_STEP}, block {ODD_BLOCK}]" in text
    assert "FIRST DIVERGENCE" in text and len(text.splitlines()) < 40
    rows = 1 + BLOCKS * (4 + 3 * STEPS) + 2
    assert f"of {rows:,} rows are not printed" in text
    assert main([*words, "--all", "--only-differing"]) == 1
    few = capsys.readouterr().out
    assert few.count("\n# ") == 3 and "not printed" not in few


def test_json_holds_an_excerpt_and_what_it_is_of(logs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--c", str(logs[0]), "--py", str(logs[1]), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    left = found["left_out"]
    kept = found["factors"] | found["other_fields"]
    assert left["recorded"] == len(kept) <= LISTED < left["rows"]
    assert left["components"]["phi.k_frac"]["divergent"] == 1
    label = f"phi.k_frac[phi {ODD_STEP}, block {ODD_BLOCK}]"
    assert left["components"]["phi.k_frac"]["worst_divergence"] == label == found["first_divergence_label"]
    assert kept[label]["status"] == "CRITICAL" or kept[label]["status"] == "DIVERGENT"
    assert found["num_divergent"] == 3 and found["num_compared"] == left["rows"]


def test_comparing_can_be_stopped() -> None:
    told: list[tuple[int, int]] = []
    c = parse_lines(log("C"))
    found = compare(c, c, progress=lambda done, of: told.append((done, of)))
    assert isinstance(found.rows, RowTable) and told[-1] == (len(found.rows), len(found.rows))
    with pytest.raises(CompareCancelled):
        compare(c, c, cancelled=lambda: True)


@pytest.mark.slow
async def test_the_console_reads_two_large_logs_and_walks_them(logs: tuple[Path, Path]) -> None:
    app = Console(initial(None, Settings(), None, None, JUDGEMENT, logs), JUDGEMENT, Path("reports"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        # the lattice factor made from the index agrees: the index is of the print
        assert app.state.row is not None and app.state.row.label == "I_before_scaling"
        await pilot.press("D")
        assert app.state.row.label == f"phi.k_frac[phi {ODD_STEP}, block {ODD_BLOCK}]"
        assert f"phi.k_frac[phi {ODD_STEP}" in shown(app, "fields")
        await pilot.press("f")
        assert "3 rows, only differing" in shown(app, "fields")
        await pilot.press("f", "end")
        assert app.state.row.field == "I_pixel_final"
        await pilot.press("d")
        assert app.state.cursor == app.state.rows[app.state.cursor].order
        await pilot.press("home", "slash", *"k_frac", "left_square_bracket", *"phi 4", "right_square_bracket", "enter")
        assert app.state.row.label == "phi.k_frac[phi 4]"
        await pilot.press("enter")
        assert f"the same in the {BLOCKS * STEPS:,} phi lines" in shown(app, "detail")
        assert "TRACE_C_PHI phi_tic=4 " in shown(app, "detail")


@pytest.mark.slow
async def test_esc_stops_reading_and_r_begins_again(logs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from nbtui.console import jobs

    seen = []

    def endless(self: jobs.Work, path: Path) -> None:
        seen.append(self)
        while not self.stopped():
            self.say(f"reading {path.name}: 1 of 2 MB")
        raise jobs.ReadCancelled("reading was cancelled")

    with monkeypatch.context() as patch:
        patch.setattr(jobs.Work, "read", endless)
        app = Console(initial(None, Settings(), None, None, JUDGEMENT, logs), JUDGEMENT, Path("reports"))
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: "1 of 2 MB" in shown(app, "header"))
            assert "Esc stops" in shown(app, "header")
            await pilot.press("escape")
            assert seen[0].stopped() and app.state.phase is Phase.FAILED
            assert "r begins again" in shown(app, "header")
            patch.undo()
            await pilot.press("r")
            await ready(pilot)
            assert app.state.comparison is not None and app.state.comparison.num_divergent == 3


async def test_a_log_that_is_not_there_ends_the_console_with_a_sentence(tmp_path: Path) -> None:
    logs = (tmp_path / "nothing.log", tmp_path / "nothing.log")
    app = Console(initial(None, Settings(), None, None, JUDGEMENT, logs), JUDGEMENT, Path("reports"))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.return_value is not None)
    assert app.return_value == 2
