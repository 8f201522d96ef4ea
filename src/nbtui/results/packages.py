"""Evidence packages: one written, and one verified."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nbtui.evidence.check.finding import Weight
from nbtui.evidence.check.verify import Verification, verify
from nbtui.evidence.read.package import Package
from nbtui.evidence.write.export import WrittenPackage
from nbtui.parity.render import verdict
from nbtui.results import page
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.evidence.check.replay import Replayed


@dataclass(frozen=True, repr=False, eq=False)
class PackageResult:
    """An evidence package on disk; usable as a path."""

    _written: WrittenPackage

    @property
    def path(self) -> Path:
        """The directory."""
        return self._written.path

    @property
    def agrees(self) -> bool:
        """Whether the comparison in it agrees and nothing failed."""
        return self._written.exit_code == 0

    @property
    def verdict(self) -> str:
        """The verdict of its comparison, in one line."""
        return verdict(self._written.comparison)

    @property
    def blocked(self) -> tuple[str, ...]:
        """Why it does not state an agreement; empty where it does."""
        return self._written.blocked

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f"PackageResult({clean(str(self.path))}: {self.verdict})"

    def __str__(self) -> str:
        return "\n".join([self.verdict, *(f"BLOCKED: {reason}" for reason in self.blocked), clean(str(self.path))])

    def _repr_html_(self) -> str:
        return page.block(
            page.heading(self.verdict),
            page.bullets([f"BLOCKED: {reason}" for reason in self.blocked]),
            page.paragraph(str(self.path)),
        )


@dataclass(frozen=True)
class FindingResult:
    """One finding about one file of a package; the file ``.`` stands for the whole package."""

    file: str
    what: str
    weight: str  # wrong: a contradiction; unjudged: nothing at hand can judge it; remark


@dataclass(frozen=True, repr=False, eq=False)
class VerificationResult:
    """The findings on one package. True where everything was judged, without a contradiction."""

    path: Path
    _verification: Verification

    @property
    def outcome(self) -> str:
        """``ok``; ``incomplete``: no contradiction, but something could not be judged; ``failed``: a contradiction."""
        return self._verification.outcome.value.lower()

    @property
    def ok(self) -> bool:
        """Whether the outcome is ``ok``."""
        return self._verification.ok

    @property
    def caveat(self) -> str:
        """A reservation about the outcome, such as tolerances that are not nbtui's; empty without one."""
        return self._verification.caveat

    @property
    def findings(self) -> tuple[FindingResult, ...]:
        """Contradictions, unjudged statements and remarks."""
        return tuple(FindingResult(one.file, one.what, one.weight.value) for one in self._verification.findings)

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        wrong, unjudged = (len(self._verification.of(weight)) for weight in (Weight.WRONG, Weight.UNJUDGED))
        counts = [f"{wrong} wrong"] * bool(wrong) + [f"{unjudged} not judged"] * bool(unjudged)
        words = f"{clean(str(self.path))}: {self.outcome}{self._verification.aside}"
        return f"VerificationResult({', '.join([words, *counts])})"

    def __str__(self) -> str:
        return "\n".join([repr(self), *self._lines()])

    def _repr_html_(self) -> str:
        return page.block(page.heading(repr(self)), page.bullets(self._lines()))

    def _lines(self) -> list[str]:
        """A line for each finding, with its weight, the gravest first."""
        found = [(weight, one) for weight in Weight for one in self._verification.of(weight)]
        return [f"  {weight.value}: {clean(one.sentence)}" for weight, one in found]


def verified(path: Path, *, replay: bool, signers: Path | None = None) -> Verification:
    """The verification of a package; with ``replay``, its pixel is also simulated again."""
    found = verify(path, signers)
    if not replay or not found.package.files:
        return found
    again = _replayed(found.package)
    left = (one for one in found.findings if not (again.judged and one.replayable))
    return dataclasses.replace(found, findings=(*left, *again.findings))


def _replayed(package: Package) -> Replayed:
    """The replay, or the finding that says why there is none."""
    from nbtui.evidence.check.replay import Replayed, impossible, not_replayed, replay  # loads the simulator
    from nbtui.evidence.restore.restore import restored_run
    from nbtui.settings import load

    reason = impossible(package)
    if reason:
        return Replayed((not_replayed(reason),), False)
    case, settings, obstacle = restored_run(package, load())
    if case is None:
        return Replayed((not_replayed(obstacle),), False)
    return replay(package, case, settings)
