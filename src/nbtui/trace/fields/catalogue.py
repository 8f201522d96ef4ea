"""The field catalogue: meaning, tap and place in the pipeline of every named trace value.

``FIELDS`` is in pipeline order, the order of a comparison: by stage, and within a stage as the files of this package
list them. Names that belong to one source carry its number, ``source[2].polar``; they share the row ``source.polar``.
"""

from __future__ import annotations

import re

from nbtui.trace.fields.field import STAGES, Field, Shape, Stage, Tap, Tolerance
from nbtui.trace.fields.first_pass import FIRST_PASS
from nbtui.trace.fields.gradient import GRADIENT
from nbtui.trace.fields.phi_step import PHI_STEP
from nbtui.trace.fields.printout import PRINTOUT
from nbtui.trace.fields.python_logs import INTERPOLATION, SOURCE
from nbtui.trace.fields.ray import RAY
from nbtui.trace.fields.setup import SETUP
from nbtui.trace.fields.stored import STORED
from nbtui.trace.fields.term import TERM

__all__ = [
    "FIELDS",
    "STAGES",
    "Field",
    "Shape",
    "Stage",
    "Tap",
    "Tolerance",
    "canonical",
    "components",
    "field",
    "log_only_reason",
    "order",
    "setup_names",
]

_ROWS = (*SETUP, *RAY, *INTERPOLATION, *FIRST_PASS, *SOURCE, *STORED, *PHI_STEP, *TERM, *PRINTOUT, *GRADIENT)
FIELDS: tuple[Field, ...] = tuple(entry for stage in STAGES for entry in _ROWS if entry.stage is stage)

_BY_NAME: dict[str, Field] = {entry.name: entry for entry in FIELDS}
_CANONICAL: dict[str, str] = {alias: entry.name for entry in FIELDS for alias in entry.aliases}
_ORDER: dict[str, int] = {entry.name: position for position, entry in enumerate(FIELDS)}
_SETUP_NAMES = tuple(entry.name for entry in FIELDS if entry.tap.in_setup)
_SOURCE = re.compile(r"source\[[0-9]{1,6}\]\.")

_COMPONENTS: dict[str, tuple[str, ...]] = {
    Shape.VECTOR: ("x", "y", "z"),
    Shape.HKL: ("h", "k", "l"),
    Shape.ANGLES: ("rotx", "roty", "rotz", "twotheta"),
    Shape.BEAM: ("X", "Y", "pixel_mm"),
}


def canonical(raw: str) -> str:
    """The canonical name of a printed name; an unknown name is returned unchanged."""
    if raw in _BY_NAME:
        return raw
    match = _SOURCE.match(raw)
    if match is not None:
        plain = "source." + raw[match.end() :]
        return match.group() + _CANONICAL.get(plain, plain).removeprefix("source.")
    return _CANONICAL.get(raw, raw)


def setup_names() -> tuple[str, ...]:
    """The fields of the set-up, in pipeline order."""
    return _SETUP_NAMES


def field(name: str) -> Field | None:
    """The row of a canonical name or of an alias; None for an unknown name."""
    entry = _BY_NAME.get(name)
    return entry if entry is not None else _BY_NAME.get(_entry_name(name))


def order(name: str) -> int:
    """The rank of a name in the pipeline; all unknown names share the last rank, so a stable sort keeps their order."""
    position = _ORDER.get(name)
    return position if position is not None else _ORDER.get(_entry_name(name), len(FIELDS))


def components(shape: str, n: int) -> tuple[str, ...]:
    """Names of the ``n`` values of a field of this shape; indices when ``n`` does not fit the shape."""
    names = _COMPONENTS.get(shape, ())
    if len(names) == n:
        return names
    if n == 1:
        return ("",)
    return tuple(str(index) for index in range(n))


def log_only_reason(name: str, *, beam_pivot: bool = False) -> str:
    """Why a difference in this field does not affect the image; empty when it does.

    ``beam_pivot``: the log is of a detector that pivots around the direct beam, where C prints more constants
    (nanobragg_pixel_loop section 12.6, quirk S29).
    """
    entry = field(name)
    if entry is None:
        return ""
    return entry.log_only or (entry.log_only_beam if beam_pivot else "")


def _entry_name(name: str) -> str:
    """The name in the catalogue of a canonical name or alias, without the index of the source."""
    return _SOURCE.sub("source.", canonical(name), count=1)
