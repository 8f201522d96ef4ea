"""The data flow between fields: the inputs of a field, and which of their repetitions reach it."""

from __future__ import annotations

from functools import cache

from nbtui.trace.fields import catalogue
from nbtui.trace.fields.field import Stage

REPEATED = frozenset({Stage.PIXEL, Stage.SCATTERING, Stage.CRYSTAL, Stage.LATTICE, Stage.STRUCTURE_FACTOR})

POSITION, FINAL = "pixel_pos_meters", "I_pixel_final"

Spot = tuple[str, Stage, int]  # field, stage, occurrence


@cache
def entry_name(name: str) -> str:
    """The name of a field in the catalogue, without the index of a source; an unknown name as it is."""
    known = catalogue.field(name)
    return known.name if known else name


@cache
def inputs(name: str) -> tuple[str, ...]:
    """The fields that a field is made from directly."""
    known = catalogue.field(name)
    return (*known.depends_on, *known.hidden_inputs) if known else ()


@cache
def consumers(name: str) -> tuple[str, ...]:
    """The fields made directly from a field on the way to the pixel, which its gradients are not on.

    An unknown field is taken as a factor of the pixel.
    """
    known = catalogue.field(name)
    if known is None:
        return (FINAL,)
    return tuple(
        entry.name
        for entry in catalogue.FIELDS
        if known.name in inputs(entry.name) and entry.stage is not Stage.GRADIENTS
    )


@cache
def upstream(name: str) -> frozenset[str]:
    """Every field that a field depends on, directly or through others."""
    found = set(inputs(name))
    for other in inputs(name):
        found |= upstream(other)
    return frozenset(found)


@cache
def made_from_position(name: str) -> bool:
    """Whether the field is the position of a block, or is made from it within the block."""
    known = catalogue.field(name)
    return known is not None and known.stage in REPEATED and (name == POSITION or POSITION in upstream(name))


def apart(one: tuple[str, Stage], other: tuple[str, Stage]) -> bool:
    """Whether values of these two fields (name, stage) meet only within one block, or one phi step."""
    same_kind = one[0].startswith("phi.") == other[0].startswith("phi.")
    return same_kind and {one[1], other[1]} <= REPEATED


def reaches(one: Spot, other: Spot) -> bool:
    """Values of one block (or phi step) do not feed another one."""
    return one[2] == other[2] or not apart(one[:2], other[:2])
