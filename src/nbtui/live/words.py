"""Names that the simulator takes on a command line, for completion in a shell."""

from __future__ import annotations

from dataclasses import fields

import nbsim


def flag_words() -> dict[str, str]:
    """Help by flag: nanoBragg's flags in every spelling, then nbsim's own options."""
    found = {name: flag.help for flag in nbsim.FLAGS for name in flag.names}
    return {**found, **{own.name: own.help for own in nbsim.OWN}}


def quirk_names() -> tuple[str, ...]:
    """Quirks of the C program."""
    return tuple(one.name for one in fields(nbsim.Quirks))


def c_program_names() -> tuple[str, ...]:
    """C programs in use."""
    return tuple(one.name for one in nbsim.PROGRAMS)
