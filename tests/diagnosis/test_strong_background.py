"""Two faults under water that scatters far more than the crystal, in the tests' own port."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbtui.diagnosis.answer import Verdict
from nbtui.diagnosis.diagnose import diagnose
from nbtui.live.cases import case_of_command
from nbtui.sweep.port_run import SimulatedCase
from nbtui.trace.reading.reader import parse_lines
from port.faults import Faults
from port.settings import settings_of
from port.simulator import Simulator
from port.trace_hook import trace_text

PIXEL = (12, 12)
COMMAND = (
    "-cell 40 50 60 90 90 90 -misset 10 20 30 -default_F 100 -lambda 1.2 -N 5 -distance 120 -detpixels 24 -pixel 2 "
    "-oversample 1 -water"
)


@pytest.mark.slow
@pytest.mark.parametrize("micrometres", ["0.02", "0.5", "5"])
def test_faults_are_named_under_a_background(micrometres: str, here: Path) -> None:
    command = f"{COMMAND} {micrometres}"
    case = case_of_command(command, "command", name="water", workdir=here)
    port = Simulator(settings_of(f"port {command}", here), Faults("misset_reversed", "other_pivot"))
    log = parse_lines(trace_text(port, *PIXEL).splitlines())
    found = diagnose(case, SimulatedCase(case, "stock").reference(PIXEL), log, pixel=PIXEL)
    assert found.verdict is Verdict.EXPLAINED
    assert set(found.hypotheses[0].ids) == {"misset_order", "pivot"}
    assert not any("pix0_vector_meters" in told and "not reach" in told for told in found.certain)
