"""The meaning of CASE on the command line: a folder, a name from ``nbtui.toml``, ``demo``, or a bare command line."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nbtui.errors import UnusableInput
from nbtui.live.model import Case
from nbtui.live.session import split_command
from nbtui.paths import COMMAND_FILE, DEMO, DEMO_FOLDER, expanded
from nbtui.regular_file import open_regular
from nbtui.settings import CaseEntry, Configuration
from nbtui.settings import load as load_configuration
from nbtui.trace.text import clean

C_LOG = "trace_c.log"
C_TERMS = "terms.csv"
INPUT_FLAGS = ("-hkl", "-mat", "-matrix", "-sourcefile", "-mask", "-img", "-stol", "-4stol", "-Q")
_TRACE_FLAGS = ("-trace_pixel", "-dump_pixel")
_ANY_WORD = "on"  # after -curved_det
_LARGEST_COMMAND = 1 << 20  # bytes


def load_case(
    text: str | None = None,
    *,
    workdir: Path | None = None,
    flags: Sequence[str] | None = None,
    pixel: tuple[int, int] | None = None,
    configuration: Configuration | None = None,
    needs_pixel: bool = True,
) -> Case:
    """The case that ``text`` or ``flags`` names; the demo when both are None.

    Args:
        text: a folder with ``command.txt``, a name from ``nbtui.toml``, or ``demo`` (which always works).
        workdir: folder of the command's input files; default: the case folder, then the current directory.
        flags: a nanoBragg command line given directly.
        pixel: (slow, fast); replaces the command's own ``-trace_pixel``.
        configuration: the settings; read from the current directory upwards when None.
        needs_pixel: whether a command without a pixel is an error; otherwise the case's pixel is None.

    Raises:
        UnusableInput: an unknown case, an unusable command, or no pixel.
    """
    if text is not None and flags is not None:
        raise UnusableInput(f"give either the case '{clean(text)}' or '-- FLAGS', not both")
    if workdir is not None and not workdir.is_dir():
        raise UnusableInput(f"--workdir {clean(str(workdir))}: no such directory")
    case = _named(text, flags, workdir, pixel, configuration)
    if needs_pixel and case.pixel is None:
        raise _no_pixel(case, COMMAND_FILE)
    return case


def _named(
    text: str | None,
    flags: Sequence[str] | None,
    workdir: Path | None,
    pixel: tuple[int, int] | None,
    configuration: Configuration | None,
) -> Case:
    if flags is not None:
        return _case_of_words("flags", list(flags), "-- FLAGS", workdir or Path.cwd(), pixel)
    if text is None or text == DEMO:
        return _from_folder(DEMO, DEMO_FOLDER, workdir, pixel)
    settings = configuration if configuration is not None else load_configuration()
    if text in settings.cases:
        return _from_entry(settings.cases[text], workdir, pixel)
    folder = expanded(text)
    if folder.is_dir():
        return _from_folder(folder.resolve().name or "case", folder, workdir, pixel)
    raise UnusableInput(_no_such_case(text, folder, settings))


def _no_pixel(case: Case, file: str) -> UnusableInput:
    where = f"case {clean(case.name)}" if case.folder is None else clean(str(case.folder / file))
    return UnusableInput(f"{where}: no pixel; add -trace_pixel SLOW FAST to the command or give --pixel SLOW FAST")


def read_again(case: Case) -> Case:
    """The case of a folder with its present command line; the pixel changes only if the file names a different one.

    Raises:
        UnusableInput: the command file is gone or unusable.
    """
    if case.folder is None:
        return case
    path = case.folder / COMMAND_FILE
    where = clean(str(path))
    argv, own = _flags_and_pixel(split_command(_command_text(path), where), where)
    pixel = case.pixel if own is None or own == case.own_pixel else own
    return replace(case, argv=tuple(argv), pixel=pixel, own_pixel=own)


def case_of_command_file(
    path: Path, *, workdir: Path | None = None, pixel: tuple[int, int] | None = None, needs_pixel: bool = True
) -> Case:
    """The case of a file that holds a nanoBragg command line; its inputs are in ``workdir`` or beside it.

    Raises:
        UnusableInput: the file or its command cannot be used, or names no pixel while ``needs_pixel``.
    """
    if workdir is not None and not workdir.is_dir():
        raise UnusableInput(f"--workdir {clean(str(workdir))}: no such directory")
    where = clean(str(path))
    words = split_command(_command_text(path), where)
    case = _case_of_words(path.resolve().parent.name or "case", words, where, workdir, pixel, path.parent)
    if needs_pixel and case.pixel is None:
        raise _no_pixel(case, path.name)
    return case


def case_of_command(command: str, where: str, *, name: str, workdir: Path) -> Case:
    """The case of one command line as text, its pixel if it names one; ``where`` begins an error's message.

    Raises:
        UnusableInput: the command cannot be used.
    """
    return _case_of_words(name, split_command(command, where), where, workdir, None)


def _no_such_case(text: str, folder: Path, settings: Configuration) -> str:
    if folder.exists():
        return f"{clean(text)}: a file, not a case; name the folder that holds {COMMAND_FILE}, or use 'nbtui open'"
    known = [DEMO, *settings.cases]
    close = difflib.get_close_matches(text, known, 1)
    hint = f"; did you mean '{clean(close[0])}'?" if close else ""
    names = ", ".join(clean(name) for name in known)
    return f"no case '{clean(text)}': neither a folder nor a name from nbtui.toml (known: {names}){hint}"


def _from_folder(name: str, folder: Path, workdir: Path | None, pixel: tuple[int, int] | None) -> Case:
    path = folder / COMMAND_FILE
    words = split_command(_command_text(path), clean(str(path)))
    case = _case_of_words(name, words, clean(str(path)), workdir, pixel, folder)
    c_log, c_terms = folder / C_LOG, folder / C_TERMS
    return replace(
        case,
        c_log=c_log if c_log.is_file() else None,
        c_terms=c_terms if c_terms.is_file() else None,
    )


def _from_entry(entry: CaseEntry, workdir: Path | None, pixel: tuple[int, int] | None) -> Case:
    workdir, pixel = workdir or entry.workdir, pixel or entry.pixel
    where = f"{clean(str(entry.source))}: cases.{clean(entry.name)}"
    if workdir is not None and not workdir.is_dir():
        raise UnusableInput(f"{where}: workdir {clean(str(workdir))}: no such directory")
    if entry.c_log is not None and not entry.c_log.is_file():
        raise UnusableInput(f"{where}: c_log {clean(str(entry.c_log))}: no such file")
    if entry.folder is not None:
        if not entry.folder.is_dir():
            raise UnusableInput(f"{where}: folder {clean(str(entry.folder))}: no such directory")
        case = _from_folder(entry.name, entry.folder, workdir, pixel)
    else:
        words = split_command(entry.command or "", where)
        case = _case_of_words(entry.name, words, where, workdir or entry.source.parent, pixel)
    return case if entry.c_log is None else replace(case, c_log=entry.c_log)


def _command_text(path: Path) -> str:
    """The text of a command file, which must be small, UTF-8 and free of NUL bytes."""
    where = clean(str(path))
    try:
        with open_regular(path) as stream:
            data = stream.read(_LARGEST_COMMAND + 1)
    except FileNotFoundError as error:
        raise UnusableInput(f"{where}: no such file; a case folder holds the nanoBragg command line there") from error
    except OSError as error:
        raise UnusableInput(f"{where}: cannot be read ({error.strerror})") from error
    if len(data) > _LARGEST_COMMAND or b"\0" in data:
        raise UnusableInput(f"{where}: not a command line (binary, or larger than 1 MiB)")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnusableInput(f"{where}: not UTF-8 text (byte {error.start + 1}); save it as UTF-8") from error


def _case_of_words(
    name: str,
    words: list[str],
    where: str,
    workdir: Path | None,
    pixel: tuple[int, int] | None,
    folder: Path | None = None,
) -> Case:
    """Case from the words of a command line, with or without a leading program name."""
    argv, own = _flags_and_pixel(words, where)
    place = workdir if workdir is not None else _where_inputs_are(argv, folder or Path.cwd())
    return Case(name, tuple(argv), place, pixel or own, None, folder=folder, own_pixel=own)


def _flags_and_pixel(words: list[str], where: str) -> tuple[list[str], tuple[int, int] | None]:
    if words and not words[0].startswith("-"):
        words = words[1:]
    if not words:
        raise UnusableInput(f"{where}: no nanoBragg flags in it")
    return _without_pixel(words, where)


def _without_pixel(words: list[str], where: str) -> tuple[list[str], tuple[int, int] | None]:
    """The words without ``-trace_pixel SLOW FAST``, and the last pixel that they name.

    Without that flag, which stock builds do not have, it is the pixel of ``-printout_pixel FAST SLOW``.
    """
    rest: list[str] = []
    pixel: tuple[int, int] | None = None
    at = 0
    while at < len(words):
        if words[at] not in _TRACE_FLAGS:
            rest.append(words[at])
            at += 1
            continue
        values = words[at + 1 : at + 3]
        if len(values) < 2 or not all(value.isascii() and value.isdecimal() for value in values):
            given = clean(shlex.join(values)) or "nothing"
            raise UnusableInput(f"{where}: {words[at]} needs SLOW FAST, two whole numbers >= 0, not {given}")
        pixel = (int(values[0]), int(values[1]))
        if at + 3 >= len(words) and rest and rest[-1].startswith("-curved_det"):
            rest.append(_ANY_WORD)  # C programs read this flag differently as the last word, which it was not
        at += 3
    return rest, pixel or _printed_pixel(rest)


def _printed_pixel(words: Sequence[str]) -> tuple[int, int] | None:
    """(slow, fast) of the last ``-printout_pixel FAST SLOW``; None without a usable one."""
    found = None
    for flag, fast, slow in zip(words, words[1:], words[2:], strict=False):
        if flag == "-printout_pixel" and all(value.isascii() and value.isdecimal() for value in (fast, slow)):
            found = (int(slow), int(fast))
    return found


def input_names(argv: Sequence[str]) -> list[tuple[int, str]]:
    """Position and name of every input file that a command line names."""
    return [(i + 1, argv[i + 1]) for i, word in enumerate(argv[:-1]) if word in INPUT_FLAGS]


def _where_inputs_are(argv: Sequence[str], folder: Path) -> Path:
    """``folder``, unless the named inputs are missing there and present in the current directory."""
    names = [name for _, name in input_names(argv)]
    for place in (folder, Path.cwd()):
        if all((place / name).is_file() for name in names):
            return place
    return folder
