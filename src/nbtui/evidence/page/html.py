"""The page: one file, no script, nothing from elsewhere, light and dark, good on paper. Every text is escaped."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from html import escape

from nbtui.evidence.check.finding import CheckOutcome, Weight
from nbtui.evidence.page.content import PageContent
from nbtui.evidence.page.figures import share_bars, waterfall_bars
from nbtui.parity.excerpt import all_listed, representatives
from nbtui.parity.model import OUTSIDE, Comparison, Row, Status
from nbtui.parity.percent import percent
from nbtui.parity.preflight import show
from nbtui.parity.render import split_common, verdict
from nbtui.trace.text import clean

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 76em; padding: 0 1em; }
h1 { font-size: 1.5em; margin-bottom: .2em; } h2 { font-size: 1.15em; margin-top: 2em; }
table { border-collapse: collapse; } td, th { border-bottom: 1px solid #8884; padding: .2em .8em .2em 0; }
th { text-align: left; vertical-align: top; font-weight: 600; }
td { vertical-align: top; font-variant-numeric: tabular-nums; }
td.value, pre, code { font-family: ui-monospace, monospace; }
pre { white-space: pre-wrap; word-break: break-word; }
b.differs { color: #c33; } .FAILED, .CRITICAL, .DIVERGENT { color: #c33; } .MINOR, .incomplete { color: #a60; }
.verdict { font: 600 1.1em ui-monospace, monospace; } img { image-rendering: pixelated; max-width: 100%; }
figure { display: inline-block; margin: .5em 1em .5em 0; } figcaption { font-size: .9em; }
@media print { body { margin: 0; max-width: none; } details { display: block; } h2 { break-after: avoid; } }
"""
_SAYS = {
    CheckOutcome.OK: "verified: every statement was judged from the bytes of the logs",
    CheckOutcome.INCOMPLETE: "verified in part: no contradiction was found, and something could not be judged",
    CheckOutcome.FAILED: "NOT VERIFIED: the package contradicts its own files",
}
_MOST = 2000  # rows of the whole table


def page(content: PageContent, pictures: Mapping[str, tuple[bytes, str]]) -> str:
    """The whole page; ``pictures``: PNG file and legend by caption."""
    package = content.package
    where = "" if package.pixel is None else f", pixel (slow {package.pixel[0]}, fast {package.pixel[1]})"
    title = f"{package.case or 'two logs'}{where}"
    body = "\n".join(_body(content, title, pictures))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _body(content: PageContent, title: str, pictures: Mapping[str, tuple[bytes, str]]) -> Iterator[str]:
    comparison, outcome = content.comparison, content.verification.outcome
    yield f"<h1>{_text(title)}</h1>"
    line = verdict(comparison) if comparison is not None else f"as the package states: {content.package.verdict}"
    yield f'<p class="verdict">{_text(line)}</p>'
    if comparison is None:
        yield "<p>Not compared again: the package does not have two readable logs.</p>"
    yield f'<p class="{outcome.value}">{_text(_SAYS[outcome])}</p>'
    yield _list(one.sentence for one in content.verification.of(Weight.WRONG))
    yield _list(one.sentence for one in content.verification.of(Weight.UNJUDGED))
    if comparison is not None:
        yield from _first(comparison)
    yield from _causes(content)
    yield from _contributions(content)
    yield from _images(pictures)
    if comparison is not None:
        yield from _rows(comparison)
    yield from _origin(content)


def _first(comparison: Comparison) -> Iterator[str]:
    first, reaching = comparison.first_divergence, comparison.first_reaching
    if first is None:
        return
    yield "<h2>First divergence</h2>"
    yield f"<p>{_text(first.description)}</p>" * bool(first.description)
    rows = [first] if reaching is None or reaching is first else [first, reaching]
    yield _table(comparison, rows)
    if len(rows) == 2:
        yield "<p>The first one does not reach the pixel; the second one does.</p>"


def _causes(content: PageContent) -> Iterator[str]:
    if not (content.certain or content.causes or content.unknown):
        return
    yield "<h2>Causes, as the package records them</h2>"
    yield _list(content.certain)
    if content.causes:
        yield "<table><tr><th>cause</th><th>probability</th><th>explains</th><th></th></tr>"
        for cause in content.causes:
            explained = "" if cause.explained is None else percent(cause.explained)
            probability = "" if cause.probability is None else f"{cause.probability:.2g}"
            yield (
                f"<tr><td><code>{_text(cause.name)}</code></td><td>{probability}</td><td>{_text(explained)}</td>"
                f"<td>{_text(cause.summary)}</td></tr>"
            )
        yield "</table>"
    if content.waterfall:
        yield "<p>The gap of I_pixel_final while the causes are taken away one by one:</p>"
        yield waterfall_bars(content.waterfall)
    if content.unknown:
        yield "<p>Without a known cause:</p>" + _list(content.unknown)


def _contributions(content: PageContent) -> Iterator[str]:
    for shares, axis in ((content.shares.phi, "phi step"), (content.shares.mosaic, "mosaic domain")):
        if len(shares) > 1:
            yield f"<h2>Share of the pixel by {axis}</h2>"
            yield "<p>Simulated: the terms F_cell² F_latt² of terms.csv.</p>"
            yield share_bars(shares, axis)


def _images(pictures: Mapping[str, tuple[bytes, str]]) -> Iterator[str]:
    if not pictures:
        return
    yield "<h2>Images, given beside the package</h2>"
    for caption, (png, legend) in pictures.items():
        data = base64.b64encode(png).decode("ascii")
        yield (
            f'<figure><img alt="{_text(caption)}" src="data:image/png;base64,{data}">'
            f"<figcaption>{_text(caption)}: {_text(legend)}</figcaption></figure>"
        )


def _rows(comparison: Comparison) -> Iterator[str]:
    listed = range(len(comparison.rows)) if all_listed(comparison) else representatives(comparison)
    judged = [row for row in (comparison.rows[at] for at in listed) if not row.note.startswith(OUTSIDE)]
    differing = [row for row in judged if row.status is not Status.PASS]
    if differing:
        yield f"<h2>{len(differing)} of {len(judged)} values differ or are missing</h2>"
        yield _table(comparison, differing[:_MOST])
    yield f"<details><summary>Every compared value ({len(judged)})</summary>"
    yield _table(comparison, judged[:_MOST])
    if len(judged) > _MOST:
        yield f"<p>{len(judged) - _MOST:,} more values are in metrics.json.</p>"
    yield "</details>"


def _table(comparison: Comparison, rows: Iterable[Row]) -> str:
    names = [named.name for named in comparison.named]
    head = "".join(f"<th>{_text(name)}</th>" for name in ("field", "unit", *names, "rel. diff", "status"))
    return f"<table><tr>{head}</tr>{''.join(map(_row, rows))}</table>"


def _row(row: Row) -> str:
    common, mine, _, theirs = split_common(show(row.c_value), show(row.py_value))
    relative = "" if row.rel_delta is None else f"{row.rel_delta:+.3e}"
    values = "".join(f'<td class="value">{_text(common)}{_differing(rest)}</td>' for rest in (mine, theirs))
    return (
        f"<tr><td><code>{_text(row.label)}</code></td><td>{_text(row.unit)}</td>{values}"
        f'<td class="value">{relative}</td><td class="{row.status.value}">{row.status.value}</td></tr>'
    )


def _differing(rest: str) -> str:
    return f'<b class="differs">{_text(rest)}</b>' if rest else ""


def _origin(content: PageContent) -> Iterator[str]:
    package, metrics = content.package, content.metrics
    facts = {
        "package": package.stamp,
        "reference": package.reference,
        "compared log": metrics.get("python_trace"),
        "phi mode": package.phi_mode,
        "tolerance profile": metrics.get("tolerance_profile"),
        "dtype, device": ", ".join(filter(None, (package.dtype, package.device))),
        "note": metrics.get("note"),
        **dict(package.made_by),
        **dict(package.environment),
    }
    yield "<h2>Origin</h2><table>"
    for name, value in facts.items():
        if value:
            yield f"<tr><th>{_text(name)}</th><td>{_text(str(value))}</td></tr>"
    yield "</table>"
    if metrics.get("command"):
        yield f"<pre>{_text(str(metrics['command']))}</pre>"
    if content.commands:
        yield f"<details><summary>Commands</summary><pre>{_lines(content.commands)}</pre></details>"


def _lines(text: str) -> str:
    return "\n".join(_text(line) for line in text.splitlines())


def _list(sentences: Iterable[str]) -> str:
    items = "".join(f"<li>{_text(sentence)}</li>" for sentence in sentences)
    return f"<ul>{items}</ul>" if items else ""


def _text(text: str) -> str:
    return escape(clean(text))
