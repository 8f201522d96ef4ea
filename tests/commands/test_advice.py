"""Advice in messages: the options that it names exist, and following it helps in the command that gave it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from nbsim.cli import main as nbsim_main
from nbsim.options.own import OWN
from nbtui.cli import COMMANDS, main, program
from support.places import TOP

BASE = "-default_F 100 -cell 70 80 90 90 90 90 -lambda 1 -N 5 -pixel 0.1 -distance 100 -detpixels 32 -oversample 1"
# a command that is refused or gives a notice, and the advice that its message must hold, with the words to add
ADVISED = (
    (f"nbsim {BASE} -N 0", "--compat", "--compat"),
    (f"nbsim {BASE} -convention MOSFLM -interpolate 0", "--compat", "--compat"),
    (f"nbsim {BASE} -misset_seed 5 -nonoise -nopgm", "--compat", "--compat"),
    (f"nbsim {BASE} -sourcefile comments.txt", "'--quirk comments_as_data=off'", "--quirk comments_as_data=off"),
    (f"nbsim {BASE} -hkl comments.hkl", "'--quirk comments_as_data=off'", "--quirk comments_as_data=off"),
    (f"nbsim {BASE} -sourcefile zeros.txt", "'--quirk source_file_literal=off'", "--quirk source_file_literal=off"),
    (f"nbtui trace --no-compat --out - --pixel 3 7 -- {BASE} -dumpfile F", "--compat", "--compat"),
    (
        f"nbtui terms --no-compat --pixel 3 7 -- {BASE} -hkl comments.hkl",
        "comments_as_data=off",
        "--quirk comments_as_data=off",
    ),
    (
        f"nbtui trace --out - --pixel 3 7 -- {BASE} -hkl comments.hkl",
        "comments_as_data=off",
        "--quirk comments_as_data=off",
    ),
    (
        f"nbtui diagnose --c mine.log --pixel 3 7 -- {BASE} -hkl comments.hkl",
        "comments_as_data=off",
        "--quirk comments_as_data=off",
    ),
    (f"nbtui compare --no-compat --c mine.log --pixel 3 7 -- {BASE} -N 0", "--compat", "--compat"),
    (f"nbtui trace --out - -- {BASE}", "--pixel SLOW FAST", "--pixel 3 7"),
    ("nbtui trace demo --out mine.log", "--force", "--force"),
    ("nbtui trace --out -", "name a CASE", "demo"),
    ("nbtui terms", "name a CASE", "nolog"),
    ("nbtui compare nolog", "--c FILE", "--c mine.log"),
    ("nbtui console nolog", "--c FILE", "--c mine.log"),
    ("nbtui export nolog", "--c FILE", "--c mine.log"),
    ("nbtui diagnose nolog", "--c FILE", "--c mine.log"),
)


@pytest.fixture
def advised(here: Path) -> Path:
    """The files of the commands above."""
    (here / "nolog").mkdir()
    (here / "nolog" / "command.txt").write_text(f"nanoBragg {BASE} -trace_pixel 3 7\n")
    (here / "comments.txt").write_text("# X Y Z\n-10 0 0 1 1e-10\n")
    (here / "comments.hkl").write_text("# h k l F\n0 0 1 10\n1 -2 3 5\n")
    (here / "zeros.txt").write_bytes(b"-10 0 0\r\n")
    assert main(["trace", "nolog", "--out", "mine.log"]) == 0
    return here


def ran(words: list[str]) -> int:
    return nbsim_main(words[1:]) if words[0] == "nbsim" else main(words[1:])


@pytest.mark.parametrize(("command", "advice", "added"), ADVISED, ids=[row[0] for row in ADVISED])
def test_advice_can_be_followed_in_the_command_that_gave_it(
    command: str, advice: str, added: str, advised: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = shlex.split(command)
    capsys.readouterr()
    first = ran(words)
    out, err = capsys.readouterr()
    assert advice in out + err
    at = words.index("--") if "--" in words else len(words)
    followed = ran([*words[:at], *shlex.split(added), *words[at:]])
    again = "".join(capsys.readouterr())
    assert followed in (0, 1) and (first not in (0, 1) or advice not in again), (first, followed, again)


def test_every_option_that_a_sentence_names_exists() -> None:
    text = (TOP / "docs" / "sentences.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z]", text)) - {
        "--show-toplevel",
        "--fields",
        "--index-url",
        "--nthreads",
        "--nworkers",
    }  # of git, of tap.py, of pip, of dask
    known = {own.name for own in OWN} | {"--column", "--help", "--version"}
    with program.make_context("nbtui", ["--help"], resilient_parsing=True) as context:
        commands = [program, *filter(None, (program.get_command(context, name) for name in COMMANDS))]
    for command in commands:
        known |= {word for parameter in command.params for word in (*parameter.opts, *parameter.secondary_opts)}
    assert "--compat" in named and not named - known
