"""The installation: versions of nbtui and of the packages under it, and the commit of its source."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.metadata import version as version_of
from pathlib import Path

import nbtui

PACKAGES = ("torch", "textual", "numpy", "gemmi", "rich", "watchfiles")
_GIT_SECONDS = 10.0


def version(package: str) -> str | None:
    """The installed version; None without the package, which is not imported.

    nbtui's own is that of its code: the record of a development install keeps the number of its day.
    """
    if package == "nbtui":
        return nbtui.__version__
    try:
        return version_of(package)
    except PackageNotFoundError:
        return None


def versions() -> Mapping[str, str | None]:
    """Version of Python and of every package that matters."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def described() -> str:
    """One line for a report: nbtui with its commit, Python, the packages and the platform."""
    source = commit()
    found = [f"nbtui {nbtui.__version__}{f' ({source})' if source else ''}"]
    found += [f"{name} {number or 'not installed'}" for name, number in versions().items()]
    return ", ".join([*found, platform.platform()])


def commit() -> str | None:
    """Commit of the installed source: of its checkout, or as pip recorded it; None where neither is known."""
    source = Path(nbtui.__file__).resolve().parent
    if source.parent.name == "src":
        return git_output(source, "rev-parse", "--short=12", "HEAD")
    try:
        origin = _recorded(distribution("nbtui"))
    except PackageNotFoundError:
        return None
    return origin[:12] if origin else None


def _recorded(installed: Distribution) -> str | None:
    """The commit in ``direct_url.json`` (PEP 610), written by pip for an installation from a repository."""
    text = installed.read_text("direct_url.json")
    found = json.loads(text).get("vcs_info", {}).get("commit_id") if text else None
    return found if isinstance(found, str) else None


def git_output(folder: Path, *words: str) -> str | None:
    """Output of a git command in ``folder`` without locks; None if it fails, or without git."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            capture_output=True,
            timeout=_GIT_SECONDS,
            check=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").rstrip("\n")
