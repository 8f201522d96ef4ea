"""phi = 0 in c-parity mode keeps the vectors of the last phi step, as the C program's own log shows."""

from __future__ import annotations

import re

import numpy as np
import pytest

from nbsim.pixel.orientations import inherited_steps
from nbsim.pixel.pixel import PixelResult
from nbsim.pixel.trace import trace_lines
from support.golden_cases import golden_case, needs, simulated


def c_vector(log: str, name: str) -> list[float]:
    match = re.search(rf"TRACE_C: {name} (\S+) (\S+) (\S+)", log)
    assert match is not None
    return [float(value) for value in match.groups()]


def c_k_fractions(log: str) -> list[float]:
    return [float(value) for value in re.findall(r"TRACE_C_PHI phi_tic=\d+ \S+ k_frac=(\S+)", log)]


def our_k_fractions(result: PixelResult) -> list[float]:
    return [line.values[5] for line in trace_lines(result) if line.style == "phi"]


def our_vector(result: PixelResult, name: str) -> list[float]:
    return list(next(line.values for line in trace_lines(result) if line.name == name))


class TestPhiCarryoverBehavior:
    """Emulation of quirk L2."""

    def test_c_parity_mode_stale_carryover(self) -> None:
        """Step 0 has the vectors of the last step, digit for digit those of C."""
        log, result = golden_case("demo").log, simulated("demo", "c-parity")
        expected = c_k_fractions(log)
        assert expected[0] == expected[-1]
        np.testing.assert_allclose(our_k_fractions(result), expected, rtol=1e-12)
        for axis in "abc":
            name = f"rot_{axis}_angstroms"
            np.testing.assert_allclose(our_vector(result, name), c_vector(log, name), rtol=1e-12)
        cell = result.terms.passes.cell
        assert cell.a[0].tolist() == cell.a[-1].tolist()

    @pytest.mark.parametrize("name", ["phi_carryover", "sources_oversample_carryover", "phi_through_zero"])
    def test_other_cases_agree_with_c(self, name: str, request: pytest.FixtureRequest) -> None:
        needs(request, name)
        np.testing.assert_allclose(our_k_fractions(simulated(name)), c_k_fractions(golden_case(name).log), rtol=1e-12)

    def test_first_pass_of_a_run_is_fresh(self, request: pytest.FixtureRequest) -> None:
        """In the very first pixel only the first subpixel's phi = 0 is the unrotated crystal."""
        needs(request, "phi_carryover_first_pixel")
        log, result = golden_case("phi_carryover_first_pixel").log, simulated("phi_carryover_first_pixel")
        blocks = np.array(our_k_fractions(result)).reshape(-1, 6)
        np.testing.assert_allclose(blocks, np.array(c_k_fractions(log)).reshape(-1, 6), rtol=1e-12)
        assert blocks[0, 0] != blocks[0, -1]
        np.testing.assert_array_equal(blocks[1:, 0], blocks[1:, -1])

    def test_spec_mode_has_no_memory(self) -> None:
        first, later = inherited_steps(simulated("demo", "spec").experiment)
        assert first == later == (None, *range(1, 12))
        first, later = inherited_steps(simulated("demo", "c-parity").experiment)
        assert first == (None, *range(1, 12))
        assert later == (11, *range(1, 12))
