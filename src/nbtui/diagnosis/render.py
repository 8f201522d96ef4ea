"""Diagnoses as JSON and as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from nbtui.diagnosis.answer import Diagnosis
from nbtui.diagnosis.explain.causes import Cause
from nbtui.diagnosis.explain.imitation import TOTALS


def as_object(diagnosis: Diagnosis) -> dict[str, object]:
    """The object of ``nbtui diagnose --json``."""
    return {
        "verdict": diagnosis.verdict.value,
        "certain": list(diagnosis.certain),
        "hypotheses": [_cause_object(cause, diagnosis.faulty_side) for cause in diagnosis.hypotheses],
        "unknown": [{"field": item.field, "off": item.off, "sentence": item.sentence} for item in diagnosis.unknown],
        "remarks": list(diagnosis.remarks),
        "preflight": [*diagnosis.preflight, *diagnosis.notes],
        "self_consistency": [finding.sentence for finding in diagnosis.consistency],
        "ratios": [match.sentence for match in diagnosis.ratios],
        "new_divergence": diagnosis.new_divergence,
        "waterfall": diagnosis.waterfall.as_object() if diagnosis.waterfall is not None else None,
        "attributed_to": diagnosis.attributed_to,
        "attribution": [share.as_object() for share in diagnosis.attribution],
    }


def _cause_object(cause: Cause, side: str) -> dict[str, object]:
    left = cause.worst_left
    return {
        "ids": list(cause.ids),
        "kind": cause.kind.value,
        "probability": round(cause.probability, 4),
        "explained": cause.explained,
        "residual": cause.residual,
        "worst_left": {"field": left.field, "off": left.off} if left is not None else None,
        "summary": cause.summary,
        "forms": list(cause.forms),
        "confirm": list(cause.confirm),
        "fix": list(cause.fix),
        "seen": list(cause.seen),
        "side": side,
    }


def as_text(diagnosis: Diagnosis, width: int = 100) -> str:
    """Verdict, certain facts, causes and unknown differences, then the other findings; remarks at the end."""
    lines = [diagnosis.headline()]
    lines += _section("What is certain", diagnosis.certain, width)
    if diagnosis.differs or diagnosis.hypotheses:
        lines += ["", "Causes:", *_causes(diagnosis, width)]
    lines += _falls(diagnosis)
    lines += _section("What is unknown", diagnosis.open_questions, width)
    for title, entries in (
        ("Preflight", diagnosis.before),
        ("Lines that contradict their own trace", tuple(item.sentence for item in diagnosis.consistency)),
        ("Ratios", tuple(item.sentence for item in diagnosis.ratios)),
        ("First new divergence", (diagnosis.new_divergence,) if diagnosis.new_divergence else ()),
        (
            f"Where the gap comes from (C's terms: {diagnosis.attributed_to})",
            tuple(share.sentence for share in diagnosis.attribution),
        ),
        ("Remarks", diagnosis.remarks),
    ):
        lines += _section(title, entries, width)
    return "\n".join(lines)


def _section(title: str, entries: Sequence[str], width: int) -> list[str]:
    if not entries:
        return []
    return ["", f"{title}:", *(line for entry in entries for line in _wrapped(entry, width, "  ", "- "))]


def _falls(diagnosis: Diagnosis) -> list[str]:
    """The gap as the causes of the best answer are taken away one by one."""
    fall = diagnosis.waterfall
    if fall is None or not fall.tells:
        return []
    names = [name for name in TOTALS if name in fall.log]
    rows = fall.rows
    first = max(len(label) for label, _ in rows)
    lines = [f"  {'':{first}} " + " ".join(f"{name:>17}" for name in names)]
    lines += [
        f"  {label:{first}} " + " ".join(f"{gap_text(gaps.get(name)):>17}" for name in names) for label, gaps in rows
    ]
    return ["", f"Gap to the C log, one cause at a time ({diagnosis.imitates}):", *lines]


def gap_text(gap: float | None) -> str:
    """A relative gap: in percent where that shows digits, else as a power of ten."""
    if gap is None:
        return "-"
    return f"{100 * gap:+.4g} %" if abs(gap) >= 1e-5 else "0" if gap == 0.0 else f"{gap:+.0e}"


def _causes(diagnosis: Diagnosis, width: int) -> Iterator[str]:
    if not diagnosis.hypotheses:
        yield "  none known"
    for rank, cause in enumerate(diagnosis.hypotheses, 1):
        yield from _wrapped("; ".join(filter(None, (cause.name, cause.beside))), width, "   ", first=f"{rank}. ")
        numbers = f"{cause.subject}; probability {cause.likelihood}; explains {cause.share}, {cause.remainder}"
        yield from _wrapped(numbers, width, "   ")
        yield from _wrapped(cause.summary, width, "   ")
        if rank == 1:
            for text, fix in zip(cause.confirm, cause.fix, strict=True):
                yield from _wrapped(f"confirm: {text}", width, "   ")
                yield from _wrapped(f"remedy: {fix}", width, "   ")
            for text in cause.seen:
                yield from _wrapped(f"C log: {text}", width, "   ")


def _wrapped(text: str, width: int, indent: str, mark: str = "", *, first: str = "") -> list[str]:
    """Lines of ``width`` characters, ``mark`` before the text; ``first`` in place of the indent of the first line."""
    rest = indent + " " * len(mark)
    start = (first or indent) + mark
    return textwrap.wrap(text, width, initial_indent=start, subsequent_indent=rest, break_long_words=False)
