"""Space groups by name, through gemmi."""

from __future__ import annotations

from typing import Any

from nbsim.errors import InputError


def space_group(name: str) -> Any:
    """The gemmi.SpaceGroup of a Hermann-Mauguin name, a Hall symbol or a number as text.

    Raises:
        InputError: unknown, or gemmi is not installed.
    """
    try:
        import gemmi
    except ImportError as error:
        raise InputError(f"space group {name}: gemmi is not installed (pip install gemmi)") from error
    number = int(name) if name.strip().isdecimal() else 0
    found = gemmi.find_spacegroup_by_number(number) if number else gemmi.find_spacegroup_by_name(name)
    if found is None:
        raise InputError(
            f"space group {name!r}: unknown; give a Hermann-Mauguin name such as 'P 21 21 21', or a number"
        )
    return found
