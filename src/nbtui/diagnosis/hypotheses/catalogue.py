"""The hypotheses as data: id, what it says, how to confirm it, what fixed it.

The ids are those of hypotheses.md; what each changes is in the ``plant_*`` modules.
"""

from __future__ import annotations

from dataclasses import dataclass

from nbtui.diagnosis.hypotheses.texts import ROWS


@dataclass(frozen=True)
class Hypothesis:
    """One way in which two implementations come apart."""

    id: str
    sentence: str
    confirm: str  # what to look for in the C log
    fix: str  # what put it right where it was met
    harmless: bool = False  # a line differs, the image does not


CATALOGUE: dict[str, Hypothesis] = {
    row[0]: Hypothesis(*row, harmless=row[0] in ("tap_unrotated_reciprocal", "sincg_fractional")) for row in ROWS
}
