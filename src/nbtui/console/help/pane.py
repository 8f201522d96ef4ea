"""The help page: all preflight findings, the meanings of the signs, and the keys from the action tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Never

from nbtui.console.action import Action, KeyTable
from nbtui.console.drawing.foot import keys, message
from nbtui.console.drawing.line import Line, Span, block, fit, left, line, rule, wrap
from nbtui.console.help.actions import HELP_ACTIONS
from nbtui.console.help.state import HelpState
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.state import State
from nbtui.trace.text import clean

_KEYS = 12  # width of the key column in cells, a blank included
_MARKS = (
    ("=", "pass", "agrees within the tolerance of the profile"),
    ("~", "minor", "agrees within a wider limit of its own or with a note, or differs without reaching the pixel"),
    ("#", "diverge", "differs in the pixel; nothing upstream explains it: new here"),
    ("+", "inherited", "differs because one of its inputs differs"),
    ("o", "missing", "missing on one side"),
    (".", "faint", "not known yet: the live side is being simulated"),
    ("*", "changed", "value changed by a simulation, by a reloaded file or, at a step, by the last step"),
    ("!", "warning", "marked: a field, or a phi step with a marked place"),
    ("*2", "warning", "two parameters changed since the start"),
    ("# + - .", "text", "map: a term within one, two, three decades of the largest, or below"),
    ("++ + .", "more", "map of live-C: more than a tenth, a hundredth of the gap, or less; - where live is less"),
    ("o x *", "pass", "curves: C, live, both equal; on the lobes O X @ are the step under the cursor"),
    ("12.3[45]", "digit", "the digits in brackets differ from the other side"),
)


def draw(state: State, tables: Sequence[KeyTable], reading: HelpState, width: int, height: int) -> list[Line]:
    """The visible part of the page, and a foot line with the navigation keys."""
    page = lines(state, tables, width)
    shown = page[reading.top : reading.top + room(height)]
    wanted = reading.query.casefold()
    return [
        *block([_lit(entry, wanted) for entry in shown], width, room(height)),
        _foot(reading, len(page), width, height),
    ]


def room(height: int) -> int:
    """Number of visible lines of the page."""
    return max(1, height - 1)


def kept_in_view(state: State, tables: Sequence[KeyTable], reading: HelpState, width: int, height: int) -> HelpState:
    """Clamp the first visible line so that the page fills the window."""
    last = max(0, len(lines(state, tables, width)) - room(height))
    return replace(reading, top=max(0, min(last, reading.top)))


def found(
    state: State, tables: Sequence[KeyTable], reading: HelpState, width: int, forward: bool, *, stay: bool = False
) -> HelpState:
    """Scroll the next line with the search text to the top; ``stay``: the current top line counts."""
    wanted = reading.query.casefold()
    if not wanted:
        return replace(
            reading,
            message="" if stay else f"nothing to search for yet: {HELP_ACTIONS.key('search')} starts a search",
        )
    page = lines(state, tables, width)
    hits = [number for number, entry in enumerate(page) if wanted in _plain(entry)]
    if not hits:
        return replace(reading, message=f"no match for {reading.query!r}")
    ahead = [hit for hit in hits if hit > reading.top or (stay and hit == reading.top)]
    behind = [hit for hit in hits if hit < reading.top]
    top = (ahead or hits)[0] if forward else (behind or hits)[-1]
    return replace(reading, top=top, message=f"{hits.index(top) + 1} of {len(hits)} lines")


def to_section(state: State, tables: Sequence[KeyTable], reading: HelpState, width: int, forward: bool) -> HelpState:
    """Scroll the title of the next (previous) section to the top, clamped at the ends."""
    titles = [
        number for number, entry in enumerate(lines(state, tables, width)) if entry and entry[0].text[:1] in "═─="
    ]
    ahead = [title for title in titles if title > reading.top]
    behind = [title for title in titles if title < reading.top]
    chosen = ahead[:1] if forward else behind[-1:]
    return replace(reading, top=chosen[0]) if chosen else reading


def lines(state: State, tables: Sequence[KeyTable], width: int) -> list[Line]:
    """All lines of the page: preflight findings, signs, then the keys of every screen."""
    page = _preflight(state, width)
    page.append(rule((Span("what the signs mean", "title"),), width, focused=True))
    for sign, tone, words in _MARKS:
        first, *rest = wrap(words, width - _KEYS - 2)
        page.append(line(" ", Span(sign, tone), " " * (_KEYS - len(sign)), first))
        page += [line(" " * (_KEYS + 1), part) for part in rest]
    page += [(), rule((Span("keys", "title"),), width)]
    for entry in ACTIONS:
        of_use = entry.when(state)
        page += _entry(entry, width, "text" if of_use else "faint", "" if of_use else "  (not now)")
    for table in tables:
        if not table.opened_by:
            continue  # the main screen
        title = f"keys in the {table.actions.title.lower()} ({ACTIONS.key(table.opened_by)})"
        page += [(), rule((Span(title, "title"),), width)]
        for action in table.actions:
            page += _entry(action, width)
    return page


def _preflight(state: State, width: int) -> list[Line]:
    findings = state.comparison.findings if state.comparison and not state.pending else ()
    if not findings:
        return []
    page: list[Line] = [rule((Span("preflight", "title"),), width)]
    for finding in findings:
        first, *rest = wrap(clean(finding), width - 4) or [""]
        page.append(line(Span(" - ", "warning"), first))
        page += [line("   " + part) for part in rest]
    return [*page, ()]


def _plain(entry: Line) -> str:
    return "".join(span.text for span in entry).casefold()


def _lit(entry: Line, wanted: str) -> Line:
    """A line, highlighted if it contains the search text."""
    if not wanted or wanted not in _plain(entry):
        return entry
    return tuple(span if span.tone == "rule" else span._replace(tone="changed") for span in entry)


def _foot(reading: HelpState, total: int, width: int, height: int) -> Line:
    if reading.typing:
        return fit(line(Span(" /", "key"), clean(reading.query), Span("_", "cursor"), "  ", reading.message), width)
    where = f" {reading.top + 1}-{min(total, reading.top + room(height))} of {total} "
    left_over = width - len(where)
    known = ((entry.shown, entry.label) for entry in HELP_ACTIONS if entry.label)
    spans = message(reading.message, left_over, 1)[0] if reading.message else keys(known, left_over, always=1)
    return (*fit(spans, left_over), Span(where, "faint"))


def _entry(entry: Action[Never], width: int, tone: str = "text", note: str = "") -> list[Line]:
    """The keys of an action and their effect, wrapped."""
    first, *rest = wrap(entry.help + note, width - _KEYS - 2) or [""]
    keys = Span(f" {left(entry.shown, _KEYS - 1)} ", "key" if tone == "text" else "faint")
    return [line(keys, Span(first, tone)), *(line(" " * (_KEYS + 1), Span(part, tone)) for part in rest)]
