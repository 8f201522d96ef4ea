"""Geometry of the detector (specification of the set-up, sections 2.2 to 2.6; of the pixel loop, section 4)."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

import torch
from torch import Tensor

from port.faults import Faults
from port.settings import BEAM, CUSTOM, MOSFLM, SAMPLE, Settings
from port.vectors import about_axes, about_axis, unit, vector

# fast, slow, normal and beam, two-theta axis, polarization, spindle
_ALONG_Z = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 0), (1, 0, 0), (1, 0, 0))
_ALONG_X = ((0, 0, 1), (0, -1, 0), (1, 0, 0), (0, 0, -1), (0, 0, 1), (0, 0, 1))
FRAMES = {
    "MOSFLM": _ALONG_X,
    "DENZO": _ALONG_X,
    "ADXV": ((1, 0, 0), (0, -1, 0), (0, 0, 1), (-1, 0, 0), (1, 0, 0), (1, 0, 0)),
    "XDS": _ALONG_Z,
    "DIALS": ((1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 0), (0, 1, 0), (0, 1, 0)),
    "CUSTOM": ((0, 0, 1), (0, -1, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 1)),
}


@dataclass(frozen=True)
class Frame:
    """Unit vectors before the detector turns."""

    beam: Tensor
    fast: Tensor
    slow: Tensor
    normal: Tensor
    twotheta: Tensor
    polarization: Tensor
    spindle: Tensor


def frame_of(settings: Settings, faults: Faults) -> Frame:
    """The convention's vectors, or the typed ones, normalised."""
    fast, slow, normal, twotheta, polarization, spindle = map(vector, FRAMES[settings.convention])
    typed = {name: vector(values) for name, values in settings.vectors.items()}
    fast, slow = typed.get("fdet_vector", fast), typed.get("sdet_vector", slow)
    beam, normal = typed.get("beam_vector", normal), typed.get("odet_vector", normal)
    if "normal_as_typed" not in faults:
        exact = math.sqrt(sum(value * value for value in normal.tolist())) == 1.0
        beam, fast, slow = unit(beam), unit(fast), unit(slow)
        normal = normal if exact else unit(torch.linalg.cross(fast, slow))
    polarization = unit(typed.get("polar_vector", polarization))
    if "vertical_polarization" in faults:
        polarization = unit(torch.linalg.cross(beam, polarization))
    spindle = unit(typed.get("spindle_axis", spindle))
    return Frame(beam, fast, slow, normal, typed.get("twotheta_axis", twotheta), polarization, spindle)


class Detector:
    """Where the pixels are, after all rotations. Lengths in metres."""

    def __init__(self, settings: Settings, frame: Frame, faults: Faults) -> None:
        self.settings, self.frame, self.faults = settings, frame, faults
        self._read_beam_centre()
        turn = about_axes(
            settings.rotx, settings.roty, settings.rotz, faults.either("rotations_reversed", "zyx", "xyz")
        )
        swing = about_axis(frame.twotheta, settings.twotheta)
        tilted = swing @ turn if "twotheta_in_distance" in faults else turn
        ratio = float(frame.beam @ (tilted @ frame.normal)) or sys.float_info.min
        near = settings.close_distance
        if near is None:
            near = abs(ratio * settings.distance)
        if self.pivot == SAMPLE:
            corner = -self.fast_close * frame.fast - self.slow_close * frame.slow + near * frame.normal
            self.pix0 = swing @ (turn @ corner)
        self.fast, self.slow, self.normal = (swing @ (turn @ axis) for axis in (frame.fast, frame.slow, frame.normal))
        if self.pivot == BEAM:
            self.pix0 = -self.fast_beam * self.fast - self.slow_beam * self.slow + near / ratio * frame.beam
        self.close_distance = float(self.pix0 @ self.normal)
        if "twotheta_in_distance" in faults and self.pivot == SAMPLE:
            self.close_distance = near
        self.distance = self.close_distance / ratio
        self._stack_layers()

    @property
    def pivot(self) -> str:
        """BEAM or SAMPLE: the convention decides, except for CUSTOM."""
        right = {"XDS": SAMPLE, "DIALS": SAMPLE, CUSTOM: self.settings.pivot}.get(self.settings.convention, BEAM)
        return self.faults.either("other_pivot", SAMPLE if right == BEAM else BEAM, right)

    def _read_beam_centre(self) -> None:
        asked, p = self.settings, self.settings.pixel
        x, y = asked.x_beam, asked.y_beam
        org_x, org_y = asked.org_x, asked.org_y
        if "beam_swapped" in self.faults:
            x, y, org_x, org_y = y, x, org_y, org_x
        if "origin_ignored" in self.faults:
            org_x = org_y = None
        long, wide = asked.size_fast, asked.size_slow
        self.fast_close = long / 2 if org_x is None else (org_x - 0.5) * p
        self.slow_close = wide / 2 if org_y is None else (org_y - 0.5) * p
        if asked.convention == "ADXV":
            self.fast_beam = (long + p) / 2 if x is None else x
            self.slow_beam = wide - ((wide - p) / 2 if y is None else y)
        elif asked.convention in (MOSFLM, "DENZO"):
            half = p / 2 if asked.convention == MOSFLM and "no_half_pixel" not in self.faults else 0.0
            self.fast_beam = ((long + p) / 2 if y is None else y) + half
            self.slow_beam = ((wide + p) / 2 if x is None else x) + half
        else:
            near_x = self.fast_close if asked.x_close is None else asked.x_close
            near_y = self.slow_close if asked.y_close is None else asked.y_close
            self.fast_beam, self.slow_beam = near_x if x is None else x, near_y if y is None else y
            if asked.convention == CUSTOM:
                self.fast_close, self.slow_close = self.fast_beam, self.slow_beam

    def _stack_layers(self) -> None:
        """Layers of the sensor (section 2.6): count, thickness of each, attenuation."""
        asked = self.settings
        count, thickness = asked.layers, asked.thickness
        if count <= 0:
            count, step = 2, thickness / 2
        else:
            count = max(count, 2)
            step = thickness / (count - 1)
        self.attenuation = 1.0 / thickness if thickness > 0 and asked.attenuation < 0 else asked.attenuation
        self.layers, self.layer = (count, step) if thickness > 0 else (1, 0.0)

    def position(self, fast: Tensor, slow: Tensor, depth: Tensor) -> Tensor:
        """Laboratory position [..., 3] of points given in metres along the three axes."""
        flat = fast[..., None] * self.fast + slow[..., None] * self.slow + depth[..., None] * self.normal + self.pix0
        return self._bent(flat) if self.settings.curved else flat

    def _bent(self, flat: Tensor) -> Tensor:
        """The curved detector: y and z of the laboratory taken for arcs (section 4.2)."""
        centre = self.distance * self.frame.beam
        if "curved_far_side" in self.faults:
            centre = -centre
        bent = []
        for point in flat.reshape(-1, 3):
            about_slow = about_axis(self.slow, float(point[1]) / self.distance)
            about_fast = about_axis(self.fast, float(point[2]) / self.distance)
            bent.append(about_fast @ (about_slow @ centre))
        return torch.stack(bent).reshape(flat.shape)

    def solid_angle(self, position: Tensor) -> Tensor:
        """Solid angle [...] of a whole pixel at ``position`` [..., 3]."""
        airpath = position.norm(dim=-1)
        if self.settings.point_pixel:
            return 1.0 / airpath**2
        area = self.settings.pixel**2 / airpath**2
        if "no_obliquity" in self.faults:
            return area
        near = self.faults.either("nominal_distance", self.settings.distance, self.close_distance)
        obliquity = near / airpath
        return area * obliquity * self.faults.either("obliquity_squared", obliquity, torch.ones_like(obliquity))

    def capture(self, direction: Tensor, layer: Tensor) -> Tensor:
        """Fraction [...] of the photons along ``direction`` [..., 3] that ``layer`` [...] absorbs."""
        if self.settings.thickness == 0.0 and not self.settings.every_capture:
            return torch.ones_like(layer)
        path = self.layer * self.attenuation / (direction @ self.normal)
        return torch.exp(-layer * path) - torch.exp(-(layer + self.faults.either("mid_layer", 0.5, 1.0)) * path)
