"""Evidence packages: one written, and one verified."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nbtui.evidence.check.verify import Verification
from nbtui.evidence.write.export import WrittenPackage
from nbtui.parity.render import verdict
from nbtui.results import page
from nbtui.trace.text import clean


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
    """One finding about one file of a package; ``fatal``: a contradiction, otherwise a remark."""

    file: str
    what: str
    fatal: bool


@dataclass(frozen=True, repr=False, eq=False)
class VerificationResult:
    """The findings on one package. True where nothing contradicts it."""

    path: Path
    _verification: Verification

    @property
    def ok(self) -> bool:
        """Whether no finding is a contradiction."""
        return self._verification.ok

    @property
    def findings(self) -> tuple[FindingResult, ...]:
        """Contradictions and remarks."""
        return tuple(FindingResult(one.file, one.what, one.fatal) for one in self._verification.findings)

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        fatal = sum(one.fatal for one in self.findings)
        words = "ok" if self.ok else f"FAILED, {fatal} contradictions"
        return f"VerificationResult({clean(str(self.path))}: {words})"

    def __str__(self) -> str:
        return "\n".join([repr(self), *self._lines()])

    def _repr_html_(self) -> str:
        return page.block(page.heading(repr(self)), page.bullets(self._lines()))

    def _lines(self) -> list[str]:
        """A line for each finding: '!' for a contradiction, '-' for a remark."""
        return [f"  {'!' if one.fatal else '-'} {clean(one.file)}: {clean(one.what)}" for one in self.findings]
