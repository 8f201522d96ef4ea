"""The small port of the tests, put right and with taps: its trace by `nbtui.tap`, and its gradients."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch

from nbtui import tap
from small_port.fixes import fixed

FLAGS = (
    "-cell 40 50 60 80 95 100 -misset 10 20 30 -default_F 100 -N 5 -lambda 1.0 -distance 60 -detpixels 64 -pixel 1.6 "
    "-phi 0 -osc 1 -phisteps 3 -mosaic_spread 0.2 -mosaic_domains 3 -oversample 1 -nointerpolate -fluence 1e24"
)
PIXEL = (24, 33)
_DEGREE = math.pi / 180
# parameter of the command line: the port's own name, and the unit of the command line in the port's
LEAVES = {
    "cell": ("cell", 1.0),
    "misset": ("misset", 1.0),
    "mosaic_spread": ("spread", _DEGREE),
    "distance": ("distance", 1e-3),
    "wavelength": ("wavelength", 1e-10),
    "fluence": ("fluence", 1.0),
    "phi": ("phi", _DEGREE),
    "oscillation": ("step", _DEGREE / 3),
}
_LOOP = '            total = total + (p["F"] * lattice(indices, p["cells"]).prod(dim=-1)) ** 2\n'
_TAPPED = """            factors = lattice(indices, p["cells"])
            term = (p["F"] * factors.prod(dim=-1)) ** 2
            with t.step(phi=step, domain=number):
                t("hkl_frac", indices)
                t("F_latt_b", factors[1])
                t("F_latt", factors.prod(dim=-1))
                t("F_cell", p["F"])
                t("term.F_cell2_F_latt2", term)
            total = total + term
"""
_TAPS = (
    ("    for step in range(", "    t = tap.current()\n    for step in range("),
    ("        for domain in domains:\n", "        for number, domain in enumerate(domains):\n"),
    (_LOOP, _TAPPED),
)


def port(*, backend: str = "") -> dict[str, Any]:
    """The names of the port with taps in its loop over φ steps and domains; ``backend``: that compiles the loop."""
    text = fixed()
    for wrong, right in _TAPS:
        assert text.count(wrong) == 1, wrong
        text = text.replace(wrong, right)
    space: dict[str, Any] = {"__name__": "port", "tap": tap}
    exec(compile(text, "port.py", "exec"), space)
    if backend:
        space["LOOP"] = torch.compile(space["intensity"], backend=backend)
    return space


def photons(space: dict[str, Any], out: Path | None) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The pixel and its parameters, which require gradients, traced into ``out``."""
    p = space["parameters_of"](space["read_flags"](FLAGS.split()))
    for name, _ in LEAVES.values():
        p[name].requires_grad_()
    place = torch.tensor([float(index) for index in PIXEL], dtype=torch.float64)
    with tap.trace(PIXEL if out is not None else None, out) as t:
        value, at = space["simulate"](p, *place)
        t("omega_pixel", at["omega"])
        t("polar", at["polar"])
        t("I_before_scaling", at["summed"])
        t("I_pixel_final", value)
        if t:
            found = torch.autograd.grad(value, [p[name] for name, _ in LEAVES.values()])
            for (name, (_, unit)), slope in zip(LEAVES.items(), found, strict=True):
                t.gradient(name, slope * unit)
    return value.detach(), p
