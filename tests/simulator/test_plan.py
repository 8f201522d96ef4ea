"""Step selection against the tables of nanobragg_setup.md section 2.6."""

from __future__ import annotations

import math

import pytest

from nbsim.constants import RTD
from nbsim.options.parse import parse
from nbsim.setup.plan import dispersion_steps, hdiv_steps, mosaic_domains, phi_steps, sensor_layers, vdiv_steps

DEG = 1.0 / RTD


@pytest.mark.parametrize(
    ("typed", "span", "step", "count"),
    [
        ("", 0.0, 0.0, 1),
        ("-phistep 1", DEG, DEG, 2),
        ("-osc 1", DEG, DEG / 2, 2),
        ("-osc 0", 0.0, 0.0, 2),
        ("-osc 1 -phistep 0.3", DEG, 0.3 / RTD, 4),
        ("-osc 0 -phistep 0.3", 0.0, 0.3 / RTD, 0),
        ("-phisteps 4", DEG, DEG / 4, 4),
        ("-phisteps 0", DEG, DEG, 1),
        ("-phisteps 4 -phistep 1", DEG, DEG, 2),
        ("-phisteps 4 -osc 1", DEG, DEG / 4, 4),
        ("-phisteps 4 -osc 1 -phistep 0.1", DEG, 0.1 / RTD, 4),
    ],
)
def test_phi_steps_follow_the_table(typed: str, span: float, step: float, count: int) -> None:
    steps = phi_steps(parse(typed.split(), compat=True))
    assert (steps.range, steps.step, steps.count) == (span, step, count)


@pytest.mark.parametrize(
    ("typed", "span", "step", "count"),
    [
        ("", 0.0, 0.0, 1),
        ("-hdivstep 2", 0.002, 0.002, 2),
        ("-hdivrange 4", 0.004, 0.004, 2),
        ("-hdivrange 4 -hdivstep 1.5", 0.004, 0.0015, 3),
        ("-hdivsteps 4", 1.0, 0.25, 4),
        ("-hdivsteps 4 -hdivstep 2", 0.002, 0.002, 2),
        ("-hdivsteps 3 -hdivrange 4", 0.004, 0.002, 3),
        ("-hdivsteps 1 -hdivrange 4", 0.004, 0.004, 2),
        ("-hdivsteps 3 -hdivrange 0", 0.0, 0.0, 1),
    ],
)
def test_divergence_steps_follow_the_table(typed: str, span: float, step: float, count: int) -> None:
    options = parse(typed.split())
    steps = hdiv_steps(options)
    assert (steps.range, steps.step, steps.count) == (span, step, count)
    assert vdiv_steps(options).count == 1


def test_dispersion_of_one_step_still_has_two_wavelengths() -> None:
    steps = dispersion_steps(parse(["-dispersion", "2", "-dispsteps", "1"]))
    assert (steps.range, steps.step, steps.count) == (0.02, 0.02, 2)
    assert dispersion_steps(parse([])).count == 1


@pytest.mark.parametrize(
    ("typed", "microns", "layer", "count", "mu"),
    [
        ("", 0.0, 0.0, 1, -1.0),
        ("-detector_thick 300", 300, 150, 2, 1 / 300e-6),
        ("-detector_thick 300 -thicksteps 3", 300, 150, 3, 1 / 300e-6),
        ("-detector_thick 300 -thicksteps 1 -detector_abs 500", 300, 300, 2, 1 / 500e-6),
        ("-detector_abs inf -detector_thick 320", 320, 160, 2, 0.0),
        ("-detector_thick 320 -detector_abs inf", 0, 0, 1, 0.0),
        ("-detector_thick -5", 0, 0, 1, -1.0),
        ("-detector_thick -5 -thicksteps 2", 0.5, 0.25, 2, 1 / 0.5e-6),
    ],
)
def test_sensor_layers_follow_the_table(typed: str, microns: float, layer: float, count: int, mu: float) -> None:
    layers = sensor_layers(parse(typed.split(), compat=True))
    assert layers.count == count
    assert math.isclose(layers.thickness, microns * 1e-6)
    assert math.isclose(layers.layer, layer * 1e-6)
    assert math.isclose(layers.mu, mu)


@pytest.mark.parametrize(
    ("typed", "spread", "count"),
    [
        ("", 0.0, 1),
        ("-mosaic 0", 0.0, 1),
        ("-mosaic 1", DEG, 10),
        ("-mosaic_dom 5", 0.0, 1),
        ("-mosaic 1 -mosaic_domains 5", DEG, 5),
    ],
)
def test_mosaic_domains_follow_the_table(typed: str, spread: float, count: int) -> None:
    domains = mosaic_domains(parse(typed.split()))
    assert (domains.spread, domains.count) == (spread, count)
