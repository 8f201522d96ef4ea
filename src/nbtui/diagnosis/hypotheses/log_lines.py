"""The lines of a C log that show a cause, quoted for the user.

Source: hypotheses.md; nanobragg_setup.md sections 2.8 and 6, nanobragg_pixel_loop.md section 12.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from nbtui.trace.columns import phi_ends
from nbtui.trace.model import PhiRecord, Trace
from nbtui.trace.text import clean

MOST = 3  # lines quoted for one cause
WIDEST = 110  # characters of a quoted line

Evidence = Callable[[Trace], Iterator[str]]


def nothing(c: Trace) -> Iterator[str]:
    """No line shows it."""
    return iter(())


def quoted(*messages: str, fields: Sequence[str] = ()) -> Evidence:
    """The first message that contains each of the texts, then the first line of each field, at most three in all."""

    def evidence(c: Trace) -> Iterator[str]:
        found: list[tuple[int, str]] = []
        for text in messages:
            found += [(notice.line, notice.text) for notice in c.notices if text in notice.text][:1]
        for field in fields:
            found += [(record.line, record.text) for record in c.all(field)[:1]]
        for line, text in found[:MOST]:
            yield f"line {line}: {_short(text)}" if line else _short(text)

    return evidence


def repeated_phi_step(c: Trace) -> Iterator[str]:
    """The phi lines, where the first repeats the values of the last."""
    if not len(c.phi):
        return
    first, last = phi_ends(c.phi)
    if first.phi_tic != 0 or last.phi_tic == 0:
        return
    same = [name for name in ("k_frac", "F_latt_b", "F_latt") if _same(first, last, name)]
    if same:
        what = ", ".join(f"{name} {first.values[name]:.15g}" for name in same)
        yield f"lines {first.line} and {last.line}: phi steps 0 and {last.phi_tic} carry the same {what}"


def _same(first: PhiRecord, last: PhiRecord, name: str) -> bool:
    return name in first.values and first.values[name] == last.values.get(name)


def _short(text: str) -> str:
    shown = " ".join(clean(text).split())
    return shown if len(shown) <= WIDEST else shown[: WIDEST - 3] + "..."
