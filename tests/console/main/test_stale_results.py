"""However the threads are scheduled, an older result never replaces a newer one, and the newest is shown in the end."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtui.console.main import state as moves
from nbtui.console.main.contributions import arrange
from nbtui.console.main.pair import Compared
from nbtui.console.main.simulated import simulated
from nbtui.console.main.state import Phase, State
from nbtui.live.model import Case, Settings, Simulation
from nbtui.trace.reading.reader import parse_lines
from support.console_toy import C_LINES, JUDGEMENT, console, ready, simulation, terms, toy_simulator, until
from support.patience import PATIENCE

C = parse_lines(C_LINES, "c.log")
LIVE = parse_lines([line.replace("TRACE_C", "TRACE_PY") for line in C_LINES], "live")


@dataclass
class Model:
    """The console's state, the requests on their way, and what was asked for last."""

    state: State
    outstanding: list[tuple[int, Settings]] = field(default_factory=list)
    shown: list[int] = field(default_factory=list)  # generations, in the order in which they were shown

    def ask(self, mode: str) -> None:
        self.state = moves.asked(self.state, replace(self.state.settings, phi_mode=mode))
        self.outstanding.append((self.state.generation, self.state.settings))

    def finish(self, which: int, *, well: bool) -> None:
        generation, asked = self.outstanding.pop(which % len(self.outstanding))
        before = self.state
        if well:
            run = replace(simulation([1, 2, 3, 4], LIVE, asked.phi_mode), settings=asked)
            comparison = JUDGEMENT.compare(C, LIVE)
            self.state = simulated(
                before, generation, run, {Compared.REFERENCE_LIVE: comparison}, arrange(run, terms([4, 3, 2, 1]))
            )
        else:
            self.state = moves.failed(before, generation, "lost the device", 3)
        if self.state is not before:
            self.shown.append(generation)


EVENTS = st.one_of(
    st.tuples(st.just("ask"), st.sampled_from(["spec", "c-parity"])),
    st.tuples(st.just("done"), st.integers(0, 9)),
    st.tuples(st.just("failed"), st.integers(0, 9)),
)


@given(st.lists(EVENTS, max_size=30))
@settings(max_examples=100, deadline=None)
def test_whatever_order_results_come_in(events: list[tuple[str, str | int]]) -> None:
    model = Model(State(Settings(), c_trace=C))
    for kind, value in events:
        if isinstance(value, str):
            model.ask(value)
        elif model.outstanding:
            model.finish(value, well=kind == "done")
    assert model.shown == sorted(model.shown)
    asked = model.state.generation
    while model.outstanding:
        model.finish(0, well=True)
    if asked in model.shown and model.state.phase is Phase.READY:
        assert model.state.simulation is not None
        assert model.state.simulation.settings == model.state.settings
    assert all(generation <= asked for generation in model.shown)
    assert not model.shown or model.shown[-1] == asked or asked not in model.shown


@pytest.mark.slow
async def test_results_that_come_back_in_reverse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five requests, all waiting at once; they are let go from the newest to the oldest."""
    gates: list[threading.Event] = []
    ended: list[int] = []

    def gated(case: Case, asked: Settings) -> Simulation:
        if asked.c_program is not None:  # the reference of another pixel
            return replace(toy_simulator(asked), case=case)
        number, gate = len(gates), threading.Event()
        gates.append(gate)
        assert gate.wait(PATIENCE)
        ended.append(number)
        pixel = case.pixel
        assert pixel is not None
        return replace(toy_simulator(asked), case=case, pixel=pixel)

    monkeypatch.setattr("nbtui.live.session.simulate", gated)
    log = tmp_path / "trace_c.log"
    log.write_text("\n".join(C_LINES) + "\n")
    case = Case("toy", (), tmp_path, (12, 14), log, None, None)
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = pilot.app
        await until(pilot, lambda: len(gates) == 1)
        gates[0].set()
        app = await ready(pilot)
        for number, keys in enumerate((["m"], ["m"], ["colon", *"pixel 3 4", "enter"], ["m"], ["m"]), start=2):
            await pilot.press(*[{" ": "space"}.get(key, key) for key in keys])
            await until(pilot, lambda wanted=number: len(gates) == wanted)
        for gate in reversed(gates):
            gate.set()
            await pilot.pause(0.02)
        await until(pilot, lambda: len(ended) == len(gates))
        await until(pilot, lambda: app.state.phase is Phase.READY)
        await pilot.pause(0.05)
        shown = app.state.simulation
        assert shown is not None and shown.pixel == (3, 4) and shown.settings == app.state.settings
        assert app.state.settings.phi_mode == "spec"
