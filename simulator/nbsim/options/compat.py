"""C's own reading of a command line, for lines written for the C program.

C finds most options anywhere in a word, tests every word against every option, reads the number in front of a value,
checks no value, skips unknown words, and runs without a mask, image or matrix that it cannot open. Source:
nanobragg_setup.md sections 1.1 and 5.4, quirks S1, S2 and S26.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from nbsim.c_numbers import atof, atoi
from nbsim.errors import InputError
from nbsim.options.flag import Changes, Flag
from nbsim.options.quirks import Quirks
from nbsim.options.table import FLAGS, MISSET_RANDOM, flag_named

Match = tuple[Flag, tuple[Any, ...]]

_ANY_WORD = "on"  # after -curved_det
_CRASHES_LAST = ("-detector_abs", "-detector_thick", "-detector_thicksteps", "-thicksteps")


def header_files(tokens: Sequence[str]) -> dict[str, str]:
    """Last value of ``-mask`` and ``-img``; C looks for these first."""
    pairs = [(token, value) for token, value in pairwise(tokens) if token.startswith("-")]
    return {name: value for name in ("-mask", "-img") for token, value in pairs if name in token}


def matches(tokens: Sequence[str], quirks: Quirks) -> tuple[list[Match], tuple[str, ...]]:
    """The options that C finds in ``tokens`` (without the program name), in its order, and the words it skips.

    Raises:
        InputError: a value is missing where the C program would crash, or too large.
    """
    found: list[Match] = []
    used: set[int] = set()
    for start, end, flag, words in spans(tokens, quirks):
        found.append((flag, tuple(_value(tokens[start], word, flag) for word in words)))
        used.update(range(start, end))
    return found, tuple(token for at, token in enumerate(tokens) if at not in used)


def remarks(tokens: Sequence[str], quirks: Quirks) -> tuple[str, ...]:
    """Words that nbsim refuses, each with C's reading of it: ``-dumpfile as -dump``, ``-distance 80mm as 80``."""
    found: list[str] = []
    for start, group in groupby(spans(tokens, quirks), key=lambda span: span[0]):
        name, rows = tokens[start], [(flag, words) for _, _, flag, words in group]
        own = flag_named(name)
        if own is None:
            found += [f"{name} as {flag.names[0]}" for flag, _ in rows]
        elif _effect(name, rows, quirks) != _effect(name, [row for row in rows if row[0].names == own.names], quirks):
            found += [f"{name} also as {_shown(name, *row)}" for row in rows if row[0].names != own.names]
        for flag, words in rows:
            if own is None or flag.names == own.names:
                found += [f"{name} {word} {_reading(name, word, flag)}" for word in words if _refused(name, word, flag)]
    return tuple(dict.fromkeys(found))


def _effect(name: str, rows: Sequence[tuple[Flag, Sequence[str]]], quirks: Quirks) -> Changes:
    """The values that options found in one word set together."""
    changes: Changes = {}
    for flag, words in rows:
        flag.put(changes, tuple(_value(name, word, flag) for word in words), quirks)
    return changes


def _shown(name: str, flag: Flag, words: Sequence[str]) -> str:
    """An option with its values as C reads them."""
    values = (_value(name, word, flag) for word in words)
    return " ".join((flag.names[0], *(f"{value:g}" if isinstance(value, float) else str(value) for value in values)))


def _refused(name: str, word: str, flag: Flag) -> bool:
    try:
        flag.value(name, word)
    except InputError:
        return True
    return False


def _reading(name: str, word: str, flag: Flag) -> str:
    """C's reading of an invalid value."""
    value = _value(name, word, flag)
    if value is None or (flag.unset and flag.bounds.is_below(value)):
        return "as not given"
    complaint = flag.complaint(value)
    return f"as {value:g} ({complaint})" if complaint else f"as {value:g}"


def spans(tokens: Sequence[str], quirks: Quirks) -> Iterator[tuple[int, int, Flag, tuple[str, ...]]]:
    """Every option that C finds in ``tokens``: its start and end, its row, its words; they may overlap.

    Raises:
        InputError: a value is missing where the C program would crash.
    """
    for at, token in enumerate(tokens):
        if not token.startswith("-"):
            continue
        following = tokens[at + 1 :]
        for flag in _rows(token, following):
            if flag.names == ("-twotheta",) and "-twotheta_axis" in token and not quirks.twotheta_axis_sets_angle:
                continue
            words = _words(flag, following)
            if words is None:
                effect = None if following else effect_of_last(flag, quirks)
                if effect is None and any(name in _CRASHES_LAST for name in flag.names):
                    raise InputError(f"{token} needs a value; the stock C program crashes without one (S2)")
                if effect:
                    yield at, at + 1, flag, ()
                continue
            if _has_effect(flag, words):
                yield at, at + 1 + len(words), flag, tuple(words)


def effect_of_last(flag: Flag, quirks: Quirks) -> bool | None:
    """Whether an option that needs a word counts as the last word; None where programs do not differ in it."""
    if flag.also.get("curved"):
        return not quirks.last_curved_det_ignored
    if any(name in _CRASHES_LAST for name in flag.names) and not quirks.last_thickness_flag_crashes:
        return False
    return None


def in_any_place(tokens: Sequence[str], quirks: Quirks) -> list[str]:
    """``tokens`` with a last word that means the same before others: an ignored one left out, a switch with a word."""
    last = tokens[-1] if tokens else ""
    effects = [effect_of_last(flag, quirks) for flag in _rows(last, ())] if last.startswith("-") else []
    if True in effects:
        return [*tokens, _ANY_WORD]
    return list(tokens[:-1] if effects and None not in effects else tokens)


def readable(words: Sequence[str], workdir: Path) -> tuple[list[str], tuple[str, ...]]:
    """``words`` without the files that C does without when they are missing, and the words left out.

    Of several matrices C opens the last one: if that is missing, it takes none.
    """
    with_cell = any(word.startswith("-") and "-cell" in word for word in words)
    named = {at for at, word in enumerate(words[:-1]) if word.startswith("-") and ("-mask" in word or "-img" in word)}
    matrices = [at for at, word in enumerate(words[:-1]) if word.startswith("-") and "-mat" in word]
    gone = {at for at in named if not (workdir / words[at + 1]).is_file()}
    if with_cell and matrices and not (workdir / words[matrices[-1] + 1]).is_file():
        gone |= set(matrices)
    # C reads an option in the place of a file, too
    gone |= {at + 1 for at in gone if not words[at + 1].startswith("-")}
    kept = [word for at, word in enumerate(words) if at not in gone]
    return kept, tuple(words[at] for at in sorted(gone))


def _has_effect(flag: Flag, words: Sequence[str]) -> bool:
    """Whether C acts on the words; ``-pivot`` needs one that it knows, in lower case."""
    return flag.names != ("-pivot",) or any(name in words[0] for name in ("beam", "sample"))


def found_in(token: str) -> tuple[str, ...]:
    """First names of the options that C finds in a word."""
    return tuple(flag.names[0] for flag in _rows(token, ()))


def _rows(token: str, following: Sequence[str]) -> tuple[Flag, ...]:
    """The options that C finds in ``token``."""
    return _rows_of(token, bool(following) and "rand" in following[0])


@lru_cache(maxsize=1024)  # a command line is read several times, and the next one has much the same words
def _rows_of(token: str, random: bool) -> tuple[Flag, ...]:
    found: list[Flag] = []
    for flag in FLAGS:
        anywhere = flag.stems if flag.exact else flag.spellings
        if token not in flag.names and not any(name in token for name in anywhere):
            continue
        row = MISSET_RANDOM if random and flag.names == ("-misset",) else flag
        found.append(row)
        if row.ends:
            break
    return tuple(found)


def _words(flag: Flag, following: Sequence[str]) -> Sequence[str] | None:
    """The words after ``flag``, unchecked; None if there are too few."""
    if flag.most:
        end = next((i for i, word in enumerate(following) if word.startswith("-")), len(following))
        return following[: min(end, flag.most)] or None
    return following[: flag.values] if len(following) >= flag.values else None


def _value(name: str, word: str, flag: Flag) -> Any:
    if flag.kind == "str":
        return word
    if flag.kind == "int":
        whole = atoi(word)
        if abs(whole) >= 2**31:
            raise InputError(f"{name} {word}: at most {2**31 - 1}; the C program would wrap it around")
        return whole
    if flag.kind == "depth" and "inf" in word:
        return math.inf
    real = atof(word)
    if math.isnan(real) and flag.nan_is_unset:
        return None
    if not math.isfinite(real):
        raise InputError(f"{name} {word}: not a finite number")
    return real
