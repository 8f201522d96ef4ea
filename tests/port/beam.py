"""Sources of the beam and the polarization factor (set-up section 4, pixel loop section 6)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from port.detector import Frame
from port.faults import Faults
from port.settings import Settings
from port.vectors import about_axis, unit


@dataclass(frozen=True)
class Sources:
    """Incident vectors [Q, 3], wavelengths [Q] in metres, weights [Q]."""

    incident: Tensor
    wavelength: Tensor
    weight: Tensor


def sources_of(settings: Settings, frame: Frame, faults: Faults) -> Sources:
    """The sources of the file, or the generated grid."""
    sources = _grid(settings, frame) if settings.source_file is None else _from_file(settings, frame)
    incident = -sources.incident if "incident_reversed" in faults else sources.incident
    wavelength = sources.wavelength
    if "nominal_wavelength" in faults:
        wavelength = torch.full_like(wavelength, settings.wavelength)
    weight = sources.weight if "weights_applied" in faults else torch.ones_like(sources.weight)
    return Sources(incident, wavelength, weight)


def _from_file(settings: Settings, frame: Frame) -> Sources:
    assert settings.source_file is not None
    rows = []
    for line in (settings.folder / settings.source_file).read_text().splitlines():
        numbers = [float(word) for word in line.split()]
        missing = [*(-10.0 * frame.beam).tolist(), 1.0, settings.wavelength]
        rows.append(numbers + missing[len(numbers) :])
    table = torch.tensor([row for row in rows if row], dtype=torch.float64)
    return Sources(-unit(table[:, :3]), table[:, 4], table[:, 3])


def _steps(span: float, step: float, count: int) -> tuple[float, float, int]:
    """Range, step and number (section 2.6)."""
    if count <= 0:
        if span < 0:
            span, step, count = (step, step, 2) if step > 0 else (0.0, 0.0, 1)
        elif step <= 0:
            step, count = span, 2
        else:
            count = math.ceil(span / step)
    elif span < 0:
        span, step, count = (step, step, 2) if step > 0 else (1.0, 1.0 / count, count)
    elif step <= 0:
        count = max(count, 2)
        step = span / (count - 1)
    return (span, step, count) if span > 0 and step > 0 and count > 0 else (0.0, 0.0, 1)


def _grid(settings: Settings, frame: Frame) -> Sources:
    """Divergence and dispersion on a regular grid (section 4.2)."""
    wide, h_step, h_count = _steps(settings.h_range, settings.h_step, settings.h_steps)
    high, v_step, v_count = _steps(settings.v_range, settings.v_step, settings.v_steps)
    spread, l_step, l_count = _steps(settings.dispersion, -1.0, settings.wavelengths)
    vertical = unit(torch.linalg.cross(frame.beam, frame.polarization))
    incident, wavelengths = [], []
    for i in range(h_count):
        for j in range(v_count):
            h, v = h_step * i - wide / 2, v_step * j - high / 2
            if settings.round_divergence and wide > 0 and high > 0:
                h_even, v_even = (h_count % 2 == 0) * h_step**2 / 4, (v_count % 2 == 0) * v_step**2 / 4
                if 4 * ((h * h - h_even) / wide**2 + (v * v - v_even) / high**2) > 1.1:
                    continue
            position = about_axis(vertical, h) @ (about_axis(frame.polarization, v) @ (-10.0 * frame.beam))
            for k in range(l_count):
                incident.append(-unit(position))
                wavelengths.append(settings.wavelength * (1 + l_step * k - spread / 2))
    return Sources(
        torch.stack(incident), torch.tensor(wavelengths, dtype=torch.float64), torch.ones(len(incident)).double()
    )


def polarization(kahn: float, axis: Tensor, incident: Tensor, diffracted: Tensor, faults: Faults) -> Tensor:
    """Kahn's factor [...] of incident [..., 3] and diffracted [..., 3] directions."""
    cosine = (unit(incident) * unit(diffracted)).sum(dim=-1)
    if "polarization_of_theta" in faults:
        cosine = torch.cos(torch.acos(cosine.clamp(-1, 1)) / 2)
    square = cosine * cosine
    azimuth = torch.zeros_like(cosine)
    if kahn != 0.0:
        across = unit(torch.linalg.cross(axis.expand_as(incident), incident))
        along = unit(torch.linalg.cross(incident, across))
        azimuth = -torch.atan2((diffracted * across).sum(-1), (diffracted * along).sum(-1))
    turns = faults.either("half_azimuth", 1.0, 2.0)
    factor = 1.0 + square - kahn * torch.cos(turns * azimuth) * (1.0 - square)
    return factor * faults.either("polarization_doubled", 1.0, 0.5)
