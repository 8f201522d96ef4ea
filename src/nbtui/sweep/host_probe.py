"""What a sweep needs on every host that works for it, and the faults of a host."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbtui
from nbtui.errors import NbtuiError
from nbtui.live.cases import input_names
from nbtui.runs.sources import source_state
from nbtui.sweep.contents import content_hash
from nbtui.sweep.plan import Plan
from nbtui.trace.text import clean


@dataclass(frozen=True)
class NeededSources:
    """Source files of a port: patterns from a base, and the hash of their state where the sweep was started."""

    patterns: tuple[str, ...]
    base: Path
    state: str


@dataclass(frozen=True)
class Needs:
    """Everything that a host must have as the host of the sweep has it.

    Attributes:
        version: of nbtui.
        folders: of the rows and logs, and the working directories of the ports.
        programs: first words of their commands, with the directory that they start in.
        files: input files of the cases, each with the hash of its content.
        sources: of the ports.
    """

    version: str
    folders: tuple[Path, ...]
    programs: tuple[tuple[str, Path], ...]
    files: tuple[tuple[Path, str], ...]
    sources: tuple[NeededSources, ...]


def needs_of(plan: Plan, folder: Path) -> Needs:
    """The needs of a plan whose rows and logs are in ``folder``; a file that is missing here is no need."""
    names = {
        case.workdir / name
        for case in (one.case for one in plan.cases)
        for words in (case.argv, *(words for axis in plan.axes for words in axis.fixed))
        for _, name in input_names(words)
    }
    names |= {one.case.c_log.absolute() for one in plan.cases if one.case.c_log is not None}
    ports = [one.port for one in plan.cases]
    with_sources = dict.fromkeys((port.sources, port.sources_base) for port in ports if port.sources)
    commands = dict.fromkeys((port.suspect, port.run_in) for port in ports if port.suspect and not port.shell)
    return Needs(
        version=nbtui.__version__,
        folders=tuple(dict.fromkeys((folder, *(port.run_in for port in ports)))),
        programs=tuple((word, folder) for text, folder in commands if (word := _program(text))),
        files=tuple((path, content_hash(path)) for path in sorted(names) if path.is_file()),
        sources=tuple(NeededSources(words, base, source_state(words, base).hash) for words, base in with_sources),
    )


def faults(needs: Needs) -> Iterator[str]:
    """What this host lacks, each as a sentence."""
    if nbtui.__version__ != needs.version:
        yield f"it has nbtui {nbtui.__version__}, the sweep {needs.version}"
    for folder in needs.folders:
        if not folder.is_dir():
            yield f"no folder {clean(str(folder))}"
    for program, folder in needs.programs:
        if folder.is_dir() and not _found(program, folder):
            yield f"no program {clean(program)}"
    for path, content in needs.files:
        if not path.is_file():
            yield f"no file {clean(str(path))}"
        elif content_hash(path) != content:
            yield f"{clean(str(path))} has another content"
    for one in needs.sources:
        if one.base.is_dir() and _state(one) != one.state:
            yield f"the port's sources in {clean(str(one.base))} differ"


def _program(text: str) -> str:
    """The program of a command; empty where it is a placeholder or not a command."""
    try:
        words = shlex.split(text)
    except ValueError:
        return ""
    return words[0] if words and "{" not in words[0] else ""


def _found(program: str, folder: Path) -> bool:
    return shutil.which(program if "/" not in program else str(folder / program)) is not None


def _state(sources: NeededSources) -> str:
    try:
        return source_state(sources.patterns, sources.base).hash
    except (NbtuiError, OSError) as error:
        return f"unreadable: {error}"
