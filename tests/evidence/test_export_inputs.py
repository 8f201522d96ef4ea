"""``export --with-inputs``: a package that can be simulated anywhere, because it holds its input files."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from nbtui.cli import main
from nbtui.evidence.restore.restore import restore
from nbtui.evidence.write import inputs as carrying
from nbtui.live.cases import load_case
from nbtui.live.session import simulate
from nbtui.settings import Configuration
from support.evidence_packages import checksums

FLAGS = "-cell 30 37 45 90 90 90 -N 5 -lambda 1 -distance 100 -detpixels 20 -pixel 1 -oversample 1"


@pytest.fixture
def case(here: Path) -> Callable[[str], Path]:
    """A case folder whose reflection file has a given name."""

    def made(name: str) -> Path:
        folder = here / "toy"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("".join(f"{h} {k} {l} 100\r\n" for h, k, l in product(range(-3, 4), repeat=3)))
        (folder / "command.txt").write_text(f"nanoBragg {FLAGS} -hkl '{name}' -trace_pixel 9 8\n")
        lines = simulate(load_case(str(folder))).trace_lines
        (folder / "trace_c.log").write_text("\n".join(line.replace("TRACE_PY", "TRACE_C") for line in lines) + "\n")
        return folder

    return made


def exported(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[Path, dict[str, Any]]:
    assert main(["export", *words]) == 0
    package = Path(capsys.readouterr().out.splitlines()[-1]).resolve()
    return package, json.loads((package / "metrics.json").read_text())


@pytest.mark.parametrize(
    ("name", "carried"),
    [
        ("my.hkl", "my.hkl"),
        ("below/my.hkl", "my.hkl"),
        ("two words.hkl", "two words.hkl"),
        ("metrics.json", "input_1_metrics.json"),
        ("TERMS.csv", "input_1_TERMS.csv"),
        ("trace_py_x.log", "input_1_trace_py_x.log"),
        (".hidden", "input_1_.hidden"),
        ("Å ².hkl", "input_1_A__2.hkl"),
    ],
)
def test_a_package_is_simulated_where_nothing_else_is(
    name: str, carried: str, case: Callable[[str], Path], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = case(name)
    data = (folder / name).read_bytes()
    package, found = exported(capsys, str(folder), "--with-inputs")
    entry = next(entry for entry in found["inputs"] if "carried" in entry)
    assert entry["carried"] == carried and (package / carried).read_bytes() == data
    assert (entry["sha256"], entry["size"]) == (hashlib.sha256(data).hexdigest(), len(data))
    shutil.rmtree(folder)
    moved = Path(shutil.move(package, here / "elsewhere"))
    named = moved.rename(moved.with_name(package.name))
    assert main(["verify", "--replay", str(named)]) == 0, capsys.readouterr().out
    again = restore(named, Configuration())
    assert again.case is not None and again.obstacle == ""


def test_a_changed_copy_and_a_foreign_file_are_noticed(
    case: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    package, _ = exported(capsys, str(case("my.hkl")), "--with-inputs")
    copy = package / "my.hkl"
    before = copy.read_bytes()
    copy.write_bytes(before + b"3 3 3 7\r\n")
    (package / "sha256.txt").write_text(checksums(package))
    assert main(["verify", str(package)]) == 1
    assert "my.hkl in the package is not my.hkl" in capsys.readouterr().out
    copy.write_bytes(before)
    (package / "other.hkl").write_bytes(before)
    (package / "sha256.txt").write_text(checksums(package))
    assert main(["verify", str(package)]) == 1
    assert "other.hkl: is not a file of this package" in capsys.readouterr().out
    (package / "other.hkl").unlink()
    copy.rename(package.parent / "my.hkl")
    copy.symlink_to(package.parent / "my.hkl")
    (package / "sha256.txt").write_text(checksums(package))
    assert main(["verify", str(package)]) == 1
    assert "my.hkl: is a link" in capsys.readouterr().out


@pytest.mark.parametrize("limit", ["FILE_LIMIT", "FILES_LIMIT"])
def test_large_inputs_stay_outside_and_are_named(
    limit: str, case: Callable[[str], Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, limit, 1000)
    package, found = exported(capsys, str(case("my.hkl")), "--with-inputs")
    assert not (package / "my.hkl").exists() and "carried" not in found["inputs"][0]
    assert any(one.startswith("--with-inputs: my.hkl (") and "is left out" in one for one in found["findings"])
    assert "--with-inputs: my.hkl" in (package / "summary.md").read_text()
    assert main(["verify", "--replay", str(package)]) == 0


def test_inputs_that_change_during_the_simulation_are_refused(
    case: Callable[[str], Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = case("my.hkl")

    def simulate_then_change(*given: Any) -> Any:
        made = simulate(*given)
        (folder / "my.hkl").write_text("1 1 1 5\n")
        return made

    monkeypatch.setattr("nbtui.evidence.write.gather.simulate", simulate_then_change)
    assert main(["export", str(folder)]) == 4
    assert "my.hkl: changed during the simulation; export again" in capsys.readouterr().err
    assert not Path("reports").exists()
