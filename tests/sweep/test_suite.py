"""Suites: which cases, which port, which pixels, the table, and a whole suite of a port with its packages."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from nbtui.cli import main
from nbtui.errors import UnusableInput
from nbtui.live.cases import load_case
from nbtui.settings import load
from nbtui.sweep.coverage import occurring
from nbtui.sweep.explain import Explained
from nbtui.sweep.findings import findings
from nbtui.sweep.judge import grid_pixels
from nbtui.sweep.plan import IMAGE, STORED, PixelRule, Pixels, Plan, SweptCase, SweptPort
from nbtui.sweep.plan_file import pixels_named
from nbtui.sweep.port_run import reference_of
from nbtui.sweep.rows import Answer, SweepRow
from nbtui.sweep.suite import known_ports, read_suite
from nbtui.sweep.suite_table import suite_lines
from nbtui.sweep.sweep import Swept
from small_port.fixes import FIXES, fixed
from support.schemas import held

FLAGS = "-cell 40 50 60 90 90 90 -default_F 100 -lambda 1.2 -N 5 -distance 120 -detpixels 12 -pixel 4 -oversample 1"


def case_folder(place: Path, command: str = FLAGS) -> None:
    place.mkdir(parents=True)
    (place / "command.txt").write_text(f"nanoBragg {command}\n", encoding="utf-8")


def test_case_folders_are_found_at_any_depth_and_unusable_ones_named(here: Path) -> None:
    case_folder(Path("suite/first"))
    case_folder(Path("suite/deep/second"))
    case_folder(Path("suite/empty"), "")
    case_folder(Path("suite/old.sweep/findings/01_x"))
    case_folder(Path("suite/.hidden/case"))
    found = read_suite(Path("suite"))
    assert [case.name for case in found.cases] == ["deep/second", "first"]
    assert [name for name, _ in found.unusable] == ["empty"]
    assert "no nanoBragg flags" in found.unusable[0][1]


def test_input_files_come_from_the_case_folder_and_else_from_the_common_one(here: Path) -> None:
    for name in ("own", "other"):
        case_folder(Path(f"suite/{name}"), f"{FLAGS} -hkl P.hkl")
    Path("suite/own/P.hkl").write_text("0 0 1 5\n", encoding="utf-8")
    Path("inputs").mkdir()
    Path("inputs/P.hkl").write_text("0 0 1 5\n", encoding="utf-8")
    found = {case.name: case for case in read_suite(Path("suite"), Path("inputs")).cases}
    assert found["own"].workdir.name == "own" and found["other"].workdir.name == "inputs"


def test_a_text_file_is_a_suite_of_its_lines(here: Path) -> None:
    Path("lines.txt").write_text(f"# ours\n{FLAGS}\n\nnanoBragg {FLAGS} \\\n  -trace_pixel 3 4\n", encoding="utf-8")
    first, second = read_suite(Path("lines.txt")).cases
    assert (first.name, second.name) == ("line 2", "line 4")
    assert first.argv == tuple(shlex.split(FLAGS)) and second.pixel == (3, 4)


@pytest.mark.parametrize(("place", "said"), [("none", "neither a directory"), ("empty", "no case folder in it")])
def test_a_place_without_cases_is_refused(here: Path, place: str, said: str) -> None:
    Path("empty").mkdir()
    with pytest.raises(UnusableInput, match=said):
        read_suite(Path(place))


def test_the_command_of_the_settings_is_that_of_the_case_and_else_the_only_one(here: Path) -> None:
    for name in ("first", "second"):
        case_folder(Path(f"suite/{name}"))
    cases = read_suite(Path("suite")).cases
    with pytest.raises(UnusableInput, match="first: no command for the port"):
        known_ports(cases, load().cases)
    own = '[cases.one]\nfolder = "suite/first"\nsuspect = "python a.py {command}"\nlimit = 7\n'
    Path("nbtui.toml").write_text(own, encoding="utf-8")
    assert [one.port.suspect for one in known_ports(cases, load().cases)] == ["python a.py {command}"] * 2
    assert known_ports(cases, load().cases)[0].port.seconds == 7.0
    other = '[cases.two]\ncommand = "-N 1"\nsuspect = "python b.py {command}"\n'
    Path("nbtui.toml").write_text(own + other, encoding="utf-8")
    with pytest.raises(UnusableInput, match=r"second: no command for the port .nbtui\.toml has 2 of them"):
        known_ports(cases, load().cases)


def test_pixels_are_named_by_a_rule() -> None:
    assert pixels_named("brightest", "") == Pixels(PixelRule.BRIGHTEST, 1)
    assert pixels_named("brightest 3", "").most == 3 and pixels_named("grid 4", "").most == 16
    assert pixels_named("all", "").by_image and not pixels_named("traced", "").by_image
    for wrong in ("grid", "grid 0", "brightest 0", "all 3", "some"):
        with pytest.raises(UnusableInput, match="--pixels: must be"):
            pixels_named(wrong, "--pixels")


def test_a_grid_lies_in_the_middle_of_equal_parts() -> None:
    assert grid_pixels((10, 20), 1) == ((5, 10),)
    assert grid_pixels((8, 16), 2) == ((2, 4), (2, 12), (6, 4), (6, 12))
    assert grid_pixels((2, 1), 5) == ((0, 0), (1, 0))  # never twice


ROW = SweepRow(
    key="a",
    case="first",
    check="trace",
    changes=(),
    command=tuple(shlex.split(FLAGS)),
    pixel=(3, 4),
    answer=Answer.DIVERGES,
    first="rot_a_angstroms.x",
    roots=("rot_a_angstroms",),
    gap=-0.1,
    differing=3,
    shared=20,
)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_table_fits_the_terminal_and_names_every_case(width: int) -> None:
    long = replace(ROW, key="b", case="a/case/with/a/very/long/name/indeed", answer=Answer.CRASHED, detail="x" * 300)
    fine = replace(ROW, key="c", case="third", answer=Answer.AGREES, first="", gap=0.0)
    image = replace(ROW, key="d", check=IMAGE, differing=12345)
    rows = (fine, ROW, image, long)
    causes = {"a": ("misset_order",)}
    explained = [Explained(row, causes.get(row.key, ()), True, "y " * 90) for row in rows if row.answer.fails]
    swept = Swept(rows, findings(explained), {}, occurring(row.command for row in rows), 3)
    lines = list(suite_lines(swept, width, {}))
    assert max(map(len, lines)) <= width
    table = lines[lines.index("") + 1 :]
    assert [line.split()[0][:6] for line in table] == ["case", "first", "a/case", "third"]
    assert "12,345 px" in table[1] and "-10.0 %" in table[1] and "crashed" in table[2] and "agrees" in table[3]


def test_findings_of_one_case_do_not_hide_the_image_of_another() -> None:
    image = Explained(replace(ROW, key="b", case="second", check=IMAGE), (), False, "9 pixels differ")
    found = findings([Explained(ROW, ("pivot",), True, ""), image])
    assert {one.group for one in found} == {"pivot", IMAGE}


def test_the_flags_of_a_suite_are_those_of_its_command_lines() -> None:
    found = occurring([("-phi", "1", "-osc", "2"), ("-phi", "3")])
    assert "-phi" in found.flags and "-osc" in found.flags and "-misset" in found.never
    assert "values" not in found.sentence()


def test_a_stored_log_is_the_reference_of_its_own_pixel_and_command_line(tmp_path: Path) -> None:
    case = load_case("demo")
    plan = Plan((SweptCase(case, SweptPort(tmp_path, tmp_path, program="stock")),), (), reference=STORED)
    assert reference_of(plan, case, tmp_path).pixel == case.pixel
    assert not reference_of(plan, case, tmp_path).simulated
    with pytest.raises(UnusableInput, match="its C log is of pixel"):
        reference_of(plan, replace(case, pixel=(0, 0)), tmp_path)
    with pytest.raises(UnusableInput, match="no C log"):
        reference_of(plan, plan.on((*case.argv, "-N", "3")).case, tmp_path)


SUITE = f"""{FLAGS}
{FLAGS} -misset 10 20 30
{FLAGS} -twotheta 5
-nopgm
"""


@pytest.mark.slow
def test_a_suite_names_the_bugs_of_a_port(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Agreement, a wrong trace, a wrong corner of the image, a refusal and an unusable line, with packages."""
    left = "the missetting turns about z first"
    text = fixed(*(name for name in FIXES if name != left))
    corner = "photons[0, 0] = 1e9 if sys.argv.count('-misset') == 0 else photons[0, 0]\n        "
    text = text.replace("photons.float().numpy()", f"{corner}photons.float().numpy()")
    Path("port.py").write_text(text, encoding="utf-8")
    Path("lines.txt").write_text(SUITE, encoding="utf-8")
    words = ["suite", "lines.txt", "--processes", "1", "--suspect"]
    words += [f"{sys.executable} port.py {{command}} -trace_pixel {{pixel}}", "--json"]
    assert main(words) == 1
    found = held(capsys.readouterr().out)
    by_case = {(row["case"], row["check"]): row for row in found["rows"]}
    assert by_case["line 1", "trace"]["answer"] == "agrees"
    assert by_case["line 1", "image"]["answer"] == "diverges" and by_case["line 1", "image"]["pixel"] == [0, 0]
    assert by_case["line 3", "trace"]["answer"] == "refused"
    assert by_case["line 4", "trace"]["answer"] == "no reference"
    groups = {one["group"]: one for one in found["findings"]}
    assert {"misset_order", "image"} < set(groups)
    package = Path("lines.sweep") / groups["misset_order"]["package"]
    assert groups["image"]["package"] is None  # the corner is wrong in the image alone
    report = Path("lines.sweep/report.md").read_text(encoding="utf-8")
    assert "No evidence package: the port's trace of pixel 0 0, the worst one, has the value of the reference" in report
    assert main(["verify", str(package)]) == 0
    assert "misset_order" in json.loads((package / "metrics.json").read_text())["note"]
    assert "-trace_pixel 0 0" in (Path("lines.sweep") / groups["image"]["case"] / "command.txt").read_text()
    html = Path("lines.sweep/report.html").read_text(encoding="utf-8")
    assert f"{groups['misset_order']['package']}/summary.md" in html
    capsys.readouterr()
    assert main(words) == 1
    assert json.loads(capsys.readouterr().out) == found  # nothing judged or packed again


@pytest.mark.slow
def test_parts_of_a_suite_join(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The joined suite has the rows of its parts, judged by them alone, and the findings of the whole."""
    lines = (FLAGS, f"{FLAGS} -osc 1 -phisteps 3", f"{FLAGS} -lambda 1.1")
    Path("lines.txt").write_text("\n".join(lines), encoding="utf-8")
    suite = ["suite", "lines.txt", "--suspect-program", "fixed", "--processes", "1", "--no-image"]
    for part in ("1/2", "2/2"):
        assert main([*suite, "--part", part]) in (0, 1)
    parts = [Path(f"lines-{number}-of-2.sweep") for number in (1, 2)]
    kept = sorted(line for part in parts for line in (part / "rows.jsonl").read_text("utf-8").splitlines())
    assert len(kept) == 3
    capsys.readouterr()
    assert main([*suite, "--json", *(word for part in parts for word in ("--join", str(part)))]) == 1
    found = held(capsys.readouterr().out)
    assert [one["group"] for one in found["findings"]] == ["phi_carryover"]
    assert sorted(Path("lines.sweep/rows.jsonl").read_text("utf-8").splitlines()) == kept
    assert main([*suite, "--part", "1/2", "--join", str(parts[0])]) == 2
    assert "leave out --part" in capsys.readouterr().err
