"""``make example``: a fresh example package in ``reports/``, in place of the one before.

Run from the top of the checkout. Only a package that says that it is this example and whose checksums hold is ever
replaced; it stands aside until the new one is there.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from nbtui.cli import main
from nbtui.evidence.check.checksums import check_strict
from nbtui.evidence.read.folder import find_packages, read_json

REPORTS = Path("reports")
ASIDE = REPORTS / ".example-before"
NOTE = "Example: the built-in demo in spec mode; phi step 0 diverges"
DIVERGES = 1  # the exit code that this example has


def is_example(package: Path) -> bool:
    """Whether a package is an example made here and unchanged since (a newer nbtui may judge it differently)."""
    metrics, _ = read_json(package / "metrics.json")
    files = tuple(path.name for path in package.iterdir())
    return metrics.get("note") == NOTE and not check_strict(package, files)


def renew() -> int:
    """Export with the old example out of the way: a baseline that is gone would say nothing. Returns an exit code."""
    if ASIDE.exists():
        print(f"{ASIDE} is left from an interrupted run: move its packages back or remove it", file=sys.stderr)
        return 2
    before = [package for package in find_packages(REPORTS) if package.parent == REPORTS]
    foreign = [str(package) for package in before if not is_example(package)]
    if foreign:
        print(f"not an unchanged example, remove it first: {', '.join(foreign)}", file=sys.stderr)
        return 2
    ASIDE.mkdir(parents=True)
    moved = [package.rename(ASIDE / package.name) for package in before]
    code = main(["export", "demo", "--phi-mode", "spec", "--reports", str(REPORTS), "--note", NOTE])
    if code != DIVERGES:
        for package in moved:
            package.rename(REPORTS / package.name)
        ASIDE.rmdir()
        return code or 2
    shutil.rmtree(ASIDE)
    return 0


if __name__ == "__main__":
    raise SystemExit(renew())
