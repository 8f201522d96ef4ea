"""Variants of the detector geometry. Source: hypotheses.md, Detector geometry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, permutations
from typing import Any

import numpy as np

from nbtui.diagnosis.hypotheses.variant import Change, Problem, Variant, rule, scene
from nbtui.diagnosis.replay.placement import with_frame
from nbtui.diagnosis.replay.rules import Setup
from nbtui.live.scene import Array, Frame, frame_of, parsed

CONVENTIONS = ("ADXV", "MOSFLM", "DENZO", "XDS", "DIALS", "CUSTOM")
AXES = {name + "xyz"[i]: sign * np.eye(3)[i] for i in range(3) for name, sign in (("+", 1.0), ("-", -1.0))}


def frame(**changes: Any) -> Change:
    """The detector placed again with parts of its frame replaced."""
    return lambda setup: with_frame(setup, **changes)


def placing(**rules: Any) -> Change:
    """The detector placed again by other rules."""
    return lambda setup: with_frame(setup, rules)


def _moved(fast: float, slow: float) -> Change:
    def change(setup: Setup) -> Setup:
        (beam_fast, beam_slow), (close_fast, close_slow) = setup.frame.beam_center, setup.frame.close_center
        return with_frame(
            setup,
            beam_center=(beam_fast + fast, beam_slow + slow),
            close_center=(close_fast + fast, close_slow + slow),
        )

    return change


def centres(problem: Problem) -> Iterator[Variant]:
    """Pixel corner, half pixels, exchanged coordinates."""
    half = problem.scene.pixel_size / 2.0
    over = problem.scene.oversample
    which = (("both axes", 1.0, 1.0), ("fast", 0.0, 1.0), ("slow", 1.0, 0.0))
    for form, slow, fast in which:
        yield Variant("pixel_corner", form, rule(offset=(-0.5 * slow, -0.5 * fast)))
        if over > 1:
            shift = (-0.5 * over * slow, -0.5 * over * fast)
            yield Variant("pixel_corner", f"{form}, whole pixel", rule(offset=shift), price=0.5)
    added = problem.base.frame.convention == "MOSFLM"
    sign, price = (1.0, 0.0) if added else (-1.0, 2.0)
    for form, slow, fast in which:
        yield Variant("half_pixel_beam", form, _moved(-sign * half * fast, -sign * half * slow), price)
        yield Variant("half_pixel_twice", form, _moved(sign * half * fast, sign * half * slow), price)
    options = problem.scene.options
    swapped = frame_of(
        replace(
            options,
            xbeam_mm=options.ybeam_mm,
            ybeam_mm=options.xbeam_mm,
            orgx=options.orgy,
            orgy=options.orgx,
            xclose_mm=options.yclose_mm,
            yclose_mm=options.xclose_mm,
        )
    )
    yield Variant(
        "swap_beam_xy",
        "X and Y as typed",
        frame(beam_center=swapped.beam_center, close_center=swapped.close_center),
    )
    own = problem.base.frame
    yield Variant(
        "swap_beam_xy",
        "fast and slow",
        frame(beam_center=own.beam_center[::-1], close_center=own.close_center[::-1]),
        price=0.5,
    )


def _all_of(new: Frame, *, axes: bool, centres: bool, pivot: bool) -> Change:
    changes: dict[str, Any] = {}
    if axes:
        changes.update(
            beam=new.beam, normal=new.normal, fast=new.fast, slow=new.slow, twotheta=new.twotheta,
            polarization=new.polarization, spindle=new.spindle,
        )  # fmt: skip
    if centres:
        changes.update(beam_center=new.beam_center, close_center=new.close_center)
    if pivot:
        changes.update(pivot=new.pivot)

    def change(setup: Setup) -> Setup:
        moved = with_frame(setup, **changes)
        if not axes:
            return moved
        return replace(moved, scene=replace(moved.scene, polar_axis=new.polarization, spindle=new.spindle))

    return change


def conventions(problem: Problem) -> Iterator[Variant]:
    """Pivot and convention."""
    own = problem.base.frame
    yield Variant("pivot", "", frame(pivot="BEAM" if own.pivot == "SAMPLE" else "SAMPLE"))
    for name in CONVENTIONS:
        if name == own.convention:
            continue
        new = frame_of(replace(problem.scene.options, convention=name))
        if new.beam.shape != (3,):
            continue
        yield Variant("convention", name, _all_of(new, axes=True, centres=True, pivot=True), price=1.0)
        yield Variant("convention", f"{name} with own pivot", _all_of(new, axes=True, centres=True, pivot=False), 2.0)
        yield Variant("convention", f"beam centre of {name}", _all_of(new, axes=False, centres=True, pivot=False), 2.0)
        rest = _all_of(new, axes=False, centres=True, pivot=True)
        yield Variant("convention", f"beam centre and pivot of {name}", rest, 2.0)
        yield Variant("convention", f"axes of {name}", _all_of(new, axes=True, centres=False, pivot=False), 2.0)


def typed(problem: Problem) -> Iterator[Variant]:
    """Vectors and origin used as typed."""
    options = problem.scene.options
    if options.pix0_vector_m is not None:
        for factor, form in ((1.0, "in its unit"), (1000.0, "millimetres as metres"), (0.001, "metres as millimetres")):
            x, y, z = (factor * value for value in options.pix0_vector_m)
            yield Variant("pix0_override_used", form, placing(override=(x, y, z)))
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
            yield Variant("odet_as_typed", ", ".join(names), frame(**chosen), price)
    if "normal" in given:
        unit_normal = given["normal"] / np.linalg.norm(given["normal"])
        yield Variant("odet_as_typed", "normal, normalised", frame(normal=unit_normal), 0.5)


def turning(problem: Problem) -> Iterator[Variant]:
    """Two-theta axis and rotation order."""
    own = problem.base.frame
    if own.swing != 0.0:
        for name, axis in AXES.items():
            yield Variant("twotheta_axis", name, frame(twotheta=axis))
        size = float(np.linalg.norm(own.twotheta))
        if size not in (0.0, 1.0):
            yield Variant("twotheta_axis", "normalised", frame(twotheta=own.twotheta / size))
    if problem.scene.options.twotheta_axis is not None:
        other = frame_of(parsed(problem.case, {"twotheta_axis_sets_angle": False}))
        yield Variant("twotheta_axis", "angle kept", frame(twotheta=other.twotheta, swing=other.swing), 1.0)
    for order in permutations("xyz"):
        name = "".join(order)
        for transposed in (False, True):
            if name != "xyz" or transposed:
                form = f"{name}{', transposed' if transposed else ''}"
                yield Variant("rotation_order", form, placing(order=name, transposed=transposed), 0.5 * transposed)
    yield Variant("rotation_order", "two-theta first", placing(swing_first=True), 1.0)
    yield Variant("rotation_order", "two-theta reversed", placing(swing_transposed=True), 1.5)
    yield Variant("rotation_order", "all transposed", placing(swing_transposed=True, transposed=True), 1.5)


def incident(problem: Problem) -> Iterator[Variant]:
    """Reversed beam, default beam."""
    here = problem.scene

    def reversed_sources(setup: Setup) -> Setup:
        return replace(setup, scene=replace(setup.scene, sources=-setup.scene.sources))

    yield Variant("incident_sign", "scattering only", reversed_sources)
    yield Variant("incident_sign", "also where the detector is placed", frame(beam=-problem.base.frame.beam), 1.0)
    plain = {"+x": AXES["+x"], "+z": AXES["+z"], "-z": AXES["-z"]}
    for name, axis in plain.items():
        if np.allclose(axis, here.beam, atol=1e-12) or np.allclose(axis, -here.beam, atol=1e-12):
            continue  # the beam itself, or the beam reversed: incident_sign
        yield Variant("default_beam_vector", name, frame(beam=axis))
        if len(here.sources) == 1:
            yield Variant("default_beam_vector", f"{name}, scattering only", scene(sources=-axis[None, :]), 0.5)


def corrections(problem: Problem) -> Iterator[Variant]:
    """Solid angle, distance, capture."""
    here, own = problem.scene, problem.base.frame
    for value, form in ((own.distance, "as typed"), (here.distance, "final")):
        yield Variant("nominal_distance", f"solid angle, distance {form}", rule(omega_distance=value))
        yield Variant("nominal_distance", f"everywhere, distance {form}", scene(close_distance=value), 0.5)
    yield Variant("nominal_distance", "origin", placing(nominal_close=True), 0.5)
    if here.point_pixel:
        yield Variant("point_pixel", "flag ignored", scene(point_pixel=False))
        yield Variant("point_pixel", "with the pixel's area", rule(omega="no_obliquity"))
    else:
        yield Variant("omega_no_obliquity", "", rule(omega="no_obliquity"))
        yield Variant("point_pixel", "1/R^2", rule(omega="point"))
        yield Variant("point_pixel", "without the pixel's area", rule(omega="no_area"))
    if here.thickness > 0.0:
        yield Variant("abs_parallax", "", rule(abs_parallax=True))
        yield Variant("capture_all_layers", "sum over layers", rule(capture="total"))
        yield Variant("capture_all_layers", "each layer its own", rule(capture="each"))
        yield Variant("capture_all_layers", "first layer's", rule(capture="first"))
        yield Variant("capture_all_layers", "mean over layers", rule(capture="mean"), 0.5)


PLANTERS = (centres, conventions, typed, turning, incident, corrections)
