"""The answer of a diagnosis, in three parts: what is certain, which causes are likely, what is unknown."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from nbtui.diagnosis.explain.attribution import Share
from nbtui.diagnosis.explain.causes import Cause
from nbtui.diagnosis.explain.imitation import TOTALS, Imitation, Waterfall
from nbtui.diagnosis.explain.unknown import Unexplained
from nbtui.diagnosis.hypotheses.record import CauseKind
from nbtui.diagnosis.search.ratios import Match
from nbtui.parity.own_values import Contradiction
from nbtui.trace.side import C


class Verdict(StrEnum):
    """How much of the difference the best hypothesis explains."""

    AGREES = "agrees"  # nothing differs
    EXPLAINED = "explained"  # everything that differs
    PARTLY = "partly"  # some of it
    UNKNOWN = "unknown"  # nothing: no known cause


@dataclass(frozen=True)
class Diagnosis:
    """The result: what is certain, ranked causes (best first), and what is unknown."""

    verdict: Verdict
    hypotheses: tuple[Cause, ...]
    preflight: tuple[str, ...]
    faulty_side: str  # "PY", "C" (the C log does not follow from its command line) or ""
    notes: tuple[str, ...]
    certain: tuple[str, ...] = ()  # facts of the two logs that hold whatever the cause
    unknown: tuple[Unexplained, ...] = ()  # in pipeline order
    remarks: tuple[str, ...] = ()  # facts beside the causes: single precision, lines of the print
    consistency: tuple[Contradiction, ...] = ()  # lines that contradict their own trace
    ratios: tuple[Match, ...] = ()
    inherited: tuple[str, ...] = ()  # fields whose difference follows from earlier ones
    new_divergence: str = ""  # first field whose difference does not follow
    attribution: tuple[Share, ...] = ()  # of the best cause, suspect minus reference
    attributed_to: str = ""  # origin of the C side's terms
    imitation: Imitation | None = None  # of the best cause; None without a simulation or a cause
    waterfall: Waterfall | None = None
    tried: tuple[int, int] = field(default=(0, 0))  # single causes and combinations

    @property
    def differs(self) -> bool:
        """Whether the traces differ at all."""
        return self.verdict is not Verdict.AGREES

    @property
    def open_questions(self) -> tuple[str, ...]:
        """Sentences on the unknown part; one at least unless everything is explained."""
        told = tuple(item.sentence for item in self.unknown)
        if told or self.verdict in (Verdict.AGREES, Verdict.EXPLAINED):
            return told
        left = self.hypotheses[0].left if self.hypotheses else ""
        return (left or "No known cause explains the difference.",)

    @property
    def before(self) -> tuple[str, ...]:
        """What to read before any number; contradictions within a trace have a section of their own."""
        own = {found.sentence for found in self.consistency}
        return tuple(sentence for sentence in (*self.preflight, *self.notes) if sentence not in own)

    @property
    def imitates(self) -> str:
        """How close the live side comes to the log with the best cause, and with which causes; empty without one."""
        if self.imitation is None or self.waterfall is None:
            return ""
        causes, farthest = ", ".join(self.imitation.ids), self.hypotheses[0].worst_left
        log, made = self.waterfall.names
        off = self.waterfall.off
        close = (
            f"{made} = {log} within {off:.1g}" if self.waterfall.is_log else f"{made} comes within {off:.1g} of {log}"
        )
        if self.imitation.adds:
            return f"{close} without a cause; the C log with: {causes}"
        other = farthest is not None and farthest.field not in TOTALS
        field = f", {farthest.field} within {farthest.off:.1g}" if farthest and other else ""
        return f"{close}{field}, with: {causes}"

    def headline(self, longest: int = 0) -> str:
        """The verdict in one line, with the best cause, its probability, and causes of the print beside it.

        ``longest``: most characters, at the expense of the names; 0 for all of them.
        """
        if not self.differs:
            return "agrees: no difference beyond the tolerance"
        best = self.hypotheses[0] if self.hypotheses else None
        if best is None or self.verdict is Verdict.UNKNOWN:
            if best is None or best.kind is not CauseKind.PRINT:
                return "unknown: no known cause"
            return _within("unknown: no known cause; of the print: ", best, "", longest)
        how = "explained" if self.verdict is Verdict.EXPLAINED else "partly explained"
        side = f" in {C.noun}" if self.faulty_side == "C" else ""
        kind = "" if best.kind is CauseKind.SIMULATION else f"{best.kind}, "
        sentence = _within(f"{how}: ", best, f"{side} ({kind}probability {best.likelihood})", longest)
        whole = f"{sentence}; {best.beside}" if best.beside else sentence
        return whole if not longest or len(whole) <= longest else sentence


def _within(before: str, cause: Cause, after: str, longest: int) -> str:
    """``before``, the names of the cause and ``after``; the names yield where ``longest`` is not 0."""
    room = longest - len(before) - len(after)
    return f"{before}{cause.name_within(room) if longest else cause.name}{after}"
