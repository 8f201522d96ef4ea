"""The console, entered from a subcommand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nbtui.commands.options import Request, reports_of

if TYPE_CHECKING:
    from nbtui.console.main.origin import LogOrigin
    from nbtui.live.model import Case
    from nbtui.runs.known import KnownCommands


def enter_console(
    request: Request,
    case: Case | None,
    *,
    reports: Path | None = None,
    logs: tuple[Path | None, Path] | None = None,
    origin: LogOrigin | None = None,
    known: KnownCommands | None = None,
    message: str = "",
) -> int:
    """Run the console under the settings and rules of ``request``; arguments and result as for `run_console`.

    ``message``: told at the start, unless the settings have something to tell.
    """
    from nbtui.console.startup import preferences

    found = preferences(request.configuration, request.invocation.argv, request.invocation.resumed)
    from nbtui.console.entry_points import run_console  # after the settings: it reads the frame rate once

    return run_console(
        case,
        request.settings(),
        logs=logs,
        origin=origin,
        known=known,
        profile=request.profile,
        tolerance=request.tolerance,
        allow_partial=request.allow_partial,
        reports=reports_of(request, reports),
        profiles=request.configuration.profiles,
        preferences=replace(found, message=found.message or message),
    )
