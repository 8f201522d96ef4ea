"""The manual pages nbtui(1) and nbsim(1), from the commands and the tables of flags."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

import nbtui
from nbsim.options.own import OWN
from nbsim.options.table import SECTIONS
from nbsim.options.usage import EXIT_CODES, USAGE, described
from nbtui.cli import COMMANDS, program

MAN = Path(__file__).resolve().parents[1] / "man"
_VARIABLES = (
    ("NB_C_BIN", "Your C program, where no other is named."),
    ("NBSIM_CACHE", "Folder of compiled kernels; default: nbsim in $XDG_CACHE_HOME or ~/.cache."),
    ("XDG_CONFIG_HOME, XDG_STATE_HOME", "Where your settings, and sessions and runs, are kept."),
    ("NO_COLOR, FORCE_COLOR", "No colours on stdout; colours where stdout is not a terminal, too."),
)  # fmt: skip
_FILES = (("nbtui.toml", "Settings: in the current folder or one above it, and in $XDG_CONFIG_HOME/nbtui."),)


def pages() -> Iterable[tuple[Path, str]]:
    """Paths and texts of both pages."""
    yield MAN / "nbtui.1", "".join(_nbtui())
    yield MAN / "nbsim.1", "".join(_nbsim())


def _nbtui() -> Iterator[str]:
    yield _head("nbtui", "compare the trace of a C nanoBragg run with that of a PyTorch port")
    yield ".SH SYNOPSIS\n.B nbtui\n.RI [ CASE ]\n.RI [ OPTIONS ]\n.br\n.B nbtui\n.I COMMAND\n.RI [ ARGUMENTS ]\n"
    yield f".SH DESCRIPTION\n{_paragraphs(program.help or '')}"
    top = click.Context(program, info_name="nbtui", **program.context_settings)
    yield _options(program, top)
    yield ".SH COMMANDS\n"
    for name in COMMANDS:
        command = program.get_command(top, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=top)
        usage = " ".join(command.collect_usage_pieces(context))
        yield f".SS {_quoted(f'nbtui {name} {usage}')}\n"
        yield _paragraphs(inspect.cleandoc(command.help or ""))
        yield _options(command, context)
    yield _definitions("ENVIRONMENT", _VARIABLES)
    yield _definitions("FILES", _FILES)
    yield ".SH SEE ALSO\n.BR nbsim (1)\n"


def _nbsim() -> Iterator[str]:
    yield _head("nbsim", "the diffraction model of nanoBragg in torch")
    synopsis, _, description = USAGE.partition("\n\n")
    lines = [line.replace("usage:", "").strip() for line in synopsis.splitlines()]
    yield ".SH SYNOPSIS\n.nf\n" + "".join(f"{_text(line)}\n" for line in lines) + ".fi\n"
    yield f".SH DESCRIPTION\n{_paragraphs(description)}{_paragraphs(EXIT_CODES)}"
    own = ((f"{one.name} {one.typed}".strip(), one.help) for one in OWN)
    yield _definitions("OPTIONS OF NBSIM", own)
    for title, flags in SECTIONS:
        rows = ((f"{flag.names[0]} {flag.follows if flag.values else ''}".strip(), described(flag)) for flag in flags)
        yield _definitions(title.upper(), rows)
    yield ".SH SEE ALSO\n.BR nbtui (1)\n"


def _head(name: str, text: str) -> str:
    comment = '.\\" made by `make docs`\n'
    return f'{comment}.TH {name.upper()} 1 "" "nbtui {nbtui.__version__}"\n.SH NAME\n{name} \\- {_text(text)}\n'


def _options(command: click.Command, context: click.Context) -> str:
    records = (parameter.get_help_record(context) for parameter in command.get_params(context))
    return "".join(_entry(*record) for record in records if record is not None and record[1])


def _definitions(title: str, rows: Iterable[tuple[str, str]]) -> str:
    return f".SH {_quoted(title)}\n" + "".join(_entry(head, text) for head, text in rows)


def _entry(head: str, text: str) -> str:
    return f".TP\n.B {_quoted(head)}\n{_filled(text)}"


def _paragraphs(text: str) -> str:
    """Paragraphs of a help text; one that begins with a line of \\b keeps its lines, as an indented one does."""
    found: list[str] = []
    for part in re.split(r"\n\s*\n", text.strip("\n")):
        lines = part.splitlines()
        if lines[0].strip() == "\b" or lines[0].startswith("  "):
            kept = [line for line in lines if line.strip() != "\b"]
            found.append(".PP\n.nf\n" + "".join(f"{_text(line)}\n" for line in kept) + ".fi\n")
        else:
            found.append(f".PP\n{_filled(' '.join(line.strip() for line in lines))}")
    return "".join(found).removeprefix(".PP\n")


def _filled(text: str) -> str:
    """A text in lines of at most 78 signs, as mandoc's style asks."""
    return "".join(f"{_text(line)}\n" for line in textwrap.wrap(text, 70, break_on_hyphens=False))


def _text(text: str) -> str:
    """A line of text: nothing in it is a request of roff."""
    plain = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain


def _quoted(text: str) -> str:
    """One argument of a request."""
    return '"' + _text(text).replace('"', "\\(dq") + '"'
