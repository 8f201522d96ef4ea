"""``nbtui gradients``: a port's gradients judged, the C program differentiated, what is refused."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from nbtui.cli import main
from nbtui.live.cases import load_case
from nbtui.live.gradients.measured import measured_slopes
from nbtui.live.gradients.ours import pixel_slopes
from nbtui.live.model import Settings, reference_settings
from nbtui.trace.reading.reader import read_trace
from support.schemas import held
from support.tapped_port import FLAGS, LEAVES, PIXEL, photons, port

C_PROGRAM = os.environ.get("NB_C_BIN", "")
WHERE = ("--pixel", *map(str, PIXEL))
SOME = ("--parameter", "cell_a", "--parameter", "misset_z", "--parameter", "distance")


def gradients(*words: str) -> int:
    return main(["gradients", *WHERE, *words, "--", *FLAGS.split()])


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log of the small port without its bugs, which never saw our simulator."""
    found = tmp_path_factory.mktemp("port") / "py.log"
    photons(port(), found)
    return found


def changed(log: Path, name: str, factor: float) -> Path:
    """The log with one gradient times a factor."""
    lines = log.read_text().splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.startswith(f"TRACE_PY_GRAD: {name} "))
    lines[at] = f"TRACE_PY_GRAD: {name} {float(lines[at].split()[-1]) * factor!r}"
    found = log.with_name(f"{name}_{factor:g}.log")
    found.write_text("\n".join([*lines, ""]))
    return found


@pytest.mark.slow
def test_a_right_port_agrees_in_every_gradient(log: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two programs, two formulations, and differences of exact runs give the same derivatives."""
    words = [word for name in LEAVES for word in ("--parameter", name)]
    assert gradients("--py", str(log), "--json", *words) == 0
    found = held(capsys.readouterr().out)
    assert found["verdicts"] == {"agree": 15}
    for row in found["gradients"]:
        off = abs(row["theirs"] - row["ours"])
        assert off <= (1e-7 if row["parameter"] == "mosaic_spread" else 1e-9) * abs(row["ours"]), row["parameter"]


def test_a_gradient_in_another_unit_is_named(log: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = changed(log, "misset_z", 180 / 3.141592653589793)
    assert gradients("--py", str(wrong), *SOME) == 1
    out = capsys.readouterr().out
    assert "57.2958 times ours: per radian, not per degree" in out and "2 agree, 1 differ" in out
    assert all(len(line) <= 200 for line in out.splitlines())


def test_without_a_log_the_differences_confirm_ours(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gradients("--parameter", "fluence", "--parameter", "n_cells") == 0
    out = capsys.readouterr().out
    assert "1 agree, 3 none" in out and "meaningless between whole N" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--parameter", "cel"), "cel: no such parameter of this case"),
        (("--py", "empty.log"), "no line TRACE_PY_GRAD"),
        (("--binary", "nowhere/nanoBragg"), "no executable program"),
    ],
)
def test_refusals(words: tuple[str, ...], said: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "empty.log").write_text("TRACE_PY: F_cell 1\n")
    assert gradients("--parameter", "fluence", *words) == 2
    assert said in capsys.readouterr().err


def test_a_log_of_another_pixel_value_is_pointed_out(log: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = log.read_text()
    old = next(line for line in text.splitlines() if "I_pixel_final" in line)
    (here / "off.log").write_text(text.replace(old, "TRACE_PY: I_pixel_final 1"))
    assert gradients("--py", "off.log", "--parameter", "fluence") == 0
    assert "the pixel of your log itself is off" in capsys.readouterr().err


FAKE = """#!{python}
import sys
words = sys.argv[1:]
fluence = float(words[len(words) - 1 - words[::-1].index("-fluence") + 1])
print("TRACE_C: F_cell 1")
print("TRACE_C: I_pixel_final %.17g" % ({slope!r} * fluence{more}))
"""


def program(folder: Path, slope: float, more: str = "") -> Path:
    """A program whose pixel follows the fluence alone."""
    found = folder / "c_program"
    found.write_text(FAKE.format(python=sys.executable, slope=slope, more=more))
    found.chmod(0o755)
    return found


def test_the_c_program_is_differentiated(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    value = pixel_slopes(load_case(flags=FLAGS.split(), pixel=PIXEL), Settings("c-parity"), ["fluence"]).value
    same = ("--phi-mode", "c-parity", "--parameter", "fluence", "--json", "--binary")
    assert gradients(*same, str(program(here, value / 1e24))) == 0
    (row,) = held(capsys.readouterr().out)["gradients"]
    assert row["c_program"]["value"] == pytest.approx(value / 1e24, rel=1e-9)
    assert gradients(*same, str(program(here, value / 1e24, " * (fluence / 1e24)"))) == 1
    (row,) = held(capsys.readouterr().out)["gradients"]
    assert row["verdict"] == "differ" and "runs of the C program give another derivative" in row["note"]


def test_another_pixel_of_the_c_program_is_an_obstacle(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--phi-mode", "c-parity", "--parameter", "fluence", "--binary", str(program(here, 1.0)))
    assert gradients(*words) == 0
    out, err = capsys.readouterr()
    assert "its pixel is 1e+24, the simulated one" in err and "1 agree" in out


@pytest.mark.slow
@pytest.mark.skipif(not C_PROGRAM, reason="NB_C_BIN names no C program")
def test_the_real_c_program_has_our_derivatives() -> None:
    case = load_case("demo")
    settings = reference_settings(case)
    names = ["cell_b", "misset_x", "wavelength", "distance"]
    slopes = pixel_slopes(case, settings, names)
    found = measured_slopes(Path(C_PROGRAM), case, settings, slopes, lambda done, of: None)
    assert not found.obstacle and set(found.slopes) == set(names)
    for slope in slopes.slopes:
        assert slope.ours is not None
        measured = found.slopes[slope.name]
        assert abs(measured.value - slope.ours) <= measured.error <= 1e-3 * abs(slope.ours), slope.name


@pytest.mark.slow
def test_a_tapped_port_prints_the_same_plain_and_compiled(log: Path, here: Path) -> None:
    torch._dynamo.reset()
    compiled = port(backend="eager")
    off, _ = photons(compiled, None)
    photons(compiled, here / "compiled.log")
    plain, other = read_trace(log), read_trace(here / "compiled.log")
    assert len(plain.phi) == 3 and len(plain.terms) == 9 and plain.pixel == other.pixel == PIXEL
    assert [record.name for record in plain.records] == [record.name for record in other.records]
    for one, two in zip(plain.records, other.records, strict=True):
        assert one.values == pytest.approx(two.values, rel=1e-12)
    (value,) = plain.all("I_pixel_final")[0].values
    assert float(off) == pytest.approx(value, rel=1e-12)
    total = sum(line.values["F_cell2_F_latt2"] for line in plain.terms)
    assert plain.all("I_before_scaling")[0].values[0] == pytest.approx(total, rel=1e-12)


def test_the_taps_of_the_port_change_nothing(log: Path) -> None:
    plain: Any = photons(port(), None)[0]
    assert read_trace(log).all("I_pixel_final")[0].values == (float(plain),)
