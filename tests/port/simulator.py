"""One pixel of the image (specification of the pixel loop), all passes at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from port.beam import polarization, sources_of
from port.crystal import Crystal
from port.detector import Detector, frame_of
from port.factors import StructureFactors
from port.faults import Faults
from port.settings import Settings
from port.vectors import unit

RADIUS_SQUARED = 7.94079248018965e-30
AVOGADRO = 6.02214179e23
GAIN = 1.0373
SATURATION = 65535.0
AIR = 2.7  # metres
B_FACTOR = 15.0  # Å²


class Corrections(NamedTuple):
    """Factors of the whole pixel."""

    capture: float
    polar: float
    omega: float


@dataclass(frozen=True)
class Rays:
    """Geometry of layers T, subpixels K and sources Q."""

    position: Tensor  # [T, K, 3] m
    direction: Tensor  # [T, K, 3]
    scattering: Tensor  # [T, K, Q, 3] 1/m
    alive: Tensor  # [T, K, Q] inside the resolution cut
    omega: Tensor  # [T, K]
    capture: Tensor  # [T, K]
    polar: Tensor  # [T, K, Q]


@dataclass(frozen=True)
class Pixel:
    """What one pixel is made of."""

    slow: int
    fast: int
    rays: Rays
    orientations: Tensor  # [T, K, Q, φ steps] 0: unrotated, j + 1: that of step j
    terms: Tensor  # [T, K, Q, φ steps, domains]
    intensity: float  # before scaling
    steps: int
    corrections: Corrections
    final: float


class Simulator:
    """A run of the port: the detector, the crystal, the beam and the table of one command line."""

    def __init__(self, settings: Settings, faults: Faults | None = None) -> None:
        self.settings, self.faults = settings, faults or Faults()
        self.frame = frame_of(settings, self.faults)
        self.detector = Detector(settings, self.frame, self.faults)
        self.crystal = Crystal(settings, self.frame.spindle, self.faults)
        self.sources = sources_of(settings, self.frame, self.faults)
        self.table = StructureFactors(settings, self.faults)
        self.fluence = 1.25932015286227e29 if "fluence_default" in self.faults else settings.fluence
        self.kahn = self.faults.either("kahn_one", 1.0, settings.kahn)
        self.oversample = settings.oversample if settings.oversample > 0 else self._recommended()
        count = len(self.crystal.phi)
        self.looped = count - 1 if "last_step_lost" in self.faults and count > 1 else count
        self.orientations = torch.stack([self.crystal.direct, *map(self.crystal.turned, self.crystal.phi)])

    def _recommended(self) -> int:
        """Subpixels that the crystal's size asks for (set-up section 3.6)."""
        edge = max(float(v.norm()) * n for v, n in zip(self.crystal.direct, self.crystal.cells, strict=True))
        speckle = self.settings.wavelength * self.detector.distance / self.settings.pixel
        return max(math.ceil(3.0 * edge / speckle), 1)

    @property
    def steps(self) -> int:
        """Number of passes over which the pixel is averaged."""
        subpixels = self.faults.either("steps_without_oversample", 1, self.oversample**2)
        return len(self.sources.incident) * len(self.crystal.domains) * len(self.crystal.phi) * subpixels

    def rays(self, fast: Tensor, slow: Tensor, layers: Tensor) -> Rays:
        """Rays to the points ``fast`` [K] and ``slow`` [K] (metres on the detector) in the layers [T]."""
        depth = (layers * self.detector.layer)[:, None].expand(-1, len(fast))
        position = self.detector.position(fast.expand_as(depth), slow.expand_as(depth), depth)
        direction = unit(position)
        if "small_angles" in self.faults:
            direction = position / self.detector.close_distance
        incident = self.sources.incident
        scattering = (direction[:, :, None] - incident) / self.sources.wavelength[:, None]
        towards = direction[:, :, None].expand_as(scattering)
        polar = polarization(self.kahn, self.frame.polarization, incident.expand_as(scattering), towards, self.faults)
        if self.settings.no_polarization and not self.settings.every_polar:
            polar = torch.ones_like(polar)
        return Rays(
            position,
            direction,
            scattering,
            self._inside_cut(scattering),
            self.detector.solid_angle(position),
            self.detector.capture(direction, layers[:, None].expand_as(depth)),
            polar,
        )

    def _inside_cut(self, scattering: Tensor) -> Tensor:
        dmin = self.settings.dmin
        if dmin <= 0:
            return torch.ones(scattering.shape[:-1], dtype=torch.bool)
        if "dmin_unit" in self.faults:
            dmin = dmin * 1e10
        return scattering.norm(dim=-1) * dmin <= 1.0

    def subpixels(self, slow: int, fast: int) -> tuple[Tensor, Tensor]:
        """Places of the subpixels [ov²] along fast and slow, in metres; slow is the outer one."""
        count, size = self.oversample, self.settings.pixel
        offsets = (torch.arange(count, dtype=torch.float64) + 0.5) / count
        if "subpixel_edges" in self.faults and count > 1:
            offsets = torch.linspace(0, 1, count, dtype=torch.float64)
        if "pixel_corner" in self.faults:
            offsets = offsets - 0.5 / count
        return (fast + offsets).repeat(count) * size, (slow + offsets).repeat_interleave(count) * size

    def pixel(self, slow: int, fast: int) -> Pixel:
        """Simulate one pixel."""
        rays = self.rays(*self.subpixels(slow, fast), self._layers())
        orientations = self._carried(rays.alive, self._is_first(slow, fast))
        indices = self.indices(rays.scattering, orientations)
        _, lattice = self.crystal.lattice_factors(indices)
        used = rays.alive[..., None, None] & ((lattice != 0.0) | (self.settings.water != 0.0))
        terms = torch.where(used, self._terms(indices, lattice, rays.scattering, used), torch.zeros_like(lattice))
        intensity = self._accumulated(terms, used, rays)
        corrections = self._corrections(rays, slow, fast)
        final = self._final(intensity, corrections, rays)
        return Pixel(slow, fast, rays, orientations, terms, intensity, self.steps, corrections, final)

    def _layers(self) -> Tensor:
        count = self.detector.layers
        return torch.arange(count, dtype=torch.float64)[: 1 if "one_layer" in self.faults else count]

    def _is_first(self, slow: int, fast: int) -> bool:
        """Whether the pixel is the first one rendered; a mask is not looked at."""
        roi = self.settings.roi
        return fast == max(roi[0], 0) and slow == max(roi[2], 0)

    def _carried(self, alive: Tensor, first: bool) -> Tensor:
        """Which orientation each φ step has: at φ = 0 that of the step before, from pixel to pixel."""
        angles = self.crystal.phi[: self.looped]
        turned = [j + 1 for j, angle in enumerate(angles) if angle != 0.0]
        state = turned[-1] if turned and not first else 0
        rows = []
        for lives in alive.flatten().tolist():
            row = []
            for j, angle in enumerate(angles):
                if angle != 0.0 and lives:
                    state = j + 1
                row.append(0 if angle == 0.0 and "phi_fresh" in self.faults else state)
            rows.append(row)
        return torch.tensor(rows).reshape(*alive.shape, len(angles))

    def indices(self, scattering: Tensor, orientations: Tensor) -> Tensor:
        """Miller indices [..., φ, domains, 3] of scattering vectors [..., 3] and orientations [..., φ]."""
        vectors = torch.einsum("oij,mkj->omik", self.orientations, self.crystal.domains)
        return torch.einsum("...jmik,...k->...jmi", vectors[orientations], scattering)

    def _terms(self, indices: Tensor, lattice: Tensor, scattering: Tensor, used: Tensor) -> Tensor:
        """Contributions [T, K, Q, φ, domains]."""
        whole = self.crystal.nearest(indices)
        factor = self.table.look_up(indices.reshape(-1, 3), whole.reshape(-1, 3), used.flatten()).reshape(lattice.shape)
        if "temperature_factor" in self.faults:
            stol = scattering.norm(dim=-1)[..., None, None] * 0.5e-10
            factor = factor * torch.exp(-B_FACTOR * stol**2)
        terms = factor * factor * (lattice.abs() if "lattice_unsquared" in self.faults else lattice * lattice)
        if "domains_weighted" in self.faults and self.crystal.spread > 0:
            cosine = ((self.crystal.domains.diagonal(dim1=-2, dim2=-1).sum(-1) - 1) / 2).clamp(-1, 1)
            terms = terms * torch.exp(-2.0 * (torch.acos(cosine) / self.crystal.spread) ** 2)
        return terms * self.sources.weight[:, None, None]

    def background(self) -> float:
        """Scattering of the water, in the unit of the pixel's accumulator."""
        molecules = self.settings.water**3 * 1e6 * AVOGADRO / 18.0
        return 2.57 * 2.57 * RADIUS_SQUARED * self.fluence * molecules

    def _accumulated(self, terms: Tensor, used: Tensor, rays: Rays) -> float:
        """The accumulator at the end: the oversample flags multiply the running sum at every pass."""
        start = 0.0 if "background_last" in self.faults else self.background()
        asked = self.settings
        weights = torch.ones_like(terms)
        if asked.every_capture:
            weights = weights * rays.capture[..., None, None, None]
        if asked.every_polar:
            weights = weights * rays.polar[..., None, None]
        if asked.every_omega:
            weights = weights * rays.omega[..., None, None, None]
        if not (asked.every_capture or asked.every_polar or asked.every_omega):
            return start + float(terms.sum())
        for term, weight in zip(terms[used].tolist(), weights[used].tolist(), strict=True):
            start = (start + term) * weight
        return start

    def _corrections(self, rays: Rays, slow: int, fast: int) -> Corrections:
        """The cached factors: the first ones of the pixel, and the last layer's capture."""
        asked = self.settings
        if "corrections_at_centre" in self.faults:
            rays = self.centre(slow, fast, float(self.detector.layers - 1))
        last = self.detector.layers - 1.0
        capture = self.detector.capture(rays.direction[-1], torch.full_like(rays.omega[-1], last))
        lives = rays.polar[rays.alive & ((rays.polar != 0.0) | asked.every_polar)]
        polar = float(lives[-1 if asked.every_polar else 0]) if len(lives) else 0.0
        if asked.no_polarization and not asked.every_polar:
            polar = 1.0
        omega = rays.omega.flatten()[-1 if asked.every_omega else 0]
        return Corrections(float(capture[-1 if asked.every_capture else 0]), polar, float(omega))

    def centre(self, slow: int, fast: int, layer: float = 0.0, offset: float = 0.5) -> Rays:
        """Rays to the middle of the pixel."""
        size = self.settings.pixel
        offset -= self.faults.either("pixel_corner", 0.5 / self.oversample, 0.0)
        places = torch.tensor([[fast + offset], [slow + offset]], dtype=torch.float64) * size
        return self.rays(places[0], places[1], torch.tensor([layer], dtype=torch.float64))

    def _final(self, intensity: float, corrections: Corrections, rays: Rays) -> float:
        """Photons in the pixel (section 9.3)."""
        asked = self.settings
        value = RADIUS_SQUARED * self.fluence * intensity / self.steps
        value *= 1.0 if asked.every_capture else corrections.capture
        value *= 1.0 if asked.every_polar else corrections.polar
        value *= 1.0 if asked.every_omega else corrections.omega
        if "background_last" in self.faults:
            value += self.background()
        value *= self.faults.either("detector_gain", GAIN, 1.0)
        if "lorentz_factor" in self.faults:
            value /= math.sin(math.acos(float(unit(rays.direction[0, 0]) @ self.sources.incident[0])))
        if "air_absorption" in self.faults:
            value *= math.exp(-float(rays.position[0, 0].norm()) / AIR)
        return min(value, SATURATION) if "saturated" in self.faults else value


def stored(value: float) -> float:
    """The value as the image of single precision holds it."""
    return float(np.float32(value))
