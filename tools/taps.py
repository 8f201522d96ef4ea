"""The tables of the taps, in src/nbtui/tap.py and src/nbtui/nbtrace.h, from the field catalogue."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from nbtui.trace.fields.catalogue import FIELDS
from nbtui.trace.fields.field import Field, Shape, Tap, Tolerance
from nbtui.trace.fields.gradient import GROUP

ROOM = Path(__file__).resolve().parents[1] / "src" / "nbtui"
PY_FILE, C_FILE = ROOM / "tap.py", ROOM / "nbtrace.h"
_PLACES = {Tap.PLACED: "bare", Tap.RAY: "first", Tap.FIRST_PASS: "first", Tap.STORED: "stored", Tap.SOURCE: "source"}
_BY_TAP = {Tap.TERM: "term", Tap.INTERPOLATION: "tricubic", Tap.GRADIENT: "gradient"}
_WIDTH = 120
_SHAPES = {Shape.HKL: "vector"}
_COUNTERS = ("thick", "sub_slow", "sub_fast", "source", "phi_step", "mosaic_domain")  # given with NBT_TERM


def tapped() -> tuple[Field, ...]:
    """The fields that a tap prints: all but the -printout block, whose few digits other fields have in full."""
    return tuple(entry for entry in FIELDS if entry.tap is not Tap.PRINTOUT)


def place(entry: Field) -> str:
    """The sort of line that shows a field."""
    if entry.tap.in_setup:
        return _PLACES.get(entry.tap, "setup")
    if entry.tap is Tap.PHI_STEP:
        return entry.name.partition(".")[0]
    return {**_PLACES, **_BY_TAP}[entry.tap]


def shape(entry: Field) -> str:
    """The shape of the value of a tap; a whole number has a name of its own in C."""
    if entry.name == "tricubic.grid":
        return "grid"
    return _SHAPES.get(entry.shape, entry.shape.value)


def py_table() -> str:
    """Names by place, shape and unit."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for entry in tapped():
        groups.setdefault((place(entry), shape(entry), entry.unit or "-"), []).append(entry.name)
    text = "; ".join(f"{' | '.join(group)} | {' '.join(names)}" for group, names in groups.items())
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False) + "\n"


def _c_lines() -> Iterator[str]:
    for entry in tapped():
        whole, last = entry.tolerance is Tolerance.INTEGER, entry.name.rpartition(".")[2]
        kind = {"scalar": "WHOLE" if whole else "REAL", "vector": "INDICES" if whole else "VECTOR"}
        word = kind.get(shape(entry), shape(entry).upper())
        where = place(entry)
        if entry.name in ("phi.phi_tic", "tricubic.grid") or (where == "term" and last in _COUNTERS):
            continue
        prefix = {
            "setup": f"TRACE_C:{last}=",
            "bare": f"{last} ",
            "first": f"TRACE_C: {last} ",
            "stored": f"TRACE_C: {last} ",
            "source": f"{last} ",
            "gradient": f"TRACE_C_GRAD: {entry.name.removeprefix(GROUP)} ",
            "tricubic": f"TRACE_C_TRICUBIC_{last[0].upper()}_COORDS: ",
        }.get(where, f" {last}=")
        group = "" if where in ("setup", "bare", "first", "stored") else f"{where.upper()}_"
        yield f'#define NBT_{group}{word}_{last} "{prefix}"'


def c_table() -> str:
    """One macro per field: the beginning of its line."""
    return "".join(f"{line}\n" for line in _c_lines())


def with_table(text: str, table: str, begin: str, end: str) -> str:
    """``text`` with what stands between the lines ``begin`` and ``end`` replaced."""
    head, _, rest = text.partition(begin)
    _, found, tail = rest.partition(end)
    assert found, f"no {end!r} in the file"
    return f"{head}{begin}{table}{end}{tail}"


def pages() -> Iterator[tuple[Path, str]]:
    """The two files with current tables."""
    yield PY_FILE, with_table(PY_FILE.read_text("utf-8"), py_table(), '_TABLE = """\\\n', '"""  # end of the table\n')
    begin, end = "/* fields, made by `make docs` from the catalogue */\n", "/* end of the fields */\n"
    yield C_FILE, with_table(C_FILE.read_text("utf-8"), c_table(), begin, end)
