"""Packages of findings beside traces: the worst pixel of an image; a sentence where a package cannot show a finding."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from nbsim import Experiment
from nbtui.cli import main
from support.schemas import held

LINE = (
    "-cell 40 50 60 90 90 90 -misset 10 20 30 -default_F 100 -lambda 1.2 -N 5 -distance 120 -detpixels 6 -pixel 4 "
    "-oversample 1 -fluence 1e24"
)
PORT = """
import sys
from pathlib import Path
import numpy as np
print(Path("right.log").read_text(), end="")
print("TRACE_PY_GRAD: fluence -1")
if "-floatfile" in sys.argv:
    np.ones((3, 3), dtype=np.float32).tofile(sys.argv[sys.argv.index("-floatfile") + 1])
"""


def plan(more: str, axes: str) -> None:
    text = f'command = "{LINE}"\nmode = "one-at-a-time"\nreduce = 0\n{more}\n[axes]\n{axes}\n'
    Path("plan.toml").write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_a_differing_image_is_kept_as_the_traces_of_its_worst_pixel(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two C programs whose images differ by the phi carry-over: both images are at hand for judging the package."""
    osc = "0 -osc 0.6 -phisteps 4"
    plan('suspect_program = "fixed"\nchecks = ["image"]', f'"-phi" = ["{osc}"]')
    assert main(["sweep", "plan.toml", "--processes", "1"]) == 1
    printed = capsys.readouterr()
    assert "1 with an evidence package" in printed.err and "No evidence package" not in printed.out
    (finding,) = json.loads(Path("plan.sweep/report.json").read_text())["findings"]
    assert finding["group"] == "image"
    metrics = json.loads((Path("plan.sweep") / finding["package"] / "metrics.json").read_text())
    stock, fixed = (
        Experiment.from_command(f"{LINE} -phi {osc}", c_program=name).photons().numpy() for name in ("stock", "fixed")
    )
    slow, fast = map(int, np.unravel_index(np.abs(fixed - stock).argmax(), stock.shape))
    assert metrics["pixel"] == {"slow": slow, "fast": fast}
    final = metrics["factors"]["I_pixel_final"]
    assert final["c_value"] == pytest.approx(stock[slow, fast], rel=1e-6)
    assert final["py_value"] == pytest.approx(fixed[slow, fast], rel=1e-6)
    assert "pixels differ" in metrics["note"] and metrics["verdict"] != "agree"
    assert main(["verify", str(Path("plan.sweep") / finding["package"])]) == 0
    files = sorted(path for path in Path("plan.sweep/findings").rglob("*"))
    assert main(["sweep", "plan.toml", "--processes", "1"]) == 1
    assert sorted(path for path in Path("plan.sweep/findings").rglob("*")) == files  # no second package


@pytest.mark.slow
@pytest.mark.parametrize("suite", [False, True], ids=["sweep", "suite"])
def test_findings_that_no_package_can_show_say_so(here: Path, capsys: pytest.CaptureFixture[str], suite: bool) -> None:
    """A port that traces rightly, with a wrong derivative and an image of another size."""
    command = f"{sys.executable} port.py {{command}} -trace_pixel {{pixel}}"
    Path("port.py").write_text(PORT, encoding="utf-8")
    Path("lines.txt").write_text(f"{LINE}\n", encoding="utf-8")
    image = Experiment.from_command(LINE, c_program="stock").photons()
    slow, fast = map(int, np.unravel_index(int(image.argmax()), image.shape))
    options = ["--c-program", "stock", "--pixel", str(slow), str(fast)]
    assert main(["trace", "--out", "right.log", *options, "--", *LINE.split()]) == 0
    plan(f'suspect = "{command}"\nchecks = ["trace", "image", "gradients"]', '"-seed" = [5]')
    words = ["suite", "lines.txt", "--suspect", command] if suite else ["sweep", "plan.toml"]
    capsys.readouterr()
    assert main([*words, "--processes", "1"]) == 1
    printed = " ".join(capsys.readouterr().out.split())
    folder = Path("lines.sweep" if suite else "plan.sweep")
    found = {one["group"]: one for one in held((folder / "report.json").read_text())["findings"]}
    said = ["evidence package: no pixel shows this difference"]
    if not suite:
        said.append(
            "evidence package: a package compares traces, not derivatives; nbtui gradients CASE --py port.log judges"
        )
    assert set(found) == ({"image"} if suite else {"image", "gradients: fluence"})
    assert all(one["package"] is None for one in found.values())
    pages = (printed, *((folder / name).read_text(encoding="utf-8") for name in ("report.md", "report.html")))
    for sentence in said:
        assert all(sentence in page for page in pages), pages
