"""Fields of the gradient lines: the derivatives of I_pixel_final by the numbers of the command line.

A log prints them without the group, ``TRACE_PY_GRAD: cell_a 0.5``; the catalogue calls them ``gradient.cell_a``. Names
are those of the parameters of nbsim (docs/api.md), with their components.
"""

from __future__ import annotations

from functools import partial

from nbtui.trace.fields.field import Field, Shape, Stage, Tap, Tolerance

GROUP = "gradient."
_gradient = partial(
    Field,
    shape=Shape.SCALAR,
    stage=Stage.GRADIENTS,
    tap=Tap.GRADIENT,
    tolerance=Tolerance.GRADIENT,
    depends_on=("I_pixel_final",),
)
_XYZ = ("x", "y", "z")
_EDGES, _ANGLES = ("a", "b", "c"), ("alpha", "beta", "gamma")

# parameter, its components, their unit, a noun
_PARAMETERS: tuple[tuple[str, tuple[str, ...], str, str], ...] = (
    ("cell", _EDGES, "A", "cell edge"),
    ("cell", _ANGLES, "deg", "cell angle"),
    ("misset", _XYZ, "deg", "rotation of the crystal about lab"),
    ("mosaic_spread", (), "deg", "mosaic spread"),
    ("mosaic_spreads", _EDGES, "deg", "mosaic spread about"),
    ("n_cells", _EDGES, "1", "number of unit cells along"),
    ("wavelength", (), "A", "wavelength"),
    ("fluence", (), "photons/m^2", "fluence"),
    ("polarization", (), "1", "Kahn factor"),
    ("distance", (), "mm", "distance along the beam"),
    ("close_distance", (), "mm", "distance to the detector plane"),
    ("beam_center", ("x", "y"), "mm, or pixels", "beam centre of the convention,"),
    ("detector_rotations", _XYZ, "deg", "rotation of the detector about lab"),
    ("twotheta", (), "deg", "two-theta swing of the detector"),
    ("phi", (), "deg", "angle of the first phi step"),
    ("oscillation", (), "deg", "range of phi"),
    ("default_f", (), "e", "F of the reflections missing from the table"),
)
_UNITS = {"1": "photons", "photons/m^2": "m^2", "mm, or pixels": "photons/mm, or /pixel"}


def _row(name: str, unit: str, noun: str) -> Field:
    return _gradient(GROUP + name, _UNITS.get(unit, f"photons/{unit}"), description=f"Derivative by the {noun}")


GRADIENT = tuple(
    _row(f"{name}_{component}", unit, f"{noun} {component}") if component else _row(name, unit, noun)
    for name, components, unit, noun in _PARAMETERS
    for component in (components or ("",))
)
