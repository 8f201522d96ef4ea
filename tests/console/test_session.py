"""A session survives a lost connection, is offered again, and belongs to one console."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import stat
import struct
import subprocess
import sys
import termios
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from nbtui.cli import main
from nbtui.console.main.state import Phase, State
from nbtui.console.run import farewell
from nbtui.console.session import store as session
from nbtui.console.session.preferences import Preferences
from nbtui.console.session.snapshot import Snapshot, case_of, from_json, restored, settings_of, snapshot
from nbtui.console.session.store import Keeper, claim, find, newest
from nbtui.console.startup import preferences
from nbtui.errors import UnusableInput
from nbtui.live.model import Settings
from nbtui.settings import Configuration
from support.console_terminal import Start, nbtui_program
from support.console_toy import toy_state
from support.patience import PATIENCE, wait_until


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def lost(*words: str) -> Path:
    """A session whose console died."""
    keeper = Keeper(words)
    keeper.start()
    keeper.note(Snapshot(name="toy"))
    keeper.close(left=False)
    return keeper.path


# --- the snapshot ----------------------------------------------------------------------------------------------------


def moved(state: State) -> State:
    return replace(
        state, cursor=2, only_differing=True, query="lat", pane="steps", zoomed=True, phi=1, domain=1,
        settings=Settings("c-parity", "float32", "cpu", (("phi_carryover", False),)),
    )  # fmt: skip


def test_a_state_comes_back_through_json() -> None:
    there = moved(toy_state())
    kept = from_json(json.loads(json.dumps(asdict(snapshot(there)))))
    back = restored(replace(toy_state(), settings=settings_of(kept)), kept)
    names = ("cursor", "only_differing", "query", "pane", "zoomed", "phi", "domain", "block", "settings", "view")
    assert {name: getattr(back, name) for name in names} == {name: getattr(there, name) for name in names}


def test_changed_flags_and_pixel_come_back() -> None:
    state = toy_state()
    assert state.case is not None
    changed = replace(state.case, argv=("-hkl", "x", "-distance", "120"), pixel=(3, 4))
    kept = snapshot(replace(state, case=changed))
    assert case_of(kept, state.case) == changed
    assert case_of(kept, None) is None


def test_what_the_new_traces_lack_is_left_alone() -> None:
    kept = replace(snapshot(toy_state()), field="gone", place=(9, 9, 9), pane="of later versions")
    back = restored(toy_state(), kept)
    assert (back.cursor, back.pane) == (toy_state().cursor, "fields")
    assert back.place == (0, 1, 1)


@pytest.mark.parametrize(
    "broken",
    [{"place": [1]}, {"pixel": [1]}, {"query": 3}, {"quirks": ["x"]}, {"quirks": 3}, {"place": ["a", "b", "c"]}],
    ids=str,
)
def test_a_broken_snapshot_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        from_json({**asdict(Snapshot()), **broken})


def test_later_versions_may_know_more() -> None:
    assert from_json({"query": "x", "of_later_versions": 1}) == Snapshot(query="x")


# --- the files -------------------------------------------------------------------------------------------------------


def test_a_living_console_is_not_interrupted() -> None:
    keeper = Keeper(("demo",))
    keeper.start()
    keeper.note(Snapshot(name="toy"))
    wait_until(keeper.path.exists)
    assert find().sessions == ()
    keeper.close(left=False)
    assert [saved.path for saved in find().sessions] == [keeper.path]


def left(*words: str) -> tuple[Path, bool]:
    """A session that the user has quit, and whether ``nbtui --resume`` continues it."""
    keeper = Keeper(words)
    keeper.start()
    keeper.note(Snapshot(name=" ".join(words)))
    return keeper.path, keeper.close(left=True)


def test_the_last_session_left_is_kept_and_never_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    (first, resumable), (second, again) = left("first"), left("second")
    assert resumable and again and not first.exists()
    assert newest().path == second and not newest().offered
    monkeypatch.setattr("nbtui.console.startup.apply", lambda configuration: Preferences())
    assert preferences(Configuration(), ("second",), None).message == ""


def test_an_interrupted_session_comes_before_a_later_one_that_was_left() -> None:
    crashed = lost("crashed")
    path, resumable = left("later")
    assert not resumable
    assert newest().path == crashed
    assert claim(newest())
    assert newest().path == path


def test_a_console_without_content_leaves_no_session() -> None:
    keeper = Keeper(("demo",))
    keeper.start()
    assert not keeper.close(left=True)
    assert find().sessions == ()


def test_the_last_line_has_the_verdict_and_the_way_back() -> None:
    state = toy_state()
    assert state.comparison is not None
    said = farewell(state, resumable=True)
    assert said.startswith(f"{state.name}, C | live: FIRST DIVERGENCE  {state.comparison.first_divergence.label}")
    assert said.endswith("; continue with 'nbtui --resume'") and "\n" not in said
    assert "resume" not in farewell(state, resumable=False)
    assert "no verdict yet" in farewell(replace(state, comparison=None), resumable=True)
    assert "no verdict yet" in farewell(replace(state, phase=Phase.SIMULATING), resumable=True)


def test_the_newest_state_is_kept_privately(tmp_path: Path) -> None:
    keeper = Keeper(("open", "a b.log", "[red].log"))
    keeper.start()
    for phi in range(20):
        keeper.note(Snapshot(place=(0, phi, 0)))
    keeper.close(left=False)
    saved = newest()
    assert saved.snapshot.place == (0, 19, 0)
    assert (saved.words, saved.cwd) == (("open", "a b.log", "[red].log"), str(Path.cwd()))
    assert stat.S_IMODE(keeper.path.stat().st_mode) == 0o600
    assert {path.name for path in session.folder().iterdir()} == {keeper.path.name}  # no lock, no scraps


def test_two_consoles_do_not_share_a_session() -> None:
    first, second = lost("a"), lost("b")
    assert first != second
    assert [saved.words for saved in find().sessions] == [("b",), ("a",)]
    saved = newest()
    assert claim(saved) and not claim(saved)
    assert newest().words == ("a",)


def test_old_and_later_files_are_not_offered() -> None:
    path = lost("demo")
    content = json.loads(path.read_text())
    path.with_name("later.json").write_text('{"format": 99}')
    for at in (time.time() - session.KEPT - 1, time.time() + session.KEPT + 1):
        path.write_text(json.dumps({**content, "saved": at}))
        assert find() == session.Sessions()
    with pytest.raises(UnusableInput, match="no session"):
        newest()


def damaged_files() -> dict[str, bytes]:
    whole = {"format": 1, "saved": time.time(), "cwd": "/", "words": ["demo"], "snapshot": asdict(Snapshot())}
    changed: list[dict[str, object]] = [
        {"snapshot": {"place": [0, 0, 1e999]}}, {"snapshot": {"place": [0, 0, float("nan")]}}, {"snapshot": 3},
        {"snapshot": None}, {"saved": "then"}, {"saved": 1e300}, {"saved": [1]}, {"words": 5}, {"words": None},
    ]  # fmt: skip
    texts = {f"changed{number}": json.dumps({**whole, **change}).encode() for number, change in enumerate(changed)}
    lacking = {f"without {key}": json.dumps({k: v for k, v in whole.items() if k != key}).encode() for key in whole}
    return texts | lacking | {
        "torn": b'{"format": 1, "sav', "list": b"[]", "bytes": b"\x00\xff", "empty": b"", "null": b"null",
        "deep": 50_000 * b"[", "digits": b'{"format": 1, "saved": ' + 5000 * b"9" + b"}", "huge": 2_000_000 * b" ",
    }  # fmt: skip


@pytest.mark.parametrize("name", damaged_files())
def test_a_damaged_file_is_set_aside_and_reported_once(name: str) -> None:
    whole = lost("demo")
    damaged = whole.with_name(f"{name}.json")
    content = damaged_files()[name]
    damaged.write_bytes(content)
    found = find()
    aside = damaged.with_suffix(".damaged")
    assert [saved.path for saved in found.sessions] == [whole]
    assert found.damaged == (aside,) and str(aside) in found.complaint
    assert aside.read_bytes() == content and not damaged.exists()
    assert find().complaint == ""
    assert newest().path == whole


def test_a_damaged_file_stops_no_start_and_no_resume(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = session.folder()
    folder.mkdir(parents=True)
    (folder / "one.json").write_text("[")
    (folder / "two.json").symlink_to("/dev/zero")
    os.mkfifo(folder / "three.json")
    assert main(["--resume"]) == 2
    said = capsys.readouterr().err
    assert "no session to resume; a damaged session file was set aside as" in said
    assert "and 2 more like it" in said
    (folder / "four.json").write_text("{}")
    monkeypatch.setattr("nbtui.console.startup.apply", lambda configuration: Preferences())
    assert "four.damaged" in preferences(Configuration(), ("demo",), None).message


def test_a_session_of_days_ago_can_be_resumed_but_is_not_mentioned() -> None:
    path = lost("demo")
    assert newest().offered
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "saved": time.time() - session.OFFERED - 1}))
    assert newest().words == ("demo",) and not newest().offered


def test_where_it_cannot_be_saved_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file is in the way")
    told: list[str] = []
    keeper = Keeper(("demo",))
    keeper.trouble = told.append
    keeper.start()
    for phi in range(3):
        keeper.note(Snapshot(place=(0, phi, 0)))
        time.sleep(0.01)
    keeper.close(left=False)
    assert len(told) == 1 and str(tmp_path / "state") in told[0]
    assert find().sessions == ()


def test_without_locks_the_process_number_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    path = lost("demo")
    session._lock_of(path).touch()

    def no_locks(*arguments: object) -> None:
        raise OSError(38, "no locks")

    monkeypatch.setattr(session.fcntl, "flock", no_locks)
    assert find().sessions == ()  # this process is alive
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host, _, stamp = path.stem.rsplit("-", 2)
    gone = path.with_name(f"{host}-{ended.pid}-{stamp}.json")
    path.rename(gone)
    session._lock_of(gone).touch()
    assert [saved.path for saved in find().sessions] == [gone]


# --- the command line ------------------------------------------------------------------------------------------------


def test_nothing_to_resume(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--resume"]) == 2
    assert "no session to resume" in capsys.readouterr().err


def test_resume_stands_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--resume", "demo"]) == 2
    assert "--resume takes nothing else" in capsys.readouterr().err


def test_a_folder_that_is_gone_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "gone"
    place.mkdir()
    monkeypatch.chdir(place)
    path = lost("demo")
    monkeypatch.chdir(tmp_path)
    place.rmdir()
    with pytest.raises(UnusableInput, match="which is gone") as caught:
        newest()
    assert str(path) in str(caught.value)


def test_a_case_that_is_gone_is_named_and_the_session_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = lost(str(tmp_path / "moved"))
    assert main(["--resume"]) == 2
    said = capsys.readouterr().err
    assert str(tmp_path / "moved") in said and f"removing {path}" in said.replace("\n", " ")
    assert path.exists()


# --- in a real terminal ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_after_a_hang_up_everything_is_there_again(on_terminal: Start) -> None:
    first = on_terminal(nbtui_program("demo", "--reports", "mine"))
    first.wait_for("simulated in")
    first.press("m")
    first.wait_for("AGREE")
    first.press("jj]")
    first.hang_up()
    assert first.end() == 128 + signal.SIGHUP
    (saved,) = find().sessions
    assert saved.snapshot.phi_mode == "c-parity" and saved.snapshot.place == (0, 1, 0)

    plain = on_terminal(nbtui_program())
    plain.wait_for("was interrupted: nbtui --resume")
    plain.wait_for("FIRST DIVERGENCE")
    os.write(plain.fd, b"q")
    plain.end()
    after = plain.received.decode().rpartition("\x1b[?1004l")[2].strip()  # the last sequence for the terminal
    assert "demo, C | live: FIRST DIVERGENCE" in after and "resume" not in after  # it continues the one before
    assert find().sessions[0] == saved

    second = on_terminal(nbtui_program("--resume"))
    second.wait_for("resumed: nbtui demo --reports mine")
    second.wait_for("AGREE")
    second.wait_for("phi 1/")
    second.signal(signal.SIGTERM)
    assert second.end() == 128 + signal.SIGTERM
    again = find().sessions[0]
    assert again.snapshot == saved.snapshot and again.words == ("demo", "--reports", "mine")


@pytest.mark.slow
def test_a_terminal_that_goes_without_a_word(tmp_path: Path) -> None:
    """No SIGHUP: the console of a session without a controlling terminal. It must neither stay nor spin."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    command = [sys.executable, "-c", nbtui_program("demo")]
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, cwd=tmp_path, start_new_session=True)
    os.close(slave)
    end = time.monotonic() + PATIENCE
    while not list(session.folder().glob("*.json")) and time.monotonic() < end:
        if select.select([master], [], [], 0.1)[0]:
            os.read(master, 65536)
    os.close(master)
    assert process.wait(PATIENCE) == 128 + signal.SIGHUP
    assert [saved.snapshot.name for saved in find().sessions] == ["demo"]
