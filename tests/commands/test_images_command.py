"""``nbtui images``: files, cases, exit codes, pictures."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from nbtui.cli import main
from support.golden_cases import golden_case
from support.places import TOP
from support.schemas import held
from support.toy_images import decoded, files, spots


def test_exit_code_is_the_verdict(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = spots((10, 10), (30, 25))
    assert main(["images", *files(here, image, image)]) == 0
    assert "every compared pixel is equal" in capsys.readouterr().out
    assert main(["images", *files(here, image, 1.005 * image)]) == 0
    assert "pixels differ by more than 1e-06" in capsys.readouterr().out
    assert main(["images", *files(here, image, 1.005 * image), "--gates", "exact"]) == 1
    assert "DIFFER (exact gates)" in capsys.readouterr().out
    assert main(["images", *files(here, image, 2.0 * image)]) == 1


def test_json_is_one_strict_object(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    c, py = spots((10, 10), size=(20, 20)), np.zeros((20, 20))
    py[3, 3] = np.nan
    assert main(["images", *files(here, c, py), "--json"]) == 1
    found = held(capsys.readouterr().out)
    assert (found["verdict"], found["gates"], found["correlation"]) == ("diverge", "field", None)
    assert found["size"] == {"slow": 20, "fast": 20} and found["pixels_not_numbers_in_one"] == 1
    assert found["peak_distance_max"] == "inf" and found["worst_pixels"][0]["slow"] == 10
    assert len(found["map"]["max_abs_diff"]) == 10


def test_a_cut_out_is_compared_where_it_lies(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = spots((10, 10), (30, 25))
    other = image.copy()
    other[32, 20], other[0, 0] = 500.0, 500.0
    c, py = files(here, image[25:40, 15:35], other)
    assert main(["images", c, py]) == 2
    assert "--at SLOW FAST" in capsys.readouterr().err
    assert main(["images", c, py, "--at", "25", "15", "--json"]) == 1
    found = held(capsys.readouterr().out)
    assert found["roi"] == {"fast_from": 15, "fast_to": 34, "slow_from": 25, "slow_to": 39}
    assert found["pixels_compared"] == 15 * 20 and found["max_abs_diff_at"] == {"slow": 32, "fast": 20}
    assert found["where"]["sentence"].startswith("only in pixel slow 32 fast 20")
    assert main(["images", c, py, "--at", "50", "15"]) == 2
    assert "would end at slow 64" in capsys.readouterr().err


def test_findings_are_told_and_are_in_the_object(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = spots((10, 10), (30, 25), (45, 12), size=(60, 60))
    pair = files(here, image, 0.9146 * image.T)
    assert main(["images", *pair]) == 1
    verdict, where, relation = capsys.readouterr().out.splitlines()[-3:]
    assert verdict.startswith("DIFFER") and "where: all over the image" in where
    assert "agrees once C's image is transposed (slow and fast exchanged), scaled by 0.9146" in relation
    assert main(["images", *pair, "--json"]) == 1
    (found,) = held(capsys.readouterr().out)["findings"]
    assert found["id"] == "relation" and found["scale"] == pytest.approx(0.9146)
    assert found["turn"].startswith("transposed") and found["pixels_beyond"] == 0


def test_the_object_is_documented(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = spots((10, 10), (30, 25))
    main(["images", *files(here, image, 0.9 * image), "--json"])
    found = held(capsys.readouterr().out)
    text = (TOP / "docs" / "images.md").read_text()
    table = text.partition("| key | meaning |")[2].splitlines()[2:]
    documented = [key for row in table for key in re.findall(r"`([^`]+)`", row.split("|")[1])]
    assert sorted(documented) == sorted(found)
    for part in (found["where"], found["findings"][0], found["peaks"][0], found["worst_pixels"][0], found["map"]):
        assert all(f"`{key}`" in text for key in part)


def test_raw_floats_of_a_square_detector_need_no_size(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = spots((10, 10), (30, 25), size=(50, 50)).astype("<f4")
    (here / "a.bin").write_bytes(image.tobytes())
    assert main(["images", "a.bin", "a.bin"]) == 0
    assert "assumed square, 50 x 50" in capsys.readouterr().err


def test_pictures_are_written_and_never_replaced_unasked(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pair = files(here, spots((10, 10)), spots((12, 10)))
    words = ["images", *pair, "--roi", "5", "14", "0", "29", "--png", "out"]
    assert main(words) == 1
    assert (
        "white 1000" in capsys.readouterr().err
        and b"Description\0c.png: log scale" in (here / "out/c.png").read_bytes()
    )
    for name in ("c.png", "python.png", "difference.png"):
        assert decoded((here / "out" / name).read_bytes())[1] > 30  # the scale stands below
    assert main(words) == 4
    assert "exists" in capsys.readouterr().err
    assert main([*words, "--force"]) == 1
    assert main(["images", *pair, "--png", str(here / "c.npy" / "sub")]) == 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["c.npy"], "one image"),
        (["c.npy", "gone.npy"], "cannot be read"),
        (["c.npy", "py.npy", "--gates", "lax"], "--gates"),
        (["c.npy", "py.npy", "--roi", "0", "99", "0", "5"], "--roi"),
        (["c.npy", "py.npy", "--mask", "small.npy"], "the mask is 3 x 3"),
        (["c.npy", "small.npy"], "sizes differ"),
        (["c.npy", "demo"], "sizes differ"),
        (["case"], "no C image"),
        (["c.npy", "nowhere"], "no case 'nowhere'"),
    ],
)
def test_bad_input_is_named(here: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    files(here, spots((10, 10)), spots((10, 10)))
    np.save(here / "small.npy", np.ones((3, 3)))
    (here / "case").mkdir()
    (here / "case" / "command.txt").write_text("nanoBragg -default_F 5 -cell 30 30 30 90 90 90")
    assert main(["images", *words]) == 2
    shown = capsys.readouterr()
    assert said in shown.err and "Traceback" not in shown.err and not shown.out


@pytest.mark.slow
def test_a_case_is_simulated_and_compared(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = golden_case("interpolate_out_of_range")
    inputs = ["--workdir", str(case.inputs), "--phi-mode", "c-parity"]
    assert main(["images", str(case.folder), *inputs, "--gates", "exact", "--json"]) == 0
    found = held(capsys.readouterr().out)
    assert found["pixels_beyond_1e-6"] == 0 and found["correlation"] == pytest.approx(1.0)
    assert main(["images", str(case.folder / "image.npy"), str(case.folder), *inputs]) == 0


def test_the_image_that_the_command_names_is_found(here: Path) -> None:
    image = golden_case("cubic_default_f").image()
    folder = here / "case"
    folder.mkdir()
    command = golden_case("cubic_default_f").command.replace("\n", " ")
    (folder / "command.txt").write_text(command + " -floatfile mine.bin")
    (folder / "mine.bin").write_bytes(image.astype("<f4").tobytes())
    assert main(["images", "case", "--phi-mode", "c-parity", "--gates", "exact"]) == 0
    (folder / "mine.bin").write_bytes(image.astype("<f4").tobytes()[:-4])
    assert main(["images", "case"]) == 2


@pytest.mark.slow
def test_the_demo_has_a_c_image(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["images", "demo", "--phi-mode", "c-parity", "--gates", "exact", "--json"]) == 0
    assert held(capsys.readouterr().out)["pixels_beyond_1e-6"] == 0
    assert main(["images", "demo", "--gates", "exact"]) == 1
