"""The pixel loop once more, in plain Python: nested loops with C's lifetimes of state, nothing shared with nbsim.

Only set-up quantities (vectors, sources, table) are taken from the experiment; every formula is written out here
from the specification, each quirk with both of its sides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from nbsim import Experiment

R_E_SQR = 7.94079248018965e-30

Vec = tuple[float, float, float]


class Term(NamedTuple):
    """One executed pass: what it adds, and the corrections where it happens."""

    value: float
    layer: int
    capture: float
    polar: float
    omega: float


def add(*vectors: Vec) -> Vec:
    x, y, z = map(sum, zip(*vectors, strict=True))
    return (x, y, z)


def scale(v: Vec, factor: float) -> Vec:
    return (v[0] * factor, v[1] * factor, v[2] * factor)


def dot(v: Vec, w: Vec) -> float:
    return v[0] * w[0] + v[1] * w[1] + v[2] * w[2]


def cross(v: Vec, w: Vec) -> Vec:
    return (v[1] * w[2] - v[2] * w[1], v[2] * w[0] - v[0] * w[2], v[0] * w[1] - v[1] * w[0])


def unit(v: Vec) -> Vec:
    size = math.sqrt(dot(v, v))
    return scale(v, 1.0 / size) if size > 0 else v


def rotate(v: Vec, axis: Vec, angle: float) -> Vec:
    c, s = math.cos(angle), math.sin(angle)
    return add(scale(axis, dot(axis, v) * (1 - c)), scale(v, c), scale(cross(axis, v), s))


def grating(h: float, n: int, literal: bool) -> float:
    if n <= 1:
        return 1.0
    if literal:
        return float(n) if h == 0 else math.sin(math.pi * h * n) / math.sin(math.pi * h)
    e = h - math.ceil(h - 0.5)
    return float(n) if e == 0 else math.sin(math.pi * e * n) / math.sin(math.pi * e)


def sphere(x: float, literal: bool) -> float:
    if x == 0:
        return 1.0
    if not literal and x < 1e-2:
        return 1 - x**2 / 10 + x**4 / 280
    return 3 * (math.sin(x) / x - math.cos(x)) / x**2


@dataclass
class PlainRun:
    """All pixels of a small experiment, in scan order, one thread."""

    experiment: Experiment
    values: dict[tuple[int, int], float] = field(default_factory=dict)  # I_pixel_final by (slow, fast)

    def __post_init__(self) -> None:
        e = self.experiment
        c, d, b = e.crystal, e.detector, e.beam
        self.q = e.quirks
        self.zero: list[Vec] = [tuple(v.tolist()) for v in (c.a, c.b, c.c)]
        self.now = list(self.zero)
        self.stars: list[Vec] = [tuple(v.tolist()) for v in (c.a_star, c.b_star, c.c_star)]
        self.spindle: Vec = tuple(c.spindle.tolist())
        self.mosaic = c.mosaic_matrices.tolist()
        self.axes: list[Vec] = [tuple(v.tolist()) for v in (d.fast, d.slow, d.normal, d.pix0)]
        self.sources = [
            (scale(tuple(v), -1.0), wave, weight)
            for v, wave, weight in zip(
                b.source_directions.tolist(), b.source_wavelengths.tolist(), b.source_weights.tolist(), strict=True
            )
        ]
        self.interpolate = e.sampling.interpolate and e.structure_factors.grid is not None
        fast0, fast1, slow0, slow1 = d.roi
        for slow in range(d.n_slow):
            for fast in range(d.n_fast):
                inside = fast0 <= fast <= fast1 and slow0 <= slow <= slow1
                if inside and (d.mask is None or bool(d.mask[slow, fast])):
                    self.pixel(slow, fast)

    # geometry
    def position(self, slow: int, fast: int, layer: int, i_s: int, i_f: int) -> Vec:
        e, d = self.experiment, self.experiment.detector
        fast_axis, slow_axis, normal, pix0 = self.axes
        step = float(d.pixel_size) / e.sampling.oversample
        x = add(
            scale(fast_axis, step * (fast * e.sampling.oversample + i_f) + step / 2),
            scale(slow_axis, step * (slow * e.sampling.oversample + i_s) + step / 2),
            scale(normal, layer * float(d.layer_thickness)),
            pix0,
        )
        if not d.curved:
            return x
        far, beam = float(d.distance), tuple(e.beam.direction.tolist())
        pole = scale(beam, far)
        if self.q.curved_transposed:
            return rotate(rotate(pole, slow_axis, x[1] / far), fast_axis, x[2] / far)
        off = add(x, scale(pole, -1.0))
        swung = rotate(pole, unit(cross(beam, fast_axis)), dot(off, fast_axis) / far)
        return rotate(swung, unit(cross(beam, slow_axis)), dot(off, slow_axis) / far)

    def solid_angle(self, r: float) -> float:
        d = self.experiment.detector
        if d.point_pixel:
            return 1 / r**2 if self.q.point_pixel_without_area else float(d.pixel_size) ** 2 / r**2
        return float(d.pixel_size) ** 2 / r**2 * float(d.close_distance) / r

    def absorbed(self, layer: int, direction: Vec) -> float:
        d = self.experiment.detector
        forced = self.experiment.sampling.oversample_thick and self.q.thick_flag_zeroes
        if float(d.thickness) == 0 and not forced:
            return 1.0
        path = float(d.layer_thickness) * float(d.attenuation) / dot(direction, self.axes[2])
        return math.exp(-layer * path) - math.exp(-(layer + 1) * path)

    def kahn(self, incident: Vec, direction: Vec) -> float:
        beam = self.experiment.beam
        c2 = dot(unit(incident), unit(direction)) ** 2
        b_axis = unit(cross(unit(tuple(beam.polarization_axis.tolist())), unit(incident)))
        e_axis = unit(cross(unit(incident), b_axis))
        psi = -math.atan2(dot(direction, b_axis), dot(direction, e_axis))
        return 0.5 * (1 + c2 - float(beam.polarization) * math.cos(2 * psi) * (1 - c2))

    # crystal
    def lattice(self, hkl: Vec, hkl0: Vec) -> float:
        crystal = self.experiment.crystal
        n = crystal.whole_n_cells
        if crystal.shape == "SQUARE":
            return math.prod(grating(h, m, self.q.grating_literal) for h, m in zip(hkl, n, strict=True))
        e = tuple(h - h0 for h, h0 in zip(hkl, hkl0, strict=True))
        cells = math.prod(n)
        by_cells = sum((x * m) ** 2 for x, m in zip(e, n, strict=True))
        star = add(*(scale(v, x) for v, x in zip(self.stars, e, strict=True)))
        radius2 = dot(star, star) * cells**2 if self.q.dimensional_shape_width else by_cells
        if crystal.shape == "ROUND":
            x = math.pi * math.sqrt(by_cells * crystal.fudge)
            return cells * math.sqrt(math.pi / 6) * sphere(x, self.q.sphere_literal)
        if crystal.shape == "GAUSS":
            return cells * math.exp(-radius2 / 0.63 * crystal.fudge)
        return float(cells) if radius2 * crystal.fudge < 0.63 * 0.63 else 0.0

    def table(self, h: int, k: int, l: int) -> float:
        sf = self.experiment.structure_factors
        if sf.grid is None:
            return float(sf.default_f)
        at = (h - sf.h_min, k - sf.k_min, l - sf.l_min)
        inside = all(0 <= i < n for i, n in zip(at, sf.grid.shape, strict=True))
        return float(sf.grid[at]) if inside else float(sf.default_f)

    def factor(self, hkl: Vec, hkl0: Vec) -> float:
        sf = self.experiment.structure_factors
        if self.interpolate and sf.grid is not None:
            low = (sf.h_min, sf.k_min, sf.l_min)
            ok = all(lo + 2 <= h <= lo + n - 3 for h, lo, n in zip(hkl, low, sf.grid.shape, strict=True))
            if ok:
                return self.cubic(hkl)
            if self.q.interpolation_switch_off:
                self.interpolate = False
        return self.table(*(int(h) for h in hkl0))

    def cubic(self, hkl: Vec) -> float:
        weights = []
        for h in hkl:
            nodes = [math.floor(h) + i for i in (-1, 0, 1, 2)]
            weights.append([(n, math.prod((h - m) / (n - m) for m in nodes if m != n)) for n in nodes])
        return sum(u * v * w * self.table(h, k, l) for h, u in weights[0] for k, v in weights[1] for l, w in weights[2])

    # the loop
    def pixel(self, slow: int, fast: int) -> None:
        e, q = self.experiment, self.q
        s, d, beam = e.sampling, e.detector, e.beam
        angles = [s.phi_start + s.phi_step * j for j in range(s.n_phi)]
        share = [1.0 if q.source_weights_ignored else w * len(self.sources) for _, _, w in self.sources]
        if not q.source_weights_ignored:
            share = [x / sum(w for _, _, w in self.sources) for x in share]
        unpolarized = beam.nopolar and not (s.oversample_polar and q.nopolar_overridden)
        terms: list[Term] = []
        omegas: list[float] = []
        polars: list[float] = []
        alive: list[float] = []
        captures: list[list[float]] = []
        for layer in range(d.n_layers):
            captures.append([])
            for sub in range(s.oversample**2):
                x = self.position(slow, fast, layer, sub // s.oversample, sub % s.oversample)
                r = math.sqrt(dot(x, x))
                direction = scale(x, 1 / r)
                omegas.append(self.solid_angle(r))
                captures[-1].append(self.absorbed(layer, direction))
                for (incident, wave, _), weight in zip(self.sources, share, strict=True):
                    scatter = scale(add(direction, scale(incident, -1.0)), 1 / wave)
                    stol = 0.5 * math.sqrt(dot(scatter, scatter))
                    polars.append(1.0 if unpolarized else self.kahn(incident, direction))
                    if s.dmin > 0 and stol > 0 and s.dmin > 0.5 / stol:
                        continue
                    alive.append(polars[-1])
                    for phi in angles:
                        if phi != 0:
                            self.now = [rotate(v, self.spindle, phi) for v in self.zero]
                        elif not q.phi_carryover:
                            self.now = list(self.zero)
                        for matrix in self.mosaic:
                            cell = self.now
                            if e.crystal.mosaic_spread > 0:
                                cell = [tuple(dot(tuple(row), v) for row in matrix) for v in self.now]
                            hkl = tuple(dot(v, scatter) for v in cell)
                            hkl0 = tuple(float(math.ceil(h - 0.5)) for h in hkl)
                            f_latt = self.lattice(hkl, hkl0)
                            if f_latt == 0 and s.water == 0 and q.zero_term_skip:
                                continue
                            f_cell = self.factor(hkl, hkl0)
                            term = f_cell**2 * f_latt**2 * weight
                            terms.append(Term(term, layer, captures[-1][-1], polars[-1], omegas[-1]))
        self.finish((slow, fast), terms, captures, polars, alive, omegas)

    def finish(
        self,
        at: tuple[int, int],
        terms: list[Term],
        captures: list[list[float]],
        polars: list[float],
        alive: list[float],
        omegas: list[float],
    ) -> None:
        """Weighting of every term and of the background, by quirk and flag."""
        s, q = self.experiment.sampling, self.q
        fluence = float(self.experiment.beam.fluence)
        water = 2.57**2 * R_E_SQR * fluence * s.water**3 * 1e6 * 6.02214179e23 / 18.0
        if not alive and not q.culled_polar_zero:
            alive = polars[:1] if q.cached_corrections else polars
        preset = 1.0 if self.experiment.beam.nopolar else 0.0
        cached = (captures[-1][0], alive[0] if alive else preset, omegas[0])
        mean = (
            sum(sum(layer) / len(layer) for layer in captures),
            sum(alive) / len(alive) if alive else preset,
            sum(omegas) / len(omegas),
        )
        flags = (s.oversample_thick, s.oversample_polar, s.oversample_omega)
        keeps = (q.last_layer_capture, q.cached_corrections, q.cached_corrections)
        weights = [1.0] * len(terms)
        background = 1.0
        for which in range(3):
            own = [(term.capture, term.polar, term.omega)[which] for term in terms]
            if which == 0 and not flags[0] and q.cached_corrections:  # one capture per layer
                own = [captures[term.layer][0] for term in terms]
            if flags[which] and q.running_sum_weights:
                for n in range(len(terms)):
                    weights[n] *= math.prod(own[n:])
                background *= math.prod(own)
            elif flags[which] or not keeps[which]:
                weights = [w * x for w, x in zip(weights, own, strict=True)]
                background *= mean[which] if q.background_weighted or not flags[which] else 1.0
            else:
                weights = [w * cached[which] for w in weights]
                background *= cached[which]
        total = math.fsum(term.value * w for term, w in zip(terms, weights, strict=True))
        constant = R_E_SQR * fluence / self.experiment.n_steps
        if q.background_twice:
            self.values[at] = constant * (total + water * background)
            return
        once = 1.0
        for which in range(3):
            if flags[which] and not q.running_sum_weights and not q.background_weighted:
                continue
            once *= mean[which] if flags[which] or not keeps[which] else cached[which]
        self.values[at] = constant * total + water * once
