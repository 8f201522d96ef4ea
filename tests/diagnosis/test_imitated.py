"""The live side with the causes of a log is that log, line by line; without them it is C."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbtui.diagnosis.diagnose import diagnose
from nbtui.diagnosis.imitated import imitated
from nbtui.live.cases import case_of_command_file
from nbtui.live.model import Settings
from nbtui.live.session import simulate
from nbtui.parity.compare import compare
from nbtui.trace.reading.reader import read_trace

pytestmark = pytest.mark.slow
CASES = (
    "011_kahn_1_for_0",
    "018_source_weights_raw",
    "028_tap_phi3",
    "044_swap_xy_org",
    "074_phi_endpoint_b",
    "103_hkl_kl_swapped",
    "112_mean_corrections",
    "124_pair_carryover_tap_polar",
    "139_pair_interp_tap_polar",
)


@pytest.mark.parametrize("name", CASES)
def test_live_with_the_causes_is_the_log(shared: Path, name: str) -> None:
    folder = shared / "zoo_sample" / "cases" / name
    inputs = (folder / (folder / "inputs.link").read_text().strip()).resolve()
    case = case_of_command_file(folder / "command.txt", workdir=inputs)
    log = read_trace(folder / "trace_py.log")
    found = diagnose(case, read_trace(folder / "trace_c.log"), log)
    assert found.imitation is not None and found.waterfall is not None
    plain = simulate(case, Settings(phi_mode="c-parity"))
    live = imitated(found.imitation, found.waterfall.levels[0].on, plain)
    assert live.causes == found.imitation.ids
    comparison = compare(log, live.trace)
    assert comparison.first_divergence is None and comparison.num_compared > 50
    assert imitated(found.imitation, (), plain) is plain
