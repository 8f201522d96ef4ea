"""Number and size of steps: phi, divergence, dispersion, sensor layers, mosaic domains.

All in Python floats with C's expressions; a missing input is -1. Source: nanobragg_setup.md section 2.6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbsim.constants import RTD
from nbsim.options.options import Options

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Steps:
    """A range divided into steps [rad, or fraction for dispersion]."""

    range: float
    step: float
    count: int


@dataclass(frozen=True)
class PhiSteps:
    """Oscillation range and step [rad]: numbers, or scalar tensors with a gradient."""

    range: float | Tensor
    step: float | Tensor
    count: int


@dataclass(frozen=True)
class Layers:
    """Sensor layers [m] and the attenuation [1/m]; ``mu`` is -1 if not given and not needed."""

    thickness: float
    layer: float
    count: int
    mu: float


@dataclass(frozen=True)
class Domains:
    """Mosaic spread [rad] and number of domains."""

    spread: float
    count: int


def number(value: float | Tensor) -> float:
    """The value without its graph."""
    return value if isinstance(value, float) else value.item()


def _radians(degrees: float | None) -> float:
    return -1.0 if degrees is None else degrees / RTD


def _sane(steps: Steps) -> Steps:
    if steps.range <= 0.0 or steps.step <= 0.0 or steps.count <= 0:
        return Steps(0.0, 0.0, 1)
    return steps


def phi_steps(options: Options, oscillation: Tensor | None = None) -> PhiSteps:
    """Oscillation; the count may be 0 (``-osc 0 -phistep x``, S13).

    ``oscillation`` [degrees], scalar: the effective range, with its graph; whether it was typed decides the steps.
    """
    step, count = _radians(options.phi_step_deg), options.phi_steps
    osc: float | Tensor = _radians(options.osc_deg)
    has_range = options.osc_deg is not None and not options.osc_deg < 0.0
    if oscillation is not None and (has_range or (count > 0 and step <= 0.0)):
        osc, has_range = oscillation / RTD, True
    if count < 0:
        if not has_range:
            return PhiSteps(0.0, 0.0, 1) if step <= 0.0 else PhiSteps(step, step, 2)
        return PhiSteps(osc, osc / 2, 2) if step <= 0.0 else PhiSteps(osc, step, math.ceil(number(osc / step)))
    count = max(count, 1)
    if not has_range:
        if step <= 0.0:
            osc = 1.0 / RTD
            return PhiSteps(osc, osc / count, count)
        return PhiSteps(step, step, 2)
    return PhiSteps(osc, osc / count if step < 0.0 else step, count)


def fan_steps(span: float, step: float, count: int) -> Steps:
    """Rule shared by both divergences and dispersion, with the final sanity rule applied."""
    if count <= 0:
        if span < 0.0:
            chosen = Steps(0.0, 0.0, 1) if step <= 0.0 else Steps(step, step, 2)
        else:
            chosen = Steps(span, span, 2) if step <= 0.0 else Steps(span, step, math.ceil(span / step))
    elif span < 0.0:
        chosen = Steps(1.0, 1.0 / count, count) if step <= 0.0 else Steps(step, step, 2)
    elif step <= 0.0:
        count = max(count, 2)
        chosen = Steps(span, span / (count - 1), count)
    else:
        chosen = Steps(span, step, count)
    return _sane(chosen)


def hdiv_steps(options: Options) -> Steps:
    """Horizontal divergence [rad]."""
    return fan_steps(options.hdiv_range, options.hdiv_step, options.hdiv_steps)


def vdiv_steps(options: Options) -> Steps:
    """Vertical divergence [rad]."""
    return fan_steps(options.vdiv_range, options.vdiv_step, options.vdiv_steps)


def dispersion_steps(options: Options) -> Steps:
    """Dispersion as a fraction; its step cannot be set."""
    return fan_steps(options.dispersion, -1.0, options.dispersion_steps)


def sensor_layers(options: Options) -> Layers:
    """Sensor layers; an explicit count n gives a stack n T/(n-1) thick (S15)."""
    thickness, count = options.thickness_um * 1e-6, options.thick_steps
    mu = -1.0 if options.mu_per_m is None else options.mu_per_m
    if thickness < 0.0:
        thickness = 0.5e-6 if count > 0 else 0.0
        count = max(count, 1)
        layer = thickness / count
    elif count <= 0:
        count, layer = 2, thickness / 2
    else:
        count = max(count, 2)
        layer = thickness / (count - 1)
    if thickness > 0.0 and mu < 0.0:
        mu = 1.0 / thickness
    sane = _sane(Steps(thickness, layer, count))
    return Layers(sane.range, sane.step, sane.count, mu)


def mosaic_domains(options: Options) -> Domains:
    """Mosaic spread [rad] and number of domains."""
    spread, count = _radians(options.mosaic_deg), options.mosaic_domains
    if count <= 0:
        if spread <= 0.0:
            return Domains(0.0, 1)
        return Domains(spread, 10)
    return Domains(0.0, 1) if spread <= 0.0 else Domains(spread, count)
