"""From what the console shows to an evidence package."""

from __future__ import annotations

from pathlib import Path

from nbtui.console.main import marks
from nbtui.console.main.cause_summary import current
from nbtui.console.main.jobs import Judgement
from nbtui.console.main.state import State
from nbtui.errors import UnusableInput


def export(state: State, judgement: Judgement, reports: Path) -> Path:
    """Write a package of the comparison shown and return its path.

    Raises UnusableInput without a case (a package must say how its trace was made), and whatever the exporter raises.
    """
    from nbtui.evidence.write.export import ExportRequest, export_package  # not needed to look at traces

    if state.case is None:
        raise UnusableInput("a package needs the command line: add the run's flags, nbtui open C_LOG PY_LOG -- FLAGS")
    given = state.c_trace is not None and state.case.c_log is None
    # while something else is being simulated, what is on the screen is still the last result
    case = state.simulation.case if state.simulation else state.case
    shown = state.simulation.settings if state.simulation else state.settings
    found = current(state)
    return export_package(
        ExportRequest(
            case=case,
            settings=shown,
            reports=reports,
            c_log=Path(state.c_trace.origin) if given and state.c_trace else state.case.c_log,
            py_log=Path(state.py_trace.origin) if state.py_given and state.py_trace else None,
            simulation=state.simulation,
            profile=judgement.profile,
            tolerance=judgement.tolerance,
            profiles=judgement.profiles,
            note=marks.note(state),
            diagnose=None if found is None else lambda *of: found.diagnosis,  # the one that the user has seen
        )
    )
