"""``nbtui run``: a port is run, compared and listed, whatever it does."""

from __future__ import annotations

import gzip
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from nbtui.cli import main
from support.places import DEMO
from support.run_port import PIXEL, port, write_case
from support.schemas import held

PYTHON = shlex.quote(sys.executable)
GOLDEN = (DEMO / "trace_c.log").read_text()


def run(capsys: pytest.CaptureFixture[str], *words: str, code: int) -> dict[str, Any]:
    assert main(["run", *words, "--json", "--no-diagnose"]) == code
    found: dict[str, Any] = held(capsys.readouterr().out)
    return found


def test_edit_run_look(my_port: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = run(capsys, "mine", code=0)
    assert (first["run"], first["verdict"], first["gap"], first["moved"]) == (1, "agrees", 0.0, None)
    assert first["changed_sources"] == []
    my_port.write_text(port(1.5))
    second = run(capsys, "mine", code=1)
    assert (second["first_divergence"], second["stage"]) == ("omega_pixel", "Scaling")
    assert second["moved"].startswith("diverges now: first divergence omega_pixel (Scaling)")
    assert second["changed_sources"] == ["port.py"]
    assert second["sources"] != first["sources"]
    assert "+FACTOR = 1.5" in (Path(second["files"]) / "changes.diff").read_text()
    my_port.write_text(port(1.25, *PIXEL))
    third = run(capsys, "mine", code=1)
    assert third["gap"] == pytest.approx(0.25, rel=1e-12)
    assert "moved from omega_pixel (Scaling) to I_pixel_final (Scaling); gap 0 % -> +25.0 %" in third["moved"]
    assert Path(third["log"]).read_text().startswith("TRACE_PY:")

    assert main(["run", "mine", "--list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert len(listed) == 4
    assert "omega_pixel (Scaling)" in listed[2] and third["moved"] in listed[3]
    assert main(["run", "mine", "--list", "--json"]) == 0
    assert [held(line) for line in capsys.readouterr().out.splitlines()] == [first, second, third]

    assert main(["run", "mine", "--between", "1", "3"]) == 1
    between = capsys.readouterr().out
    assert "-FACTOR = 1.0" in between and "+FACTOR = 1.25" in between
    assert "diverges now: first divergence I_pixel_final (Scaling)" in between
    assert "\n# I_pixel_final" in between
    assert main(["run", "mine", "--between", "1", "9"]) == 2
    assert "no run 9 of this case; runs: 1 to 3" in capsys.readouterr().err

    (Path(first["files"]) / "sources.json.gz").write_bytes(gzip.compress(b"[]"))
    assert main(["run", "mine", "--between", "1", "3"]) == 1
    between = capsys.readouterr().out
    assert "; the sources of run 1 cannot be read: " in between and "is damaged" in between


def test_the_table_is_that_of_compare_and_the_last_lines_are_the_run(
    my_port: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    my_port.write_text(port(1.5))
    assert main(["run", "mine", "--no-diagnose"]) == 1
    told = capsys.readouterr()
    assert told.out.startswith("FIRST DIVERGENCE  omega_pixel")
    assert told.out.splitlines()[-1].startswith("run 1: first divergence omega_pixel (Scaling); gap 0 %; 1 of ")
    assert main(["run", "mine", "--no-diagnose"]) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("  since before: the log is identical")


def test_a_traceback_is_named_by_its_last_line_in_the_ports_own_code(
    my_port: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "mine", code=0)
    my_port.write_text("import json\njson.loads('\\x1b[31m{')\n")
    found = run(capsys, "mine", code=3)
    assert found["verdict"] == "failed"
    assert found["failure"].startswith("exit status 1: json.decoder.JSONDecodeError: ")
    assert found["failure"].endswith("(port.py:2)")
    assert main(["run", "mine", "--no-diagnose"]) == 3
    told = capsys.readouterr()
    assert "Traceback (most recent call last):" in told.err
    assert "\x1b" not in told.err + told.out
    my_port.write_text(port(2))
    moved = run(capsys, "mine", code=1)["moved"]
    assert moved.startswith("runs again; since run 1: diverges now: first divergence omega_pixel (Scaling)")


def test_a_crash_after_the_trace_is_a_failure_with_a_comparison(
    my_port: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    my_port.write_text(port(2) + "\nsys.exit('out of memory')\n")
    found = run(capsys, "mine", code=3)
    assert (found["verdict"], found["first_divergence"]) == ("failed", "omega_pixel")
    assert found["failure"] == "exit status 1: out of memory"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("import time; time.sleep(600)", "no end within 1 s"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended by signal 9"),
        ("print('no trace here')", "no trace in its log"),
        ("import os\nif os.fork() == 0:\n    os.setsid()\n    import time; time.sleep(600)", "no trace in its log"),
    ],
)
def test_a_port_that_misbehaves_is_a_failed_run(
    my_port: Path, capsys: pytest.CaptureFixture[str], body: str, said: str
) -> None:
    my_port.write_text(body)
    assert said in run(capsys, "mine", "--limit", "1", code=3)["failure"]


def test_a_large_log_of_a_failed_run_is_kept_and_not_read(
    my_port: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nbtui.runs.perform.LARGEST_FAILED", 100)
    my_port.write_text(port(2) + "\nsys.exit(1)\n")
    found = run(capsys, "mine", code=3)
    assert found["first_divergence"] is None
    assert Path(found["log"]).stat().st_size > 100


def test_a_log_that_takes_too_long_to_read_is_a_failure(
    my_port: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nbtui.runs.perform.READING", -1.0)
    my_port.write_text("for _ in range(100_000): print('TRACEME', 'x' * 50)\n")
    assert "its log is not read within" in run(capsys, "mine", code=3)["failure"]


def test_a_port_may_write_the_log_itself_and_talk_on_stdout(my_port: Path, capsys: pytest.CaptureFixture[str]) -> None:
    my_port.write_text(
        f"import sys\nprint('hello')\nopen(sys.argv[1], 'w').write({GOLDEN!r}.replace('TRACE_C', 'TRACE_PY'))"
    )
    found = run(capsys, "mine", "--suspect", f"{PYTHON} port.py {{log}}", code=0)
    assert (Path(found["files"]) / "output").read_text() == "hello\n"


def test_a_shell_runs_only_on_request(my_port: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = f"cat port.py | {PYTHON} - > {{log}}"
    assert main(["run", "mine", "--suspect", command]) == 2
    assert "--suspect: '|' needs a shell" in capsys.readouterr().err
    assert run(capsys, "mine", "--suspect", command, "--shell", code=0)["verdict"] == "agrees"


def test_settings_of_the_case_reach_the_command(
    here: Path, own_state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "elsewhere").mkdir()
    write_case(here, 'run_in = "elsewhere"\nenvironment = { PORT = "../port.py" }', f"{PYTHON} -c '{STARTER}'")
    assert run(capsys, "mine", code=0)["verdict"] == "agrees"


STARTER = 'import os; assert os.getcwd().endswith("elsewhere"); exec(open(os.environ["PORT"]).read())'


def test_a_reference_command_runs_once_until_it_changes(my_port: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = my_port.with_name("c.sh")
    script.write_text(f"echo run >> count\ncat '{DEMO / 'trace_c.log'}'\n")
    words = ("mine", "--reference", "sh c.sh")
    assert run(capsys, *words, code=0)["reference"] == "command sh c.sh"
    run(capsys, *words, code=0)
    assert Path("count").read_text() == "run\n"
    run(capsys, *words, "--again", code=0)
    assert Path("count").read_text() == "run\n" * 2
    script.write_text(script.read_text() + "exit 0\n")
    run(capsys, *words, code=0)
    assert Path("count").read_text() == "run\n" * 3
    assert main(["run", "mine", "--reference", "sh -c 'exit 5'"]) == 3
    assert "the reference command: exit status 5" in capsys.readouterr().err


def test_the_c_program_is_the_reference_of_a_case_without_a_log(
    my_port: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = my_port.with_name("nanoBragg.sh")
    program.write_text(f"#!/bin/sh\ncat '{DEMO / 'trace_c.log'}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("NB_C_BIN", str(program))
    text = Path("nbtui.toml").read_text()
    Path("nbtui.toml").write_text("\n".join(line for line in text.splitlines() if not line.startswith("c_log")))
    assert run(capsys, "mine", code=0)["reference"] == f"C program {program}"


@pytest.mark.slow
def test_the_simulation_is_the_last_resort_and_the_cause_is_named(
    my_port: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    polar = float(next(line.split()[2] for line in GOLDEN.splitlines() if line.startswith("TRACE_C: polar ")))
    my_port.write_text(port(1 / polar, "polar", *PIXEL))
    assert main(["run", "mine", "--reference", "simulated", "--json"]) == 1
    found = held(capsys.readouterr().out)
    assert found["reference"].startswith("simulated, nbsim")
    assert found["cause"].startswith("explained: ")
    assert held(_listed(capsys))["cause"] == found["cause"]


def _listed(capsys: pytest.CaptureFixture[str]) -> str:
    main(["run", "mine", "--list", "--json"])
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("demo",), 2, "--suspect is missing"),
        (("demo", "--suspect", "no-such-program-here"), 3, "no-such-program-here: cannot be started"),
        (("mine", "--list", "--between", "1", "2"), 2, "takes neither"),
        (("mine", "--between", "1", "1"), 2, "two different runs"),
        (("mine", "--limit", "0"), 2, "--limit"),
    ],
)
def test_an_impossible_run_says_why(
    my_port: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, said: str
) -> None:
    assert main(["run", *words]) == code
    assert said in capsys.readouterr().err


def test_a_state_directory_that_cannot_be_written_is_named(
    my_port: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert main(["run", "mine", "--no-diagnose"]) == 4
    assert "XDG_STATE_HOME names another place" in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == ["nbtui.toml", "port.py"]
