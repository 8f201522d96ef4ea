"""Where a package says it came from: inputs, commands and time, each against the other."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

from nbtui.evidence.check.checksums import Finding, file_hash
from nbtui.evidence.check.recheck import C_LOG
from nbtui.evidence.read.folder import mapping, number, read_text, stamp_time, text
from nbtui.evidence.read.package import Package, python_logs

STATUS = "# exit status: "
OPTIONS = {"--phi-mode": "phi_mode", "--dtype": "dtype", "--device": "device", "--profile": "tolerance_profile"}
EXIT_CODES = {"agree": ("0",), "diverge": ("1",), "nothing compared": ("1", "3")}


def inputs(folder: Path, files: tuple[str, ...], metrics: Mapping[str, object]) -> list[Finding]:
    """The logs of the package are the ones that metrics.json names as read."""
    listed = metrics.get("inputs")
    hashes = {text(mapping(entry).get("sha256")) for entry in listed} if isinstance(listed, list) else set()
    names = [C_LOG] if C_LOG in files else []
    if text(metrics.get("python_trace")) == "a given log":
        names += python_logs(list(files))
    return [
        Finding("metrics.json", f"inputs do not name the {name} of this package")
        for name in names
        if file_hash(folder / name) not in hashes
    ]


def commands(folder: Path, metrics: Mapping[str, object]) -> list[Finding]:
    """The hash is of the command, the command traces this pixel, and commands.txt makes this package again."""
    command = text(metrics.get("command"))
    found = []
    if hashlib.sha256(command.encode()).hexdigest() != text(metrics.get("command_hash")):
        found.append(Finding("metrics.json", "command_hash is not the sha256 of command"))
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    pixel = mapping(metrics.get("pixel_py") or metrics.get("pixel"))
    stated = [str(pixel.get("slow")), str(pixel.get("fast"))]
    at = words.index("-trace_pixel") if "-trace_pixel" in words else -1
    given = text(metrics.get("python_trace")) == "a given log"  # such a log may well be of another pixel
    if at >= 0 and pixel and not given and words[at + 1 : at + 3] != stated:
        found.append(Finding("metrics.json", f"command traces pixel {words[at + 1 : at + 3]}, not {stated}"))
    return found + _commands_file(folder, metrics)


def _commands_file(folder: Path, metrics: Mapping[str, object]) -> list[Finding]:
    name = "commands.txt"
    lines = (read_text(folder / name) or "").splitlines()
    made = [(line, after) for line, after in pairwise(lines) if " nbtui export " in f" {line} "]
    if not made:
        return [Finding(name, "holds no nbtui export command with its exit status")]
    line, after = made[-1]
    found = []
    code = after.removeprefix(STATUS).split(" ")[0] if after.startswith(STATUS) else ""
    allowed = EXIT_CODES.get(text(metrics.get("verdict")), ())
    if metrics.get("blocked") and metrics.get("verdict") == "agree":  # an extra command failed
        allowed = ("1",)
    if code not in allowed:
        found.append(
            Finding(name, f"exit status {code or 'missing'} does not go with verdict {metrics.get('verdict')}")
        )
    try:
        words = shlex.split(line)
    except ValueError:
        return [*found, Finding(name, "the nbtui export command cannot be split into words")]
    own = words[: words.index("--")] if "--" in words else words
    for flag, key in OPTIONS.items():
        if flag in own[:-1] and own[own.index(flag) + 1] != text(metrics.get(key)):
            found.append(Finding(name, f"{flag} {own[own.index(flag) + 1]}, metrics.json has {metrics.get(key)!r}"))
    if "--tolerance" in own[:-1] and number(own[own.index("--tolerance") + 1]) != number(metrics.get("tolerance")):
        found.append(Finding(name, "--tolerance is not the tolerance of metrics.json"))
    logs = [text.partition("log: ")[2] for text in lines if text.startswith(STATUS) and "log: " in text]
    return found + [
        Finding(log, "is named in commands.txt but missing") for log in logs if not (folder / log).is_file()
    ]


def stamp(package: Package, metrics: Mapping[str, object], environment: Mapping[str, object]) -> list[Finding]:
    """The directory's stamp is not before the time in env.json, and both files name the same revision."""
    found = []
    stated = stamp_time(package.stamp)
    recorded = text(environment.get("utc"))
    if stated is None:
        found.append(Finding(".", "the directory is not named by a time stamp (YYYYMMDDTHHMMSSZ)", fatal=False))
    elif recorded and recorded > stated.strftime("%Y-%m-%dT%H:%M:%SZ"):
        found.append(Finding("env.json", f"utc {recorded} is later than the stamp {package.stamp}"))
    for key in ("git_sha", "branch"):
        if environment.get(key) != metrics.get(key):
            found.append(Finding("env.json", f"{key} is not the one of metrics.json"))
    return found
