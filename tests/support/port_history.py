"""Git repositories with the history of a port: for tests of bisections."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO

_NOBODY = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b",
}


def git(folder: Path, *words: str, stdin: IO[str] | None = None) -> str:
    """The output of a git command, with no settings of the person who runs the tests."""
    done = subprocess.run(
        ["git", *words], cwd=folder, stdin=stdin, capture_output=True, text=True, check=True, env=os.environ | _NOBODY
    )
    return done.stdout.strip()


def commit(folder: Path, subject: str, text: str, name: str = "port.py") -> str:
    """Commit a text of the port; the hash."""
    (folder / name).write_text(text)
    git(folder, "add", name)
    git(folder, "commit", "--quiet", "--allow-empty", "-m", subject)
    return git(folder, "rev-parse", "HEAD")


def history(folder: Path, versions: Sequence[tuple[str, str]]) -> dict[str, str]:
    """A repository with one commit for each (subject, text of the port); hashes by subject."""
    git(folder, "init", "--quiet", "--initial-branch=main")
    return {subject: commit(folder, subject, text) for subject, text in versions}
