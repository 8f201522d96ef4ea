"""An evidence package of a finding: its smallest case with the port's log, for a reader who has neither.

A differing image is shown by its worst pixel, against the simulation that made the image of the reference.
"""

from __future__ import annotations

import json
from pathlib import Path

from nbtui.errors import NbtuiError, NotWritten
from nbtui.evidence.ascii_text import ascii_line
from nbtui.evidence.layout import METRICS
from nbtui.evidence.write.export import ExportRequest, export
from nbtui.live.cases import load_case
from nbtui.regular_file import read_regular
from nbtui.runs.known import SIMULATED
from nbtui.sweep.plan import GRADIENTS, IMAGE, STORED, Plan
from nbtui.sweep.port_run import program_settings
from nbtui.sweep.rows import SweepRow
from nbtui.sweep.smallest import Smallest
from nbtui.trace.model import TraceError
from nbtui.trace.text import clean

PACKAGE = "package"  # folder in a finding's case folder; the package in it has its time as its name


def no_evidence(plan: Plan, smallest: Smallest) -> str:
    """Why the log of a divergence makes no package; empty where it does."""
    check = smallest.row.check
    if check == GRADIENTS:
        return "a package compares traces, not derivatives; nbtui gradients CASE --py port.log judges these"
    if check == IMAGE:
        return smallest.no_evidence
    if plan.reference not in (SIMULATED, STORED):
        return "the reference is the log of a command; nbtui export CASE --c LOG --py port.log writes one with it"
    return ""


def package_of(plan: Plan, group: str, row: SweepRow, place: Path, log: Path, made_by: str) -> Path | str:
    """The package in a finding's case folder, written where it is missing; or why there is none.

    Args:
        plan: of the finding's case.
        place: the case folder, with its input files.
        log: of the port.
        made_by: the command that made it.

    Raises:
        NotWritten: it cannot be written.
    """
    of_image = row.check == IMAGE
    note = f"Found by a sweep of {plan.port.name}: {clean(group)} (row {row.key})"
    note += f"; {row.detail}; this is the worst one" if of_image else ""
    for old in sorted(place.glob(f"{PACKAGE}/*/{METRICS}")):
        if _note_in(old) == ascii_line(note):
            return old.parent
    try:
        written = export(
            ExportRequest(
                case=load_case(str(place.absolute()), workdir=place.absolute()),
                settings=program_settings(plan.c_program),
                reports=place / PACKAGE,
                c_log=plan.case.c_log if plan.reference == STORED and not of_image else None,
                py_log=log,
                made_by=made_by,
                port=None if plan.port.program else plan.port.run_in,
                profile=plan.profile,
                with_inputs=True,
                note=note,
            )
        )
    except NotWritten:
        raise
    except (NbtuiError, TraceError) as error:
        return clean(str(error))
    return written.path


def _note_in(metrics: Path) -> str:
    try:
        content = json.loads(read_regular(metrics))
    except (OSError, ValueError):
        return ""
    return str(content.get("note", "")) if isinstance(content, dict) else ""
