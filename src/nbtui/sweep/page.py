"""A sweep as one HTML page: no script, nothing from elsewhere, light and dark, readable on paper."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from urllib.parse import quote

from nbtui.parity.percent import percent
from nbtui.sweep.findings import SweepFinding
from nbtui.sweep.plan import Plan
from nbtui.sweep.render import FindingFolder, Folders, verdict_lines
from nbtui.sweep.smallest import Smallest
from nbtui.sweep.suite_table import HEAD as CASE_HEAD
from nbtui.sweep.suite_table import case_lines, cause_words, named_words
from nbtui.sweep.sweep import Swept
from nbtui.trace.text import clean

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 72em; padding: 0 1em; }
h1 { font-size: 1.4em; } h2 { font-size: 1.1em; margin-top: 2em; }
table { border-collapse: collapse; } td, th { border-bottom: 1px solid #8884; padding: .25em .8em .25em 0; }
th { text-align: left; } td.number { text-align: right; font-variant-numeric: tabular-nums; }
.matrix td, .matrix th { padding: .15em .5em; text-align: center; }
.matrix th:first-child { text-align: left; font-family: ui-monospace, monospace; font-weight: normal; }
code, pre { font-family: ui-monospace, monospace; } pre { white-space: pre-wrap; word-break: break-word; }
"""


def page(plan: Plan, swept: Swept, folders: Folders) -> str:
    """The whole page; every text of a log or a port is escaped."""
    title = f"Sweep of {plan.port_name}"
    body = "\n".join(_body(plan, swept, folders, title))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _body(plan: Plan, swept: Swept, folders: Folders, title: str) -> Iterator[str]:
    yield f"<h1>{_text(title)}</h1>"
    yield "<table>"
    for line in verdict_lines(plan, swept):
        name, _, rest = line.partition(" ")
        yield f"<tr><th>{_text(name)}</th><td>{_text(rest.strip())}</td></tr>"
    yield "</table>"
    if not swept.found:
        return
    yield "<h2>Findings</h2>"
    third = "such as" if plan.is_suite else "needs"
    yield f"<table><tr><th>finding</th><th>rows</th><th>{third}</th><th>worst gap</th></tr>"
    for one in swept.found:
        yield _finding_row(one, one.simplest.row.case if plan.is_suite else " ".join(one.flags) or "nothing")
    yield "</table>"
    for one in swept.found:
        yield from _finding(one, swept.smallest.get(one.group))
        yield from _links(folders.get(one.group))
    if plan.is_suite:
        yield "<h2>Cases</h2>"
        yield from _cases(swept)
    yield "<h2>Flags and findings</h2>"
    yield from _matrix(swept)


def _finding_row(one: SweepFinding, third: str) -> str:
    gap = "" if one.worst_gap is None else percent(one.worst_gap)
    link = f'<a href="#{_text(one.slug)}">{_text(one.group)}</a>'
    return (
        f'<tr><td>{link}</td><td class="number">{len(one.members)}</td><td><code>{_text(third)}</code></td>'
        f'<td class="number">{_text(gap)}</td></tr>'
    )


def _finding(one: SweepFinding, smallest: Smallest | None) -> Iterator[str]:
    yield f'<h2 id="{_text(one.slug)}">{_text(one.group)}</h2>'
    yield f"<p>{_text(' '.join((*cause_words(one), *named_words(smallest))))}</p>"
    words = smallest.command if smallest is not None else one.simplest.row.command
    pixel = smallest.row.pixel if smallest is not None else one.simplest.row.pixel
    traced = f" -trace_pixel {pixel[0]} {pixel[1]}" if pixel is not None else ""
    yield f"<pre>nanoBragg {_text(' '.join(words))}{traced}</pre>"


def _links(folder: FindingFolder | None) -> Iterator[str]:
    if folder is None:
        return
    links = f'<a href="{_text(quote(str(folder.case)))}/command.txt">case</a>'
    if folder.package is not None:
        links += f', <a href="{_text(quote(str(folder.package)))}/summary.md">evidence package</a>'
    yield f"<p>{links}{_text(f'; no evidence package: {folder.why}' if folder.why else '')}</p>"


def _cases(swept: Swept) -> Iterator[str]:
    yield f"<table><tr>{''.join(f'<th>{name}</th>' for name in CASE_HEAD)}</tr>"
    for line in case_lines(swept):
        yield f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in line.cells)}</tr>"
    yield "</table>"


def _matrix(swept: Swept) -> Iterator[str]:
    """Rows of a flag that fail in each finding, tinted by their share of the judged ones."""
    yield '<table class="matrix"><tr><th>flag</th><th>judged</th>'
    yield "".join(f"<th>{number}</th>" for number, _ in enumerate(swept.found, start=1))
    yield "</tr>"
    for line in swept.matrix:
        cells = "".join(_cell(count, line.judged) for count in line.failing)
        yield f"<tr><th>{_text(line.flag)}</th><td>{line.judged}</td>{cells}</tr>"
    yield "</table><p>"
    yield "; ".join(f"{number}: {_text(one.group)}" for number, one in enumerate(swept.found, start=1))
    yield "</p>"


def _cell(count: int, judged: int) -> str:
    if not count:
        return "<td></td>"
    shade = 0.15 + 0.7 * min(1.0, count / max(judged, count))
    return f'<td style="background: rgb(204 51 51 / {shade:.2f})">{count}</td>'


def _text(text: str) -> str:
    return escape(clean(text))
