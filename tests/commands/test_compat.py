"""Command lines that the C program reads more laxly than nbsim, as CASE, as ``-- FLAGS`` and in nbtui.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbtui.cli import COMMANDS, main
from nbtui.live.cases import load_case
from nbtui.live.model import Settings
from nbtui.live.parameters.edits import Edit
from nbtui.live.parameters.tuning import begun, put

BASE = "-default_F 100 -cell 70 80 90 90 90 90 -lambda 1 -N 5 -pixel 0.1 -distance 100 -detpixels 32 -oversample 1"
WITH_CASE = ("console", "open", "compare", "trace", "terms", "images", "diagnose", "export", "c-trace")
# what C skips or reads otherwise, the flags with the same meaning, and the notice
REAL = (
    ("-hdivsteps 0 -vdivsteps 0", "", "-hdivsteps 0 as not given; -vdivsteps 0 as not given"),
    ("-convention MOSFLM", "", "skipped, as in the C program: -convention MOSFLM"),
    ("-N 0", "-N 1", "-N 0 as not given"),
    ("-dispstep 3 -hdiv 0.28 -vdiv 0", "", "skipped, as in the C program: -dispstep 3 -hdiv 0.28 -vdiv 0"),
    ("-interpolate 0", "-interpolate", "skipped, as in the C program: 0"),
    ("-dumpfile F", "-dump F", "-dumpfile as -dump"),
    ("-oversample_thick 0", "-oversample_thick", "skipped, as in the C program: 0"),
    ("-distance 80mm --lambda 1.5", "-distance 80 -lambda 1.5", "-distance 80mm as 80; --lambda as -lambda"),
    ("-misset_seed 5 -nopgm -nonoise", "-misset 5 0 0 -misset_seed 5", "-misset_seed also as -misset 5 0 0"),
)


@pytest.mark.parametrize("name", WITH_CASE)
def test_every_command_with_a_case_has_the_option(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert set(WITH_CASE) <= set(COMMANDS)
    assert main([name, "--help"]) == 0
    assert "--compat / --no-compat" in capsys.readouterr().out


@pytest.mark.parametrize(("lax", "plain", "notice"), REAL, ids=[row[0] for row in REAL])
def test_a_real_command_line_is_read_as_in_c_and_says_so(
    lax: str, plain: str, notice: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = here / "case"
    folder.mkdir()
    (folder / "command.txt").write_text(f"nanoBragg {BASE} {lax} -trace_pixel 3 7\n")
    assert main(["trace", "case", "--out", "lax.log"]) == 0
    assert notice in capsys.readouterr().err
    assert main(["trace", "--out", "plain.log", "--pixel", "3", "7", "--", *BASE.split(), *plain.split()]) == 0
    assert Path("lax.log").read_text() == Path("plain.log").read_text()
    assert main(["trace", "case", "--compat", "--out", "-"]) == 0
    if "also as" not in notice:  # nbsim has a reading of its own for that line
        assert main(["trace", "case", "--no-compat", "--out", "-"]) == 2


def test_nbtui_toml_chooses_the_reading_for_all_cases_and_for_one(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = f"{BASE} -N 0 -trace_pixel 3 7"
    Path("nbtui.toml").write_text(
        f'compat = false\n[cases.strict]\ncommand = "{command}"\n[cases.lax]\ncommand = "{command}"\ncompat = true\n'
    )
    assert main(["trace", "strict", "--out", "-"]) == 2
    assert "--compat" in capsys.readouterr().err
    assert main(["trace", "strict", "--compat", "--out", "-"]) == 0
    assert main(["trace", "lax", "--out", "-"]) == 0
    assert main(["trace", "lax", "--no-compat", "--out", "-"]) == 2
    Path("nbtui.toml").write_text(f'[cases.bad]\ncommand = "{command}"\ncompat = "yes"\n')
    assert main(["trace", "bad", "--out", "-"]) == 2
    assert "compat must be true or false" in capsys.readouterr().err


def test_the_form_edits_a_lax_command_line() -> None:
    words = f"{BASE} -hdivsteps 0 -convention MOSFLM".split()
    tuning = begun(load_case(flags=words, pixel=(3, 7)), Settings())
    assert tuning.typed.values["distance"] == 100.0
    changed = put(tuning, Edit("distance", 90.0))
    assert changed.now.argv[changed.now.argv.index("-distance") + 1] == "90"
    assert "-convention" in changed.now.argv and changed.changed == {"distance"}
