"""Sweeps as they grow on disk: the folders of sweeps, and what has been found in each so far.

A folder is read piece by piece, each line once, so that following a sweep of any size costs what has been added. Other
processes, also on other machines, may write meanwhile.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nbtui.regular_file import open_regular
from nbtui.sweep.coverage import occurring
from nbtui.sweep.explain import Explained
from nbtui.sweep.findings import SweepFinding, findings
from nbtui.sweep.kept import EXPLAINED, SMALLEST, explained_from, smallest_from
from nbtui.sweep.matrix import MatrixLine, matrix, suite_matrix
from nbtui.sweep.plan import TRACE
from nbtui.sweep.record import RECORD, SweepRecord, read_record
from nbtui.sweep.rows import NOT_A_ROW, ROWS, Answer, SweepRow, from_object
from nbtui.sweep.smallest import Smallest
from nbtui.sweep.write import FINDINGS
from nbtui.trace.text import clean

ENDING = ".sweep"  # of the name of a folder
PIECE = 4 << 20  # bytes read at once
MOST_FOLDERS = 50
WAITING = "? "  # begins the name of a finding without a cause yet
REFUSED = "refused by the port"


@dataclass(frozen=True, eq=False)
class SweepSeen:
    """A sweep at one moment.

    Attributes:
        record: None where none was written, as in a folder of an older nbtui.
        done: command lines with a row.
        counts: rows of the present plan by answer.
        damaged: lines that are not rows.
        listed: findings as people read them: wrong numbers, rows without an explanation yet (``? `` begins their
            names), all refusals as one.
        found: findings among the explained rows, as in the report.
        unexplained: number of failing rows without an explanation yet.
        smallest: smallest command lines by finding.
        table: flags against ``listed``.
        changed: time of the last change [s since 1970]; 0 if none is known.
        behind: more is to read.
        problem: why the folder cannot be read; empty otherwise.
    """

    folder: Path
    record: SweepRecord | None = None
    done: int = 0
    counts: Mapping[Answer, int] = field(default_factory=dict)
    damaged: int = 0
    listed: tuple[SweepFinding, ...] = ()
    found: tuple[SweepFinding, ...] = ()
    unexplained: int = 0
    smallest: Mapping[str, Smallest] = field(default_factory=dict)
    table: tuple[MatrixLine, ...] = ()
    changed: float = 0.0
    behind: bool = False
    problem: str = ""

    @property
    def rows(self) -> int:
        """Rows of the present plan."""
        return sum(self.counts.values())

    @property
    def failing(self) -> int:
        """Rows in which the port fails."""
        return sum(count for answer, count in self.counts.items() if answer.fails)

    @property
    def planned(self) -> int | None:
        """Command lines of the plan; None without a record."""
        return self.record.planned if self.record is not None else None

    @property
    def complete(self) -> bool:
        """Whether every command line is judged, every failure explained and every finding reduced."""
        return (
            self.done == self.planned and not self.unexplained and all(one.group in self.smallest for one in self.found)
        )

    def waits(self, finding: SweepFinding) -> bool:
        """Whether the search for the cause is still to come."""
        return finding.group.startswith(WAITING)

    def case_folder(self, finding: SweepFinding) -> Path | None:
        """The case folder of a finding, once the report is written."""
        number = next((at for at, one in enumerate(self.found, start=1) if one is finding), 0)
        place = self.folder / FINDINGS / f"{number:02d}_{finding.slug}"
        return place if finding.group in self.smallest and place.is_dir() else None


class _Tail:
    """A file of JSON lines that grows: its new whole lines at every look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: tuple[int, int] | None = None  # device and inode
        self._offset = 0
        self.damaged = 0
        self.behind = False  # more is there to read
        self.advanced = False  # the last look found lines
        self.changed = 0.0

    def look(self) -> tuple[list[dict[str, Any]], bool]:
        """The objects in the new lines, and whether the file is another one, so that all before is void."""
        try:
            with open_regular(self._path) as stream:
                state = self._path.stat()
                here = (state.st_dev, state.st_ino)
                again = self._file is not None and (here != self._file or state.st_size < self._offset)
                if again:
                    self._offset = self.damaged = 0
                self._file, self.changed = here, state.st_mtime
                stream.seek(self._offset)
                piece = stream.read(PIECE)
                if b"\n" not in piece and len(piece) == PIECE:  # no line of ours is so long
                    piece += stream.readline()
                end = piece.rfind(b"\n") + 1
                self.behind = end > 0 and self._offset + len(piece) < state.st_size
                self._offset += end
                self.advanced = end > 0
        except FileNotFoundError:
            gone, self._file, self._offset = self._file is not None, None, 0
            self.behind = self.advanced = False
            return [], gone
        return [content for line in piece[:end].splitlines() if (content := self._object(line)) is not None], again

    def _object(self, line: bytes) -> dict[str, Any] | None:
        try:
            content = json.loads(line)
        except (ValueError, RecursionError):
            content = None
        if isinstance(content, dict):
            return content
        self.damaged += bool(line.strip())
        return None


class SweepReader:
    """Reads one folder; :meth:`look` returns the present state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: SweepSeen | None = None
        self._begin()

    def _begin(self) -> None:
        self._tails = {name: _Tail(self.folder / name) for name in (ROWS, EXPLAINED, SMALLEST)}
        self._record: SweepRecord | None = None
        self._recorded = (0, 0.0)  # inode and time of the record
        self._place: dict[str, int] = {}  # of a key in the order of the plan
        self._rows: dict[str, SweepRow] = {}
        self._explained: dict[str, dict[str, Any]] = {}
        self._smallest: dict[tuple[str, str], Smallest] = {}
        self._damaged = 0

    def look(self) -> SweepSeen:
        """Read what is new, at most PIECE bytes of each file; the same object as before without news."""
        try:
            fresh = self._read()
        except OSError as error:
            reason = clean(error.strerror or str(error))
            self._seen = SweepSeen(self.folder, problem=f"{clean(str(self.folder))}: cannot be read ({reason})")
            self._begin()
            return self._seen
        if fresh or self._seen is None:
            self._seen = self._present()
        return self._seen

    def _read(self) -> bool:
        fresh = self._read_record()
        for name, tail in self._tails.items():
            objects, again = tail.look()
            if again:
                self._begin()
                self._read()
                return True
            for content in objects:
                self._take(name, content)
            fresh = fresh or tail.advanced
        return fresh

    def _read_record(self) -> bool:
        try:
            state = (self.folder / RECORD).stat()
        except FileNotFoundError:
            return False
        if (state.st_ino, state.st_mtime) == self._recorded:
            return False
        self._recorded = (state.st_ino, state.st_mtime)
        self._record = read_record(self.folder)
        keys = self._record.keys if self._record is not None else ()
        self._place = {key: at for at, listed in enumerate(keys) for key in listed}
        return True

    def _take(self, name: str, content: dict[str, Any]) -> None:
        try:
            if name == ROWS:
                row = from_object(content)
                self._rows.setdefault(row.key, row)
            elif name == EXPLAINED:
                self._explained[str(content["key"])] = content
            else:
                small = smallest_from(content)
                self._smallest[small.target, small.finding] = small
        except NOT_A_ROW:
            self._damaged += 1

    def _present(self) -> SweepSeen:
        if self._record is None:
            rows = list(self._rows.values())
            done = len({(row.case, row.changes) for row in rows})
        else:
            rows = [row for row in self._rows.values() if row.key in self._place]
            done = len({self._place[row.key] for row in rows})
        explained: list[Explained] = []
        waiting: list[Explained] = []  # rows without an explanation yet
        for row in rows:
            if row.answer.fails:
                one = self._explained_row(row)
                (waiting if one is None else explained).append(one or Explained(row, (), False, row.detail))
        found = findings(explained)
        named = [replace(one, group=f"{WAITING}{one.group.removeprefix('unknown: ')}") for one in findings(waiting)]
        told = [one for one in found if one.answer is not Answer.REFUSED]
        listed = (*told, *named, *_refusals([one for one in found if one.answer is Answer.REFUSED]))
        smallest = {one.group: self._smallest.get((one.simplest.row.key, one.group)) for one in found}
        return SweepSeen(
            self.folder,
            self._record,
            done=done,
            counts=Counter(row.answer for row in rows),
            damaged=self._damaged + sum(tail.damaged for tail in self._tails.values()),
            listed=listed,
            found=found,
            unexplained=len(waiting),
            smallest={group: one for group, one in smallest.items() if one is not None},
            table=self._matrix(rows, listed),
            changed=max(tail.changed for tail in self._tails.values()),
            behind=any(tail.behind for tail in self._tails.values()),
        )

    def _matrix(self, rows: Sequence[SweepRow], listed: Sequence[SweepFinding]) -> tuple[MatrixLine, ...]:
        if self._record is None or not self._record.suite:
            return matrix(rows, listed)
        return suite_matrix(occurring(row.command for row in rows).flags, rows, listed)

    def _explained_row(self, row: SweepRow) -> Explained | None:
        """The row with its cause; None before the search for one. Failures other than a wrong trace need none."""
        if row.answer is not Answer.DIVERGES or row.check != TRACE:
            return Explained(row, (), False, row.detail)
        content = self._explained.get(row.key)
        try:
            return None if content is None else explained_from(content, row)
        except NOT_A_ROW:
            return None


def _refusals(found: Sequence[SweepFinding]) -> list[SweepFinding]:
    """All refusals as one finding, with the flags that each of them needs."""
    if not found:
        return []
    flags = dict.fromkeys(flag for one in found for flag in one.flags)
    others = len(found) - 1
    more = f"; {others} more message{'s' * (others != 1)}" if others else ""
    members = tuple(member for one in found for member in one.members)
    return [SweepFinding(REFUSED, f"{found[0].sentence}{more}", members, tuple(flags))]


class SweepFolders:
    """The sweeps in some places: folders NAME.sweep, the one changed last first."""

    def __init__(self, places: Iterable[Path]) -> None:
        self._places = tuple(dict.fromkeys(place.absolute() for place in places))
        self._readers: dict[Path, SweepReader] = {}

    def look(self) -> tuple[SweepSeen, ...]:
        """The present state of all sweeps; unchanged ones are the same objects as before."""
        here = [folder for place in self._places for folder in _folders(place)][:MOST_FOLDERS]
        self._readers = {folder: self._readers.get(folder) or SweepReader(folder) for folder in dict.fromkeys(here)}
        seen = [reader.look() for reader in self._readers.values()]
        return tuple(sorted(seen, key=lambda one: (-one.changed, one.folder)))


def _folders(place: Path) -> list[Path]:
    try:
        named = sorted(path for path in place.iterdir() if path.name.endswith(ENDING))
    except OSError:
        return []
    return [path for path in named if (path / ROWS).exists() or (path / RECORD).exists()]
