"""Who made the Python log: command, folder, commit and torch version of the port, as far as known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from nbtui.evidence.ascii_text import ascii_line
from nbtui.evidence.layout import UNKNOWN
from nbtui.evidence.write.environment import git
from nbtui.regular_file import open_regular
from nbtui.trace.text import clean

_HEAD_LINES = 200  # of a log, before its first trace line
_LONGEST_LINE = 4096  # bytes
_STATED = re.compile(r"#\s*(command|folder|commit|torch)\s*[:=]\s*(\S.*)")
_ENVIRONMENTS = (".venv", "venv", "env")
_VERSION = re.compile(r"torch-([0-9][\w.+!]*)\.dist-info")


@dataclass(frozen=True)
class Port:
    """The origin of a Python log; "" for what is not known."""

    command: str = ""
    folder: str = ""
    commit: str = ""
    torch: str = ""

    def entry(self) -> dict[str, object]:
        """As in metrics.json."""
        known = {"command": self.command, "folder": self.folder, "commit": self.commit, "torch": self.torch}
        return {name: ascii_line(value) or UNKNOWN for name, value in known.items()}


@dataclass(frozen=True)
class PortFound:
    """The port of a log, and where its statements contradict the port's folder."""

    port: Port
    findings: tuple[str, ...] = ()


def port_of(log: Path, made_by: str = "", folder: Path | None = None) -> PortFound:
    """The port that made ``log``: from lines such as ``# commit: 1a2b3c`` at its head, from the user's statements.

    ``made_by``: the command; ``folder``: the port's folder, whose checkout and virtual environment fill the rest. The
    log's own lines are of the run itself and win over the present state of the folder.
    """
    said = dict(_stated(log))
    now = _of_folder(folder) if folder is not None else Port()
    port = Port(
        command=made_by or said.get("command", ""),
        folder=now.folder or said.get("folder", ""),
        commit=said.get("commit") or now.commit,
        torch=said.get("torch") or now.torch,
    )
    pairs = (("commit", port.commit, now.commit), ("torch", port.torch, now.torch))
    findings = [
        f"the Python log was made at {name} {stated}, {clean(str(folder))} is at {present}"
        for name, stated, present in pairs
        if present and not _same(stated, present)
    ]
    return PortFound(port, tuple(findings))


def _same(stated: str, present: str) -> bool:
    """Whether two statements agree; a short commit stands for a long one, whatever else has changed."""
    one, other = stated.split(" ")[0], present.split(" ")[0]
    return one.startswith(other) or other.startswith(one)


def _stated(log: Path) -> Iterator[tuple[str, str]]:
    """The statements at the head of a log, the last one of a name winning."""
    try:
        with open_regular(log) as stream:
            for raw in islice(iter(lambda: stream.readline(_LONGEST_LINE), b""), _HEAD_LINES):
                line = raw.decode("utf-8", "replace").strip()
                if line.startswith("TRACE"):
                    return
                found = _STATED.fullmatch(line)
                if found is not None:
                    yield found[1], clean(found[2])
    except OSError:
        return


def _of_folder(folder: Path) -> Port:
    state = git(folder)
    sha, status = state["git_sha"], state["git_status"]
    changed = len(status) if isinstance(status, list) else 0
    commit = f"{sha}{' with uncommitted changes' if changed else ''}" if sha else ""
    return Port(folder=str(folder), commit=commit, torch=_torch_in(folder))


def _torch_in(folder: Path) -> str:
    """The version of torch in a virtual environment of the folder."""
    for name in _ENVIRONMENTS:
        for path in sorted((folder / name).glob("lib/python3*/site-packages/torch-*.dist-info")):
            found = _VERSION.fullmatch(path.name)
            if found is not None:
                return found[1]
    return ""
