"""The run of one commit: the suspect command in a second checkout, its trace and its image."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from nbtui.errors import NbtuiError, SimulationFailed, UnusableInput
from nbtui.live.c_program import FLOAT_FLAGS
from nbtui.runs.bisect_repository import Commit, Repository
from nbtui.runs.bisect_rule import CommitEvidence, JudgedImage
from nbtui.runs.entry import RunEntry, RunVerdict, judged
from nbtui.runs.known import KnownCommands
from nbtui.runs.log_making import MadeLog, RunStopped, make_log
from nbtui.runs.perform import Compare, hash_of, no_output, run_suspect
from nbtui.runs.reference import Reference
from nbtui.trace.text import clean

JudgeImage = Callable[[Path], JudgedImage]
_TRACE, _PIXELS = "trace", "image"  # folders of one commit's runs


@dataclass(frozen=True)
class Judging:
    """The constant part of every run: reference, comparison, and the way to judge an image.

    Attributes:
        image_command: a command of its own for the image; empty where the suspect command writes it.
        traces: the suspect command runs; without it, the image command alone.
    """

    reference: Reference
    compare: Compare
    judge_image: JudgeImage
    image_command: str = ""
    traces: bool = True
    cancel: threading.Event | None = None


def in_second_checkout(known: KnownCommands, repository: Repository, place: Path) -> KnownCommands:
    """The commands of a case for another checkout of their repository.

    A word that names an untracked file of the user's checkout (an interpreter in ``.venv``) keeps naming that file.

    Raises:
        UnusableInput: a command or a variable names the user's checkout by its full path.
    """
    commands = known.commands
    run_in = commands.run_in.resolve()
    where, top = run_in.relative_to(repository.top.resolve()), str(repository.top)
    given = {"suspect": commands.suspect, **dict(commands.environment)}
    for name, text in given.items():
        if any(_is_tracked(repository, Path(part)) for part in _paths_below(text, top)):
            raise UnusableInput(
                f"{known.where}{name}: names the checkout by its full path, so that every commit would run the same "
                f"code; write it relative to {clean(str(run_in))}"
            )
    suspect = commands.suspect if commands.shell else _with_untracked(commands.suspect, run_in, repository)
    environment = (("PYTHONDONTWRITEBYTECODE", "1"), *commands.environment)
    moved = replace(commands, suspect=suspect, run_in=place / where, environment=environment)
    return replace(known, commands=moved)


def gathered(
    known: KnownCommands, commit: Commit, judging: Judging, folder: Path, needs_image: Callable[[CommitEvidence], bool]
) -> CommitEvidence:
    """Run a commit that is checked out; its files are kept in ``folder``.

    Raises:
        UnusableInput: the command text is unusable.
        RunStopped: the run was cancelled.
    """
    traced = folder / _TRACE
    traced.mkdir(parents=True)
    entry = RunEntry(
        number=1,
        when=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        case=known.case.name,
        pixel=known.pixel,
        command=known.commands.suspect,
        status=0,
        seconds=0.0,
        verdict=RunVerdict.FAILED,
        reference=judging.reference.origin,
    )
    if not judging.traces:
        found = CommitEvidence(commit, entry, None, "images alone are judged", traced / "log")
        return _with_image(found, known, None, judging, folder)
    try:
        run = run_suspect(
            known, judging.reference.trace, traced, judging.compare, heard=no_output, cancel=judging.cancel
        )
    except SimulationFailed as error:  # a program that this commit does not have
        found = CommitEvidence(commit, replace(entry, failure=str(error)), None, str(error), traced / "log")
        return _with_image(found, known, None, judging, folder) if needs_image(found) else found
    _stop_if_cancelled(run.log)
    entry = replace(
        entry,
        status=run.log.end.status,
        seconds=run.log.end.seconds,
        failure=run.failure,
        log_hash=hash_of(run.log.path),
    )
    if run.comparison is not None:
        entry = judged(entry, run.comparison)
    found = CommitEvidence(commit, entry, run.comparison, run.failure, run.log.path)
    return _with_image(found, known, run.log, judging, folder) if needs_image(found) else found


def _with_image(
    found: CommitEvidence, known: KnownCommands, made: MadeLog | None, judging: Judging, folder: Path
) -> CommitEvidence:
    """The evidence with its image, which the image command makes where there is one."""
    try:
        if judging.image_command:
            place = folder / _PIXELS
            place.mkdir(parents=True)
            made = make_log(known, judging.image_command, "--image-command", place, no_output, judging.cancel)
            _stop_if_cancelled(made)
        path = None if made is None else _image_of(known, made)
        if path is None:
            failure = "" if made is None else made.failure
            return replace(found, image_failure=failure or "the command wrote no image")
        return replace(found, image=judging.judge_image(path))
    except NbtuiError as error:
        return replace(found, image_failure=clean(str(error)))


def _image_of(known: KnownCommands, made: MadeLog) -> Path | None:
    """The float image that a command wrote: ``{image}``, or the one of the flags in ``{command}``."""
    if made.image is not None:
        return made.image
    words = known.case.argv
    for flag, name in pairwise(words):
        path = made.path.parent / Path(name).name
        if flag in FLOAT_FLAGS and path.is_file() and path.stat().st_size:
            return path
    return None


def _stop_if_cancelled(made: MadeLog) -> None:
    if made.end.cancelled:
        raise RunStopped


def _with_untracked(text: str, run_in: Path, repository: Repository) -> str:
    """The command with full paths for the relative ones that only the user's checkout has."""
    try:
        words = shlex.split(text)
    except ValueError:  # reported where it runs
        return text
    kept = []
    for word in words:
        path = run_in / word
        outside = "/" in word and not Path(word).is_absolute() and path.exists() and not repository.tracks(path)
        kept.append(str(path.absolute()) if outside else word)
    return shlex.join(kept)


def _paths_below(text: str, top: str) -> list[str]:
    """The paths in a text that begin with a folder."""
    parts = text.replace("'", " ").replace('"', " ").replace("=", " ").replace(":", " ").split()
    return [part for part in parts if part == top or part.startswith(f"{top}/")]


def _is_tracked(repository: Repository, path: Path) -> bool:
    return path == repository.top or not path.exists() or repository.tracks(path)
