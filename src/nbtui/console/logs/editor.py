"""The user's editor, opened at a line of a file."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from textual.app import App, SuspendNotSupported

from nbtui.console.logs.sources import Source, stamp
from nbtui.trace.text import clean

# arguments of editors without the usual +LINE FILE
_WITH_COLON = {"hx": (), "helix": (), "subl": ("--wait",), "zed": ("--wait",)}
_WITH_GOTO = frozenset({"code", "code-insiders", "codium", "cursor"})
_LATER = 0.2  # s
NONE_SET = "no editor is set: export VISUAL or EDITOR, such as EDITOR=vi, and start again"


def command(path: Path, line: int, environment: Mapping[str, str] = os.environ) -> list[str]:
    """The command that opens ``path`` at the 1-based ``line``; empty if neither VISUAL nor EDITOR is set.

    Raises ValueError for an unbalanced quote in the variable.
    """
    words = shlex.split(environment.get("VISUAL", "").strip() or environment.get("EDITOR", ""))
    if not words:
        return []
    name = Path(words[0]).name
    file = str(path.absolute())
    if name in _WITH_COLON:
        return [*words, *_WITH_COLON[name], f"{file}:{line}"]
    if name in _WITH_GOTO:
        return [*words, "--wait", "--goto", f"{file}:{line}"]
    return [*words, f"+{line}", file]


def edit(app: App[int], path: Path, line: int) -> str:
    """Run the user's editor in this terminal. Returns an error message, or "" on success."""
    try:
        words = command(path, line)
    except ValueError as error:
        return f"VISUAL or EDITOR cannot be read: {error}; correct it and start again"
    if not words:
        return NONE_SET
    name = clean(Path(words[0]).name)
    try:
        with _ctrl_c_is_the_editors(app), app.suspend():
            code = subprocess.run(words, check=False).returncode
    except SuspendNotSupported:
        return "cannot open an editor here: this terminal cannot be suspended"
    except OSError as error:
        return f"VISUAL or EDITOR names {name}, which cannot be run: {error.strerror or error}"
    return "" if code == 0 else f"{name} ended with code {code}"


@contextmanager
def _ctrl_c_is_the_editors(app: App[int]) -> Iterator[None]:
    """Leave Ctrl-C to the program in the foreground: it must not end the console."""
    loop = asyncio.get_running_loop()
    taken = False
    with suppress(NotImplementedError, RuntimeError, ValueError):
        taken = loop.remove_signal_handler(signal.SIGINT)
    # a handler, because the editor would inherit SIG_IGN
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        yield
    finally:
        if taken:
            # delayed: signals received meanwhile are still queued in the loop and must find no handler
            loop.call_later(_LATER, lambda: loop.add_signal_handler(signal.SIGINT, app.exit, 128 + signal.SIGINT))
        else:
            signal.signal(signal.SIGINT, before)


def edit_source(app: App[int], source: Source, line: int) -> str:
    """Edit a log, or a copy of the live side's lines. Returns a message, possibly empty."""
    if source.path is not None:
        before = stamp(source.path)
        told = edit(app, source.path, line)
        return told or ("" if stamp(source.path) == before else "the log has been changed")
    with tempfile.TemporaryDirectory(prefix="nbtui-") as folder:
        copy = Path(folder) / "trace_py_live.log"
        copy.write_text("\n".join(source.lines) + "\n", encoding="utf-8")
        return edit(app, copy, line) or "that was a copy of the live trace; changes in it are not kept"
