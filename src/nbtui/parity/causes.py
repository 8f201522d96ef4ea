"""Inherited or new: does a difference come from a field upstream that differs already?"""

from __future__ import annotations

from functools import cache

from nbtui.parity.model import Comparison, Row
from nbtui.parity.preflight import FALSE_DIVERGENCE
from nbtui.trace import catalogue

_K_FRAC = ("scattering_vec_A_inv", "rot_b_angstroms", "phi.phi_deg")
# beside the catalogue: what the phi lines are made of, and what is made of the factors they print
_MORE: dict[str, tuple[str, ...]] = {
    "phi.k_frac": _K_FRAC,
    "phi.F_latt": (*_K_FRAC, "rot_a_angstroms", "rot_c_angstroms"),
    "I_before_scaling": ("phi.F_latt",),
}
_REPEATED = frozenset({"pixel", "scattering", "crystal", "lattice", "structure_factor"})


@cache
def upstream(name: str) -> frozenset[str]:
    """Every field that a field depends on, directly or through others."""
    known = catalogue.field(name)
    direct = (*(known.depends_on if known else ()), *_MORE.get(name, ()))
    found = set(direct)
    for other in direct:
        found |= upstream(other)
    return frozenset(found)


def inherited_from(comparison: Comparison, row: Row) -> Row | None:
    """The earliest differing row that this one depends on; None when nothing upstream differs (the row is new).

    Upstream rows count also when the profile does not judge them. A row of a later block depends on its own block
    and on the set-up; what is printed once per pixel depends on every block.
    """
    names = upstream(row.field)
    for other in comparison.rows[: row.order]:
        if other.field in names and _differs(other) and _reaches(other, row):
            return other
    return None


def first_new(comparison: Comparison) -> Row | None:
    """The first differing row of the whole comparison, judged by the profile or not, that nothing upstream explains."""
    for row in comparison.rows:
        if _differs(row) and inherited_from(comparison, row) is None:
            return row
    return None


def _differs(row: Row) -> bool:
    return row.status.differs and FALSE_DIVERGENCE not in row.note


def _reaches(other: Row, row: Row) -> bool:
    """Values of one block (or phi step) do not feed another one."""
    if other.field.startswith("phi.") != row.field.startswith("phi."):
        return True
    return other.occurrence == row.occurrence or not {other.stage, row.stage} <= _REPEATED
