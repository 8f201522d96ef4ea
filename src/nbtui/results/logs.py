"""A trace log, read: its fields by name."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbtui.errors import NotWritten, UnusableInput
from nbtui.results import page
from nbtui.trace.fields import catalogue
from nbtui.trace.model import Trace, Value
from nbtui.trace.reading.reader import parse_lines, read_trace
from nbtui.trace.text import clean

GIVEN_TEXT = "the given text"  # origin of a trace that was no file
_SHOWN = 40  # records in the text and in the HTML
_MARK = "TRACE_"


@dataclass(frozen=True, repr=False, eq=False)
class TraceResult:
    """The trace of one pixel as a log states it.

    ``trace["omega_pixel_sr"]`` is the value of a field, a number or a tuple of numbers, in the unit of the catalogue
    (docs/traces.md); an alias of a port is as good as the canonical name.
    """

    _trace: Trace
    _source: Path | str  # its file or its text

    @property
    def origin(self) -> str:
        """The path of the log, or where else the trace comes from."""
        return self._trace.origin

    @property
    def side(self) -> str:
        """``C`` or ``PY`` by its lines, ``?`` where they do not say."""
        return self._trace.side

    @property
    def pixel(self) -> tuple[int, int] | None:
        """(slow, fast), if the log names it."""
        return self._trace.pixel

    @property
    def names(self) -> tuple[str, ...]:
        """The fields by canonical name, each once, in the order of the log."""
        return tuple(dict.fromkeys(self._trace.names()))

    @property
    def notices(self) -> tuple[str, ...]:
        """Doubts of the reader and telling lines of the log."""
        return tuple(notice.text for notice in self._trace.notices)

    def all(self, name: str) -> tuple[Value | tuple[Value, ...], ...]:
        """Every occurrence of a field: one for each subpixel, layer or source that repeats it.

        Raises:
            UnusableInput: the log has no such field.
        """
        found = self._trace.all(catalogue.canonical(name))
        if not found:
            near = difflib.get_close_matches(name, self.names, 1)
            hint = f"; did you mean {clean(near[0])}?" if near else ""
            raise UnusableInput(f"{clean(self.origin)}: no field {clean(name)}{hint}")
        return tuple(record.values[0] if len(record.values) == 1 else record.values for record in found)

    def __getitem__(self, name: str) -> Value | tuple[Value, ...]:
        return self.all(name)[0]

    def __contains__(self, name: str) -> bool:
        return bool(self._trace.all(catalogue.canonical(name)))

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        where = "" if self.pixel is None else f", pixel (slow {self.pixel[0]}, fast {self.pixel[1]})"
        return f"TraceResult({clean(self.origin)}: {self.side}{where}, {len(self)} fields)"

    def __str__(self) -> str:
        lines = [f"  {name:<28} {value} {unit}".rstrip() for name, value, unit in self._first()]
        return "\n".join([repr(self), *lines, *self._left()])

    def _repr_html_(self) -> str:
        parts = [page.heading(repr(self)), page.bullets(self.notices)]
        return page.block(
            *parts, page.table(("field", "value", "unit"), self._first()), *map(page.paragraph, self._left())
        )

    def _first(self) -> list[tuple[str, str, str]]:
        """Name, values and unit of the first records."""
        records = self._trace.records[:_SHOWN]
        return [
            (clean(record.name), " ".join(clean(str(value)) for value in record.values), unit_of(record.name))
            for record in records
        ]

    def _left(self) -> list[str]:
        left = len(self._trace.records) - _SHOWN
        return [f"{left:,} more lines"] if left > 0 else []


def unit_of(name: str) -> str:
    """The unit of a field; empty without one."""
    known = catalogue.field(name)
    return known.unit if known is not None else ""


def log_of(given: str | os.PathLike[str] | TraceResult) -> TraceResult:
    """A log by its path, or by its text: a string of several lines, or of one that begins with ``TRACE_``.

    Raises:
        TraceError: an unusable file.
        UnusableInput: a text without a trace line.
    """
    if isinstance(given, TraceResult):
        return given
    if not isinstance(given, str | os.PathLike):
        raise UnusableInput(f"a log is a path, a text or a result of nbtui.api, not {type(given).__name__}")
    if not isinstance(given, str) or not ("\n" in given or given.lstrip().startswith(_MARK)):
        path = Path(given)
        return TraceResult(read_trace(path), path)
    trace = parse_lines(given.split("\n"), GIVEN_TEXT)
    if not (trace.records or trace.phi or trace.terms or trace.unknown):
        raise UnusableInput(f"{GIVEN_TEXT}: no trace line; a trace has lines like 'TRACE_PY: F_cell 100'")
    return TraceResult(trace, given)


def trace_of(log: TraceResult) -> Trace:
    """The trace as the rooms of nbtui take it."""
    return log._trace


def file_of(log: TraceResult, folder: Path) -> Path:
    """The file of a log; a text becomes one in ``folder``, named by its content.

    Raises:
        NotWritten: it cannot be written.
    """
    if isinstance(log._source, Path):
        return log._source
    import hashlib

    from nbtui.evidence.write.files import write_file

    data = log._source.encode("utf-8", "surrogateescape")
    path = folder / f"{hashlib.sha256(data).hexdigest()[:16]}.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotWritten(f"{clean(str(folder))}: cannot be made ({error.strerror})") from error
    write_file(path, data, force=True)
    return path
