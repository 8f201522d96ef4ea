"""Blocks are paired by their place within the pixel, whatever their order and however the detector is shifted."""

from __future__ import annotations

import pytest

from nbtui.parity.blocks import paired_blocks
from nbtui.parity.compare import compare
from nbtui.parity.metrics import metrics
from nbtui.parity.names import named_alike
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines

SIZE = 1e-4  # m, edge of a pixel
PIXEL = (3, 7)  # slow, fast
THIRDS = [(slow / 6, fast / 6) for slow in (1, 3, 5) for fast in (1, 3, 5)]  # C's order: slow outside, fast inside
HALVES = [(slow, fast) for slow in (0.25, 0.75) for fast in (0.25, 0.75)]


def block(
    side: str, slow: float, fast: float, *, shift: float = 0.0, depth: float = 0.0, value: str = "1"
) -> list[str]:
    """A block at this place of the pixel, in pixels; fast axis +y, slow axis -z, normal f x s = -x."""
    y, z = shift + (PIXEL[1] + fast) * SIZE, shift - (PIXEL[0] + slow) * SIZE
    return [
        f"TRACE_{side}: pix0_vector_meters 0.1 {shift:.15g} {shift:.15g}",
        f"TRACE_{side}: fdet_vec 0 1 0",
        f"TRACE_{side}: sdet_vec 0 0 -1",
        f"TRACE_{side}: pixel_pos_meters {0.1 - depth:.15g} {y:.15g} {z:.15g}",
        f"TRACE_{side}: F_latt {value}",
    ]


def trace(
    side: str, places: list[tuple[float, float]], *, shift: float = 0.0, depths: tuple[float, ...] = (0.0,)
) -> Trace:
    lines = [f"Tracing pixel (slow={PIXEL[0]}, fast={PIXEL[1]})"]
    for depth in depths:
        for slow, fast in places:
            lines += block(side, slow, fast, shift=shift, depth=depth)
    return parse_lines([*lines, f"TRACE_{side}: I_pixel_final 1"])


@pytest.mark.parametrize("shift", [0.0, 0.5 * SIZE, -3 * SIZE])
def test_the_centre_belongs_to_the_middle_block_of_three_by_three(shift: float) -> None:
    found = paired_blocks(trace("C", THIRDS), trace("PY", [(0.5, 0.5)], shift=shift))
    assert found.of_suspect == (4,)
    assert found.offsets[0] == pytest.approx((0.5, 0.5))
    assert not found.displaced and not found.at_centre


def test_the_centre_is_none_of_two_by_two_subpixels() -> None:
    found = paired_blocks(trace("C", HALVES), trace("PY", [(0.5, 0.5)]))
    assert found.at_centre == found.displaced == {0}


def test_another_place_is_displaced_but_not_the_centre() -> None:
    found = paired_blocks(trace("C", HALVES), trace("PY", [(0.1, 0.75)]))
    assert found.of_suspect == (1,)
    assert found.displaced == {0} and not found.at_centre
    assert found.offsets[0] == pytest.approx((0.75, 0.1))


def test_equal_numbers_pair_by_order_unless_the_places_are_the_same_in_another_order() -> None:
    c = trace("C", HALVES)
    assert paired_blocks(c, trace("PY", HALVES)).of_suspect == (0, 1, 2, 3)
    fast_outside = [HALVES[0], HALVES[2], HALVES[1], HALVES[3]]
    assert paired_blocks(c, trace("PY", fast_outside)).of_suspect == (0, 2, 1, 3)
    moved = [(slow - 0.25, fast - 0.2) for slow, fast in HALVES]
    assert paired_blocks(c, trace("PY", moved)).of_suspect == (0, 1, 2, 3)


def test_a_layer_pairs_with_its_own_depth() -> None:
    c = trace("C", [(0.5, 0.5)], depths=(0.0, 1e-5, 2e-5))
    assert paired_blocks(c, trace("PY", [(0.5, 0.5)], depths=(2e-5,))).of_suspect == (2,)
    both = paired_blocks(trace("C", HALVES, depths=(0.0, 1e-5)), trace("PY", HALVES, depths=(1e-5,)))
    assert both.of_suspect == (4, 5, 6, 7)


def test_two_blocks_never_share_a_partner() -> None:
    found = paired_blocks(trace("C", [(0.5, 0.5)]), trace("PY", [(0.4, 0.5), (0.5, 0.5)]))
    assert found.of_suspect == (1, 0)


def test_blocks_without_positions_pair_by_order() -> None:
    py = parse_lines(["TRACE_PY: F_latt 1", "TRACE_PY: F_latt 2"])
    found = paired_blocks(trace("C", THIRDS), py)
    assert found.of_suspect == (0, 1) and found.offsets == (None, None)


def test_rows_carry_the_number_of_the_reference() -> None:
    c, py = trace("C", THIRDS), trace("PY", [(0.5, 0.5)])
    row = compare(c, py).row("pixel_pos_meters", 4, "y")
    assert row is not None and row.label == "pixel_pos_meters[4].y" and row.py_value is not None
    assert not row.status.differs


def factors(*lines: str, side: str = "PY") -> Trace:
    return parse_lines([*(line if line.startswith("auto") else f"TRACE_{side}: {line}" for line in lines)])


def test_an_origin_reaches_the_pixel_past_a_block_at_the_centre() -> None:
    """The block cannot be compared, so that it hides nothing; its own position is of the print."""
    ends = ["I_before_scaling 2", "I_pixel_final 2"], ["I_before_scaling 3", "I_pixel_final 3"]
    c, py = [f"Tracing pixel (slow={PIXEL[0]}, fast={PIXEL[1]})"], [f"Tracing pixel (slow={PIXEL[0]}, fast={PIXEL[1]})"]
    c += [line for place in HALVES for line in block("C", *place)] + [f"TRACE_C: {line}" for line in ends[0]]
    py += block("PY", 0.5, 0.5, shift=2e-4) + [f"TRACE_PY: {line}" for line in ends[1]]
    result = compare(parse_lines(c), parse_lines(py))
    assert result.first_reaching is not None and result.first_reaching.field == "pix0_vector_meters"
    reaching = {result.rows[at].field for at in result.overview.reaching}
    assert reaching == {"pix0_vector_meters", "I_before_scaling", "I_pixel_final"}


def test_the_packages_numbers_of_both_sides_are_of_the_same_block() -> None:
    lines = [line for at, place in enumerate(THIRDS) for line in block("C", *place, value=str(at + 1))]
    c = parse_lines([f"Tracing pixel (slow={PIXEL[0]}, fast={PIXEL[1]})", *lines])
    py = trace("PY", [(0.5, 0.5)])
    found = metrics(compare(c, py), c, py, case="thirds")
    assert (found["F_latt_C"], found["F_latt_Py"]) == (5.0, 1.0)


BOTH = ["F_cell_interpolated 5", "F_cell_nearest 4"]


@pytest.mark.parametrize(
    ("c", "py", "value"),
    [
        (["F_cell 5"], ["F_cell_nearest 4"], 4.0),
        (["F_cell 5"], ["F_cell_interpolated 6"], 6.0),
        # 4^2 x 10^2 = 1600: the sum of the only term
        (["F_cell 5"], [*BOTH, "F_latt 10", "I_before_scaling_pre_polar 1600", "steps 1"], 4.0),
        (["F_cell 5"], ["F_cell_nearest 4", "F_cell_interpolated 5"], 5.0),
        (["F_cell 5"], ["F_cell_interpolated 4", "F_cell_nearest 5"], 5.0),
        (["auto-selected no interpolation", "F_cell 5"], ["F_cell_interpolated 5", "F_cell_nearest 6"], 6.0),
        (["auto-selected tricubic interpolation", "F_cell 5"], ["F_cell_interpolated 7", "F_cell_nearest 5"], 7.0),
        (["F_cell 5"], ["F_cell_nearest 4", "F_cell 3"], 3.0),
    ],
)  # fmt: skip
def test_the_structure_factor_in_use_is_compared_as_f_cell(c: list[str], py: list[str], value: float) -> None:
    _, theirs = named_alike(factors(*c, side="C"), factors(*py))
    assert [record.values for record in theirs.all("F_cell")] == [(value,)]
    row = compare(factors(*c, side="C"), factors(*py)).row("F_cell")
    assert row is not None and row.c_value == 5.0 and row.py_value == value


def test_before_polarization_is_the_sum_and_after_it_is_not() -> None:
    py = factors("I_before_scaling_post_polar 3", "I_before_scaling_pre_polar 4")
    row = compare(factors("I_before_scaling 4", side="C"), py).row("I_before_scaling")
    assert row is not None and row.py_value == 4.0 and not row.status.differs
