"""C programs in use, by name: each a set of quirk switches, and the options that it refuses.

``nbsim --help``, docs/programs.md and the diagnosis of nbtui read this table. Source: c_variants.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from nbsim.errors import InputError
from nbsim.options.options import Options
from nbsim.options.quirks import Quirks, named

PHI_MODES = {"spec": False, "c-parity": True}


@dataclass(frozen=True)
class Refused:
    """Options of the stock program that another one refuses or lacks: flags, or values of a field of Options."""

    what: str
    reason: str
    flags: tuple[str, ...] = ()
    field: str = ""
    accepted: tuple[Any, ...] = ()
    unless: str = ""  # another field of Options: nothing is refused where it is set

    def concerns(self, options: Options) -> bool:
        """Whether the command line has one of them."""
        if self.unless and getattr(options, self.unless) is not None:
            return False
        if self.field:
            return getattr(options, self.field) not in self.accepted
        return any(word in self.flags for word in options.argv)


@dataclass(frozen=True)
class CProgram:
    """One program. ``quirks``: its switches where they are not nbsim's defaults."""

    name: str
    about: str
    differences: tuple[str, ...] = ()  # from the stock program, as sentences
    quirks: tuple[tuple[str, bool], ...] = ()
    always: tuple[tuple[str, Any], ...] = ()  # fields of Options that its command line cannot change
    refuses: tuple[Refused, ...] = ()
    base: str = ""  # of a program with a name from nbtui.toml: the program it is derived from

    @property
    def phi_mode(self) -> str:
        """The phi mode that states the program's own behaviour at phi = 0."""
        return "c-parity" if dict(self.quirks).get("phi_carryover", False) else "spec"

    @property
    def switches(self) -> Quirks:
        """Every quirk of the program."""
        return Quirks(**dict(self.quirks))

    def differing(self, other: CProgram) -> tuple[str, ...]:
        """Names of the quirks that two programs have in different states."""
        names = (item.name for item in fields(Quirks))
        return tuple(name for name in names if getattr(self.switches, name) != getattr(other.switches, name))

    def options(self, options: Options) -> Options:
        """A command line as this program takes it.

        Raises:
            InputError: the program refuses one of the options.
        """
        for refused in self.refuses:
            if refused.concerns(options):
                raise InputError(f"{refused.what}: the C program {self.name} {refused.reason}")
        return replace(options, **dict(self.always))


STOCK = CProgram("stock", "nanoBragg.c of the public repository, branch main", quirks=(("phi_carryover", True),))
FIXED = CProgram(
    "fixed",
    "the stock program with three corrections: fresh vectors at phi = 0, oversample factors on each term, -curved_det "
    "as the last word",
    (
        "phi = 0 has the unrotated vectors, so that no pixel depends on the one before it, nor on the number of "
        "threads.",
        "-oversample_thick, -oversample_polar and -oversample_omega multiply each term, not the running sum. The "
        "background (-water) is not multiplied.",
        "-curved_det as the last word counts; the stock program ignores it there.",
        "-detector_abs, -detector_thick, -detector_thicksteps and -thicksteps as the last word are ignored; the stock "
        "program crashes.",
    ),
    (
        ("phi_carryover", False),
        ("running_sum_weights", False),
        ("background_weighted", False),
        ("last_curved_det_ignored", False),
        ("last_thickness_flag_crashes", False),
    ),
)
_NEAREST = "takes the nearest structure factor"
CUDA = CProgram(
    "cuda",
    "the CUDA program of the public repository: its rules, here with all digits of float64",
    (
        "phi = 0 has the unrotated vectors.",
        "Solid angle and absorption multiply each term, without a flag; polarization is that of the first sub-pixel "
        "and source.",
        "The nearest structure factor is taken, also for crystals of one or two cells.",
        "SQUARE spots are computed from the distance to the nearest whole index.",
        "Its lattice factors, structure factors and sums are in single precision; nbsim computes them in the precision "
        "of --dtype.",
    ),
    (
        ("phi_carryover", False),
        ("running_sum_weights", False),
        ("thick_flag_zeroes", False),
        ("grating_literal", False),
        ("last_curved_det_ignored", False),
        ("last_thickness_flag_crashes", False),
    ),
    always=(("oversample_thick", True), ("oversample_omega", True), ("interpolate", False)),
    refuses=(
        Refused("-gauss_xtal, -tophat_spots", "has no Gaussian and top-hat spots", field="shape",
                accepted=("SQUARE", "ROUND")),
        Refused("-interpolate", _NEAREST, field="interpolate", accepted=(None, False)),
        Refused("-fudge", "has a fixed factor of 1", field="fudge", accepted=(1.0,)),
        Refused("-stol, -4stol, -Q", "has no scattering table", ("-stol", "-4stol", "-Q")),
        Refused("-oversample_polar, -oversample_omega", "has no such flag; it reads a number for -oversample there",
                ("-oversample_polar", "-oversample_omega")),
        Refused("-misset_seed", "has no such flag", ("-misset_seed",)),
        Refused("-water", "weights the background by the first sub-pixel, which nbsim does not implement",
                field="water_um", accepted=(0.0,)),
        Refused("-detector_thick without -detector_abs", "has no attenuation depth to start from, and gives zero",
                field="thickness_um", accepted=(0.0,), unless="mu_per_m"),
    ),
)  # fmt: skip
PROGRAMS = (STOCK, FIXED, CUDA)
NAMES = tuple(program.name for program in PROGRAMS)


def program_named(name: str) -> CProgram:
    """The program of the table.

    Raises:
        InputError: no program has this name.
    """
    for program in PROGRAMS:
        if program.name == name:
            return program
    raise InputError(f"C program {name}: unknown; known: {', '.join(NAMES)}")


def derived(name: str, base: str, quirks: Mapping[str, bool]) -> CProgram:
    """A program with a name of its own: ``base`` with some quirks in another state.

    Raises:
        InputError: an unknown base or quirk.
    """
    source = program_named(base)
    switches = source.switches
    for quirk, state in quirks.items():
        switches = named(switches, quirk, state)
    plain = Quirks()
    changed = {item.name: getattr(switches, item.name) for item in fields(Quirks)}
    own = tuple((quirk, state) for quirk, state in changed.items() if state != getattr(plain, quirk))
    return replace(source, name=name, about=f"{base}, with other quirks", differences=(), quirks=own, base=base)


def switches_of(
    program: CProgram | None, phi_mode: str | None, quirks: Mapping[str, bool], *, compat: bool = False
) -> Quirks:
    """The quirks of a run: those of the program, then the phi mode, then single quirks, the later ones winning.

    Without a program: nbsim's defaults and the phi mode ``spec``; -curved_det is then a switch, also as the last word,
    except where ``compat`` asks for the reading of the stock program.

    Raises:
        InputError: an unknown phi mode or quirk.
    """
    switches = Quirks(last_curved_det_ignored=compat) if program is None else program.switches
    if phi_mode is not None:
        if phi_mode not in PHI_MODES:
            raise InputError(f"phi mode {phi_mode}: must be one of {', '.join(PHI_MODES)}")
        switches = replace(switches, phi_carryover=PHI_MODES[phi_mode])
    for name, value in quirks.items():
        switches = named(switches, name, value)
    return switches


def known(program: CProgram | str | None) -> CProgram | None:
    """A program by name or as it is.

    Raises:
        InputError: no program has this name.
    """
    return program_named(program) if isinstance(program, str) else program


def sentences(programs: Sequence[CProgram] = PROGRAMS) -> str:
    """The programs in one line, for help."""
    return "; ".join(f"{program.name}: {program.about}" for program in programs)
