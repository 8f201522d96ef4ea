"""OpenMP threads of a C run: reproduced by --omp-threads, and found from an image."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nbtui.cli import main
from nbtui.console.image import jobs
from nbtui.live.model import Case, Settings
from nbtui.live.programs import chosen
from nbtui.settings import Configuration

GOLDEN = json.loads((Path(__file__).parents[1] / "data" / "c_threads.json").read_text(encoding="ascii"))
FLAGS = GOLDEN["command"].split()
SIZE = tuple(GOLDEN["size"])


def c_image(threads: int) -> np.ndarray:
    return np.asarray(GOLDEN["images"][str(threads)], dtype=np.float32).reshape(SIZE)


def compared(threads: int, options: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    np.save("c.npy", c_image(threads))
    code = main(["images", "c.npy", "--c-program", "stock", "--gates", "exact", *options, "--", *FLAGS])
    return code, capsys.readouterr().out


@pytest.mark.parametrize("threads", [1, 3, 5, 12])
def test_an_image_with_the_right_number_agrees_in_every_pixel(
    threads: int, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = compared(threads, ["--omp-threads", str(threads)], capsys)
    assert code == 0 and "every compared pixel is equal" in told


@pytest.mark.parametrize(("threads", "words"), [(3, "3 OpenMP threads"), (5, "5 "), (12, "12 or more")])
def test_the_number_is_found_from_the_rows(
    threads: int, words: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = compared(threads, [], capsys)
    assert code == 1
    assert f"as with {words}" in told and f"--omp-threads {threads} reproduces" in told


def test_one_thread_is_found_too(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = compared(1, ["--omp-threads", "5"], capsys)
    assert code == 1 and "as with 1 OpenMP thread:" in told


def test_another_difference_has_nothing_to_do_with_threads(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = c_image(3)
    for at in ((4, 0), (5, 3), (6, 0)):  # the first pixel of a block; no first pixel; one of other blocks
        changed = c_image(1)
        changed[at] = image.max()
        np.save("c.npy", changed)
        assert main(["images", "c.npy", "--c-program", "stock", "--gates", "exact", "--", *FLAGS]) == 1
        assert "OpenMP" not in capsys.readouterr().out
    np.save("c.npy", image)
    assert main(["images", "c.npy", "--c-program", "fixed", "--gates", "exact", "--", *FLAGS]) == 1
    assert "OpenMP" not in capsys.readouterr().out


@pytest.mark.parametrize("command", ["trace", "terms"])
def test_a_first_pixel_follows_the_number(command: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(threads: int) -> str:
        words = [command, "--c-program", "stock", "--omp-threads", str(threads), "--pixel", "4", "0"]
        assert main([*words, *(["--out", "-"] if command == "trace" else []), "--", *FLAGS]) == 0
        return capsys.readouterr().out

    assert said(3) != said(1) == said(5)


def test_the_traced_pixel_is_that_of_the_c_program(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for threads in (1, 3):
        words = ["trace", "--out", "-", "--c-program", "stock", "--omp-threads", str(threads), "--pixel", "4", "0"]
        assert main([*words, "--", *FLAGS]) == 0
        lines = capsys.readouterr().out.splitlines()
        value = float(next(line.split()[-1] for line in lines if "I_pixel_final" in line))
        assert np.float32(value) == c_image(threads)[4, 0]


@pytest.mark.parametrize("at", [None, (2, 0)])
def test_the_image_screen_finds_the_number_too(at: tuple[int, int] | None, here: Path) -> None:
    image = c_image(3)
    np.save("c.npy", image if at is None else image[at[0] :, at[1] :])
    stock = chosen("stock", Configuration())
    case = Case("threads", tuple(FLAGS), here, (0, 0), None, c_image=here / "c.npy", c_image_at=at)
    settings = Settings("c-parity", c_program=stock)
    ready = jobs.read(case, settings)
    found = jobs.compared(ready, ready.frame.image()).comparison
    assert found is not None
    (finding,) = (entry for entry in found.findings if entry.id == "threads")
    assert "as with 3 OpenMP threads" in finding.sentence
