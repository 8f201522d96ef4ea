"""Images are processed in blocks of rows, and results do not depend on the block size."""

from __future__ import annotations

import numpy as np
import pytest

from nbsim.output import blocks
from nbsim.output.formats.pgm import pgm
from nbsim.output.formats.smv import integer_image
from nbsim.output.noise import noise_image
from nbsim.output.statistics import statistics
from nbsim.rng import Generator, Stream

ROI = (slice(2, 19), slice(1, 9))


def everything(image: np.ndarray, rendered: np.ndarray) -> tuple[object, ...]:
    counts, total, overloads = noise_image(image, ROI, 40.0, Stream(Generator(), 7).endless())
    return (
        statistics(image, rendered, ROI, 1e-4, 2),
        integer_image(image, 3.0, 40.0, ROI).tobytes(),
        pgm(image, 0.5, ROI),
        (counts.tobytes(), total, overloads),
    )


@pytest.mark.parametrize("pixels", [1, 10, 35, 10**6])
def test_the_size_of_a_block_changes_nothing(pixels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(1)
    image = (generator.random((23, 10)) * 90).astype(np.float32)
    image[17, 3] = image[4, 8] = 95.0  # the first of two brightest counts
    rendered = np.zeros(image.shape, dtype=bool)
    rendered[ROI] = generator.random(image[ROI].shape) < 0.9
    rendered[4, 8] = rendered[17, 3] = True
    expected = everything(image, rendered)
    assert expected[0].maximum == 95.0 and expected[0].max_at[1] < 1e-3  # type: ignore[attr-defined]
    monkeypatch.setattr(blocks, "_PIXELS", pixels)
    assert len(list(blocks.row_blocks(image))) > (1 if pixels < 100 else 0)
    assert everything(image, rendered) == expected


def test_statistics_of_one_block_are_those_of_the_whole() -> None:
    image = np.arange(230, dtype=np.float32).reshape(23, 10)
    found = statistics(image, np.ones(image.shape, dtype=bool), (slice(0, 23), slice(0, 10)), 1e-4, 1)
    assert found.total == image.sum(dtype=float)
    assert found.rms == pytest.approx(np.sqrt((image.astype(float) ** 2).sum() / 229), rel=1e-12)
    assert found.rmsd == pytest.approx(image.astype(float).std(ddof=1), rel=1e-12)
    assert found.max_at == pytest.approx((9.5e-4, 22.5e-4))
