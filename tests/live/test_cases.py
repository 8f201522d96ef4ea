"""Forms of CASE on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbtui.errors import UnusableInput
from nbtui.live.cases import load_case

PLAIN = "nanoBragg -default_F 5 -distance 100 -trace_pixel 3 4"


def case_folder(folder: Path, command: str, **files: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "command.txt").write_text(command, encoding="utf-8")
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def test_the_demo_needs_nothing(here: Path) -> None:
    case = load_case(None)
    assert case == load_case("demo")
    assert (case.name, case.pixel) == ("demo", (12, 14))
    assert case.c_log is not None and case.c_log.is_file()
    assert case.c_terms is not None and case.c_terms.is_file()
    assert (case.workdir / "demo.hkl").is_file()
    assert "-trace_pixel" not in case.argv and case.argv[:2] == ("-cell", "30")


def test_a_folder_called_demo_does_not_hide_the_demo(here: Path) -> None:
    case_folder(here / "demo", PLAIN)
    assert load_case("demo").pixel == (12, 14)
    assert load_case("./demo").pixel == (3, 4)


@pytest.mark.parametrize(
    "command",
    [
        PLAIN,
        "./nanoBragg -default_F 5 -distance 100 -trace_pixel 3 4\n",
        "'/opt/my programs/nanoBragg' -default_F 5 -distance 100 -trace_pixel 3 4",
        "-default_F 5 -distance 100 -trace_pixel 3 4",
        "# how it was run\nOMP_NUM_THREADS=1 nanoBragg -default_F 5 \\\n  -distance '100' \\\n  -trace_pixel 3 4\n",
        "nanoBragg -default_F 5 -trace_pixel 9 9 -distance 100 -trace_pixel 3 4 > trace_c.log 2>&1",
        "\ufeffnanoBragg -default_F 5 -dump_pixel 3 4 -distance 100",
    ],
)
def test_a_command_file_is_read_as_a_shell_would(here: Path, command: str) -> None:
    case = load_case(str(case_folder(here / "one", command)))
    assert case.argv == ("-default_F", "5", "-distance", "100")
    assert case.pixel == (3, 4)
    assert case.name == "one"


def test_the_pixel_of_the_option_wins(here: Path) -> None:
    folder = case_folder(here / "one", PLAIN)
    assert load_case(str(folder), pixel=(7, 8)).pixel == (7, 8)


def test_flags_make_a_case(here: Path) -> None:
    case = load_case(flags=["-default_F", "5", "-trace_pixel", "1", "2"])
    assert (case.argv, case.pixel, case.workdir) == (("-default_F", "5"), (1, 2), Path.cwd())
    assert case.c_log is None and case.folder is None


def test_a_log_beside_the_command_belongs_to_the_case(here: Path) -> None:
    folder = case_folder(here / "one", PLAIN, trace_c__log="TRACE_C: steps 1\n", terms__csv="thick\n")
    case = load_case(str(folder))
    assert case.c_log == folder / "trace_c.log"
    assert case.c_terms == folder / "terms.csv"


def test_inputs_are_looked_for_in_the_folder_then_here(here: Path) -> None:
    folder = case_folder(here / "one", "nanoBragg -hkl p1.hkl -trace_pixel 1 2")
    assert load_case(str(folder)).workdir == folder
    (here / "p1.hkl").write_text("0 0 0 1\n")
    assert load_case(str(folder)).workdir == here
    (folder / "p1.hkl").write_text("0 0 0 1\n")
    assert load_case(str(folder)).workdir == folder
    assert load_case(str(folder), workdir=here).workdir == here


def test_a_name_from_the_settings_is_a_case(here: Path) -> None:
    case_folder(here / "data" / "one", PLAIN)
    (here / "other.log").write_text("TRACE_C: steps 1\n")
    (here / "nbtui.toml").write_text(
        '[cases.first]\nfolder = "data/one"\nc_log = "other.log"\npixel = [5, 6]\n'
        '[cases.bare]\ncommand = "nanoBragg -default_F 5 -trace_pixel 1 2"\n'
    )
    first, bare = load_case("first"), load_case("bare")
    assert (first.name, first.pixel, first.c_log) == ("first", (5, 6), here / "other.log")
    assert (bare.name, bare.argv, bare.workdir) == ("bare", ("-default_F", "5"), here)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("", "no nanoBragg flags"),
        ("# nothing\n", "no nanoBragg flags"),
        ("nanoBragg", "no nanoBragg flags"),
        ("nanoBragg -default_F 5", "--pixel SLOW FAST"),
        ("nanoBragg -trace_pixel 3", "-trace_pixel needs SLOW FAST"),
        ("nanoBragg -trace_pixel three 4", "-trace_pixel needs SLOW FAST"),
        ("nanoBragg -trace_pixel -3 4", "-trace_pixel needs SLOW FAST"),
        ("nanoBragg -hkl 'p1.hkl -trace_pixel 3 4", "quot"),
        ("nanoBragg \0 -trace_pixel 3 4", "not a command line"),
    ],
)
def test_an_unusable_command_is_named(here: Path, command: str, said: str) -> None:
    folder = case_folder(here / "one", command)
    with pytest.raises(UnusableInput, match=r"command\.txt") as caught:
        load_case(str(folder))
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["~nobody-of-that-name", "~0/case"])
def test_the_home_of_an_unknown_user_is_not_a_case(here: Path, text: str) -> None:
    with pytest.raises(UnusableInput, match=f"no case '{text}'"):
        load_case(text)


def test_an_invalid_case_is_refused_with_a_suggestion(here: Path) -> None:
    (here / "empty").mkdir()
    (here / "a.log").write_text("TRACE_C: steps 1\n")
    (here / "nbtui.toml").write_text('[cases.supervisor]\ncommand = "nanoBragg -default_F 5"\n')
    for text, said in (("empty", "command.txt"), ("a.log", "nbtui open"), ("supervisr", "did you mean 'supervisor'")):
        with pytest.raises(UnusableInput, match=said):
            load_case(text)
    with pytest.raises(UnusableInput, match="not both"):
        load_case("demo", flags=["-default_F", "5"])
    with pytest.raises(UnusableInput, match="no such directory"):
        load_case("demo", workdir=here / "gone")
    (here / "empty" / "command.txt").write_bytes("nanoBragg -hkl \xe5.hkl".encode("latin-1"))
    with pytest.raises(UnusableInput, match="UTF-8"):
        load_case("empty")


def test_a_stock_command_line_names_its_pixel_by_the_printout() -> None:
    flags = ["-default_F", "5", "-printout_pixel", "4", "3"]
    case = load_case(flags=flags)
    assert case.pixel == (3, 4)  # FAST SLOW in this flag
    assert case.argv == tuple(flags)
    assert load_case(flags=[*flags, "-trace_pixel", "1", "2"]).pixel == (1, 2)


def test_a_missing_pixel_is_an_error_only_where_it_is_needed() -> None:
    assert load_case(flags=["-default_F", "5"], needs_pixel=False).pixel is None
    with pytest.raises(UnusableInput, match="no pixel; add -trace_pixel SLOW FAST"):
        load_case(flags=["-default_F", "5"])
