"""State of the raw log screen, frozen, and its pure transitions."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from nbtui.console.logs.actions import LOGS_ACTIONS
from nbtui.console.logs.alignment import Alignment
from nbtui.trace.reading.lines import LONGEST, GivenLines, Lines

SHIFT = 20  # columns per horizontal step
_NONE: Sequence[int] = ()


@dataclass(frozen=True)
class LogSide:
    """One log. ``cursor`` and ``top`` are 1-based lines; ``top`` may precede the first line, for alignment."""

    title: str
    lines: Lines = field(default_factory=lambda: GivenLines(()))
    problem: str = ""  # why the log is unavailable, with the remedy
    read: tuple[int, int] | None = None  # bytes read and total, during the scan
    count: int = 0  # number of lines known so far
    whole: bool = True  # False: only the beginning of the log has been read
    cursor: int = 1
    top: int = 1
    hits: Sequence[int] = _NONE
    searched: int = -1  # last line searched so far, -1 without a running search


@dataclass(frozen=True)
class LogsState:
    """Both logs and the user's position."""

    name: str
    sides: tuple[LogSide, LogSide]
    alignment: Alignment = field(default_factory=Alignment)
    names: tuple[str, str] = ("C", "live")  # of the two sides
    step: str = ""  # the step of the console, in words
    active: int = 0
    locked: bool = True  # both logs scroll together
    moved: bool = False  # the user has moved: lines read later leave the cursor in place
    wrapped: bool = False  # long lines continue below instead of being cut
    shift: int = 0  # columns scrolled out at the left
    typing: bool = False
    query: str = ""
    pattern: re.Pattern[str] | None = None
    message: str = ""
    helping: bool = False

    @property
    def side(self) -> LogSide:
        return self.sides[self.active]

    @property
    def busy(self) -> bool:
        """Whether a scan is still running."""
        return any(side.read is not None for side in self.sides)

    @property
    def searching(self) -> bool:
        return any(side.searched >= 0 for side in self.sides)


class BadPattern(Exception):
    """An unusable regular expression; the message names the fault and the remedy."""


def compiled(text: str) -> re.Pattern[str]:
    """The pattern of a search text; all lower case ignores case. Raises `BadPattern`.

    Python's engine cannot be interrupted, so patterns with catastrophic backtracking are rejected: unlimited
    repetition of a group of variable length.
    """
    try:
        pattern = re.compile(text, re.IGNORECASE if text == text.lower() else re.NOFLAG)
    except re.error as error:
        where = f" at character {error.pos + 1}" if error.pos is not None else ""
        raise BadPattern(
            f"not a regular expression: {error.msg}{where}; a \\ before a sign takes it as it is"
        ) from None
    except (RecursionError, OverflowError):
        raise BadPattern("this regular expression is too large; make it simpler") from None
    if _explodes(text):
        raise BadPattern("a repeat of a group that holds | ? * + { could take for ever; repeat a simple text or class")
    return pattern


_PIECES = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?(?:P<\w+>|<?[=!]|[a-zA-Z-]*:|>))?|.", re.DOTALL)
_FOREVER = re.compile(r"[*+]|\{\d*,\}")


def _explodes(text: str) -> bool:
    """Whether the pattern repeats a group of variable length without limit."""
    varies = [False]  # per open group
    for match in _PIECES.finditer(text):
        piece = match.group()
        if piece.startswith("("):
            varies.append(False)
        elif piece == ")" and len(varies) > 1:
            inner = varies.pop()
            if inner and _FOREVER.match(text, match.end()):
                return True
            varies[-1] |= inner
        elif piece in "|?*+{":
            varies[-1] = True
    return False


# --- cursor ------------------------------------------------------------------------------------------------------


def put(state: LogsState, index: int, side: LogSide) -> LogsState:
    """Replace one side."""
    return replace(state, sides=(side, state.sides[1]) if index == 0 else (state.sides[0], side))


def within(side: LogSide) -> LogSide:
    """Clamp the cursor to the existing lines once all are known."""
    if side.read is not None:
        return side
    cursor = max(1, min(side.count, side.cursor))
    return replace(side, cursor=cursor, top=side.top + cursor - side.cursor)


def opened(state: LogsState, lines: tuple[int | None, int | None], height: int) -> LogsState:
    """Put both cursors on the lines of a field; a side without it goes to the aligned line."""
    first = 0 if lines[0] is not None else 1
    if lines[first] is None:
        return state
    active = state.active if lines[state.active] is not None else first
    state = replace(state, active=active)
    line = lines[active]
    assert line is not None
    side = replace(state.side, cursor=line, top=line - max(height, 1) // 2)
    return _followed(put(state, active, side))


def moved(state: LogsState, by: int, height: int) -> LogsState:
    """Move the cursor ``by`` lines down, clamped at the ends."""
    return gone(state, state.side.cursor + by, height)


def gone(state: LogsState, line: int, height: int) -> LogsState:
    """Move the cursor to ``line`` or the nearest one; the window follows, and so does a locked other log."""
    side = state.side
    line = max(1, min(side.count, line))
    far = not side.top - height <= line < side.top + 2 * height
    top = line - height // 2 if far else max(min(side.top, line), line - height + 1)
    return _followed(put(replace(state, moved=True), state.active, replace(side, cursor=line, top=top)))


def _followed(state: LogsState) -> LogsState:
    """Scroll the other log so that aligned lines share a row of the screen."""
    if not state.locked:
        return state
    here, other = state.side, state.sides[1 - state.active]
    partner = state.alignment.partner(state.active, here.cursor)
    return put(state, 1 - state.active, replace(other, cursor=partner, top=partner - (here.cursor - here.top)))


def at_lines(state: LogsState, lines: tuple[int | None, int | None], height: int) -> LogsState:
    """Move both cursors to these lines, scrolling as little as possible; a side without one to the aligned line."""
    first = state.active if lines[state.active] is not None else 1 - state.active
    line, other = lines[first], lines[1 - first]
    if line is None:
        return state
    now = gone(replace(state, active=first), line, height)
    if other is None:
        return now
    side = replace(now.sides[1 - first], cursor=other, top=other - (now.side.cursor - now.side.top))
    return put(now, 1 - first, side)


def realigned(state: LogsState, alignment: Alignment) -> LogsState:
    """Replace the alignment; if the user has moved, the other log follows the line under the cursor."""
    now = replace(state, alignment=alignment)
    return _followed(now) if state.moved else now


def refitted(state: LogsState, heights: tuple[int, int]) -> LogsState:
    """Keep the cursor of the active side visible after a resize."""
    height = heights[state.active]
    side = state.side
    if height <= 0 or side.top <= side.cursor < side.top + height:
        return state
    return _followed(put(state, state.active, replace(side, top=side.cursor - height // 2)))


def turned(state: LogsState) -> LogsState:
    """Switch to the other side, its cursor clamped to the existing lines."""
    other = state.sides[1 - state.active]
    cursor = max(1, min(max(other.count, 1), other.cursor))
    side = replace(other, cursor=cursor, top=other.top + cursor - other.cursor)
    changed = put(replace(state, active=1 - state.active), 1 - state.active, side)
    return _followed(changed) if cursor != other.cursor else changed


def unlocked(state: LogsState) -> LogsState:
    """Toggle common scrolling."""
    if state.locked:
        other = 1 - state.active
        side = state.sides[other]
        cursor = max(1, min(max(side.count, 1), side.cursor))
        state = put(state, other, replace(side, cursor=cursor, top=side.top + cursor - side.cursor))
        return replace(
            state, locked=False, message=f"the logs scroll separately; {LOGS_ACTIONS.key('lock')}: together again"
        )
    return _followed(replace(state, locked=True, message="both logs scroll together"))


def turned_over(state: LogsState) -> LogsState:
    """Break long lines, or cut them again."""
    how = "long lines are cut" if state.wrapped else "long lines continue below"
    return replace(state, wrapped=not state.wrapped, shift=0, message=how)


def shifted(state: LogsState, by: int) -> LogsState:
    """Scroll the text horizontally by ``by`` columns."""
    if state.wrapped:
        return replace(state, message=f"every line is whole; {LOGS_ACTIONS.key('wrap')} cuts them again")
    return replace(state, shift=max(0, min(LONGEST, state.shift + by)))


def to_mark(state: LogsState, forward: bool, height: int) -> LogsState:
    """Move to the next line whose value differs or is missing on the other side."""
    line = state.alignment.next_mark(state.active, state.side.cursor, forward)
    if line is None:
        return replace(state, message="no line of this log holds a value that differs")
    around = (line <= state.side.cursor) if forward else (line >= state.side.cursor)
    return gone(replace(state, message="wrapped around" if around else ""), line, height)


def to_hit(state: LogsState, forward: bool, height: int) -> LogsState:
    """Move to the next hit in the active log, wrapping around."""
    if state.pattern is None:
        return replace(state, message=f"nothing to search for yet: {LOGS_ACTIONS.key('search')} starts a search")
    hits, here = state.side.hits, state.side.cursor
    if not hits:
        still = " so far" if state.searching else ""
        other = len(state.sides[1 - state.active].hits)
        note = f"; {other:,} on the other side, {LOGS_ACTIONS.key('side')} goes there" if other else ""
        return replace(state, message=f"no line of this log contains {state.query!r}{still}{note}")
    at = bisect_right(hits, here) if forward else bisect_left(hits, here) - 1
    around = not 0 <= at < len(hits)
    line = hits[at % len(hits)]
    return gone(replace(state, message="wrapped around" if around else ""), line, height)


def hit_number(side: LogSide) -> int:
    """Number of the hit under the cursor, from 1; 0 without one."""
    at = bisect_left(side.hits, side.cursor)
    return at + 1 if at < len(side.hits) and side.hits[at] == side.cursor else 0


def typed(state: LogsState, key: str, character: str | None) -> LogsState:
    """Handle a key during entry of the search text. The screen handles Enter and Esc."""
    query = state.query[:-1] if key == "backspace" else state.query + (character or "")
    return replace(state, query=query)


def forgotten(state: LogsState) -> LogsState:
    """Clear the search."""
    left, right = (replace(side, hits=_NONE, searched=-1) for side in state.sides)
    return replace(state, sides=(left, right), typing=False, query="", pattern=None)
