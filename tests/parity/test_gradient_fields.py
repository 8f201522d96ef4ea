"""Gradient lines in a comparison: the last stage, with a tolerance of its own."""

from __future__ import annotations

import math

import pytest

from nbsim.parameters import ROWS
from nbtui.parity.compare import compare
from nbtui.parity.profiles import from_mapping
from nbtui.parity.standing import obstacle
from nbtui.trace.fields.catalogue import FIELDS, STAGES, Stage
from nbtui.trace.fields.gradient import GROUP
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines

UNITS = {"Å": "A", "degrees": "deg", "electrons": "e", "photons/m²": "photons/m^2", "": "1"}
PIXEL = "I_pixel_final 2.5000000000000004"


def log(side: str, pixel: str = PIXEL, **gradients: float) -> Trace:
    lines = [f"TRACE_{side}: {pixel}"]
    lines += [f"TRACE_{side}_GRAD: {name} {value!r}" for name, value in gradients.items()]
    return parse_lines(lines, f"{side}.log")


def test_the_names_are_the_parameters_of_the_simulator_with_their_units() -> None:
    wanted = {}
    for name, row in ROWS.items():
        if row.components or not (row.shape or name == "structure_factors"):  # a table has no fixed names
            units = row.unit.split(", ") if name == "cell" else [row.unit]
            for at, component in enumerate(row.components or ("",)):
                unit = units[at // 3] if name == "cell" else units[0]
                wanted[f"{name}_{component}" if component else name] = UNITS.get(unit, unit)
    found = {entry.name.removeprefix(GROUP): entry.unit for entry in FIELDS if entry.stage is Stage.GRADIENTS}
    special = {"1": "photons", "photons/m^2": "m^2", "mm, or pixels": "photons/mm, or /pixel"}
    assert found == {name: special.get(unit, f"photons/{unit}") for name, unit in wanted.items()}


def test_both_languages_have_the_line_and_it_comes_last() -> None:
    c, py = log("C", cell_a=1.5, wavelength=-2.0), log("PY", cell_a=1.5, wavelength=-2.0)
    found = compare(c, py, allow_partial=True)
    assert [row.field for row in found.rows] == ["I_pixel_final", "gradient.cell_a", "gradient.wavelength"]
    assert found.rows[-1].stage is Stage.GRADIENTS is STAGES[-1] and found.num_divergent == 0


def test_the_tolerance_is_ten_times_that_of_the_profile() -> None:
    inside, outside = 1.0 + 9e-6, 1.0 + 2e-5
    for value, count in ((inside, 0), (outside, 1)):
        found = compare(log("C", cell_a=1.0), log("PY", cell_a=value))
        assert found.num_divergent == count
    assert compare(log("C", cell_a=1.0), log("PY", cell_a=inside), tolerance=1e-9).num_divergent == 1
    own = from_mapping("mine", {"fields": {"gradient.cell_a": 1e-3}})
    assert compare(log("C", cell_a=1.0), log("PY", cell_a=outside), "mine", profiles={"mine": own}).num_divergent == 0


def test_a_gradient_alone_does_not_reach_the_pixel_and_the_pixel_explains_a_gradient() -> None:
    alone = compare(log("C", cell_a=1.0), log("PY", cell_a=1.1))
    assert alone.first_divergence is not None and alone.first_divergence.field == "gradient.cell_a"
    assert alone.first_reaching is None
    assert obstacle(alone, alone.first_divergence) == "it is a derivative of the pixel"
    both = compare(log("C", cell_a=1.0), log("PY", "I_pixel_final 2.7", cell_a=1.1))
    assert both.first_divergence is not None and both.first_divergence.field == "I_pixel_final"
    row = next(row for row in both.rows if row.field == "gradient.cell_a")
    assert both.overview.cause(row.order) == both.first_divergence.order


def test_a_gradient_without_a_pixel_does_not_reach_it_either() -> None:
    found = compare(log("C", "F_cell 1", cell_a=1.0), log("PY", "F_cell 1", cell_a=1.1))
    assert found.num_divergent == 1 and found.first_reaching is None


def test_the_scaling_profile_leaves_gradients_out() -> None:
    assert compare(log("C", cell_a=1.0), log("PY", cell_a=2.0), "scaling").num_divergent == 0


@pytest.mark.parametrize("text", ["cell_a", "cell_a 1 2", ": cell_a"])
def test_an_unreadable_gradient_line_is_kept_as_unknown(text: str) -> None:
    trace = parse_lines(["TRACE_PY: F_cell 1", f"TRACE_PY_GRAD: {text}"], "py.log")
    assert [line for _, line in trace.unknown] == [f"TRACE_PY_GRAD: {text}"]


def test_single_precision_explains_a_small_difference() -> None:
    c = log("C", cell_a=1.0)
    py = parse_lines(
        [f"TRACE_PY: {PIXEL}", "TRACE_PY_DTYPE: gradient.cell_a float32", "TRACE_PY_GRAD: cell_a 1.00005"], "p"
    )
    (row,) = [row for row in compare(c, py).rows if row.field == "gradient.cell_a"]
    assert row.within_single and row.status.differs
    assert math.isclose(row.rel_delta or 0.0, 5e-5, rel_tol=1e-9)
