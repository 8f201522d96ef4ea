"""Inputs and configuration: pixel, fluence, polarization, structure factors, matrix, sources.

Source: hypotheses.md, Inputs and configuration.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from nbtui.diagnosis.hypotheses.changes import Change, both, orienting, reconfigured, rule, scene
from nbtui.diagnosis.hypotheses.log_lines import quoted
from nbtui.diagnosis.hypotheses.record import Form, Hypothesis, Problem, number_price
from nbtui.diagnosis.replay.accumulation import Weights
from nbtui.diagnosis.replay.polarization import kahn_polarization
from nbtui.diagnosis.replay.rotation import unit
from nbtui.diagnosis.replay.setup import PixelSetup
from nbtui.diagnosis.replay.structure_factor import Defaulted
from nbtui.live.constants import DEFAULT_FLUENCE
from nbtui.live.scene import Array
from nbtui.trace.model import Trace


def _first_value(trace: Trace, name: str) -> Array | None:
    """Numbers of a field's first occurrence; None without one."""
    for record in trace.all(name)[:1]:
        if all(not isinstance(value, str) for value in record.values):
            return np.asarray([float(value) for value in record.values])
    return None


# --- pixel and configuration -----------------------------------------------------------------------------------------


def _pixels(problem: Problem) -> Iterator[Form]:
    """The transposed pixel, the one at the suspect's position, the neighbors."""
    slow, fast = problem.scene.pixel
    candidates = [(fast, slow)]
    position = _first_value(problem.suspect, "pixel_pos_meters")
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
            yield Form(
                f"{kind}pixel (slow {pixel[0]}, fast {pixel[1]})",
                scene(pixel=pixel, first_pixel=False),
            )


OTHER_PIXEL = Hypothesis(
    "other_pixel",
    "The two traces are of different pixels.",
    "TRACE_CONFIG names the pixel as spixel, fpixel; -trace_pixel takes SLOW FAST, -printout_pixel FAST SLOW.",
    "Trace the same (slow, fast) on both sides.",
    _pixels,
)

OTHER_CONFIG = Hypothesis(  # its forms are fitted to the first difference: search/fit.py
    "other_config",
    "A set-up value differs between the two runs.",
    "Compare the value named here with the C log's set-up lines and the command line.",
    "Run both sides from one command line.",
)

# --- beam ------------------------------------------------------------------------------------------------------------


def _default_fluence(problem: Problem) -> Iterator[Form]:
    yield Form("1.2593e29 photons/m^2", scene(fluence=DEFAULT_FLUENCE))


FLUENCE = Hypothesis(
    "default_fluence",
    "One side uses the default fluence instead of flux x exposure / beamsize^2.",
    "The C log's 'incident fluence' line; the default is 1.25932e29 photons/m^2, 1/r_e^2.",
    "Pass the fluence of the command line on to the scaling.",
    _default_fluence,
    quoted("incident fluence", fields=("fluence_photons_per_m2",)),
)


_DECIMALS = 3  # of a typed Kahn factor
_EXACT = 1e-7


def _kahn_factors(problem: Problem) -> Iterator[Form]:
    """Polarization off, the factor that the suspect's polarization implies, common defaults."""
    yield Form("polarization switched off", scene(nopolar=True))
    if problem.scene.nopolar and problem.scene.oversample_polar:
        yield Form("-nopolar heeded beside -oversample_polar", rule("corrections", nopolar_overridden=False))
    known = [0.0, 1.0]
    solved = _solved_kahn(problem)
    if solved is not None and all(abs(solved - value) > 1e-9 for value in known):
        yield Form(f"K = {solved:.6g}", scene(kahn=solved, nopolar=False), price=3.0 + number_price(solved))
    for value in [*known, -1.0]:
        yield Form(f"K = {value:g}", scene(kahn=value, nopolar=False))


def _solved_kahn(problem: Problem) -> float | None:
    """The Kahn factor that gives the suspect's polarization, if it is one that somebody types, of few decimals.

    The polarization is linear in it: any value has a factor, and one of many decimals explains nothing.
    """
    shown = _first_value(problem.suspect, "polar")
    ray = _first_value(problem.suspect, "diffracted_vec")
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
    typed = round(solved, _DECIMALS)
    return typed if -1.0 <= typed <= 1.0 and abs(solved - typed) < _EXACT else None


KAHN = Hypothesis(
    "kahn_default",
    "The polarization uses another Kahn factor than the one given.",
    "The C log's 'Kahn polarization factor' line; at an azimuth of 45 degrees the factor has no effect.",
    "Pass -polar K on; C's default is 0, not 1.",
    _kahn_factors,
    quoted("olarization factor", "polarization effect disabled", fields=("polar",)),
    quirks=("nopolar_overridden",),
)


def _polar_axes(problem: Problem) -> Iterator[Form]:
    here = problem.scene
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
        yield Form(name, scene(polar_axis=axis))
        if here.options.source_file is None and len(here.sources) > 1 and abs(float(here.beam @ unit(axis))) < 1e-9:
            yield Form(f"{name}, also of the divergence", both(scene(polar_axis=axis), _fan_along(unit(axis))), 0.5)


def _fan_along(axis: Array) -> Change:
    """Generated sources with their horizontal and vertical directions turned about the beam to a polarization axis."""

    def change(setup: PixelSetup) -> PixelSetup:
        here = setup.scene
        across = unit(np.cross(here.beam, setup.frame.polarization))
        old = np.stack([here.beam, np.cross(across, here.beam), across])
        new_across = unit(np.cross(here.beam, axis))
        new = np.stack([here.beam, np.cross(new_across, here.beam), new_across])
        return replace(setup, scene=replace(here, sources=here.sources @ old.T @ new))

    return change


POLAR_AXIS = Hypothesis(
    "polar_axis",
    "The polarization axis differs.",
    "The C log's POLARIZATION_PLANE_NORMAL is beam x polar axis.",
    "Take the convention's polar axis (or -polar_vector).",
    _polar_axes,
)

# --- structure factors -----------------------------------------------------------------------------------------------


def _defaults(problem: Problem) -> Iterator[Form]:
    if problem.scene.table.default_f == 0.0:
        return
    for kind, name in (
        (Defaulted.NONE, "default_F not applied"),
        (Defaulted.HOLES, "default_F only in the table's holes"),
        (Defaulted.OUTSIDE, "default_F only outside the table"),
        (Defaulted.ALL, "default_F everywhere"),
        (Defaulted.ZEROS, "default_F in place of zeros of the table"),
    ):
        yield Form(name, rule("structure_factor", defaulted=kind))


DEFAULT_F = Hypothesis(
    "default_f_missing",
    "default_F is not applied where the table has no entry, or is applied where it has one.",
    "The C log says how many hkls are initialized and '(all others =F)'.",
    "Fill the table with default_F before reading, and use it outside the table's box.",
    _defaults,
    quoted("initialized hkls", "initializing to default_F", fields=("F_cell",)),
)


# --- matrix and sources ----------------------------------------------------------------------------------------------


def _matrix_scales(problem: Problem) -> Iterator[Form]:
    if problem.scene.options.matrix_file is None:
        return
    angstrom = problem.scene.wavelength * 1e10
    for factor, name in ((angstrom, "not scaled"), (1.0 / angstrom, "scaled twice"), (angstrom**2, "multiplied")):
        yield Form(name, orienting(scale=factor))


MATRIX_WAVELENGTH = Hypothesis(
    "wavelength_ignored_in_matrix",
    "The orientation matrix is not divided by the wavelength, or divided twice.",
    "|a_star| in the C log's reciprocal-space cell vectors.",
    "A MOSFLM matrix is dimensionless: multiply it once by 1/lambda.",
    _matrix_scales,
    quoted("Before misset rotation", "wave=", fields=("rot_a_star_A_inv",)),
)


def _weights(problem: Problem) -> Iterator[Form]:
    if len(problem.scene.sources) > 1:
        yield Form("weights as typed", rule("accumulation", weights=Weights.RAW))
        yield Form("weights divided by their sum", rule("accumulation", weights=Weights.NORMALIZED))
        yield Form("weights divided by their mean", rule("accumulation", weights=Weights.MEAN))


SOURCE_WEIGHTS = Hypothesis(
    "source_weights_applied",
    "One side weights the sources.",
    "C prints the weights in its source table but never uses them.",
    "Count all sources equally for parity with C.",
    _weights,
    quoted("created a total of", fields=("steps",)),
    quirks=("source_weights_ignored",),
)


def _source_lists(problem: Problem) -> Iterator[Form]:
    """Other numbers of sources, each with its own wavelengths and with the nominal one."""
    here = problem.scene
    yield Form("nominal wavelength for all", _nominal)
    if here.options.source_file is None:
        return
    stripped = reconfigured(problem.workdir, quirks={"source_file_literal": False})
    name = "comment and blank lines stripped"
    yield Form(name, stripped, rebuilds=True)
    yield Form(f"{name}, nominal wavelength", both(stripped, _nominal), price=1.0, rebuilds=True)
    if len(here.sources) == 1:
        return
    for name, part in (
        ("last source dropped", slice(None, -1)),
        ("first source dropped", slice(1, None)),
        ("first source only", slice(1)),
    ):
        yield Form(name, _some_sources(part))
        yield Form(f"{name}, nominal wavelength", both(_some_sources(part), _nominal), price=1.0)


def _nominal(setup: PixelSetup) -> PixelSetup:
    here = setup.scene
    return replace(setup, scene=replace(here, source_wavelengths=np.full(len(here.sources), here.wavelength)))


def _some_sources(part: slice) -> Change:
    def change(setup: PixelSetup) -> PixelSetup:
        here = setup.scene
        directions, wavelengths, weights = here.sources[part], here.source_wavelengths[part], here.source_weights[part]
        return scene(sources=directions, source_wavelengths=wavelengths, source_weights=weights)(setup)

    return change


SOURCE_COUNT = Hypothesis(
    "source_count",
    "The sources differ: a comment line counts as a source or not, or the nominal wavelength replaces the file's.",
    "'created a total of N sources' and the table below it; steps is a multiple of their number.",
    "Read the file line by line as C does: a comment line is a source of zeros.",
    _source_lists,
    quoted("created a total of", fields=("steps",)),
    quirks=("source_file_literal",),
)

HYPOTHESES = (
    OTHER_PIXEL,
    OTHER_CONFIG,
    FLUENCE,
    KAHN,
    POLAR_AXIS,
    DEFAULT_F,
    MATRIX_WAVELENGTH,
    SOURCE_WEIGHTS,
    SOURCE_COUNT,
)
