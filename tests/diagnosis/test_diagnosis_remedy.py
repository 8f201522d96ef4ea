"""What a cause asks of the live side: checked by simulating what it asks for."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from nbtui.diagnosis.diagnose import diagnose
from nbtui.diagnosis.explain.remedy import Remedy, remedy
from nbtui.diagnosis.hypotheses.catalogue import CATALOGUE
from nbtui.live.model import Case, Settings
from nbtui.live.parameters.edits import Edit
from nbtui.live.parameters.table import QUIRK, by_id
from nbtui.live.parameters.tuning import Tuning, begun, put, restored
from nbtui.live.session import simulate
from nbtui.parity.compare import compare
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines
from support.console_causes import cause
from support.diagnosis_traces import changed, demo, lines_of

PARITY = Settings(phi_mode="c-parity")


@cache
def c_of(case: Case) -> Trace:
    """The trace of the case by the simulator's C rules, as a C log."""
    return parse_lines([entry.replace("TRACE_PY", "TRACE_C", 1) for entry in lines_of(case)], "c.log")


def asked(case: Case, c: Trace, tuning: Tuning) -> tuple[Remedy, Tuning, Trace]:
    """The remedy of the best cause, the live side after it, and its trace."""
    now = tuning.of(case)
    py = simulate(now, tuning.now.settings).trace
    found = diagnose(case, c, py)
    wanted = remedy(found.hypotheses[0], found.faulty_side, tuning)
    for id in wanted.restored:
        tuning = restored(tuning, id)
    for edit in wanted.edits:
        tuning = put(tuning, edit)
    return wanted, tuning, simulate(tuning.of(case), tuning.now.settings).trace


@pytest.mark.slow
@pytest.mark.parametrize(
    ("quirk", "flags"),
    [
        ("background_twice", {"-water": ["2"]}),
        ("point_pixel_without_area", {"-point_pixel": []}),
        ("mosaic_first_identity", {}),
        ("cell_sine_of_gamma_star", {}),
        ("last_layer_capture", {"-detector_thick": ["300"], "-detector_abs": ["200"], "-detector_thicksteps": ["3"]}),
    ],
)
def test_a_switch_that_is_off_is_turned_on(quirk: str, flags: dict[str, list[str]]) -> None:
    case = changed(flags)
    settings = replace(PARITY, quirks=((quirk, False),))
    wanted, _, after = asked(case, c_of(case), begun(case, settings))
    assert wanted.edits == (Edit(f"{QUIRK}{quirk}", True),)
    assert compare(c_of(case), after).agrees


def test_the_phi_mode() -> None:
    case = demo()
    wanted, tuning, after = asked(case, c_of(case), begun(case, Settings()))
    assert wanted.edits == (Edit("phi_mode", "c-parity"),)
    assert tuning.now.settings.phi_mode == "c-parity"
    assert compare(c_of(case), after).agrees


@pytest.mark.slow
def test_a_parameter_that_was_changed_here_goes_back() -> None:
    case = demo()
    tuning = put(begun(case, PARITY), Edit("distance", 121.5))
    wanted, after, trace = asked(case, c_of(case), tuning)
    assert wanted.restored == ("distance",) and not after.edits
    assert compare(c_of(case), trace).agrees


@pytest.mark.slow
@pytest.mark.parametrize(("id", "flag", "value"), [("distance", "-distance", 121.5), ("phi", "-phi", 0.25)])
def test_a_c_log_of_another_configuration_is_imitated(id: str, flag: str, value: float) -> None:
    case = demo()
    c = c_of(changed({flag: [str(value)]}))
    wanted, _, after = asked(case, c, begun(case, PARITY))
    assert [edit.id for edit in wanted.edits] == [id]
    assert wanted.edits[0].value == pytest.approx(value, rel=1e-9)
    assert compare(c, after).agrees


def test_a_c_program_without_carry_over_is_imitated() -> None:
    case = demo()
    c = parse_lines([entry.replace("TRACE_PY", "TRACE_C", 1) for entry in lines_of(case, phi_mode="spec")], "c.log")
    wanted, _, after = asked(case, c, begun(case, PARITY))
    assert wanted.edits == (Edit("phi_mode", "spec"),)
    assert compare(c, after).agrees


def test_a_cause_that_cannot_be_applied_is_reported() -> None:
    tuning = begun(demo(), PARITY)
    printed = remedy(cause("tap_after_polar"), "PY", tuning)
    assert not printed.possible and "print statement" in printed.sentence
    nothing = remedy(cause("friedel"), "PY", tuning)
    assert not nothing.possible and "no switch" in nothing.sentence
    c_side = remedy(cause("friedel"), "C", tuning)
    assert not c_side.possible and "correct the C side" in c_side.sentence


def test_a_pair_of_which_one_is_printed() -> None:
    wanted = remedy(cause("phi_carryover", "tap_after_polar"), "PY", begun(demo(), Settings()))
    assert wanted.edits == (Edit("phi_mode", "c-parity"),)
    assert "tap_after_polar concerns trace lines only and remains" in wanted.sentence


def test_a_switch_by_another_name() -> None:
    settings = replace(PARITY, quirks=(("grating_literal", False),))
    wanted = remedy(cause("sincg_fractional"), "PY", begun(demo(), settings))
    assert wanted.edits == (Edit(f"{QUIRK}grating_literal", True),)


def test_single_precision() -> None:
    wanted = remedy(cause("float32"), "PY", begun(demo(), replace(PARITY, dtype="float32")))
    assert wanted.edits == (Edit("dtype", "float64"),)


def test_every_quirk_and_every_setting_exists() -> None:
    quirks = [f"{QUIRK}{name}" for item in CATALOGUE.values() for name in item.quirks]
    settings = [item.setting.name for item in CATALOGUE.values() if item.setting is not None]
    assert len(quirks) == len(set(quirks)) > 20
    assert {*quirks, *settings} <= set(by_id())
