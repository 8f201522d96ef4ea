"""Options of the command line that the suspect ignores, or takes in another unit.

Source: hypotheses.md, causes seen in living ports. Flags and units are those of the simulator's table.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from nbtui.diagnosis.hypotheses.changes import Change, reconfigured
from nbtui.diagnosis.hypotheses.detector import CONVENTIONS
from nbtui.diagnosis.hypotheses.record import Form, Hypothesis, Problem
from nbtui.diagnosis.replay.setup import PixelSetup, with_frame
from nbtui.live.given_flags import Changes, GivenFlag, default_frame, given_flags, without, without_values
from nbtui.live.scene import frame_of, parsed

# fields of Options that a port reads, or forgets, together
_TOGETHER = (
    ("n_a", "n_b", "n_c"),
    ("sample_a_mm", "sample_b_mm", "sample_c_mm"),
    ("xbeam_mm", "ybeam_mm"),
    ("xclose_mm", "yclose_mm"),
    ("orgx", "orgy"),
    ("rotx_deg", "roty_deg", "rotz_deg"),
    ("twotheta_deg", "twotheta_axis"),
    ("fast_vector", "slow_vector", "normal_vector"),
    ("detpixels_fast", "detpixels_slow"),
    ("mu_per_m", "thickness_um", "thick_steps"),
    ("flux", "exposure_s", "beamsize_mm"),
    ("kahn", "polar_vector"),
    ("dispersion", "dispersion_steps"),
    ("hdiv_range", "vdiv_range", "hdiv_step", "vdiv_step", "hdiv_steps", "vdiv_steps"),
    ("phi_deg", "osc_deg", "phi_step_deg", "phi_steps"),
    ("mosaic_deg", "mosaic_domains", "mosaic_seed"),
    ("oversample_thick", "oversample_polar", "oversample_omega"),
)
_CENTER = {"xbeam_mm", "ybeam_mm", "xclose_mm", "yclose_mm", "orgx", "orgy"}
# options with a default that the convention decides, and the part of the frame that holds it
_DIRECTIONS = {
    "beam_vector": "beam",
    "polar_vector": "polarization",
    "spindle_axis": "spindle",
    "twotheta_axis": "twotheta",
    "fast_vector": "fast",
    "slow_vector": "slow",
    "normal_vector": "normal",
}
IGNORED = 1.0  # bits: more than a specific cause with the same effect
OF_ANOTHER_CONVENTION = 3.0
IN_ANOTHER_UNIT = 3.0


# --- ignored ---------------------------------------------------------------------------------------------------------


def _groups(flags: Sequence[GivenFlag]) -> Iterator[tuple[GivenFlag, ...]]:
    """Every flag alone, and those that belong together, two or more of them."""
    yield from ((flag,) for flag in flags)
    for together in _TOGETHER:
        members = [flag for flag in flags if flag.fields & set(together)]
        for count in range(2, len(members) + 1):
            yield from combinations(members, count)


def _ignored(problem: Problem) -> Iterator[Form]:
    """The set-up without each flag, without its value only, and at the defaults of other conventions."""
    flags = given_flags(problem.case)
    typed = parsed(problem.case)
    seen: list[Changes] = []
    for group in _groups(flags):
        names = ", ".join(flag.name for flag in group)
        whole = without(problem.case, typed, group)
        value = {name: default for name, default in without_values(typed, group).items() if name in whole}
        for changes, how in (
            (value, "ignored"),
            (whole, "with all its consequences ignored" if value else "ignored"),
        ):
            if changes and changes not in seen:
                seen.append(changes)
                yield _rebuilding(problem, group[0].name, f"{names} {how}", changes, IGNORED)
        yield from _other_defaults(problem, names, group, value)


def _rebuilding(problem: Problem, flag: str, name: str, changes: Changes, price: float) -> Form:
    """A form that sets up the case with changed options, all of ``flag`` or of flags that belong to it."""
    change = reconfigured(problem.workdir, changes)
    return Form(name, change, price, tuple(changes.items()), rebuilds=True, flag=flag)


def _other_defaults(problem: Problem, names: str, group: Sequence[GivenFlag], value: Changes) -> Iterator[Form]:
    """The defaults of other conventions in place of typed values."""
    own = problem.base.frame.convention
    stored = frozenset(name for flag in group for name in flag.sets)
    if stored and stored <= _CENTER and value:
        for convention in CONVENTIONS:
            if convention != own:
                name = f"{names} ignored, centre by the rule of {convention}"
                yield Form(name, _center_of(convention, value), OF_ANOTHER_CONVENTION, flag=group[0].name)
    if len(stored) == 1 and stored <= _DIRECTIONS.keys():
        (field,) = stored
        seen = [_default_axis(own, field)]
        for convention in CONVENTIONS:
            axis = _default_axis(convention, field)
            if axis not in seen:
                seen.append(axis)
                name = f"{names} ignored, default of {convention}"
                yield _rebuilding(problem, group[0].name, name, {field: axis}, OF_ANOTHER_CONVENTION)


def _default_axis(convention: str, field: str) -> tuple[float, ...]:
    return tuple(getattr(default_frame(convention), _DIRECTIONS[field]).tolist())


def _center_of(convention: str, changes: Changes) -> Change:
    """The beam centre of a convention for options with ``changes``."""

    def change(setup: PixelSetup) -> PixelSetup:
        frame = frame_of(replace(setup.scene.options, **{**changes, "convention": convention}), setup.scene.quirks)
        return with_frame(setup, beam_center=frame.beam_center, close_center=frame.close_center)

    return change


OPTION_IGNORED = Hypothesis(
    "option_ignored",
    "An option of the command line has no effect: the other side behaves as without it.",
    "Change the option on both sides: only one of them follows.",
    "Pass the parsed value on to the simulation.",
    _ignored,
)

# --- other units -----------------------------------------------------------------------------------------------------

_DEGREES = 180.0 / math.pi
_FWHM = 2.0 * math.sqrt(2.0 * math.log(2.0))  # of a normal distribution, in its standard deviations
_UNITS: Mapping[str, tuple[tuple[str, float], ...]] = {
    "mm": (("mm taken as m", 1e3), ("mm taken as cm", 1e1), ("mm taken as um", 1e-3)),
    "um": (("um taken as mm", 1e3), ("um taken as m", 1e6), ("um taken as nm", 1e-3)),
    "A": (("A taken as nm", 1e1), ("nm taken as A", 1e-1)),
    "deg": (("degrees taken as radians", _DEGREES), ("degrees converted twice", 1.0 / _DEGREES)),
    "mrad": (("mrad taken as rad", 1e3), ("mrad taken as degrees", 1e3 / _DEGREES), ("mrad converted twice", 1e-3)),
    "eV": (("eV taken as keV", 1e3), ("keV taken as eV", 1e-3)),
    "%": (("per cent taken as a fraction", 1e2), ("per cent converted twice", 1e-2)),
    "s": (("s taken as ms", 1e-3), ("ms taken as s", 1e3)),
    "photons/m^2": (("per m^2 taken as per mm^2", 1e6), ("per mm^2 taken as per m^2", 1e-6)),
}
_HALVES = (("full angle for the half", 2.0), ("half angle for the full", 0.5))
_WIDTHS = (*_HALVES, ("FWHM for the standard deviation", 1.0 / _FWHM), ("standard deviation for the FWHM", _FWHM))
_OF_A_WIDTH = {"mosaic_deg", "hdiv_range", "vdiv_range", "dispersion"}
_DISK = (("edge taken as diameter", math.sqrt(math.pi) / 2.0), ("edge taken as radius", math.sqrt(math.pi)))
_HC_OF_C = 12398.42  # [eV A]
_HC = (12398.4198, 12398.4187, 12398.4, 12398.0, 12400.0)


def _other_units(problem: Problem) -> Iterator[Form]:
    """Every number of the command line in neighbouring units, and read as another kind of width."""
    for flag in given_flags(problem.case):
        numbers, units = flag.numbers, flag.units
        for unit in dict.fromkeys(units) if any(numbers) else ():
            for name, factor in (*_UNITS.get(unit, ()), *_meanings(flag)):
                scaled = (value * factor if own == unit else value for value, own in zip(numbers, units, strict=True))
                yield from _stored(problem, f"{flag.name}: {name}", flag, tuple(scaled))
            for constant in _HC if unit == "eV" else ():
                scaled_energy = (numbers[0] * _HC_OF_C / constant,)
                yield from _stored(problem, f"{flag.name}: h c = {constant:.10g} eV A", flag, scaled_energy)


def _meanings(flag: GivenFlag) -> tuple[tuple[str, float], ...]:
    """Other meanings of a number in the same unit."""
    if flag.sets & _OF_A_WIDTH:
        return _WIDTHS
    return _DISK if "beamsize_mm" in flag.sets else ()


def _stored(problem: Problem, name: str, flag: GivenFlag, numbers: tuple[float, ...]) -> Iterator[Form]:
    """The form that stores other numbers; nothing where that changes nothing."""
    stored = flag.storing(numbers)
    changes = {field: value for field, value in stored.items() if value != getattr(problem.scene.options, field)}
    if changes:
        yield _rebuilding(problem, flag.name, name, changes, IN_ANOTHER_UNIT)


OPTION_UNIT = Hypothesis(
    "option_unit",
    "An option of the command line is taken in another unit, or as another kind of width.",
    "docs/flags.md gives the unit of every flag, as C reads it.",
    "Convert the value once, where the command line is read.",
    _other_units,
)

HYPOTHESES = (OPTION_IGNORED, OPTION_UNIT)
