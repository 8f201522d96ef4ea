"""Completions of the values on a command line, for the shell; what they need is imported when a shell asks."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nbtui.errors import UnusableInput
from nbtui.paths import COMMAND_FILE, DEMO

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from nbtui.settings import Configuration

COMPLETION = "_NBTUI_COMPLETE"  # environment variable in which a shell asks
_METRICS = "metrics.json"  # in every package


def cases(context: click.Context, option: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Case folders and named cases; any folder where there is none."""
    names = (DEMO, *_configuration().cases)
    found = [name for name in names if name.startswith(incomplete)]
    return _items([*found, *_folders_with(COMMAND_FILE, incomplete)]) or _folder(incomplete)


def packages(context: click.Context, option: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Package folders, those of the reports folder first; any folder where there is none."""
    start = incomplete or f"{_configuration().reports}/"
    return _items(_folders_with(_METRICS, start)) or _folder(incomplete)


def profiles(context: click.Context, option: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Tolerance profiles, the user's own included."""
    from nbtui.parity.profiles import BUILT_IN

    return _items(name for name in (*BUILT_IN, *_configuration().profiles) if name.startswith(incomplete))


def c_programs(context: click.Context, option: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """C programs, the user's own included."""
    from nbtui.live.flag_table import c_program_names

    names = (*c_program_names(), *_configuration().c_programs)
    return _items(name for name in names if name.startswith(incomplete))


def quirks(context: click.Context, option: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Quirks of the C program, switched on or off."""
    from nbtui.live.flag_table import quirk_names

    words = (f"{name}={state}" for name in quirk_names() for state in ("on", "off"))
    return _items(word for word in words if word.startswith(incomplete))


def _configuration() -> Configuration:
    from nbtui.settings import Configuration, load

    try:
        return load()
    except UnusableInput:  # the command itself reports it
        return Configuration()


def _folders_with(file: str, incomplete: str) -> list[str]:
    start = incomplete.rpartition("/")[2]
    parent = incomplete.removesuffix(start)
    return [f"{parent}{found.parent.name}" for found in sorted(Path(parent).glob(f"{glob.escape(start)}*/{file}"))]


def _items(names: Iterable[str]) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(name) for name in names]


def _folder(incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="dir")]
