"""What flows into what: which fields a field is made from, and which of their repetitions reach it."""

from __future__ import annotations

from functools import cache

from nbtui.trace.fields import catalogue

_K_FRAC = ("scattering_vec_A_inv", "rot_b_angstroms", "phi.phi_deg")
# beside the catalogue: what the phi lines are made of, and what is made of the factors they print
_MORE: dict[str, tuple[str, ...]] = {
    "phi.k_frac": _K_FRAC,
    "phi.F_latt": (*_K_FRAC, "rot_a_angstroms", "rot_c_angstroms"),
    "I_before_scaling": ("phi.F_latt",),
}
REPEATED = frozenset({"pixel", "scattering", "crystal", "lattice", "structure_factor"})

Spot = tuple[str, str, int]  # field, stage, occurrence


@cache
def upstream(name: str) -> frozenset[str]:
    """Every field that a field depends on, directly or through others."""
    known = catalogue.field(name)
    direct = (*(known.depends_on if known else ()), *_MORE.get(name, ()))
    found = set(direct)
    for other in direct:
        found |= upstream(other)
    return frozenset(found)


def apart(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether values of these two fields (name, stage) meet only within one block, or one phi step."""
    same_kind = one[0].startswith("phi.") == other[0].startswith("phi.")
    return same_kind and {one[1], other[1]} <= REPEATED


def reaches(one: Spot, other: Spot) -> bool:
    """Values of one block (or phi step) do not feed another one."""
    return one[2] == other[2] or not apart(one[:2], other[:2])
