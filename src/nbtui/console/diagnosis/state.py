"""State of the diagnosis screen, frozen, and its pure transitions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nbtui.console.main.kept_diagnosis import KeptDiagnosis

if TYPE_CHECKING:
    from nbtui.diagnosis.explain.causes import Cause


@dataclass(frozen=True)
class DiagnosisState:
    """Everything the screen shows in addition to the console's own state. Immutable."""

    progress: str = ""  # progress message; empty without a running diagnosis
    diagnosed: KeptDiagnosis | None = None
    problem: str = ""  # why the diagnosis is missing, with the remedy
    cursor: int = 0  # index of the selected cause
    top: int = 0  # first visible line of the details below
    applied: int | None = None  # the cause applied to the live side
    message: str = ""
    helping: bool = False

    @property
    def causes(self) -> tuple[Cause, ...]:
        """The causes, best first."""
        return self.diagnosed.diagnosis.hypotheses if self.diagnosed is not None else ()

    @property
    def cause(self) -> Cause | None:
        """The cause under the cursor."""
        return self.causes[self.cursor] if self.cursor < len(self.causes) else None


def found(state: DiagnosisState, diagnosed: KeptDiagnosis) -> DiagnosisState:
    """Store the finished diagnosis."""
    return replace(state, progress="", problem="", diagnosed=diagnosed, cursor=0, top=0, applied=None)


def moved(state: DiagnosisState, by: int) -> DiagnosisState:
    """Move the cursor ``by`` causes down, clamped at the ends."""
    if not state.causes:
        return state
    cursor = max(0, min(len(state.causes) - 1, state.cursor + by))
    return state if cursor == state.cursor else replace(state, cursor=cursor, top=0)


def scrolled(state: DiagnosisState, by: int, lines: int, room: int) -> DiagnosisState:
    """Scroll the page of ``lines`` lines by ``by``, with ``room`` lines visible."""
    return replace(state, top=max(0, min(state.top + by, lines - room)))


def as_text(state: DiagnosisState) -> str:
    """The selected cause as text for ``c`` to copy, one line per sentence; empty without one."""
    cause = state.cause
    if cause is None:
        return ""
    lines = [f"{cause.name} (probability {cause.likelihood}): explains {cause.share}, {cause.remainder}"]
    lines += [cause.summary, *(f"confirm: {text}" for text in cause.confirm)]
    lines += [*(f"C log, {text}" for text in cause.seen), *(f"remedy: {text}" for text in cause.fix)]
    return "\n".join(lines)
