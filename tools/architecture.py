"""``make architecture``: the picture and the tables of docs/architecture.md, drawn from the imports as they are.

``--check`` writes nothing and says which file is out of date, with exit code 1.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from import_graph import Room, essential, read_rooms
from layers import Layout, place

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, PICTURE = "architecture.md", "architecture.svg"
WIDTH, GAP, MARGIN, BETWEEN = 252, 26, 24, 40
LINE, TITLE, PAD = 15, 20, 12  # heights
CHARACTERS = 36  # of a sentence on one line of a box
PART = 8  # indent of a package inside a room
COLUMNS = 112  # of the text block

# the entries and exits of data: a name, and the room that reads or makes it
READS = (
    ("command line, input files", "nbsim.options"),
    ("trace logs", "nbtui.trace"),
    ("detector images", "nbtui.images"),
)
WRITES = (
    ("nbsim.output", "image files"),
    ("nbtui.evidence", "evidence packages"),
    ("nbtui.console", "the screen"),
    ("nbtui.commands", "tables, JSON"),
)
FILL = {"nbsim": "#e3eefc", "nbtui": "#fdf0dc"}
STROKE = {"nbsim": "#3c6eb4", "nbtui": "#b7791f"}


def picture(rooms: Sequence[Room]) -> str:
    """The SVG: one box for each room, below the rooms it imports; imports that others imply are left out."""
    known = {room.name: room for room in rooms}
    ends = [name for name, _ in READS]
    nodes = [*ends, *known, *(name for _, name in WRITES)]
    lines = [*READS, *((source, user) for user, source in essential(tuple(rooms))), *WRITES]
    layout = place(nodes, lines, WIDTH, GAP)
    heights = {name: _height(known.get(name)) for name in nodes}
    tops, bottom = [], float(MARGIN)
    for row in layout.rows:
        tops.append(bottom)
        bottom += max(heights[name] for name in row) + BETWEEN
    width, height = max(layout.x.values()) + WIDTH / 2 + 2 * MARGIN, bottom - BETWEEN + MARGIN
    at = {name: (layout.x[name] + MARGIN, tops[index]) for index, row in enumerate(layout.rows) for name in row}
    deepest = [max(heights[name] for name in row) for row in layout.rows]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z" fill="#555555"/></marker></defs>',
        *_curves(layout, tops, deepest, heights),
        *(part for name in nodes for part in _box(name, known.get(name), at[name], heights[name])),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _curves(layout: Layout, tops: Sequence[float], deepest: Sequence[float], heights: dict[str, int]) -> Iterator[str]:
    row = {name: index for index, names in enumerate(layout.rows) for name in names}
    for (upper, _), path in layout.lines.items():
        x, y = path[0] + MARGIN, tops[row[upper]] + heights[upper]
        found = [f"M{x:.0f},{y:.0f}"]
        for step, target in enumerate(path[1:], 1):
            index, last = row[upper] + step, step == len(path) - 1
            end, top = target + MARGIN, tops[index]
            middle = (y + top) / 2
            found.append(f"C{x:.0f},{middle:.0f} {end:.0f},{middle:.0f} {end:.0f},{top:.0f}")
            x, y = end, top if last else top + deepest[index]
            if not last:
                found.append(f"L{x:.0f},{y:.0f}")
        yield f'<path d="{" ".join(found)}" fill="none" stroke="#777777" stroke-width="1.3" marker-end="url(#tip)"/>'


def _height(room: Room | None) -> int:
    if room is None:
        return TITLE + PAD
    return TITLE + LINE * (len(_wrapped(room)) + len(_data_lines(room))) + PAD


def _wrapped(room: Room) -> list[str]:
    return textwrap.wrap(room.sentence, CHARACTERS)


def _data_lines(room: Room) -> list[str]:
    return textwrap.wrap(_data(room), CHARACTERS - 3)


def _data(room: Room) -> str:
    """``Trace -> Comparison``: what a room takes and what it makes of it."""
    takes, makes = ", ".join(room.takes), ", ".join(room.makes)
    return f"{takes} -> {makes}".strip() if makes else takes


def _box(name: str, room: Room | None, at: tuple[float, float], height: int) -> Iterator[str]:
    x, y = at
    left = x - WIDTH / 2
    if room is None:
        yield (
            f'<rect x="{left + 30:.0f}" y="{y:.0f}" width="{WIDTH - 60}" height="{height}" rx="15" fill="#ffffff" '
            'stroke="#777777" stroke-dasharray="4 3"/>'
        )
        yield f'<text x="{x:.0f}" y="{y + 20:.0f}" text-anchor="middle" font-style="italic">{escape(name)}</text>'
        return
    root = name.split(".")[0]
    yield (
        f'<rect x="{left:.0f}" y="{y:.0f}" width="{WIDTH}" height="{height}" rx="4" fill="{FILL[root]}" '
        f'stroke="{STROKE[root]}"/>'
    )
    y += TITLE - 2
    yield f'<text x="{left + 10:.0f}" y="{y:.0f}" font-weight="bold" font-size="13">{escape(name)}</text>'
    for text in _wrapped(room):
        y += LINE
        yield f'<text x="{left + 10:.0f}" y="{y:.0f}">{escape(text)}</text>'
    for text in _data_lines(room):
        y += LINE
        yield (
            f'<text x="{left + 10:.0f}" y="{y:.0f}" font-family="DejaVu Sans Mono, monospace" font-size="11" '
            f'fill="{STROKE[root]}">{escape(text)}</text>'
        )


def text_block(rooms: Sequence[Room]) -> str:
    """The same for a terminal: the rooms in order, each with its sentence, its data and its imports."""
    reads = {room: name for name, room in READS}
    writes = dict(WRITES)
    found = []
    for room in rooms:
        lines = [room.sentence]
        if room.name in reads:
            lines.append(f"reads    {reads[room.name]}")
        if room.takes or room.makes:
            lines.append(f"data     {_data(room)}")
        if room.name in writes:
            lines.append(f"writes   {writes[room.name]}")
        if room.uses:
            lines.append(f"imports  {', '.join(room.uses)}")
        found.append(room.name)
        for line in lines:
            found += textwrap.wrap(line, COLUMNS, initial_indent=" " * 4, subsequent_indent=" " * 13)
        for name, sentence in room.parts:
            found += textwrap.wrap(
                f"{name:<14} {sentence}", COLUMNS, initial_indent=" " * 8, subsequent_indent=" " * 23
            )
    return "\n".join(found)


def page(old: str, rooms: Sequence[Room]) -> str:
    """The page with its generated block replaced."""
    made = f"![The rooms, each below the rooms it imports]({PICTURE})\n\n```text\n{text_block(rooms)}\n```\n"
    start, end = "<!-- made by `make architecture` -->\n", "<!-- end -->\n"
    new, count = re.subn(f"{start}.*?{end}", lambda _: start + made + end, old, flags=re.S)
    if count != 1:
        raise SystemExit(f"docs/{PAGE} has no block between {start.strip()} and {end.strip()}")
    return new


def main(words: list[str]) -> int:
    """Write both files, or say with ``--check`` which one is not as it would be written."""
    rooms = read_rooms()
    stale = []
    for name, text in ((PICTURE, picture(rooms)), (PAGE, page((DOCS / PAGE).read_text("utf-8"), rooms))):
        path = DOCS / name
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in words:
            path.write_text(text, encoding="utf-8")
    if stale and "--check" in words:
        print(f"out of date: {', '.join(f'docs/{name}' for name in stale)}; run 'make architecture'", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
