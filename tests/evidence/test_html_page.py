"""``nbtui report``: the page states what the package and its logs hold, in one file."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections import defaultdict
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from nbtui.cli import main
from support.places import DEMO

HOSTILE = '<img src=x onerror="alert(1)">\x1b[31m & "quoted"'


class Page(HTMLParser):
    """Tags and text of a page; every tag is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("reports")
    assert main(["export", "demo", "--diagnose", "--reports", str(root), "--note", HOSTILE]) == 1
    (made,) = root.iterdir()
    return made


@pytest.fixture
def written(package: Path, tmp_path: Path) -> str:
    target = tmp_path / "page.html"
    assert main(["report", str(package), "-o", str(target), "--svg", str(tmp_path / "figures")]) == 0
    return target.read_text("utf-8")


def test_it_loads_and_runs_nothing(written: str) -> None:
    page = Page(written)
    assert page.open == []
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "iframe", "object", "a", "base"})
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        addresses = [value or "" for name, value in attributes.items() if name in ("src", "href")]
        assert all(address.startswith("data:") for address in addresses)
    assert "http" not in written.replace("http://www.w3.org/2000/svg", "")
    assert "\x1b" not in written and "onerror=" in "".join(page.text)


def test_it_states_verdict_first_divergence_and_both_values(written: str, package: Path) -> None:
    text = "".join(Page(written).text)
    metrics = json.loads((package / "metrics.json").read_text())
    assert metrics["verdict_text"].split("  ")[1] in text
    row = metrics["factors"]["I_pixel_final"]
    assert str(row["c_value"]) in text and str(row["py_value"]) in text
    assert "something could not be judged" in text  # the diagnosis, without --replay
    for cause in metrics["diagnosis"]["hypotheses"]:
        assert cause["summary"].split("[")[0].strip() in text


def test_figures_show_the_terms_of_the_package(written: str, package: Path, tmp_path: Path) -> None:
    sums: dict[str, float] = defaultdict(float)
    with (package / "terms.csv").open() as stream:
        for term in csv.DictReader(stream):
            sums[term["phi_step"]] += float(term["F_cell2_F_latt2"])
    figure = ElementTree.fromstring((tmp_path / "figures" / "phi_shares.svg").read_text())
    bars = [bar for bar in figure.iter() if bar.tag.endswith("rect")]
    titles = [bar[0].text or "" for bar in bars]
    shown = [float(re.findall(r": ([\d.e+-]+) %", title)[0]) for title in titles]
    expected = 100 * np.array(list(sums.values())) / sum(sums.values())
    assert shown == pytest.approx(expected.tolist(), rel=1e-5)
    heights = np.array([float(bar.attrib["height"]) for bar in bars])
    assert heights / heights.max() == pytest.approx(expected / expected.max(), abs=1e-3)


def test_a_forged_package_is_not_verified(package: Path, tmp_path: Path) -> None:
    forged = tmp_path / package.name
    shutil.copytree(package, forged)
    path = forged / "metrics.json"
    path.write_text(path.read_text().replace('"verdict": "diverge"', '"verdict": "agree"'))
    assert main(["report", str(forged), "-o", str(tmp_path / "forged.html")]) == 0
    text = (tmp_path / "forged.html").read_text()
    assert "NOT VERIFIED" in text and "FIRST DIVERGENCE" in text


def test_a_verdict_that_nothing_at_hand_repeats_is_the_packages_own(package: Path, tmp_path: Path) -> None:
    alone = tmp_path / package.name
    shutil.copytree(package, alone)
    (alone / "trace_c.log").unlink()
    assert main(["report", str(alone), "-o", str(tmp_path / "alone.html")]) == 0
    text = (tmp_path / "alone.html").read_text()
    assert "as the package states: " in text and "Not compared again" in text


def test_images_are_embedded(package: Path, tmp_path: Path) -> None:
    image = np.load(DEMO / "image.npy")
    np.save(tmp_path / "other.npy", 1.1 * image)
    words = ["--images", str(DEMO / "image.npy"), str(tmp_path / "other.npy")]
    assert main(["report", str(package), "-o", str(tmp_path / "page.html"), *words]) == 0
    page = Page((tmp_path / "page.html").read_text())
    assert [tag for tag, _ in page.tags].count("img") == 3


def test_an_existing_file_stays(package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "page.html"
    target.write_text("mine")
    assert main(["report", str(package), "-o", str(target)]) == 4
    assert target.read_text() == "mine" and "--force" in capsys.readouterr().err
    assert main(["report", str(package), "-o", str(target), "--force"]) == 0


def test_the_page_of_a_sweep_is_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "hunt.sweep"
    folder.mkdir()
    assert main(["report", str(folder)]) == 2
    assert "neither a package" in capsys.readouterr().err
    (folder / "report.html").write_bytes(b"<!doctype html>its own")
    assert main(["report", str(folder), "-o", str(tmp_path / "out.html")]) == 0
    assert (tmp_path / "out.html").read_bytes() == b"<!doctype html>its own"
    assert main(["report", str(folder), "-o", str(tmp_path / "two.html"), "--replay"]) == 2
