"""Export of the current comparison as an evidence package."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

from nbtui.console.jobs import Failure, start
from nbtui.console.main import marks
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.cause_summary import current
from nbtui.console.main.host import Host
from nbtui.console.main.jobs import Exported, Judgement
from nbtui.console.main.pair import Compared
from nbtui.console.main.state import State
from nbtui.console.terminal.loop import in_loop
from nbtui.errors import UnusableInput


def export(state: State, judgement: Judgement, reports: Path, sign: Path | None = None) -> Path:
    """Write a package of the current comparison and return its path. ``sign``: SSH key that signs it.

    Raises UnusableInput without a case (a package must say how its trace was made), and whatever the exporter raises.
    """
    from nbtui.evidence.write.export import ExportRequest, export_package  # not needed to view traces

    if state.case is None:
        raise UnusableInput("a package needs the command line: add the run's flags, nbtui open C_LOG PY_LOG -- FLAGS")
    if state.shown is Compared.LOG_LIVE:
        raise UnusableInput(f"a package compares with C; {ACTIONS.key('pair')} shows C beside your log or live")
    if state.shown is Compared.REFERENCE_LIVE and state.simulation is not None and state.simulation.causes:
        raise UnusableInput(
            f"causes on the live side cannot be replayed from a command; {ACTIONS.key('pair')} shows C beside your log"
        )
    ran = state.c_here if state.c_here is not state.c_trace else None  # the log of a C run made here
    given = state.c_trace is not None and not state.c_trace.simulated and state.case.c_log is None
    # during another simulation, the screen still shows the last result
    case = state.simulation.case if state.simulation else state.case
    shown = state.simulation.settings if state.simulation else state.settings
    found = current(state)
    log = state.suspect if state.shown is Compared.REFERENCE_LOG else None
    c_log = state.case.c_log
    if ran is not None:
        c_log = Path(ran.origin)
    elif given and state.c_trace is not None:
        c_log = Path(state.c_trace.origin)
    return export_package(
        ExportRequest(
            case=case,
            settings=shown,
            reports=reports,
            c_log=c_log,
            py_log=Path(log.origin) if log is not None else None,
            py_phi=state.origin.phi if log is not None else None,
            made_by=state.origin.made_by if log is not None else "",
            port=state.origin.port if log is not None else None,
            simulation=state.simulation if state.simulation is not None and not state.simulation.causes else None,
            profile=judgement.profile,
            tolerance=judgement.tolerance,
            allow_partial=judgement.allow_partial,
            profiles=judgement.profiles,
            sign=sign,
            asks=False,  # the terminal shows the console
            note=marks.note(state),
            diagnose=None if found is None else lambda *of: found.diagnosis,  # the result on the screen
        )
    )


class Exporter:
    """Writes packages in a thread; the console waits for it at exit, so that no package is left incomplete."""

    def __init__(self, host: Host, judgement: Judgement, sign: Path | None) -> None:
        """``sign``: SSH key that signs the packages."""
        self._host, self._judgement, self._sign = host, judgement, sign
        self.thread: threading.Thread | None = None

    def export(self) -> None:
        """Write a package of the current comparison, one at a time."""
        now, judgement, reports, sign = self._host.state, self._judgement, self._host.reports, self._sign
        if now.exporting or now.comparison is None or now.pending or (now.elsewhere and now.c_here is None):
            reason = "C's log is of another pixel: nothing to export here" if now.elsewhere else ""
            self._host.tell(reason or "nothing to export yet")
            return
        self._host.show(replace(now, exporting=True))
        exported, failed = in_loop(self._host, self._exported), in_loop(self._host, self._failed)
        self.thread = start(lambda: Exported(export(now, judgement, reports, sign)), exported, failed, "nbtui-export")

    def _exported(self, result: Exported) -> None:
        written = "written" if self._sign is None else "written and signed"
        state = replace(self._host.state, exporting=False, history=None, message=f"{written}: {result.path}")
        self._host.show(state)
        self._host.exported(result.path)

    def _failed(self, failure: Failure) -> None:
        self._host.show(replace(self._host.state, exporting=False, message=f"not exported: {failure.sentence}"))
