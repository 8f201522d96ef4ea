"""Why two traces differ: certain facts, ranked causes, open questions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbtui.results import page

if TYPE_CHECKING:
    from nbtui.diagnosis.answer import Diagnosis

_WIDTH = 100  # columns of a text


@dataclass(frozen=True)
class CauseResult:
    """One ranked cause: a known way in which implementations go wrong, or a set of them."""

    ids: tuple[str, ...]
    name: str
    kind: str  # simulation, print or precision
    probability: float  # that the ids are right, 0 to 1
    explained: float  # share of the difference, 0 to 1
    summary: str
    confirm: tuple[str, ...]  # how to confirm each id
    remedies: tuple[str, ...]  # one for each id


@dataclass(frozen=True, repr=False, eq=False)
class DiagnosisResult:
    """The answer of a diagnosis; ``print`` shows the text of ``nbtui diagnose``."""

    _diagnosis: Diagnosis

    @property
    def differs(self) -> bool:
        """Whether the traces differ beyond the tolerance."""
        return self._diagnosis.differs

    @property
    def verdict(self) -> str:
        """``agrees``, ``explained``, ``partly`` or ``unknown``."""
        return self._diagnosis.verdict.value

    @property
    def headline(self) -> str:
        """The verdict in one line, with the best cause and its probability."""
        return self._diagnosis.headline()

    @property
    def causes(self) -> tuple[CauseResult, ...]:
        """The causes, best first."""
        return tuple(
            CauseResult(
                cause.ids,
                cause.name,
                cause.kind.value,
                cause.probability,
                cause.explained,
                cause.summary,
                cause.confirm,
                cause.fix,
            )
            for cause in self._diagnosis.hypotheses
        )

    @property
    def certain(self) -> tuple[str, ...]:
        """Facts of the two logs that hold whatever the cause."""
        return self._diagnosis.certain

    @property
    def unknown(self) -> tuple[str, ...]:
        """Sentences on the unexplained part."""
        return self._diagnosis.open_questions

    @property
    def findings(self) -> tuple[str, ...]:
        """Sentences to read before any number."""
        return self._diagnosis.before

    def text(self, width: int = _WIDTH) -> str:
        """The text of ``nbtui diagnose``."""
        from nbtui.diagnosis.render import as_text

        return as_text(self._diagnosis, width)

    def to_json(self) -> str:
        """The object of ``nbtui diagnose --json``."""
        from nbtui.diagnosis.render import as_object
        from nbtui.parity.metrics import to_json

        return to_json(as_object(self._diagnosis))

    def to_dict(self) -> dict[str, Any]:
        """The same as plain Python values."""
        found: dict[str, Any] = json.loads(self.to_json())
        return found

    def __repr__(self) -> str:
        return f"DiagnosisResult({self.headline})"

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        causes = [
            (c.name, f"{100 * c.probability:.0f} %", f"{100 * c.explained:.1f} %", c.summary) for c in self.causes
        ]
        parts = [page.heading(self.headline), page.bullets(self.findings)]
        if causes:
            parts.append(page.table(("cause", "probability", "explains", "summary"), causes))
        for title, sentences in (
            ("Remedy", self.causes[0].remedies if self.causes else ()),
            ("What is certain", self.certain),
            ("What is unknown", self.unknown),
        ):
            if sentences:
                parts += [page.paragraph(f"{title}:"), page.bullets(sentences)]
        return page.block(*parts)


def diagnosis_of(result: DiagnosisResult) -> Diagnosis:
    """The diagnosis as the rooms of nbtui take it."""
    return result._diagnosis
