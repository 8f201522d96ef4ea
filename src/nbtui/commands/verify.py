"""``nbtui verify``: whether a package still states the measured values."""

from __future__ import annotations

import json
from pathlib import Path

import click

from nbtui.errors import UnusableInput
from nbtui.evidence.check.verify import Verification, verify
from nbtui.trace.text import clean


@click.command("verify")
@click.argument("packages", metavar="PACKAGE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per package and line.")
@click.option("--details", is_flag=True, help="Print a line for every finding, below that of the package.")
def command(packages: tuple[Path, ...], as_json: bool, details: bool) -> int:
    """Check packages: checksums, schema, every number in summary.md against metrics.json against the logs.

    One line per package, with every contradiction and everything an old format lacks. Exit code 0: all verified,
    1: a verification failed.
    """
    for path in packages:
        if not path.exists():
            raise UnusableInput(f"{clean(str(path))}: no such package; name a directory such as reports/STAMP")
    good = True
    for path in packages:
        outcome = verify(path)
        good = good and outcome.ok
        click.echo(json.dumps(as_object(path, outcome)) if as_json else as_text(path, outcome, details=details))
    return 0 if good else 1


def as_text(path: Path, outcome: Verification, *, details: bool = False) -> str:
    """One line, or with ``details`` more: '!' for a contradiction, '-' for a remark. Safe for a terminal."""
    wrong = [f"{one.file}: {one.what}" for one in outcome.findings if one.fatal]
    lacking = [one.what if one.file == "." else f"{one.file} {one.what}" for one in outcome.findings if not one.fatal]
    words = "FAILED" if wrong else "ok"
    words += " (old format)" if outcome.old and outcome.package.files else ""
    name = clean(str(path))
    if details:
        notes = [f"  ! {clean(what)}" for what in wrong] + [f"  - {clean(what)}" for what in lacking]
        return "\n".join([f"{name}: {words}", *notes])
    words += f": {'; '.join(wrong)}" if wrong else ""
    words += f"; remarks: {'; '.join(lacking)}" if lacking else ""
    return f"{name}: {clean(words)}"


def as_object(path: Path, outcome: Verification) -> dict[str, object]:
    """The outcome as a JSON object."""
    return {
        "package": str(path),
        "ok": outcome.ok,
        "format": outcome.package.format,
        "findings": [{"file": one.file, "what": one.what, "fatal": one.fatal} for one in outcome.findings],
    }
