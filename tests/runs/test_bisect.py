"""``nbtui bisect``: the first bad commit of a port's history, in a second checkout."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from nbtui import api
from nbtui.cli import main
from support.patience import PATIENCE
from support.places import DEMO
from support.port_history import commit, git, history
from support.run_port import PIXEL, port, write_case
from support.schemas import held

RIGHT, WRONG = port(), port(2.0, "omega_pixel", *PIXEL)
CRASH = "raise SystemExit('the trace hook crashed')\n"
IMAGE = """
import sys
import numpy as np
(np.load({image!r}) * {factor}).astype("f4").tofile(sys.argv[3])
"""


@pytest.fixture
def project(here: Path, own_state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the case ``mine``; temporary directories are made where the test can look."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    write_case(here)
    return here


def numbered(*texts: str) -> list[tuple[str, str]]:
    """Versions of a port with subjects 1, 2, 3, ..., each different from the one before."""
    return [(str(number), f"{text}# {number}\n") for number, text in enumerate(texts, start=1)]


def answer(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    found: dict[str, object] = held(capsys.readouterr().out)
    return found


def test_the_first_bad_commit_is_found_and_kept(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = history(project, numbered(*[RIGHT] * 4, *[WRONG] * 4))
    (project / "port.py").write_text("uncommitted\n")
    before = git(project, "status", "--porcelain"), git(project, "rev-parse", "HEAD")
    assert main(["bisect", "mine", "--good", made["1"], "--bad", "HEAD", "--reports", str(tmp_path / "kept")]) == 0
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert lines[0] == f"first bad commit: {made['5'][:10]} 5"
    assert lines[1] == "rule: a commit is bad where its log differs"
    assert lines[2] == f"good before it: {made['4'][:10]} 4"
    assert lines[3].startswith("moved: diverges now: first divergence omega_pixel (Scaling); gap ")
    assert lines[4] == "5 commits were run" and f"running {made['5'][:10]} 5" in told.err
    package = Path(lines[5].removeprefix("evidence: "))
    assert api.verify(package)
    summary, metrics = (package / "summary.md").read_text(), json.loads((package / "metrics.json").read_text())
    assert f"first bad commit {made['5'][:10]} 5" in summary
    assert metrics["sides"][1]["made_by"]["commit"] == made["5"]
    assert before == (git(project, "status", "--porcelain"), git(project, "rev-parse", "HEAD"))
    assert (project / "port.py").read_text() == "uncommitted\n"
    assert len(git(project, "worktree", "list").splitlines()) == 1 and not list((tmp_path / "scratch").iterdir())


def test_commits_that_cannot_be_judged_leave_a_range(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = history(project, numbered(RIGHT, RIGHT, CRASH, CRASH, WRONG, WRONG))
    assert main(["bisect", "mine", "--good", made["1"], "--json"]) == 1
    found = answer(capsys)
    assert found["first_bad"] is None and found["suspects"] and found["good"] == made["2"]
    assert set(found["suspects"]) == {made["3"], made["4"], made["5"]}  # type: ignore[call-overload]
    judged = {one["subject"]: (one["verdict"], one["sentence"]) for one in found["judged"]}  # type: ignore[attr-defined]
    assert judged["3"] == ("cannot be judged", "exit status 1: the trace hook crashed")


def test_images_judge_where_traces_fail(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(DEMO, project / "case")
    python = shlex.quote(sys.executable)
    (project / "nbtui.toml").write_text(
        f"[cases.mine]\nfolder = 'case'\nsuspect = '''{python} port.py {{pixel}} {{image}} > {{log}}'''\n"
    )
    right, wrong = (IMAGE.format(image=str(DEMO / "image.npy"), factor=factor) for factor in (1.0, 1.5))
    texts = [right + RIGHT, right + CRASH, right + CRASH, wrong + CRASH, wrong + CRASH, wrong + WRONG]
    made = history(project, numbered(*texts))
    assert main(["bisect", "mine", "--good", made["1"], "--json"]) == 0
    found = answer(capsys)
    assert found["first_bad"] == made["4"] and "without a usable trace, where its image differs" in str(found["rule"])
    kept = Path(str(found["evidence"]))
    assert kept.parent == Path("reports/images") and np.load(kept / "image.npy").max() > 0
    assert main(["bisect", "mine", "--good", made["1"], "--image"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"first bad commit: {made['4'][:10]} 4") and "rule: a commit is bad where its image" in told


def test_a_command_of_its_own_makes_the_image(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The suspect command has no script in any commit."""
    shutil.copytree(DEMO, project / "case")
    python = shlex.quote(sys.executable)
    right, wrong = (IMAGE.format(image=str(DEMO / "image.npy"), factor=factor) for factor in (1.0, 1.5))
    suspect = ["--suspect", f"{python} hook.py", "--image-command", f"{python} port.py a b {{image}}"]
    made = history(project, numbered(right, wrong, wrong))
    assert main(["bisect", "case", *suspect, "--good", made["1"], "--image"]) == 0
    assert capsys.readouterr().out.startswith(f"first bad commit: {made['2'][:10]} 2")


def test_a_field_is_judged_where_the_rest_was_never_right(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    polar, both = port(3.0, "polar", *PIXEL), port(3.0, "polar", "omega_pixel", *PIXEL)
    made = history(project, numbered(polar, polar, both, both))
    for words, why in (
        ([], f" ({made['1'][:10]} differs too, first in polar (Scaling))"),
        (["--field", "omega_pixel"], ""),
    ):
        assert main(["bisect", "mine", "--good", made["1"], *words]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == f"first bad commit: {made['3'][:10]} 3"
        assert lines[1] == f"rule: a commit is bad where omega_pixel differs{why}"
    assert main(["bisect", "mine", "--good", made["1"], "--field", "polar"]) == 2
    assert "--good " + made["1"][:10] + " is not good" in capsys.readouterr().err
    assert main(["bisect", "mine", "--good", made["1"], "--field", "no_such_field"]) == 2
    assert "cannot be judged: its log does not hold no_such_field" in capsys.readouterr().err


def test_a_branch_that_was_merged_is_searched(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = history(project, numbered(RIGHT, RIGHT))
    git(project, "checkout", "--quiet", "-b", "side")
    inside = commit(project, "inside", WRONG)
    git(project, "checkout", "--quiet", "main")
    commit(project, "beside", "a text\n", "notes.txt")
    git(project, "merge", "--quiet", "--no-ff", "-m", "merged", "side")
    assert main(["bisect", "mine", "--good", made["1"], "--json"]) == 0
    assert answer(capsys)["first_bad"] == inside


def test_the_ends_are_checked_first(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = history(project, numbered(RIGHT, WRONG, WRONG, RIGHT))
    for words, told in (
        ([], "give --good COMMIT, a commit without the difference, or --step"),
        (["--good", "nothing"], "--good nothing: no such commit in "),
        (["--good", made["1"]], f"--bad {made['4'][:10]} is not bad: agrees"),
        (["--good", made["2"], "--bad", made["3"]], f"--good {made['2'][:10]} is not good: first divergence"),
        (["--good", made["3"], "--bad", made["1"]], "is newer than --bad"),
        (["--good", made["3"], "--bad", made["3"]], "are the same commit"),
        (["--good", made["1"], "--gates", "none"], "--gates none: must be one of field, exact"),
    ):
        assert main(["bisect", "mine", *words]) == 2
        assert told in capsys.readouterr().err


def test_a_command_that_runs_the_users_checkout_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = history(project, numbered(RIGHT, WRONG))
    suspect = ["--suspect", f"{shlex.quote(sys.executable)} {project}/port.py"]
    assert main(["bisect", "mine", "--good", made["1"], *suspect]) == 2
    assert "names the checkout by its full path" in capsys.readouterr().err
    (project / "link.py").symlink_to(project / "port.py")  # untracked: of the user's checkout alone
    suspect = ["--suspect", f"{shlex.quote(sys.executable)} ./link.py"]
    assert main(["bisect", "mine", "--good", made["1"], *suspect]) == 2
    told = capsys.readouterr().err
    assert "the logs of both are identical: does the command run the code of its working directory?" in told


def test_a_folder_without_git_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bisect", "mine", "--good", "HEAD"]) == 2
    assert "not in a git checkout" in capsys.readouterr().err


def test_step_has_the_exit_codes_of_git_bisect_run(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history(project, numbered(RIGHT))
    for text, code, told in (
        (RIGHT, 0, "good: agrees"),
        (WRONG, 1, "bad: first"),
        (CRASH, 125, "cannot be judged: exit"),
    ):
        (project / "port.py").write_text(text)
        assert main(["bisect", "mine", "--step"]) == code
        assert told in capsys.readouterr().out
    for words in (["mine", "--step", "--nonsense"], ["nothing", "--step"], ["mine", "--step", "--gates", "none"]):
        assert main(["bisect", *words]) >= 128
        assert "nothing was judged" in capsys.readouterr().err
    assert main(["bisect", "mine", "--nonsense"]) == 2


@pytest.mark.slow
def test_git_bisect_runs_it(project: Path) -> None:
    made = history(project, numbered(RIGHT, CRASH, RIGHT, WRONG))
    git(project, "bisect", "start", made["4"], made["1"])
    told = git(project, "bisect", "run", sys.executable, "-m", "nbtui", "bisect", "mine", "--step")
    assert f"{made['4']} is the first bad commit" in told


@pytest.mark.slow
def test_an_interrupt_removes_the_second_checkout(project: Path, tmp_path: Path) -> None:
    slow = "import sys, time; print('started', file=sys.stderr); time.sleep(600)\n"
    made = history(project, numbered(slow, slow))
    words = [sys.executable, "-m", "nbtui", "bisect", "mine", "--good", made["1"]]
    environment = os.environ | {"TMPDIR": str(tmp_path / "scratch")}
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment) as running:
        assert running.stderr is not None and "running" in running.stderr.readline()
        running.send_signal(signal.SIGINT)
        assert running.wait(PATIENCE) == 130
    assert len(git(project, "worktree", "list").splitlines()) == 1 and not list((tmp_path / "scratch").iterdir())
