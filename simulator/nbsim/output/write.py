"""Output files and summary lines of a finished image, as in the C program (nanobragg_pixel_loop.md section 10)."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nbsim.image.render import Image
from nbsim.model import ExperimentData
from nbsim.output.formats.pgm import pgm
from nbsim.output.formats.smv import header, integer_image
from nbsim.output.noise import noise_image
from nbsim.output.statistics import Statistics, statistics
from nbsim.rng import Generator, Stream
from nbsim.whole_file import write_whole

_MAX_COUNTS = 55000.0
_DEVIATES_PER_DOMAIN = 3


def region(experiment: ExperimentData) -> tuple[slice, slice]:
    """The ROI as slices (slow, fast), clipped to the detector."""
    fast0, fast1, slow0, slow1 = experiment.detector.roi
    return slice(max(slow0, 0), max(slow1 + 1, 0)), slice(max(fast0, 0), max(fast1 + 1, 0))


def seeded(experiment: ExperimentData) -> ExperimentData:
    """The experiment with a seed of the noise: without ``-seed`` the clock, as in C."""
    options = experiment.options
    if options.noise_seed is not None:
        return experiment
    return replace(experiment, options=replace(options, noise_seed=int(time.time())))


def noise_deviates(experiment: ExperimentData) -> Iterator[float]:
    """Uniform deviates for the noise image of a :func:`seeded` experiment.

    A negative ``-seed`` does not restart the table left by the mosaic domains (L22).
    """
    options = experiment.options
    generator = Generator()
    typed = options.noise_seed
    assert typed is not None
    if typed < 0:
        mosaic = Stream(generator, options.mosaic_seed)
        for _ in range(_DEVIATES_PER_DOMAIN * experiment.crystal.mosaic_matrices.shape[0]):
            mosaic.draw()
    return Stream(generator, typed).endless()


def image_statistics(experiment: ExperimentData, image: Image) -> Statistics:
    """max, mean, rms and rmsd of an image."""
    return statistics(
        image.photons.cpu().numpy(),
        image.rendered.cpu().numpy(),
        region(experiment),
        float(experiment.detector.pixel_size),
        experiment.sampling.oversample,
    )


def _scales(experiment: ExperimentData, numbers: Statistics) -> tuple[float, float]:
    """Scale of the integer image and of the PGM."""
    options = experiment.options
    scale = options.scale if options.scale > 0.0 else _MAX_COUNTS / numbers.maximum if numbers.maximum > 0.0 else 1.0
    if options.pgm_scale > 0.0:
        return scale, options.pgm_scale
    return scale, 250.0 / (5.0 * numbers.rmsd) if numbers.rmsd > 0.0 else scale


def write_outputs(experiment: ExperimentData, image: Image, folder: Path) -> Iterator[str]:
    """Write the files of a :func:`seeded` experiment into ``folder`` and yield C's summary lines.

    Raises:
        OutputError: a file cannot be written; those before it are complete.
    """
    options, roi = experiment.options, region(experiment)
    photons: npt.NDArray[np.float32] = image.photons.cpu().numpy()
    angle = image.solid_angle / experiment.n_steps
    yield ""
    yield f"solid angle subtended by detector = {angle:g} steradian ( {100.0 * angle / (4.0 * math.pi):g}% sphere)"
    yield f"writing {options.float_file} as {photons.size} 4-byte floats"
    write_whole(folder / options.float_file, [np.ascontiguousarray(photons).data])
    numbers = image_statistics(experiment, image)
    yield f"max_I = {numbers.maximum:g}  at {numbers.max_at[0]:g} {numbers.max_at[1]:g}"
    yield f"mean= {numbers.mean:g} rms= {numbers.rms:g} rmsd= {numbers.rmsd:g}"
    scale, pgm_scale = _scales(experiment, numbers)
    yield f"intfile_scale = {scale:g}"
    yield f"writing {options.int_file} as 2-byte integers"
    head = header(experiment)
    write_whole(folder / options.int_file, [head, integer_image(photons, scale, options.adc, roi).data])
    if options.write_pgm:
        yield f"pgm_scale = {pgm_scale:g}"
        yield f"writing {options.pgm_file} as 1-byte integers"
        write_whole(folder / options.pgm_file, [pgm(photons, pgm_scale, roi)])
    if options.write_noise:
        counts, total, overloads = noise_image(photons, roi, options.adc, noise_deviates(experiment))
        yield f"{total:.0f} photons on noise image ({overloads} overloads)"
        yield f"writing {options.noise_file} as 2-byte integers"
        write_whole(folder / options.noise_file, [head, counts.data])
