"""The findings of a sweep on disk: a case folder with a regression test for each, and the pages of the report."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from nbtui.errors import NotWritten
from nbtui.live.cases import input_names
from nbtui.paths import COMMAND_FILE
from nbtui.sweep.findings import SweepFinding
from nbtui.sweep.page import page
from nbtui.sweep.plan import Plan, renamed
from nbtui.sweep.render import as_object, markdown_lines
from nbtui.sweep.smallest import Smallest
from nbtui.sweep.sweep import Swept
from nbtui.trace.text import clean

FINDINGS = "findings"
PORT_LOG = "port.log"
_TEST = """{title}

import subprocess
import sys
from pathlib import Path

CASE = Path(__file__).parent
SUSPECT = {suspect}
RUN_IN = {run_in}


def test_{name}() -> None:
    line = [sys.executable, "-m", "nbtui", "run", str(CASE), "--suspect", SUSPECT, "--run-in", RUN_IN]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
"""


def write_report(plan: Plan, swept: Swept, folder: Path) -> tuple[Path, ...]:
    """``report.json``, ``report.md``, ``report.html`` and the case folders; those of an earlier report are replaced.

    Returns:
        The case folders, in the order of the findings.

    Raises:
        NotWritten: a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        content = json.dumps(as_object(plan, swept), indent=1, allow_nan=False)
        (folder / "report.json").write_text(f"{content}\n", encoding="utf-8")
        (folder / "report.md").write_text("".join(f"{line}\n" for line in markdown_lines(plan, swept)), "utf-8")
        (folder / "report.html").write_text(page(plan, swept), encoding="utf-8")
        shutil.rmtree(folder / FINDINGS, ignore_errors=True)
        return tuple(_case_folders(plan, swept, folder / FINDINGS))
    except OSError as error:
        raise NotWritten(f"{clean(str(error.filename or folder))}: {error.strerror or error}") from error


def _case_folders(plan: Plan, swept: Swept, folder: Path) -> list[Path]:
    made = []
    for number, finding in enumerate(swept.found, start=1):
        smallest = swept.smallest.get(finding.group)
        if smallest is None or smallest.row.pixel is None:
            continue
        place = folder / f"{number:02d}_{finding.slug}"
        place.mkdir(parents=True)
        own = plan.of(smallest.row.case)
        for name, text in _files(own, finding, smallest).items():
            (place / name).write_text(text, encoding="utf-8")
        for _, name in input_names(smallest.command):
            source = own.case.workdir / name
            if source.is_file() and Path(name).name == name:
                shutil.copyfile(source, place / name)
        made.append(place)
    return made


def _files(plan: Plan, finding: SweepFinding, smallest: Smallest) -> Mapping[str, str]:
    assert smallest.row.pixel is not None
    slow, fast = smallest.row.pixel
    line = f"nanoBragg {shlex.join(smallest.command)} -trace_pixel {slow} {fast}\n"
    files = {COMMAND_FILE: line}
    if smallest.log:
        files[PORT_LOG] = smallest.log
    return {**files, **_regression_test(plan, finding, smallest)}


def _regression_test(plan: Plan, finding: SweepFinding, smallest: Smallest) -> Mapping[str, str]:
    """A test that fails while the port has the fault; none where nbsim is the port, or without a trace to compare."""
    if plan.port.program or smallest.row.check != "trace" or plan.port.shell:
        return {}
    suspect = plan.port.suspect
    if plan.port.rename:
        suspect = suspect.replace("{command}", shlex.join(renamed(smallest.command, plan.port.rename)))
    text = _TEST.format(
        title=json.dumps(f"Found by a sweep: {clean(finding.group)}.", ensure_ascii=False),
        suspect=repr(suspect),
        run_in=repr(str(plan.port.run_in)),
        name=finding.slug,
    )
    return {f"test_{finding.slug}.py": text}
