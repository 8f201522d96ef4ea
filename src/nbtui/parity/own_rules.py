"""The formulas that connect printed lines of one trace: one row per line that follows from others.

Source: nanobragg_pixel_loop.md sections 4 to 9 and 12.6.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache

Vector = tuple[float, ...]

FACTORS = ("F_latt_a", "F_latt_b", "F_latt_c")
CELL = ("rot_a_angstroms", "rot_b_angstroms", "rot_c_angstroms")
FLAGS = ("oversample_thick", "oversample_polar", "oversample_omega")
_RAY = ("diffracted_vec", "incident_vec", "lambda_meters")
_CHAIN = ("I_before_scaling", "r_e_sqr", "fluence_photons_per_m2", "steps", "capture_fraction", "polar", "omega_pixel")
_EPSILON = 2.0**-48  # relative: rounding of an angle pi N h, with room for another order of the products
_STORED = 1e-7  # relative: the rounding to single precision of the stored value


@dataclass(frozen=True)
class Rule:
    """``field`` follows from ``inputs``, in this order, by ``formula``; ``words`` name it in a sentence."""

    field: str
    inputs: tuple[str, ...]
    formula: Callable[..., Vector]
    words: str
    loose: float = 0.0  # relative deviation that the formula itself allows
    rounding: Callable[..., float] | None = None  # of the arithmetic, absolute, from the inputs
    at_least: bool = False  # the printed value may be larger
    is_witness: bool = False  # what the rule computes from is made from the field


def grating(x: float, n: int) -> float:
    """sin(pi N x) / sin(pi x), N at exactly x = 0. Source: nanobragg_pixel_loop section 7.2."""
    return float(n) if x == 0.0 else math.sin(math.pi * x * n) / math.sin(math.pi * x)


def _plus(*vectors: Vector) -> Vector:
    return tuple(map(sum, zip(*vectors, strict=True)))


def _times(vector: Vector, factor: float) -> Vector:
    return tuple(value * factor for value in vector)


def _dot(a: Vector, b: Vector) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def _scattering(d: Vector, i: Vector, wavelength: Vector) -> Vector:
    return tuple((x - y) / wavelength[0] for x, y in zip(d, i, strict=True))


def _index(a: Vector, b: Vector, c: Vector, *ray: Vector) -> Vector:
    q = _scattering(*ray)
    return tuple(_dot(vector, q) * 1e-10 for vector in (a, b, c))


def _final(total: Vector, radius: Vector, fluence: Vector, steps: Vector, *factors: Vector) -> Vector:
    """``factors``: capture, polarization, solid angle, then the three flags that put them into the sum instead."""
    value = total[0] * radius[0] * fluence[0] / steps[0]
    for factor, flag in zip(factors[:3], factors[3:], strict=True):
        value *= 1.0 if flag[0] else factor[0]
    return (value,)


@lru_cache(maxsize=64)
def block_rules(n_cells: tuple[int, int, int] | None, metres: float) -> tuple[Rule, ...]:
    """Rules between the lines of one block.

    ``n_cells``: unit cells along a, b, c, where known; ``metres``: the factor from the unit of the printed scattering
    vector to m^-1.
    """
    return (
        Rule("R_distance_meters", ("pixel_pos_meters",), lambda p: (math.hypot(*p),), "the length of pixel_pos_meters"),
        Rule(
            "diffracted_vec",
            ("pixel_pos_meters",),
            lambda p: _times(p, 1.0 / math.hypot(*p)),
            "pixel_pos_meters / R",
        ),
        Rule(
            "obliquity_factor",
            ("close_distance_meters", "R_distance_meters"),
            lambda close, r: (close[0] / r[0],),
            "close_distance / R",
        ),
        Rule("lambda_angstroms", ("lambda_meters",), lambda m: (m[0] * 1e10,), "lambda_meters x 1e10"),
        Rule(
            "scattering_vec_A_inv",
            _RAY,
            lambda *ray: _times(_scattering(*ray), 1.0 / metres),
            "(d - i) / lambda",
        ),
        Rule("hkl_frac", (*CELL, *_RAY), _index, "the product of the cell vectors and (d - i) / lambda"),
        Rule(
            "hkl_rounded",
            ("hkl_frac",),
            lambda hkl: tuple(float(math.ceil(x - 0.5)) for x in hkl),
            "ceil(hkl_frac - 1/2)",
        ),
        *(_factor(axis, count) for axis, count in enumerate(n_cells or ())),
        Rule("F_latt", FACTORS, lambda a, b, c: (a[0] * b[0] * c[0],), "the product of its three factors"),
    )


def _factor(axis: int, count: int) -> Rule:
    return Rule(
        FACTORS[axis],
        ("hkl_frac",),
        lambda hkl: (grating(hkl[axis], count) if count > 1 else 1.0,),
        f"sin(pi N h)/sin(pi h) with N = {count}",
        rounding=lambda hkl: _EPSILON * abs(hkl[axis]) * count / max(abs(math.sin(math.pi * hkl[axis])), 1e-300),
    )


SETUP_RULES = (
    Rule(
        "pix0_before_rotation",
        ("term_fast_before_rot", "term_slow_before_rot", "term_close_before_rot"),
        _plus,
        "the sum of its three terms",
    ),
)
_ORIGINS = ("pix0_vector", "pix0_vector_calculated", "pix0_vector_meters", "DETECTOR_PIX0_VECTOR")
PIXEL_RULES = (
    Rule("r_e_sqr", ("r_e_meters",), lambda r: (r[0] * r[0],), "r_e_meters squared"),
    Rule(
        "polar",
        ("I_before_scaling_post_polar", "I_before_scaling"),
        lambda after, before: (after[0] / before[0],),
        "I_before_scaling_post_polar / I_before_scaling",
        is_witness=True,
    ),
    Rule(
        "I_pixel_final",
        (*_CHAIN, *FLAGS),
        _final,
        "I_before_scaling x r_e^2 x fluence / steps x the factors",
    ),
    Rule("floatimage_accumulated", ("I_pixel_final",), lambda final: final, "I_pixel_final", loose=_STORED),
)


def setup_rules(names: Collection[str]) -> tuple[Rule, ...]:
    """The rules of the set-up; the terms of the detector origin are held against the first origin among ``names``."""
    origin = next((name for name in _ORIGINS if name in names), "")
    third = "term_beam" if "term_beam" in names else "term_close"
    if not origin:
        return SETUP_RULES
    return *SETUP_RULES, Rule(origin, ("term_fast", "term_slow", third), _plus, f"term_fast + term_slow + {third}")


# of a pixel with one term and no factors within the sum; a water background adds to it
SINGLE_TERM = Rule(
    "I_before_scaling",
    ("F_cell", "F_latt"),
    lambda cell, lattice: ((cell[0] * lattice[0]) ** 2,),
    "F_cell^2 F_latt^2 of the only term",
    at_least=True,
)
