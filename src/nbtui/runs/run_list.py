"""The list of runs of one case on disk: one line of JSON for each, and the files of the last ones.

A run appends its line once; a later line with the same number adds the cause. The list is below the state directory,
so that runs leave nothing in the user's checkout.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbtui.errors import NotWritten, UnusableInput
from nbtui.regular_file import read_regular
from nbtui.runs.entry import RunEntry, from_object, to_line
from nbtui.runs.known import KnownCommands
from nbtui.runs.log_making import LOG, OUTPUT
from nbtui.runs.sources import SourceState, difference, read_state, write_state
from nbtui.state_directory import state_folder
from nbtui.trace.text import clean

LIST = "runs.jsonl"
SOURCES, DIFF = "sources.json.gz", "changes.diff"  # files of a run
KEPT_RUNS = 100  # runs with files
KEPT_BYTES = 1 << 30
_LOCK = ".lock"


@dataclass(frozen=True)
class RunList:
    """The runs of one case, below ``folder``."""

    folder: Path

    def entries(self) -> tuple[RunEntry, ...]:
        """All runs, oldest first; damaged lines are skipped."""
        found: dict[int, RunEntry] = {}
        for content in self._lines():
            number = content.get("number")
            if "verdict" in content:
                entry = from_object(content)
                if entry is not None:
                    found[entry.number] = entry
            elif isinstance(number, int) and number in found and isinstance(content.get("cause"), str):
                found[number] = replace(found[number], cause=content["cause"])
        return tuple(found[number] for number in sorted(found))

    def _lines(self) -> Iterator[Mapping[str, Any]]:
        try:
            text = read_regular(self.folder / LIST).decode("utf-8", "replace")
        except OSError:
            return
        for line in text.splitlines():
            try:
                content = json.loads(line)
            except ValueError:
                continue
            if isinstance(content, dict):
                yield content

    def entry(self, number: int) -> RunEntry:
        """The run with this number. Raises UnusableInput without one."""
        found = self.entries()
        for one in found:
            if one.number == number:
                return one
        known = f"1 to {found[-1].number}" if found else "none yet"
        raise UnusableInput(f"no run {number} of this case; runs: {known} ({clean(str(self.folder))})")

    # --- files of a run ----------------------------------------------------------------------------------------------

    def files(self, number: int) -> Path:
        """The folder with the files of a run, which may be gone."""
        return self.folder / f"{number:06d}"

    def log(self, number: int) -> Path | None:
        """The log of a run, while it is kept."""
        path = self.files(number) / LOG
        return path if path.is_file() else None

    def output(self, number: int) -> Path:
        """The other output of a run."""
        return self.files(number) / OUTPUT

    def sources(self, number: int) -> SourceState | str:
        """The source files of a run, while they are kept; else the reason."""
        try:
            return read_state(self.files(number) / SOURCES) or f"the files of run {number} are not kept any more"
        except UnusableInput as error:
            return f"the sources of run {number} cannot be read: {error}"

    # --- writing -----------------------------------------------------------------------------------------------------

    def begun(self) -> int:
        """Number and empty folder for a new run. Raises NotWritten."""
        with self._locked():
            taken = [entry.number for entry in self.entries()]
            taken += [int(path.name) for path in self.folder.iterdir() if path.name.isdigit()]
            number = max(taken, default=0) + 1
            self.files(number).mkdir(mode=0o700)
            return number

    def abandoned(self, number: int) -> None:
        """Forget a run that was stopped."""
        shutil.rmtree(self.files(number), ignore_errors=True)

    def keep_sources(self, number: int, before: int | None, now: SourceState) -> None:
        """Keep the source files of a run, and their changes since the run ``before``. Raises NotWritten."""
        old = self.sources(before) if before is not None else None
        try:
            write_state(now, self.files(number) / SOURCES)
            if old is not None:
                labels = f"run {before}", f"run {number}"
                lines = (old,) if isinstance(old, str) else difference(old, now, labels)
                text = "".join(f"{line}\n" for line in lines)
                (self.files(number) / DIFF).write_text(text, encoding="utf-8", errors="replace")
        except OSError as error:
            raise self._unwritable(error) from error

    def append(self, entry: RunEntry) -> None:
        """Add a finished run, and remove the files of the oldest ones. Raises NotWritten."""
        self._append(to_line(entry))
        self._prune()

    def add_cause(self, number: int, cause: str) -> None:
        """Add the cause of a run in the list. Raises NotWritten."""
        self._append(json.dumps({"number": number, "cause": cause}))

    def _append(self, line: str) -> None:
        with self._locked():
            handle = os.open(self.folder / LIST, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "r+b") as file:
                end = file.seek(0, os.SEEK_END)
                file.seek(max(0, end - 1))
                cut = end > 0 and file.read(1) != b"\n"  # of a writer that was killed
                file.write(b"\n" * cut + line.encode("utf-8", "replace") + b"\n")

    def _prune(self) -> None:
        """Remove the files of old runs beyond the limits, but for the last run with a comparison."""
        entries = self.entries()
        good = next((one.number for one in reversed(entries) if one.compared and not one.failed), 0)
        total = 0
        for at, one in enumerate(reversed(entries)):
            folder = self.files(one.number)
            total += sum(path.stat().st_size for path in folder.glob("*") if path.is_file())
            if (at >= KEPT_RUNS or total > KEPT_BYTES) and at > 0 and one.number != good:
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Exclude other processes. Raises NotWritten, also for an error inside."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (self.folder / _LOCK).open("wb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> NotWritten:
        return NotWritten(
            f"{clean(str(error.filename or self.folder))}: {error.strerror or error}; XDG_STATE_HOME names another "
            "place for runs"
        )


def run_list(known: KnownCommands) -> RunList:
    """The list of runs of a case."""
    return RunList(state_folder() / "runs" / known.key)
