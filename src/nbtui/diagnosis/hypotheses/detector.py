"""Detector geometry: beam centre, pivot, convention, axes, rotations. Source: hypotheses.md, Detector geometry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, permutations
from typing import Any

import numpy as np

from nbtui.diagnosis.hypotheses.changes import Change, both, frame, placing, rule, scene
from nbtui.diagnosis.hypotheses.log_lines import quoted
from nbtui.diagnosis.hypotheses.record import Form, Hypothesis, NoticeMeaning, Problem
from nbtui.diagnosis.replay.rotation import unit
from nbtui.diagnosis.replay.setup import PixelSetup, with_frame
from nbtui.live.scene import Array, frame_of, parsed

CONVENTIONS = ("ADXV", "MOSFLM", "DENZO", "XDS", "DIALS", "CUSTOM")
AXES = {name + "xyz"[i]: sign * np.eye(3)[i] for i in range(3) for name, sign in (("+", 1.0), ("-", -1.0))}
SIDES = (("both axes", 1.0, 1.0), ("fast", 0.0, 1.0), ("slow", 1.0, 0.0))  # name, along slow, along fast
_CENTER = quoted("convention selected", fields=("beam_center_m", "Fbeam_m", "Sbeam_m"))

# --- beam centre -----------------------------------------------------------------------------------------------------


def _corners(problem: Problem) -> Iterator[Form]:
    over = problem.scene.oversample
    for name, slow, fast in SIDES:
        yield Form(name, rule("pixel", offset=(-0.5 * slow, -0.5 * fast)))
        if over > 1:
            shift = (-0.5 * over * slow, -0.5 * over * fast)
            yield Form(f"{name}, whole pixel", rule("pixel", offset=shift), price=0.5)


PIXEL_CORNER = Hypothesis(
    "pixel_corner",
    "Pixel coordinates are taken at the corner instead of the centre.",
    "pix0 and the axes agree, pixel_pos_meters differs by half a pixel.",
    "Add half a (sub)pixel along fast and slow.",
    _corners,
    quoted(fields=("pixel_pos_meters",)),
)


def _moved(fast: float, slow: float) -> Change:
    def change(setup: PixelSetup) -> PixelSetup:
        (beam_fast, beam_slow), (close_fast, close_slow) = setup.frame.beam_center, setup.frame.close_center
        return with_frame(
            setup,
            beam_center=(beam_fast + fast, beam_slow + slow),
            close_center=(close_fast + fast, close_slow + slow),
        )

    return change


def _half_pixel(problem: Problem, sign: float) -> Iterator[Form]:
    """The beam centre moved by half a pixel in the direction that MOSFLM adds (``sign`` 1), or back."""
    half = problem.scene.pixel_size / 2.0
    added = problem.base.frame.convention == "MOSFLM"
    sign, price = (sign, 0.0) if added else (-sign, 2.0)
    for name, slow, fast in SIDES:
        yield Form(name, _moved(sign * half * fast, sign * half * slow), price)


HALF_PIXEL_MISSING = Hypothesis(
    "half_pixel_beam",
    "The half pixel that MOSFLM adds to the beam centre is missing.",
    "'Fbeam', 'Sbeam' of the C log are Ybeam + pixel/2, Xbeam + pixel/2 in the MOSFLM convention only.",
    "Add half a pixel to both coordinates (MOSFLM), and nothing in other conventions.",
    lambda problem: _half_pixel(problem, -1.0),
    _CENTER,
)
HALF_PIXEL_TWICE = Hypothesis(
    "half_pixel_twice",
    "The half pixel of the beam centre is added twice.",
    "'Fbeam', 'Sbeam' of the C log.",
    "Add it in one place only: when the command line is read or when the detector is built.",
    lambda problem: _half_pixel(problem, 1.0),
    _CENTER,
)


def _exchanged(problem: Problem) -> Iterator[Form]:
    yield Form("X and Y as typed", _as_typed_exchanged)
    own = problem.base.frame
    turned = frame(beam_center=own.beam_center[::-1], close_center=own.close_center[::-1])
    yield Form("fast and slow", turned, price=0.5)


def _as_typed_exchanged(setup: PixelSetup) -> PixelSetup:
    options = setup.scene.options
    other = replace(
        options,
        xbeam_mm=options.ybeam_mm,
        ybeam_mm=options.xbeam_mm,
        orgx=options.orgy,
        orgy=options.orgx,
        xclose_mm=options.yclose_mm,
        yclose_mm=options.xclose_mm,
    )
    swapped = frame_of(other, setup.scene.quirks)
    return with_frame(setup, beam_center=swapped.beam_center, close_center=swapped.close_center)


SWAPPED_CENTER = Hypothesis(
    "swap_beam_xy",
    "The two coordinates of the beam centre are exchanged.",
    "MOSFLM and DENZO: Fbeam comes from Ybeam, Sbeam from Xbeam; elsewhere X is fast.",
    "Map X and Y by the convention.",
    _exchanged,
    _CENTER,
)

# --- pivot and convention --------------------------------------------------------------------------------------------


def _other_pivot(problem: Problem) -> Iterator[Form]:
    yield Form("", frame(pivot="BEAM" if problem.base.frame.pivot == "SAMPLE" else "SAMPLE"))


PIVOT = Hypothesis(
    "pivot",
    "The detector turns about the other pivot: the direct beam instead of the sample, or the reverse.",
    "The C log says 'pivoting detector around ...'.",
    "Let the convention decide as C does; -pivot works only with CUSTOM.",
    _other_pivot,
    quoted("pivoting detector", fields=("pix0_vector_meters",)),
    quirks=("convention_forces_pivot",),
)


def _all_of(convention: str, *, axes: bool, centers: bool, pivot: bool) -> Change:
    """Parts of the frame that another convention gives the options."""

    def change(setup: PixelSetup) -> PixelSetup:
        new = frame_of(replace(setup.scene.options, convention=convention), setup.scene.quirks)
        changes: dict[str, Any] = {}
        if axes:
            changes.update(
                beam=new.beam, normal=new.normal, fast=new.fast, slow=new.slow, twotheta=new.twotheta,
                polarization=new.polarization, spindle=new.spindle,
            )  # fmt: skip
        if centers:
            changes.update(beam_center=new.beam_center, close_center=new.close_center)
        if pivot:
            changes.update(pivot=new.pivot)
        moved = with_frame(setup, **changes)
        if not axes:
            return moved
        return replace(moved, scene=replace(moved.scene, polar_axis=new.polarization, spindle=new.spindle))

    return change


def _conventions(problem: Problem) -> Iterator[Form]:
    for name in CONVENTIONS:
        if name == problem.base.frame.convention:
            continue
        yield Form(name, _all_of(name, axes=True, centers=True, pivot=True), price=1.0)
        yield Form(f"{name} with own pivot", _all_of(name, axes=True, centers=True, pivot=False), 2.0)
        yield Form(f"beam centre of {name}", _all_of(name, axes=False, centers=True, pivot=False), 2.0)
        rest = _all_of(name, axes=False, centers=True, pivot=True)
        yield Form(f"beam centre and pivot of {name}", rest, 2.0)
        yield Form(f"axes of {name}", _all_of(name, axes=True, centers=False, pivot=False), 2.0)


CONVENTION = Hypothesis(
    "convention",
    "The axes or the beam-centre rule of another detector convention are used.",
    "'... convention selected' in the C log; any vector flag makes it CUSTOM.",
    "Switch to CUSTOM when a vector is given, as C does.",
    _conventions,
    quoted("convention selected", fields=("convention_mapping",)),
)

# --- vectors as typed ------------------------------------------------------------------------------------------------


def _typed_origins(problem: Problem) -> Iterator[Form]:
    options = problem.scene.options
    if options.pix0_vector_m is None:
        return
    for factor, name in ((1.0, "in its unit"), (1000.0, "millimetres as metres"), (0.001, "metres as millimetres")):
        x, y, z = (factor * value for value in options.pix0_vector_m)
        yield Form(name, placing(override=(x, y, z)))


PIX0_OVERRIDE = Hypothesis(
    "pix0_override_used",
    "The typed pix0 vector is used; C ignores it.",
    "C's pix0_vector_meters does not change with -pix0_vector.",
    "Compute pix0 from pivot, beam centre and distance whatever was typed.",
    _typed_origins,
    quoted(fields=("DETECTOR_PIX0_VECTOR", "pix0_vector_meters")),
    quirks=("pix0_vector_discarded",),
)


def _normalized_sources(setup: PixelSetup) -> PixelSetup:
    return replace(setup, scene=replace(setup.scene, sources=unit(setup.scene.sources)))


def _typed_vectors(problem: Problem) -> Iterator[Form]:
    options = problem.scene.options
    if options.convention != "CUSTOM":
        return
    given: dict[str, Array] = {}
    for name, vector in (
        ("normal", options.normal_vector),
        ("fast", options.fast_vector),
        ("slow", options.slow_vector),
        ("beam", options.beam_vector),
    ):
        if vector is not None:
            given[name] = np.asarray(vector)
    for count in range(1, len(given) + 1):
        for names in combinations(given, count):
            price = 0.0 if names == ("normal",) or count == len(given) else 1.0
            chosen = {name: given[name] for name in names}
            yield Form(", ".join(names), frame(**chosen), price)
            if "beam" in names and (count == 1 or count == len(given)):
                normalized = both(frame(**chosen), _normalized_sources)
                yield Form(f"{', '.join(names)}; normalized for scattering", normalized, price + 0.5)
    if "normal" in given:
        unit_normal = given["normal"] / np.linalg.norm(given["normal"])
        yield Form("normal, normalized", frame(normal=unit_normal), 0.5)


TYPED_VECTORS = Hypothesis(
    "odet_as_typed",
    "Detector or beam vectors are used as typed.",
    "'WARNING: auto-generating odet_vector': C takes fast x slow unless the typed normal has length exactly 1.",
    "Normalize fast, slow and beam, and take the normal from fast x slow.",
    _typed_vectors,
    quoted("auto-generating odet_vector", fields=("DETECTOR_NORMAL_AXIS",)),
    notice=NoticeMeaning(
        "auto-generating odet_vector",
        "C did not use the typed detector normal (its length is not exactly 1) but fast x slow: "
        "a side that uses it as typed has another detector (odet_as_typed).",
        bits=2.0,
    ),
    quirks=("normal_rederived",),
)

# --- rotations -------------------------------------------------------------------------------------------------------


def _swing_axes(problem: Problem) -> Iterator[Form]:
    own = problem.base.frame
    if own.swing != 0.0:
        for name, axis in AXES.items():
            yield Form(name, frame(twotheta=axis))
        size = float(np.linalg.norm(own.twotheta))
        if size not in (0.0, 1.0):
            yield Form("normalized", frame(twotheta=own.twotheta / size))
    if problem.scene.options.twotheta_axis is not None:
        other = frame_of(parsed(problem.case, {"twotheta_axis_sets_angle": False}))
        yield Form("angle kept", frame(twotheta=other.twotheta, swing=other.swing), 1.0)


TWOTHETA_AXIS = Hypothesis(
    "twotheta_axis",
    "The detector swings about another two-theta axis.",
    "C's TRACE_C:twotheta_axis line; the default depends on the convention and is 0 1 0 for CUSTOM.",
    "Take the convention's axis.",
    _swing_axes,
    quoted(fields=("twotheta_axis", "angles_rad")),
    quirks=("twotheta_axis_sets_angle", "twotheta_axis_as_typed"),
)


def _rotation_orders(problem: Problem) -> Iterator[Form]:
    for order in map("".join, permutations("xyz")):
        for transposed in (False, True):
            if order != "xyz" or transposed:
                name = f"{order}{', transposed' if transposed else ''}"
                yield Form(name, placing(order=order, transposed=transposed), 0.5 * transposed)
    yield Form("two-theta first", placing(swing_first=True), 1.0)
    yield Form("two-theta reversed", placing(swing_transposed=True), 1.5)
    yield Form("all transposed", placing(swing_transposed=True, transposed=True), 1.5)


ROTATION_ORDER = Hypothesis(
    "rotation_order",
    "The detector rotations are applied in another order, or transposed.",
    "C turns about x, then y, then z of the laboratory, then by two-theta.",
    "Apply R_z R_y R_x to the vectors, then the swing.",
    _rotation_orders,
    quoted(fields=("angles_rad", "R_total")),
)

# --- incident beam ---------------------------------------------------------------------------------------------------


def _reversed_beams(problem: Problem) -> Iterator[Form]:
    def reversed_sources(setup: PixelSetup) -> PixelSetup:
        return replace(setup, scene=replace(setup.scene, sources=-setup.scene.sources))

    yield Form("scattering only", reversed_sources)
    yield Form("also where the detector is placed", frame(beam=-problem.base.frame.beam), 1.0)


REVERSED_BEAM = Hypothesis(
    "incident_sign",
    "The incident beam vector is reversed.",
    "C's incident_vec points downstream, from source to sample.",
    "Take the negative of the direction to the source.",
    _reversed_beams,
    quoted(fields=("incident_vec",)),
)


def _default_beams(problem: Problem) -> Iterator[Form]:
    here = problem.scene
    for name in ("+x", "+z", "-z"):
        axis = AXES[name]
        if np.allclose(axis, here.beam, atol=1e-12) or np.allclose(axis, -here.beam, atol=1e-12):
            continue  # the beam itself, or the beam reversed, which is a hypothesis of its own
        yield Form(name, frame(beam=axis))
        if len(here.sources) == 1:
            yield Form(f"{name}, scattering only", scene(sources=-axis[None, :]), 0.5)


DEFAULT_BEAM = Hypothesis(
    "default_beam_vector",
    "The convention's default beam replaces the given one.",
    "INCIDENT_BEAM_DIRECTION in the C log.",
    "Pass -beam_vector on to the scattering vector.",
    _default_beams,
    quoted(fields=("incident_vec",)),
)

HYPOTHESES = (
    PIXEL_CORNER,
    HALF_PIXEL_MISSING,
    HALF_PIXEL_TWICE,
    SWAPPED_CENTER,
    PIVOT,
    CONVENTION,
    PIX0_OVERRIDE,
    TYPED_VECTORS,
    TWOTHETA_AXIS,
    ROTATION_ORDER,
    REVERSED_BEAM,
    DEFAULT_BEAM,
)
