"""``--format``: GitHub annotations and JUnit XML."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from nbtui.cli import main
from support.run_port import PIXEL, port, write_case
from support.toy_images import files, spots

C = ["F_cell 100", "F_latt 3", "extra 1", "only_c 1", "I_pixel_final 4"]
MINE = ["F_cell 100", "F_latt 2.5", "extra 2", "I_pixel_final 3"]

# element -> its required and optional attributes, and its children in their order, by the schema of Ant (windyroad);
# the schema of Jenkins allows the same
SCHEMA: dict[str, tuple[set[str], set[str], str]] = {
    "testsuites": (set(), set(), "(testsuite )*"),
    "testsuite": (
        {"name", "timestamp", "hostname", "tests", "failures", "errors", "time", "package", "id"},
        {"skipped"},
        "properties (testcase )*system-out system-err ",
    ),
    "properties": (set(), set(), "(property )*"),
    "property": ({"name", "value"}, set(), ""),
    "testcase": ({"name", "classname", "time"}, set(), "(skipped |failure |error )?"),
    "skipped": (set(), {"message"}, ""),
    "failure": ({"type"}, {"message"}, ""),
    "system-out": (set(), set(), ""),
    "system-err": (set(), set(), ""),
}


def logs(here: Path, c: list[str] = C, mine: list[str] = MINE) -> list[str]:
    (here / "c.log").write_text("".join(f"TRACE_C: {line}\n" for line in c))
    (here / "py.log").write_text("".join(f"TRACE_PY: {line}\n" for line in mine))
    return ["compare", "--c", "c.log", "--py", "py.log"]


def suite_in(text: str) -> ElementTree.Element:
    """The one suite of a JUnit file, after a check against the schema."""
    root = ElementTree.fromstring(text.encode())
    for element in root.iter():
        required, optional, children = SCHEMA[element.tag]
        assert required <= set(element.keys()) <= required | optional, element.tag
        assert re.fullmatch(children, "".join(f"{child.tag} " for child in element)), element.tag
    (suite,) = root
    cases = list(suite.iter("testcase"))
    assert int(suite.attrib["tests"]) == len(cases) and len(
        {(c.get("classname"), c.get("name")) for c in cases}
    ) == len(cases)
    assert int(suite.attrib["failures"]) == len(list(suite.iter("failure")))
    assert int(suite.attrib["skipped"]) == len(list(suite.iter("skipped"))) and suite.attrib["errors"] == "0"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
    assert 0.0 <= float(suite.attrib["time"]) < 600.0
    return suite


def outcomes(suite: ElementTree.Element) -> dict[str, str]:
    return {case.attrib["name"]: case[0].tag if len(case) else "passed" for case in suite.iter("testcase")}


def test_a_field_is_a_test_case(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*logs(here), "--format", "junit"]) == 1
    suite = suite_in(capsys.readouterr().out)
    assert outcomes(suite) == {
        "F_cell": "passed",
        "F_latt": "failure",
        "I_pixel_final": "failure",
        "extra": "failure",
        "only_c": "skipped",
    }
    failures = {case.attrib["name"]: case[0].attrib.get("message", "") for case in suite.iter("testcase") if len(case)}
    assert failures["F_latt"] == "F_latt: C 3, your log 2.5 1, -16.667 %; 1 of 1 values differ"
    assert failures["only_c"] == "missing in your log"
    verdict = suite.find("properties/property")
    assert verdict is not None and verdict.attrib["value"].startswith("FIRST DIVERGENCE  F_latt")


def test_annotations_name_the_line_and_are_escaped(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*logs(here), "--format", "github"]) == 1
    first, *others = capsys.readouterr().out.splitlines()
    assert first.startswith("::error file=py.log,line=2,title=nbtui compare two logs::FIRST DIVERGENCE  F_latt")
    assert "%0AF_latt: C 3, your log 2.5" in first
    begin = "::error file=py.log,line=3,title=nbtui compare two logs%3A extra::"
    assert any(line.startswith(begin) for line in others) and "I_pixel_final -25 %25" in first
    assert all(re.fullmatch(r"::(error|warning|notice) [^:\n]*::.*", line) for line in (first, *others))


def test_a_step_shows_ten_errors_at_most(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    many = [f"value_{n} {n + 1}" for n in range(30)]
    assert main([*logs(here, many, [f"{line}.5" for line in many]), "--format", "github"]) == 1
    errors = [line for line in capsys.readouterr().out.splitlines() if line.startswith("::error")]
    assert len(errors) == 10 and errors[-1].endswith("::21 more checks failed")


def test_agreement_is_a_notice_and_a_suite_without_failures(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = logs(here, C[:3], C[:3])
    assert main([*words, "--format", "github"]) == 0
    assert capsys.readouterr().out.startswith("::notice title=nbtui compare two logs::AGREE  3 of 3 fields")
    assert main([*words, "--format", "junit"]) == 0
    assert set(outcomes(suite_in(capsys.readouterr().out)).values()) == {"passed"}


def test_no_verdict_is_a_failure(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = logs(here, ["F_cell 1", "only_c 1"], ["only_py 1"])
    assert main([*words, "--format", "junit"]) == 1
    assert outcomes(suite_in(capsys.readouterr().out))["coverage"] == "failure"
    assert main([*words, "--format", "github"]) == 1
    assert "::error title=nbtui compare two logs::NOTHING COMPARED" in capsys.readouterr().out.replace(
        "file=py.log,", ""
    )


def test_hostile_text_stays_data(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = logs(here, ["detector_convention MOSFLM"], ["detector_convention a::b,c=<i>&\x07\x1b]0;x%"])
    assert main([*words, "--format", "junit"]) == 1
    (failure,) = suite_in(capsys.readouterr().out).iter("failure")
    assert "a::b,c=<i>&\u2407\u241b]0;x%" in str(failure.text)
    assert main([*words, "--format", "github"]) == 1
    first, *others = capsys.readouterr().out.splitlines()
    assert "a::b,c=<i>&\u2407\u241b]0;x%25" in first and all(line.startswith("::") for line in others)


def test_a_gate_is_a_test_case(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = spots((10, 10), (30, 25))
    pair = files(here, image, 2.0 * image)
    assert main(["images", *pair, "--format", "junit"]) == 1
    found = outcomes(suite_in(capsys.readouterr().out))
    assert found == {
        "finite pixels": "passed",
        "correlation": "passed",
        "ratio of sums": "failure",
        "peak positions": "passed",
    }
    assert main(["images", *pair, "--format", "github", "--gates", "exact"]) == 1
    line = capsys.readouterr().out.splitlines()[0]
    assert line.startswith("::error file=") and "title=nbtui images " in line and "DIFFER (exact gates)" in line
    same = files(here, image, image)
    assert main(["images", *same, "--format", "junit", "--gates", "exact"]) == 0
    assert outcomes(suite_in(capsys.readouterr().out)) == {"finite pixels": "passed", "every pixel": "passed"}
    image[3, 3] = np.nan
    assert main(["images", *files(here, spots((10, 10), (30, 25)), image), "--format", "junit"]) == 1
    assert outcomes(suite_in(capsys.readouterr().out))["finite pixels"] == "failure"


def test_a_run_is_a_suite(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(here / "state"))
    script = write_case(here)
    assert main(["run", "mine", "--format", "junit"]) == 0
    assert "failure" not in outcomes(suite_in(capsys.readouterr().out)).values()
    script.write_text(port(2.0, "omega_pixel", *PIXEL))
    assert main(["run", "mine", "--no-diagnose", "--format", "junit"]) == 1
    suite = suite_in(capsys.readouterr().out)
    found = outcomes(suite)
    assert (found["the command of the port"], found["omega_pixel"], found["polar"]) == ("passed", "failure", "passed")
    assert "diverges now: first divergence omega_pixel" in str(suite.findtext("system-out"))
    script.write_text("raise SystemExit('no device')\n")
    assert main(["run", "mine", "--format", "junit"]) == 3
    assert outcomes(suite_in(capsys.readouterr().out)) == {"the command of the port": "failure"}
    assert main(["run", "mine", "--format", "github"]) == 3
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("::error title=nbtui run mine::FAILED  exit status 1: no device")
    script.write_text(port() + "raise SystemExit('late')\n")
    assert main(["run", "mine", "--format", "junit"]) == 3
    assert outcomes(suite_in(capsys.readouterr().out))["the command of the port"] == "failure"
    assert main(["run", "mine", "--list", "--format", "junit"]) == 2


def test_one_format_at_a_time(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*logs(here), "--json", "--format", "junit"]) == 2
    assert "give either --json or --format junit, not both" in capsys.readouterr().err
    assert main(["compare", "demo", "--matrix", "--format", "github"]) == 2
