"""The command line of nanoBragg: the parser, which walks the table of options.

Words that C would silently ignore or misread are errors; with ``compat`` they are read as C reads them
(:mod:`nbsim.options.compat`). Source: nanobragg_setup.md section 1.1.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

from nbsim.errors import InputError
from nbsim.options import compat as matching
from nbsim.options.flag import NUMBER, Changes, Flag
from nbsim.options.headers import read_header_changes
from nbsim.options.options import Options
from nbsim.options.quirks import Quirks
from nbsim.options.table import FLAGS, MISSET_RANDOM, flag_named

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_SHELL_END = re.compile(r"\d?[>|<;&].*", re.DOTALL)
_BEGINNING = 4  # shortest word, without its dash, that is recognized as the beginning of longer names
_LISTED = 4
_SIMILAR = 0.75  # ratio of matching letters from which a name counts as similar
_TELLING = 6  # shortest name, dash included, that is recognized inside a longer word

_SPELLINGS = sorted({name for flag in FLAGS for name in flag.spellings})


def _take(flag: Flag, name: str, following: Sequence[str]) -> tuple[str, ...]:
    """The words of ``flag``, unconverted."""
    if flag.most:
        some = tuple(takewhile(lambda word: not word.startswith("-"), following[: flag.most]))
        if not some:
            raise InputError(f"{name} needs {flag.values} to {flag.most} values, got none")
        return some
    words = list(following[: flag.values])
    if flag.kind != "str":
        known = next((i for i, word in enumerate(words) if flag_named(word) is not None), len(words))
        words = words[:known]
    elif flag.sets and words and flag_named(words[0]) is not None:
        words = []
    if len(words) < flag.values:
        plural = "" if flag.values == 1 else "s"
        raise InputError(f"{name} needs {flag.values} value{plural}, got {len(words)}")
    return tuple(words)


def _apply(flag: Flag, values: tuple[Any, ...], changes: Changes, quirks: Quirks) -> None:
    pivot_fixed = changes.get("pivot_typed") and not quirks.convention_forces_pivot and flag.names != ("-pivot",)
    pivot = changes.get("pivot")
    flag.put(changes, values, quirks)
    if pivot_fixed:
        changes["pivot"] = pivot


def _unknown(token: str, following: Sequence[str]) -> InputError:
    as_c = matching.found_in(token)
    in_c = f"C reads it as {as_c[0]}" if as_c else "C skips it"
    near = _nearest(token, following) or list(as_c[:1])
    verb = "s are" if len(near) > 1 else " is"
    known = f"the nearest known one{verb} {', '.join(near)}" if near else "nbsim --help lists the known ones"
    return InputError(f"{token}: unknown option; {known}; {in_c}")


def _nearest(token: str, following: Sequence[str]) -> list[str]:
    """The probable intended spellings: the same letters, a known name at the end of a longer one, an option named by
    the value (``-convention MOSFLM``), longer names that begin alike, or a similar name."""
    body = token.lstrip("-").lower()
    plain = {name: name.lstrip("-").lower() for name in _SPELLINGS}
    same = [name for name, letters in plain.items() if letters == body]
    ending = [name for name, letters in plain.items() if len(name) >= _TELLING and body.endswith(f"_{letters}")]
    valued = [name for name, letters in plain.items() if following and letters == following[0].lower()]
    longer = [name for name, letters in plain.items() if len(body) >= _BEGINNING and letters.startswith(body)]
    similar = difflib.get_close_matches(token, _SPELLINGS, 1, _SIMILAR)
    return same[:1] or sorted(ending, key=len)[-1:] or valued[:1] or longer[:_LISTED] or similar


def _header_files(argv: Sequence[str]) -> dict[str, str]:
    """Last value of ``-mask`` and ``-img``; C looks for these first."""
    return {token: argv[i + 1] for i, token in enumerate(argv[:-1]) if token in ("-mask", "-img")}


def walk(
    tokens: Sequence[str],
    *,
    compat: bool = False,
    quirks: Quirks = Quirks(),  # noqa: B008
) -> Iterator[tuple[int, int, Flag, tuple[str, ...]]]:
    """Every option of ``tokens`` (without the program name): its start and end, its row, its words.

    ``compat``: those that C finds, which may overlap. The last word is left out where ``quirks`` ignore it.

    Raises:
        InputError: an unknown option, or too few words after one.
    """
    if compat:
        yield from matching.spans(tokens, quirks)
        return
    at = 0
    while at < len(tokens):
        token = tokens[at]
        following = tokens[at + 1 :]
        if not token.startswith("-") or NUMBER.fullmatch(token):
            raise InputError(f"'{token}' (word {at + 1}) belongs to no option; C skips it")
        flag = flag_named(token)
        if flag is None:
            raise _unknown(token, following)
        if token == "-misset" and following and "rand" in following[0]:
            flag = MISSET_RANDOM
        if not following and matching.effect_of_last(flag, quirks) is not None:
            if matching.effect_of_last(flag, quirks):
                yield at, at + 1, flag, ()
            return
        words = _take(flag, token, following)
        # C counts the word after -curved_det but does not consume it: it may be the next option
        unused = flag.also.get("curved") and words[0].startswith("-")
        end = at + 1 if unused else at + 1 + len(words)
        yield at, end, flag, words
        at = end


def parse(
    argv: Sequence[str],
    workdir: Path = Path(),
    quirks: Quirks = Quirks(),  # noqa: B008
    *,
    compat: bool = False,
) -> Options:
    """``argv`` (with or without the program name) as :class:`Options`.

    Raises:
        InputError: an unknown option, a missing or unusable value, or an unreadable header; with ``compat`` only
            words that C could not use either.
    """
    tokens = list(argv)
    if tokens and not tokens[0].startswith("-"):
        tokens = tokens[1:]
    missing: tuple[str, ...] = ()
    if compat:
        tokens, missing = matching.readable(tokens, workdir)
    # headers come first, so that any ordinary option overrides them, whatever its position
    changes: Changes = {}
    files = matching.header_files(tokens) if compat else _header_files(tokens)
    for name in ("-mask", "-img"):
        if name in files:
            read_header_changes(workdir / files[name], changes, is_mask=name == "-mask")
    ignored: tuple[str, ...] = ()
    read_as: tuple[str, ...] = ()
    if compat:
        matches, ignored = matching.matches(tokens, quirks)
        read_as = matching.remarks(tokens, quirks)
        for flag, values in matches:
            _apply(flag, values, changes, quirks)
    else:
        read = 0
        for start, end, flag, words in walk(tokens, quirks=quirks):
            name, read = tokens[start], end
            _apply(flag, tuple(flag.value(name, word) for word in words), changes, quirks)
        ignored = tuple(tokens[read:])
    return Options(argv=tuple(argv), as_c=compat, read_as=read_as, ignored=(*ignored, *missing), **changes)


def split_command(text: str) -> list[str]:
    """A shell-like command text as words: continuation lines joined; comment lines, leading ``NAME=value``
    assignments and anything from a redirection or pipe on dropped.

    Raises:
        InputError: unbalanced quotes.
    """
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\[ \t]*(\n|$)", " ", "\n".join(lines))
    try:
        words = shlex.split(joined)
    except ValueError as error:
        raise InputError(f"command text: {error}") from error
    while words and _ASSIGNMENT.fullmatch(words[0]):
        words.pop(0)
    end = next((i for i, word in enumerate(words) if _SHELL_END.fullmatch(word)), len(words))
    return words[:end]
