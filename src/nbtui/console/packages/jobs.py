"""Background jobs of the packages screen and their events."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nbtui.console.jobs import explained
from nbtui.evidence.check.finding import CheckOutcome, Weight
from nbtui.evidence.follow.follower import Batch, Signature, signature
from nbtui.evidence.history import Entry

if TYPE_CHECKING:
    from nbtui.evidence.check.verify import Verification
    from nbtui.evidence.restore.restore import Restored

LONGEST_REST = 1.0  # s
LARGE = 256 << 20  # bytes; larger packages are verified on request only


@dataclass(frozen=True, eq=False)
class Judged:
    """All packages have been judged again, because of ``batch``; ``outdated``: verified before their last change."""

    entries: tuple[Entry, ...]
    unread: int
    arrived: int
    batch: Batch | None
    outdated: frozenset[Path] = frozenset()


@dataclass(frozen=True)
class Verified:
    """The outcome of a verification, valid for the files as they were."""

    path: Path
    outcome: str
    result: CheckOutcome
    files: Signature


def verified(path: Path) -> Verified:
    """Verify a package."""
    from nbtui.evidence.check.verify import verify  # slow to import, and unnecessary for watching

    files = signature(path)
    try:
        found = verify(path)
    except Exception as error:
        return Verified(path, explained(error).sentence, CheckOutcome.FAILED, files=files)
    return Verified(path, words_of(found), found.outcome, files)


def words_of(found: Verification) -> str:
    """The outcome as in the list, with the findings behind it."""
    if found.ok:
        return f"verified{found.aside}"
    deciding = Weight.WRONG if found.outcome is CheckOutcome.FAILED else Weight.UNJUDGED
    return f"{found.outcome.value}: {'; '.join(one.sentence for one in found.of(deciding))}"


def outdated(checks: Mapping[Path, Verified]) -> frozenset[Path]:
    """The packages whose files have changed since their verification."""
    return frozenset(path for path, check in checks.items() if signature(path) != check.files)


def is_large(path: Path) -> bool:
    """Whether a package is too large for a verification without request."""
    return sum(size for _, size, _ in signature(path)) > LARGE


def opened(path: Path) -> Restored:
    """A package as a session. Raises TraceError or UnusableInput for one that cannot be opened."""
    from nbtui.evidence.restore.restore import restore  # slow to import, and unnecessary for watching
    from nbtui.settings import load

    return restore(path, load())


class Verifier:
    """Verifies packages one after the other, in its own thread, which rests as long as it works."""

    def __init__(self, done: Callable[[Verified], None]) -> None:
        self._done = done
        self._waiting: deque[Path] = deque()
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def verify(self, path: Path, *, next: bool = False) -> None:
        """Verify a package after those requested before; ``next``: before them."""
        if next:
            self._waiting.appendleft(path)
        else:
            self._waiting.append(path)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="nbtui-verify", daemon=True)
            self._thread.start()
        self._wake.set()

    def stop(self) -> None:
        """Forget the waiting packages; the thread ends after the present one."""
        self._stopped.set()
        self._wake.set()

    def _run(self) -> None:
        while self._wake.wait() and not self._stopped.is_set():
            self._wake.clear()
            while self._waiting and not self._stopped.is_set():
                began = time.monotonic()
                self._done(verified(self._waiting.popleft()))
                self._stopped.wait(min(time.monotonic() - began, LONGEST_REST))  # a burst leaves room for the keys
