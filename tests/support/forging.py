"""Forging packages: edits of single files, with checksums that fit again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbtui.evidence.check.finding import Weight
from nbtui.evidence.check.verify import Verification, verify
from nbtui.parity.metrics import to_json
from support.evidence_packages import checksums

PYTHON_LOG, PHI_LOG = "trace_py_scaling_cpu.log", "trace_py_scaling_cpu_per_phi.log"


def metrics_of(package: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((package / "metrics.json").read_text())
    return found


def put_metrics(package: Path, **keys: object) -> None:
    """Change keys of metrics.json, in the writer's own form."""
    (package / "metrics.json").write_text(to_json({**metrics_of(package), **keys}))


def replaced(package: Path, name: str, *pairs: tuple[str, str]) -> None:
    """Replace texts in a file, each of which has to be there."""
    text = (package / name).read_text()
    for old, new in pairs:
        assert old in text, (name, old)
        text = text.replace(old, new)
    (package / name).write_text(text)


def lines_edited(package: Path, name: str, edit: Callable[[list[str]], list[str]]) -> None:
    """Edit a file as a list of its lines."""
    (package / name).write_text("\n".join(edit((package / name).read_text().splitlines())) + "\n")


def signed(package: Path) -> Verification:
    """Make the checksums fit again, and verify."""
    (package / "sha256.txt").write_text(checksums(package))
    return verify(package)


def blamed(outcome: Verification) -> set[str]:
    return {finding.file for finding in outcome.findings if finding.fatal}


def said(outcome: Verification, *weights: Weight) -> str:
    """The findings of these weights, or all, a line for each."""
    found = (one for one in outcome.findings if not weights or one.weight in weights)
    return "\n".join(f"{one.weight.value} {one.file}: {one.what}" for one in found)
