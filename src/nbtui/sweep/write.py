"""The findings of a sweep on disk: a case folder with a regression test for each, and the pages of the report."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from nbtui.errors import NotWritten
from nbtui.live.cases import input_names
from nbtui.paths import COMMAND_FILE
from nbtui.regular_file import read_regular
from nbtui.sweep.axes import Words
from nbtui.sweep.findings import SweepFinding
from nbtui.sweep.packages import no_evidence, package_of
from nbtui.sweep.page import page
from nbtui.sweep.plan import Plan, renamed
from nbtui.sweep.render import FindingFolder, as_object, markdown_lines
from nbtui.sweep.rows import LOGS, Answer
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


def write_report(plan: Plan, swept: Swept, folder: Path) -> Mapping[str, FindingFolder]:
    """``report.json``, ``report.md``, ``report.html``, and a case folder with an evidence package for each finding.

    Those of an earlier report stay where nothing has changed, and are replaced otherwise.

    Returns:
        The folder of each finding by its group.

    Raises:
        NotWritten: a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        places = _finding_folders(plan, swept, folder)
        content = json.dumps(as_object(plan, swept, places), indent=1, allow_nan=False)
        (folder / "report.json").write_text(f"{content}\n", encoding="utf-8")
        lines = markdown_lines(plan, swept, places)
        (folder / "report.md").write_text("".join(f"{line}\n" for line in lines), "utf-8")
        (folder / "report.html").write_text(page(plan, swept, places), encoding="utf-8")
    except OSError as error:
        raise NotWritten(f"{clean(str(error.filename or folder))}: {error.strerror or error}") from error
    return places


def _finding_folders(plan: Plan, swept: Swept, folder: Path) -> dict[str, FindingFolder]:
    made: dict[str, FindingFolder] = {}
    for number, finding in enumerate(swept.found, start=1):
        smallest = swept.smallest.get(finding.group)
        if smallest is None or smallest.row.pixel is None:
            continue
        own = plan.of(smallest.row.case)
        place = folder / FINDINGS / f"{number:02d}_{finding.slug}"
        log = smallest.log or _kept_log(folder / LOGS / f"{smallest.row.key}.log")
        command, inputs = _beside(smallest.command, own.case.workdir)
        _write_case(place, _files(own, finding, smallest, command, log), inputs)
        diverges = smallest.row.answer is Answer.DIVERGES
        package, why = None, no_evidence(own, smallest) if diverges else ""
        if diverges and log and not why:
            made_by = _made_by(own, smallest)
            found = package_of(own, finding.group, smallest.row, place, place / PORT_LOG, made_by)
            package, why = (found.relative_to(folder), "") if isinstance(found, Path) else (None, found)
        made[finding.group] = FindingFolder(place.relative_to(folder), package, why)
    for old in (folder / FINDINGS).glob("*"):
        if old.relative_to(folder) not in {one.case for one in made.values()}:
            shutil.rmtree(old, ignore_errors=True)
    return made


def _kept_log(path: Path) -> str:
    """The log of a row; empty without one."""
    return read_regular(path).decode("utf-8", "replace") if path.is_file() else ""


def _beside(command: Words, workdir: Path) -> tuple[Words, dict[str, Path]]:
    """A command line with its input files beside it, and their sources by name."""
    words, inputs = list(command), dict[str, Path]()
    for at, name in input_names(command):
        source = workdir / name
        if not source.is_file():
            continue
        short = Path(name).name
        while inputs.get(short, source) != source:
            short = f"_{short}"
        inputs[short], words[at] = source, short
    return tuple(words), inputs


def _write_case(place: Path, files: Mapping[str, str], inputs: Mapping[str, Path]) -> None:
    """A case folder; one of other content is replaced, with its package."""
    if not all(_holds(place / name, text) for name, text in files.items()):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        for name, text in files.items():
            (place / name).write_text(text, encoding="utf-8")
    for name, source in inputs.items():
        shutil.copyfile(source, place / name)


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and read_regular(path) == text.encode("utf-8")


def _files(
    plan: Plan, finding: SweepFinding, smallest: Smallest, command: Sequence[str], log: str
) -> Mapping[str, str]:
    assert smallest.row.pixel is not None
    slow, fast = smallest.row.pixel
    files = {COMMAND_FILE: f"nanoBragg {shlex.join(command)} -trace_pixel {slow} {fast}\n"}
    if log:
        files[PORT_LOG] = log
    return {**files, **_regression_test(plan, finding, smallest)}


def _made_by(plan: Plan, smallest: Smallest) -> str:
    """The command of the port on a finding's command line."""
    assert smallest.row.pixel is not None
    if plan.port.program:
        return plan.port.name
    values = {
        "{command}": shlex.join(renamed(smallest.command, plan.port.rename)),
        "{pixel}": f"{smallest.row.pixel[0]} {smallest.row.pixel[1]}",
        "{slow}": str(smallest.row.pixel[0]),
        "{fast}": str(smallest.row.pixel[1]),
    }
    text = plan.port.suspect
    for place, words in values.items():
        text = text.replace(place, words)
    return text


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
