"""What a catalogue entry is, and the stages of the pipeline. The entries are in `fields_setup` and `fields_loop`."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Stage:
    """One box of the pipeline, in the order in which a pixel passes through it."""

    id: str
    label: str


STAGES: tuple[Stage, ...] = (
    Stage("detector", "Detector"),
    Stage("pixel", "Pixel"),
    Stage("scattering", "Scattering"),
    Stage("crystal", "Crystal"),
    Stage("lattice", "Lattice"),
    Stage("structure_factor", "Structure factor"),
    Stage("accumulation", "Accumulation"),
    Stage("scaling", "Scaling"),
)


@dataclass(frozen=True)
class Field:
    """One named trace value: meaning, unit, and the place in the program where the line is taken.

    ``shape`` is ``scalar``, ``vector``, ``hkl``, ``matrix``, ``text``, ``angles`` (rotx roty rotz twotheta) or
    ``beam`` (X Y pixel_mm). ``log_only`` is a sentence when a difference in this field says nothing about the image;
    ``log_only_beam`` the same, true only for logs of a detector that pivots around the direct beam.
    """

    name: str
    stage: str
    unit: str
    shape: str
    description: str
    tap: str = ""
    aliases: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    tolerance_class: str = "factor"  # factor, setup, integer, text
    scaling: bool = False  # member of the scaling chain
    log_only: str = ""
    log_only_beam: str = ""
    origin: str = "loop"  # setup, loop, phi, term
    component_units: tuple[tuple[str, str], ...] = ()  # (component, unit) where it is not the field's

    def unit_of(self, component: str) -> str:
        """The unit of one component."""
        return dict(self.component_units).get(component, self.unit)


def block(tap: str, *rows: Field, origin: str = "loop", tolerance_class: str = "") -> tuple[Field, ...]:
    """Rows that are printed at one place: a row without a tap of its own takes ``tap``."""
    return tuple(
        replace(row, tap=row.tap or tap, origin=origin, tolerance_class=_class(row, tolerance_class)) for row in rows
    )


def _class(row: Field, default: str) -> str:
    """A text or an integer stays what it is; other rows take the block's class."""
    if row.shape == "text":
        return "text"
    if row.tolerance_class != "factor" or not default:
        return row.tolerance_class
    return default
