"""A small torch port of nanoBragg in one file, wrong on purpose: what somebody has who starts on a port.

``python port.py FLAGS`` takes nanoBragg's own flags, prints the trace of ``-trace_pixel SLOW FAST`` and writes the raw
float32 image of ``-floatfile FILE``. It knows the MOSFLM convention, one source, one subpixel and the parallelepiped.
``fixes.py`` lists its bugs. ``COMPILED=1`` in the environment runs the pixel loop through torch.compile.
"""

import math
import os
import sys

import torch

THOMSON = 7.94079248018965e-30  # m²
REAL = torch.float64
UNITS = {"-distance": 1e-3, "-pixel": 1e-3, "-lambda": 1e-10, "-phi": math.pi / 180, "-osc": math.pi / 180}
UNITS |= {"-mosaic_spread": math.pi / 180, "-fluence": 1.0, "-default_F": 1.0}
COUNTS = ("-detpixels", "-phisteps", "-mosaic_domains", "-N", "-oversample")
SWITCHES = ("-nonoise", "-nopgm", "-noprogress", "-nointerpolate")


def read_flags(words):
    """The settings of a command line, in metres and radians."""
    asked = {
        "-phi": 0.0,
        "-osc": 0.0,
        "-phisteps": 1,
        "-mosaic_spread": 0.0,
        "-mosaic_domains": 1,
        "-misset": [0.0] * 3,
    }
    asked |= {"-default_F": 0.0, "-fluence": 1.25932015286227e29, "-oversample": 1, "-floatfile": None}
    words = list(words)
    while words:
        flag = words.pop(0)
        if flag in UNITS:
            asked[flag] = float(words.pop(0)) * UNITS[flag]
        elif flag in COUNTS:
            asked[flag] = int(words.pop(0))
        elif flag in ("-cell", "-misset", "-trace_pixel"):
            count = {"-cell": 6, "-misset": 3, "-trace_pixel": 2}[flag]
            asked[flag], words = [float(word) for word in words[:count]], words[count:]
        elif flag == "-floatfile":
            asked[flag] = words.pop(0)
        elif flag not in SWITCHES:
            sys.exit(f"port.py: {flag} is not ported yet")
    if asked["-oversample"] != 1:
        sys.exit("port.py: -oversample is not ported yet")
    return asked


def rotation(axis, angle):
    """Rotation matrix [3, 3] about a unit vector [3]."""
    x, y, z = axis
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero]).reshape(3, 3)
    return torch.eye(3, dtype=REAL) + torch.sin(angle) * cross + (1 - torch.cos(angle)) * cross @ cross


def mosaic_rotations(spread, count, seed=12345678):
    """Rotations [count, 3, 3] of the mosaic domains, from the C program's random numbers."""
    state, table = seed, []
    for _ in range(40):
        state = 16807 * state % 2147483647
        table.insert(0, state)
    table, last = table[:32], table[0]
    drawn = []
    for _ in range(3 * count):
        state = 16807 * state % 2147483647
        place = last // 67108864
        last, table[place] = table[place], state
        drawn.append(min(last / 2147483647, 1 - 1.2e-7))
    r = 2 * torch.tensor(drawn, dtype=torch.float32).to(REAL).reshape(count, 3) - 1
    rho = torch.sqrt(1 - r[:, 1] ** 2)
    axes = torch.stack([rho * torch.sin(math.pi * r[:, 0]), rho * torch.cos(math.pi * r[:, 0]), r[:, 1]], dim=-1)
    power = (1 - r[:, 2] ** 2).float() ** (1 / 3)
    angles = spread.float() * power
    turned = [rotation(axis, angle.to(REAL)) for axis, angle in zip(axes, angles, strict=True)]
    return torch.stack([torch.eye(3, dtype=REAL), *turned[1:]])


def across(vectors):
    """b × c, c × a and a × b of the rows [3, 3]."""
    return torch.linalg.cross(vectors.roll(-1, 0), vectors.roll(-2, 0))


def crystal(p):
    """Direct vectors [3, 3] in Å, as rows, and reciprocal vectors in 1/Å, of the cell after the missetting."""
    (a, b, c), (alpha, beta, gamma) = p["cell"][:3], torch.deg2rad(p["cell"][3:])
    ca, cb, cg, sg = torch.cos(alpha), torch.cos(beta), torch.cos(gamma), torch.sin(gamma)
    volume = a * b * c * torch.sqrt(1 - ca**2 - cb**2 - cg**2 + 2 * ca * cb * cg)
    stars = torch.stack([b * c * torch.sin(alpha), a * c * torch.sin(beta), a * b * sg]) / volume
    cos_c, cos_b = (ca * cb - cg) / (torch.sin(alpha) * torch.sin(beta)), (ca * cg - cb) / (torch.sin(alpha) * sg)
    cos_a = (cb * cg - ca) / (torch.sin(beta) * sg)
    sin_c, zero = torch.sqrt(1 - cos_c**2), torch.zeros_like(a)
    third = (cos_a - cos_b * cos_c) / sin_c
    rows = [torch.stack([stars[0], zero, zero]), torch.stack([stars[1] * cos_c, stars[1] * sin_c, zero])]
    rows += [torch.stack([stars[2] * cos_b, stars[2] * third, stars[2] * torch.sqrt(1 - cos_b**2 - third**2)])]
    x, y, z = torch.deg2rad(p["misset"])
    axes = torch.eye(3, dtype=REAL)
    reciprocal = torch.stack(rows) @ (rotation(axes[0], x) @ rotation(axes[1], y) @ rotation(axes[2], z)).T
    direct = across(reciprocal)
    direct = direct / direct.norm(dim=-1, keepdim=True) * p["cell"][:3, None]
    return direct, across(direct) / volume


def geometry(p, slow, fast):
    """Position [..., 3] in metres of pixel centres, airpath, solid angle and direction of the diffracted ray."""
    beam = (p["pixels"] * p["pixel"] + p["pixel"]) / 2
    corner = torch.stack([p["distance"], beam, -beam])
    axes = torch.tensor([[0.0, 0.0, 1.0], [0.0, -1.0, 0.0]], dtype=REAL)
    position = corner + (fast + 0.5)[..., None] * p["pixel"] * axes[0] + (slow + 0.5)[..., None] * p["pixel"] * axes[1]
    airpath = position.norm(dim=-1)
    omega = p["pixel"] ** 2 / airpath**2 * p["distance"] / airpath
    return corner, position, airpath, omega, position / airpath[..., None]


def lattice(indices, cells):
    """Interference of ``cells`` unit cells along each axis [..., 3]."""
    below = torch.sin(math.pi * indices)
    safe = torch.where(below == 0, torch.ones_like(below), below)
    return torch.where(below == 0, cells, torch.sin(math.pi * indices * cells) / safe)


def intensity(p, scattering, direct, domains):
    """The sum of F_cell²·F_latt² over φ steps and mosaic domains, for scattering vectors [..., 3] in 1/Å."""
    total = torch.zeros(scattering.shape[:-1], dtype=REAL)
    for step in range(p["phisteps"]):
        turned = direct @ rotation(torch.tensor([0.0, 0.0, 1.0], dtype=REAL), p["phi"] + p["step"] * step).T
        for domain in domains:
            indices = scattering @ (turned @ domain.T).T
            total = total + (p["F"] * lattice(indices, p["cells"]).prod(dim=-1)) ** 2
    return total


def polarization(direction):
    """Polarization factor of an unpolarized beam."""
    return 0.5 * (1 + direction[..., 0])


def parameters_of(asked):
    """Everything that the model takes, as tensors."""
    numbers = {"distance": "-distance", "pixel": "-pixel", "wavelength": "-lambda", "phi": "-phi", "F": "-default_F"}
    numbers |= {"spread": "-mosaic_spread", "fluence": "-fluence", "cells": "-N", "pixels": "-detpixels"}
    p = {name: torch.tensor(float(asked[flag]), dtype=REAL) for name, flag in numbers.items()}
    p |= {name: torch.tensor(asked["-" + name], dtype=REAL) for name in ("cell", "misset")}
    p["phisteps"] = asked["-phisteps"]
    p["step"] = torch.tensor(asked["-osc"] / asked["-phisteps"], dtype=REAL)
    p["domains"] = asked["-mosaic_domains"] if asked["-mosaic_spread"] > 0 else 1
    return p


def simulate(p, slow, fast):
    """Photons in the pixels ``slow`` and ``fast`` [...], with the values on the way."""
    corner, position, airpath, omega, direction = geometry(p, slow, fast)
    scattering = (direction - torch.tensor([1.0, 0.0, 0.0], dtype=REAL)) / (p["wavelength"] * 1e10)  # 1/Å
    direct, reciprocal = crystal(p)
    domains = mosaic_rotations(p["spread"], p["domains"])
    summed = LOOP(p, scattering, direct, domains)
    polar = polarization(direction)
    photons = THOMSON * p["fluence"] * summed / (p["phisteps"] * p["domains"]) * polar * omega
    return photons, locals()


def trace(p, slow, fast):
    """The lines of one pixel."""
    photons, at = simulate(p, *torch.tensor([float(slow), float(fast)], dtype=REAL))
    spindle = torch.tensor([0.0, 0.0, 1.0], dtype=REAL)
    turned = at["direct"] @ rotation(spindle, p["phi"]).T
    indices = turned @ at["scattering"]
    factors = lattice(indices, p["cells"])
    yield "pix0_vector_meters", at["corner"]
    yield "pixel_pos_meters", at["position"]
    yield "R_distance_meters", at["airpath"]
    yield "omega_pixel_sr", at["omega"]
    yield "diffracted_vec", at["direction"]
    yield "lambda_meters", p["wavelength"]
    yield "scattering_vec_A_inv", at["scattering"] * 1e10  # in 1/m, as the C program prints it under this name
    for name, vector, star in zip("abc", turned, at["reciprocal"], strict=True):
        yield f"rot_{name}_angstroms", vector
        yield f"rot_{name}_star_A_inv", star
    yield "hkl_frac", indices
    yield "hkl_rounded", torch.ceil(indices - 0.5)
    yield from ((f"F_latt_{name}", factor) for name, factor in zip("abc", factors, strict=True))
    yield "F_latt", factors.prod()
    yield "F_cell", p["F"]
    yield "I_before_scaling", at["summed"]
    yield "fluence_photons_per_m2", p["fluence"]
    yield "steps", torch.tensor(p["phisteps"] * p["domains"])
    yield "polar", at["polar"]
    yield "omega_pixel", at["omega"]
    yield "cos_2theta", at["direction"][0]
    yield "I_pixel_final", photons


LOOP = torch.compile(intensity) if os.environ.get("COMPILED") == "1" else intensity


def main():
    """Trace the pixel and write the image, as asked."""
    asked = read_flags(sys.argv[1:])
    p = parameters_of(asked)
    if "-trace_pixel" in asked:
        for name, value in trace(p, *asked["-trace_pixel"]):
            print(f"TRACE_PY: {name}", *(f"{number:.15g}" for number in value.reshape(-1).tolist()))
    if asked["-floatfile"]:
        places = torch.arange(asked["-detpixels"], dtype=REAL)
        photons, _ = simulate(p, *torch.meshgrid(places, places, indexing="ij"))
        photons.float().numpy().tofile(asked["-floatfile"])


if __name__ == "__main__":
    main()
