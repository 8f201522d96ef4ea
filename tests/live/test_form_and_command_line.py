"""The form and the command line accept the same values, and the advice of the form can be followed.

The oracle is the parser of the simulator: the value is typed after its flag at the end of the same command line.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from nbsim import InputError, from_command
from nbsim.options.parse import parse
from nbsim.options.table import flag_named
from nbtui.errors import UnusableInput
from nbtui.live.model import Case, Settings
from nbtui.live.parameters.edits import Edit, Setup, edited, in_force, typed
from nbtui.live.parameters.parameter import Parameter, Value
from nbtui.live.parameters.table import by_id, parameters
from nbtui.live.parameters.values import shown, understood

CELL = "-cell 30 37 45 82 97 108"
REST = "-default_F 10 -lambda 1.2 -N 5 -distance 120 -osc 0.6 -oversample 1"
COMMANDS = {
    "plain": f"{CELL} -misset 11 -7 23 -detsize 30 {REST}",
    "flux": f"{CELL} {REST} -flux 1e12 -exposure 2 -beamsize 0.1 -detpixels 64",
    "flux twice": f"-flux 1e12 {CELL} {REST} -flux 1e13",
    "xds": f"-xds -ORGX 30 -ORGY 31 {CELL} {REST} -detpixels_x 64 -detpixels_y 32",
    "matrix": f"-mat A.mat {REST} -close_distance 100",
    "short cell": f"-cell 30 {REST}",
    "sensor": f"{CELL} {REST} -detector_thick 320 -detector_abs 300 -thicksteps 3",
    "crystal": f"{CELL} {REST} -xtalsize 0.001 -gauss_xtal -fudge 0.3 -misset random -misset_seed 3",
    "one width": f"{CELL} {REST} -sample_y 0.01 -nopolar",
    "spread": f"{CELL} {REST} -nopolar -divergence 2 -divsteps 3 -dispersion 1 -dispsteps 2 -mosaic 1 -mosaic_dom 3",
    "header": f"-img header.img {CELL} {REST}",
}
KNOWN: dict[str, Value] = {
    **dict.fromkeys(("cell_a", "cell_b", "cell_c"), 30.0),
    **dict.fromkeys(("cell_alpha", "cell_beta", "cell_gamma"), 90.0),
}
WORDS = ("x", "nan", "inf", "-inf", "1e400", "1e3", "0x10", "1_000", "1.5", "-0.5", "0", "-1", "1", "-0", "1e-300")
ADVICE = re.compile(r"(?P<label>.+) has no effect while (?P<ruler>.+) is (?:set|on); (?P<way>.+) first")
BUDGET = "contributions to one pixel"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("form")
    head = "{\nHEADER_BYTES=512;\nSIZE1=64;\nSIZE2=32;\nPIXEL_SIZE=0.2;\nCLOSE_DISTANCE=90;\nPHI=3;\n}\f"
    (path / "header.img").write_bytes(head.encode().ljust(512))
    return path


def number_rows() -> list[Parameter]:
    return [row for row in parameters() if row.kind in ("number", "whole")]


def texts(row: Parameter, every_word: bool) -> list[str]:
    """Values to type: words, the default, and numbers at, inside and outside the bounds of the flag."""
    flag = flag_named(row.flag)
    assert flag is not None
    bounds = [bound for bound in (flag.low, flag.bounds.high, -flag.bounds.high) if math.isfinite(bound)]
    said = [*(WORDS if every_word else ("nan", "0", "-1", "1")), *([flag.default] if flag.default else [])]
    for bound in bounds:
        if row.kind == "whole":
            said += [str(int(bound) + by) for by in (-1, 0, 1)]
        else:
            said += [f"{value:.17g}" for value in (math.nextafter(bound, -1e99), bound, math.nextafter(bound, 1e99))]
    return list(dict.fromkeys(said))


def from_form(setup: Setup, row: Parameter, text: str, folder: Path) -> Setup:
    return edited(setup, Edit(row.id, understood(row, text)), folder, KNOWN)


def with_flag(setup: Setup, row: Parameter, text: str, folder: Path) -> list[str]:
    """The command line with the flag at its end."""
    words = [text]
    if row.part is not None:
        parts = [other for other in parameters() if other.flag == row.flag and other.part is not None]
        values = typed(setup, folder).values
        said = [values[other.id] if values[other.id] is not None else KNOWN[other.id] for other in parts]
        words = [text if other is row else f"{value:.17g}" for other, value in zip(parts, said, strict=True)]
    return [*setup.argv, row.flag, *words]


def followed(setup: Setup, sentence: str, folder: Path) -> Setup:
    """The set-up after following the advice of a sentence."""
    advice = ADVICE.fullmatch(sentence)
    assert advice is not None, sentence
    ruler = next(row for row in parameters() if row.label.strip() == advice["ruler"])
    what = {f"clear {advice['ruler']}": "", f"set {advice['ruler']} to 0": "0", f"turn {advice['ruler']} off": "off"}
    return from_form(setup, ruler, what[advice["way"]], folder)


@dataclass(frozen=True)
class Verdict:
    """The form's response to a text: a new set-up, or a sentence; ``base``: the set-up after following advice."""

    base: Setup
    after: Setup | None
    sentence: str


def judged(setup: Setup, row: Parameter, text: str, folder: Path) -> Verdict:
    """The verdict of the form; where it gives advice, that after following it."""
    try:
        return Verdict(setup, from_form(setup, row, text, folder), "")
    except UnusableInput as refusal:
        if " has no effect while " not in str(refusal):
            return Verdict(setup, None, str(refusal))
        cleared = followed(setup, str(refusal), folder)
    try:
        return Verdict(cleared, from_form(cleared, row, text, folder), "")
    except UnusableInput as refusal:
        assert " has no effect while " not in str(refusal), "advice that leads to advice"
        return Verdict(cleared, None, str(refusal))


def contradiction(row: Parameter, text: str, verdict: Verdict, folder: Path) -> str:
    """Disagreement of the form and the command line on a text; empty if they agree."""
    try:
        wanted = getattr(parse(with_flag(verdict.base, row, text, folder), folder), row.field)
    except InputError as error:
        return f"{text}: only the form accepts it ({error})" if verdict.after is not None else ""
    if verdict.after is None:
        return "" if BUDGET in verdict.sentence else f"{text}: only the command line accepts it ({verdict.sentence})"
    made = getattr(parse(verdict.after.argv, folder), row.field)
    return "" if made == wanted else f"{text}: the form makes {made} of it, the command line {wanted}"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_form_accepts_a_number_exactly_when_the_command_line_does(name: str, folder: Path) -> None:
    setup = Setup(tuple(shlex.split(COMMANDS[name])), Settings())
    found = []
    for row in number_rows():
        for text in texts(row, every_word=name == "plain"):
            said = contradiction(row, text, judged(setup, row, text, folder), folder)
            found += [f"{row.id} {said}"] if said else []
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text", ["1 0", "1 0 0", "nan 0 0", "x 0 0", "0 0 0", "1e12 0 0", "1 2 3 4", "1.5 2 3 4", "0 9 0 -1"]
)
@pytest.mark.parametrize("row", [row for row in parameters() if row.kind == "numbers"], ids=lambda row: row.id)
def test_the_form_accepts_several_numbers_exactly_when_the_command_line_does(
    row: Parameter, text: str, folder: Path
) -> None:
    setup = Setup(tuple(shlex.split(COMMANDS["plain"])), Settings())
    try:
        wanted = getattr(parse([*setup.argv, row.flag, *text.split()], folder), row.field)
    except InputError:
        with pytest.raises(UnusableInput):
            from_form(setup, row, text, folder)
        return
    assert getattr(parse(from_form(setup, row, text, folder).argv, folder), row.field) == wanted


@pytest.mark.parametrize("row", [row for row in parameters() if row.choices and row.flag], ids=lambda row: row.id)
@pytest.mark.parametrize("name", COMMANDS)
def test_every_choice_of_the_form_is_one_of_the_command_line(row: Parameter, name: str, folder: Path) -> None:
    setup = Setup(tuple(shlex.split(COMMANDS[name])), Settings())
    for value, _ in row.choices:
        after = from_form(setup, row, shown(row, value), folder)
        assert getattr(parse(after.argv, folder), row.field) == value


@pytest.mark.parametrize("row", [row for row in parameters() if row.overruled_by], ids=lambda row: row.id)
def test_advice_on_a_parameter_without_effect_can_be_followed(row: Parameter, folder: Path) -> None:
    text = {"whole": "3", "number": "0.5"}[row.kind]
    given = 0
    for command in COMMANDS.values():
        setup = Setup(tuple(shlex.split(command)), Settings())
        try:
            from_form(setup, row, text, folder)
        except UnusableInput as refusal:
            cleared = followed(setup, str(refusal), folder)
            after = from_form(cleared, row, text, folder)
            assert typed(after, folder).values[row.id] == float(text)
            given += 1
    assert given, "no command line of this test overrules it"


def refused(argv: Sequence[str], folder: Path) -> str:
    """Reason why the simulator cannot set up a command line; empty if it can."""
    try:
        from_command(list(argv), folder)
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.slow
def test_the_set_up_accepts_an_edit_exactly_when_it_accepts_the_flag(folder: Path) -> None:
    setup = Setup(tuple(shlex.split(COMMANDS["flux"])), Settings())
    refusals = 0
    for row in number_rows():
        flag = flag_named(row.flag)
        low = flag.low if flag is not None and math.isfinite(flag.low) else -1.0
        for text in dict.fromkeys(("0", f"{low:g}")):
            verdict = judged(setup, row, text, folder)
            if verdict.after is not None:
                theirs = refused(with_flag(verdict.base, row, text, folder), folder)
                assert bool(refused(verdict.after.argv, folder)) == bool(theirs), (row.id, text, theirs)
                refusals += bool(theirs)
    assert refusals, "no value that only the set-up refuses"


def test_a_value_that_only_the_set_up_refuses_is_refused_in_its_words(folder: Path) -> None:
    for id, text in (("cell_alpha", "180"), ("cell_a", "0"), ("roi", "700 800 0 9"), ("fast_vector", "0 0 0")):
        base = Setup(tuple(shlex.split(COMMANDS["plain"])), Settings())
        after = from_form(base, by_id()[id], text, folder)
        with pytest.raises(InputError) as refusal:
            from_command(list(after.argv), folder)
        with pytest.raises(UnusableInput) as shown_in_form:
            in_force(Case("toy", after.argv, folder, None, None), Settings())
        assert str(shown_in_form.value) == f"toy: {refusal.value}"
