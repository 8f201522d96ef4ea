"""A package says where the Python log came from, and keeps its phi lines in a file of their own."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

import nbtui
from nbtui.cli import main
from nbtui.console.logs.aligned import aligned
from nbtui.evidence.check.verify import verify
from nbtui.evidence.history import history, load
from nbtui.evidence.restore.restore import restore
from nbtui.evidence.write.port import Port, port_of
from nbtui.live.cases import load_case
from nbtui.live.session import simulate, split_phi
from nbtui.parity.compare import compare
from nbtui.settings import Configuration
from nbtui.trace.reading.reader import read_phi, read_trace, with_phi

DEMO = Path(nbtui.__file__).parent / "demo"
GIT = ("git", "-c", "user.name=x", "-c", "user.email=x@x")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def logs(here: Path) -> tuple[Path, Path]:
    """The log of a port, and its phi lines in a file of their own, as a trace harness writes them."""
    main_lines, phi = split_phi(simulate(load_case("demo")).trace_lines)
    for name, lines in (("port.log", main_lines), ("port_phi.log", phi)):
        (here / name).write_text("".join(f"{line}\n" for line in lines))
    return here / "port.log", here / "port_phi.log"


def exported(capsys: pytest.CaptureFixture[str], *words: str) -> Path:
    assert main(["export", "demo", *words]) in (0, 1)
    return Path(capsys.readouterr().out.splitlines()[-1])


def side(package: Path, number: int) -> dict[str, object]:
    found = json.loads((package / "metrics.json").read_text())["sides"][number]
    assert isinstance(found, dict)
    return found


# --- phi lines -------------------------------------------------------------------------------------------------------


def test_phi_lines_in_a_file_of_their_own_are_compared_and_kept(
    logs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    log, phi = logs
    package = exported(capsys, "--py", log.name, "--py-phi", phi.name)
    assert (package / "trace_py_scaling_cpu_per_phi.log").read_bytes() == phi.read_bytes()
    found = json.loads((package / "metrics.json").read_text())
    rows = {**found["factors"], **found["other_fields"]}
    compared = [name for name, row in rows.items() if name.startswith("phi.") and row["status"] != "MISSING"]
    assert len(compared) >= 12
    assert [entry["path"] for entry in found["inputs"]][-2:] == ["port.log", "port_phi.log"]
    assert verify(package).ok, verify(package).findings
    again = restore(package, Configuration())
    assert len(again.py.phi) == 12 and again.case is not None
    line = (package / "commands.txt").read_text().splitlines()[-2]
    assert line.endswith("nbtui export demo --py port.log --py-phi port_phi.log")
    without = exported(capsys, "--py", log.name)
    assert not (without / "trace_py_scaling_cpu_per_phi.log").exists() and verify(without).ok


def test_changed_phi_lines_are_found(logs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    log, phi = logs
    package = exported(capsys, "--py", log.name, "--py-phi", phi.name)
    kept = package / "trace_py_scaling_cpu_per_phi.log"
    kept.write_text(re.sub(r"k_frac=\S+", "k_frac=3.0", kept.read_text(), count=1))
    wrong = [f"{one.file}: {one.what}" for one in verify(package).findings if one.fatal]
    assert any("trace_py_scaling_cpu_per_phi.log" in one for one in wrong)
    assert any("phi.k_frac" in one for one in wrong)


@pytest.mark.parametrize("words", [["--py-phi", "x"], ["--py-made-by", "x"], ["--port", "."]])
def test_statements_about_a_log_need_the_log(words: list[str], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "demo", *words]) == 2
    assert "--py FILE" in capsys.readouterr().err


# --- origin ----------------------------------------------------------------------------------------------------------


def test_an_unknown_origin_is_called_unknown(logs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    package = exported(capsys, "--py", logs[0].name)
    assert side(package, 1)["made_by"] == dict.fromkeys(("command", "folder", "commit", "torch"), "unknown")
    assert "made by: command unknown, folder unknown, commit unknown, torch unknown" in (
        (package / "summary.md").read_text()
    )
    simulated = exported(capsys)
    assert side(simulated, 1)["made_by"] is None and verify(simulated).ok


def test_the_head_of_a_log_and_the_user_say_where_it_came_from(
    logs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    log, _ = logs
    head = "# torch: 2.3.1+cu121\n# commit = 1a2b3c4\n# command: python harness.py --pixel 12 14\nloading ...\n"
    log.write_text(head + log.read_text() + "# commit: after the first trace line\n")
    package = exported(capsys, "--py", log.name, "--py-made-by", "python -m port | tee port.log")
    made = side(package, 1)["made_by"]
    assert made == {
        "command": "python -m port | tee port.log",
        "folder": "unknown",
        "commit": "1a2b3c4",
        "torch": "2.3.1+cu121",
    }
    outcome = verify(package)
    assert outcome.ok, outcome.findings


def test_the_folder_of_the_port_gives_commit_and_torch(
    logs: tuple[Path, Path], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = here / "port"
    (port / ".venv" / "lib" / "python3.11" / "site-packages" / "torch-2.8.0.dist-info").mkdir(parents=True)
    (port / "model.py").write_text("x = 1\n")
    (port / ".gitignore").write_text(".venv\n")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "one"]):
        subprocess.run([*GIT, "-C", str(port), *words], check=True)
    sha = subprocess.run(["git", "-C", str(port), "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    commit = sha.stdout.strip()
    log, _ = logs
    first = exported(capsys, "--py", log.name, "--port", "port")
    assert side(first, 1)["made_by"] == {"command": "unknown", "folder": "port", "commit": commit, "torch": "2.8.0"}
    (port / "model.py").write_text("x = 2\n")
    assert port_of(log, folder=port).port == Port("", str(port), f"{commit} with uncommitted changes", "2.8.0")
    log.write_text(f"# commit: {commit[:9]}\n# torch: 2.7.1\n{log.read_text()}")
    second = exported(capsys, "--py", log.name, "--port", "port")
    findings = json.loads((second / "metrics.json").read_text())["findings"]
    assert "the Python log was made at torch 2.7.1, port is at 2.8.0" in findings
    assert not any("made at commit" in text for text in findings)
    assert verify(second).ok
    entries = history(load(here / "reports"))
    assert "port torch 2.8.0 -> 2.7.1" in entries[1].drift


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"# commit:\n", b"# commit: x\x1b[2J\n", b"#" * 9999])
def test_any_head_of_a_log_can_be_read(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(content)
    assert "\x1b" not in json.dumps(port_of(tmp_path / "log").port.entry())
    assert port_of(tmp_path / "missing").port == Port()


def test_phi_lines_of_another_file_have_no_line_in_the_log(logs: tuple[Path, Path]) -> None:
    """The raw log screen would go to a foreign line."""
    log, phi = logs
    joined = with_phi(read_trace(log), read_phi(phi))
    assert len(joined.phi) == 12 and {line.line for line in joined.phi} == {0}
    c = read_trace(DEMO / "trace_c.log")
    found, _ = aligned(compare(c, joined), None)
    assert len(c.phi) == 12 and "o" not in found.marks[0].signs  # C's phi lines are not missing on the other side
