"""The help page: keys from the registry, marks, and all preflight findings."""

from __future__ import annotations

from nbtui.console.actions import ACTIONS
from nbtui.console.image_actions import IMAGE_ACTIONS
from nbtui.console.log_actions import LOG_ACTIONS
from nbtui.console.packages_actions import PACKAGES_ACTIONS
from nbtui.console.panes.line import Line, Span, left, line, rule, wrap
from nbtui.console.parameters_actions import PARAMETERS_ACTIONS
from nbtui.console.state import State
from nbtui.console.why_actions import WHY_ACTIONS
from nbtui.trace.text import clean

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
        note = "" if of_use else "  (not now)"
        page.append(
            line(
                Span(" " + left(entry.shown, 10), "key" if of_use else "faint"),
                Span(entry.help, "text" if of_use else "faint"),
                Span(note, "faint"),
            )
        )
    page += [(), rule((Span("keys in the logs (l)", "title"),), width)]
    page += [line(Span(" " + left(entry.shown, 10), "key"), entry.help) for entry in LOG_ACTIONS]
    page += [(), rule((Span("keys in the diagnosis (x)", "title"),), width)]
    page += [line(Span(" " + left(entry.shown, 10), "key"), entry.help) for entry in WHY_ACTIONS]
    page += [(), rule((Span("keys in the image (i)", "title"),), width)]
    page += [line(Span(" " + left(entry.shown, 10), "key"), entry.help) for entry in IMAGE_ACTIONS]
    page += [(), rule((Span("keys in the packages (w)", "title"),), width)]
    page += [line(Span(" " + left(entry.shown, 10), "key"), entry.help) for entry in PACKAGES_ACTIONS]
    page += [(), rule((Span("keys in the parameters (p)", "title"),), width)]
    page += [line(Span(" " + left(entry.shown, 10), "key"), entry.help) for entry in PARAMETERS_ACTIONS]
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
