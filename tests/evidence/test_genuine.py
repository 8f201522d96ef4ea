"""Genuine packages verify, wherever and whenever they are read; older ones are incomplete, never failed."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from nbtui.cli import main
from nbtui.commands.export import command as export_cli
from nbtui.errors import INCOMPLETE
from nbtui.evidence.ascii_text import shell_line
from nbtui.evidence.check.finding import CheckOutcome, Weight
from nbtui.evidence.check.old_formats import SINCE
from nbtui.evidence.check.verify import verify
from nbtui.evidence.export_words import VALUES, beyond, combined, split, taken_apart
from nbtui.evidence.trace_header import MARK
from nbtui.parity.metrics import to_json
from nbtui.parity.profiles import BUILT_IN
from nbtui.parity.tolerances import as_object, from_object, is_built_in
from support.evidence_packages import copied
from support.forging import PHI_LOG, PYTHON_LOG, lines_edited, metrics_of, put_metrics, replaced, said, signed

TOML = """
profile = "mine"
c_program = "fixed"
[profiles.mine]
base = "scaling"
tolerance = 0.2
fields = {"hkl_frac.k" = {abs = 0.5}}
[c_programs.lab]
base = "stock"
"""


def exported(capsys: pytest.CaptureFixture[str], *words: str) -> Path:
    assert main(["export", *words]) in (0, 1)
    return Path(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.parametrize(
    ("words", "caveat"),
    [
        (["demo"], ""),
        (["demo", "--phi-mode", "c-parity", "--pixel", "20", "30"], ""),
        (["demo", "--dtype=float32", "--profile", "scaling", "--quirk", "phi_carryover=on"], ""),
        (["demo", "--run", "echo 'φ'; exit 3", "--run", "true", "--note", "it's φ", "--todo", "look $HOME"], ""),
        (["demo", "--c-program", "fixed", "--omp-threads", "3"], ""),
        (["demo", "--tolerance", "0.25", "--allow-partial"], "tolerances are not nbtui's"),
    ],
)
def test_a_genuine_package_is_ok(words: list[str], caveat: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = verify(exported(capsys, *words))
    assert found.outcome is CheckOutcome.OK, said(found)
    assert found.caveat == caveat


def test_a_weighted_sum_of_terms_is_not_judged(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = verify(exported(capsys, "demo", "--c-program", "cuda"))
    assert found.outcome is CheckOutcome.INCOMPLETE, said(found)
    assert said(found, Weight.UNJUDGED) == "unjudged terms.csv: the sum of terms is weighted in this run: not compared"


def test_settings_of_nbtui_toml_are_in_the_package(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "nbtui.toml").write_text(TOML)
    package = exported(capsys, "demo").resolve()
    assert "# added by nbtui.toml: --c-program fixed --profile mine\n" in (package / "commands.txt").read_text()
    assert metrics_of(package)["tolerances"]["fields"]["hkl_frac.k"]["absolute"] is True
    (here / "nbtui.toml").unlink()
    found = verify(package)
    assert found.outcome is CheckOutcome.OK, said(found)
    assert "by nbtui's own profile: FIRST DIVERGENCE" in said(found, Weight.REMARK)


def test_a_simulated_reference_is_ok(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "demo", "--out", "port.log"]) == 0
    command = (Path(__file__).parents[2] / "src/nbtui/demo/command.txt").read_text()
    (here / "case").mkdir()
    (here / "case" / "command.txt").write_text(command)
    shutil.copy(Path(__file__).parents[2] / "src/nbtui/demo/demo.hkl", here / "case")
    found = verify(exported(capsys, "case", "--py", "port.log"))
    assert found.outcome is CheckOutcome.OK, said(found)


def test_place_name_and_time_zone_do_not_count(
    diverging: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = copied(diverging, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        os.utime(package / "trace_c.log")
        assert verify(Path(package.name)).outcome is CheckOutcome.OK, said(verify(package))
    finally:
        monkeypatch.undo()
        time.tzset()


def test_an_input_that_is_not_at_hand_leaves_it_incomplete(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "case").mkdir()
    for name in ("command.txt", "trace_c.log", "demo.hkl"):
        shutil.copy(Path(__file__).parents[2] / "src/nbtui/demo" / name, here / "case")
    with (here / "case" / "demo.hkl").open("a") as hkl:
        hkl.write("30 30 30 5.0\n")
    package = exported(capsys, "case")
    assert main(["verify", str(package)]) == 0
    (here / "case" / "demo.hkl").unlink()
    assert main(["verify", str(package)]) == INCOMPLETE
    assert "demo.hkl has another content" in capsys.readouterr().out  # the one of the built-in demo


def as_of_format_2(package: Path) -> None:
    """The package as the writer of schema_version 2 would have written it."""
    found = {key: value for key, value in metrics_of(package).items() if SINCE.get(key, 0) < 3}
    (package / "metrics.json").write_text(to_json({**found, "schema_version": 2}))
    for name in (PYTHON_LOG, PHI_LOG):
        lines_edited(package, name, lambda lines: [line for line in lines if not line.startswith(MARK)])


def test_a_package_of_an_older_format_is_incomplete(diverging: Path, tmp_path: Path) -> None:
    package = copied(diverging, tmp_path)
    as_of_format_2(package)
    found = signed(package)
    assert found.outcome is CheckOutcome.INCOMPLETE, said(found)
    assert "schema_version 2 has no tolerances, stamp, commands" in said(found)
    put_metrics(package, verdict="agree")
    assert signed(package).outcome is CheckOutcome.FAILED
    put_metrics(package, verdict="diverge", tolerance_profile="mine")
    replaced(package, "summary.md", ("profile: full", "profile: mine"))
    outcome = signed(package)
    assert outcome.outcome is not CheckOutcome.OK
    assert "'mine' is not nbtui's, and its tolerances are not recorded" in said(outcome)


# --- the words of an export ----------------------------------------------------------------------------------------


def test_the_options_of_export_are_known() -> None:
    options = {name: param for param in export_cli.params for name in (*param.opts, *param.secondary_opts)}
    values = {name: 0 if getattr(param, "is_flag", False) else param.nargs for name, param in options.items()}
    known = {name: count for name, count in VALUES.items() if name != "--debug"}
    assert {name: count for name, count in values.items() if name.startswith("--") and name != "--help"} == known


@pytest.mark.parametrize("words", [["a b", "$x", "it's", 'say "no"', "φ\\", ""], ["--note", "--py", "--", "-x"]])
def test_words_of_a_line_come_back(words: list[str]) -> None:
    assert split(shell_line(words)) == words


def test_an_option_takes_its_value_whatever_it_looks_like() -> None:
    found = taken_apart(["demo", "--note", "--py", "--pixel", "1", "2", "--dtype=float32", "--", "-x"])
    assert found.options == {"--note": ("--py",), "--pixel": ("1 2",), "--dtype": ("float32",)}
    assert found.cases == ("demo",) and found.flags == ("-x",)


def test_the_mode_follows_the_program() -> None:
    assert taken_apart(["demo", "--c-program", "stock"]).settings["phi_mode"] == "c-parity"
    stated = {"phi_mode": "c-parity", "c_program": "stock", "tolerance_profile": "mine", "quirks": {"a": True}}
    added = beyond(["demo"], stated, compat=False)
    assert added == ["--c-program", "stock", "--profile", "mine", "--quirk", "a=on", "--no-compat"]
    assert combined(["demo"], added).settings["tolerance_profile"] == "mine"


@pytest.mark.parametrize("name", BUILT_IN)
def test_limits_are_recorded_and_read_again(name: str) -> None:
    assert is_built_in(from_object(as_object(BUILT_IN[name])))
    assert not is_built_in(from_object(as_object(BUILT_IN["full"].with_tolerance(0.5))))
