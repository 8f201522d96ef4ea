"""The flags of the simulator's command line, and the names that its options take."""

from __future__ import annotations

from dataclasses import fields

import nbsim
from nbsim import Flag, Options, flag_named

__all__ = ["Flag", "Options", "c_program_names", "flag_named", "flag_words", "pixel_flags", "quirk_names"]

_NOT_OF_THE_PIXEL = ("Outputs",)  # sections of the table whose flags change no pixel


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


def pixel_flags() -> tuple[Flag, ...]:
    """The flags that can change a pixel."""
    sections = [flags for title, flags in nbsim.SECTIONS if title not in _NOT_OF_THE_PIXEL]
    return tuple(flag for flags in sections for flag in flags if not flag.does_nothing)
