"""``nbtui c-trace --identify``: the name of a C program from its images. The images are those of the C programs."""

from __future__ import annotations

import json
import os
import stat
import struct
from pathlib import Path

import pytest

from nbtui.cli import main

GOLDEN = json.loads((Path(__file__).parents[1] / "data" / "c_identify.json").read_text(encoding="ascii"))
C_PROGRAM = os.environ.get("NB_C_BIN", "")
TRIALS = ("-phisteps", "-oversample_omega", "-curved_det")  # the word that tells one case from the others


def program(here: Path, images: dict[str, list[float]]) -> str:
    """A script that writes the image of the case that its words name."""
    lines = ["#!/bin/sh"]
    for number, (word, pixels) in enumerate(images.items()):
        file = here / f"image{number}.bin"
        file.write_bytes(struct.pack(f"<{len(pixels)}f", *pixels))
        lines.append(f'case " $* " in *" {word} "*) cp "{file}" floatimage.bin; exit 0;; esac')
    path = here / "c_program.sh"
    path.write_text("\n".join([*lines, "exit 9", ""]))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def images(*names: str) -> dict[str, list[float]]:
    """The images of the three cases, each of the named program."""
    return {word: GOLDEN["images"][name][word] for word, name in zip(TRIALS, names, strict=True)}


@pytest.mark.parametrize("name", ["stock", "fixed"])
def test_a_known_program_is_named(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["c-trace", "--identify", "--binary", program(here, images(name, name, name))]) == 0
    assert capsys.readouterr().out.splitlines()[0] == name


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("fixed", "stock", "stock"), "unknown: behaves as stock except phi = 0: fresh vectors"),
        (("fixed", "stock", "fixed"), "unknown: behaves as fixed except oversample factors: on the running sum"),
    ],
)
def test_a_mixture_is_the_nearest_one_with_its_exceptions(
    names: tuple[str, ...], said: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["c-trace", "--identify", "--binary", program(here, images(*names))]) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines()[0] == said
    assert "[c_programs.NAME]" in printed.err  # the tables that describe it


def test_an_unknown_behaviour_is_said_and_has_no_table(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    strange = images("stock", "stock", "stock")
    strange["-oversample_omega"] = [1.5 * value for value in strange["-oversample_omega"]]
    assert main(["c-trace", "--identify", "--binary", program(here, strange)]) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines()[0] == "unknown: behaves as stock except oversample factors: as no known program"
    assert "c_programs" not in printed.err


def test_a_program_that_writes_nothing_is_an_error(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["c-trace", "--identify", "--binary", program(here, {})]) == 3
    assert "failed with exit status 9" in capsys.readouterr().err
    assert main(["c-trace", "--identify", "--binary", "/bin/sh", "demo"]) == 2
    assert "--identify runs cases of its own" in capsys.readouterr().err


@pytest.mark.skipif(not C_PROGRAM, reason="NB_C_BIN names no C program")
def test_the_users_own_program_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["c-trace", "--identify", "--binary", C_PROGRAM]) == 0
