"""nbsim's own options, one row each: double dashes, beside nanoBragg's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from nbsim.errors import InputError
from nbsim.options.programs import NAMES, sentences


@dataclass(frozen=True)
class Own:
    """One row; without ``typed`` a switch."""

    name: str
    help: str
    typed: str = ""
    default: str = ""
    choices: tuple[str, ...] = ()


def _choice(name: str, choices: str, help_: str) -> Own:
    """A row whose first choice is the default."""
    words = tuple(choices.split("|"))
    return Own(name, help_, choices, words[0], words)


OWN = (
    _choice("--phi-mode", "spec|c-parity", "c-parity keeps the vectors of the last phi step at phi = 0, as C does"),
    Own(
        "--c-program",
        "C program whose quirks apply; sets the phi mode too, where --phi-mode is not given. " + sentences(),
        "|".join(NAMES),
        choices=NAMES,
    ),
    _choice("--device", "cpu|cuda", "device of the computation"),
    _choice(
        "--dtype",
        "float64|float32",
        "precision; float32: of traces, and of the terms in the kernels of images; indices keep float64",
    ),
    Own(
        "--quirk",
        "turn an oddity of C on or off; may be repeated; docs/flags.md lists them",
        "NAME=on|off",
    ),
    Own("--omp-threads", "reproduce a C run with this OMP_NUM_THREADS; the first pixels depend on it", "N", "1"),
    Own("--compat", "read the command line as C does: options anywhere in a word, unknown words skipped, any value"),
    _choice("--compile", "auto|on|off", "auto: long runs compile the C kernel, once, in at most 3 s; off: torch alone"),
)
_BY_NAME = {own.name: own for own in OWN}


@dataclass
class Settings:
    """The values of nbsim's own options, and the words of nanoBragg."""

    values: dict[str, str] = field(default_factory=lambda: {own.name: own.default for own in OWN if own.default})
    typed: dict[str, str] = field(default_factory=dict)  # the choices on the command line
    quirks: dict[str, bool] = field(default_factory=dict)
    threads: int = 1
    compat: bool = False
    flags: list[str] = field(default_factory=list)


def split(argv: Sequence[str]) -> Settings:
    """Separate nbsim's own options from nanoBragg's.

    Raises:
        InputError: a value is missing or not one of the choices.
    """
    settings, rest = Settings(), list(argv)
    while rest:
        word = rest.pop(0)
        if "\0" in word:
            raise InputError("a word of the command line holds a NUL character")
        name, equals, value = word.partition("=")
        own = _BY_NAME.get(name)
        if own is None:
            settings.flags.append(word)
        elif own.typed:
            if not equals:
                if not rest:
                    raise InputError(f"{name}: a value must follow")
                value = rest.pop(0)
            _set(settings, own, value)
        elif equals:
            raise InputError(f"{word}: {name} takes no value")
        else:
            settings.compat = True
    return settings


def _set(settings: Settings, own: Own, value: str) -> None:
    if own.choices:
        if value not in own.choices:
            raise InputError(f"{own.name} {value}: one of {', '.join(own.choices)}")
        settings.values[own.name] = settings.typed[own.name] = value
    elif own.name == "--quirk":
        quirk, _, state = value.partition("=")
        if state not in ("on", "off"):
            raise InputError(f"--quirk {value}: give NAME=on or NAME=off")
        settings.quirks[quirk] = state == "on"
    elif not (value.isascii() and value.isdecimal() and int(value[:9]) >= 1 and len(value) < 10):
        raise InputError(f"--omp-threads {value}: needs a whole number from 1 to 999999999")
    else:
        settings.threads = int(value)
