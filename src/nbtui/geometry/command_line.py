"""A geometry as flags of nanoBragg and an orientation matrix.

Sources: spec/nanobragg_setup.md, 2.2 to 2.5 (CUSTOM convention, pivot at the sample), 3.2 (matrix).
"""

from __future__ import annotations

import math

import numpy as np

from nbtui.errors import UnusableInput
from nbtui.geometry.model import Geometry, Vector

MATRIX_FILE = "orientation.mat"
STEPS = 10  # phi steps of a rotation image; C makes two of them without a number
_UNIT = 1e-6  # tolerance of a unit vector, and of the right angle between the axes


def command_words(found: Geometry) -> list[str]:
    """The words of the command line, geometry only; with a crystal they name `MATRIX_FILE`.

    Raises:
        UnusableInput: the axes of the detector are not orthonormal, or its plane passes through the crystal.
    """
    normal = _normal(found)
    distance = float(found.origin @ normal)
    if abs(distance) < 1e-6:
        raise UnusableInput("the plane of the detector passes through the crystal: nanoBragg needs a distance")
    words = [f"-lambda {found.wavelength!r}", f"-pixel {found.pixel!r}"]
    words += [f"-detpixels_f {found.size[0]}", f"-detpixels_s {found.size[1]}"]
    words += [_vector("-beam_vector", found.beam), _vector("-fdet_vector", found.fast)]
    words += [_vector("-sdet_vector", found.slow)]
    words += [_vector("-odet_vector", _exact_unit(-normal if distance < 0 else normal))]
    words += [f"-Xclose {float(-found.origin @ found.fast)!r}", f"-Yclose {float(-found.origin @ found.slow)!r}"]
    words += [f"-close_distance {abs(distance)!r}"]
    if found.polarization is not None and found.plane_normal is not None:
        words += [f"-polar {2.0 * found.polarization - 1.0!r}"]
        words += [_vector("-polar_vector", np.cross(found.plane_normal, found.beam))]
    if found.rotation is not None:
        words += [_vector("-spindle_axis", found.rotation.axis)]
        words += [f"-phi {found.rotation.start!r}", f"-osc {found.rotation.width!r}", f"-phisteps {STEPS}"]
    if found.real_axes is not None:
        words += [f"-mat {MATRIX_FILE}"]
    return words


def matrix_text(found: Geometry) -> str:
    """The orientation matrix: columns a*, b*, c* times the wavelength, dimensionless."""
    if found.real_axes is None:
        raise UnusableInput("no crystal: there is no orientation matrix")
    columns = np.linalg.inv(found.real_axes) * found.wavelength
    return "".join(" ".join(f"{value:.17g}" for value in row) + "\n" for row in columns.tolist())


def _normal(found: Geometry) -> Vector:
    for name, axis in (("fast", found.fast), ("slow", found.slow), ("beam", found.beam)):
        if abs(float(np.linalg.norm(axis)) - 1.0) > _UNIT:
            raise UnusableInput(f"the {name} direction is not a unit vector: {axis.tolist()}")
    if abs(float(found.fast @ found.slow)) > _UNIT:
        raise UnusableInput("the fast and slow axes of the detector are not at a right angle")
    return np.asarray(np.cross(found.fast, found.slow))


def _exact_unit(vector: Vector) -> Vector:
    """The vector with a length of exactly 1 in doubles: C replaces any other normal by fast x slow."""
    x, y, z = (vector / np.linalg.norm(vector)).tolist()
    for axis in np.argsort(-np.abs(vector)).tolist():
        for step in range(-4, 5):
            tried = [x, y, z]
            for _ in range(abs(step)):
                tried[axis] = math.nextafter(tried[axis], math.copysign(math.inf, step))
            if math.sqrt(tried[0] * tried[0] + tried[1] * tried[1] + tried[2] * tried[2]) == 1.0:
                return np.array(tried)
    raise UnusableInput("no normal of the detector has a length of exactly 1 in doubles, which nanoBragg needs")


def _vector(flag: str, vector: Vector) -> str:
    return f"{flag} {' '.join(repr(float(value)) for value in vector)}"
