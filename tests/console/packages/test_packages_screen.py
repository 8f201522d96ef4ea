"""The packages screen: pure panes, pure steps, and the screen itself over a real root."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from nbtui.console.drawing import list_state
from nbtui.console.drawing.line import plain, width_of
from nbtui.console.drawing.open_text import OpenText
from nbtui.console.entry_points import run_watch
from nbtui.console.packages import pane as panes
from nbtui.console.packages import state as states
from nbtui.console.packages.actions import PACKAGES_ACTIONS
from nbtui.console.packages.jobs import Verified
from nbtui.console.packages.screen import PackagesScreen
from nbtui.console.packages.state import PackagesState
from nbtui.console.watch import Watch
from nbtui.evidence.check.finding import CheckOutcome
from nbtui.evidence.history import Entry, history, load
from nbtui.evidence.restore.restore import Restored, restore
from nbtui.settings import Configuration
from nbtui.trace.model import Trace
from support.console_terminal import Start, nbtui_program
from support.console_toy import until
from support.evidence_packages import checksums, new_package, old_package

CHECK = Verified(Path("x"), "verified", CheckOutcome.OK, files=())


@pytest.fixture
def entries(tmp_path: Path) -> tuple[Entry, ...]:
    """Four packages of one pixel, newest first: better, identical, worse, agree."""
    old_package(tmp_path, "20260101T000000Z", py=70.0, sums="")
    new_package(tmp_path, "20260101T000001Z", py=99.0, phi_steps=1)
    new_package(tmp_path, "20260101T000002Z", py=99.0, phi_steps=1)
    new_package(tmp_path, "20260101T000003Z", py=100.0, phi_steps=1)
    return history(load(tmp_path))[::-1]


@pytest.fixture
def shelf(entries: tuple[Entry, ...]) -> PackagesState:
    newest = entries[0].package.time
    assert newest is not None
    return PackagesState(root="reports/x", entries=entries, started=True, seconds=newest.timestamp() + 12)


# --- panes -----------------------------------------------------------------------------------------------------------


def test_the_table(shelf: PackagesState) -> None:
    head, *rows = plain(panes.table(shelf, 150, 5))
    assert " ".join(head.split()) == "vs before stamp case mode first divergence gap checks"
    assert [" ".join(row.split()) for row in rows] == [
        "> better 20260101T000003Z toy spec agree 0 % not verified",
        "same (identical) 20260101T000002Z toy spec I_before_scaling -1.00 % not verified",
        "better, other dtype 20260101T000001Z toy spec I_before_scaling -1.00 % not verified",
        "first 20260101T000000Z toy spec I_before_scaling -30.0 % ! no per-phi log, sha256.txt holds no checksums",
    ]


def test_the_header_says_live_or_frozen(shelf: PackagesState) -> None:
    assert plain(panes.header(shelf, 80, 1))[0].endswith("4 packages, live, newest 10 s ago")
    frozen = states.updated(states.freeze(replace(shelf, entries=shelf.entries[2:])), shelf.entries, 0, 2)
    assert "2 packages, FROZEN, 2 more wait" in plain(panes.header(frozen, 80, 1))[0]
    assert "does not exist yet" in plain(panes.header(replace(shelf, root_there=False), 80, 1))[0]
    assert "still to read" in plain(panes.header(replace(shelf, unread=7), 80, 1))[0]


def test_the_trend_goes_from_large_above_to_nothing_below() -> None:
    grid = panes.plot([-0.1, 0.01, 0.001, 0.0, None, float("nan"), 1e-3], 4)
    assert [marks for _, marks in grid] == ["*    ^ ", " *     ", "  *   *", "   0?  "]
    assert [label for label, _ in grid] == ["1e-01", "1e-02", "1e-03", "0"]


@pytest.mark.parametrize("gaps", [[], [0.0], [None], [1e-300], [float("inf")], [0.5], [0.5, 0.5]])
@pytest.mark.parametrize("rows", [1, 2, 6])
def test_every_trend_can_be_drawn(gaps: list[float | None], rows: int) -> None:
    assert [len(marks) for _, marks in panes.plot(gaps, rows)] == [len(gaps)] * rows


def test_the_trend_marks_the_selected_package(shelf: PackagesState) -> None:
    lines = plain(panes.trend(shelf, 90, 7))
    assert "4 packages" in lines[0] and "|gap| in I_pixel_final of toy (3, 4), spec" in lines[0]
    assert lines[-1].split() == ["0", "@"]  # the newest agrees
    assert lines[1].split()[1:] == ["*"]  # the oldest has the largest gap


def test_a_trend_has_one_phi_mode(shelf: PackagesState, tmp_path: Path) -> None:
    new_package(tmp_path, "20260101T000004Z", py=70.0, phi_mode="c-parity")
    mixed = replace(shelf, entries=history(load(tmp_path))[::-1])
    assert "1 package, " in plain(panes.trend(mixed, 120, 7))[0]
    assert "4 packages, " in plain(panes.trend(list_state.moved(mixed, 1, 10), 120, 7))[0]


def test_a_narrow_table_marks_other_settings(shelf: PackagesState, tmp_path: Path) -> None:
    new_package(tmp_path, "20260101T000004Z", py=70.0, quirks={"phi_carryover": True})
    new_package(tmp_path, "20260101T000005Z", py=80.0, quirks={})
    mixed = replace(shelf, entries=history(load(tmp_path))[::-1])
    rows = [line.split() for line in plain(panes.table(mixed, 80, 7))[1:]]
    assert rows[0][:4] == [">", "better", "20260101T000005Z", "spec*"]
    assert rows[1][:3] == ["worse", "20260101T000004Z", "spec"]  # the one before states no quirks
    wide = plain(panes.table(mixed, 120, 7))[1]
    assert wide.startswith(" > better, other quirks    20260101T000005Z")
    assert "quirks phi_carryover=on -> none" in " ".join("".join(plain(panes.detail(mixed, 120, 9))).split())


def test_a_simulated_reference_is_marked(shelf: PackagesState, tmp_path: Path) -> None:
    made = {"simulator": "nbsim 0.2", "c_program": "stock"}
    sides = [{"role": "reference", "name": "simulated C", "simulation": made}, {"role": "suspect", "name": "Python"}]
    new_package(tmp_path, "20260101T000004Z", py=70.0, sides=sides)
    mixed = replace(shelf, entries=history(load(tmp_path))[::-1])
    assert " spec*~ " in plain(panes.table(mixed, 80, 7))[1]
    wide = plain(panes.table(mixed, 120, 7))[1]
    assert " spec~ " in wide and "worse, other reference" in wide
    assert "reference: nbsim 0.2 as stock C" in "\n".join(plain(panes.detail(mixed, 120, 9)))


def test_the_detail_says_what_changed_and_what_is_lacking(shelf: PackagesState) -> None:
    shown = "\n".join(plain(panes.detail(list_state.moved(shelf, 3, 10), 100, 9)))
    assert "C 100 Python 70 -30.0 % CRITICAL" in shown
    assert "first package of this case and pixel" in shown
    assert "old format" in shown


def test_the_detail_shows_a_verification_to_its_end(shelf: PackagesState) -> None:
    assert "not verified, v verifies" in "\n".join(plain(panes.detail(shelf, 80, 9)))
    outcome = f"incomplete: {'; '.join(f'part{number}.log: is not listed in sha256.txt' for number in range(5))}"
    path = shelf.entries[0].package.path
    told = states.verified(shelf, Verified(path, outcome, CheckOutcome.INCOMPLETE, files=()))
    assert outcome in " ".join(" ".join(plain(panes.detail(told, 80, 9))).split())


def test_an_empty_list_says_how_to_write_a_package() -> None:
    empty = PackagesState(root="r", started=True)
    assert "q, then e writes one" in "\n".join(plain(panes.table(empty, 80, 9)))
    watched = " ".join(" ".join(plain(panes.table(replace(empty, first=True), 80, 9))).split())
    assert "nbtui export CASE --reports r writes one" in watched


@pytest.mark.parametrize("width", [40, 80, 120, 200])
@pytest.mark.parametrize("height", [1, 2, 8, 40])
def test_every_pane_fills_its_place_exactly(shelf: PackagesState, width: int, height: int) -> None:
    reading = replace(shelf, reading=OpenText("x", ("line",) * 5))
    for state in (shelf, reading, PackagesState(root="r")):
        for draw in (panes.header, panes.table, panes.trend, panes.detail):
            lines = draw(state, width, height)
            assert [width_of(line) for line in lines] == [width] * height, draw.__name__
        assert [width_of(line) for line in panes.footer(state, width, height)] == [width]


# --- steps -----------------------------------------------------------------------------------------------------------


def test_the_newest_stays_selected_and_any_other_keeps_its_package(shelf: PackagesState) -> None:
    fewer = replace(shelf, entries=shelf.entries[1:])
    newer = states.updated(fewer, shelf.entries, 0, 1)
    assert (newer.cursor, newer.message) == (0, "1 new package")
    chosen = list_state.moved(fewer, 1, 10)
    assert chosen.entry is not None
    after = states.updated(chosen, shelf.entries, 0, 1)
    assert after.entry is not None
    assert (after.cursor, after.entry.package.path) == (2, chosen.entry.package.path)


def test_one_notification_per_burst(shelf: PackagesState) -> None:
    state = states.updated(states.updated(shelf, shelf.entries, 0, 30), shelf.entries, 0, 12)
    assert state.message == "42 new packages"
    assert states.updated(states.quiet(state), shelf.entries, 0, 0).message == ""


def test_frozen_shows_what_it_showed_until_it_is_let_go(shelf: PackagesState) -> None:
    frozen = states.freeze(replace(shelf, entries=shelf.entries[1:]))
    held = states.updated(frozen, shelf.entries, 0, 1)
    assert held.entries == frozen.entries
    assert states.freeze(held).entries == shelf.entries
    assert states.freeze(states.freeze(shelf)).entries == shelf.entries


def test_moves_stay_inside_and_in_sight(shelf: PackagesState) -> None:
    last = list_state.moved(shelf, 99, 2)
    assert (last.cursor, last.top) == (3, 2)
    assert list_state.moved(last, -99, 2).top == 0
    assert list_state.moved(PackagesState(root="r"), 1, 5).cursor == 0
    text = replace(shelf, reading=OpenText("x", tuple(map(str, range(50)))))
    scrolled = list_state.moved(text, 99, 10).reading
    assert scrolled is not None and scrolled.top == 40


# --- the screen ------------------------------------------------------------------------------------------------------


def shown(screen: PackagesScreen) -> str:
    return "\n".join(text for view in screen.views.values() if view.display for text in plain(view._lines))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (30, 8)])
async def test_new_packages_appear_and_gone_ones_go(tmp_path: Path, size: tuple[int, int]) -> None:
    new_package(tmp_path, "20260101T000000Z", py=50.0)
    app = Watch(tmp_path)
    async with app.run_test(size=size) as pilot:
        screen = app.packages
        await until(pilot, lambda: len(screen.state.entries) == 1)
        new_package(tmp_path, "20260101T000001Z", py=60.0)
        await until(pilot, lambda: len(screen.state.entries) == 2)
        assert screen.state.message == "1 new package"
        if size[0] >= 80:
            assert "20260101T000001Z" in shown(screen) and "-40.0 %" in shown(screen)
        await pilot.press("down")
        assert screen.state.message == ""
        assert screen.state.entry is not None
        assert screen.state.entry.package.stamp == "20260101T000000Z"
        await pilot.press("q")
    assert app.return_value == 0


async def test_arrivals_verify_themselves_and_a_later_visit_shows_the_marks(tmp_path: Path) -> None:
    before = new_package(tmp_path, "20260101T000000Z", py=50.0)
    app = Watch(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = app.packages
        await until(pilot, lambda: len(screen.state.entries) == 1)
        arrived = new_package(tmp_path, "20260101T000001Z", py=60.0)
        await until(pilot, lambda: arrived in screen.state.checks)
        assert "! FAILED" in shown(screen)  # the miniature does not follow the schema
        assert before not in screen.state.checks
        await pilot.press("down", "v")
        await until(pilot, lambda: before in screen.state.checks)
        await pilot.press("q")
    shelf = states.left(screen.state)
    (arrived / "summary.md").write_text("changed meanwhile\n")
    again = Watch(tmp_path, shelf=shelf)
    assert (len(again.packages.state.entries), again.packages.state.cursor) == (2, 1)  # at once
    async with again.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: arrived not in again.packages.state.checks)
        assert before in again.packages.state.checks
        assert again.packages.state.selected == before


@pytest.mark.slow
async def test_every_key(tmp_path: Path) -> None:
    root = tmp_path / "reports"
    package = new_package(root, "20260101T000000Z", py=50.0)
    old_package(root, "20250101T000000Z")
    app = Watch(root)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = app.packages
        await until(pilot, lambda: len(screen.state.entries) == 2)
        await pilot.press("enter")
        assert "TODO nothing" in shown(screen) and "summary.md" in shown(screen)
        await pilot.press("right", "down", "left", "pagedown", "home", "end", "escape")
        assert screen.state.reading is None
        await pilot.press("n")
        assert "verdict: first divergence I_before_scaling" in shown(screen)
        await pilot.press("q", "question_mark")
        for help in (entry.help for entry in PACKAGES_ACTIONS):
            assert help in shown(screen)
        await pilot.press("q", "v")
        await until(pilot, lambda: package in screen.state.checks)
        assert "! FAILED" in shown(screen)  # the miniature does not follow the schema
        await pilot.press("equals_sign")
        assert "FROZEN" in shown(screen)
        new_package(root, "20260101T000009Z")
        await until(pilot, lambda: screen.state.held is not None)
        assert "20260101T000009Z" not in shown(screen) and "1 more wait" in shown(screen)
        await pilot.press("equals_sign")
        assert "20260101T000009Z" in shown(screen)
        await pilot.press("end", "o")
        await until(pilot, lambda: "this package holds no C log" in shown(screen))
        await pilot.press("home", "o")
        await until(pilot, lambda: app.return_value is not None)
    assert isinstance(app.return_value, Restored)
    assert app.return_value.package.path == root / "20260101T000009Z"


async def test_hostile_texts_reach_no_terminal_and_no_markup(tmp_path: Path) -> None:
    evil = "x\x1b[2J[/red][@click=app.quit]\u202e漢字"
    package = new_package(tmp_path, "20260101T000000Z", case=evil, verdict=evil, first_divergence=evil)
    (package / "summary.md").write_text(f"{evil}\r\n" * 3)
    (package / "sha256.txt").write_text(checksums(package))
    app = Watch(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = app.packages
        await until(pilot, lambda: len(screen.state.entries) == 1)
        seen = shown(screen)
        await pilot.press("enter")
        seen += shown(screen)
        assert "[@click=app.quit]" in seen
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", seen)


async def test_a_root_that_does_not_exist_yet(tmp_path: Path) -> None:
    app = Watch(tmp_path / "reports")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = app.packages
        await until(pilot, lambda: "does not exist yet" in shown(screen))
        new_package(tmp_path / "reports", "20260101T000000Z")
        await until(pilot, lambda: len(screen.state.entries) == 1)
        shutil.rmtree(tmp_path / "reports")
        await until(pilot, lambda: "was removed; waiting for it" in shown(screen))
        assert not screen.state.entries
        await pilot.press("ctrl+c")
    assert app.return_value == 130


def test_an_opened_package_leads_back_to_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = restore(new_package(tmp_path, "20260101T000000Z"), Configuration())
    chosen: list[Restored | int] = [package, 0]
    seen: list[PackagesState] = []
    shown: list[str] = []

    def run(app: Watch) -> Restored | int:
        seen.append(app.packages.state)
        app.packages.state = replace(app.packages.state, checks={package.package.path: CHECK}, top=0)
        return chosen.pop(0)

    def console(case: None, *rest: object, c_trace: Trace, suspect: Trace, **more: object) -> int:
        shown.append(f"{c_trace.records[0].values} {suspect.records[0].values} {more['profile']}")
        return 1

    monkeypatch.setattr(Watch, "run", run)
    monkeypatch.setattr("nbtui.console.entry_points.run_console", console)
    assert run_watch(tmp_path) == 0
    assert shown == ["(100.0,) (90.0,) full"]
    assert [state.selected for state in seen] == [None, package.package.path]
    assert [dict(state.checks) for state in seen] == [{}, {package.package.path: CHECK}]


async def test_a_package_that_cannot_be_opened_says_why_on_the_list(tmp_path: Path) -> None:
    broken = new_package(tmp_path, "20260101T000001Z")
    (broken / "trace_c.log").write_text("no trace\n")
    app = Watch(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: len(app.packages.state.entries) == 1)
        await pilot.press("o")
        await until(pilot, lambda: "20260101T000001Z: holds no readable trace" in shown(app.packages))


async def test_a_failure_of_the_thread_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*words: object, **more: object) -> None:
        raise PermissionError(13, "Permission denied", "reports")

    monkeypatch.setattr("nbtui.console.packages.screen.follow", broken)
    app = Watch(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "watching has stopped" in shown(app.packages))
        assert "Permission denied" in shown(app.packages)


# --- in a real terminal ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_bytes_per_key_and_a_dropped_connection(on_terminal: Start, tmp_path: Path) -> None:
    for number in range(30):
        new_package(tmp_path, f"20260101T{number:06d}Z", py=50.0 + number)
    terminal = on_terminal(nbtui_program("watch", str(tmp_path)))
    terminal.wait_for("20260101T000010Z")
    terminal.settle()
    moves = [terminal.press("j") for _ in range(5)]
    assert all(0 < sent <= 600 for sent in moves), moves
    terminal.hang_up()
    assert terminal.end() == 129
