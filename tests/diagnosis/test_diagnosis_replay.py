"""The replay with no rule broken is the C program: every value of its logs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nbtui.diagnosis.diagnose import base_setup
from nbtui.diagnosis.replay.replay import replay
from nbtui.diagnosis.replay.rotation import rotation, rotation_xyz
from nbtui.diagnosis.replay.setup import with_cell, with_frame, with_rules
from nbtui.diagnosis.replay.structure_factor import Rounding, nearest_index, tricubic
from nbtui.diagnosis.search.rows import common_rows, predictions
from nbtui.live.cases import case_of_command_file
from nbtui.live.model import Case
from nbtui.trace.fields.catalogue import FIELDS, Tap
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import read_trace
from support.diagnosis_traces import demo, demo_log


def _worst(case: Case, log: Trace) -> tuple[float, int]:
    """Largest relative difference over all numbers of the log, and how many there are."""
    assert case.pixel is not None
    made = replay(base_setup(case, case.pixel))
    assert {*made.fields, *made.phi} <= {entry.name for entry in FIELDS if entry.simulated or entry.tap is Tap.PRINTOUT}
    rows = common_rows(log, log, (*made.fields, *made.phi))
    predicted = predictions(rows, made)
    assert not np.isnan(predicted).any()
    judged = np.asarray([name != "floatimage_accumulated" for name in rows.fields])
    return float(rows.distance(predicted, rows.reference)[judged].max()), len(rows)


def test_demo() -> None:
    worst, count = _worst(demo(), demo_log())
    assert worst < 1e-9
    assert count > 100


@pytest.mark.slow
def test_every_golden_log(shared: Path) -> None:
    folders = [path.parent for path in sorted((shared / "golden" / "cases").glob("*/command.txt"))]
    assert len(folders) > 20
    for folder in folders:
        case = case_of_command_file(folder / "command.txt", workdir=shared / "golden" / "inputs")
        worst, _ = _worst(case, read_trace(folder / "trace_c.log"))
        assert worst < 1e-8, folder.name


def test_a_rebuilt_set_up_is_the_set_up() -> None:
    case = demo()
    assert case.pixel is not None
    base = base_setup(case, case.pixel)
    again = with_cell(with_frame(base)).scene
    for name in ("fast", "slow", "normal", "pix0", "reciprocal"):
        np.testing.assert_allclose(getattr(again, name), getattr(base.scene, name), rtol=0, atol=1e-14)
    np.testing.assert_allclose(again.direct, base.scene.direct, rtol=0, atol=1e-22)
    assert again.close_distance == pytest.approx(base.scene.close_distance, rel=1e-14)


def test_rotations_turn_right_handed() -> None:
    np.testing.assert_allclose(rotation(np.array([0.0, 0.0, 1.0]), np.pi / 2) @ [1, 0, 0], [0, 1, 0], atol=1e-15)
    turn = rotation_xyz((np.pi / 2, 0.0, np.pi / 2))
    # about x first: z -> -y, then about z: -y -> x
    np.testing.assert_allclose(turn @ [0, 0, 1], [1, 0, 0], atol=1e-15)
    np.testing.assert_allclose(rotation_xyz((0.3, -0.2, 0.1), "zyx").T, rotation_xyz((-0.3, 0.2, -0.1)), atol=1e-15)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("half down", [2, -3, 1, -2]),
        ("half up", [3, -2, 1, -2]),
        ("half even", [2, -2, 1, -2]),
        ("half away", [3, -3, 1, -2]),
        ("floor", [2, -3, 1, -3]),
        ("ceil", [3, -2, 2, -2]),
        ("trunc", [2, -2, 1, -2]),
    ],
)
def test_rounding_rules(rule: str, expected: list[int]) -> None:
    assert nearest_index(np.array([2.5, -2.5, 1.2, -2.2]), Rounding(rule)).tolist() == expected


def test_tricubic_reproduces_a_cubic() -> None:
    h, k, l = np.meshgrid(*(np.arange(-4.0, 5.0),) * 3, indexing="ij")
    grid = h**3 - 2.0 * k**2 * l + 3.0 * l - 1.0
    x, y, z = 0.3, -1.7, 0.9
    found = tricubic(np.array([[x, y, z]]), grid, np.array([-4, -4, -4]))
    assert found[0] == pytest.approx(x**3 - 2.0 * y**2 * z + 3.0 * z - 1.0, abs=1e-12)


def test_a_broken_rule_changes_only_what_follows_from_it() -> None:
    case = demo()
    assert case.pixel is not None
    base = base_setup(case, case.pixel)
    good = replay(base)
    bad = replay(with_rules(base, "structure_factor", rounding=Rounding.FLOOR))
    np.testing.assert_array_equal(good.fields["hkl_frac"], bad.fields["hkl_frac"])
    np.testing.assert_array_equal(bad.fields["hkl_rounded"], np.floor(bad.fields["hkl_frac"]))
    assert good.fields["polar"] == bad.fields["polar"]
