"""A port of a few lines, and a settings file with a case that runs it: for tests of runs."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from nbtui.case_table import CaseCommands
from nbtui.live.model import Case
from nbtui.runs.known import KnownCommands
from support.places import DEMO

_PORT = """
import sys
FACTOR = {factor}
for line in open({log!r}):
    if line.startswith("TRACE_C:"):
        words = line[8:].split() or [""]
        if words[0] in {fields!r}:
            words[1] = repr(float(words[1]) * FACTOR)
        print("TRACE_PY:", *words)
"""


PIXEL = ("I_pixel_final", "floatimage_accumulated")  # the value of the pixel; one of them alone would be a print error


def port(factor: float = 1.0, *fields: str) -> str:
    """The text of a port that prints the demo's C log with fields (omega_pixel) multiplied by a factor."""
    return _PORT.format(factor=factor, fields=fields or ("omega_pixel",), log=str(DEMO / "trace_c.log"))


def write_case(folder: Path, more: str = "", suspect: str = "") -> Path:
    """Write ``nbtui.toml`` with the case ``mine``, the demo's experiment, and its port; the path of the port."""
    command = " ".join((DEMO / "command.txt").read_text().replace("\\\n", " ").split())
    text = f"""
[cases.mine]
command = '''{command}'''
workdir = "{DEMO}"
c_log = "{DEMO / "trace_c.log"}"
suspect = '''{suspect or f"{shlex.quote(sys.executable)} port.py {{pixel}} > {{log}}"}'''
sources = ["*.py"]
{more}
"""
    (folder / "nbtui.toml").write_text(text)
    path = folder / "port.py"
    path.write_text(port())
    return path


def toy_commands(case: Case, folder: Path) -> KnownCommands:
    """The commands of a case whose port, ``folder/port.py``, prints its log in a moment."""
    suspect = f"{shlex.quote(sys.executable)} port.py > {{log}}"
    commands = CaseCommands(base=folder, run_in=folder, suspect=suspect, sources=("*.py",), seconds=60.0)
    return KnownCommands(case, commands, str(folder), "--")


def toy_port(*lines: str, more: str = "") -> str:
    """The text of a port that prints these lines."""
    return f"import sys\nprint({chr(10).join(lines)!r})\n{more}\n"
