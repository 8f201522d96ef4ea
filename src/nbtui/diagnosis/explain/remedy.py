"""What a cause asks of the live side, so that the gap closes where somebody can see it.

A fault of the Python side is put right: the live side does as C does. A fault of the C side is imitated: the live side
does as this C log shows. Source: hypotheses.md; the switches are those of the simulator's quirks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nbtui.diagnosis.explain.causes import Cause
from nbtui.live.parameters.edits import Edit, same
from nbtui.live.parameters.table import QUIRK, parameters
from nbtui.live.parameters.tuning import Tuning

# switches that make the simulator do what the id says, and what it says of C
SWITCHES: dict[str, tuple[str, ...]] = {
    "phi_carryover": ("phi_carryover",),
    "last_value_corrections": ("cached_corrections",),
    "capture_all_layers": ("last_layer_capture",),
    "point_pixel": ("point_pixel_without_area",),
    "source_weights_applied": ("source_weights_ignored",),
    "source_count": ("source_file_literal",),
    "running_sum_weights": ("running_sum_weights",),
    "background_twice": ("background_twice",),
    "interpolation": ("interpolation_switch_off", "interpolate_before_sizes"),
    "twotheta_axis": ("twotheta_axis_sets_angle", "twotheta_axis_as_typed"),
    "pix0_override_used": ("pix0_vector_discarded",),
    "pivot": ("convention_forces_pivot",),
    "odet_as_typed": ("normal_rederived",),
    "nominal_distance": ("ratio_without_twotheta",),
    "mosaic_first_not_identity": ("mosaic_first_identity",),
    "volume_regeneration": ("matrix_rescaled_by_cell",),
    "cell_sine_of_gamma_star": ("cell_sine_of_gamma_star",),
    "kahn_default": ("nopolar_overridden",),
    "xtal_shape": ("dimensional_shape_width", "sphere_literal"),
    "hkl_rounding": ("hkl_integer_rows",),
}
HOW = ("phi_mode", "dtype", "device")  # ids that say how is simulated, not what
PRINTED = ("unit_label",)  # and every id that begins with tap_: a matter of what is printed


@dataclass(frozen=True)
class Remedy:
    """``edits`` to the parameters, and the ids of those to put back as nbtui was started; ``sentence`` says it."""

    edits: tuple[Edit, ...]
    restored: tuple[str, ...]
    sentence: str
    possible: bool = True


def remedy(cause: Cause, side: str, tuning: Tuning, *, given: bool) -> Remedy:
    """What to change on the live side. ``side``: whose fault it is; ``given``: the Python side shown is a log.

    Where nothing can be changed, ``possible`` is False and the sentence says why.
    """
    printed = [name for name in cause.ids if name.startswith("tap_") or name in PRINTED]
    edits = tuple(_edits(cause, side, tuning))
    restored = () if side == "C" else tuple(_own_changes(cause, edits, tuning))
    if side != "C" and not (edits or restored or given) and len(printed) < len(cause.ids):
        # a switch off since the start that goes by another name here
        edits = tuple(Edit(f"{QUIRK}{name}", True) for name, on in tuning.now.settings.quirks if not on)
    if edits or restored:
        words = [*(f"{edit.id} {_word(edit.value)}" for edit in edits), *(f"{id} as started" for id in restored)]
        rest = f"; {', '.join(printed)} is in what a line prints and stays" if printed else ""
        return Remedy(edits, restored, f"applied: {', '.join(words)}{rest}")
    if len(printed) == len(cause.ids):
        return Remedy((), (), f"{', '.join(printed)}: {_PRINTED_ONLY}", False)
    if given and side != "C":
        return Remedy((), (), "applied: the live side does here as C does; it now stands in place of the Python log")
    if side == "C":
        return Remedy((), (), "the live side has no switch that imitates this C log; correct the C side", False)
    return Remedy((), (), "the live side has no switch for this; correct the Python side", False)


_PRINTED_ONLY = "in what a line prints, not in the simulation; nothing to change live, correct the print statement"


def _edits(cause: Cause, side: str, tuning: Tuning) -> Iterator[Edit]:
    settings = tuning.now.settings
    as_c = side != "C"
    switched = dict(settings.quirks)
    for name in cause.ids:
        if name == "float32" and as_c and settings.dtype != "float64":
            yield Edit("dtype", "float64")
        if name == "phi_carryover":
            mode = "c-parity" if as_c else "spec"
            if settings.phi_mode != mode:
                yield Edit("phi_mode", mode)
        for quirk in SWITCHES.get(name, ()):
            default = settings.phi_mode == "c-parity" if quirk == "phi_carryover" else True
            on = switched.get(quirk, default)
            explicit = quirk in switched or quirk != "phi_carryover"  # the phi mode has been dealt with
            if explicit and on != as_c and (as_c or len(SWITCHES[name]) == 1):
                yield Edit(f"{QUIRK}{quirk}", as_c)
    if not as_c:
        yield from _configured(cause.options, tuning)


def _configured(options: Sequence[tuple[str, Any]], tuning: Tuning) -> Iterator[Edit]:
    """A set-up value of the C log, as parameters of the form."""
    typed = tuning.typed.values
    for field, value in options:
        for row in parameters():
            if row.field != field or row.kind not in ("number", "whole"):
                continue
            if row.part is not None and not (isinstance(value, tuple) and row.part < len(value)):
                continue
            wanted = (value if row.part is None else value[row.part]) * row.per
            if not same(typed.get(row.id), wanted):
                yield Edit(row.id, wanted)
            if row.part is None:
                break  # one flag says it; others of the same field are other spellings


def _own_changes(cause: Cause, edits: Sequence[Edit], tuning: Tuning) -> Iterator[str]:
    """Parameters that were changed since the start, for a cause that no switch of its own accounts for."""
    if all(name in SWITCHES or name == "float32" for name in cause.ids) and edits:
        return
    taken = {edit.id for edit in edits}
    for edit in tuning.edits:
        if edit.id not in HOW and edit.id not in taken:
            yield edit.id


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.10g}" if isinstance(value, float) else str(value)
