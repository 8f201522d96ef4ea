"""The detector: position, axes, pixels and sensor."""

from __future__ import annotations

import math
from collections.abc import Callable

import nbsim
from nbtui.live.parameters.parameter import (
    NUMBER,
    Fit,
    Group,
    Parameter,
    Printed,
    Value,
    angle,
    scalar,
    switched,
    triple,
    vector,
)

_G = Group.DETECTOR
_PLANE = rf"distance={NUMBER} detsize=\S+ +pixel={NUMBER} meters \((\d+)x(\d+) pixels\)"
_CONVENTIONS = ("MOSFLM", "ADXV", "DENZO", "XDS", "DIALS")


def _center(name: str, factor: float) -> Callable[[nbsim.Experiment], Value]:
    return lambda e: factor * e.detector.centers[name]


def _depth(experiment: nbsim.Experiment) -> Value:
    """Attenuation depth [um]; infinite without attenuation, irrelevant without a sensor."""
    mu = float(experiment.detector.attenuation)
    return None if mu < 0.0 else math.inf if mu == 0.0 else 1e6 / mu


ROWS = (
    Parameter("distance", "distance", _G, "-distance", step=0.1, read=lambda e: 1e3 * float(e.detector.distance),
              printed=Printed(_PLANE, 0, 1e3), traced=scalar("distance_m", 1e3),
              fit=Fit(1e-4, idle_while=("close_distance", None))),
    Parameter("close_distance", "close distance", _G, "-close_distance", step=0.1,
              read=lambda e: 1e3 * float(e.detector.close_distance), traced=scalar("close_distance_meters", 1e3),
              fit=Fit(1e-4)),
    Parameter("xbeam", "beam centre X", _G, "-Xbeam", step=0.01, read=_center("Xbeam", 1e3), fit=Fit(1e-4)),
    Parameter("ybeam", "beam centre Y", _G, "-Ybeam", step=0.01, read=_center("Ybeam", 1e3), fit=Fit(1e-4)),
    Parameter("orgx", "ORGX", _G, "-ORGX", step=0.1, read=_center("ORGX", 1.0), fit=Fit(1e-4)),
    Parameter("orgy", "ORGY", _G, "-ORGY", step=0.1, read=_center("ORGY", 1.0), fit=Fit(1e-4)),
    Parameter("xclose", "closest point X", _G, "-Xclose", step=0.01, read=_center("Xclose", 1e3), fit=Fit(1e-4)),
    Parameter("yclose", "closest point Y", _G, "-Yclose", step=0.01, read=_center("Yclose", 1e3), fit=Fit(1e-4)),
    *(Parameter(f"rot{axis}", f"rotation {axis}", _G, f"-detector_rot{axis}", step=0.1, traced=angle(place),
                fit=Fit(1e-5)) for place, axis in enumerate("xyz")),
    Parameter("twotheta", "two-theta", _G, "-twotheta", step=0.1, traced=angle(3), fit=Fit(1e-5)),
    Parameter("pivot", "pivot", _G, "-pivot", read=lambda e: e.detector.pivot,
              words=(("BEAM", ("-pivot", "beam")), ("SAMPLE", ("-pivot", "sample"))),
              says=(("pivoting detector around direct beam", "BEAM"), ("pivoting detector around sample", "SAMPLE"))),
    Parameter("convention", "convention", _G, "-mosflm", text="axes and beam centre of the detector",
              words=tuple((name, (f"-{name.lower()}",)) for name in _CONVENTIONS),
              says=tuple((f"{name.lower()} convention selected", name) for name in (*_CONVENTIONS, "CUSTOM"))),
    Parameter("pixel", "pixel size", _G, "-pixel", step=0.001, read=lambda e: 1e3 * float(e.detector.pixel_size),
              printed=Printed(_PLANE, 1, 1e3), fit=Fit(1e-7)),
    Parameter("detpixels_fast", "pixels, fast", _G, "-detpixels_x", read=lambda e: e.detector.n_fast,
              printed=Printed(_PLANE, 2)),
    Parameter("detpixels_slow", "pixels, slow", _G, "-detpixels_y", read=lambda e: e.detector.n_slow,
              printed=Printed(_PLANE, 3)),
    Parameter("detsize_fast", "size, fast", _G, "-detsize_f", step=0.1, overruled_by="detpixels_fast"),
    Parameter("detsize_slow", "size, slow", _G, "-detsize_s", step=0.1, overruled_by="detpixels_slow"),
    Parameter("roi", "region of interest", _G, "-roi", read=lambda e: tuple(float(x) for x in e.detector.roi)),
    Parameter("thickness", "sensor thickness", _G, "-detector_thick", step=10.0,
              read=lambda e: 1e6 * float(e.detector.thickness), fit=Fit(1e-3, absent_at_zero=True)),
    Parameter("thick_steps", "sensor layers", _G, "-thicksteps", read=lambda e: e.detector.n_layers),
    Parameter("attenuation", "attenuation depth", _G, "-detector_abs", step=10.0, read=_depth,
              fit=Fit(1e-3, absent_at_zero=True)),
    Parameter("curved", "curved detector", _G, "-curved_det", words=switched("-curved_det", "on")),
    Parameter("point_pixel", "point pixel", _G, "-point_pixel", words=switched("-point_pixel")),
    Parameter("fast_vector", "fast axis", _G, "-fdet_vector", last=True, read=triple(lambda e: e.detector.fast),
              traced=vector("DETECTOR_FAST_AXIS")),
    Parameter("slow_vector", "slow axis", _G, "-sdet_vector", last=True, read=triple(lambda e: e.detector.slow),
              traced=vector("DETECTOR_SLOW_AXIS")),
    Parameter("normal_vector", "normal", _G, "-odet_vector", last=True, read=triple(lambda e: e.detector.normal),
              traced=vector("DETECTOR_NORMAL_AXIS")),
    Parameter("twotheta_axis", "two-theta axis", _G, "-twotheta_axis", last=True),
    Parameter("pix0_vector", "origin", _G, "-pix0_vector", last=True, read=triple(lambda e: e.detector.pix0),
              traced=vector("DETECTOR_PIX0_VECTOR")),
    Parameter("mask", "mask", _G, "-mask"),
    Parameter("img", "header of", _G, "-img"),
)  # fmt: skip
