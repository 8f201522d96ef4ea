"""Findings that come before any number, and hypotheses that the logs themselves name.

Source: hypotheses.md; nanobragg_setup.md sections 2.8, 5.2 and 6 for the C program's notices.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from nbtui.diagnosis.hypotheses.catalogue import CATALOGUE
from nbtui.diagnosis.hypotheses.inputs import SOURCE_COUNT
from nbtui.diagnosis.hypotheses.record import NoticeMeaning
from nbtui.diagnosis.replay.setup import PixelSetup
from nbtui.diagnosis.search.program import contradicted, named_already
from nbtui.errors import NbtuiError
from nbtui.live.door import lax_reading
from nbtui.live.model import Case, reference_settings
from nbtui.live.parameters.c_setup import c_setup, differs
from nbtui.live.parameters.edits import in_force
from nbtui.live.parameters.table import by_id
from nbtui.live.parameters.values import shown
from nbtui.parity.compare import compare
from nbtui.regular_file import read_regular
from nbtui.trace.model import Trace
from nbtui.trace.text import clean

# messages of the C program without a hypothesis of their own
GENERAL = (
    NoticeMeaning(
        "intensity may vary significantly across a pixel",
        "C warns that the intensity varies within the pixel: a small shift changes it a lot.",
    ),
    NoticeMeaning(
        "out of range for three point interpolation",
        "C switched interpolation off for the rest of the run at the first point out of range (quirk L14): "
        "the pixel depends on what was computed before it.",
    ),
    NoticeMeaning(
        "further warnings will not be printed",
        "C suppressed later warnings of the same kind.",
    ),
)
LISTED = 4  # values named before "and N more"
COPIED = 60.0  # seconds within which the files of one copy may differ in age
_SEPARATORS = " \t,;:!"  # of C's columns
_CREATED = re.compile(r"created a total of (\d{1,9}) sources?:")


def hints(c: Trace, py: Trace) -> dict[str, float]:
    """Bits off the price of hypotheses that a log names."""
    said = [message.text for message in c.notices + py.notices]
    return {
        name: item.notice.bits
        for name, item in CATALOGUE.items()
        if item.notice is not None and item.notice.bits and any(item.notice.text in text for text in said)
    }


def preflight(case: Case, c: Trace, py: Trace, base: PixelSetup | None = None) -> tuple[str, ...]:
    """Findings as sentences, the most important first; nothing is simulated beyond the set-up ``base``."""
    out: list[str] = []
    out += lax_reading(case)
    out += _pixel_of_case(case, c)
    out += [clean(text) for text in compare(c, py).findings if not named_already(case, text)]
    out += _command_line(case, c)
    out += _meanings(c)
    out += _age(case)
    out += _background(c, py)
    out += source_lines(case, c)
    out += contradicted(case, c)
    if base is not None:
        out += _cache(case, base)
    return tuple(dict.fromkeys(out))


def of_logs(c: Trace, py: Trace) -> tuple[str, ...]:
    """The findings that need no command line."""
    return tuple(dict.fromkeys([*map(clean, compare(c, py).findings), *_meanings(c), *_background(c, py)]))


def _pixel_of_case(case: Case, c: Trace) -> list[str]:
    if case.pixel is None or c.pixel is None or case.pixel == c.pixel:
        return []
    slow, fast = case.pixel
    point = "Slow and fast exchanged?" if (fast, slow) == c.pixel else "Another pixel?"
    log = f"slow {c.pixel[0]} fast {c.pixel[1]}"
    return [f"{point} The command names pixel slow {slow} fast {fast}, the C log is of {log}."]


def _command_line(case: Case, c: Trace) -> list[str]:
    """Set-up values of the C log that contradict the command line."""
    try:
        values = in_force(case, reference_settings(case))
    except NbtuiError:
        return []  # simulating the case reports the error
    shown_by_c = c_setup(c, case.c_program)
    out = []
    for id, said in shown_by_c.items():
        if id in values and differs(values[id], said):
            row = by_id()[id]
            unit = f" {row.unit}" if row.unit else ""
            theirs, ours = shown(row, said.value), shown(row, values[id])
            out.append(f"{row.label.strip()} {theirs}{unit} instead of {ours}{unit}")
    if not out:
        return []
    more = f" and {len(out) - LISTED} more" if len(out) > LISTED else ""
    what = clean("; ".join(out[:LISTED]))
    return [f"Log of another run? The C log contradicts this command line: {what}{more}."]


def _meanings(c: Trace) -> list[str]:
    """The meaning of C's messages, first of those that name a hypothesis."""
    said = [message.text for message in c.notices]
    known = (*GENERAL, *(item.notice for item in CATALOGUE.values() if item.notice is not None))
    ranked = sorted(known, key=lambda notice: -notice.bits)
    return [notice.meaning for notice in ranked if any(notice.text in text for text in said)]


def _age(case: Case) -> list[str]:
    """Input files newer than the C log."""
    if case.c_log is None or not case.c_log.is_file():
        return []
    made = case.c_log.stat().st_mtime
    paths = {name: case.workdir / name for name in _files(case)}
    newer = [name for name, path in paths.items() if path.is_file() and path.stat().st_mtime > made + COPIED]
    if not newer:
        return []
    return [f"The C log is older than its input {', '.join(clean(name) for name in newer)}: run the C program again."]


def _files(case: Case) -> list[str]:
    flags = {"-mat", "-hkl", "-sourcefile", "-mask", "-img"}
    return [value for flag, value in zip(case.argv, case.argv[1:], strict=False) if flag in flags]


def _background(c: Trace, py: Trace) -> list[str]:
    """Pixels that say nothing about the crystal."""
    values = [float(value) for record in c.all("F_cell") for value in record.values if not isinstance(value, str)]
    if values and all(value == 0.0 for value in values):
        return ["F_cell is 0 in every block of the C log: a background pixel, which says nothing about F, N or phi."]
    finals = [record.values[0] for trace in (c, py) for record in trace.all("I_pixel_final")[:1]]
    if finals and all(not isinstance(value, str) and (value == 0.0 or math.isnan(float(value))) for value in finals):
        return ["I_pixel_final is 0 or NaN on both sides: choose a pixel with signal."]
    return []


def source_lines(case: Case, c: Trace) -> list[str]:
    """Lines of the source file without a position, which C counts as sources; it skips empty ones."""
    name = next((value for flag, value in zip(case.argv, case.argv[1:], strict=False) if flag == "-sourcefile"), None)
    created = [int(found[1]) for notice in c.notices if (found := _CREATED.search(notice.text))]
    if name is None or not created:
        return []
    try:
        lines = read_regular(case.workdir / name).decode("latin-1").split("\n")
    except OSError:
        return []  # simulating the case reports the error
    read = [line for line in lines if line.strip(_SEPARATORS)]
    dark = sum(not _position(line) for line in read)
    if not dark or created[-1] != len(read):
        return []
    are = "is a line" if dark == 1 else "are lines"
    return [
        f"C counts comment lines: {dark} of its {len(read)} sources {are} of {clean(Path(name).name)} without a "
        f"position, read as zeros ({SOURCE_COUNT.id}). Remove them, or --quirk {SOURCE_COUNT.quirks[0]}=off."
    ]


def _position(line: str) -> bool:
    """Whether a line begins with a number; C also takes ``, ; : !`` for separators (nanobragg_setup.md section 4.1)."""
    first = next(iter(re.split(f"[{_SEPARATORS}]+", line.strip(f"{_SEPARATORS}\r"))), "")
    try:
        return math.isfinite(float(first))
    except ValueError:
        return False


def _cache(case: Case, base: PixelSetup) -> list[str]:
    options = base.scene.options
    if options.hkl_file is None and base.scene.table.source.startswith("Fdump"):
        return [f"Structure factors come from {clean(options.dump_file)} in the working directory: no -hkl was given."]
    return []
