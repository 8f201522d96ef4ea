"""Diagnoses as JSON and as text for a terminal."""

from __future__ import annotations

import textwrap

from nbtui.diagnosis.answer import Diagnosis


def as_object(diagnosis: Diagnosis) -> dict[str, object]:
    """The object of ``nbtui diagnose --json``."""
    return {
        "hypotheses": [
            {
                "ids": list(cause.ids),
                "explained": cause.explained,
                "residual": cause.residual,
                "summary": cause.summary,
                "forms": list(cause.forms),
                "confirm": list(cause.confirm),
                "fix": list(cause.fix),
                "seen": list(cause.seen),
                "side": diagnosis.faulty_side,
            }
            for cause in diagnosis.hypotheses
        ],
        "preflight": [*diagnosis.preflight, *diagnosis.notes],
        "self_consistency": [finding.sentence for finding in diagnosis.consistency],
        "ratios": [match.sentence for match in diagnosis.ratios],
        "new_divergence": diagnosis.new_divergence,
        "attributed_to": diagnosis.attributed_to,
        "attribution": [share.as_object() for share in diagnosis.attribution],
    }


def as_text(diagnosis: Diagnosis, width: int = 100) -> str:
    """Ranked causes, then the other findings."""
    lines: list[str] = []
    if not diagnosis.differs:
        lines.append("Nothing differs: every compared value agrees.")
    elif not diagnosis.hypotheses:
        lines.append("The traces differ and no known cause explains it.")
    for rank, cause in enumerate(diagnosis.hypotheses, 1):
        lines.append(
            f"{rank}. {' + '.join(cause.ids)}  explains {100.0 * cause.explained:.1f} %, left {cause.residual:.1e}"
        )
        lines += _wrapped(cause.summary, width, "   ")
        if rank == 1:
            for text, fix in zip(cause.confirm, cause.fix, strict=True):
                lines += _wrapped(f"confirm: {text}", width, "   ")
                lines += _wrapped(f"remedy: {fix}", width, "   ")
            for text in cause.seen:
                lines += _wrapped(f"C log: {text}", width, "   ")
    for title, entries in (
        ("Before any number", (*diagnosis.preflight, *diagnosis.notes)),
        ("Lines that contradict their own trace", tuple(item.sentence for item in diagnosis.consistency)),
        ("Ratios", tuple(item.sentence for item in diagnosis.ratios)),
        ("First new divergence", (diagnosis.new_divergence,) if diagnosis.new_divergence else ()),
        (
            f"Where the gap comes from (C side: {diagnosis.attributed_to})",
            tuple(share.sentence for share in diagnosis.attribution),
        ),
    ):
        if entries:
            lines += ["", f"{title}:"]
            for entry in entries:
                lines += _wrapped(entry, width, "  ")
    return "\n".join(lines)


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False)
