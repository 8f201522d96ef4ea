"""Sentences to read before trusting a comparison, the most important first.

Source: spec/evidence_package.md (summary, section 5) and spec/trace_dialects.md.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Sequence

from nbtui.parity import align, position
from nbtui.parity.blocks import BlockPairing
from nbtui.parity.model import FALSE_DIVERGENCE, Overview, Row
from nbtui.parity.numbers import printing, significant_digits
from nbtui.parity.program import other_program
from nbtui.parity.sides import Sides
from nbtui.parity.stated import stated_precisions
from nbtui.parity.stock import block_fields, stock_log
from nbtui.parity.units import Conversion
from nbtui.trace.fields import catalogue
from nbtui.trace.fields.field import Tolerance
from nbtui.trace.model import Trace
from nbtui.trace.printed import half_units
from nbtui.trace.reading.printout import is_printout
from nbtui.trace.side import Pair, Role, SideName
from nbtui.trace.text import clean

# inputs, not results: a difference here means another configuration
GIVEN = (
    "detector_convention",
    "distance_m",
    "lambda_angstroms",
    "fluence_photons_per_m2",
    "steps",
    "oversample_thick",
    "oversample_polar",
    "oversample_omega",
)
_LISTED = 8  # names shown before "and N more"
_ENOUGH = 1000  # lines of one field tested: far more than chance allows
_LONG = 12  # significant digits that rule out a float32 value by chance
_DIM = 1e-6  # of the image maximum: a fainter pixel is a poor test
_OWN_WARNING = re.compile(r"\bWARNING\b|Warning: ")  # the program's own, not one about its log
_TAGGED = 100  # lines examined for a tag: some lines have none
_TAGS = {"C": "TRACE_C", "PY": "TRACE_PY"}


def findings(
    sides: Sides, rows: Sequence[Row], overview: Overview, conversions: Sequence[Conversion], *, compared: int
) -> tuple[str, ...]:
    """Every sentence that applies to these two traces. ``compared``: rows that the profile could judge."""
    c, py = sides.c, sides.py
    named = ours, theirs = sides.named
    return (
        *_stand_in(c),
        *_nothing_common(sides, overview, compared),
        *_stock(c, ours),
        *_stock(py, theirs),
        *_same_file(c, py),
        *_sides(sides),
        *_pixels(c, py, named),
        *other_program(c, ours),
        *_given(rows, overview, named),
        *(found.note for found in conversions),
        *sides.own_c.sentences,
        *sides.own_py.sentences,
        *_stated_precision(c, ours),
        *_stated_precision(py, theirs),
        *_single_precision(c, ours),
        *_single_precision(py, theirs),
        *_low_precision(c, ours),
        *_low_precision(py, theirs),
        *_false_divergences(rows, overview),
        *_one_sided(overview, named, block_fields(c, py)),
        *_repetitions(sides),
        *_unknown_lines(c, ours),
        *_unknown_lines(py, theirs),
        *_dim_pixel(c),
        *_warnings(c, ours),
        *_warnings(py, theirs),
    )


def _stand_in(c: Trace) -> list[str]:
    return [f"The reference is simulated, {clean(c.origin)}: no C program ran."] if c.simulated else []


def pivots_around_beam(trace: Trace) -> bool:
    """Whether the detector of the log pivots around the direct beam (more constants in its set-up lines)."""
    said = [notice.text for notice in trace.notices if "pivoting detector around" in notice.text]
    return "direct beam" in said[-1] if said else bool(trace.all("Fbeam_m"))


def _nothing_common(sides: Sides, overview: Overview, compared: int) -> list[str]:
    if compared:
        return []
    for trace, side in ((sides.c, sides.named[0]), (sides.py, sides.named[1])):
        if not trace.records:
            return [f"{side.subject} holds no trace value: nothing could be compared."]
    if any(tally.both for tally in overview.tallies):
        return ["No field judged by this profile is on both sides, so there is no verdict; use profile full."]
    return ["The two logs have no field in common: nothing could be compared."]


def _same_file(c: Trace, py: Trace) -> list[str]:
    if not c.sha256 or c.sha256 != py.sha256 or (c.side != py.side and c.origin != py.origin):
        return []
    if c.origin != py.origin and is_printout(c):  # few digits: two programs print the same
        return []
    return ["Both sides are the same trace (equal sha256 of the trace lines), so agreement proves nothing."]


def _sides(sides: Sides) -> list[str]:
    result = []
    for trace, side in ((sides.c, sides.named[0]), (sides.py, sides.named[1])):
        wanted = "C" if side.role is Role.REFERENCE else "PY"
        if trace.side in _TAGS and trace.side != wanted and _holds(trace, _TAGS[trace.side]):
            result.append(f"Logs swapped? {side.subject} holds {_TAGS[trace.side]} lines.")
    return result


def _holds(trace: Trace, tag: str) -> bool:
    """Whether lines of the trace have this tag."""
    lines = [line.text for part in (trace.records[:_TAGGED], trace.phi[:1]) for line in part]
    return any(tag in text for text in lines) or bool(trace.terms)


def _stock(trace: Trace, side: SideName) -> list[str]:
    """What a log of a stock build holds."""
    found = stock_log(trace)
    return [f"{side.subject} is a {found}."] if found else []


def _pixels(c: Trace, py: Trace, named: Pair) -> list[str]:
    by_position = py.pixel is None
    theirs = position.pixel_by_position(c, py) if by_position else py.pixel
    if c.pixel is None or theirs is None or c.pixel == theirs:
        return []
    how = " (inferred from its pixel_pos_meters)" if by_position else ""
    ours, other = (f"{side.name} slow {at[0]} fast {at[1]}" for side, at in zip(named, (c.pixel, theirs), strict=True))
    if c.pixel == theirs[::-1]:
        return [
            f"Slow and fast swapped? {ours}, {other}{how}: -trace_pixel takes SLOW FAST, -printout_pixel FAST SLOW."
        ]
    return [f"Different pixels: {ours}, {other}{how}."]


def _given(rows: Sequence[Row], overview: Overview, named: Pair) -> list[str]:
    differing: dict[str, Row] = {}
    first = sorted(t.first_differing for t in overview.tallies if t.field in GIVEN and t.first_differing >= 0)
    for row in (rows[at] for at in first):
        # a constant text of C is not a sign of another configuration
        if FALSE_DIVERGENCE not in row.note:
            differing.setdefault(row.field, row)
    if not differing:
        return []
    ours, theirs = (side.name for side in named)
    shown = ", ".join(
        f"{name}: {ours} {show(row.c_value)}, {theirs} {show(row.py_value)}" for name, row in differing.items()
    )
    return [f"Different commands? The set-up differs: {shown}."]


def _stated_precision(trace: Trace, side: SideName) -> list[str]:
    stated = stated_precisions(trace).items()
    return [f"{side.subject} states that it was computed in {clean(kind)}: {_list(names)}." for kind, names in stated]


def _single_precision(trace: Trace, side: SideName) -> list[str]:
    """Name the fields whose long numbers are all float32 values: by chance, one in 2^29 is."""
    seen: dict[str, bool] = {}
    stated = {name for names in stated_precisions(trace).values() for name in names}
    for name in dict.fromkeys(trace.names()):
        known = catalogue.field(name)
        if known is None or known.tolerance is Tolerance.FLOAT32 or name in stated:
            continue
        tokens = (token for record in trace.all(name)[:_ENOUGH] for token in align.tokens(record))
        long = [token for token in tokens if len(token) >= _LONG and significant_digits(token) >= _LONG]
        if long:
            seen[name] = all(map(_is_float32, long))
    single = [name for name, only in seen.items() if only]
    if not single:
        return []
    if len(single) * 4 >= len(seen) * 3:
        return [
            f"The values of {side.noun} are float32 numbers ({len(single)} of {len(seen)} fields), "
            "which explains differences up to about 1e-6."
        ]
    return [f"The values of {side.noun} are rounded to float32 in: {_list(single)}."]


def _is_float32(token: str) -> bool:
    value = float(token)
    try:
        rounded = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return False
    return f"{rounded:.15g}" == f"{value:.15g}"


def _low_precision(trace: Trace, side: SideName) -> list[str]:
    traced = (record for record in trace.records if half_units(record) is None)
    how = printing(token for record in traced for token in align.tokens(record))
    if how.digits is None and how.decimals is None:
        return []
    amount = f"{how.digits} digits" if how.digits is not None else f"{how.decimals} decimals"
    return [f"{side.subject} prints only {amount}; values are compared to the digits printed."]


def _false_divergences(rows: Sequence[Row], overview: Overview) -> list[str]:
    """One sentence per reason, with the fields that differ for it."""
    fields: dict[str, list[str]] = {}
    for at in sorted(tally.first_differing for tally in overview.tallies if tally.first_differing >= 0):
        _, found, reason = rows[at].note.partition(f"{FALSE_DIVERGENCE}: ")
        if found and rows[at].field not in fields.setdefault(reason, []):
            fields[reason].append(rows[at].field)
    return [f"Known false divergence in {_list(names)}: {reason}" for reason, names in fields.items()]


def _one_sided(overview: Overview, named: Pair, block: Collection[str]) -> list[str]:
    """``block``: the only fields of a stock build; the sentence about its log speaks of all others."""
    result = []
    both = {tally.field for tally in overview.tallies if tally.both}
    for at_left, side in zip((True, False), named, strict=True):
        first = [(t.first_only_c if at_left else t.first_only_py, t.field) for t in overview.tallies]
        alone = (name for at, name in sorted(first) if at >= 0 and name not in both)
        only = [name for name in dict.fromkeys(alone) if not block or name in block]
        if only:
            result.append(f"Only in {side.noun} ({len(only)} field{'s' * (len(only) != 1)}): {_list(only)}.")
    return result


def _repetitions(sides: Sides) -> list[str]:
    c, py = sides.c, sides.py
    ours, theirs = align.count_blocks(c), align.count_blocks(py)
    one, other = sides.named
    result = []
    if ours != theirs and ours and theirs:
        result.append(
            f"{one.subject} prints its block {_times(ours)}, {other.noun} {_times(theirs)} "
            f"(sub-pixels and layers); {_how_paired(sides.pairing, sides.named)}."
        )
    if c.phi and py.phi and len(c.phi) != len(py.phi):
        result.append(f"{one.subject} has {len(c.phi)} phi lines, {other.noun} {len(py.phi)}.")
    return result


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _how_paired(pairing: BlockPairing, named: Pair) -> str:
    if pairing.at_centre:
        return f"the block of {named[1].noun} is at the centre of the pixel, where {named[0].noun} has no sub-pixel"
    if pairing.in_order and not any(pairing.offsets):
        return "blocks were compared in order, and the remaining ones not at all"
    partners = ", ".join(str(number) for number in sorted(pairing.of_suspect)[:_LISTED])
    more = " ..." if len(pairing.of_suspect) > _LISTED else ""
    return (
        f"each of its blocks was compared with the block of {named[0].noun} at the same place, number {partners}{more}"
    )


def _unknown_lines(trace: Trace, side: SideName) -> list[str]:
    if not trace.unknown:
        return []
    line, text = trace.unknown[0]
    count = len(trace.unknown)
    return [f"{count} trace lines of {side.noun} were not recognized, the first in line {line}: {_short(text)}"]


def _dim_pixel(c: Trace) -> list[str]:
    peak = position.brightest(c)
    final = c.all("I_pixel_final")
    if peak is None or not final or isinstance(final[-1].values[0], str):
        return []
    value = float(final[-1].values[0])
    if peak[0] <= 0 or not 0 <= value < _DIM * peak[0]:
        return []
    slow, fast = peak[1]
    maximum = f"the image maximum ({peak[0]:.6g})"
    if c.pixel == (fast, slow):
        return [
            f"Slow and fast mixed up? {maximum[0].upper()}{maximum[1:]} is at the exchanged pixel, slow {slow} fast "
            f"{fast}; the traced one has {value:.3g}."
        ]
    return [f"Dim pixel: {value:.3g}, far below {maximum} at slow {slow} fast {fast}."]


def _warnings(trace: Trace, side: SideName) -> list[str]:
    """Warnings of the program, and notices of the log reader."""
    result = []
    for text in dict.fromkeys(notice.text for notice in trace.notices if notice.kind == "warning"):
        if _OWN_WARNING.search(text):
            result.append(
                f"{side.program[0].upper()}{side.program[1:]} warns: {_short(text.removeprefix('WARNING:').strip())}"
            )
        else:
            result.append(f"{side.subject}: {_short(text)}")
    return result


def show(value: float | int | str | None) -> str:
    """A value as the logs print it (%.15g), or its cleaned text."""
    if value is None:
        return "-"
    return clean(value) if isinstance(value, str) else f"{value:.15g}"


def _short(text: str) -> str:
    text = clean(text)
    return text if len(text) <= 160 else text[:157] + "..."


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(clean(name) for name in names[:_LISTED])
    return shown if len(names) <= _LISTED else f"{shown} and {len(names) - _LISTED} more"
