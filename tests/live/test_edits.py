"""Parameter rows, edits of a command line, undo and redo."""

from __future__ import annotations

import math
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbsim.options.options import Options
from nbsim.options.table import flag_named
from nbtui.errors import UnusableInput
from nbtui.live.model import Case, Settings
from nbtui.live.parameters import tuning as tunings
from nbtui.live.parameters.edits import Edit, Setup, edited, same, typed
from nbtui.live.parameters.table import GROUPS, Parameter, Value, by_id, parameters
from nbtui.live.parameters.tuning import (
    Tuning,
    begun,
    c_command,
    nbtui_command,
    put,
    redone,
    reset,
    restored,
    synced,
    undone,
)
from nbtui.live.parameters.values import nudged, understood, word
from nbtui.trace.fields.catalogue import FIELDS, canonical

HERE = Path()
PLAIN = "-cell 30 37 45 82 97 108 -misset 11 -7 23 -hkl demo.hkl -lambda 1.2 -Na 9 -osc 0.6 -distance 120"


def change(command: str, id: str, value: Value, known: dict[str, Value] | None = None) -> str:
    """The command line after one edit."""
    setup = Setup(tuple(shlex.split(command)), Settings())
    return " ".join(edited(setup, Edit(id, value), HERE, known or {}).argv)


def number_rows() -> list[Parameter]:
    return [row for row in parameters() if row.kind in ("number", "whole") and row.nudged]


# --- the table -------------------------------------------------------------------------------------------------------


def test_every_row_is_sound() -> None:
    rows = parameters()
    assert len({row.id for row in rows}) == len(rows) > 100
    assert list(dict.fromkeys(row.group for row in rows)) == list(GROUPS)
    options = {*Options.__dataclass_fields__}
    for row in rows:
        assert row.label and row.help and row.label.isprintable(), row.id
        assert not row.overruled_by or row.overruled_by in by_id(), row.id
        if row.flag:
            assert row.field in options and flag_named(row.flag) is not None, row.id
        for _, words in row.choices:
            assert not words or flag_named(words[0]) is not None, row.id
        if row.flag and not row.choices:
            assert row.row.low < row.row.bounds.high


def test_every_option_that_changes_the_pixel_can_be_changed() -> None:
    files = {"float_file", "int_file", "pgm_file", "noise_file", "dump_file"}
    output = {"write_pgm", "write_noise", "adc", "scale", "pgm_scale", "noise_seed", "progress", "printout"}
    other = {
        "argv",
        "as_c",
        "ignored",
        "read_as",
        "header_twotheta_deg",
        "header_close_mm",
        "trace_pixel",
        "printout_pixel",
        "pivot_typed",
        "mu_per_m",
    }  # mu follows from the depth
    mine = {row.field for row in parameters() if row.flag}
    assert {*Options.__dataclass_fields__} - files - output - other == mine


def test_every_number_with_a_gradient_can_be_fitted() -> None:
    smooth = {row.id for row in parameters() if row.flag and row.kind == "number" and row.row.gradient}
    fitted = {row.id for row in parameters() if row.fit is not None}
    # the hypothesis kahn_default varies one, the search reads the other from the printed F_cell
    assert smooth - fitted == {"polarization", "default_f"}


def test_trace_fields_name_flags_that_exist() -> None:
    for field in FIELDS:
        for name in re.findall(r"-[A-Za-z]\w*", field.flags):
            assert flag_named(name) is not None, (field.name, name)


def test_rows_refer_to_trace_fields_and_parameters_that_exist() -> None:
    vectors = {"DETECTOR_FAST_AXIS", "DETECTOR_SLOW_AXIS", "DETECTOR_NORMAL_AXIS", "DETECTOR_PIX0_VECTOR"}
    for row in parameters():
        if row.traced is not None:
            assert {canonical(name) for name in row.traced.fields} - vectors <= {field.name for field in FIELDS}, row.id
        others = [row.overruled_by, row.fit.clears if row.fit else "", ((row.fit and row.fit.idle_while) or ("",))[0]]
        assert all(id in by_id() for id in others if id), row.id


# --- values as text --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("id", "text", "value"),
    [
        ("distance", " 121.5 ", 121.5),
        ("misset_y", "-6.9", -6.9),
        ("phi_steps", "24", 24),
        ("attenuation", "inf", math.inf),
        ("oversample_thick", "ON", True),
        ("shape", "gauss", "GAUSS"),
        ("interpolate", "auto", None),
        ("round_div", "rectangular", False),
        ("fast_vector", "0, 0 1", (0.0, 0.0, 1.0)),
        ("hkl", "other file.hkl", "other file.hkl"),
        ("osc", "", None),
    ],
)
def test_typed_text_becomes_a_value(id: str, text: str, value: Value) -> None:
    assert understood(by_id()[id], text) == value


@pytest.mark.parametrize(
    ("id", "text", "sentence"),
    [
        ("distance", "12o", "distance 12o: '12o' is not a number"),
        ("phi_steps", "2.5", "phi steps 2.5: needs a whole number such as 5 (not '2.5')"),
        ("phi_steps", "0", "phi steps 0: must be at least 1"),
        ("wavelength", "0", "wavelength 0: must be positive"),
        ("exposure", "0", "exposure 0: must be more than 0 s"),
        ("polarization", "1.5", "polarization 1.5: at most 1"),
        ("shape", "cube", "shape: one of SQUARE, ROUND, GAUSS, TOPHAT, not 'cube'"),
        ("fast_vector", "1 0", "fast axis: 3 numbers, not 2"),
        ("phi_mode", "", "phi mode: one of spec, c-parity"),
        ("distance", "nan", "distance nan: 'nan' is not a number"),
        ("distance", "\x1b[2J", "distance ␛[2J: '␛[2J' is not a number"),
    ],
)
def test_an_impossible_value_is_refused_with_a_sentence(id: str, text: str, sentence: str) -> None:
    with pytest.raises(UnusableInput) as error:
        understood(by_id()[id], text)
    assert str(error.value) == sentence


@given(st.sampled_from(number_rows()), st.floats(1e-3, 1e6), st.integers(1, 40))
def test_nudges_down_undo_as_many_nudges_up(row: Parameter, value: float, times: int) -> None:
    start: Value = round(value) + 1 if row.kind == "whole" else float(f"{value:.{3 if row.step else 2}g}")
    assert isinstance(start, (int, float))
    if row.row.complaint(start):
        return
    up = start
    for done in range(times):
        further = nudged(row, up, 1)
        if further in (up, row.row.bounds.high):
            times = done
            break
        up = further
    for _ in range(times):
        up = nudged(row, up, -1)
    assert up == pytest.approx(start, rel=1e-12)


def test_nudges_stay_within_bounds_and_wrap_around_choices() -> None:
    rows = by_id()
    assert nudged(rows["distance"], 120.0, 3) == 120.3
    assert nudged(rows["phi_steps"], 2, -5) == 1
    assert nudged(rows["mosaic"], 0.005, -1) == 0.0
    assert nudged(rows["wavelength"], 0.0005, -1) == 0.0005
    assert nudged(rows["fluence"], 9.9e24, 1) == 1e25 and nudged(rows["fluence"], 1e25, -1) == 9.9e24
    assert nudged(rows["fluence"], 8.41e5, 1) == 8.5e5 and nudged(rows["fluence"], 8.41e5, -1) == 8.4e5
    assert [nudged(rows["shape"], "SQUARE", by) for by in (1, -1)] == ["ROUND", "TOPHAT"]
    assert nudged(rows["nopolar"], False, 1) is True
    assert nudged(rows["interpolate"], None, 1) is True
    for id, value in (("hkl", "a.hkl"), ("attenuation", None), ("attenuation", math.inf)):
        with pytest.raises(UnusableInput, match="type"):
            nudged(rows[id], value, 1)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_loses_no_digit_as_a_word(value: float) -> None:
    assert float(word(value)) == value


# --- edits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("id", "value", "after"),
    [
        ("distance", 121.5, PLAIN.replace("120", "121.5")),
        ("misset_y", -6.9, PLAIN.replace("11 -7 23", "11 -6.9 23")),
        ("cell_c", 45.1, PLAIN.replace("45 82", "45.1 82")),
        ("phi_steps", 12, f"-phisteps 12 {PLAIN}"),
        ("osc", None, PLAIN.replace("-osc 0.6 ", "")),
        ("oversample_thick", True, f"-oversample_thick {PLAIN}"),
        ("interpolate", False, f"-nointerpolate {PLAIN}"),
        ("convention", "XDS", f"-xds {PLAIN}"),
        ("pivot", "SAMPLE", f"{PLAIN} -pivot sample"),  # -distance has chosen the beam
        ("fast_vector", (0.0, 0.0, 1.0), f"{PLAIN} -fdet_vector 0 0 1"),
        ("dispersion", 2.5, f"-dispersion 2.5 {PLAIN}"),
        ("hdiv", 1.5, f"-hdivrange 1.5 {PLAIN}"),
        ("attenuation", math.inf, f"-detector_abs inf {PLAIN}"),
        ("roi", (0.0, 9.0, 0.0, 9.0), f"-roi 0 9 0 9 {PLAIN}"),
        ("curved", True, f"-curved_det on {PLAIN}"),
    ],
)
def test_an_edit_changes_the_command_line(id: str, value: Value, after: str) -> None:
    assert change(PLAIN, id, value) == after


@pytest.mark.parametrize(
    ("before", "id", "value", "after"),
    [
        ("-wavelength 1.2 -N 5", "wavelength", 1.3, "-wavelength 1.3 -N 5"),  # the spelling stays
        ("-energy 12000", "wavelength", 1.3, "-lambda 1.3"),
        ("-N 5 -phi 0", "n_b", 6, "-N 5 -Nb 6 -phi 0"),
        ("-Na 4 -N 5", "n_a", 6, "-Na 4 -N 5 -Na 6"),
        ("-distance 1 -distance 2", "distance", 3.0, "-distance 1 -distance 3"),  # the last one counts
        ("-nopolar", "nopolar", False, ""),
        ("-gauss_xtal -N 5", "shape", "ROUND", "-round_xtal -N 5"),
        ("-square_div", "round_div", True, ""),
        ("-interpolate", "interpolate", None, ""),
        ("-misset random -N 5", "misset_random", False, "-N 5"),
        ("-misset 1 2 3", "misset_random", True, "-misset 1 2 3 -misset random"),
        ("-detpixels 64", "detpixels_fast", 128, "-detpixels 64 -detpixels_x 128"),
        ("-cell 30", "cell_b", 31.0, "-cell 30 31 32 90 90 90"),  # blanks are filled with the effective values
        ("-mosaic_spread 1", "mosaic", 0.5, "-mosaic_spread 0.5"),
        ("-curved_det on -phi 1", "curved", False, "-phi 1"),
    ],
)
def test_edits_find_their_flag(before: str, id: str, value: Value, after: str) -> None:
    known: dict[str, Value] = {"cell_b": 30.0, "cell_c": 32.0}
    known |= dict.fromkeys(("cell_alpha", "cell_beta", "cell_gamma"), 90.0)
    assert change(before, id, value, known) == after


@pytest.mark.parametrize(
    ("before", "id", "value", "sentence"),
    [
        ("-flux 1e18", "fluence", 1e24, "fluence has no effect while flux is set; clear flux first"),
        ("-misset random", "misset_x", 1.0,
         "misset x has no effect while random misset is on; turn random misset off first"),
        ("-xtalsize 0.1", "n_a", 3,
         "cells along a has no effect while width along a is set; set width along a to 0 first"),
        ("-detpixels 64", "detsize_fast", 3.0,
         "size, fast has no effect while pixels, fast is set; set pixels, fast to 0 first"),
        ("-N 5", "n_a", None, "cells along a: -N sets it together with others; type a value"),
        ("-misset 1 2 3", "misset_x", None, "misset x: -misset needs all its 3 numbers; type one"),
        ("-mat A.mat", "cell_a", 30.0, "cell a: the rest of -cell is not known yet; try again in a moment"),
        ("-phisteps 1000 -osc 1 -mosaic 1", "mosaic_domains", 20000,
         "1000 phi steps x 20000 domains: 20000000 contributions to one pixel; at most 10000000 here"),
        ("-roi 0 9 0 9", "roi", (0.5, 9.0, 0.0, 9.0), "-roi 0.5: needs a whole number such as 5 (not '0.5')"),
        ("-phi 1", "hkl", "-osc", "-hkl needs 1 value, got 0"),
    ],
)  # fmt: skip
def test_impossible_edits_are_refused(before: str, id: str, value: Value, sentence: str) -> None:
    with pytest.raises(UnusableInput) as error:
        change(before, id, value)
    assert str(error.value) == sentence


ANGLES = ("cell_alpha", "cell_beta", "cell_gamma")


def sample(row: Parameter) -> Value:
    """A value inside the limits that is not the default."""
    if row.kind in ("switch", "choice"):
        return row.choices[-1][0]
    if row.kind == "text":
        return "file.txt"
    if row.kind == "numbers":
        return tuple(float(n) for n in range(1, row.size + 1))
    number = 0.25 if row.row.bounds.high < 2 else 91.5 if row.id in ANGLES else 3
    return int(number) if row.kind == "whole" else float(number)


@pytest.mark.parametrize("row", [row for row in parameters() if row.id not in ("mask", "img")], ids=lambda row: row.id)
def test_every_parameter_survives_a_round_trip(row: Parameter) -> None:
    base = Setup(tuple(shlex.split(PLAIN)), Settings())
    before = typed(base, HERE)
    after_edit = edited(base, Edit(row.id, sample(row)), HERE, {})
    after = typed(after_edit, HERE)
    assert same(after.values[row.id], sample(row))
    moved = {id for id, value in after.values.items() if not same(value, before.values[id])}
    if row.kind in ("switch", "choice") and row.id != "phi_mode":
        way_back = edited(after_edit, Edit(row.id, before.values[row.id]), HERE, {})
        assert typed(way_back, HERE).values == before.values
    # other fields that C's flags set: the pivot, the convention, polarization, and all quirks that name the same thing
    side = {"pivot", "convention", "twotheta", "nopolar", "quirk.phi_carryover"}
    assert moved - {row.id} <= side, moved


def test_settings_and_quirks_can_be_edited() -> None:
    base = Setup((), Settings())
    carried = edited(base, Edit("quirk.phi_carryover", True), HERE, {})
    assert carried.settings.quirks == (("phi_carryover", True),)
    parity = edited(carried, Edit("phi_mode", "c-parity"), HERE, {})
    assert typed(parity, HERE).values["quirk.phi_carryover"] is True
    assert edited(carried, Edit("quirk.phi_carryover", False), HERE, {}) == base
    assert edited(base, Edit("dtype", "float32"), HERE, {}).settings.dtype == "float32"


# --- undo, redo, reset -----------------------------------------------------------------------------------------------


@pytest.fixture
def tuning() -> Tuning:
    return begun(Case("toy", tuple(shlex.split(PLAIN)), HERE, (3, 4), None, folder=Path("toy")), Settings())


def test_undo_redo_and_reset_restore_earlier_set_ups(tuning: Tuning) -> None:
    first = put(tuning, Edit("distance", 121.0))
    second = put(first, Edit("phi_steps", 4))
    third = put(second, Edit("distance", 122.0))
    assert third.changed == {"distance", "phi_steps"} and "122" in third.now.argv
    assert undone(third).now == second.now and undone(undone(third)).now == first.now
    assert redone(undone(third)).now == third.now
    assert undone(tuning) is tuning and redone(third) is third
    assert redone(put(undone(third), Edit("phi", 1.0))).now.argv[:2] == ("-phi", "1")  # a new step ends the redo
    alone = restored(third, "distance")
    assert alone.changed == {"phi_steps"}
    back = reset(third)
    assert back.now == tuning.now and not back.changed and undone(back).now == third.now


def test_the_initial_value_leaves_no_edit(tuning: Tuning) -> None:
    there = put(put(tuning, Edit("phi_steps", 4)), Edit("distance", 121.0))
    assert put(there, Edit("distance", 120.0)).edits == (Edit("phi_steps", 4),)
    assert tunings.put(put(tuning, Edit("distance", 121.0)), Edit("distance", 120.0)).now.argv == tuning.case.argv


def test_a_changed_case_is_another_case(tuning: Tuning) -> None:
    changed = put(tuning, Edit("distance", 121.0)).of(replace(tuning.case, pixel=(7, 8)))
    assert (changed.name, changed.folder, changed.pixel) == ("toy-changed", None, (7, 8))
    assert "121" in changed.argv
    assert tuning.of(changed) == replace(tuning.case, pixel=(7, 8))


def test_a_change_made_elsewhere_becomes_a_step(tuning: Tuning) -> None:
    waiting = put(tuning, Edit("distance", 121.0))
    told = synced(waiting, tuning.case.argv, Settings(phi_mode="c-parity", quirks=(("grating_literal", False),)))
    assert told.changed == {"distance", "phi_mode", "quirk.grating_literal"}
    assert told.waiting and told.asked.settings.phi_mode == "c-parity"
    assert undone(told).now == waiting.now
    elsewhere = synced(tuning, (*tuning.case.argv, "-phi", "3"), Settings())
    assert elsewhere.changed == {"phi"} and not elsewhere.waiting
    assert synced(elsewhere, elsewhere.now.argv, Settings()) is elsewhere
    assert put(elsewhere, Edit("phi", 4.0)).now.argv[-2:] == ("-phi", "4")


def test_a_quirk_that_follows_the_phi_mode_is_not_a_separate_change(tuning: Tuning) -> None:
    def told(mode: str, **quirks: bool) -> frozenset[str]:
        return synced(tuning, tuning.case.argv, Settings(phi_mode=mode, quirks=tuple(quirks.items()))).changed

    assert told("c-parity") == {"phi_mode"}
    assert told("c-parity", phi_carryover=False) == {"phi_mode", "quirk.phi_carryover"}
    assert told("spec", phi_carryover=True) == {"quirk.phi_carryover"}
    carried = begun(tuning.case, Settings(quirks=(("phi_carryover", True),)))
    assert synced(carried, tuning.case.argv, Settings(phi_mode="c-parity")).changed == {"phi_mode"}
    back = synced(carried, tuning.case.argv, Settings(quirks=(("phi_carryover", False),)))
    assert back.changed == {"quirk.phi_carryover"}


# --- as a command line -----------------------------------------------------------------------------------------------


def test_command_lines_are_quoted_for_a_shell() -> None:
    case = Case("toy", ("-hkl", "a b'c.hkl", "-mat", "x\x1b[2Jé\n"), Path("/data/my runs"), (3, 4), Path("/data/c.log"))
    settings = Settings("c-parity", quirks=(("grating_literal", False),))
    line = nbtui_command(case, settings)
    assert line == (
        "nbtui compare --c /data/c.log --workdir '/data/my runs' --phi-mode c-parity --dtype float64 --device cpu "
        "--quirk grating_literal=off -- -hkl 'a b'\"'\"'c.hkl' -mat $'x\\x1b[2Jé\\x0a' -trace_pixel 3 4"
    )
    assert line.isprintable()
    assert c_command(replace(case, argv=("-phi", "0"))) == "nanoBragg -phi 0 -trace_pixel 3 4"
    assert nbtui_command(replace(case, c_log=None), Settings()).startswith("nbtui trace --out - --workdir")
