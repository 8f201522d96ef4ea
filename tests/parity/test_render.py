"""A comparison as text: verdict, marked digits, widths, Markdown, hostile names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtui.parity import render
from nbtui.parity.compare import compare
from nbtui.trace.reading.reader import read_trace
from support.small_traces import both, c_trace, py_trace

ESCAPE = re.compile("\x1b\\[[0-9;]*m")
C = ["rot_a_angstroms 29.6489458813603 4.21270810725123 -1.78692432052052", "polar 0.9", "F_cell 94.421"]
PY = ["rot_a_angstroms 29.6880183382999 3.92790893701719 -1.78692432052052", "polar 0.9", "F_cell 94.421"]


def test_common_digits_and_the_differing_rest() -> None:
    # screens.md: 29.6[489458813603] beside 29.6[880183382999]
    assert render.split_common("29.6489458813603", "29.6880183382999") == (
        "29.6",
        "489458813603",
        "29.6",
        "880183382999",
    )
    assert render.split_common("94.421", "94.421") == ("94.421", "", "94.421", "")
    assert render.split_common("94.421", "94.4215") == ("94.421", "", "94.421", "5")


@pytest.mark.parametrize(
    ("a", "b"),
    [("123.4", "12.34"), ("-1.5", "1.5"), ("1.5e-05", "1.5e-06"), ("1.5", "1.5e+20"), ("nan", "1"), ("-2.5", "-3.5")],
)
def test_digits_of_another_size_or_sign_have_nothing_in_common(a: str, b: str) -> None:
    assert render.split_common(a, b) == ("", a, "", b)


@given(st.floats(), st.floats())
def test_split_keeps_every_character(a: float, b: float) -> None:
    left, right = f"{a:.15g}", f"{b:.15g}"
    shared, rest_a, again, rest_b = render.split_common(left, right)
    assert shared == again and shared + rest_a == left and shared + rest_b == right
    assert (rest_a == rest_b == "") == (left == right)


def test_verdict_of_a_difference() -> None:
    line = render.verdict(both([*C, "I_pixel_final 100"], [*PY, "I_pixel_final 90.18"]))
    assert line == (
        "FIRST DIVERGENCE  rot_a_angstroms.x  +0.13178 %  2 of 4 fields differ  (I_pixel_final -9.82 %)  profile full"
    )


def test_verdict_of_agreement_names_the_worst_value() -> None:
    line = render.verdict(both(["polar 0.9", "F_cell 4"], ["polar 0.9", "F_cell 4.000001"]))
    assert line == "AGREE  2 of 2 fields within tolerance, worst 2.5e-07 at F_cell  profile full"


def test_agreement_of_a_narrow_profile_does_not_hide_the_pixel() -> None:
    lines = (["hkl_frac 1 2.5 3", "I_pixel_final 100"], ["hkl_frac 1 2.5 3", "I_pixel_final 50"])
    assert render.verdict(both(*lines, profile="spec")) == (
        "AGREE  1 of 1 fields within tolerance  (I_pixel_final -50 %)  profile spec"
    )


def test_nothing_compared_is_said() -> None:
    assert render.verdict(both(["polar 0.9"], ["F_cell 1"])).startswith("NOTHING COMPARED")


def test_table_puts_verdict_first_and_marks_the_digits() -> None:
    text = render.table(both(C, PY), width=120)
    lines = text.splitlines()
    assert lines[0].startswith("FIRST DIVERGENCE  rot_a_angstroms.x")
    assert lines[1].startswith(
        "C 29.6[489458813603]  your log 29.6[880183382999]; your log - C +0.0390725 A, 3 digits agree"
    )
    assert "New here: nothing upstream was compared." in lines[2]
    row = next(line for line in lines if line.startswith("# rot_a_angstroms.y"))
    assert "4.[21270810725123]" not in row and "[4.21270810725123]" in row and "CRITICAL" in row
    assert any(line.startswith("= rot_a_angstroms.z") and line.endswith("PASS") for line in lines)
    assert text.endswith("\n") and not text.endswith("\n\n")


def test_only_differing_rows() -> None:
    text = render.table(both(C, PY), width=120, only_differing=True)
    assert "rot_a_angstroms.y" in text and "rot_a_angstroms.z" not in text and "polar" not in text


@pytest.mark.parametrize("width", [1, 40, 60, 80, 107, 108, 120, 200])
def test_no_line_is_wider_than_the_terminal(shared: Path, width: int) -> None:
    case = shared / "zoo_sample" / "cases" / "068_carryover_a"
    result = compare(read_trace(case / "trace_c.log"), read_trace(case / "trace_py.log"))
    plain = render.table(result, width=width)
    coloured = render.table(result, width=width, colour=True)
    assert max(map(len, plain.splitlines())) <= max(width, 40)
    assert max(len(ESCAPE.sub("", line)) for line in coloured.splitlines()) <= max(width, 40)
    assert "\x1b" not in plain and "\x1b[2m" in coloured
    for label in ("rot_a_angstroms.y", "phi.k_frac[phi 3]", "I_pixel_final"):
        assert label in plain


def test_colour_is_not_the_only_signal() -> None:
    coloured = ESCAPE.sub("", render.table(both(C, PY), width=120, colour=True))
    assert "# rot_a_angstroms.x" in coloured and "= polar" in coloured and "DIVERGENT" in coloured


def test_missing_and_notes_are_at_the_end() -> None:
    c = ["rot_a_star_A_inv 0.1 0.2 0.3", "F_cell 1", "polar 0.9"]
    text = render.table(both(c, ["rot_a_star_A_inv 0.1 0.3 0.2", "F_cell 1"]), width=100)
    assert "~ rot_a_star_A_inv.z" in text
    assert "rot_a_star_A_inv.y: known false divergence: " in text
    assert "MISSING in your log (1 values): polar" in text


def test_profile_says_how_much_it_leaves_out() -> None:
    text = render.table(both(C, PY, profile="scaling"), width=120)
    assert "= polar" in text and "# rot_a" not in text
    assert "4 further values are outside profile scaling." in text


def test_markdown_is_ascii_and_a_table_at_full_precision() -> None:
    text = render.markdown(both(C, PY))
    assert text.isascii() and text.startswith("**FIRST DIVERGENCE  rot_a_angstroms.x")
    header, *rows = [line for line in text.splitlines() if line.startswith("|")]
    assert header.count("|") == 10
    assert len(rows) == 1 + 5 and {row.count("|") for row in rows} == {10}
    assert "| rot_a_angstroms.y | A | 4.21270810725123 | 3.92790893701719 | -0.28479917023404 | -6.7604" in text


def test_hostile_names_and_texts_stay_text() -> None:
    name = "my|val\x1b[31m`[click](http://x)`"
    c = c_trace(f"TRACE_C:{name}=1", "TRACE_C:detector_convention=A|B\x9b2J<script>")
    result = compare(c, py_trace(f"TRACE_PY:{name}=2", "TRACE_PY:detector_convention=C\u202e"))
    for text in (render.table(result, width=80), render.table(result, width=140), render.markdown(result)):
        assert not any(ord(char) < 32 and char != "\n" for char in text)
        assert "\x9b" not in text and "\u202e" not in text
    cells = [re.sub(r"\\\|", "", line) for line in render.markdown(result).splitlines() if line.startswith("|")]
    assert {line.count("|") for line in cells} == {10}
    assert "<script" not in render.markdown(result)
    assert not re.search(r"(?<!\\)\[", render.markdown(result))
