"""The first difference that does not follow from earlier ones.

The suspect's upstream values (origin, axes, wavelength, cell vectors ...) replace C's in C's formulas, one field
after the other. A later difference that these reproduce is inherited; the first one that they do not is new. The
substitution is exact, where a Jacobian would be of first order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nbtui.diagnosis.hypotheses.changes import scene
from nbtui.diagnosis.replay.replay import replay
from nbtui.diagnosis.replay.rotation import rotation
from nbtui.diagnosis.replay.setup import PixelSetup
from nbtui.diagnosis.search.rows import Rows, predictions
from nbtui.live.scene import Array

ROOM = 100.0  # floors by which an inherited value may miss: the substituted values are printed with 15 digits


@dataclass(frozen=True)
class Divergences:
    """Differing fields in pipeline order, inherited and new."""

    inherited: tuple[str, ...]
    new: tuple[str, ...]


def _vector(name: str) -> Callable[[PixelSetup, Array], PixelSetup]:
    return lambda setup, values: scene(**{name: values})(setup)


def _first_source(setup: PixelSetup, values: Array) -> PixelSetup:
    sources = setup.scene.sources.copy()
    sources[0] = -values
    return replace(setup, scene=replace(setup.scene, sources=sources))


def _first_wavelength(setup: PixelSetup, values: Array) -> PixelSetup:
    wavelengths = setup.scene.source_wavelengths.copy()
    wavelengths[0] = values[0]
    return replace(setup, scene=replace(setup.scene, source_wavelengths=wavelengths))


def _number(name: str) -> Callable[[PixelSetup, Array], PixelSetup]:
    return lambda setup, values: scene(**{name: float(values[0])})(setup)


def _cell_vector(row: int) -> Callable[[PixelSetup, Array], PixelSetup]:
    def change(setup: PixelSetup, values: Array) -> PixelSetup:
        here = setup.scene
        angle = here.phi_start
        # the vectors printed at phi = 0 are those of the last step (carry-over)
        if setup.rules.crystal.phi_carryover and angle == 0.0 and here.n_phi > 1 and not here.first_pixel:
            angle = here.phi_start + here.phi_step * (here.n_phi - 1)
        direct = here.direct.copy()
        direct[row] = rotation(here.spindle, -angle) @ values * 1e-10
        return scene(direct=direct)(setup)

    return change


INPUTS: dict[str, Callable[[PixelSetup, Array], PixelSetup]] = {
    "pix0_vector_meters": _vector("pix0"),
    "fdet_vec": _vector("fast"),
    "sdet_vec": _vector("slow"),
    "close_distance_meters": _number("close_distance"),
    "incident_vec": _first_source,
    "lambda_meters": _first_wavelength,
    "rot_a_angstroms": _cell_vector(0),
    "rot_b_angstroms": _cell_vector(1),
    "rot_c_angstroms": _cell_vector(2),
    "fluence_photons_per_m2": _number("fluence"),
}
# lines that only repeat another in another form: never new
DERIVED = ("lambda_angstroms", "floatimage_accumulated")


def divergences(base: PixelSetup, rows: Rows) -> Divergences:
    """The differing fields, inherited from earlier ones or new."""
    setup = base
    current = predictions(rows, replay(setup))
    inherited: list[str] = []
    new: list[str] = []
    for number in _pipeline(rows):
        here = rows.group == number
        name = rows.fields[int(np.argmax(here))]
        if not (rows.bits(rows.reference, rows.suspect)[here] > 0.0).any():
            continue
        miss = rows.distance(current, rows.suspect)[here]
        if bool((miss <= ROOM * rows.floor[here]).all()) or name in DERIVED:
            inherited.append(name)
            continue
        new.append(name)
        change = INPUTS.get(name)
        if change is not None:
            setup = change(setup, rows.suspect[np.flatnonzero(here)[: _size(rows, here)]])
            current = predictions(rows, replay(setup))
    return Divergences(tuple(inherited), tuple(new))


def _pipeline(rows: Rows) -> list[int]:
    """Field numbers, by the rank of their first row."""
    first = {int(number): rows.places[int(np.argmax(rows.group == number))][:3] for number in np.unique(rows.group)}
    return sorted(first, key=lambda number: (first[number][0], first[number][2]))


def _size(rows: Rows, here: npt.NDArray[np.bool_]) -> int:
    """Components of a field's first occurrence."""
    places = [rows.places[int(n)] for n in np.flatnonzero(here)]
    return sum(1 for place in places if (place[1], place[4]) == (places[0][1], places[0][4]))
