"""Every row of the C program's terms, in its order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nbsim.pixel.trace import TERM_COLUMNS, terms_rows
from support.golden_cases import NAMES, golden_case, needs, simulated

COUNTERS = ("thick", "sub_slow", "sub_fast", "source", "phi_step", "mosaic_domain", "h0", "k0", "l0")


@pytest.mark.parametrize("name", NAMES)
def test_every_row_equals_cs(name: str, request: pytest.FixtureRequest) -> None:
    needs(request, name)
    expected, found = golden_case(name).terms(), terms_rows(simulated(name))
    assert tuple(found) == TERM_COLUMNS
    for column in TERM_COLUMNS:
        wanted = np.array([row[column] for row in expected])
        assert found[column].shape == wanted.shape
        if column in COUNTERS:
            np.testing.assert_array_equal(found[column], wanted, err_msg=column)
        elif wanted.size:
            np.testing.assert_allclose(found[column], wanted, rtol=0, atol=1e-9 * np.abs(wanted).max(), err_msg=column)


def test_tophat_case_has_no_row(shared: Path) -> None:
    assert golden_case("tophat_spots").terms() == []
    assert terms_rows(simulated("tophat_spots"))["h"].size == 0


@pytest.mark.parametrize("name", ["demo", "oversample3", "sources_oversample_carryover"])
def test_terms_add_up_to_the_intensity(name: str, request: pytest.FixtureRequest) -> None:
    needs(request, name)
    expected = sum(row["F_cell2_F_latt2"] for row in golden_case(name).terms())
    assert float(simulated(name).intensity) == pytest.approx(expected, rel=1e-12)


def test_running_sum_grows_to_the_intensity() -> None:
    result = simulated("demo")
    running = result.sums.running[0].numpy()
    steps = np.array([row["F_cell2_F_latt2"] for row in golden_case("demo").terms()])
    np.testing.assert_allclose(running, np.cumsum(steps), rtol=1e-12)
    assert running[-1] == float(result.intensity)
