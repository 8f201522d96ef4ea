"""The help page: keys from the registry, marks, and all preflight findings."""

from __future__ import annotations

from nbtui.console.actions import ACTIONS, Action
from nbtui.console.image_actions import IMAGE_ACTIONS
from nbtui.console.log_actions import LOG_ACTIONS
from nbtui.console.packages_actions import PACKAGES_ACTIONS
from nbtui.console.panes.line import Line, Span, left, line, rule, wrap
from nbtui.console.parameters_actions import PARAMETERS_ACTIONS
from nbtui.console.state import State
from nbtui.console.why_actions import WHY_ACTIONS
from nbtui.trace.text import clean

_KEYS = 10  # cells of the keys
_MARKS = (
    ("=", "pass", "agrees within the tolerance of the profile"),
    ("~", "minor", "agrees within a wider limit of its own, or with a note"),
    ("#", "diverge", "differs, and nothing upstream of it does: new here"),
    ("+", "inherited", "differs because something upstream differs"),
    ("o", "missing", "one side does not have it"),
    ("*", "changed", "the last simulation changed this Python value; at a step: the last step changed it"),
    ("!", "warning", "marked with b: a field, a phi step with a marked place"),
    ("*2 (p)", "warning", "two parameters are not as nbtui was started"),
    ("# + - .", "text", "map: a term within one, two, three decades of the largest, or below"),
    ("++ + .", "more", "map of Py-C: more than a tenth, a hundredth of the gap, or less; - where Python is less"),
    ("o x *", "pass", "curves: C, Python, both equal; on the lobes O X @ are the step under the cursor"),
    ("12.3[45]", "digit", "the digits in brackets differ from the other side"),
)


def lines(state: State, width: int) -> list[Line]:
    """All lines of the page; the screen shows a window of them."""
    page: list[Line] = [rule((Span("keys", "title"),), width, (Span("q or ? closes", "faint"),), focused=True)]
    for entry in ACTIONS:
        of_use = entry.when(state)
        page += _entry(entry, width, "text" if of_use else "faint", "" if of_use else "  (not now)")
    for where, actions in (
        ("logs (l)", LOG_ACTIONS),
        ("diagnosis (x)", WHY_ACTIONS),
        ("image (i)", IMAGE_ACTIONS),
        ("packages (w)", PACKAGES_ACTIONS),
        ("parameters (p)", PARAMETERS_ACTIONS),
    ):
        page += [(), rule((Span(f"keys in the {where}", "title"),), width)]
        for entry in actions:
            page += _entry(entry, width)
    page += [(), rule((Span("marks", "title"),), width)]
    page += [line(Span(" " + left(glyph, 10), tone), text) for glyph, tone, text in _MARKS]
    findings = state.comparison.findings if state.comparison and not state.pending else ()
    page += [(), rule((Span("preflight", "title"),), width)]
    if not findings:
        page.append(line(Span(" nothing to note", "faint")))
    for finding in findings:
        first, *rest = wrap(clean(finding), width - 4) or [""]
        page.append(line(Span(" - ", "warning"), first))
        page += [line("   " + part) for part in rest]
    return page


def _entry(entry: Action, width: int, tone: str = "text", note: str = "") -> list[Line]:
    """The keys of an action and what they do, on as many lines as that takes."""
    first, *rest = wrap(entry.help + note, width - _KEYS - 2) or [""]
    keys = Span(" " + left(entry.shown, _KEYS), "key" if tone == "text" else "faint")
    return [line(keys, Span(first, tone)), *(line(" " * (_KEYS + 1), Span(part, tone)) for part in rest)]
