"""From the text of a command to the words that run."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbtui.errors import UnusableInput
from nbtui.live.cases import load_case
from nbtui.runs.command import PLACEHOLDERS, CommandValues, case_flags, prepared

VALUES = CommandValues((685, 1039), Path("/runs/a b/log"), Path("/runs/a b/image.bin"), ("-N", "5", "-hkl", "/x y.hkl"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("port {pixel}", ("port", "685", "1039")),
        ("port --at={slow},{fast}", ("port", "--at=685,1039")),
        ("port {command} -trace_pixel {pixel}", ("port", *VALUES.flags, "-trace_pixel", "685", "1039")),
        ("port --out {log} --image={image}", ("port", "--out", "/runs/a b/log", "--image=/runs/a b/image.bin")),
        ("port 'a b' \"c d\" e\\ f", ("port", "a b", "c d", "e f")),
        ("awk '{{print}}' {{log}}", ("awk", "{print}", "{log}")),
        ("port '{\"a\": 1}' $HOME *", ("port", '{"a": 1}', "$HOME", "*")),  # nothing is expanded without a shell
    ],
)
def test_placeholders_become_words(text: str, words: tuple[str, ...]) -> None:
    assert prepared(text, "x", VALUES).words == words


@pytest.mark.parametrize(
    ("text", "writes_log", "merged"),
    [
        ("port", False, False),
        ("port > {log}", False, False),
        ("port >{log}", False, False),
        ("port > {log} 2>&1", False, True),
        ("port &> {log}", False, True),
        ("port 2>&1", False, True),
        ("port --out {log}", True, False),
        ("port --out={log} 2>&1", True, True),
        ("port {{log}}", False, False),
    ],
)
def test_the_log_is_stdout_unless_the_command_gets_its_path(text: str, writes_log: bool, merged: bool) -> None:
    found = prepared(text, "x", VALUES)
    assert (found.writes_log, found.merged) == (writes_log, merged)
    assert ">" not in "".join(found.words)


def test_variables_in_front_go_to_the_environment() -> None:
    found = prepared("OMP_NUM_THREADS=1 NAME='a b' port A=1", "x", VALUES)
    assert found.words == ("port", "A=1")
    assert found.variables == {"OMP_NUM_THREADS": "1", "NAME": "a b"}
    assert found.text == "OMP_NUM_THREADS=1 NAME='a b' port A=1"


@pytest.mark.parametrize(
    "text",
    ["port | tee x", "cd a && port", "port; other", "port > file", "port >file", "port 2>errors", "port < x", "a || b"],
)
def test_the_rest_of_the_shell_is_refused_by_name(text: str) -> None:
    with pytest.raises(UnusableInput, match="shell = true"):
        prepared(text, "x", VALUES)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("port {pixels}", "unknown placeholder {pixels}; known: {pixel}"),
        ("port 'a", "no closing quotation"),
        ("A=1", "no program"),
        ("", "no program"),
        ("port --at={pixel}", "{pixel} stands for several words"),
    ],
)
def test_an_unusable_command_says_why(text: str, said: str) -> None:
    with pytest.raises(UnusableInput) as caught:
        prepared(text, "nbtui.toml: cases.mine: suspect", VALUES)
    assert said in str(caught.value)
    assert str(caught.value).startswith("nbtui.toml: cases.mine: suspect: ")


def test_in_a_shell_every_value_is_quoted() -> None:
    found = prepared("cd sub && port {command} {pixel} | grep {{x}} > {log}", "x", VALUES, shell=True)
    assert found.words[1:] == (
        "-c",
        "cd sub && port -N 5 -hkl '/x y.hkl' 685 1039 | grep {x} > '/runs/a b/log'",
    )
    assert found.writes_log


def test_every_placeholder_has_a_value() -> None:
    assert all(VALUES.words(name) for name in PLACEHOLDERS)


def test_flags_of_a_case_name_inputs_by_their_path_and_outputs_in_the_run(tmp_path: Path) -> None:
    case = load_case(
        flags=["-hkl", "in/p1.hkl", "-floatfile", "../c/float.bin", "-N", "5"], workdir=tmp_path, pixel=(1, 2)
    )
    assert case_flags(case, Path("/run")) == (
        "-hkl",
        str(tmp_path / "in/p1.hkl"),
        "-floatfile",
        "/run/float.bin",
        "-N",
        "5",
    )
