"""History: order by time, better or worse, identical evidence, drift, and five lines for a ledger."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from nbtui.cli import main
from nbtui.evidence.follow.follower import Batch
from nbtui.evidence.follow.library import Library
from nbtui.evidence.follow.recent import Recent
from nbtui.evidence.history import UNKNOWN, history, load, note
from nbtui.evidence.judgement import BETTER, SAME, WORSE, judge_sizes
from nbtui.evidence.read.package import percentage
from nbtui.evidence.render import against
from nbtui.parity.percent import percent, percent_pair
from support.evidence_packages import new_package, old_package
from support.schemas import held


def test_the_real_packages_tell_the_story_of_the_fix(shared: Path) -> None:
    """-21.9 % without carry-over, -8.7 % with it, -0.2 % after the tap was moved before polarisation."""
    entries = history(load(shared / "legacy_bundles"))
    assert [entry.package.stamp for entry in entries] == ["20251008T043438Z", "20251008T044933Z", "20251007T222548Z"]
    assert [entry.overall for entry in entries] == [UNKNOWN, BETTER, BETTER]
    assert [percentage(entry.package.relative_delta) for entry in entries] == ["-21.9 %", "-8.73 %", "-0.207 %"]
    assert [(entry.package.gap_field, percentage(entry.package.gap)) for entry in entries] == [
        ("I_pixel_final", "-14.6 %"),  # 2.4595729541943e-07 in its metrics.json, 2.88139542684698e-07 in C
        ("I_pixel_final", "-0.207 %"),
        ("I_pixel_final", "-0.207 %"),
    ]
    changes = {change.factor: change.judgement for change in entries[1].changes}
    assert changes["I_before_scaling"] == changes["I_pixel_final"] == BETTER
    assert changes["polar"] == SAME
    assert "phi_mode spec -> c-parity" in entries[1].drift
    assert any(words.startswith("git_sha 8ddbd57af -> 3df75f50b") for words in entries[1].drift)


def test_each_is_compared_with_the_one_before_of_its_case_and_pixel(tmp_path: Path) -> None:
    new_package(tmp_path, "20260101T000000Z", py=90)
    new_package(tmp_path, "20260101T000001Z", py=50, case="other")
    new_package(tmp_path, "20260101T000002Z", py=50, pixel=(9, 9))
    new_package(tmp_path / "nested", "20260101T000003Z", py=99)
    new_package(tmp_path, "20260101T000004Z", py=80)
    new_package(tmp_path, "20260101T000005Z", py=100)
    entries = {entry.package.stamp: entry for entry in history(load(tmp_path))}
    overall = {stamp: entry.overall for stamp, entry in entries.items()}
    assert overall == {
        "20260101T000000Z": UNKNOWN,
        "20260101T000001Z": UNKNOWN,
        "20260101T000002Z": UNKNOWN,
        "20260101T000003Z": BETTER,
        "20260101T000004Z": WORSE,
        "20260101T000005Z": BETTER,
    }
    before = entries["20260101T000004Z"].before
    assert before is not None and before.stamp == "20260101T000003Z"
    assert entries["20260101T000005Z"].package.agrees is True


def test_identical_evidence_and_drift_are_named(tmp_path: Path) -> None:
    new_package(tmp_path, "20260101T000000Z", env={"torch": "2.12.0", "python": "3.11.1"})
    new_package(tmp_path, "20260101T000001Z", py=95.0)
    new_package(tmp_path, "20260101T000002Z", env={"torch": "2.13.0", "python": "3.11.1"}, dtype="float32")
    entries = history(load(tmp_path))
    assert [entry.identical_to for entry in entries] == ["", "", "20260101T000000Z"]
    assert entries[2].drift == ("dtype float64 -> float32",)
    assert entries[1].drift == ("torch 2.12.0 -> 2.13.0",)


def test_old_and_new_packages_stand_in_one_history(tmp_path: Path) -> None:
    old_package(tmp_path, "20260101T000000Z", py=70.0)
    new_package(tmp_path, "20260101T000001Z", py=99.0)
    first, second = history(load(tmp_path))
    assert (first.package.format, second.package.format) == ("old", "new")
    assert second.overall == BETTER
    assert {change.factor: change.judgement for change in second.changes} == {
        "I_before_scaling": BETTER,
        "polar": SAME,
        "I_pixel_final": BETTER,
    }


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        (0.1, 0.05, BETTER),
        (0.05, 0.1, WORSE),
        (0.1, 0.1, SAME),
        (0.1, 0.1 * (1 + 1e-9), SAME),
        (3e-16, 9e-16, SAME),  # rounding
        (0.0, 1e-6, WORSE),
        (math.inf, 0.5, BETTER),
        (0.5, math.inf, WORSE),
        (math.inf, math.inf, SAME),
    ],
)
def test_smaller_is_better_and_rounding_is_the_same(old: float, new: float, word: str) -> None:
    assert judge_sizes(old, new) == word


def test_a_nan_is_worse_than_any_gap(tmp_path: Path) -> None:
    new_package(tmp_path, "20260101T000000Z")
    new_package(tmp_path, "20260101T000001Z", py=math.nan, relative_delta="nan")
    assert history(load(tmp_path))[1].overall == WORSE


def test_the_note_has_five_plain_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    new_package(tmp_path / "reports", "20260101T000000Z", py=80.0)
    package = new_package(tmp_path / "reports", "20260101T000001Z", py=90.0)
    lines = note(package).splitlines()
    assert [line.split(":")[0] for line in lines] == ["verdict", "delta", "first divergence", "changed", "package"]
    assert "I_before_scaling -10.0 %" in lines[0]
    assert "C 100 Python 90" in lines[2]
    metrics = json.loads((package / "metrics.json").read_text("utf-8"))
    metrics["sides"] = [{"role": "reference", "name": "C"}, {"role": "live", "name": "live"}]
    (package / "metrics.json").write_text(json.dumps(metrics), "utf-8")
    assert "C 100 live 90" in note(package).splitlines()[2]
    assert lines[3].startswith("changed: better than 20260101T000000Z; better: I_before_scaling, I_pixel_final")
    assert lines[4] == "package: reports/20260101T000001Z"


# --- the command ---------------------------------------------------------------------------------------------------


def test_the_table_and_the_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new_package(tmp_path, "20260101T000000Z", py=80.0)
    new_package(tmp_path, "20260101T000001Z", py=float("nan"), relative_delta="nan")
    assert main(["history", str(tmp_path)]) == 0
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split()[:6] == ["vs", "before", "stamp", "case", "pixel", "mode"]
    assert "-20.0 %" in first and "toy" in first and "3 4" in first
    assert "worse" in second
    assert main(["history", "--json", str(tmp_path)]) == 0
    listed = held(capsys.readouterr().out)
    assert [entry["stamp"] for entry in listed] == ["20260101T000000Z", "20260101T000001Z"]
    assert listed[1]["relative_delta"] == "nan"
    assert listed[1]["factors"]["polar"]["change"] == "same"


def test_the_list_names_the_divergence_that_reaches_the_pixel(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reaching = {"first_reaching_divergence": "I_pixel_final", "first_reaching_divergence_label": "I_pixel_final"}
    package = new_package(tmp_path, "20260101T000000Z", py=80.0, **reaching)
    new_package(tmp_path, "20260101T000001Z", py=80.0)  # states the first of all alone
    assert main(["history", str(tmp_path)]) == 0
    _, first, second = capsys.readouterr().out.splitlines()
    assert "I_pixel_final" in first and "I_before_scaling" not in first
    assert "I_before_scaling" in second
    verdict, _, line, *_ = note(package).splitlines()
    assert verdict.startswith("verdict: first divergence that reaches the pixel I_pixel_final -20.0 % (case ")
    assert line == (
        "first divergence: I_pixel_final C 0.0001 Python 8e-05 -20.0 % CRITICAL; "
        "I_before_scaling differs before it and does not reach the pixel"
    )


def test_hostile_texts_stay_on_their_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = new_package(tmp_path, "20260101T000000Z", case="a\x1b[2J\nb[/x]\u202e", verdict="\x07")
    assert main(["history", str(tmp_path)]) == 0
    assert main(["history", "--note", str(package)]) == 0
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 2 + 5
    assert "\x1b" not in out and "\x07" not in out and "\u202e" not in out
    assert "[/x]" in out


@pytest.mark.parametrize("words", [["history"], ["history", "nowhere"], ["history", "--note", "nowhere"]])
def test_what_is_not_there_is_an_error_of_use(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    assert len(capsys.readouterr().err.splitlines()) <= 2


def test_an_empty_root_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""


# --- as packages arrive ----------------------------------------------------------------------------------------------


def test_a_new_package_is_judged_without_reading_all_the_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = [new_package(tmp_path, f"20260101T{number:06d}Z", py=50.0 + number / 100) for number in range(50)]
    old += [new_package(tmp_path, f"20260102T{number:06d}Z", py=10.0, case="other") for number in range(59)]
    read: list[Path] = []
    import nbtui.evidence.follow.recent as module

    real = module.read_package
    monkeypatch.setattr(module, "read_package", lambda path, **how: (read.append(path), real(path, **how))[1])
    monkeypatch.setattr(module, "PIECE", 10)
    monkeypatch.setattr(module, "LONGEST", 60.0)
    recent = Recent(old)
    entry = recent.add(new_package(tmp_path, "20260103T000000Z", py=90.0))
    assert entry.overall == BETTER
    assert entry.before is not None and entry.before.stamp == "20260101T000049Z"
    assert len(read) <= 71  # itself, the 59 of the other case, and the piece that holds the one before
    again = recent.add(new_package(tmp_path, "20260103T000001Z", py=90.0))
    assert again.identical_to == "20260103T000000Z"


def test_the_library_reads_the_newest_first_and_takes_news_in_between(tmp_path: Path) -> None:
    old = [new_package(tmp_path, f"20260101T{number:06d}Z") for number in range(45)]
    library = Library(tmp_path)
    library.take(Batch(existing=tuple(old), first=True))
    assert (len(library), library.unread) == (0, 45)
    library.read_some()
    assert library.unread == 5
    library.take(Batch(added=(new_package(tmp_path, "20260102T000000Z"),), gone=(old[0], old[44])))
    library.read_some()
    entries = library.entries()
    assert (len(entries), library.unread) == (44, 0)
    assert entries[0].package.stamp == "20260102T000000Z"
    assert entries[-1].package.stamp == "20260101T000001Z"
    assert [one is other for one, other in zip(entries, library.entries(), strict=True)] == [True] * 44
    library.take(Batch(gone=(old[1],)))
    assert library.entries()[-1].before is None  # the first of its kind has gone: judged again


# --- the conditions of a comparison ----------------------------------------------------------------------------------


def test_a_gap_under_other_settings_is_marked(tmp_path: Path) -> None:
    new_package(tmp_path, "20260101T000000Z", py=80.0, quirks={})
    new_package(tmp_path, "20260101T000001Z", py=90.0, quirks={"phi_carryover": True})
    new_package(tmp_path, "20260101T000002Z", py=70.0, quirks={"phi_carryover": True}, phi_mode="c-parity")
    new_package(tmp_path, "20260101T000003Z", py=75.0, phi_mode="c-parity")  # an older format states no quirks
    entries = history(load(tmp_path))
    assert [entry.conditions for entry in entries] == [(), ("quirks",), ("phi_mode",), ()]
    assert [against(entry) for entry in entries] == ["first", "better, other quirks", "worse, other phi mode", "better"]
    assert entries[1].drift == ("quirks none -> phi_carryover=on",)


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (-0.08725648, "-8.73 %"),
        (-0.21925886692, "-21.9 %"),
        (0.5, "+50.0 %"),
        (-1.0, "-100 %"),
        (-0.99996, "-99.996 %"),  # not everything is gone
        (1.9996, "+200 %"),
        (3e-5, "+0.00300 %"),
        (-2e-15, "-2.0e-13 %"),
        (12.0, "+1.2e+03 %"),
        (0.0, "0 %"),
        (math.inf, "+inf %"),
    ],
)
def test_a_percentage_has_the_digits_it_deserves(fraction: float, text: str) -> None:
    assert percent(fraction) == text


@pytest.mark.parametrize(
    ("one", "other", "texts"),
    [
        (-0.0873, -0.0021, ("-8.73 %", "-0.210 %")),
        (0.00132123, 0.00132119, ("+0.13212 %", "+0.13212 %")),
        (0.1, 0.1, ("+10.0 %", "+10.0 %")),
        (0.0, 1e-9, ("0 %", "+1.0e-07 %")),
        (0.2, math.nextafter(0.2, 1.0), ("+20.0 %", "+20.0 %")),
    ],
)
def test_two_percentages_are_told_apart(one: float, other: float, texts: tuple[str, str]) -> None:
    found = percent_pair(one, other)
    if one != other and texts[0] == texts[1]:  # as many digits as it takes
        assert found[0] != found[1] and [text[:5] for text in found] == [text[:5] for text in texts]
    else:
        assert found == texts


@pytest.mark.parametrize("exponent", range(-18, 6))
def test_a_percentage_beside_a_hundred_is_never_a_hundred(exponent: int) -> None:
    for fraction in (1.0 - 10.0**exponent, 1.0 + 10.0**exponent):
        assert (percent(fraction) == "+100 %") == (100.0 * fraction == 100.0)
