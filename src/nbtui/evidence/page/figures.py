"""Figures as SVG text: bars of shares, and the waterfall of causes. They take the colours of the page around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from nbtui.evidence.page.content import RecordedLevel
from nbtui.parity.percent import percent
from nbtui.trace.text import clean

_WIDTH, _HEIGHT = 640, 200  # of a chart of bars
_LEFT, _BOTTOM, _TOP = 76, 34, 16
_ROW = 26  # height of a bar of the waterfall
_NAMES = 250  # width of the names beside it
_LABELLED = 24  # most steps with a number below each bar
_BAR = "#4477aa"
_STYLE = "<style>text{font:12px system-ui,sans-serif;fill:currentColor}line{stroke:currentColor}</style>"


def share_bars(shares: Sequence[float], axis: str) -> str:
    """Percent of the pixel by step of ``axis``, one bar for each."""
    most = max(*shares, 1e-300)
    inside, floor = _WIDTH - _LEFT - 8, _HEIGHT - _BOTTOM
    step, middle = inside / len(shares), (_TOP + floor) / 2
    parts = [
        f'<line x1="{_LEFT}" y1="{floor}" x2="{_WIDTH - 8}" y2="{floor}"/>',
        f'<text x="{_LEFT - 6}" y="{_TOP + 4}" text-anchor="end">{most:.3g} %</text>',
        f'<text x="{_LEFT - 6}" y="{floor}" text-anchor="end">0</text>',
        f'<text x="{_LEFT + inside / 2:.1f}" y="{_HEIGHT - 4}" text-anchor="middle">{escape(axis)}</text>',
        f'<text transform="translate(14 {middle:.1f}) rotate(-90)" text-anchor="middle">share of the pixel</text>',
    ]
    every = -(-len(shares) // _LABELLED)
    for index, share in enumerate(shares):
        height = max(0.0, share / most) * (floor - _TOP)
        x = _LEFT + index * step
        parts.append(
            f'<rect x="{x + 0.1 * step:.2f}" y="{floor - height:.2f}" width="{0.8 * step:.2f}" height="{height:.2f}" '
            f'fill="{_BAR}"><title>{escape(axis)} {index}: {share:.6g} %</title></rect>'
        )
        if index % every == 0:
            parts.append(f'<text x="{x + step / 2:.2f}" y="{floor + 14}" text-anchor="middle">{index}</text>')
    return _svg(_WIDTH, _HEIGHT, f"Share of the pixel by {axis}", parts)


def waterfall_bars(levels: Sequence[RecordedLevel]) -> str:
    """The gap that is left after each cause is taken away, one bar below the other."""
    height = _ROW * len(levels) + 8
    largest = max(*(abs(level.gap) for level in levels), 1e-300)
    return _svg(_WIDTH, height, "The gap, one cause after the other", list(_levels(levels, largest)))


def _levels(levels: Sequence[RecordedLevel], largest: float) -> Iterator[str]:
    inside = _WIDTH - _NAMES - 90
    for index, level in enumerate(levels):
        y = 4 + index * _ROW
        name = f"without {level.cause}" if level.cause else "live, set as the log"
        width = abs(level.gap) / largest * inside
        yield f'<text x="{_NAMES - 8}" y="{y + 16}" text-anchor="end">{_short(name)}</text>'
        yield f'<rect x="{_NAMES}" y="{y + 3}" width="{max(width, 0.5):.2f}" height="{_ROW - 8}" fill="{_BAR}"/>'
        yield f'<text x="{_NAMES + width + 6:.2f}" y="{y + 16}">{escape(percent(level.gap))}</text>'


def _short(name: str) -> str:
    plain = clean(name)
    return escape(plain if len(plain) <= 38 else plain[:37] + "…")


def _svg(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img"><title>{escape(title)}</title>{_STYLE}{"".join(parts)}</svg>'
    )
