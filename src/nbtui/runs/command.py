"""A command of the user as text, and the words that run: placeholders, redirection, and the optional shell."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbtui.errors import UnusableInput
from nbtui.live.c_program import OUTPUT_FLAGS
from nbtui.live.cases import input_names
from nbtui.live.model import Case
from nbtui.trace.text import clean

PLACEHOLDERS = {
    "pixel": "the pixel, as two words SLOW FAST",
    "slow": "its slow index",
    "fast": "its fast index",
    "log": "the file for the log; `> {log}`, or a command without `{log}`: its stdout",
    "image": "a file for the float image",
    "command": "the flags of the case without the pixel; inputs with their full paths, outputs in the run's folder",
}
_SEVERAL = ("pixel", "command")  # of several words
_PLACE = re.compile(r"\{\{(\w+)\}\}|\{(\w+)\}")
_VARIABLE = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_OPERATORS = frozenset({"|", "||", "|&", "&&", ";", "&", "<", "<<", "<<<", ">", ">>", "1>", "2>", "2>>", "&>", ">&"})
_REDIRECTED = re.compile(r"(?:[12&]?>>?|<)\S+")
_LOG = "{log}"


@dataclass(frozen=True)
class CommandValues:
    """Values of the placeholders in one run."""

    pixel: tuple[int, int]  # (slow, fast)
    log: Path
    image: Path
    flags: tuple[str, ...]  # of the case

    def words(self, name: str) -> tuple[str, ...]:
        """The words in place of a placeholder."""
        slow, fast = (str(index) for index in self.pixel)
        single = {"slow": slow, "fast": fast, "log": str(self.log), "image": str(self.image)}
        return {"pixel": (slow, fast), "command": self.flags}.get(name) or ((single[name],) if name in single else ())


@dataclass(frozen=True)
class PreparedCommand:
    """A command as it runs.

    Attributes:
        words: program and arguments.
        variables: ``NAME=value`` in front of the program.
        writes_log: the command writes the log file itself; otherwise its stdout is the log.
        merged: stderr goes to stdout.
    """

    words: tuple[str, ...]
    variables: Mapping[str, str]
    writes_log: bool
    merged: bool = False

    @property
    def text(self) -> str:
        """The command line for a shell."""
        settings = (f"{name}={shlex.quote(value)}" for name, value in self.variables.items())
        return " ".join((*settings, shlex.join(self.words)))


def prepared(text: str, where: str, values: CommandValues, *, shell: bool = False) -> PreparedCommand:
    """The words of a command text; ``where`` names the text in an error.

    Raises:
        UnusableInput: an unknown placeholder, an unclosed quote, or shell syntax without ``shell``.
    """
    for found in _PLACE.finditer(text):
        if found[2] and found[2] not in PLACEHOLDERS:
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            raise UnusableInput(
                f"{where}: unknown placeholder {{{clean(found[2])}}}; known: {known}; for braces write "
                f"{{{{{clean(found[2])}}}}}"
            )
    if shell:
        quoted = _PLACE.sub(lambda found: f"{{{found[1]}}}" if found[1] else shlex.join(values.words(found[2])), text)
        return PreparedCommand((shutil.which("bash") or "/bin/sh", "-c", quoted), {}, _names_log(text))
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UnusableInput(f"{where}: {str(error).lower()}; close it, or write a backslash before it") from error
    words, to_log, merged = _without_redirection(words)
    _refuse_shell(words, where)
    variables: dict[str, str] = {}
    while words and _VARIABLE.fullmatch(words[0]):
        name, _, value = words.pop(0).partition("=")
        variables[name] = "".join(_filled(value, values, where))
    if not words:
        raise UnusableInput(f"{where}: no program in it")
    writes = not to_log and any(_names_log(word) for word in words)
    return PreparedCommand(
        tuple(one for word in words for one in _filled(word, values, where)), variables, writes, merged
    )


def case_flags(case: Case, folder: Path) -> tuple[str, ...]:
    """The flags of a case for a command that runs anywhere: inputs by their full path, outputs below ``folder``."""
    words = list(case.argv)
    for at, name in input_names(words):
        words[at] = str((case.workdir / name).absolute())
    for at, flag in enumerate(words[:-1]):
        if flag in OUTPUT_FLAGS:
            words[at + 1] = str(folder / (Path(words[at + 1]).name or "output"))
    return tuple(words)


def _names_log(text: str) -> bool:
    return any(found[2] == "log" for found in _PLACE.finditer(text))


def _without_redirection(words: Sequence[str]) -> tuple[list[str], bool, bool]:
    """The words before ``> {log}`` and ``2>&1`` at the end; whether stdout goes to the log, and stderr with it."""
    rest, to_log, merged = list(words), False, False
    while rest:
        if rest[-1] == "2>&1":
            merged = True
            rest.pop()
        elif rest[-1] in (f">{_LOG}", f"&>{_LOG}"):
            to_log, merged = True, merged or rest[-1].startswith("&")
            rest.pop()
        elif len(rest) > 1 and rest[-1] == _LOG and rest[-2] in (">", "&>"):
            to_log, merged = True, merged or rest[-2] == "&>"
            del rest[-2:]
        else:
            break
    return rest, to_log, merged


def _refuse_shell(words: Sequence[str], where: str) -> None:
    for word in words:
        if word in _OPERATORS or word.endswith(";") or _REDIRECTED.fullmatch(word):
            raise UnusableInput(
                f"{where}: '{clean(word)}' needs a shell: shell = true in nbtui.toml, or --shell; without one, "
                "'> {log}' goes at the end, and run_in names the directory"
            )


def _filled(word: str, values: CommandValues, where: str) -> tuple[str, ...]:
    """The words in place of one word with placeholders."""
    whole = _PLACE.fullmatch(word)
    if whole and whole[2]:
        return values.words(whole[2])

    def put(found: re.Match[str]) -> str:
        if found[1]:
            return f"{{{found[1]}}}"
        if found[2] in _SEVERAL:
            raise UnusableInput(f"{where}: {{{found[2]}}} stands for several words; write it as a word of its own")
        return values.words(found[2])[0]

    return (_PLACE.sub(put, word),)
