"""A log with its phi lines in a file of their own: read, followed and exported together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nbtui.console.app import Console, initial
from nbtui.console.main.origin import LogOrigin
from nbtui.console.main.refresh import followed
from nbtui.console.main.state import Phase
from nbtui.evidence.check.verify import verify
from nbtui.live.cases import load_case
from nbtui.live.model import Settings
from nbtui.live.session import simulate, split_phi
from support.console_toy import JUDGEMENT, until
from support.places import DEMO


@pytest.mark.slow
async def test_phi_lines_in_a_file_of_their_own(tmp_path: Path) -> None:
    lines, phi_lines = split_phi(simulate(load_case("demo")).trace_lines)
    log, phi = tmp_path / "port.log", tmp_path / "port_phi.log"
    log.write_text("\n".join(lines) + "\n")
    phi.write_text("\n".join(phi_lines) + "\n")
    case = load_case("demo")
    origin = LogOrigin(phi, "python -m port")
    state = initial(case, Settings(), None, None, JUDGEMENT, (DEMO / "trace_c.log", log), origin=origin)
    app = Console(state, JUDGEMENT, tmp_path / "reports")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.state.phase is Phase.READY and app.state.suspect is not None)
        assert app.state.suspect is not None and len(app.state.suspect.phi) == 12
        assert {log, phi} <= followed(app.state)
        phi.write_text("a later run\n" + phi.read_text())
        await until(pilot, lambda: "port_phi.log read again" in app.state.message)
        assert app.state.suspect is not None and len(app.state.suspect.phi) == 12
        await pilot.press("e")
        await until(pilot, lambda: app.packages.shelf is not None and len(app.packages.shelf.checks) == 1)
    (package,) = (tmp_path / "reports").iterdir()
    assert (package / "trace_py_scaling_cpu_per_phi.log").read_bytes() == phi.read_bytes()
    assert json.loads((package / "metrics.json").read_text())["sides"][1]["made_by"]["command"] == "python -m port"
    assert verify(package).ok
