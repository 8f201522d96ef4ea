"""Your log on the live side: the causes of its difference, put there and taken away one by one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nbtui.console.main.exporting import export
from nbtui.console.main.live_causes import of_answer
from nbtui.console.main.pair import Compared
from nbtui.console.main.refresh import Reread, taken
from nbtui.console.main.state import Phase, State
from nbtui.diagnosis.diagnose import diagnose
from nbtui.errors import UnusableInput
from nbtui.live.model import Settings
from nbtui.trace.reading.reader import parse_lines
from support.console_toy import JUDGEMENT, console, ready, screen_text, until
from support.diagnosis_traces import demo, demo_log, lines_of


@pytest.mark.slow
async def test_live_starts_as_your_log_and_the_gap_falls_to_zero(tmp_path: Path) -> None:
    log = parse_lines(lines_of(phi_mode="spec"), "py.log")
    app = console(demo(), tmp_path, c_trace=demo_log(), suspect=log)
    async with app.run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("x")
        await until(pilot, lambda: app.state.causes is not None and app.state.phase is Phase.READY)
        await until(pilot, lambda: app.state.simulation is not None and bool(app.state.simulation.causes))
        await pilot.press("q")
        assert app.state.right is log and app.state.shown is Compared.REFERENCE_LOG
        assert "LIVE is your log within" in screen_text(app) and "with phi_carryover" in screen_text(app)
        live = app.state.with_live
        assert live is not None and app.state.comparison is not None
        ours, theirs = (found.row("I_pixel_final") for found in (app.state.comparison, live))
        assert ours is not None and theirs is not None
        assert theirs.py_value == pytest.approx(ours.py_value, rel=1e-9)
        await pilot.press("c")
        await until(pilot, lambda: app.state.shown is Compared.REFERENCE_LIVE)
        with pytest.raises(UnusableInput, match="cannot be replayed"):
            export(app.state, JUDGEMENT, tmp_path)
        await pilot.press("c", "c")
        await until(pilot, lambda: app.state.shown is Compared.REFERENCE_LOG)
        await pilot.press("x")
        await until(pilot, lambda: "Gap to C, one cause at a time" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.state.simulation is not None and not app.state.simulation.causes)
        gone = app.state.with_live
        assert gone is not None and gone.agrees and "C as simulated" in screen_text(app)
        await pilot.press("u")
        assert app.state.simulation is not None and app.state.simulation.causes == ("phi_carryover",)
        assert app.state.suspect is log


def test_another_log_takes_the_causes_of_the_last_one_away() -> None:
    diagnosis = diagnose(demo(), demo_log(), parse_lines(lines_of(phi_mode="spec"), "py.log"))
    causes = of_answer(diagnosis, diagnosis.hypotheses[0])
    assert causes is not None and causes.on == ("phi_carryover",)
    state = State(Settings(), case=demo(), c_trace=demo_log(), suspect=demo_log(), causes=causes)
    assert taken(state, Reread()).causes is causes
    assert taken(state, Reread(py=parse_lines(lines_of(), "py.log"))).causes is None


def test_only_a_close_imitation_is_called_your_log() -> None:
    diagnosis = diagnose(demo(), demo_log(), parse_lines(lines_of(phi_mode="spec"), "py.log"))
    causes = of_answer(diagnosis, diagnosis.hypotheses[0])
    assert causes is not None and causes.sentence.startswith("your log within ")
    assert replace(causes, off=0.3, is_log=False).sentence == "0.3 off your log with phi_carryover"
    assert replace(causes, off=None, is_log=False).sentence == "C with phi_carryover"
    assert causes.by(1).sentence == "C as simulated: every cause is taken away"
