"""``nbsim --help``, from the two tables of options."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from nbsim.options.flag import Flag
from nbsim.options.own import OWN
from nbsim.options.table import SECTIONS

USAGE = """usage: nbsim FLAGS [--phi-mode c-parity] [--device cuda] [...]     nbsim --help lists them all
       nbsim --version

The whole detector with nanoBragg's own flags. Files are read from and written to the current directory under C's
names; outputs of an earlier run are replaced, input files never.

  nbsim -hkl P1.hkl -mat A.mat -lambda 1 -distance 100 -detpixels 1024 -N 20 -nonoise
  nbsim -hkl data.mtz --column FC -cell 78 78 38 90 90 90 -lambda 1 -distance 100 -N 20
"""
EXIT_CODES = """Exit codes: 0 done, 2 unusable input, 3 the simulation failed, 4 could not write, 130 interrupted,
141 the reader of stdout has gone.
"""
_WIDTH = 100
_HELP_AT = 30


def _entry(head: str, text: str) -> str:
    """``head`` on the left, ``text`` beside it, or below if it does not fit."""
    lines = textwrap.wrap(text, _WIDTH - _HELP_AT)
    if len(head) > _HELP_AT - 4:
        lines.insert(0, "")
    indented = [f"  {head}".ljust(_HELP_AT) + lines[0], *(" " * _HELP_AT + line for line in lines[1:])]
    return "".join(f"{line.rstrip()}\n" for line in indented)


def other_spellings(flag: Flag) -> tuple[str, ...]:
    """Every spelling but the first; a stem ends in ``...``."""
    return (*flag.names[1:], *(f"{stem}..." for stem in flag.stems if stem not in flag.names))


def described(flag: Flag) -> str:
    """The help of a flag with its default and its other spellings."""
    also = other_spellings(flag)
    notes = [f"default {flag.default}"] if flag.default else []
    notes += [f"also {', '.join(also)}"] if also else []
    return f"{flag.help} ({'; '.join(notes)})" if notes else flag.help


def _lines() -> Iterator[str]:
    yield USAGE
    yield "\nnbsim's own options\n"
    for own in OWN:
        text = f"{own.help} (default {own.default})" if own.default else own.help
        yield _entry(f"{own.name} {own.typed}".strip(), text)
    for title, flags in SECTIONS:
        yield f"\n{title}\n"
        yield from _section(flags)
    yield f"\n{EXIT_CODES}"


def _section(flags: Iterable[Flag]) -> Iterator[str]:
    for flag in flags:
        head = f"{flag.names[0]} {flag.follows}" if flag.values else flag.names[0]
        yield _entry(head, described(flag))


def help_text() -> str:
    """Usage and every option."""
    return "".join(_lines())
