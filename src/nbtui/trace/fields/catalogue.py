"""The field catalogue: what every named trace value means, where it is taken and where it stands in the pipeline.

``FIELDS`` is in pipeline order, which is the order of a comparison. Names that belong to one source carry its number,
``source[2].polar``; they share the entry ``source.polar``.
"""

from __future__ import annotations

import re

from nbtui.trace.fields import extra
from nbtui.trace.fields import pixel_loop as loop
from nbtui.trace.fields.field import STAGES, Field, Stage
from nbtui.trace.fields.setup import DETECTOR_FIELDS, SPINDLE

__all__ = [
    "FIELDS",
    "STAGES",
    "Field",
    "Stage",
    "canonical",
    "components",
    "field",
    "log_only_reason",
    "order",
]

FIELDS: tuple[Field, ...] = (
    *DETECTOR_FIELDS,
    *loop.DETECTOR,
    *loop.PIXEL,
    *loop.SCATTERING,
    *extra.PHI_SCATTERING,
    *extra.SOURCE_SCATTERING,
    *extra.PRINTOUT_SCATTERING,
    *SPINDLE,
    *loop.CRYSTAL,
    *extra.PHI_CRYSTAL,
    *extra.PRINTOUT_CRYSTAL,
    *loop.LATTICE,
    *extra.PHI_LATTICE,
    *extra.TERM_LATTICE,
    *extra.PRINTOUT_LATTICE,
    *loop.STRUCTURE_FACTOR,
    *extra.TRICUBIC,
    *extra.TERM_STRUCTURE_FACTOR,
    *extra.PRINTOUT_STRUCTURE_FACTOR,
    *loop.ACCUMULATION,
    *extra.SOURCE_ACCUMULATION,
    *extra.TERM_ACCUMULATION,
    *extra.PRINTOUT_ACCUMULATION,
    *loop.SCALING,
    *extra.SOURCE_SCALING,
    *extra.PRINTOUT_SCALING,
)

_BY_NAME: dict[str, Field] = {entry.name: entry for entry in FIELDS}
_CANONICAL: dict[str, str] = {alias: entry.name for entry in FIELDS for alias in entry.aliases}
_ORDER: dict[str, int] = {entry.name: position for position, entry in enumerate(FIELDS)}
_SOURCE = re.compile(r"source\[[0-9]{1,6}\]\.")

_COMPONENTS: dict[str, tuple[str, ...]] = {
    "vector": ("x", "y", "z"),
    "hkl": ("h", "k", "l"),
    "angles": ("rotx", "roty", "rotz", "twotheta"),
    "beam": ("X", "Y", "pixel_mm"),
}


def canonical(raw: str) -> str:
    """The canonical name of a printed name, or the printed name itself when the catalogue does not know it."""
    if raw in _BY_NAME:
        return raw
    match = _SOURCE.match(raw)
    if match is not None:
        plain = "source." + raw[match.end() :]
        return match.group() + _CANONICAL.get(plain, plain).removeprefix("source.")
    return _CANONICAL.get(raw, raw)


def field(name: str) -> Field | None:
    """The entry of a canonical name or of an alias; None for a name nobody knows."""
    entry = _BY_NAME.get(name)
    return entry if entry is not None else _BY_NAME.get(_entry_name(name))


def order(name: str) -> int:
    """The place of a name in the pipeline; every unknown name comes after all known ones, at one and the same place.

    Sorting by it is stable: unknown names keep the order in which they were met.
    """
    position = _ORDER.get(name)
    return position if position is not None else _ORDER.get(_entry_name(name), len(FIELDS))


def components(shape: str, n: int) -> tuple[str, ...]:
    """Names of the ``n`` values of a field of this shape; numbers when there are not as many as the shape says."""
    names = _COMPONENTS.get(shape, ())
    if len(names) == n:
        return names
    if n == 1:
        return ("",)
    return tuple(str(index) for index in range(n))


def log_only_reason(name: str, *, beam_pivot: bool = False) -> str:
    """Why a difference in this field says nothing about the image; empty when it does say something.

    ``beam_pivot``: the log is of a detector that pivots around the direct beam, where C prints more constants
    (nanobragg_pixel_loop section 12.6, quirk S29).
    """
    entry = field(name)
    if entry is None:
        return ""
    return entry.log_only or (entry.log_only_beam if beam_pivot else "")


def _entry_name(name: str) -> str:
    """The catalogue's own name for a canonical name or alias, without the number of the source."""
    return _SOURCE.sub("source.", canonical(name), count=1)
