"""The history of a port in git, and a second checkout of it: the user's own is never touched."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbtui.errors import SimulationFailed, UnusableInput
from nbtui.trace.text import clean

_OF_ANOTHER = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
_QUIET = ("-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false")
_SHORT = 10  # characters of a shown commit


@dataclass(frozen=True)
class Commit:
    """A commit by its full hash, with the first line of its message."""

    sha: str
    subject: str

    @property
    def short(self) -> str:
        """The hash as sentences show it."""
        return self.sha[:_SHORT]

    @property
    def name(self) -> str:
        """Hash and first line."""
        return f"{self.short} {clean(self.subject)}"


@dataclass(frozen=True)
class Repository:
    """A git repository, by the top of its checkout."""

    top: Path

    def commit(self, revision: str, option: str) -> Commit:
        """The commit of a revision; ``option`` begins the message of an error.

        Raises:
            UnusableInput: no such commit.
        """
        done = _git(self.top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if done.returncode != 0:
            raise UnusableInput(f"{option} {clean(revision)}: no such commit in {clean(str(self.top))}")
        return self.named(done.stdout.strip())

    def named(self, sha: str) -> Commit:
        """A commit with its subject."""
        return Commit(sha, self._words("show", "--no-patch", "--no-show-signature", "--format=%s", sha).strip())

    def is_ancestor(self, older: Commit, newer: Commit) -> bool:
        """Whether ``older`` is in the history of ``newer``."""
        return _git(self.top, "merge-base", "--is-ancestor", older.sha, newer.sha).returncode == 0

    def parents(self, commit: Commit) -> tuple[str, ...]:
        """Hashes of the parents."""
        return tuple(self._words("rev-parse", f"{commit.sha}^@").split())

    def candidates(self, bad: str, good: Sequence[str]) -> list[str]:
        """The commits in the history of ``bad`` and not in that of a ``good`` one, those that halve them first.

        ``bad`` itself is among them.
        """
        lines = self._words("rev-list", "--bisect-all", bad, "--not", *good).splitlines()
        return [line.split()[0] for line in lines if line]

    def tracks(self, path: Path) -> bool:
        """Whether git knows a file or a folder of the checkout."""
        return bool(self._words("ls-files", "--", str(path)).strip())

    @contextlib.contextmanager
    def second_checkout(self, at: Commit) -> Iterator[Path]:
        """A checkout of ``at`` in a temporary directory, removed afterwards.

        Raises:
            SimulationFailed: git refuses.
        """
        scratch = Path(tempfile.mkdtemp(prefix="nbtui-bisect-"))
        place = scratch / self.top.name
        try:
            self._words("worktree", "add", "--quiet", "--detach", "--force", str(place), at.sha)
            yield place
        finally:
            _git(self.top, "worktree", "remove", "--force", "--force", str(place))
            shutil.rmtree(scratch, ignore_errors=True)
            _git(self.top, "worktree", "prune")

    def _words(self, *words: str) -> str:
        done = _git(self.top, *words)
        if done.returncode != 0:
            raise SimulationFailed(f"git {words[0]}: {clean(done.stderr.strip()) or f'exit status {done.returncode}'}")
        return done.stdout


def repository_of(folder: Path) -> Repository:
    """The repository that holds a folder.

    Raises:
        UnusableInput: none does.
    """
    done = _git(folder, "rev-parse", "--show-toplevel")
    if done.returncode != 0:
        raise UnusableInput(
            f"{clean(str(folder))}: not in a git checkout; name the folder of the port with run_in or --run-in"
        )
    return Repository(Path(done.stdout.rstrip("\n")))


def check_out(place: Path, commit: Commit) -> None:
    """Bring a second checkout to another commit; files of the one before, compiled ones too, are removed.

    Raises:
        SimulationFailed: git refuses.
    """
    for words in (("checkout", "--quiet", "--force", "--detach", commit.sha), ("clean", "-ffdxq")):
        done = _git(place, *words)
        if done.returncode != 0:
            raise SimulationFailed(f"git {words[0]} {commit.short}: {clean(done.stderr.strip())}")


def _git(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in _OF_ANOTHER}
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *_QUIET, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="surrogateescape",
            env=environment | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
            start_new_session=True,
        )
    except OSError as error:
        raise UnusableInput(f"git: cannot be started ({error.strerror}); install git") from error
