"""Causes of a difference on the live side: all of them imitate your log, and they are taken away one by one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbtui.diagnosis.answer import Diagnosis
    from nbtui.diagnosis.explain.causes import Cause
    from nbtui.diagnosis.explain.imitation import Imitation


@dataclass(frozen=True)
class LiveCauses:
    """The causes of one answer, and how many steps have been taken from your log towards the reference."""

    imitation: Imitation
    order: tuple[str, ...]  # in which they are taken away, or added where they are those of the reference
    off: float | None = None  # relative difference of the live side with all of them from the log, where measured
    is_log: bool = False  # close enough to be called the log
    moved: int = 0

    @property
    def on(self) -> tuple[str, ...]:
        """The causes in effect."""
        return self.order[: self.moved] if self.imitation.adds else self.order[self.moved :]

    @property
    def sentence(self) -> str:
        """What the live side is, for the header."""
        causes = f" with {', '.join(self.on)}" if self.on else ""
        if self.imitation.adds:
            return f"{self._log()}{causes}{' of the C log' if causes else ''}"
        if not causes:
            return "C as simulated: every cause is taken away"
        return f"C{causes}" if self.moved or self.off is None else f"{self._log()}{causes}"

    def _log(self) -> str:
        """The state that imitates your log, and how close it comes."""
        if self.off is None:
            return "simulated"
        return f"your log within {self.off:.1g}" if self.is_log else f"{self.off:.1g} off your log"

    def by(self, steps: int) -> LiveCauses:
        """One or more steps towards the reference, or back; at the ends nothing changes."""
        return replace(self, moved=max(0, min(len(self.order), self.moved + steps)))


def of_answer(diagnosis: Diagnosis, cause: Cause) -> LiveCauses | None:
    """The causes of one entry of the list; None where the simulation cannot take them."""
    if diagnosis.imitation is None or not cause.changes:
        return None
    imitation = replace(diagnosis.imitation, changes=cause.changes)
    fall = diagnosis.waterfall if cause is diagnosis.hypotheses[0] else None
    if fall is None:
        return LiveCauses(imitation, imitation.ids)
    return LiveCauses(imitation, fall.falls, fall.off, fall.is_log)
