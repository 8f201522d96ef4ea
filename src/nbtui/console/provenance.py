"""Which differences are new and which are inherited from a field further up the pipeline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from nbtui.parity.model import Comparison
from nbtui.trace.catalogue import field

Place = tuple[str, int]  # field, occurrence


def dependencies(name: str) -> tuple[str, ...]:
    """Fields that ``name`` is directly made from (catalogue); empty for a name nobody knows."""
    known = field(name)
    return known.depends_on if known else ()


def origins(comparison: Comparison) -> Mapping[Place, tuple[str, ...]]:
    """For every differing field and occurrence: the differing fields upstream of it; empty means new here.

    Where both repeat alike (one block per sub-pixel or layer), a field inherits from the same block only; a set-up
    value or a sum over the blocks is connected with all of them. Dependencies that agree or that no log shows are
    looked through: a difference may pass a field that neither program printed.
    """
    present: dict[str, set[int]] = defaultdict(set)
    differing: dict[str, set[int]] = defaultdict(set)
    for row in comparison.rows:
        present[row.field].add(row.occurrence)
        if row.status.differs:
            differing[row.field].add(row.occurrence)
    found: dict[Place, tuple[str, ...]] = {}
    for name in list(differing):
        for occurrence in differing[name]:
            here = (name, occurrence)
            found[here] = _nearest(name, lambda parent, here=here: _reaches(parent, here, present, differing))
    return found


def _reaches(parent: str, here: Place, present: dict[str, set[int]], differing: dict[str, set[int]]) -> bool:
    name, occurrence = here
    if present[parent] == present[name]:
        return occurrence in differing[parent]
    return bool(differing[parent])


def _nearest(name: str, differs: Callable[[str], bool]) -> tuple[str, ...]:
    """The differing ancestors of ``name`` that no other differing ancestor hides, breadth first."""
    found: list[str] = []
    seen = {name}
    waiting = list(dependencies(name))
    while waiting:
        parent = waiting.pop(0)
        if parent in seen:
            continue
        seen.add(parent)
        if differs(parent):
            found.append(parent)
        else:
            waiting.extend(dependencies(parent))
    return tuple(found)
