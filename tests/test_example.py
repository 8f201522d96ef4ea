"""The example package that lies in ``reports/``: one, whole, and about nobody's machine."""

from __future__ import annotations

import json
import re
from pathlib import Path

from nbtui.cli import main
from nbtui.evidence.folder import find_packages
from nbtui.evidence.verify import verify

REPORTS = Path(__file__).resolve().parents[1] / "reports"
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
