"""The parameters form as text and as steps: panes, moves, search, what is due."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nbsim.options.quirks import Quirks
from nbtui.console.drawing.line import plain, width_of
from nbtui.console.main.panes import header as main_header
from nbtui.console.main.state import Phase, State
from nbtui.console.main.tuned import asked, current, due, resumed_with
from nbtui.console.parameters import pane as panes
from nbtui.console.parameters import state as states
from nbtui.console.parameters.actions import PARAMETERS_ACTIONS
from nbtui.console.parameters.state import ParametersState, in_view, listing
from nbtui.live.model import Case, Settings
from nbtui.live.parameters.c_setup import Shown
from nbtui.live.parameters.edits import Edit, Setup
from nbtui.live.parameters.tuning import begun, put
from nbtui.parity.compare import compare
from nbtui.trace.reading.reader import parse_lines
from support.console_toy import C_LINES, PY_LINES, toy_state

ARGV = tuple(shlex.split("-lambda 1.2 -distance 120 -osc 0.6 -phisteps 12 -cell 30 37 45 82 97 108"))


def toy_form(**changes: Any) -> ParametersState:
    """The distance at 121 in place of 120, which moves the close distance; C has 120, and another wavelength."""
    tuning = put(begun(Case("toy", ARGV, Path(), (12, 14), None), Settings()), Edit("distance", 121.0))
    tuning = replace(tuning, known={"distance": 120.0, "close_distance": 120.0, "phi_step": 0.05}, gap=-0.25)
    in_force = {**tuning.typed.values, "close_distance": 121.0, "phi_step": 0.05, "cell_alpha": 81.96864}
    c = {"distance": Shown(120.0), "wavelength": Shown(1.3), "cell_a": Shown(30.0), "phi_mode": Shown("c-parity")}
    return replace(ParametersState(tuning, c=c, in_force=in_force, read=tuning.now), **changes)


def drawn(form: ParametersState, state: State, width: int, height: int) -> list[str]:
    table = height - 10
    form = in_view(form, panes.rows_in(table))
    return plain(
        [
            *panes.header(form, state, width, 3),
            *panes.groups(form, width, 1),
            *panes.table(form, width, table),
            *panes.detail(form, width, 5),
            *panes.footer(form, width, 1),
        ]
    )


# --- panes -----------------------------------------------------------------------------------------------------------


def test_the_form_at_80x24() -> None:
    state = replace(toy_state(), tuning=toy_form().tuning)
    expected = """\
 nbtui  parameters toy  pixel (12,14)  1 changed               previous verdict
 I_pixel_final: nothing to compare with
  beam [detector] crystal  phi and mosaic  sampling  quirks   4 listed
    parameter                       value  unit     at the start        C's log
── beam ────────────────────────────────────────────────────────────────────────
  # wavelength                        1.2  A                 1.2            1.3
── detector ────────────────────────────────────────────────────────────────────
>*# distance                          121  mm                120            120
 +  close distance                  (121)  mm                120
── phi and mosaic ──────────────────────────────────────────────────────────────
  # phi mode                         spec                   spec       c-parity






── distance -distance  ─────────────────────────────────────────────────────────
 sample to detector along the beam; pivots at the beam centre (positive; step
 0.1)
 typed 121 mm; effective 121 mm; C 120 #
 + follows: close distance 120 -> 121
 left h less  right l more  Enter type  u undo  Ctrl-R redo  ? keys  q back"""
    title, verdict, *rest = drawn(toy_form(only=True), state, 80, 24)
    assert "\n".join([title, *rest]) == expected
    assert verdict == plain(main_header.draw(state, 80, 2))[1]


def test_a_value_in_force_other_than_typed_is_marked() -> None:
    lines = drawn(toy_form(cursor="cell_alpha"), toy_state(), 120, 40)
    assert any(re.search(r"> +cell alpha +82~ deg", text) for text in lines)
    assert " typed 82 deg; effective 81.96864 deg" in lines


def test_while_a_value_is_typed_it_stands_in_its_place() -> None:
    form = toy_form(entry="12o", message="distance 12o: '12o' is not a number")
    lines = drawn(form, toy_state(), 80, 24)
    assert lines[-1] == " distance [mm]: 12o_   distance 12o: '12o' is not a number"
    assert any(re.search(r">\*# distance +12o_ +mm", text) for text in lines)


def test_the_gap_at_the_start_and_now() -> None:
    c = parse_lines([*C_LINES, "TRACE_C: I_pixel_final 100"], "c.log")
    py = parse_lines([*PY_LINES, "TRACE_PY: I_pixel_final 95"], "py.log")
    state = replace(toy_state(), comparison=compare(c, py))
    assert plain(panes.header(toy_form(), state, 100, 3))[2] == (
        " I_pixel_final  at the start -25.0 %  now -5.00 %  closer"
    )


def test_why_there_is_no_experiment() -> None:
    form = toy_form(unread="toy: -osc 0 with -phistep gives no phi step at all")
    state = replace(toy_state(), phase=Phase.FAILED, failure="toy: -osc 0 with -phistep gives no phi step at all")
    lines = drawn(form, state, 100, 24)
    assert "failed: previous verdict" in lines[0]
    assert lines[2] == " toy: -osc 0 with -phistep gives no phi step at all"
    assert " typed 121 mm; no experiment results; C 120 #" in lines


@pytest.mark.parametrize("width", [40, 80, 120, 200])
@pytest.mark.parametrize("height", [1, 2, 5, 30])
def test_every_pane_fills_its_place_exactly(width: int, height: int) -> None:
    forms = [toy_form(), toy_form(only=True), toy_form(keys=True), toy_form(searching=True, query="x")]
    forms += [
        toy_form(cursor="hkl", entry="y" * 300),
        toy_form(message="z" * 300),
        toy_form(cursor="quirk.grating_literal"),
    ]
    for form in forms:
        for lines in (
            panes.header(form, toy_state(), width, height),
            panes.groups(form, width, height),
            panes.table(form, width, height),
            panes.detail(form, width, height),
        ):
            assert [width_of(line) for line in lines] == [width] * height
        assert [width_of(line) for line in panes.footer(form, width, height)] == [width]


def test_all_keys_are_listed_and_have_one_meaning() -> None:
    text = "\n".join(plain(panes.key_lines()))
    assert all(entry.help in text and entry.shown in text for entry in PARAMETERS_ACTIONS)
    keys = [key for entry in PARAMETERS_ACTIONS for key in entry.keys]
    assert len(keys) == len(set(keys))


def test_the_main_screen_says_that_parameters_are_changed() -> None:
    state = replace(toy_state(), tuning=toy_form().tuning)
    assert "* 1 changed (p)" in plain(main_header.draw(state, 120, 3))[0]
    assert "*1 (p)" in plain(main_header.draw(state, 80, 3))[0]
    assert "changed" not in plain(main_header.draw(toy_state(), 120, 3))[0]


# --- steps -----------------------------------------------------------------------------------------------------------


def test_moves_in_the_form() -> None:
    form = toy_form()
    assert states.moved(form, -(10**6)).cursor == "wavelength"
    assert states.moved(form, 1).cursor == "close_distance"
    crystal = states.to_group(form, 1)
    assert crystal.cursor == "cell_a" and listing(crystal)[crystal.top] == "crystal"
    assert states.to_group(states.to_group(crystal, -1), -1).parameter.group == "beam"
    assert states.to_group(toy_form(cursor="hkl"), 2).parameter.group == "beam"  # wrapped around
    low = in_view(states.moved(form, 10**6), 10)
    assert low.cursor.startswith("quirk.") and low.top == len(listing(low)) - 10
    assert in_view(states.moved(low, -(10**6)), 10).top == 0


def test_search_and_filter() -> None:
    form = toy_form(searching=True)
    for char in "mosaic":
        form = states.searched(form, char, char)
    assert form.cursor == "mosaic"
    assert states.found(form, True).cursor == "mosaic_domains"
    last = [name for name in Quirks.__dataclass_fields__ if "mosaic" in name][-1]
    assert states.found(form, False).cursor == f"quirk.{last}"  # wrapped around
    assert states.found(replace(form, query="clips the crystal"), True).cursor == "beamsize"  # no label has it
    assert "no match for" in states.found(replace(form, query="zzz"), True).message
    assert states.searched(form, "escape", None).query == ""
    assert [row.id for row in states.rows(states.filtered(toy_form()))] == [
        "wavelength", "distance", "close_distance", "phi_mode",
    ]  # fmt: skip
    plain_form = ParametersState(begun(Case("toy", ARGV, Path(), (1, 2), None), Settings()))
    assert "no changes" in states.filtered(plain_form).message and not states.filtered(plain_form).only


def test_undo_puts_the_cursor_on_what_changes() -> None:
    back = states.stepped(toy_form(cursor="hkl"), back=True)
    assert back.cursor == "distance" and not back.tuning.changed
    assert states.stepped(back, back=True).message == "nothing to undo"
    assert states.stepped(back, back=False).tuning.changed == {"distance"}
    assert states.restored(toy_form(cursor="hkl")).message == "structure factors: already the initial value"


def test_what_is_due_and_what_is_asked() -> None:
    form = toy_form()
    state = replace(toy_state(), tuning=form.tuning)
    assert state.case is not None
    state = replace(state, case=replace(state.case, argv=ARGV))
    assert due(state) and not due(replace(state, phase=Phase.SIMULATING))
    assert not due(replace(state, tuning=replace(form.tuning, held=True)))
    after = asked(state)
    assert after.phase is Phase.SIMULATING and after.generation == state.generation + 1
    assert after.case is not None and "121" in after.case.argv and after.case.name == "toy-changed"
    assert not due(replace(after, phase=Phase.READY))
    # the phi mode's key was pressed while the change was waiting: both are asked for
    pressed = replace(state, settings=Settings(phi_mode="c-parity"))
    both = current(pressed)
    assert both is not None and both.now == Setup(form.tuning.now.argv, Settings(phi_mode="c-parity"))


def test_a_resumed_session_knows_what_it_had_changed() -> None:
    case = Case("toy", ARGV, Path(), (12, 14), None, folder=Path("toy"))
    kept = replace(case, argv=tuple("121" if word == "120" else word for word in ARGV), pixel=(1, 2))
    state = resumed_with(replace(toy_state(), case=case), kept, Settings(phi_mode="c-parity"))
    assert state.tuning is not None and state.case is not None and not state.tuning.waiting
    assert state.tuning.changed == {"distance", "phi_mode"}
    assert (state.case.name, state.case.folder, state.case.pixel) == ("toy-changed", None, (1, 2))
    assert states.reset(ParametersState(state.tuning)).tuning.now == Setup(ARGV, Settings())
    untouched = resumed_with(replace(toy_state(), case=case), case, Settings())
    assert untouched.tuning is not None and not untouched.tuning.changed and untouched.case == case
    torn = resumed_with(replace(toy_state(), case=case), replace(case, argv=("-detector_abs",)), Settings())
    assert torn.tuning is not None and torn.tuning.changed == {"command line"}
