"""A toy pixel made by hand: two phi steps, two domains, the first difference in rot_a."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from textual.app import App
from textual.pilot import Pilot

from nbtui.console.app import Console, initial
from nbtui.console.drawing.line import plain
from nbtui.console.main.contributions import arrange
from nbtui.console.main.jobs import Judgement
from nbtui.console.main.pair import Compared
from nbtui.console.main.simulated import simulated
from nbtui.console.main.state import Phase, State
from nbtui.live.model import Case, Settings, Simulation, TermTable
from nbtui.parity.compare import compare
from nbtui.parity.model import Comparison
from nbtui.runs.known import KnownCommands
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines
from support.patience import PATIENCE

JUDGEMENT = Judgement("full", None, {})
C_LINES = (
    "TRACE_C: lambda_meters 1.2e-10",
    "TRACE_C: rot_a_angstroms 29.5 4 -1.75",
    "TRACE_C: hkl_frac -0.03 4.0317 -9.05",
    "TRACE_C: F_latt 320",
    "TRACE_C_PHI phi_tic=0 phi_deg=0 k_frac=4.0317 F_latt_b=7 F_latt=320",
    "TRACE_C: F_cell 100",
    "TRACE_C_PHI phi_tic=1 phi_deg=0.5 k_frac=4.0317 F_latt_b=7 F_latt=320",
    "TRACE_C: I_before_scaling 2000",
)
PY_LINES = (
    "TRACE_PY: lambda_meters 1.2e-10",
    "TRACE_PY: rot_a_angstroms 29.6 4 -1.75",
    "TRACE_PY: hkl_frac -0.03 4.0462 -9.05",
    "TRACE_PY: F_latt 110",
    "TRACE_PY: F_cell 100",
    "TRACE_PY: I_before_scaling 1500",
)


def terms(values: list[float]) -> TermTable:
    """Two phi steps x two domains with these terms; h k l lie 0.1, 0.02 and 0.05 from (0, 4, -9)."""
    n = len(values)
    zeros = np.zeros(n, dtype=int)
    return TermTable(
        thick=zeros, sub_slow=zeros, sub_fast=zeros, source=zeros,
        phi_step=np.array([0, 0, 1, 1])[:n], mosaic_domain=np.array([0, 1, 0, 1])[:n],
        h=np.full(n, 0.1), k=np.full(n, 4.02), l=np.full(n, -9.05),
        h0=np.zeros(n), k0=np.full(n, 4), l0=np.full(n, -9),
        F_latt=np.sqrt(np.array(values)) / 100, F_cell=np.full(n, 100.0), F_cell2_F_latt2=np.array(values, dtype=float),
    )  # fmt: skip


def simulation(values: list[float], trace: Trace, mode: str = "spec") -> Simulation:
    axes = {"thick": 1, "sub_slow": 1, "sub_fast": 1, "source": 1, "phi_step": 2, "mosaic_domain": 2}
    case = Case("toy", ("-hkl", "x"), Path(), (12, 14), None)
    return Simulation(
        case, Settings(phi_mode=mode), (12, 14), (), trace, terms(values), axes, (0.0, 0.5), (10, 5, 2), 4, (), (), 0.25
    )


def live(lines: list[str]) -> Trace:
    return replace(parse_lines(lines, "live"), simulated=True)


def toy_comparison() -> tuple[Trace, Trace, Comparison]:
    c, py = parse_lines(C_LINES, "c.log"), live(PY_LINES)
    return c, py, compare(c, py)


def toy_state() -> State:
    """C's terms sum to 2000, Python's to 1500: the gap is in phi step 0."""
    c, py, comparison = toy_comparison()
    run = simulation([100, 200, 600, 600], py)
    start = State(Settings(), case=run.case, name="toy", c_trace=c)
    return simulated(start, 0, run, {Compared.REFERENCE_LIVE: comparison}, arrange(run, terms([400, 400, 600, 600])))


def toy_simulator(settings: Settings) -> Simulation:
    if settings.phi_mode == "spec":
        return simulation([100, 200, 600, 600], live(PY_LINES))
    lines = [entry.replace("TRACE_C", "TRACE_PY") for entry in C_LINES]
    return simulation([400, 400, 600, 600], live(lines), "c-parity")


def console(case: Case | None, reports: Path = Path("reports"), **logs: Trace | None) -> Console:
    given = {"c_trace": None, "suspect": None, **logs}
    return Console(initial(case, Settings(), given["c_trace"], given["suspect"], JUDGEMENT), JUDGEMENT, reports)


def console_with_port(case: Case, known: KnownCommands, reports: Path = Path("reports")) -> Console:
    """The console on a case whose port it can run."""
    return Console(initial(case, Settings(), None, None, JUDGEMENT, known=known), JUDGEMENT, reports)


async def until(pilot: Pilot[Any], condition: Callable[[], bool], told: str = "it never happened") -> None:
    """Let the app run until a condition holds; jobs are threads that Textual's pilot does not know."""
    end = time.monotonic() + PATIENCE
    while True:
        await pilot.pause(0.01)
        if condition():
            return
        assert time.monotonic() < end, f"{told}:\n{screen_text(pilot.app)}"


async def ready(pilot: Pilot[int]) -> Console:
    app = pilot.app
    assert isinstance(app, Console)
    await until(pilot, lambda: app.state.phase is Phase.READY)
    return app


def screen_text(app: App[Any]) -> str:
    """The text on the screen now."""
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


def shown(app: Console, pane: str) -> str:
    return "\n".join(plain(app.main.views[pane]._lines))
