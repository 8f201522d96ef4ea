"""A comparison as text: for terminals and pipes, and as Markdown. Pure functions of frozen values.

All text from logs is sanitized here once more, so that no caller can forget it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from itertools import dropwhile

from nbtui.parity import standing
from nbtui.parity.coverage import too_little
from nbtui.parity.excerpt import all_listed, representatives
from nbtui.parity.model import FALSE_DIVERGENCE, OUTSIDE, Comparison, Row, Status
from nbtui.parity.preflight import show
from nbtui.parity.standing import relative
from nbtui.trace.side import Pair
from nbtui.trace.text import clean

_MARKS = {Status.PASS: "=", Status.MISSING: "o"}
_COLOURS = {
    Status.PASS: "32",
    Status.MINOR: "33",
    Status.DIVERGENT: "33;1",
    Status.CRITICAL: "31;1",
    Status.MISSING: "36",
}
_BROAD = 108  # columns from which both values are printed side by side
_NARROW = 40
_SHAPE = re.compile(r"([+-]?)(\d+)(?:\.\d+)?(e[+-]\d+)?")


def split_common(a: str, b: str) -> tuple[str, str, str, str]:
    """Common beginning and differing rest of two printed numbers: (common, rest of a, common, rest of b).

    Digits are common only where they mean the same power of ten: another sign, exponent or number of digits before
    the point leaves nothing in common.
    """
    if a == b:
        return a, "", b, ""
    left, right = _SHAPE.fullmatch(a), _SHAPE.fullmatch(b)
    if left is None or right is None:
        return "", a, "", b
    same_scale = left[1] == right[1] and left[3] == right[3] and len(left[2]) == len(right[2])
    count = 0
    while same_scale and count < min(len(a), len(b)) and a[count] == b[count]:
        count += 1
    if not any(char.isdigit() for char in a[:count]):
        count = 0
    return a[:count], a[count:], b[:count], b[count:]


def fields_differing(comparison: Comparison) -> tuple[int, int]:
    """The numbers of differing and of judged fields (not components or blocks) present on both sides."""
    tallies = comparison.overview.tallies
    return len({tally.field for tally in tallies if tally.raised}), len({t.field for t in tallies if t.counted})


def verdict(comparison: Comparison) -> str:
    """One line: agreement with the worst field, or the first divergence and the first that reaches the pixel."""
    row, final = comparison.first_divergence, comparison.row("I_pixel_final")
    reaching = comparison.first_reaching
    differing, judged = fields_differing(comparison)
    end = f"profile {clean(comparison.profile)}"
    if final is not None and final.status.differs and final is not row and final is not reaching:
        end = f"(I_pixel_final {relative(final)})  {end}"
    if comparison.num_compared == 0:
        return "NOTHING COMPARED  no value is on both sides"
    if row is None:
        line = f"AGREE  {judged} of {judged} fields within tolerance"
        if comparison.too_little:
            return f"NO VERDICT  {too_little(comparison)}  {end}"
        if not comparison.covered:
            line += f" (partial: {comparison.fields_common} of {comparison.fields_judged} fields)"
        if comparison.overview.worst is not None:
            worst = comparison.rows[comparison.overview.worst]
            line += f", worst {abs(worst.rel_delta or 0.0):.1e} at {clean(worst.label)}"
        return f"{line}  {end}"
    aside = "" if reaching is row else " (does not reach the pixel)"
    line = f"FIRST DIVERGENCE  {clean(row.label)}  {relative(row)}{aside}"
    if reaching is not None and reaching is not row:
        line += f"  REACHING THE PIXEL  {clean(reaching.label)}  {relative(reaching)}"
    return f"{line}  {differing} of {judged} fields differ  {end}"


def table(
    comparison: Comparison, *, width: int, colour: bool = False, only_differing: bool = False, every: bool = False
) -> str:
    """The comparison as plain text for a terminal or a pipe, no line longer than ``width`` (at least 40).

    The verdict, then the first divergence, the preflight sentences, and the judged rows in pipeline order. Without
    colour, differing digits are in brackets. Ends with one newline. Of very many rows, one per component is printed,
    or all of them with ``every``.
    """
    return "".join(f"{line}\n" for line in table_lines(comparison, width, colour, only_differing, every))


def table_lines(comparison: Comparison, width: int, colour: bool, only_differing: bool, every: bool) -> Iterator[str]:
    """The lines of `table`, lazily: there may be millions."""
    width = max(width, _NARROW)
    yield from textwrap.wrap(verdict(comparison), width)
    for text in (*_about_first(comparison), *_findings(comparison)):
        yield from _wrap(text, width)
    yield from _rows_and_notes(comparison, width, colour, only_differing, every)


def terminal_lines(comparison: Comparison, width: int, colour: bool) -> Iterator[str]:
    """The differing rows, and the verdict last, where a terminal leaves it above the prompt."""
    width = max(width, _NARROW)
    rows = list(dropwhile(lambda text: not text, _rows_and_notes(comparison, width, colour, True, False)))
    yield from [*rows, ""] if rows else []
    agreeing = sum(tally.both - tally.differing for tally in comparison.overview.tallies if tally.judged)
    left_out = [f"- {agreeing:,} values agree; --all prints them"] if agreeing else []
    for text in (*_findings(comparison), *left_out, *_about_first(comparison)):
        yield from _wrap(text, width)
    yield from textwrap.wrap(verdict(comparison), width)


def _findings(comparison: Comparison) -> Iterator[str]:
    return (f"- {clean(text)}" for text in comparison.findings)


def _rows_and_notes(
    comparison: Comparison, width: int, colour: bool, only_differing: bool, every: bool
) -> Iterator[str]:
    few = all_listed(comparison)
    telling = range(len(comparison.rows)) if few else representatives(comparison)
    known = list(_shown(comparison, telling, only_differing=only_differing))
    all_rows = comparison.overview.differing if only_differing else range(len(comparison.rows))
    rows = _shown(comparison, all_rows, only_differing=only_differing) if every else known
    if known:
        columns = _columns(known, width) if width >= _BROAD else None
        yield from ["", *(_header(columns, comparison.named) if columns else [])]
        for row in rows:
            yield from [_broad(row, columns, colour)] if columns else _stacked(row, width, colour, comparison.named)
    for text in (*([] if few or every else _repetitions(comparison)), *_closing(comparison, known)):
        yield from _wrap(text, width)


def _shown(comparison: Comparison, chosen: Iterable[int], *, only_differing: bool) -> Iterator[Row]:
    """The judged rows present on both sides; with ``only_differing``, only those that differ."""
    for row in (comparison.rows[at] for at in chosen):
        judged = row.status is not Status.MISSING and not row.note.startswith(OUTSIDE)
        if judged and (row.status.differs or not only_differing):
            yield row


def _repetitions(comparison: Comparison) -> list[str]:
    """How the repeated components differ, and how many rows are not printed."""
    lines = []
    for tally in comparison.overview.tallies:
        if tally.raised > 1:
            first, worst = comparison.rows[tally.first_raised], comparison.rows[tally.worst]
            name = clean(tally.field) + (f".{tally.component}" if tally.component else "")
            words = f"{name}: {tally.raised:,} of {tally.both:,} differ, first {clean(first.label)}"
            lines.append(f"{words}, worst {relative(worst)} at {clean(worst.label)}")
    total = len(comparison.rows)
    left = (
        f"{total - len(comparison.overview.tallies):,} of {total:,} rows are not printed: each component appears once"
    )
    ways = "'nbtui compare --all' prints them; 'nbtui open' walks through them."
    return ["", *lines, f"{left}, with its first difference. {ways}"]


def markdown(comparison: Comparison, *, only_differing: bool = False) -> str:
    """The comparison as Markdown, ASCII only: verdict, first divergence, findings, one table of the judged rows.

    ``only_differing``: the table holds no rows that agree.
    """
    parts = [f"**{_md(verdict(comparison))}**", ""]
    parts += [f"- {_md(text)}" for text in (*_about_first(comparison), *comparison.findings)]
    whole = all_listed(comparison)
    chosen = range(len(comparison.rows)) if whole else representatives(comparison)
    judged = [row for row in (comparison.rows[at] for at in chosen) if not row.note.startswith(OUTSIDE)]
    if only_differing:
        judged = [row for row in judged if row.status.differs]
    parts += ["", markdown_rows(judged, comparison.named).rstrip("\n")]
    if not whole:
        parts += ["", *(f"- {_md(text)}" for text in _repetitions(comparison) if text)]
    return "\n".join(parts) + "\n"


def markdown_rows(rows: Iterable[Row], named: Pair) -> str:
    """A Markdown table of rows at full precision: field, unit, values, absolute and relative delta, ulp, status."""
    lines = [
        f"| field | unit | {named[0].name} | {named[1].name} | abs. delta | rel. delta | ulp | status | note |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = (
            row.label,
            row.unit,
            show(row.c_value),
            show(row.py_value),
            "-" if row.abs_delta is None else f"{row.abs_delta:.15g}",
            "-" if row.rel_delta is None else f"{row.rel_delta:+.6e}",
            "-" if row.ulp is None else str(row.ulp),
            row.status.value,
            row.note,
        )
        lines.append("| " + " | ".join(_md(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _about_first(comparison: Comparison) -> list[str]:
    """What to say of the first divergence that reaches the pixel, or of the first of all where none does."""
    first, row = comparison.first_divergence, comparison.principal
    if first is None or row is None:
        return []
    mine, theirs = (side.name for side in comparison.named)
    ours, rest, _, other = split_common(show(row.c_value), show(row.py_value))
    digits = sum(char.isdigit() for char in ours.lstrip("-0."))
    ulp = "" if row.ulp is None else f", {_count(row.ulp)} ulp"
    delta = "" if row.abs_delta is None else f"; {theirs} - {mine} {row.abs_delta:+.6g} {row.unit}".rstrip()
    values = f"{mine} {_marked(ours, rest)}  {theirs} {_marked(ours, other)}"
    name = "" if row is first else f"{clean(row.label)}: "
    lines = [
        f"{name}{values}{delta}, {digits} digits agree{ulp}. {row.status.value}.",
        " ".join(
            part for part in (row.description and f"{row.description}.", standing.origin(comparison, row)) if part
        ),
    ]
    why = standing.obstacle(comparison, first)
    if not why:
        return lines
    return [f"{clean(first.label)} does not reach the pixel: {why}.", *lines]


def _closing(comparison: Comparison, shown: Iterable[Row]) -> list[str]:
    """The notes of the rows, the missing fields, and the number of values outside the profile."""
    lines: list[str] = []
    notes: dict[tuple[str, str], str] = {}
    for row in shown:
        if row.note:
            notes.setdefault((row.field, row.note), row.label)
    if notes:
        lines += ["", *(f"{clean(label)}: {clean(note)}" for (_, note), label in notes.items())]
    tallies = [tally for tally in comparison.overview.tallies if tally.judged]
    for at_left, side in zip((False, True), reversed(comparison.named), strict=True):
        lacking = [(t.first_only_c, t.only_c, t.field) for t in tallies if t.only_c]
        if at_left:
            lacking = [(t.first_only_py, t.only_py, t.field) for t in tallies if t.only_py and not comparison.stock]
        if lacking:
            names = ", ".join(dict.fromkeys(clean(name) for _, _, name in sorted(lacking)))
            count = sum(number for _, number, _ in lacking)
            lines += ["", f"MISSING in {side.noun} ({count} values): {names}"]
    outside = sum(tally.rows for tally in comparison.overview.tallies if not tally.judged)
    if outside:
        lines += ["", f"{outside} further values are outside profile {clean(comparison.profile)}."]
    return lines


def _columns(rows: list[Row], width: int) -> tuple[int, int, int]:
    """Widths of label, unit and one value, so that a line fills at most ``width``."""
    label = min(max(len(clean(row.label)) for row in rows), 34)
    unit = min(max(len(row.unit) for row in rows), 11)
    return label, unit, min((width - label - unit - 35) // 2, 26)


def _header(columns: tuple[int, int, int], named: Pair) -> list[str]:
    label, unit, value = columns
    names = ("field".ljust(label), "unit".ljust(unit), *(side.name.ljust(value) for side in named))
    return ["  " + " ".join(names) + f" {'rel. diff':>9} {'ulp':>8} status"]


def _broad(row: Row, columns: tuple[int, int, int], colour: bool) -> str:
    label, unit, value = columns
    ours, theirs = _values(row, value, colour)
    line = f"{_mark(row)} {_cut(row.label, label)} {row.unit[:unit]:<{unit}} {ours} {theirs}"
    return f"{line} {_rel(row):>9} {_ulp(row):>8} {_status(row, colour)}"


def _stacked(row: Row, width: int, colour: bool, named: Pair) -> list[str]:
    heads = [side.name.ljust(max(len(side.name) for side in named)) for side in named]
    value = min(width - 5 - len(heads[0]), 26)
    ours, theirs = _values(row, value, colour)
    head = f"{_mark(row)} {clean(row.label)} {row.unit}".rstrip()
    tail = f"{_rel(row)} {row.status.value}"
    room = max(width - len(tail) - 1, 1)
    coloured = f"{_rel(row)} {_status(row, colour)}"
    return [
        f"{_cut(head, room)} {coloured}",
        *(f"    {one} {text}".rstrip() for one, text in zip(heads, (ours, theirs), strict=True)),
    ]


def _values(row: Row, width: int, colour: bool) -> tuple[str, str]:
    """Both values, padded to ``width``, the differing part in brackets or, with colour, bright on dim."""
    a, b = show(row.c_value), show(row.py_value)
    if not row.status.differs:
        return _cut(a, width), _cut(b, width)
    shared, rest_a, _, rest_b = split_common(a, b)
    return _painted(shared, rest_a, width, colour), _painted(shared, rest_b, width, colour)


def _painted(shared: str, rest: str, width: int, colour: bool) -> str:
    if not colour:
        return _cut(_marked(shared, rest), width)
    shared, rest = shared[:width], rest[: max(width - len(shared), 0)]
    return f"\x1b[2m{shared}\x1b[0m\x1b[1m{rest}\x1b[0m" + " " * (width - len(shared) - len(rest))


def _marked(shared: str, rest: str) -> str:
    return f"{shared}[{rest}]" if rest else shared


def _mark(row: Row) -> str:
    if row.status.differs and FALSE_DIVERGENCE in row.note:
        return "~"
    return _MARKS.get(row.status, "#")


def _status(row: Row, colour: bool) -> str:
    return f"\x1b[{_COLOURS[row.status]}m{row.status.value}\x1b[0m" if colour else row.status.value


def _rel(row: Row) -> str:
    return "-" if row.rel_delta is None else f"{row.rel_delta:+.1e}"


def _ulp(row: Row) -> str:
    return "-" if row.ulp is None else _count(row.ulp)


def _count(number: int) -> str:
    return str(number) if number < 1_000_000 else f"{number:.1e}".replace("e+", "e")


def _cut(text: str, width: int) -> str:
    text = clean(text)
    return f"{text:<{width}}" if len(text) <= width else text[: max(width - 1, 0)] + "~"


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent="  ") if text else [""]


def _md(text: str) -> str:
    """Text for a Markdown cell: ASCII, without characters that would end the cell or start markup."""
    plain = clean(text).encode("ascii", "backslashreplace").decode("ascii")
    return plain.replace("|", "\\|").replace("<", "&lt;").replace("[", "\\[").replace("`", "'")
