"""The origin of a package, as it states it: inputs, commands and time, each against the others."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

from nbtui.evidence.check.checksums import file_hash
from nbtui.evidence.check.finding import FileFinding, Weight
from nbtui.evidence.layout import (
    C_LOG,
    COMMANDS,
    ENVIRONMENT,
    EXPORT,
    EXTRA_LOG,
    GIVEN_LOG,
    METRICS,
    PYTHON_LOG,
    STATUS,
)
from nbtui.evidence.read.folder import mapping, number, read_text, stamp_time, text
from nbtui.evidence.read.package import Package, stand_in_of
from nbtui.parity.coverage import TOO_LITTLE

OPTIONS = {"--phi-mode": "phi_mode", "--dtype": "dtype", "--device": "device", "--profile": "tolerance_profile"}
EXIT_CODES = {"agree": ("0",), "diverge": ("1",), "nothing compared": ("1", "3"), TOO_LITTLE: ("1",)}


def inputs(folder: Path, files: tuple[str, ...], metrics: Mapping[str, object]) -> list[FileFinding]:
    """The logs in the package are the inputs that metrics.json names."""
    listed = metrics.get("inputs")
    hashes = {text(mapping(entry).get("sha256")) for entry in listed} if isinstance(listed, list) else set()
    names = [C_LOG] if C_LOG in files and not stand_in_of(metrics) else []
    if text(metrics.get("python_trace")) == GIVEN_LOG:
        names += [name for name in files if name.startswith(PYTHON_LOG) and name.endswith(".log")]
    return [
        FileFinding(METRICS, f"inputs do not name the {name} of this package")
        for name in names
        if file_hash(folder / name) not in hashes
    ]


def commands(folder: Path, metrics: Mapping[str, object]) -> list[FileFinding]:
    """The hash is that of the command, the command traces this pixel, and commands.txt reproduces this package."""
    command = text(metrics.get("command"))
    found = []
    if hashlib.sha256(command.encode()).hexdigest() != text(metrics.get("command_hash")):
        found.append(FileFinding(METRICS, "command_hash is not the sha256 of command"))
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    pixel = mapping(metrics.get("pixel_py") or metrics.get("pixel"))
    stated = [str(pixel.get("slow")), str(pixel.get("fast"))]
    at = words.index("-trace_pixel") if "-trace_pixel" in words else -1
    given = text(metrics.get("python_trace")) == GIVEN_LOG  # such a log may trace another pixel
    if at >= 0 and pixel and not given and words[at + 1 : at + 3] != stated:
        found.append(FileFinding(METRICS, f"command traces pixel {words[at + 1 : at + 3]}, not {stated}"))
    return found + _commands_file(folder, metrics)


def _commands_file(folder: Path, metrics: Mapping[str, object]) -> list[FileFinding]:
    lines = (read_text(folder / COMMANDS) or "").splitlines()
    made = [(line, after) for line, after in pairwise(lines) if f" {EXPORT} " in f" {line} " and line[0] != "#"]
    if not made:
        return [FileFinding(COMMANDS, "holds no nbtui export command with its exit status")]
    line, after = made[-1]
    found = []
    code = after.removeprefix(STATUS).split(" ")[0] if after.startswith(STATUS) else ""
    allowed = EXIT_CODES.get(text(metrics.get("verdict")), ())
    if metrics.get("blocked") and metrics.get("verdict") == "agree":  # an extra command failed
        allowed = ("1",)
    if code not in allowed:
        found.append(
            FileFinding(COMMANDS, f"exit status {code or 'missing'} does not match verdict {metrics.get('verdict')}")
        )
    try:
        words = shlex.split(line)
    except ValueError:
        return [*found, FileFinding(COMMANDS, "the nbtui export command cannot be split into words")]
    own = words[: words.index("--")] if "--" in words else words
    for flag, key in OPTIONS.items():
        value = own[own.index(flag) + 1] if flag in own[:-1] else None
        if value is not None and value != text(metrics.get(key)):
            found.append(FileFinding(COMMANDS, f"{flag} {value}, metrics.json has {metrics.get(key)!r}"))
    if "--tolerance" in own[:-1] and number(own[own.index("--tolerance") + 1]) != number(metrics.get("tolerance")):
        found.append(FileFinding(COMMANDS, "--tolerance is not the tolerance of metrics.json"))
    logs = [text.partition(EXTRA_LOG)[2] for text in lines if text.startswith(STATUS) and EXTRA_LOG in text]
    return found + [
        FileFinding(log, "is named in commands.txt but missing") for log in logs if not (folder / log).is_file()
    ]


def stamp(package: Package, metrics: Mapping[str, object], environment: Mapping[str, object]) -> list[FileFinding]:
    """The directory's stamp is not earlier than the time in env.json, and both files name one revision."""
    found = []
    stated = stamp_time(package.stamp)
    recorded = text(environment.get("utc"))
    if stated is None:
        found.append(FileFinding(".", "the directory is not named by a time stamp (YYYYMMDDTHHMMSSZ)", Weight.REMARK))
    elif recorded and recorded > stated.strftime("%Y-%m-%dT%H:%M:%SZ"):
        found.append(FileFinding(ENVIRONMENT, f"utc {recorded} is later than the stamp {package.stamp}"))
    for key in ("git_sha", "branch"):
        if environment.get(key) != metrics.get(key):
            found.append(FileFinding(ENVIRONMENT, f"{key} differs from that in metrics.json"))
    return found
