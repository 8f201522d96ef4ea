"""Marks: found again, kept in the session and in the package. Links: from a field to what it is made from, and back."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from nbtui.console.drawing.line import plain
from nbtui.console.main import exporting, jumping, links, marks
from nbtui.console.main.dependencies import dependencies, dependents
from nbtui.console.main.panes import detail, fields, steps
from nbtui.console.main.state import State
from nbtui.console.session.snapshot import from_json, restored, snapshot
from nbtui.evidence.write.export import ExportRequest
from nbtui.live.model import Case
from nbtui.parity.model import Row
from nbtui.trace.fields.catalogue import FIELDS
from nbtui.trace.fields.field import Stage
from support.console_toy import C_LINES, JUDGEMENT, console, ready, screen_text, shown, toy_simulator, toy_state


def on(state: State, label: str) -> State:
    return replace(state, cursor=next(i for i, row in enumerate(state.rows) if row.label == label))


def row(state: State) -> Row:
    assert state.row is not None
    return state.row


# --- marks -----------------------------------------------------------------------------------------------------------


def marked() -> State:
    """Marked: a field, a step, a field further up."""
    state = marks.toggled(on(toy_state(), "F_latt"))
    state = marks.toggled(replace(state, pane="steps", phi=1, domain=0))
    return marks.toggled(replace(on(state, "lambda_meters"), pane="fields"))


def test_a_mark_is_set_and_taken_away() -> None:
    state = marked()
    assert state.marks == ("F_latt", (0, 1, 0), "lambda_meters")
    assert marks.toggled(state).marks == ("F_latt", (0, 1, 0))
    assert marks.toggled(state).message == "no longer marked: lambda_meters"


def test_marks_are_walked_in_the_order_of_the_table_then_of_the_steps() -> None:
    state = marked()
    state = marks.to_mark(state, True)
    assert row(state).label == "F_latt" and state.message == "mark 2 of 3: F_latt"
    state = marks.to_mark(state, True)
    assert state.pane == "steps" and state.place == (0, 1, 0) and "phi 1 domain 0" in state.message
    state = marks.to_mark(state, True)
    assert row(state).label == "lambda_meters" and state.pane == "fields"
    assert marks.to_mark(state, False).place == (0, 1, 0)


def test_without_marks_that_is_said_and_foreign_ones_are_kept() -> None:
    assert marks.to_mark(toy_state(), True).message == "nothing is marked yet"
    foreign = replace(toy_state(), marks=("of another log", (7, 7, 7)))
    assert marks.to_mark(foreign, True).message == "none of the marks is in these traces"
    assert marks.to_mark(foreign, True).marks == foreign.marks
    assert "nothing to mark" in marks.toggled(replace(toy_state(), comparison=None)).message


def test_a_mark_that_the_filter_hides_makes_all_rows_visible() -> None:
    state = marks.at(replace(toy_state(), only_differing=True), "lambda_meters")
    assert row(state).label == "lambda_meters" and not state.only_differing


def test_marks_show_in_the_table_the_detail_and_the_contributions() -> None:
    state = replace(on(marked(), "F_latt"), phi=0)
    assert any(
        text.startswith(">#!F_latt") or text.startswith(">+!F_latt") for text in plain(fields.draw(state, 120, 20))
    )
    assert plain(detail.draw(state, 120, 7))[1].startswith(" +!F_latt")
    assert any(text.startswith("!  1") for text in plain(steps.draw(state, 120, 14)))
    assert "! marked" in plain(steps.draw(replace(state, phi=1), 120, 14))[0]


def test_marks_can_be_gone_to_by_name() -> None:
    state = replace(marked(), prompt="mark")
    found = jumping.targets(state)
    assert [target.name for target in found if target.kind == "mark"] == ["F_latt", "phi 1 domain 0", "lambda_meters"]
    step = next(target for target in found if target.name == "phi 1 domain 0")
    assert step.move is not None and step.move(state).place == (0, 1, 0)


def test_marks_survive_the_session() -> None:
    kept = from_json(json.loads(json.dumps(asdict(snapshot(marked())))))
    assert restored(toy_state(), kept).marks == marked().marks


@pytest.mark.parametrize("broken", [[[1, 2]], [[0, -1, 0]], ["x", 3], [["a", 0, 0]]])
def test_broken_marks_of_a_session_are_refused(broken: list[object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        from_json({**asdict(snapshot(toy_state())), "marks": broken})


def test_a_package_names_the_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[ExportRequest] = []
    monkeypatch.setattr("nbtui.evidence.write.export.export_package", lambda request: asked.append(request) or tmp_path)
    exporting.export(marked(), JUDGEMENT, tmp_path)
    exporting.export(toy_state(), JUDGEMENT, tmp_path)
    assert [request.note for request in asked] == [
        "marked in the console: F_latt, phi 1 domain 0, lambda_meters",
        "",
    ]


def test_a_hostile_name_is_harmless() -> None:
    assert marks.words(toy_state(), "F[red]\x1b[2J") == "F[red]␛[2J"


# --- links -----------------------------------------------------------------------------------------------------------


def test_what_a_field_is_made_from_and_what_it_feeds_are_links() -> None:
    state = replace(on(toy_state(), "hkl_frac.k"), pane="detail")
    labels = [state.rows[at].label for at in links.links(state)]
    assert labels[0] == "rot_a_angstroms.x" and "F_cell" in labels
    text = plain(detail.draw(state, 120, 30))
    assert any("made from" in one and "#[rot_a_angstroms]" in one for one in text)
    assert any("feeds" in one and "F_cell" in one for one in text)


def test_links_lead_there_and_back() -> None:
    state = replace(on(toy_state(), "hkl_frac.k"), pane="detail")
    there = links.follow(state)
    assert row(there).label == "rot_a_angstroms.x" and there.path == (state.cursor,)
    assert links.back(there).cursor == state.cursor and links.back(there).path == ()
    assert "no link to go back to" in links.back(state).message


def test_another_link_is_chosen_around_the_ends() -> None:
    state = replace(on(toy_state(), "hkl_frac.k"), pane="detail")
    found = links.links(state)
    seen = [links.chosen(state)]
    for _ in found:
        state = links.choose(state, 1)
        seen.append(links.chosen(state))
    assert set(seen) == set(found) and seen[0] == seen[-1]
    assert links.chosen(links.choose(links.choose(state, 1), -1)) == seen[0]


def test_a_field_without_links_says_so() -> None:
    state = replace(on(toy_state(), "lambda_meters"), pane="detail")
    assert not links.links(state) or links.chosen(state) is not None
    bare = replace(state, comparison=None)
    assert "no linked field" in links.follow(bare).message
    assert "no linked field" in links.choose(bare, 1).message


def test_feeds_is_made_from_read_backwards() -> None:
    for entry in FIELDS:
        for name in dependencies(entry.name):
            assert entry.name in dependents(name)


def test_phi_fields_are_made_from_the_scattering_vector_and_the_rotated_cell() -> None:
    """Source: nanobragg_pixel_loop.md sections 5 to 7. The detector's set-up is made into the scattering vector."""
    assert dependencies("phi.k_frac") == ("scattering_vec_A_inv", "rot_b_angstroms", "phi.phi_deg")
    assert dependencies("phi.F_latt_b") == ("phi.k_frac",)
    assert {"rot_a_angstroms", "rot_c_angstroms", "phi.F_latt_b"} <= set(dependencies("phi.F_latt"))
    for name in ("phi.k_frac", "phi.F_latt_b", "phi.F_latt"):
        stages = {entry.stage for entry in FIELDS if entry.name in dependencies(name)}
        assert not stages & {Stage.DETECTOR, Stage.PIXEL}


@pytest.mark.slow
async def test_marks_and_links_by_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbtui.live.session.simulate", lambda case, settings: toy_simulator(settings))
    log = tmp_path / "trace_c.log"
    log.write_text("\n".join(C_LINES) + "\n")
    case = Case("toy", (), tmp_path, (12, 14), log, None, None)
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        first = app.state.cursor
        await pilot.press("b", "d", "enter")
        assert app.state.pane == "detail" and row(app.state).label == "hkl_frac.k"
        assert "Enter goes to [ ]" in shown(app, "detail")
        await pilot.press("enter")
        assert app.state.cursor == first and "Backspace back" in shown(app, "detail")
        await pilot.press("right", "left", "backspace")
        assert row(app.state).label == "hkl_frac.k"
        await pilot.press("escape", "3", "right_square_bracket", "b", "1", "home", "u")
        assert app.state.cursor == first
        await pilot.press("u")
        assert app.state.pane == "steps" and app.state.place == (0, 1, 0)
        await pilot.press("U")
        assert app.state.cursor == first and "mark 1 of 2" in screen_text(app)
