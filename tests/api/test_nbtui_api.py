"""The Python interface: the same answers as the commands, as values that print and show themselves."""

from __future__ import annotations

import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch

from nbtui import api
from nbtui.cli import main
from support.places import DATA, DEMO

C = "TRACE_C: F_cell 100\nTRACE_C: F_latt 3\nTRACE_C: I_pixel_final 4\n"
MINE = "TRACE_PY: F_cell 100\nTRACE_PY: F_latt 2.5\nTRACE_PY: I_pixel_final 3\n"


class Page(HTMLParser):
    """Tags, sources and text of an HTML page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.sources: list[str] = []
        self.words = ""
        self.open: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture(scope="module")
def simulated() -> api.SimulationResult:
    return api.simulate("demo")


def test_text_and_objects_are_those_of_the_commands(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "c.log").write_text(C)
    (here / "py.log").write_text(MINE)
    found = api.compare("py.log", reference=here / "c.log")
    assert main(["compare", "--c", "c.log", "--py", "py.log"]) == 1
    assert capsys.readouterr().out == f"{found}\n"
    assert main(["compare", "--c", "c.log", "--py", "py.log", "--markdown"]) == 1
    assert capsys.readouterr().out == found.markdown()
    assert main(["compare", "--c", "c.log", "--py", "py.log", "--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    told = api.compare("py.log", reference="c.log").to_dict()
    assert told == printed


def test_a_comparison_answers(here: Path) -> None:
    found = api.compare(MINE, reference=C)
    assert not found and not found.agrees and found.sides == ("C", "your log")
    assert found.first_divergence is not None and found.first_divergence.label == "F_latt"
    assert (found.first_divergence.reference, found.first_divergence.suspect) == (3.0, 2.5)
    assert found.first_divergence.rel_delta == pytest.approx(-1 / 6)
    assert found.first_reaching == found["F_latt"] and found.gap == -0.25
    assert [row.label for row in found.rows(only_differing=True)] == ["F_latt", "I_pixel_final"]
    assert len(list(found.rows())) == 3 and found["F_cell"].status == "PASS"
    assert repr(found) == f"ComparisonResult({found.verdict})" and "\n" not in repr(found)
    assert api.compare(MINE, reference=C, tolerance=0.3)
    with pytest.raises(api.UnusableInput, match="no row nothing"):
        found["nothing"]


def test_a_trace_answers_by_name_and_alias(here: Path) -> None:
    trace = api.read_trace(DEMO / "trace_c.log")
    assert (trace.side, trace.pixel) == ("C", (12, 14)) and len(trace.names) == len(trace) > 60
    assert trace["F_cell"] == trace.all("F_cell")[0] and len(trace["rot_a_angstroms"]) == 3  # type: ignore[arg-type]
    assert "F_cell" in trace and "nothing" not in trace and list(trace) == list(trace.names)
    with pytest.raises(api.UnusableInput, match="no field F_cel; did you mean F_cell"):
        trace["F_cel"]
    assert "F_cell" in str(api.read_trace(C)) and "more lines" in str(trace)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: api.read_trace("nowhere.log"), "nowhere.log: no such file"),
        (lambda: api.read_trace("one\ntwo\n"), "the given text: no trace line"),
        (lambda: api.read_trace(3), "a log is a path, a text or a result of nbtui.api, not int"),
        (lambda: api.compare(MINE), "nothing to compare with"),
        (lambda: api.compare(MINE, reference=C, profile="nothing"), "nothing"),
        (lambda: api.compare(MINE, "no-such-case"), "no case 'no-such-case'"),
        (lambda: api.simulate(["-cell", "1"], pixel=(0, 0)), "flags"),
        (lambda: api.simulate("demo", dtype="float16"), "dtype 'float16': must be one of float64, float32"),
        (lambda: api.simulate("demo", phi_mode="other"), "phi_mode 'other': must be one of spec, c-parity"),
        (lambda: api.simulate("demo", quirks={"nothing": True}), "nothing"),
        (lambda: api.compare_images(np.zeros((2, 2))), "no reference image"),
        (lambda: api.compare_images(np.zeros(3), "demo"), "your image: 3 of type float64 is not an image"),
        (lambda: api.compare_images(np.zeros((2, 2)), "demo"), "sizes differ"),
        (lambda: api.compare_images("nowhere.npy", "demo"), "nowhere.npy: cannot be read"),
        (lambda: api.verify("nowhere"), "nowhere: no such package"),
    ],
)
def test_errors_are_our_own_and_name_the_reason(here: Path, call: object, words: str) -> None:
    assert callable(call)
    with pytest.raises(api.UnusableInput) as caught:
        call()
    assert words in str(caught.value) and caught.value.exit_code == 2


def test_a_simulation_of_other_settings_is_not_a_reference(simulated: api.SimulationResult, here: Path) -> None:
    with pytest.raises(api.UnusableInput, match="as_reference=True"):
        api.compare(MINE, reference=simulated)


def test_a_simulation_stands_for_c_and_in_place_of_a_log(simulated: api.SimulationResult, here: Path) -> None:
    """The C log of the demo comes from the C program."""
    reference = api.simulate("demo", as_reference=True)
    assert api.compare(reference, "demo") and reference.stands_for_c
    assert reference.lines[0].startswith("TRACE_C") and simulated.lines[0].startswith("TRACE_PY")
    live = api.compare(simulated, "demo")
    assert live.sides == ("C", "live") and live.to_dict()["phi_mode"] == "spec"
    assert api.compare(simulated, "demo", reference=reference).sides == ("simulated C", "live")
    assert sum(simulated.terms["F_cell2_F_latt2"]) == pytest.approx(float(str(simulated.trace["I_before_scaling"])))
    assert repr(simulated).endswith(f"= {simulated.value:.17g} photons)")


def test_a_command_line_is_a_case(here: Path) -> None:
    command = "-default_F 50 -cell 30 40 50 90 90 90 -lambda 1 -distance 60 -pixel 2 -detpixels 16 -N 4"
    first = api.simulate(command, pixel=(3, 4))
    assert first.value == api.simulate(command.split(), pixel=(3, 4)).value
    assert api.compare(first, command).agrees  # the log's pixel is that of the simulated reference


def test_a_diagnosis_answers(simulated: api.SimulationResult, here: Path) -> None:
    answer = api.diagnose(simulated, "demo")
    assert answer.differs and answer.causes[0].ids == ("phi_carryover",) and answer.causes[0].remedies
    assert answer.to_dict()["hypotheses"][0]["ids"] == ["phi_carryover"]
    assert str(answer).startswith(answer.headline) and repr(answer) == f"DiagnosisResult({answer.headline})"
    two = api.diagnose(MINE, reference=C)
    assert "no command line was given" in " ".join((*two.findings, *two.unknown, *two.certain, str(two)))


def test_an_image_is_a_path_an_array_or_a_tensor(here: Path) -> None:
    image = np.load(DEMO / "image.npy")
    tensor = torch.tensor(1.5 * image, requires_grad=True)
    assert api.compare_images(DEMO / "image.npy", "demo") and api.compare_images(image, reference=image)
    found = api.compare_images(tensor, "demo")
    assert not found and found.sum_ratio == pytest.approx(1.5) and found.failures
    assert found.to_dict()["verdict"] == "diverge" and set(found.pngs()) == {"c.png", "python.png", "difference.png"}
    assert str(found).endswith("\n".join(("", *(f"  {finding}" for finding in found.findings))))


def test_an_image_without_a_c_image_is_compared_with_simulated_c(here: Path) -> None:
    shutil.copytree(DATA / "golden" / "cases" / "cubic_default_f", here / "case")
    image = np.load(here / "case" / "image.npy")
    (here / "case" / "image.npy").unlink()
    found = api.compare_images(image, "case", profile="exact")
    assert found and "as stock C" in str(found)


def test_a_package_of_a_text_verifies(simulated: api.SimulationResult, here: Path) -> None:
    text = "\n".join(simulated.lines) + "\n"
    package = api.export(text, "demo", reports="reports", made_by="python port.py")
    assert not package.agrees and package.blocked == ("rot_a_angstroms.x diverges",)
    assert package.path.parent == Path("reports") and str(package).splitlines()[-1] == str(package.path)
    checked = api.verify(package)
    assert checked and checked.ok, str(checked)
    (kept,) = (here / "reports" / "given-logs").iterdir()
    assert kept.read_text() == text
    (package.path / "summary.md").write_text("changed")
    broken = api.verify(package.path)
    assert not broken and broken.outcome == "failed" and "  wrong: summary.md" in str(broken)
    assert any((one.file, one.weight) == ("summary.md", "wrong") for one in broken.findings)
    diagnosed = api.verify(api.export(text, "demo", reports="reports", diagnosis=True))
    assert not diagnosed and diagnosed.outcome == "incomplete" and "the diagnosis" in str(diagnosed)


def test_results_show_themselves_escaped_and_self_contained(simulated: api.SimulationResult, here: Path) -> None:
    nasty = "TRACE_PY: F_cell 100\nTRACE_PY: <script>alert(1)</script> 3\n\x1b[31mTRACE_PY: F_latt 2.5\n"
    image = np.load(DEMO / "image.npy")
    package = api.export(simulated, "demo", reports="reports")
    results = [
        api.compare(nasty, reference=C + "TRACE_C: <script>alert(1)</script> 4\n"),
        api.read_trace(nasty),
        api.read_trace(DEMO / "trace_c.log"),
        api.diagnose(simulated, "demo"),
        api.compare_images(2 * image, "demo"),
        package,
        api.verify(package),
        simulated,
    ]
    for result in results:
        html = result._repr_html_()  # type: ignore[attr-defined]
        page = Page(html)
        assert "script" not in page.tags and "\x1b" not in html
        assert all(source.startswith("data:image/png;base64,") for source in page.sources)
        assert page.words and len(repr(result)) < 300 and "\n" not in repr(result)
    assert "<script>" in Page(results[0]._repr_html_()).words  # type: ignore[attr-defined]
