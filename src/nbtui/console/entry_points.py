"""Entry points of the console, one per subcommand, and the return from a replayed package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nbtui.console.app import Console, initial
from nbtui.console.main.jobs import NO_TRACE, Judgement
from nbtui.console.main.opening import CaseToOpen
from nbtui.console.main.origin import LogOrigin
from nbtui.console.run import run
from nbtui.console.session.preferences import Preferences
from nbtui.console.startup import of_settings
from nbtui.errors import INTERRUPTED
from nbtui.live.model import Case, Settings
from nbtui.parity.profiles import Profile
from nbtui.settings import load
from nbtui.trace.model import Trace

if TYPE_CHECKING:
    from nbtui.console.packages.state import PackagesState
    from nbtui.evidence.restore.restore import Restored
    from nbtui.runs.known import KnownCommands


def run_console(
    case: Case | None,
    settings: Settings,
    *,
    c_trace: Trace | None = None,
    suspect: Trace | None = None,
    logs: tuple[Path | None, Path] | None = None,
    profile: str,
    tolerance: float | None,
    allow_partial: bool = False,
    reports: Path,
    profiles: Mapping[str, Profile] | None = None,
    preferences: Preferences | None = None,
    package: Restored | None = None,
    origin: LogOrigin | None = None,
    known: KnownCommands | None = None,
    returns: bool = False,
) -> int:
    """Run the console until the user leaves it.

    Compares two given sides: ``logs`` (C's and the user's), read in the console, or two traces; ``case`` (if any) is
    then simulated for the live side. Without them only the live side is compared. ``package``: the origin of case and
    traces; ``origin``: that of the user's log; ``known``: the commands of the case; ``returns``: the console before
    returns when this one is left. Returns 0 (agreement),
    1 (divergence), 2 or 3 (a failure prevented the comparison), 130 (interrupted, or left before a verdict),
    128 + signal.
    Raises TraceError for an unknown profile.
    """
    judgement = Judgement(profile, tolerance, dict(profiles or {}), allow_partial)
    judgement.compare(NO_TRACE, NO_TRACE)  # rejects an unknown profile before taking over the screen
    return run(
        lambda state, preferences, shelf: Console(state, judgement, reports, preferences, shelf),
        initial(case, settings, c_trace, suspect, judgement, logs, package, origin, known, returns=returns),
        preferences or Preferences(),
        replay,
    )


def run_watch(root: Path, *, poll: bool = False) -> int:
    """Run the packages screen until the user leaves it; a replayed package returns to it.

    Returns 0, 130 (interrupted) or 128 + signal.
    """
    from nbtui.console.packages.state import left  # deferred past the settings, as is the next
    from nbtui.console.watch import Watch

    shelf: PackagesState | None = None
    while True:
        app = Watch(root, poll=poll, shelf=shelf)
        outcome = app.run()
        if outcome is None or isinstance(outcome, int):
            return INTERRUPTED if outcome is None else outcome
        code = replay(outcome)
        if code > 128:  # interrupted, or the terminal is closing
            return code
        shelf = replace(left(app.packages.state), selected=outcome.package.path)


def replay(found: Restored | CaseToOpen) -> int:
    """Show a package as a session, or a case, and return the console's exit code."""
    if isinstance(found, CaseToOpen):
        return _show_case(found)
    words = [f"stepping is off: {found.obstacle}"] if found.obstacle else []
    return run_console(
        found.case,
        found.settings,
        c_trace=found.c,
        suspect=found.py if found.py_given else replace(found.py, simulated=True),
        profile=found.profile,
        tolerance=found.tolerance,
        allow_partial=found.allow_partial,
        reports=found.package.path.parent,
        profiles=found.configuration.profiles,
        preferences=replace(of_settings(found.configuration), message="; ".join((*words, *found.remarks))),
        package=found,
        origin=LogOrigin(found.py_phi, dict(found.package.made_by).get("command", "")),
    )


def _show_case(found: CaseToOpen) -> int:
    judgement = found.judgement
    return run_console(
        found.case,
        found.settings,
        logs=None if found.log is None else (None, found.log),
        profile=judgement.profile,
        tolerance=judgement.tolerance,
        allow_partial=judgement.allow_partial,
        reports=found.reports,
        profiles=judgement.profiles,
        preferences=replace(of_settings(load()), message=found.message),
        known=found.known,
        returns=True,
    )
