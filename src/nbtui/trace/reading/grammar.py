"""Parse one line of a log into events: pure functions for every dialect.

Source: trace_dialects. A tag is searched in the line, not expected at its start: a warning without a line end, a
progress bar or a logger's prefix may stand before it, and a second trace line may be glued behind the first.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from nbtui.trace.fields.catalogue import FIELDS, Field, Shape, Tap, Tolerance, canonical, field
from nbtui.trace.fields.gradient import GROUP
from nbtui.trace.model import LineSide, NoticeKind, PairsKind, Value
from nbtui.trace.numbers import integer, number, value
from nbtui.trace.reading import early
from nbtui.trace.reading.notices import is_banner, notice_kind


@dataclass(frozen=True, slots=True)
class Named:
    """One named value; ``key`` is the line without its side and spacing, for the checksum."""

    side: LineSide
    name: str
    raw_name: str
    values: tuple[Value, ...]
    key: str
    text: str
    main: bool = True  # of the main dialect (TRACE_C: / TRACE_PY:), which tells runs apart


@dataclass(frozen=True, slots=True)
class KeyValues:
    """The k=v values of a phi line (``kind`` "phi") or of a term line ("term")."""

    side: LineSide
    kind: PairsKind
    values: dict[str, float]
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Pixel:
    """The traced pixel; ``weight`` 2 when the program itself reports it, 1 from an echoed command."""

    slow: int
    fast: int
    weight: int


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A plain line that answers a preflight question."""

    kind: NoticeKind
    text: str


@dataclass(frozen=True, slots=True)
class Banner:
    """The program's first line."""


@dataclass(frozen=True, slots=True)
class Odd:
    """A TRACE_* line without name and value, or with the wrong number of values."""

    side: LineSide
    text: str
    reason: str
    key: str


@dataclass(frozen=True, slots=True)
class Marker:
    """A TRACE_* line without content (start or end of a table)."""

    side: LineSide
    key: str


@dataclass(frozen=True, slots=True)
class Early:
    """A named value of the early dialect (`nbtui.trace.reading.early`); counts only in a log without other tags."""

    name: str
    raw_name: str
    values: tuple[Value, ...]
    key: str
    text: str


Tagged = Named | KeyValues | Odd | Marker  # TRACE_* and DETECTOR_* lines
Plain = Banner | NoticeLine | Pixel | Early
Event = Tagged | Plain

# here and in other patterns for file text: time is linear in the length of any text
_TAG = re.compile(
    r"TRACE_(C|PY)(?:_([A-Z0-9_]{1,64}))?(?=[: ]|$)|TRACE_CONFIG:|TRACE(?=:)|(?<!\S)DETECTOR_(?=[A-Z0-9]{1,64}_)"
)
_SIDES: dict[str | None, LineSide] = {None: "", "C": "C", "PY": "PY"}
_PAIRS: dict[str, PairsKind] = {"PHI": "phi", "TERM": "term"}
_NAME = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_.]*)(?:\s*=\s*|\s+)(\S.*)")
_CONFIG = re.compile(r"spixel\s*=\s*([0-9]{1,9})\s*,\s*fpixel\s*=\s*([0-9]{1,9})")
_ECHO = re.compile(r"-(?:trace|dump)_pixel\s+([0-9]{1,9})\s+([0-9]{1,9})(?![0-9.])")
_SAID_PIXEL = re.compile(r"\btracing pixel \(slow\s*=\s*([0-9]{1,9}),\s*fast\s*=\s*([0-9]{1,9})\)", re.IGNORECASE)
_PAIR = re.compile(r"(?<![A-Za-z0-9_])[0-9]*([A-Za-z_][A-Za-z0-9_]*)=([^\s,;]+)")
_LABELLED = re.compile(r"(?<![A-Za-z_])([A-Za-z_]+):(\S+)")
_DETECTOR = re.compile(r"DETECTOR_(?:FAST_AXIS|SLOW_AXIS|NORMAL_AXIS|PIX0_VECTOR)")
_CELL = re.compile(r"\s*\[([0-9]+),\s*([0-9]+),\s*([0-9]+)\]\s*=\s*(\S+)\s*")
_PUNCTUATION = str.maketrans("[](),;", "      ")
_BARE = re.compile(r"[-+.0-9eE ]*").fullmatch
_COUNTERS = frozenset(
    entry.name.partition(".")[2]
    for entry in FIELDS
    if entry.tap in (Tap.PHI_STEP, Tap.TERM) and entry.tolerance is Tolerance.INTEGER
)
COUNTS = {Shape.SCALAR: 1, Shape.VECTOR: 3, Shape.HKL: 3, Shape.MATRIX: 9}


def parse(text: str) -> list[Event]:
    """Every event of one line.

    ``text`` must have gone through `nbtui.trace.text.clean`. Never fails: an unknown line gives no event, or
    an `Odd` one when it has a TRACE_C or TRACE_PY tag with content.
    """
    if text.startswith("TRACE_") and text.find("TRACE", 6) < 0:  # most lines by far: one tag, at the start
        single = _TAG.match(text)
        return _tagged(single, text.rstrip(), text[single.end() :].strip()) if single is not None else _plain(text)
    starts = list(_TAG.finditer(text))
    if not starts:
        return _plain(text)
    events: list[Event] = _plain(text[: starts[0].start()]) if starts[0].start() else []
    ends = [match.start() for match in starts[1:]] + [len(text)]
    for match, end in zip(starts, ends, strict=True):
        events.extend(_tagged(match, text[match.start() : end].rstrip(), text[match.end() : end].strip()))
    return events


def _plain(text: str) -> list[Event]:
    events: list[Event] = []
    if is_banner(text):
        events.append(Banner())
    echo = _ECHO.search(text)
    if echo is not None:
        events.append(Pixel(int(echo[1]), int(echo[2]), 1))
    said = _SAID_PIXEL.search(text)
    if said is not None:
        events.append(Pixel(int(said[1]), int(said[2]), 2))
    kind = notice_kind(text)
    if kind:
        events.append(NoticeLine(kind, text.strip()))
    return events


def _tagged(match: re.Match[str], text: str, rest: str) -> list[Event]:
    side: LineSide = _SIDES[match[1]]
    if match[2] is not None:
        return _special(side, match[2], text, rest)
    if side:
        return [_named(side, text, rest[1:])] if rest.startswith(":") and rest[1:].strip() else []
    if text.startswith("TRACE_CONFIG"):
        found = _CONFIG.search(rest)
        return [Pixel(int(found[1]), int(found[2]), 2)] if found else []
    if text.startswith("DETECTOR_"):
        return [_named("", text, text)] if _DETECTOR.match(text) else []
    return _early(text, rest[1:])


def _early(text: str, body: str) -> list[Event]:
    """A ``TRACE:`` line: the pixel, or prose, which the early dialect uses for values."""
    spot = early.pixel(body)
    if spot is not None:
        return [Pixel(*spot, 2)]
    events: list[Event] = [NoticeLine("prose", text)]
    found = early.named(body)
    if found is not None:
        name, raw, payload = found
        values = _values(field(name), payload)
        numbers = values is not None and not any(isinstance(item, str) for item in values)
        if values is not None and (numbers or field(name) is not None):
            events.append(Early(name, raw, values, f"{name} {payload}", text))
    return events


def _named(side: LineSide, text: str, body: str) -> Event:
    key = " ".join(body.replace("=", " ", 1).split())
    match = _NAME.fullmatch(body)
    if match is None:
        return Odd(side, text, "no name and value", key)
    raw, payload = match[1], match[2].strip()
    name = canonical(raw)
    entry = field(name)
    values = _values(entry, payload)
    if values is None:
        count = COUNTS.get(entry.shape, 1) if entry is not None else 1
        return Odd(side, text, f"{raw} takes {count} value{'s' if count > 1 else ''}", key)
    return Named(side, name, raw, values, key, text)


def _values(entry: Field | None, payload: str) -> tuple[Value, ...] | None:
    """The values of a payload, or None when their count is not that of the field."""
    if entry is None:
        tokens = payload.translate(_PUNCTUATION).split()
        if tokens and all(number(token) is not None for token in tokens):
            return tuple(map(value, tokens))
        return (payload,)
    if entry.shape is Shape.TEXT:
        return (payload,)
    if entry.shape in (Shape.ANGLES, Shape.BEAM):
        return tuple(value(token) for _, token in _LABELLED.findall(payload)) or None
    tokens = payload.split() if _BARE(payload) else payload.translate(_PUNCTUATION).split()
    if entry.shape is not Shape.LIST and len(tokens) != COUNTS[entry.shape]:
        return None
    return tuple(map(integer if entry.tolerance is Tolerance.INTEGER else value, tokens))


def _special(side: LineSide, tag: str, text: str, rest: str) -> list[Event]:
    key = " ".join([tag, *rest.split()])
    body = rest.removeprefix(":")
    if tag in ("PHI", "TERM", "ROTSTAR"):
        values = pairs(body)
        if not values:
            return []  # a sentence about such lines, not one of them
        if tag == "ROTSTAR":
            return [
                Named(side, f"rotstar.{name}", name, (item,), f"{key} {name}", text, main=False)
                for name, item in values.items()
                if name != "phi_tic"
            ]
        return [KeyValues(side, _PAIRS[tag], values, key, text)]
    if tag in ("TRICUBIC_GRID_START", "TRICUBIC_GRID_END"):
        return [Marker(side, key)]
    if tag == "DTYPE" and len(body.split()) == 2:
        return [NoticeLine("dtype", " ".join(body.split()))]
    if not body.strip() or not (rest.startswith(":") or "=" in body or re.match(r"[0-9]+\s*:", body)):
        return []
    known = _beside(side, tag, text, body, key)
    return [known if known is not None else Odd(side, text, "", key)]


def _beside(side: LineSide, tag: str, text: str, body: str, key: str) -> Event | None:
    """A line of a dialect with its own rows in the catalogue: sources, interpolation, gradients."""
    source = re.fullmatch(r"SOURCE([0-9]{0,6})", tag)
    if source is not None:
        index, name = source[1], body
        if not index:
            numbered = re.match(r"([0-9]{1,6})\s*:", body)
            if numbered is None:
                return None
            index, name = numbered[1], body[numbered.end() :]
        match = _NAME.fullmatch(name)
        return (
            None if match is None else _entry(side, f"source[{int(index)}].{match[1]}", match[1], match[2], key, text)
        )
    if tag == "GRAD":
        match = _NAME.fullmatch(body)
        return None if match is None else _entry(side, GROUP + match[1], match[1], match[2], key, text)
    if tag == "TRICUBIC":
        cell = _CELL.fullmatch(body)
        return (
            None
            if cell is None
            else _entry(side, "tricubic.grid", f"[{cell[1]},{cell[2]},{cell[3]}]", cell[4], key, text)
        )
    axis = re.fullmatch(r"TRICUBIC_([HKL])_COORDS", tag)
    return None if axis is None else _entry(side, f"tricubic.{axis[1].lower()}_coords", tag, body, key, text)


def _entry(side: LineSide, name: str, raw: str, payload: str, key: str, text: str) -> Event | None:
    name = canonical(name)
    values = _values(field(name), payload.strip())
    return None if values is None else Named(side, name, raw, values, key, text, main=False)


def pairs(body: str) -> dict[str, float]:
    """The ``k=v`` pairs of a line whose value is a number; non-finite counters are dropped."""
    read = ((name, number(token)) for name, token in _PAIR.findall(body))
    return {name: item for name, item in read if item is not None and usable(name, item)}


def usable(name: str, item: float) -> bool:
    """Whether a value is possible for its key in a phi or term line: counters and indices are finite."""
    return name not in _COUNTERS or math.isfinite(item)
