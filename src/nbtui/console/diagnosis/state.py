"""What the diagnosis screen shows and where the user is in it, as frozen values, and the steps between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nbtui.console.main.diagnosis_result import DiagnosisResult

if TYPE_CHECKING:
    from nbtui.diagnosis.explain.causes import Cause


@dataclass(frozen=True)
class DiagnosisState:
    """Everything the screen may show beside the console's own state. Replaced, never changed."""

    progress: str = ""  # what the thread does now; empty when none runs
    diagnosed: DiagnosisResult | None = None
    problem: str = ""  # why there is no diagnosis, with the remedy
    cursor: int = 0  # of the causes
    top: int = 0  # first line of the page below that is shown
    applied: int | None = None  # the cause applied to the live side
    message: str = ""
    helping: bool = False

    @property
    def causes(self) -> tuple[Cause, ...]:
        """Ranked, best first."""
        return self.diagnosed.diagnosis.hypotheses if self.diagnosed is not None else ()

    @property
    def cause(self) -> Cause | None:
        """The one under the cursor."""
        return self.causes[self.cursor] if self.cursor < len(self.causes) else None


def found(state: DiagnosisState, diagnosed: DiagnosisResult) -> DiagnosisState:
    """The diagnosis has come."""
    return replace(state, progress="", problem="", diagnosed=diagnosed, cursor=0, top=0, applied=None)


def moved(state: DiagnosisState, by: int) -> DiagnosisState:
    """The cursor ``by`` causes down; at the ends it stays."""
    if not state.causes:
        return state
    cursor = max(0, min(len(state.causes) - 1, state.cursor + by))
    return state if cursor == state.cursor else replace(state, cursor=cursor, top=0)


def scrolled(state: DiagnosisState, by: int, lines: int, room: int) -> DiagnosisState:
    """The page of ``lines`` lines ``by`` further, ``room`` of which are shown."""
    return replace(state, top=max(0, min(state.top + by, lines - room)))


def as_text(state: DiagnosisState) -> str:
    """What ``c`` copies: the chosen cause, in full; empty without one. One line per sentence."""
    cause = state.cause
    if cause is None:
        return ""
    lines = [f"{' + '.join(cause.ids)}: explains {100.0 * cause.explained:.1f} %, left {cause.residual:.1e}"]
    lines += [cause.summary, *(f"confirm: {text}" for text in cause.confirm)]
    lines += [*(f"C log, {text}" for text in cause.seen), *(f"remedy: {text}" for text in cause.fix)]
    return "\n".join(lines)
