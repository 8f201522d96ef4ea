"""The example package that lies in ``reports/``: one, whole, and about nobody's machine."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import time
from pathlib import Path

import pytest

from nbtui.cli import main
from nbtui.evidence.check.verify import verify
from nbtui.evidence.read.folder import find_packages
from support.places import TOP

REPORTS = TOP / "reports"
MACHINE = re.compile(rb"(?<![\w.])(?:/(?:home|work|tmp|root|Users|mnt|opt|var)/|[A-Z]:\\)")


def test_the_example_verifies() -> None:
    packages = list(find_packages(REPORTS))
    assert len(packages) == 1, "run 'make example'"
    found = verify(packages[0])
    assert found.ok, [f"{finding.file}: {finding.what}" for finding in found.findings if finding.fatal]
    assert main(["verify", str(packages[0])]) == 0


def test_the_example_shows_the_demo_in_spec_mode() -> None:
    (package,) = find_packages(REPORTS)
    metrics = json.loads((package / "metrics.json").read_text("ascii"))
    assert (metrics["case"], metrics["phi_mode"], metrics["verdict"]) == ("demo", "spec", "diverge")
    assert metrics["baseline"] is None
    assert metrics["first_divergence_label"] == "rot_a_angstroms.x"  # C keeps the crystal of the last phi step


def test_the_example_holds_no_path_of_a_machine() -> None:
    (package,) = find_packages(REPORTS)
    for path in package.iterdir():
        assert MACHINE.search(path.read_bytes()) is None, path.name


def renew() -> int:
    """What ``make example`` runs, in the current directory; its exit code."""
    code: int = runpy.run_path(str(TOP / "tools" / "example.py"))["renew"]()
    return code


@pytest.mark.slow
def test_a_fresh_example_replaces_the_one_before(here: Path) -> None:
    assert renew() == 0
    (first,) = Path("reports").iterdir()
    time.sleep(1.1)
    assert renew() == 0
    (second,) = Path("reports").iterdir()
    assert second.name > first.name and verify(second).ok
    assert json.loads((second / "metrics.json").read_text())["baseline"] is None


@pytest.mark.parametrize("kind", ["another note", "changed", "an old one"])
def test_nothing_else_is_ever_replaced(kind: str, here: Path) -> None:
    kept = Path("reports") / "20260102T030405Z"
    if kind == "changed":
        (example,) = find_packages(REPORTS)
        shutil.copytree(example, kept)
        (kept / "terms.csv").write_text("mine\n")
    elif kind == "another note":
        assert main(["export", "demo", "--note", "mine"]) == 1
        (kept,) = Path("reports").iterdir()
    else:
        kept.mkdir(parents=True)
        (kept / "metrics.json").write_text("{}")
    before = {path.name: path.read_bytes() for path in kept.iterdir()}
    assert renew() == 2
    assert list(Path("reports").iterdir()) == [kept]
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == before
