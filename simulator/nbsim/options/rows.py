"""Constructors of rows of the option table, and the rules of flags that do more than store their values."""

from __future__ import annotations

import math
from typing import Any

from nbsim.constants import EV_ANGSTROM
from nbsim.errors import InputError
from nbsim.options.flag import Changes, Flag
from nbsim.options.quirks import Quirks

_SHALLOWEST = 1e-9  # um


def pivot(changes: Changes, values: tuple[Any, ...], quirks: Quirks) -> None:
    """``-pivot``: the last of the words beam and sample in the value, as in C."""
    found = [name for name in ("sample", "beam") if name in values[0]]
    if not found:
        raise InputError(f"-pivot {values[0]}: must be 'beam' or 'sample', in lower case")
    changes.update(pivot=found[-1].upper(), pivot_typed=True)


def cell(changes: Changes, values: tuple[Any, ...], quirks: Quirks) -> None:
    """``-cell``: a shorter one leaves the last values of an earlier one, as in C."""
    changes["cell"] = (*values, *changes.get("cell", ())[len(values) :])


def twotheta_axis(changes: Changes, values: tuple[Any, ...], quirks: Quirks) -> None:
    """``-twotheta_axis``: the axis; with the quirk, its x is also the angle (S1)."""
    changes.update(twotheta_axis=values, convention="CUSTOM")
    if quirks.twotheta_axis_sets_angle:
        changes.update(twotheta_deg=values[0], pivot="SAMPLE")


def pix0_mm(changes: Changes, values: tuple[Any, ...], quirks: Quirks) -> None:
    """``-pix0_vector_mm``: stored in m."""
    changes.update(pix0_vector_m=tuple(v / 1000.0 for v in values), convention="CUSTOM")


def attenuation(changes: Changes, values: tuple[Any, ...], quirks: Quirks) -> None:
    """``-detector_abs``: the depth [um] and its inverse [1/m]."""
    (depth,) = values
    if 0.0 < depth < _SHALLOWEST:
        raise InputError(f"-detector_abs {depth:g}: an attenuation depth of less than {_SHALLOWEST:g} um")
    changes["attenuation_um"] = depth
    if math.isinf(depth) or depth == 0.0:
        changes.update(mu_per_m=0.0, thickness_um=0.0)
    else:
        changes["mu_per_m"] = 1.0 / (depth * 1e-6)


def energy(changes: Changes, values: tuple[Any, ...], quirks: Quirks) -> None:
    """``-energy``: stored as a wavelength."""
    changes["wavelength_a"] = EV_ANGSTROM / values[0] if values[0] else math.inf


def printout_pixel(changes: Changes, values: tuple[Any, ...], quirks: Quirks) -> None:
    """``-printout_pixel``: typed fast, slow; stored slow, fast."""
    changes.update(printout=True, printout_pixel=(values[1], values[0]))


def real(names: str, sets: str, help_: str, unit: str = "", **more: Any) -> Flag:
    """A row with one float for one or more fields."""
    return Flag(tuple(names.split()), 1, "float", help_, tuple(sets.split()), unit, **more)


def whole(names: str, sets: str, help_: str, unit: str = "", **more: Any) -> Flag:
    """A row with one whole number for one or more fields."""
    return Flag(tuple(names.split()), 1, "int", help_, tuple(sets.split()), unit, **more)


def word(names: str, sets: str, help_: str, typed: str = "FILE", **more: Any) -> Flag:
    """A row with one word."""
    return Flag(tuple(names.split()), 1, "str", help_, tuple(sets.split()), typed=typed, **more)


def switch(names: str, help_: str, *, ends: bool = False, **also: Any) -> Flag:
    """A row without a value; ``also``: the fields it sets."""
    return Flag(tuple(names.split()), 0, "str", help_, also=also, ends=ends)


def vector(name: str, sets: str, help_: str, unit: str = "", **more: Any) -> Flag:
    """A row with three floats that selects the CUSTOM convention."""
    text = f"{help_}; selects the CUSTOM convention"
    return Flag((name,), 3, "float", text, (sets,), unit, typed="X Y Z", **{"also": {"convention": "CUSTOM"}, **more})
