"""The C programs by name: nbsim's table, and a user's own from ``[c_programs.NAME]`` of nbtui.toml."""

from __future__ import annotations

from collections.abc import Mapping

import nbsim
from nbtui.errors import UnusableInput
from nbtui.live.model import Settings
from nbtui.settings import Configuration, ProgramEntry
from nbtui.trace.text import clean

PROGRAMS, STOCK = nbsim.PROGRAMS, nbsim.program_named("stock")
NAMES = tuple(program.name for program in nbsim.PROGRAMS)


def chosen(name: str, configuration: Configuration) -> nbsim.CProgram | None:
    """A program of the table, or the user's own, all of which are checked; None for an empty name.

    Raises:
        UnusableInput: no program has this name, or one of the user's own has an unknown base or quirk.
    """
    own = {entry.name: _own(entry) for entry in configuration.c_programs.values()}
    if not name:
        return None
    if name in own:
        return own[name]
    if name in NAMES:
        return nbsim.program_named(name)
    known = ", ".join((*NAMES, *map(clean, own)))
    raise UnusableInput(f"no C program is called '{clean(name)}'; known: {known}")


def check(configuration: Configuration) -> None:
    """Check every program that the settings define or name.

    Raises:
        UnusableInput: an unknown program, base or quirk.
    """
    for name in ("", configuration.c_program(None), *(case.c_program or "" for case in configuration.cases.values())):
        chosen(name, configuration)


def _own(entry: ProgramEntry) -> nbsim.CProgram:
    where = f"{clean(str(entry.file))}: c_programs.{clean(entry.name)}"
    if entry.name in NAMES:
        raise UnusableInput(f"{where}: the name is taken by a program of the table; choose another")
    try:
        return nbsim.derived(entry.name, entry.base, dict(entry.quirks))
    except nbsim.InputError as error:
        raise UnusableInput(f"{where}: {clean(str(error))}") from error


def restored_program(name: str, base: str, quirks: Mapping[str, bool]) -> nbsim.CProgram:
    """A program as a session saved it; without ``base``, one of the table.

    Raises:
        UnusableInput: an unknown program or quirk.
    """
    try:
        return nbsim.derived(name, base, quirks) if base else nbsim.program_named(name)
    except nbsim.InputError as error:
        raise UnusableInput(clean(str(error))) from error


def accepts(program: nbsim.CProgram, options: nbsim.Options) -> bool:
    """Whether a program takes these options."""
    return not any(refused.concerns(options) for refused in program.refuses)


def stated(settings: Settings) -> tuple[str, dict[str, bool]]:
    """The C program by a name of the table (empty without one), and every quirk in another state than with it.

    For records that are read without the user's settings file: one of his own is stated as its base and its quirks.
    """
    program, explicit = settings.c_program, dict(settings.quirks)
    if program is None:
        return "", explicit
    base = nbsim.program_named(program.base or program.name)
    own = {name: getattr(program.switches, name) for name in program.differing(base) if name != "phi_carryover"}
    return base.name, {**own, **explicit}


def simulation_words(settings: Settings) -> list[str]:
    """The options of nbtui that give ``settings``, without any settings file."""
    name, quirks = stated(settings)
    words = ["--c-program", name] if name else []
    words += ["--phi-mode", settings.phi_mode, "--dtype", settings.dtype, "--device", settings.device]
    if settings.omp_threads > 1:
        words += ["--omp-threads", str(settings.omp_threads)]
    for quirk, on in quirks.items():
        words += ["--quirk", f"{quirk}={'on' if on else 'off'}"]
    return words
