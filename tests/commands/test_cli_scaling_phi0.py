"""spec mode: the phi = 0 slice is the unrotated crystal and the scaling chain closes; from a command line."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from nbsim.pixel.trace import format_line, terms_rows, trace_lines
from support.golden_cases import experiment_of, golden_case, needs, simulated


def named(text: str) -> dict[str, list[float]]:
    """First value of every ``TRACE_PY: name v ...`` line."""
    found: dict[str, list[float]] = {}
    for name, values in re.findall(r"TRACE_PY: (\S+) (.+)", text):
        found.setdefault(name, [float(value) for value in values.split()])
    return found


class TestScalingParity:
    """The demo case in the default mode."""

    def test_spec_mode_identity(self) -> None:
        log, result = golden_case("demo").log, simulated("demo", "spec")
        trace = named("\n".join(format_line(line) for line in trace_lines(result)))
        # C prints the unrotated cell with 8 decimals: X: a_x b_x c_x, then Y and Z
        table = re.search(r"real-space cell vectors.*?\n.*?\nX:(.*)\nY:(.*)\nZ:(.*)\n", log)
        assert table is not None
        unrotated = np.array([[float(value) for value in row.split()] for row in table.groups()])
        for column, axis in enumerate("abc"):
            np.testing.assert_allclose(trace[f"rot_{axis}_angstroms"], unrotated[:, column], atol=6e-9)
        product = trace["r_e_sqr"][0] * trace["fluence_photons_per_m2"][0] * trace["I_before_scaling"][0]
        product *= trace["polar"][0] * trace["omega_pixel"][0] * trace["capture_fraction"][0] / trace["steps"][0]
        assert trace["I_pixel_final"][0] == pytest.approx(product, rel=1e-13)

    def test_only_the_first_slice_differs_from_c(self) -> None:
        expected, found = golden_case("demo").terms(), terms_rows(simulated("demo", "spec"))
        wanted = np.array([row["F_cell2_F_latt2"] for row in expected])
        got, steps = found["F_cell2_F_latt2"], found["phi_step"]
        np.testing.assert_allclose(got[steps > 0], wanted[steps > 0], rtol=1e-9)
        relative = (math.fsum(got) - math.fsum(wanted)) / math.fsum(wanted)
        assert 0.05 < abs(relative) < 0.2  # about ten per cent, as the demo's notes say

    def test_modes_agree_without_a_zero_angle(self, request: pytest.FixtureRequest) -> None:
        needs(request, "phi_start_nonzero")
        assert float(simulated("phi_start_nonzero", "spec").value) == float(simulated("phi_start_nonzero").value)

    def test_spec_is_the_default(self) -> None:
        assert not experiment_of("demo", "spec").quirks.phi_carryover
        assert experiment_of("demo", "c-parity").quirks.phi_carryover
