"""The diagnosis screen in the console, key by key, over a toy pixel; and once over the real demo."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from nbtui.console.app import Console
from nbtui.console.diagnosis.actions import DIAGNOSIS_ACTIONS
from nbtui.console.diagnosis.controller import case_of, refusal
from nbtui.console.diagnosis.screen import DiagnosisScreen
from nbtui.console.main import exporting
from nbtui.console.main.cause_summary import current
from nbtui.console.main.jobs import Judgement
from nbtui.console.main.pair import Compared
from nbtui.console.main.screen import MainScreen
from nbtui.console.main.state import Phase
from nbtui.diagnosis.answer import Diagnosis
from nbtui.evidence.write.export import ExportRequest
from nbtui.live.cases import load_case
from nbtui.live.model import Case, Settings
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines
from support.console_causes import TWO, cause, diagnosis
from support.console_toy import C_LINES, PY_LINES, console, ready, screen_text, toy_simulator, until
from support.patience import PATIENCE

Tell = Callable[[str], None]


class Toy:
    """A diagnosis that waits until it may go on, and says what it does."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.go.set()
        self.stopped = threading.Event()
        self.result: Diagnosis = TWO
        self.error: Exception | None = None
        self.asked: list[tuple[Case, Trace, Trace]] = []

    def __call__(self, case: Case, c: Trace, py: Trace, *, tell: Tell) -> Diagnosis:
        self.asked.append((case, c, py))
        tell("re-simulated 12 causes")
        while not self.go.wait(0.01):
            try:
                tell("re-simulated 13 causes")
            except Exception:
                self.stopped.set()
                raise
        if self.error is not None:
            raise self.error
        return self.result


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Toy:
    made = Toy()
    monkeypatch.setattr("nbtui.diagnosis.diagnose.diagnose", made)
    monkeypatch.setattr("nbtui.live.session.simulate", lambda case, settings: toy_simulator(settings))
    return made


async def opened(pilot: Pilot[int], *, done: bool = True) -> tuple[Console, DiagnosisScreen]:
    app = await ready(pilot)
    await pilot.press("x")
    await until(pilot, lambda: isinstance(app.screen, DiagnosisScreen))
    screen = app.screen
    assert isinstance(screen, DiagnosisScreen)
    if done:
        await until(pilot, lambda: not screen.state.progress and screen.state.diagnosed is not None)
    return app, screen


@pytest.mark.slow
async def test_every_key_does_something(case: Case, toy: Toy) -> None:
    app = console(case)
    async with app.run_test(size=(120, 40)) as pilot:
        app, screen = await opened(pilot)
        assert {entry.id for entry in DIAGNOSIS_ACTIONS} == screen.acts.keys() | {"interrupt", "suspend"}
        assert "> 1  phi_carryover" in screen_text(app)
        await pilot.press("j")
        assert screen.state.cursor == 1
        await pilot.press("k", "down", "up")
        assert screen.state.cursor == 0
        await pilot.press("question_mark")
        assert "any key closes" in screen_text(app)
        await pilot.press("a")
        assert not screen.state.helping
        await pilot.press("q")
        assert isinstance(app.screen, MainScreen)
        assert "Why: explained: phi_carryover" in screen_text(app)


@pytest.mark.slow
async def test_scrolling_at_80x24(case: Case, toy: Toy) -> None:
    async with console(case).run_test(size=(80, 24)) as pilot:
        app, screen = await opened(pilot)
        await pilot.resize_terminal(80, 16 + 8)
        toy.result = diagnosis(cause("phi_carryover", confirm=tuple(f"step {n}" for n in range(40)), fix=("x",) * 40))
        await pilot.press("r")
        await until(
            pilot, lambda: screen.state.diagnosed is not None and screen.state.diagnosed.diagnosis is toy.result
        )
        await pilot.press("pagedown")
        assert screen.state.top > 0
        await pilot.press("end")
        assert "The C program warns: the sample is large" in screen_text(app)
        await pilot.press("home", "space", "b")
        assert screen.state.top == 0


async def test_applying_closes_the_gap_and_can_be_taken_back(case: Case, toy: Toy) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        app, screen = await opened(pilot)
        assert "LIVE # differs" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.state.phase is Phase.READY and app.state.settings.phi_mode == "c-parity")
        await pilot.pause()
        assert "LIVE = AGREE" in screen_text(app) and "cause 1 applied" in screen_text(app)
        assert "applied: phi_mode c-parity" in screen_text(app)
        assert current(app.state) is None  # the traces have changed since the diagnosis
        await pilot.press("e")
        assert "u takes the cause back" in screen_text(app)
        await pilot.press("u")
        assert "LIVE # differs" in screen_text(app) and "taken back" in screen_text(app)
        assert app.state.settings.phi_mode == "spec" and current(app.state) is screen.state.diagnosed
        await pilot.press("u")
        assert "nothing has been applied here" in screen_text(app)


async def test_a_cause_of_the_print_statement_is_said_to_be_one(case: Case, toy: Toy) -> None:
    toy.result = diagnosis(cause("tap_after_polar"))
    async with console(case).run_test(size=(120, 40)) as pilot:
        app, _ = await opened(pilot)
        await pilot.press("enter")
        assert "a matter of the trace line" in screen_text(app) and app.state.settings.phi_mode == "spec"


async def test_a_given_log_stays_whatever_is_applied(case: Case, toy: Toy) -> None:
    app = console(case, c_trace=parse_lines(C_LINES, "c.log"), suspect=parse_lines(PY_LINES, "py.log"))
    async with app.run_test(size=(120, 40)) as pilot:
        app, _ = await opened(pilot)
        given = app.state.right
        await pilot.press("enter")
        await pilot.pause()
        assert "cannot be simulated" in screen_text(app)  # a cause without a change of the set-up
        assert app.state.shown is Compared.REFERENCE_LOG and app.state.right is given


@pytest.mark.slow
async def test_esc_stops_it_and_q_leaves(case: Case, toy: Toy) -> None:
    toy.go.clear()
    async with console(case).run_test(size=(120, 40)) as pilot:
        app, _ = await opened(pilot, done=False)
        await until(pilot, lambda: "re-simulated 1" in screen_text(app))  # 12 or, on a busy machine, 13
        await pilot.press("escape")
        await until(pilot, lambda: "stopped; r starts again" in screen_text(app))
        assert toy.stopped.wait(PATIENCE)
        toy.stopped.clear()
        await pilot.press("r")
        await until(pilot, lambda: len(toy.asked) == 2)
        await pilot.press("q")
        assert isinstance(app.screen, MainScreen)
        assert toy.stopped.wait(PATIENCE)
        assert app.state.diagnosed is None
        toy.go.set()
        await opened(pilot)
        assert len(toy.asked) == 3


async def test_what_was_found_is_kept(case: Case, toy: Toy) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("escape")
        _, screen = await opened(pilot)
        assert len(toy.asked) == 1 and screen.state.diagnosed is not None


async def test_after_a_change_that_closes_the_gap_the_explanation_before_is_kept(case: Case, toy: Toy) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        app, _ = await opened(pilot)
        await pilot.press("q", "m")
        await until(pilot, lambda: app.state.comparison is not None and app.state.comparison.agrees)
        await pilot.press("x")
        await until(pilot, lambda: "nothing differs now" in screen_text(app))
        assert "explained: phi_carryover" in screen_text(app) and "AGREE" in screen_text(app)


async def test_a_failure_is_a_sentence(case: Case, toy: Toy) -> None:
    from nbtui.errors import UnusableInput

    toy.error = UnusableInput("demo.hkl: no such file\x1b[31m; give --workdir")
    async with console(case).run_test(size=(120, 40)) as pilot:
        app, _ = await opened(pilot, done=False)
        await until(pilot, lambda: "give --workdir" in screen_text(app))
        assert "\x1b" not in screen_text(app)
        await pilot.press("enter", "c", "e")
        assert isinstance(app.screen, DiagnosisScreen)


async def test_copying(case: Case, toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    monkeypatch.setattr(
        "nbtui.console.terminal.clipboard.copy", lambda text, offer: taken.append(text) or "copied: a file"
    )
    async with console(case).run_test(size=(120, 40)) as pilot:
        app, _ = await opened(pilot)
        await pilot.press("c")
        await until(pilot, lambda: "copied: a file" in screen_text(app))
        assert taken[0].splitlines()[0].startswith("phi_carryover (probability >99 %): explains 100.0 %")


async def test_a_click_chooses_a_cause(case: Case, toy: Toy) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        _, screen = await opened(pilot)
        await pilot.click(offset=(10, 4))
        assert screen.state.cursor == 1
        await pilot.click(offset=(10, 30))
        assert screen.state.cursor == 1


async def test_without_a_command_the_two_logs_are_diagnosed_alone(toy: Toy) -> None:
    app = console(None, c_trace=parse_lines(C_LINES, "c.log"), suspect=parse_lines(PY_LINES, "py.log"))
    async with app.run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        assert refusal(app.state) == "" and case_of(app.state) is None
        await pilot.press("x")
        await until(pilot, lambda: app.state.diagnosed is not None)
        assert app.state.diagnosed.diagnosis.preflight[0].startswith("No simulation: no command line was given")
        assert isinstance(app.screen, DiagnosisScreen)
        await pilot.press("enter")  # no cause to apply, and no case to apply it to
        assert app.return_value is None


async def test_ctrl_c_leaves(case: Case, toy: Toy) -> None:
    toy.go.clear()
    async with console(case).run_test(size=(80, 24)) as pilot:
        app, _ = await opened(pilot, done=False)
        await pilot.press("ctrl+c")
        assert app.return_value == 130
    toy.go.set()


async def test_the_export_carries_this_diagnosis(
    case: Case, toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[ExportRequest] = []

    def take(request: ExportRequest) -> Path:
        asked.append(request)
        return tmp_path / "package"

    monkeypatch.setattr("nbtui.evidence.write.export.export_package", take)
    async with console(case, tmp_path).run_test(size=(120, 40)) as pilot:
        app, _ = await opened(pilot)
        await pilot.press("e")
        await until(pilot, lambda: "written: " in screen_text(app))
        request = asked[0]
        assert request.diagnose is not None
        trace = parse_lines(C_LINES)
        assert request.diagnose(case, trace, trace) is toy.result
        before = app.state.diagnosed
        exporting.export(app.state.__class__(Settings(), case=case), Judgement("full", None, {}), tmp_path)
        assert asked[1].diagnose is None and before is not None


@pytest.mark.slow
async def test_the_demo() -> None:
    """The carry-over is found, and applied it makes every field agree."""
    async with console(load_case("demo")).run_test(size=(120, 40)) as pilot:
        app, screen = await opened(pilot)
        assert screen.state.causes[0].ids == ("phi_carryover",)
        assert "phi steps 0 and 11 carry the same k_frac" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.state.phase is Phase.READY and app.state.settings.phi_mode == "c-parity")
        await pilot.pause()
        assert "LIVE = AGREE" in screen_text(app)
        await pilot.press("r")
        await until(pilot, lambda: not screen.state.progress)
        assert "nothing differs" in screen_text(app)
