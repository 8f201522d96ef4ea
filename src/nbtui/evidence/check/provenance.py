"""The origin of a package, as it states it: command, sides, time and obstacles, each against the files."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import zip_longest

from nbtui.evidence.ascii_text import ascii_line
from nbtui.evidence.check.commands import ExportCommand, blocked_by_runs, entries
from nbtui.evidence.check.finding import FileFinding, Weight, wrong
from nbtui.evidence.layout import C_LOG, ENVIRONMENT, GIVEN_LOG, METRICS, PYTHON_LOG, SIMULATED
from nbtui.evidence.read.folder import file_hash, mapping, stamp_time, text
from nbtui.evidence.read.package import Package, python_logs, stand_in_of
from nbtui.evidence.write.port import port_of

LATEST = timedelta(hours=1)  # of a stamp after the time of the run: the next free one is taken
TIME = "%Y-%m-%dT%H:%M:%SZ"


def check_command(metrics: Mapping[str, object]) -> list[FileFinding]:
    """The hash is that of the command, and the command traces this pixel."""
    command = text(metrics.get("command"))
    found = []
    if hashlib.sha256(command.encode()).hexdigest() != text(metrics.get("command_hash")):
        found.append("command_hash is not the sha256 of command")
    try:
        words = shlex.split(command)
    except ValueError:
        return wrong(METRICS, [*found, "command cannot be split into words"])
    pixel = mapping(metrics.get("pixel_py") or metrics.get("pixel"))
    stated = [str(pixel.get("slow")), str(pixel.get("fast"))]
    at = words.index("-trace_pixel") if "-trace_pixel" in words else -1
    given = text(metrics.get("python_trace")) == GIVEN_LOG  # such a log may trace another pixel
    if at >= 0 and pixel and not given and words[at + 1 : at + 3] != stated:
        found.append(f"command traces pixel {words[at + 1 : at + 3]}, not {stated}")
    return wrong(METRICS, found)


def check_sides(
    package: Package, metrics: Mapping[str, object], environment: Mapping[str, object]
) -> list[FileFinding]:
    """Roles, files and simulators of the two sides."""
    listed = metrics.get("sides")
    sides = [mapping(side) for side in listed] if isinstance(listed, list) else []
    given = text(metrics.get("python_trace")) == GIVEN_LOG
    if len(sides) != 2:
        return [FileFinding(METRICS, "sides are not two")] if metrics else []
    logs = python_logs(list(package.files))
    files = (C_LOG, logs[0] if logs else "")
    roles = ("reference", "suspect" if given else "live")
    names = ("C, simulated" if stand_in_of(metrics) else "C", "Python" if given else "live")
    found: list[str] = []
    for side, role, name, file in zip(sides, roles, names, files, strict=True):
        if side.get("role") != role:
            found.append(f"sides: role {side.get('role')} in place of {role}")
        made = side.get("simulation")
        if made is None and side.get("sha256") is not None and side["sha256"] != file_hash(package.path / file):
            found.append(f"sides: sha256 of the {role} is not that of {file}")
        if made is None and side.get("sha256") is None and side.get("file") is not None:
            found.append(f"sides: the {role} has a file without sha256")
        modified = text(side.get("modified"))
        if modified and modified > _latest(package):
            found.append(f"sides: the log of the {role} was modified at {modified}, after the package")
        if name and not text(side.get("name")):
            found.append(f"sides: the {role} has no name")
    found += _simulations(sides, metrics, environment, given=given)
    if given and logs:
        stated = port_of(package.path / logs[0]).port.entry()
        made_by = mapping(sides[1].get("made_by"))
        for key in ("commit", "torch"):
            if stated[key] != "unknown" and made_by.get(key) != stated[key]:
                found.append(f"sides: made_by has {key} {made_by.get(key)}, the log {stated[key]}")
    return wrong(METRICS, found)


def _simulations(
    sides: list[dict[str, object]], metrics: Mapping[str, object], environment: Mapping[str, object], *, given: bool
) -> Iterator[str]:
    simulator = f"nbsim {environment.get('nbtui')}"
    live = mapping(sides[1].get("simulation"))
    if given == bool(live):
        yield f"sides: {'a given log has a' if given else 'the live side has no'} simulation"
    if live:
        keys = ("phi_mode", "dtype", "device", "quirks", "c_program")
        expected = {"simulator": simulator, **{key: metrics.get(key) for key in keys}}
        if live != expected:
            yield f"sides: the live simulation is {live}, the settings are {expected}"
    reference = mapping(sides[0].get("simulation"))
    if reference:
        program = metrics.get("c_program") or "stock"
        stated = (reference.get("simulator"), reference.get("dtype"), reference.get("c_program"))
        if stated != (simulator, "float64", program):
            yield f"sides: the reference is simulated by {stated}, not by {(simulator, 'float64', program)}"


def check_times(
    package: Package, metrics: Mapping[str, object], environment: Mapping[str, object], *, current: bool
) -> list[FileFinding]:
    """The directory has the stamp of the run, env.json and commands.txt its time, and all name one revision."""
    found: list[FileFinding] = []
    stated = stamp_time(package.stamp)
    recorded = text(environment.get("utc"))
    if stated is None and not current:
        found.append(FileFinding(".", "the directory is not named by a time stamp (YYYYMMDDTHHMMSSZ)", Weight.REMARK))
    if current and metrics.get("stamp") != package.stamp:
        found.append(FileFinding(METRICS, f"stamp is {metrics.get('stamp')}, the directory is {package.stamp}"))
    if stated is not None and recorded:
        latest = (stated - LATEST).strftime(TIME)
        if recorded > stated.strftime(TIME):
            found.append(FileFinding(ENVIRONMENT, f"utc {recorded} is later than the stamp {package.stamp}"))
        elif recorded < latest:
            found.append(FileFinding(ENVIRONMENT, f"utc {recorded} is long before the stamp {package.stamp}"))
    commands = entries(metrics)
    if current and commands and text(commands[-1].get("utc")) != recorded:
        found.append(FileFinding(ENVIRONMENT, f"utc {recorded}, the export ran at {commands[-1].get('utc')}"))
    for key in ("git_sha", "branch"):
        if environment.get(key) != metrics.get(key):
            found.append(FileFinding(ENVIRONMENT, f"{key} differs from that in metrics.json"))
    return found


def check_remarks(
    metrics: Mapping[str, object], command: ExportCommand | None, *, obstacle: str, simulation_failed: bool
) -> list[FileFinding]:
    """Findings and obstacles that follow from other statements. ``obstacle``: of the comparison, "" for agreement."""
    found: list[str] = []
    said = _texts(metrics.get("findings"))
    given = text(metrics.get("python_trace")) == GIVEN_LOG
    for sentence, due in (
        (
            "the Python trace is a given log; phi mode, dtype, device and terms.csv describe nbtui's own simulation",
            given,
        ),
        ("not in a git checkout: git_sha, branch and git_status are null", metrics.get("git_sha") is None),
    ):
        if due != (sentence in said):
            found.append(f"findings {'lack' if due else 'have'}: {sentence}")
    stated = _texts(metrics.get("blocked"))
    expected = [] if simulation_failed or not obstacle else [ascii_line(obstacle)]
    expected += blocked_by_runs(metrics, command.words) if command is not None else []
    if simulation_failed:
        stated = stated[1:]
    for old, new in zip_longest(stated, expected, fillvalue="nothing"):
        if old != new:
            found.append(f"blocked: {old} recorded, recomputed: {new}")
    if metrics.get("dtype") == "float64" and metrics.get("float64_error") is not None:
        found.append("float64_error of a float64 run")
    note = text(metrics.get("note"))
    if note != ascii_line(note):
        found.append("note has characters that nbtui does not write")
    return wrong(METRICS, found)


def check_python_trace(metrics: Mapping[str, object], files: tuple[str, ...]) -> list[FileFinding]:
    """The origin of the Python log is one of two, and its name has the device of the run."""
    found = []
    if metrics.get("python_trace") not in (GIVEN_LOG, SIMULATED):
        found.append("python_trace is neither a given log nor simulated")
    for name in files:
        device = re.fullmatch(rf"{PYTHON_LOG}([a-z0-9]+?)(?:_per_phi)?\.log", name)
        if device and device[1] != metrics.get("device"):
            found.append(f"device {metrics.get('device')}, but there is a {name}")
    return wrong(METRICS, found)


def _latest(package: Package) -> str:
    stated = stamp_time(package.stamp)
    return "9" if stated is None else stated.strftime(TIME)


def _texts(value: object) -> list[str]:
    return [text(entry) for entry in value] if isinstance(value, list) else []
