"""The known commands of a case: from the settings file and the command line."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nbtui.case_table import CaseCommands
from nbtui.errors import UnusableInput
from nbtui.live.model import Case
from nbtui.settings import CaseEntry
from nbtui.trace.text import clean

SIMULATED, C_PROGRAM = "simulated", "NB_C_BIN"  # references without a command


@dataclass(frozen=True)
class KnownCommands:
    """A case with a pixel, and the commands that make its logs.

    Attributes:
        identity: text that tells this case from any other, for its list of runs.
        where: beginning of an error about a command; the name of the command follows.
        entry: name of the case in ``nbtui.toml``; empty for a case from elsewhere.
    """

    case: Case
    commands: CaseCommands
    identity: str
    where: str
    entry: str = ""

    @property
    def pixel(self) -> tuple[int, int]:
        """Pixel of the runs, (slow, fast)."""
        assert self.case.pixel is not None
        return self.case.pixel

    @property
    def key(self) -> str:
        """Name of the folder of the runs."""
        name = re.sub(r"[^A-Za-z0-9_.-]+", "_", Path(self.case.name).name).strip("._")[:40] or "case"
        return f"{name}-{hashlib.sha256(self.identity.encode()).hexdigest()[:10]}"

    @property
    def sources(self) -> tuple[str, ...]:
        """Patterns of the source files; by default the Python files that the suspect command names."""
        return self.commands.sources or named_files(self.commands.suspect, self.commands.run_in)

    @property
    def sources_base(self) -> Path:
        """Directory of the relative patterns."""
        return self.commands.base if self.commands.sources else self.commands.run_in


def known_commands(
    case: Case,
    entry: CaseEntry | None,
    *,
    suspect: str = "",
    reference: str = "",
    sources: Sequence[str] = (),
    run_in: Path | None = None,
    shell: bool = False,
) -> KnownCommands:
    """The commands of ``case``: of its table in ``nbtui.toml``, each replaced by one given on the command line.

    Raises:
        UnusableInput: no suspect command, or no pixel.
    """
    here = Path.cwd()
    own = entry.commands if entry is not None else None
    commands = own or CaseCommands(base=here, run_in=here)
    if sources:
        commands = replace(commands, sources=tuple(sources), base=here)
    commands = replace(
        commands,
        suspect=suspect or commands.suspect,
        reference=reference or commands.reference,
        run_in=run_in.absolute() if run_in is not None else commands.run_in,
        shell=shell or commands.shell,
    )
    where = "--" if suspect or entry is None else f"{clean(str(entry.source))}: cases.{clean(entry.name)}: "
    if not commands.suspect.strip():
        place = f"suspect in [cases.{clean(entry.name)}]" if entry is not None else "--suspect"
        raise UnusableInput(
            f"{clean(case.name)}: no command for the port; {place} is missing, such as "
            f"{'suspect = ' if entry is not None else '--suspect '}"
            '"python port.py {command} -trace_pixel {pixel}"'
        )
    if case.pixel is None:
        raise UnusableInput(f"{clean(case.name)}: no pixel to run; give --pixel SLOW FAST")
    if entry is not None:
        identity = f"{entry.source.absolute()} {entry.name}"
    elif case.folder is not None:
        identity = str(case.folder.absolute())
    else:
        identity = f"{case.workdir.absolute()} {shlex.join(case.argv)}"
    return KnownCommands(case, commands, identity, where, entry.name if entry is not None else "")


def named_files(command: str, run_in: Path) -> tuple[str, ...]:
    """The Python files named in a command, as it writes them."""
    try:
        words = shlex.split(command)
    except ValueError:
        return ()
    return tuple(word for word in dict.fromkeys(words) if word.endswith(".py") and (run_in / word).is_file())
