"""``nbtui doctor``: the machine as nbtui finds it, with a remedy for everything that does not work."""

from __future__ import annotations

import json
import locale
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from nbtui.commands.options import json_option
from nbtui.errors import NbtuiError
from nbtui.schemas import labelled
from nbtui.trace.text import clean

WORKS, MISSING, FAULT = "works", "missing", "fault"  # missing: something optional
_MARKS = {WORKS: "ok", MISSING: "-", FAULT: "!"}
_SECONDS = 30.0  # for a compiler or an import that hangs
_SMALLEST = (60, 16)  # columns, lines of a whole screen


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    name: str
    state: str
    found: str
    remedy: str = ""


@click.command("doctor")
@json_option
def command(as_json: bool) -> int:
    """Check this machine: what works, what does not, what to do.

    Exit code 0: everything needed works (optional parts may be missing), 2: something needed does not.
    """
    findings = list(examine())
    if as_json:
        click.echo(json.dumps(labelled("doctor", {"findings": [asdict(one) for one in findings]}), indent=2))
    else:
        for one in findings:
            click.echo(clean(f"{_MARKS[one.state]:2} {one.name:17} {one.found}"))
            if one.remedy:
                click.echo(clean(f"{'':20} {one.remedy}"))
    return 2 if any(one.state == FAULT for one in findings) else 0


def examine() -> Iterator[Finding]:
    """Every finding, in the order of the report."""
    from nbtui.installation import described

    yield Finding("versions", WORKS, described())
    for look in (_settings, _torch, _device, _compiler, _c_program, _state, _terminal, _driver, _characters):
        yield look()
    for program, purpose in (("git", "commits in packages, bisect"), ("ssh-keygen", "signed packages")):
        yield _program(program, purpose)


def _settings() -> Finding:
    from nbtui.settings import find_places, load

    try:
        load()
    except NbtuiError as error:
        return Finding("settings", FAULT, str(error), "'nbtui config' shows every setting and its origin")
    files = [str(path) for path, is_there in find_places() if is_there]
    return Finding("settings", WORKS, ", ".join(files) or "no nbtui.toml: defaults")


def _torch() -> Finding:
    """torch in a process of its own: a broken installation may end the process that imports it."""
    script = "import torch; print(torch.__version__, torch.backends.cpu.get_cpu_capability(), torch.get_num_threads())"
    from nbtui.live.absence import INSTALL_TORCH, can_simulate

    if not can_simulate():
        found = "not installed: logs, images and packages can be read and compared, nothing simulated"
        return Finding("torch", MISSING, found, INSTALL_TORCH)
    text = _output([sys.executable, "-c", script])
    if text is None:
        return Finding("torch", FAULT, "cannot be imported", f"install it again: {INSTALL_TORCH}")
    version, capability, threads = text.split()
    return Finding("torch", WORKS, f"{version}, {capability}, {threads} threads")


def _device() -> Finding:
    from nbtui.live.absence import can_simulate

    if not can_simulate():
        return Finding("CUDA device", MISSING, "not looked for without torch")
    name = _output([sys.executable, "-c", "import torch; print(torch.cuda.get_device_name())"])
    if name is None:
        return Finding("CUDA device", MISSING, "none; --device cpu works everywhere")
    return Finding("CUDA device", WORKS, name)


def _compiler() -> Finding:
    compiler = os.environ.get("CC") or "cc"
    text = _output([compiler, "--version"])
    if text is None:
        return Finding("C compiler", MISSING, f"{compiler} does not run", "whole images are slower without one")
    return Finding("C compiler", WORKS, f"{compiler}: {text.splitlines()[0]}")


def _c_program() -> Finding:
    given = os.environ.get("NB_C_BIN")
    if not given:
        remedy = "optional; NB_C_BIN=PATH names yours, and nbsim stands in for it"
        return Finding("C program", MISSING, "NB_C_BIN is not set", remedy)
    from nbtui.live.c_program import find_program

    try:
        return Finding("C program", WORKS, f"{find_program(given)}; 'nbtui c-trace --identify' tells which one it is")
    except NbtuiError as error:
        return Finding("C program", FAULT, str(error))


def _state() -> Finding:
    from nbtui.state_directory import state_folder

    return _folder("state directory", state_folder())


def _folder(name: str, folder: Path) -> Finding:
    """Whether files can be written in a folder, or in its nearest parent."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place):
            return Finding(name, WORKS, str(folder))
    except OSError as error:
        return Finding(name, FAULT, f"{folder}: {error.strerror}", f"make {place} writable")


def _terminal() -> Finding:
    kind = os.environ.get("TERM", "")
    if not sys.stdout.isatty():
        return Finding("terminal", MISSING, f"stdout is not one (TERM={kind or 'unset'})", "the console needs one")
    columns, lines = shutil.get_terminal_size()
    inside = [name for name, variable in (("tmux", "TMUX"), ("SSH", "SSH_CONNECTION")) if os.environ.get(variable)]
    text = ", ".join([f"{kind or 'TERM unset'}, {columns} x {lines}", *inside])
    if kind in ("", "dumb"):
        return Finding("terminal", FAULT, text, "set TERM, such as TERM=xterm-256color")
    if columns < _SMALLEST[0] or lines < _SMALLEST[1]:
        return Finding("terminal", MISSING, text, "whole screens need 60 x 16")
    return Finding("terminal", WORKS, text)


def _driver() -> Finding:
    """The driver of the console; see `nbtui.console.terminal.choice`."""
    from nbtui.console.terminal.choice import TESTED, is_tested
    from nbtui.installation import version

    found = version("textual")
    if found is None:
        return Finding("Textual", FAULT, "not installed", "pip install 'textual>=8.2.5,<9'")
    if not is_tested():
        remedy = f"the console sends more bytes; it was tested with Textual {', '.join(TESTED)}"
        return Finding("Textual", MISSING, f"{found}: its own terminal driver", remedy)
    return Finding("Textual", WORKS, f"{found}, with the terminal driver of nbtui")


def _characters() -> Finding:
    encoding = locale.getpreferredencoding(False)
    if encoding.upper().replace("-", "") != "UTF8":
        return Finding("characters", MISSING, f"{encoding}: ASCII drawing", "a UTF-8 locale, such as LANG=C.UTF-8")
    return Finding("characters", WORKS, encoding)


def _program(name: str, purpose: str) -> Finding:
    path = shutil.which(name)
    if path is None:
        return Finding(name, MISSING, f"not on PATH ({purpose})")
    return Finding(name, WORKS, path)


def _output(words: list[str]) -> str | None:
    """Output of a program; None if it fails, hangs or says nothing."""
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=_SECONDS, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
