"""The environment of a run: ``env.json``. Source: spec/evidence_package.md, env.json."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from nbtui.installation import git_output, version
from nbtui.live.session import runtime

SCHEMA = "nbtui.env"
SCHEMA_VERSION = 1
VARIABLES = ("KMP_DUPLICATE_LIB_OK", "OMP_NUM_THREADS", "PYTHONPATH")
DRIFT_KEYS = ("torch", "python", "git_sha")
_STATUS_LINES = 200


def environment(when: datetime, *, hostname: bool = False, folder: Path | None = None) -> dict[str, object]:
    """The env.json object. ``when``: UTC; ``folder``: in the git checkout to record (default: the current directory).

    The git keys are null outside a checkout; the host's name is included only with ``hostname``.
    """
    found: dict[str, object] = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "utc": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "nbtui": version("nbtui"),
        **runtime(),
        "platform": platform.platform(),
        "cpu": _cpu(),
        **git(folder or Path.cwd()),
        **{name: os.environ.get(name) for name in VARIABLES},
    }
    if hostname:
        found["hostname"] = platform.node()
    return found


def git(folder: Path) -> dict[str, object]:
    """``git_sha``, ``branch`` and ``git_status`` of the checkout around ``folder``; all None outside one."""
    sha = git_output(folder, "rev-parse", "HEAD")
    if sha is None:
        return {"git_sha": None, "branch": None, "git_status": None}
    status = (git_output(folder, "status", "--short") or "").splitlines()
    if len(status) > _STATUS_LINES:
        status = [*status[:_STATUS_LINES], f"... {len(status) - _STATUS_LINES} more"]
    return {"git_sha": sha, "branch": git_output(folder, "rev-parse", "--abbrev-ref", "HEAD"), "git_status": status}


def checkout_root(folder: Path) -> Path | None:
    """Top directory of the git checkout around ``folder``."""
    top = git_output(folder, "rev-parse", "--show-toplevel")
    return None if top is None else Path(top)


def changed_keys(
    before: Mapping[str, object], now: Mapping[str, object], keys: tuple[str, ...]
) -> list[dict[str, object]]:
    """The keys whose values changed since the baseline, each as ``name``, ``baseline`` and ``now``."""
    return [
        {"name": key, "baseline": before[key], "now": now.get(key)}
        for key in keys
        if before.get(key) is not None and before[key] != now.get(key)
    ]


def _cpu() -> str:
    """The processor's name."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
