"""Background jobs of the packages screen and their events."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nbtui.evidence.follow.follower import Batch
from nbtui.evidence.history import Entry


@dataclass(frozen=True, eq=False)
class Judged:
    """All packages have been judged again, because of ``batch``."""

    entries: tuple[Entry, ...]
    unread: int
    arrived: int
    batch: Batch | None


@dataclass(frozen=True)
class Verified:
    """A verification has ended."""

    path: Path
    outcome: str


def verified(path: Path) -> Verified:
    """Verify a package."""
    from nbtui.evidence.check.verify import verify  # slow to import, and unnecessary for watching

    outcome = verify(path)
    wrong = [f"{one.file} {one.what}" for one in outcome.findings if one.fatal]
    return Verified(path, f"! FAILED: {'; '.join(wrong)}" if wrong else "verified" + " (old format)" * outcome.old)
