"""A verdict as a list of checks, each passed, failed or skipped."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One check; passed without ``failure`` and ``skipped``, one line each."""

    group: str
    name: str
    failure: str = ""
    skipped: str = ""
    line: int = 0  # of the file of the list, 0 for none


@dataclass(frozen=True)
class CheckList:
    """The checks of one comparison."""

    name: str
    verdict: str
    agrees: bool
    checks: tuple[Check, ...]
    findings: tuple[str, ...]
    principal: str = ""  # name of the check that the verdict is about
    file: str = ""  # the suspect's, to annotate

    @property
    def failed(self) -> tuple[Check, ...]:
        """The failed checks; at least one where the verdict is no agreement."""
        return tuple(check for check in self.checks if check.failure)
