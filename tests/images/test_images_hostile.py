"""Any two arrays: a comparison or one sentence, never a warning or a stack trace; and naive numbers."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nbtui.console.image import state as moves
from nbtui.console.image.head import header
from nbtui.console.image.pane import ImageCanvas
from nbtui.console.image.reading import reading
from nbtui.errors import UnusableInput
from nbtui.images.metrics import GATES, compare_images
from nbtui.images.render import as_object, summary
from nbtui.parity.metrics import to_json
from support.toy_images import picture

ODD = st.one_of(st.floats(width=32), st.sampled_from([0.0, 1.0, 40.0, 65535.0, 1e-30, 3e38, -1.0]))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    shape = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    one, two = (
        draw(arrays.arrays(kind, shape, elements={"f4": ODD, "f8": st.one_of(ODD, st.floats())}.get(kind)))
        for kind in draw(st.tuples(*[st.sampled_from(["f4", "f8", "u2", "i4", "b1"])] * 2))
    )
    return one, one.copy() if draw(st.booleans()) else two


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(pairs())
def test_whatever_the_pixels_are(pair: tuple[np.ndarray, np.ndarray]) -> None:
    c, py = pair
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = compare_images(picture(c), picture(py))
        except UnusableInput:
            found = None
        for gates in GATES.values() if found else ():
            assert "".join(summary(found, gates, ("c", "py"))).isprintable()
            assert json.loads(to_json(as_object(found, gates, ("c", "py"))))["verdict"] in ("agree", "diverge")
    with np.errstate(over="ignore"):
        c32, py32 = c.astype("f4"), py.astype("f4")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        start = moves.ImageState("toy", (0, 0), (0, 0), shape=c.shape)
        shown = moves.simulated(moves.with_c(start, c32, "c", ""), py32, moves.differences(c32, py32))
        shown = replace(shown, comparison=found, judged=True)
        for view in moves.TITLES:
            assert len(ImageCanvas().draw(replace(shown, view=view), 30, 12)) == 12
        assert len(header(shown, 80, 3)) == 3 and len(reading(shown, 40, 30)) == 30


@pytest.mark.parametrize("seed", range(5))
def test_numbers_are_the_naive_ones_inside_a_roi_and_a_mask(seed: int) -> None:
    """The ROI is fast from, fast to, slow from, slow to, inclusive, as the C program's -roi."""
    rng = np.random.default_rng(seed)
    c, py = rng.random((23, 31)) * 10, rng.random((23, 31)) * 10
    mask = rng.random((23, 31)) > 0.2
    fast0, fast1 = sorted(rng.integers(0, 31, 2).tolist())
    slow0, slow1 = sorted(rng.integers(0, 23, 2).tolist())
    found = compare_images(picture(c), picture(py), roi=(fast0, fast1, slow0, slow1), mask=mask)
    inside = [
        (s, f) for s in range(23) for f in range(31) if slow0 <= s <= slow1 and fast0 <= f <= fast1 and mask[s, f]
    ]
    left, right = (np.array([image[at] for at in inside]) for image in (c, py))
    assert found.compared == len(inside)
    assert found.mse == pytest.approx(sum((right - left) ** 2) / len(inside), rel=1e-12)
    assert found.rmse == pytest.approx(found.mse**0.5, rel=1e-12)
    assert found.correlation == pytest.approx(np.corrcoef(left, right)[0, 1], abs=1e-12)
    assert (found.sum_c, found.sum_py) == pytest.approx((sum(left), sum(right)))
    assert found.sum_ratio == pytest.approx(sum(right) / sum(left))
    worst = max(inside, key=lambda at: abs(py[at] - c[at]))
    assert found.largest_at == worst and found.largest == abs(py[worst] - c[worst])
    assert (found.worst[0].slow, found.worst[0].fast) == worst
    ratios = [py[at] / c[at] for at in inside if c[at] > 1e-3 * left.max()]
    assert found.ratios == pytest.approx(np.percentile(ratios, (5, 50, 95)))
