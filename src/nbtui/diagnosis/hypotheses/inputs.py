"""Variants of inputs and configuration: pixel, fluence, polarisation, structure factors, sources.

Source: hypotheses.md, Inputs and configuration.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from nbtui.diagnosis.hypotheses.variant import Change, Problem, Variant, rule, scene
from nbtui.diagnosis.replay.formulas import kahn_polarization, unit
from nbtui.diagnosis.replay.placement import with_cell
from nbtui.live.scene import Array, cached_table, rebuilt
from nbtui.parity.align import cells
from nbtui.trace.model import Trace

DEFAULT_FLUENCE = 125932015286227086360700780544.0


def first_value(trace: Trace, name: str) -> Array | None:
    """Numbers of the first occurrence of a field, None without it."""
    for record in trace.all(name)[:1]:
        if all(not isinstance(value, str) for value in record.values):
            return np.asarray([float(value) for value in record.values])
    return None


def pixels(problem: Problem) -> Iterator[Variant]:
    """Other pixels: where the suspect's position says it is, the transposed one, the neighbours."""
    slow, fast = problem.scene.pixel
    candidates = [(fast, slow)]
    position = first_value(problem.suspect, "pixel_pos_meters")
    here = problem.scene
    if position is not None and position.shape == (3,):
        axes = np.stack([here.fast, here.slow], axis=1)
        along, *_ = np.linalg.lstsq(axes, position - here.pix0, rcond=None)
        sub = here.pixel_size / here.oversample
        x = along / here.pixel_size - 0.5 * sub / here.pixel_size
        if np.all(np.isfinite(x)) and np.all(np.abs(x - np.rint(x)) < 1e-6):
            candidates.append((int(np.rint(x[1])), int(np.rint(x[0]))))
    candidates += [(slow + i, fast + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    for number, pixel in enumerate(dict.fromkeys(candidates)):
        if pixel != (slow, fast) and min(pixel) >= 0:
            kind = "slow and fast exchanged, " if number == 0 else ""
            form = f"{kind}pixel (slow {pixel[0]}, fast {pixel[1]})"
            yield Variant("other_pixel", form, scene(pixel=pixel, first_pixel=False))


def beam(problem: Problem) -> Iterator[Variant]:
    """Fluence, Kahn factor, polarisation axis."""
    here = problem.scene
    yield Variant("default_fluence", "1.2593e29 photons/m^2", scene(fluence=DEFAULT_FLUENCE))
    yield Variant("kahn_default", "polarisation switched off", scene(nopolar=True))
    known = [0.0, 1.0]
    solved = _solved_kahn(problem)
    if solved is not None and all(abs(solved - value) > 1e-9 for value in known):
        yield Variant("kahn_default", f"K = {solved:.6g}", scene(kahn=solved, nopolar=False), price=3.0)
    for value in [*known, -1.0]:
        yield Variant("kahn_default", f"K = {value:g}", scene(kahn=value, nopolar=False))
    axes = {
        "x": np.eye(3)[0],
        "y": np.eye(3)[1],
        "z": np.eye(3)[2],
        "beam x polar axis": unit(np.cross(here.beam, here.polar_axis)),
        "spindle": here.spindle,
        "fast": here.fast,
        "slow": here.slow,
    }
    for name, axis in axes.items():
        yield Variant("polar_axis", name, scene(polar_axis=axis))


def _solved_kahn(problem: Problem) -> float | None:
    """The Kahn factor that gives the suspect's polarisation; the factor is linear in it."""
    shown = first_value(problem.suspect, "polar")
    ray = first_value(problem.suspect, "diffracted_vec")
    if shown is None or ray is None or ray.shape != (3,):
        return None
    here = problem.scene
    values = [
        float(kahn_polarization(-here.sources[:1], ray[None, None, :], replace(here, kahn=k)).flat[0])
        for k in (-1.0, 1.0)
    ]
    if values[0] == values[1]:
        return None
    solved = -1.0 + 2.0 * (float(shown[0]) - values[0]) / (values[1] - values[0])
    return float(f"{solved:.10g}") if -1.0 <= solved <= 1.0 else None


def factors(problem: Problem) -> Iterator[Variant]:
    """default_F and the cache of structure factors."""
    here = problem.scene
    if here.table.default_f != 0.0:
        for kind, form in (
            ("none", "default_F not applied"),
            ("holes", "default_F only outside the table"),
            ("outside", "default_F only in the table's holes"),
            ("all", "default_F everywhere"),
            ("zeros", "default_F in place of zeros of the table"),
        ):
            yield Variant("default_f_missing", form, rule(default_for=kind))
    said = any(
        "Fdump.bin" in n.text and "reading" in n.text for n in problem.reference.notices + problem.suspect.notices
    )
    price = -6.0 if said else 0.0
    table = cached_table(here, problem.workdir)
    if table is not None:
        yield Variant("stale_hkl_cache", f"{here.options.dump_file} read", scene(table=table), price)
    if here.table.source.startswith("Fdump") and here.options.hkl_file is None:
        plain = replace(here.table, grid=None, default_f=here.options.default_f)
        yield Variant("stale_hkl_cache", "cache not read, default_F everywhere", scene(table=plain), price)
    printed = _printed_factors(problem.suspect)
    if printed:
        yield Variant("stale_hkl_cache", "F_cell from elsewhere", rule(f_given=printed), price if said else 12.0)


def _printed_factors(trace: Trace) -> tuple[tuple[tuple[int, int, int], float], ...]:
    """Index and F_cell of every block that prints both."""
    found: dict[int, dict[str, tuple[float, ...]]] = {}
    for place, cell in cells(trace).items():
        if place[3] in ("hkl_rounded", "F_cell") and not isinstance(cell.value, str):
            block = found.setdefault(place[1], {})
            block[place[3]] = (*block.get(place[3], ()), float(cell.value))
    pairs: dict[tuple[int, int, int], float] = {}
    for block in found.values():
        index, value = block.get("hkl_rounded", ()), block.get("F_cell", ())
        if len(index) == 3 and len(value) == 1:
            pairs[int(index[0]), int(index[1]), int(index[2])] = value[0]
    return tuple(pairs.items())


def matrix(problem: Problem) -> Iterator[Variant]:
    """Wavelength in the orientation matrix."""
    if problem.scene.options.matrix_file is None:
        return
    angstrom = problem.scene.wavelength * 1e10
    for factor, form in ((angstrom, "not scaled"), (1.0 / angstrom, "scaled twice"), (angstrom**2, "multiplied")):
        yield Variant("wavelength_ignored_in_matrix", form, _scaled(factor))


def _scaled(factor: float) -> Change:
    return lambda setup: with_cell(setup, {"scale": factor})


def sources(problem: Problem) -> Iterator[Variant]:
    """Weights, number and wavelengths of the sources."""
    here = problem.scene
    if len(here.sources) > 1:
        for kind, form in (
            ("raw", "weights as typed"),
            ("normalised", "weights divided by their sum"),
            ("mean", "weights divided by their mean"),
        ):
            yield Variant("source_weights_applied", form, rule(weights=kind))
    nominal = np.full(len(here.sources), here.wavelength)
    yield Variant("source_count", "nominal wavelength for all", scene(source_wavelengths=nominal))
    if here.options.source_file is None:
        return
    stripped = rebuilt(here, problem.workdir, {}, {"source_file_literal": False})
    lists = [
        ("comment and blank lines stripped", (stripped.sources, stripped.source_wavelengths, stripped.source_weights))
    ]
    full = (here.sources, here.source_wavelengths, here.source_weights)
    if len(here.sources) > 1:
        lists += [
            ("last source dropped", (full[0][:-1], full[1][:-1], full[2][:-1])),
            ("first source dropped", (full[0][1:], full[1][1:], full[2][1:])),
        ]
        lists.append(("first source only", (full[0][:1], full[1][:1], full[2][:1])))
    for form, (directions, wavelengths, weights) in lists:
        change = scene(sources=directions, source_wavelengths=wavelengths, source_weights=weights)
        yield Variant("source_count", form, change)
        flat = scene(
            sources=directions, source_wavelengths=np.full(len(directions), here.wavelength), source_weights=weights
        )
        yield Variant("source_count", f"{form}, nominal wavelength", flat, price=1.0)


PLANTERS = (pixels, beam, factors, matrix, sources)
