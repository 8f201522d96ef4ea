"""Parts of the HTML of a result: every text escaped, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

from nbtui.trace.text import clean

Cell = str | tuple[str, str]  # a text, or its common beginning and the differing rest

_CELL = "padding:1px 8px;text-align:left;font-family:monospace;white-space:nowrap"


def block(*parts: str) -> str:
    """A result of several parts."""
    return f'<div style="max-width:100%;overflow-x:auto">{"".join(parts)}</div>'


def heading(text: str) -> str:
    """A line in bold."""
    return f"<p><b>{_text(text)}</b></p>"


def paragraph(text: str) -> str:
    """A line of plain text."""
    return f"<p>{_text(text)}</p>"


def bullets(texts: Sequence[str]) -> str:
    """A list of sentences; empty without one."""
    return f"<ul>{''.join(f'<li>{_text(text)}</li>' for text in texts)}</ul>" if texts else ""


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A table; the differing rest of a cell is bold."""
    top = "".join(f'<th style="{_CELL}">{_text(name)}</th>' for name in head)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f'<table style="border-collapse:collapse"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def picture(png: bytes, caption: str) -> str:
    """A PNG file inside the page, at least 256 pixels wide."""
    data = base64.b64encode(png).decode("ascii")
    style = "image-rendering:pixelated;min-width:256px"
    return (
        f'<figure style="display:inline-block;margin:4px"><img style="{style}" src="data:image/png;base64,{data}">'
        f"<figcaption>{_text(caption)}</figcaption></figure>"
    )


def _cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return f'<td style="{_CELL}">{_text(cell)}</td>'
    common, rest = cell
    return f'<td style="{_CELL}">{_text(common)}<b>{_text(rest)}</b></td>'


def _text(text: str) -> str:
    return escape(clean(text), quote=True)
