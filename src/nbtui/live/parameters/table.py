"""Everything that can be changed of an experiment, as data: one row each, grouped as the experiment is.

Flags and fields are those of nanobragg_setup.md section 1.2; how a value follows from the flags, section 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import nbsim

Value = float | int | str | bool | tuple[float, ...] | None  # None: not given, or not known

GROUPS = ("beam", "detector", "crystal", "phi and mosaic", "sampling", "quirks")
MANY = 100_000  # the most steps or domains that can be asked for


@dataclass(frozen=True)
class Parameter:
    """One row of the form.

    ``kind`` is "number", "whole", "switch", "choice", "numbers" (several in one row) or "text". ``flag`` sets it; empty
    for what nbtui's own options set. ``field`` is the field of the simulator's Options (or of
    :class:`nbtui.live.model.Settings`), ``per`` the factor from there to the unit shown, ``part`` the place among the
    flag's ``size`` values. ``unset``: what Options holds when it is not given. ``read`` takes the value in force from a
    built experiment; without it the field itself is in force. A ``switch`` or ``choice`` lists the words of each value.
    """

    id: str
    label: str
    group: str
    kind: str
    flag: str
    field: str
    help: str
    unit: str = ""
    read: Callable[[nbsim.Experiment], Value] | None = None
    part: int | None = None
    size: int = 1
    per: float = 1.0
    unset: Any = None
    low: float = -math.inf
    high: float = math.inf
    above: bool = False  # ``low`` itself is out of range
    infinite: bool = False  # "inf" can be typed
    step: float = 0.0  # of a nudge; 0: one unit of the second digit
    choices: tuple[tuple[Value, tuple[str, ...]], ...] = ()
    overruled_by: str = ""  # while the parameter of this id is given and not 0, this one does nothing
    last: bool = False  # a new flag has to stand last to have its effect

    @property
    def nudged(self) -> bool:
        """Whether it can go up and down."""
        return self.kind in ("number", "whole", "switch", "choice")


def _angle(u: Any, v: Any) -> float:
    import torch

    return math.degrees(math.atan2(float(torch.linalg.cross(u, v).norm()), float(u @ v)))


def _edge(name: str) -> Callable[[nbsim.Experiment], Value]:
    return lambda e: 1e10 * float(getattr(e.crystal, name).norm())


def _between(first: str, second: str) -> Callable[[nbsim.Experiment], Value]:
    return lambda e: _angle(getattr(e.crystal, first), getattr(e.crystal, second))


def _center(name: str, factor: float) -> Callable[[nbsim.Experiment], Value]:
    return lambda e: factor * e.detector.beam_center[name]


def _vector(of: Callable[[nbsim.Experiment], Any]) -> Callable[[nbsim.Experiment], Value]:
    return lambda e: tuple(float(x) for x in of(e))


def _steps(name: str, part: str, factor: float = 1.0) -> Callable[[nbsim.Experiment], Value]:
    def read(experiment: nbsim.Experiment) -> Value:
        return factor * float(getattr(getattr(nbsim, name)(experiment.options), part))

    return read


def _count(name: str) -> Callable[[nbsim.Experiment], Value]:
    def read(experiment: nbsim.Experiment) -> Value:
        return int(getattr(nbsim, name)(experiment.options).count)

    return read


def _depth(experiment: nbsim.Experiment) -> Value:
    """Attenuation depth [um]; without attenuation it is infinite, without a sensor it does not matter."""
    mu = float(experiment.detector.attenuation)
    return None if mu < 0.0 else math.inf if mu == 0.0 else 1e6 / mu


def _cells(part: int) -> Callable[[nbsim.Experiment], Value]:
    return lambda e: e.crystal.n_cells[part]


def _quirk(name: str) -> Callable[[nbsim.Experiment], Value]:
    return lambda e: bool(getattr(e.quirks, name))


def _on(flag: str) -> tuple[tuple[Value, tuple[str, ...]], ...]:
    return (False, ()), (True, (flag,))


def _number(
    id: str, label: str, group: str, flag: str, field: str, help: str, unit: str = "", **more: Any
) -> Parameter:
    return Parameter(id, label, group, "number", flag, field, help, unit, **more)


def _whole(id: str, label: str, group: str, flag: str, field: str, help: str, unit: str = "", **more: Any) -> Parameter:
    return Parameter(id, label, group, "whole", flag, field, help, unit, **{"step": 1.0, **more})


def _three(id: str, label: str, group: str, flag: str, field: str, help: str, unit: str = "", **more: Any) -> Parameter:
    return Parameter(id, label, group, "numbers", flag, field, help, unit, **{"size": 3, "last": True, **more})


def _switch(id: str, label: str, group: str, flag: str, field: str, help: str) -> Parameter:
    return Parameter(id, label, group, "switch", flag, field, help, choices=_on(flag))


def _file(id: str, label: str, group: str, flag: str, field: str, help: str) -> Parameter:
    return Parameter(id, label, group, "text", flag, field, help)


_B, _D, _X, _P, _S, _Q = GROUPS
_CUSTOM = "; selects the CUSTOM convention"
_FAN = {"per": 1e3, "unset": -1.0, "low": 0.0, "step": 0.1}

BEAM = (
    _number("wavelength", "wavelength", _B, "-lambda", "wavelength_a", "of the beam; -energy sets it too", "A",
            read=lambda e: 1e10 * float(e.beam.wavelength), low=0.0, above=True, step=0.001),
    _number("fluence", "fluence", _B, "-fluence", "fluence", "photons through an area",
            "photons/m2", read=lambda e: float(e.beam.fluence), low=0.0, overruled_by="flux"),
    _number("flux", "flux", _B, "-flux", "flux", "with exposure and beam size it replaces the fluence; 0: off",
            "photons/s", low=0.0),
    _number("exposure", "exposure", _B, "-exposure", "exposure_s", "used with the flux", "s", low=0.0, step=0.1),
    _number("beamsize", "beam size", _B, "-beamsize", "beamsize_mm", "used with the flux; clips the crystal", "mm",
            low=0.0, step=0.01),
    _number("polarisation", "polarisation", _B, "-polar", "kahn", "Kahn factor: 0 unpolarised, 1 or -1 fully",
            low=-1.0, high=1.0, step=0.1, overruled_by="nopolar"),
    _switch("nopolar", "no polarisation", _B, "-nopolar", "nopolar", "polarisation factor 1 everywhere"),
    _number("dispersion", "dispersion", _B, "-dispersion", "dispersion", "width of the spectrum", "%", per=100.0,
            low=0.0, step=0.1),
    _whole("dispersion_steps", "wavelengths", _B, "-dispsteps", "dispersion_steps", "steps of the spectrum",
           unset=-1, low=1, high=MANY, read=_count("dispersion_steps")),
    _number("hdiv", "divergence, hor.", _B, "-hdivrange", "hdiv_range", "horizontal range", "mrad",
            read=_steps("hdiv_steps", "range", 1e3), **_FAN),
    _number("hdiv_step", "  its step", _B, "-hdivstep", "hdiv_step", "between two horizontal directions", "mrad",
            read=_steps("hdiv_steps", "step", 1e3), **_FAN),
    _whole("hdiv_steps", "  its steps", _B, "-hdivsteps", "hdiv_steps", "horizontal directions", unset=-1, low=1,
           high=MANY, read=_count("hdiv_steps")),
    _number("vdiv", "divergence, vert.", _B, "-vdivrange", "vdiv_range", "vertical range", "mrad",
            read=_steps("vdiv_steps", "range", 1e3), **_FAN),
    _number("vdiv_step", "  its step", _B, "-vdivstep", "vdiv_step", "between two vertical directions", "mrad",
            read=_steps("vdiv_steps", "step", 1e3), **_FAN),
    _whole("vdiv_steps", "  its steps", _B, "-vdivsteps", "vdiv_steps", "vertical directions", unset=-1, low=1,
           high=MANY, read=_count("vdiv_steps")),
    Parameter("round_div", "divergence shape", _B, "choice", "-round_div", "round_div", "elliptical or rectangular",
              choices=((True, ()), (False, ("-square_div",)))),
    _file("sourcefile", "source file", _B, "-sourcefile", "source_file", "list of sources; replaces the divergence"),
    _number("water", "water", _B, "-water", "water_um", "edge of the water cube around the crystal", "um", low=0.0,
            step=1.0),
    _three("beam_vector", "beam direction", _B, "-beam_vector", "beam_vector", "of the beam" + _CUSTOM,
           read=_vector(lambda e: e.beam.direction)),
    _three("polar_vector", "polarisation axis", _B, "-polar_vector", "polar_vector", "of the polarisation" + _CUSTOM,
           read=_vector(lambda e: e.beam.polarization_axis)),
)  # fmt: skip

DETECTOR = (
    _number("distance", "distance", _D, "-distance", "distance_mm", "along the beam; pivots about the beam spot", "mm",
            read=lambda e: 1e3 * float(e.detector.distance), step=0.1),
    _number("close_distance", "close distance", _D, "-close_distance", "close_distance_mm",
            "shortest, to the detector's plane; pivots about the sample", "mm",
            read=lambda e: 1e3 * float(e.detector.close_distance), step=0.1),
    _number("xbeam", "beam centre X", _D, "-Xbeam", "xbeam_mm", "pivots about the beam spot", "mm",
            read=_center("Xbeam", 1e3), step=0.01),
    _number("ybeam", "beam centre Y", _D, "-Ybeam", "ybeam_mm", "pivots about the beam spot", "mm",
            read=_center("Ybeam", 1e3), step=0.01),
    _number("orgx", "ORGX", _D, "-ORGX", "orgx", "XDS: point closest to the sample; pivots about the sample", "px",
            read=_center("ORGX", 1.0), step=0.1),
    _number("orgy", "ORGY", _D, "-ORGY", "orgy", "XDS: point closest to the sample; pivots about the sample", "px",
            read=_center("ORGY", 1.0), step=0.1),
    _number("xclose", "closest point X", _D, "-Xclose", "xclose_mm", "pivots about the sample", "mm",
            read=_center("Xclose", 1e3), step=0.01),
    _number("yclose", "closest point Y", _D, "-Yclose", "yclose_mm", "pivots about the sample", "mm",
            read=_center("Yclose", 1e3), step=0.01),
    _number("rotx", "rotation x", _D, "-detector_rotx", "rotx_deg", "of the detector about x", "deg", step=0.1),
    _number("roty", "rotation y", _D, "-detector_roty", "roty_deg", "of the detector about y", "deg", step=0.1),
    _number("rotz", "rotation z", _D, "-detector_rotz", "rotz_deg", "of the detector about z", "deg", step=0.1),
    _number("twotheta", "two-theta", _D, "-twotheta", "twotheta_deg", "swing; pivots about the sample", "deg",
            step=0.1),
    Parameter("pivot", "pivot", _D, "choice", "-pivot", "pivot", "the point about which the detector turns",
              read=lambda e: e.detector.pivot,
              choices=(("BEAM", ("-pivot", "beam")), ("SAMPLE", ("-pivot", "sample")))),
    Parameter("convention", "convention", _D, "choice", "-mosflm", "convention", "axes and beam centre",
              choices=tuple((name, (f"-{name.lower()}",)) for name in ("MOSFLM", "ADXV", "DENZO", "XDS", "DIALS"))),
    _number("pixel", "pixel size", _D, "-pixel", "pixel_mm", "edge of a pixel", "mm",
            read=lambda e: 1e3 * float(e.detector.pixel_size), low=0.0, above=True, step=0.001),
    _whole("detpixels_fast", "pixels, fast", _D, "-detpixels_x", "detpixels_fast", "along the fast axis", "px",
           read=lambda e: e.detector.n_fast, unset=0, low=1, high=MANY),
    _whole("detpixels_slow", "pixels, slow", _D, "-detpixels_y", "detpixels_slow", "along the slow axis", "px",
           read=lambda e: e.detector.n_slow, unset=0, low=1, high=MANY),
    _number("detsize_fast", "size, fast", _D, "-detsize_f", "detsize_fast_mm", "used where the pixels are not given",
            "mm", low=0.0, above=True, step=0.1, overruled_by="detpixels_fast"),
    _number("detsize_slow", "size, slow", _D, "-detsize_s", "detsize_slow_mm", "used where the pixels are not given",
            "mm", low=0.0, above=True, step=0.1, overruled_by="detpixels_slow"),
    _three("roi", "region of interest", _D, "-roi", "roi", "fast0 fast1 slow0 slow1, inclusive", "px", size=4,
           last=False, read=lambda e: tuple(float(x) for x in e.detector.roi)),
    _number("thickness", "sensor thickness", _D, "-detector_thick", "thickness_um", "0: no absorption", "um",
            read=lambda e: 1e6 * float(e.detector.thickness), low=0.0, step=10.0),
    _whole("thick_steps", "sensor layers", _D, "-thicksteps", "thick_steps", "layers of the sensor", unset=-1, low=1,
           high=MANY, read=lambda e: e.detector.n_layers),
    _number("attenuation", "attenuation depth", _D, "-detector_abs", "attenuation_um", "of the sensor; inf: none",
            "um", read=_depth, low=0.0, infinite=True, step=10.0),
    Parameter("curved", "curved detector", _D, "switch", "-curved_det", "curved", "every pixel at the same distance",
              choices=((False, ()), (True, ("-curved_det", "on")))),
    _switch("point_pixel", "point pixel", _D, "-point_pixel", "point_pixel", "solid angle without obliquity"),
    _three("fast_vector", "fast axis", _D, "-fdet_vector", "fast_vector", "before rotations" + _CUSTOM,
           read=_vector(lambda e: e.detector.fast)),
    _three("slow_vector", "slow axis", _D, "-sdet_vector", "slow_vector", "before rotations" + _CUSTOM,
           read=_vector(lambda e: e.detector.slow)),
    _three("normal_vector", "normal", _D, "-odet_vector", "normal_vector", "before rotations" + _CUSTOM,
           read=_vector(lambda e: e.detector.normal)),
    _three("twotheta_axis", "two-theta axis", _D, "-twotheta_axis", "twotheta_axis", "of the swing" + _CUSTOM),
    _three("pix0_vector", "origin", _D, "-pix0_vector", "pix0_vector_m", "sample to the corner of pixel 0" + _CUSTOM,
           "m", read=_vector(lambda e: e.detector.pix0)),
    _file("mask", "mask", _D, "-mask", "mask_file", "SMV image, 0 = pixel skipped; its header sets more"),
    _file("img", "header of", _D, "-img", "img_file", "SMV image whose header sets the geometry"),
)  # fmt: skip

CRYSTAL = (
    *(_number(f"cell_{name}", f"cell {name}", _X, "-cell", "cell", "edge of the unit cell", "A", read=_edge(name),
              part=part, size=6, low=0.0, above=True, step=0.1) for part, name in enumerate("abc")),
    *(_number(f"cell_{name}", f"cell {name}", _X, "-cell", "cell", "angle of the unit cell", "deg",
              read=_between(*pair), part=part, size=6, low=0.0, high=180.0, above=True, step=0.1)
      for part, name, pair in ((3, "alpha", "bc"), (4, "beta", "ca"), (5, "gamma", "ab"))),
    *(_number(f"misset_{name}", f"misset {name}", _X, "-misset", "misset_deg", f"about the laboratory's {name}", "deg",
              part=part, size=3, step=0.1, overruled_by="misset_random") for part, name in enumerate("xyz")),
    Parameter("misset_random", "random misset", _X, "switch", "-misset", "misset_random", "orientation from a seed",
              choices=((False, ()), (True, ("-misset", "random")))),
    _whole("misset_seed", "misset seed", _X, "-misset_seed", "misset_seed", "of the random orientation"),
    *(_whole(f"n_{name}", f"cells along {name}", _X, f"-N{name}", f"n_{name}", "unit cells in the crystal",
             read=_cells(part), low=1, high=10**6,
             overruled_by=f"sample_{name}") for part, name in enumerate("abc")),
    *(_number(f"sample_{name}", f"width along {name}", _X, flag, f"sample_{name}_mm",
              "of the crystal; 0: from the cells", "mm", low=0.0)
      for name, flag in (("a", "-sample_x"), ("b", "-sample_y"), ("c", "-sample_z"))),
    Parameter("shape", "shape", _X, "choice", "-square_xtal", "shape", "of the crystal, or of its spots",
              choices=(("SQUARE", ("-square_xtal",)), ("ROUND", ("-round_xtal",)), ("GAUSS", ("-gauss_xtal",)),
                       ("TOPHAT", ("-tophat_spots",)))),
    _number("fudge", "shape factor", _X, "-fudge", "fudge", "widens GAUSS and TOPHAT spots", low=0.0, above=True,
            step=0.1),
    _file("matrix", "orientation matrix", _X, "-mat", "matrix_file", "replaces the cell; with -cell rescaled to it"),
    _three("spindle_axis", "phi axis", _X, "-spindle_axis", "spindle_axis", "of the rotation" + _CUSTOM,
           read=_vector(lambda e: e.crystal.spindle)),
)  # fmt: skip

PHI = (
    _number("phi", "phi start", _P, "-phi", "phi_deg", "angle of the first step", "deg", step=0.1),
    _number("osc", "phi range", _P, "-osc", "osc_deg", "oscillation", "deg", low=0.0, step=0.1,
            read=lambda e: math.degrees(e.sampling.oscillation)),
    _number("phi_step", "phi step", _P, "-phistep", "phi_step_deg", "between two steps; else the range over them",
            "deg", low=0.0, above=True, step=0.01, read=lambda e: math.degrees(e.sampling.phi_step)),
    _whole("phi_steps", "phi steps", _P, "-phisteps", "phi_steps", "angles in the range", unset=-1, low=1, high=MANY,
           read=lambda e: e.sampling.n_phi),
    _number("mosaic", "mosaic spread", _P, "-mosaic", "mosaic_deg", "of the domains; 0: one domain", "deg", low=0.0,
            step=0.01, read=lambda e: math.degrees(e.crystal.mosaic_spread)),
    _whole("mosaic_domains", "mosaic domains", _P, "-mosaic_dom", "mosaic_domains", "orientations of the domains",
           unset=-1, low=1, high=MANY, read=lambda e: int(e.crystal.mosaic_matrices.shape[0])),
    _whole("mosaic_seed", "mosaic seed", _P, "-mosaic_seed", "mosaic_seed", "of the orientations of the domains"),
    Parameter("phi_mode", "phi mode", _P, "choice", "", "phi_mode", "spec: fresh vectors at phi 0; c-parity: as C does",
              choices=(("spec", ()), ("c-parity", ()))),
)  # fmt: skip

SAMPLING = (
    _whole("oversample", "sub-pixels", _S, "-oversample", "oversample", "per axis; not given: C's rule", unset=-1,
           low=1, high=100, read=lambda e: e.sampling.oversample),
    _switch("oversample_thick", "  absorption each", _S, "-oversample_thick", "oversample_thick",
            "absorption for every sub-pixel"),
    _switch("oversample_polar", "  polarisation each", _S, "-oversample_polar", "oversample_polar",
            "polarisation for every sub-pixel"),
    _switch("oversample_omega", "  solid angle each", _S, "-oversample_omega", "oversample_omega",
            "solid angle for every sub-pixel"),
    Parameter("interpolate", "interpolation", _S, "choice", "-interpolate", "interpolate",
              "of structure factors; not given: C's rule", read=lambda e: e.sampling.interpolate,
              choices=((None, ()), (True, ("-interpolate",)), (False, ("-nointerpolate",)))),
    _file("hkl", "structure factors", _S, "-hkl", "hkl_file", "text, MTZ or CIF"),
    _file("hkl_column", "  column of it", _S, "--column", "hkl_column", "of an MTZ or CIF file"),
    _number("default_f", "default F", _S, "-default_F", "default_f", "of reflections that are not listed", "e",
            low=0.0, step=1.0),
    _number("dmin", "resolution cut", _S, "-dmin", "dmin_a", "finer spacings are skipped; 0: none", "A", low=0.0,
            step=0.1),
    Parameter("dtype", "precision", _S, "choice", "", "dtype", "of the simulation",
              choices=(("float64", ()), ("float32", ()))),
    Parameter("device", "device", _S, "choice", "", "device", "where it is computed",
              choices=(("cpu", ()), ("cuda", ()))),
)  # fmt: skip

QUIRK = "quirk."  # in front of the ids of the quirks


@lru_cache(maxsize=1)
def parameters() -> tuple[Parameter, ...]:
    """All rows in the order of the groups; the quirks as the simulator lists them."""
    from dataclasses import fields

    quirks = tuple(
        Parameter(
            f"{QUIRK}{item.name}",
            item.name,
            _Q,
            "switch",
            "",
            item.name,
            f"{item.metadata['source']}, on: {item.metadata['on']}; off: {item.metadata['off']}",
            choices=((False, ()), (True, ())),
            read=_quirk(item.name),
        )
        for item in fields(nbsim.Quirks)
    )
    return (*BEAM, *DETECTOR, *CRYSTAL, *PHI, *SAMPLING, *quirks)


@lru_cache(maxsize=1)
def by_id() -> dict[str, Parameter]:
    """The rows by their ids."""
    return {parameter.id: parameter for parameter in parameters()}
