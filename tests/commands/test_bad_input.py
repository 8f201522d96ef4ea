"""Every unusable input: one or two lines on stderr, the right exit code, no stack trace, nothing raw."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbtui.cli import main
from support.places import DEMO

C_LOG = str(DEMO / "trace_c.log")
HOSTILE = "\x1b]0;owned\x07\x1b[2J[bold red]\u202e\x9b31m"


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code and stderr of a command that must fail politely."""
    capsys.readouterr()
    code = main(words)
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    assert shown.err.startswith("nbtui: ") and shown.err.endswith("\n")
    assert 1 <= shown.err.count("\n") <= 2
    assert not [char for char in shown.err + shown.out if unicodedata.category(char) in ("Cc", "Cf") and char != "\n"]
    return code, shown.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nowhere"], 2, "no case 'nowhere'"),
        (["exprot"], 2, "the command 'export'"),
        (["compare"], 2, "give --c FILE and --py FILE, or a CASE"),
        (["compare", "--c", C_LOG], 2, "give --py FILE, or a CASE"),
        (["compare", "--c", C_LOG, "--py-phi", "x"], 2, "--py-phi needs --py FILE"),
        (["compare", "--c", "gone.log", "--py", C_LOG], 2, "gone.log: no such file"),
        (["compare", "--c", ".", "--py", C_LOG], 2, "directory"),
        (["compare", "demo", "--profile", "strict"], 2, "unknown tolerance profile 'strict'"),
        (["compare", "demo", "--tolerance", "-1"], 2, "--tolerance"),
        (["compare", "demo", "--tolerance", "nan"], 2, "--tolerance"),
        (["compare", "demo", "--tolerance", "small"], 2, "small"),
        (["compare", "demo", "--bogus"], 2, "--bogus"),
        (["compare", "demo", "too", "many"], 2, "nbtui compare --help"),
        (["open", "gone.log", C_LOG], 2, "gone.log: no such file"),
        (["trace", "demo"], 2, "--out"),
        (["trace", "demo", "--out"], 2, "--out"),
        (["trace", "demo", "--out", "-", "--phi-mode", "both"], 2, "both"),
        (["trace", "demo", "--out", "-", "--dtype", "float16"], 2, "float16"),
        (["trace", "demo", "--out", "-", "--device", "tpu"], 2, "tpu"),
        (["trace", "demo", "--out", "-", "--quirk", "phi_carryover"], 2, "NAME=on or NAME=off"),
        (["trace", "demo", "--out", "-", "--quirk", "nonsense=on"], 2, "nonsense"),
        (["trace", "demo", "--out", "-", "--pixel", "5"], 2, "--pixel"),
        (["trace", "demo", "--out", "-", "--pixel", "-1", "5"], 2, "--pixel"),
        (["trace", "demo", "--out", "-", "--pixel", "a", "b"], 2, "--pixel"),
        (["trace", "demo", "--out", "-", "--pixel", "128", "0"], 2, "128"),
        (["trace", "demo", "--out", "-", "--workdir", "gone"], 2, "gone: no such directory"),
        (["trace", "demo", "--out", "-", "--workdir", "."], 2, "demo.hkl"),
        (["trace", "--out", "-", "--", "-cell", "1"], 2, "--pixel SLOW FAST"),
        (["trace", "--out", "-", "--", "-bogus", "-trace_pixel", "1", "2"], 2, "-bogus"),
        (["trace", "--out", "-", "--"], 2, "no nanoBragg flags"),
        (["trace", "demo", "--out", "-", "--", "-default_F", "5"], 2, "not both"),
        (["trace", "demo", "--out", "a.log", "--terms", "a.log"], 2, "must name different files"),
        (["trace", "demo", "--out", "gone/a.log"], 4, "no directory gone"),
        (["trace", "demo", "--out", "."], 4, "a directory"),
        (["terms", "nowhere"], 2, "no case"),
        (["export"], 2, "name a CASE"),
        (["export", "demo", "--baseline", "gone"], 2, "--baseline gone"),
        (["export", "demo", "--c", "gone.log"], 2, "gone.log"),
        (["export", "--", "-default_F", "5", "-trace_pixel", "1", "2"], 2, "no C log"),
        (["c-trace", "demo"], 2, "give --binary PATH"),
        (["c-trace", "demo", "--binary", "no-such-program"], 2, "no-such-program"),
    ],
)
def test_refusals(words: list[str], code: int, said: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    got, text = refused(words, capsys)
    assert got == code
    assert said in text
    assert list(here.iterdir()) == []


def test_settings_are_checked_before_anything_runs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "nbtui.toml").write_text('raports = "x"\n')
    code, text = refused(["compare", "demo"], capsys)
    assert code == 2 and "'raports'" in text and "'reports'" in text


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 64, b"hello\n", bytes(range(256)) * 8, b"TRACE_C:", b"\x1b[31mTRACE\xff\xfe"]
)
def test_a_file_without_a_trace_is_no_log(content: bytes, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "bad.log").write_bytes(content)
    code, text = refused(["compare", "--c", "bad.log", "--py", C_LOG], capsys)
    assert code == 2 and "bad.log" in text


def test_hostile_names_reach_the_terminal_harmless(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = HOSTILE.replace("/", "")
    for words in (
        [name],
        ["compare", "--c", name, "--py", name],
        ["compare", "demo", "--profile", name],
        ["trace", "demo", "--out", f"{name}/x"],
        ["trace", "demo", "--out", "-", "--quirk", f"{name}=on"],
        ["trace", "demo", "--out", "-", f"--{name}"],
        ["trace", "demo", "--out", "-", "--dtype", name],
        ["trace", "--out", "-", "--", f"-{name}", "-trace_pixel", "1", "2"],
        ["c-trace", "demo", "--binary", name],
        ["export", "demo", "--baseline", name],
    ):
        code, text = refused(words, capsys)
        assert code in (2, 4)
        assert "\x1b" not in text and "\u202e" not in text


def test_hostile_text_in_a_log_reaches_the_terminal_harmless(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (DEMO / "trace_c.log").read_text(encoding="utf-8")
    (here / "bad.log").write_text(f"{text}TRACE_C: {HOSTILE} 1\nWARNING: {HOSTILE}\nTRACE_C:note={HOSTILE}\n")
    for style in ((), ("--json",), ("--markdown",)):
        main(["compare", "--c", "bad.log", "--py", C_LOG, *style])
        shown = capsys.readouterr()
        assert "\x1b" not in shown.out and "\x9b" not in shown.out and "\u202e" not in shown.out


def test_debug_shows_where(here: Path) -> None:
    with pytest.raises(Exception, match="no case 'nowhere'"):
        main(["nowhere", "--debug"])


def test_a_case_may_not_break_out_of_its_folder_name(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = here / f"a{HOSTILE}"
    folder.mkdir()
    (folder / "command.txt").write_text("nanoBragg -default_F")
    code, _ = refused([str(folder)], capsys)
    assert code == 2


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(command=st.text(max_size=60))
def test_no_command_text_makes_a_stack_trace(command: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = here / "case"
    folder.mkdir(exist_ok=True)
    (folder / "command.txt").write_text(f"nanoBragg {command}", encoding="utf-8", errors="surrogateescape")
    code, _ = refused(["trace", "case", "--out", "-"], capsys)
    assert code == 2


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.text(max_size=12).filter(lambda word: word not in ("demo", "--help", "-h")), max_size=4))
def test_no_words_make_a_stack_trace(words: list[str], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = refused(["compare", "--c", "gone.log", *words], capsys)
    assert code == 2
