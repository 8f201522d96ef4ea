"""Files and summary lines of ``nbsim`` against those of the C program, byte for byte (tests/data/outputs)."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from nbsim import from_command
from nbsim.cli import main
from nbsim.errors import OutputError
from nbsim.image.render import render
from nbsim.model import ExperimentData
from nbsim.options.headers import keyword, read_header
from nbsim.options.parse import split_command
from nbsim.output import printout
from nbsim.output.formats.pgm import pgm
from nbsim.output.formats.smv import header, header_fields, integer_image
from nbsim.pixel.run_state import run_state
from nbsim.pixel.terms import Terms, contributions
from nbsim.whole_file import write_whole
from support.places import DATA

OUTPUTS = DATA / "outputs"
CASES = (
    "plain",
    "roi_mask_scaled",
    "mosaic_negative_seed",
    "first_pixels_two_threads",
    "first_pixels_three_threads",
    "first_pixels_five_threads",
    "header_beyond_512_bytes",
    "beyond_float32",
    "negative_pixels",
    "printed_pixel",
    "printed_pixels",
)
THREADS = {"two": "2", "three": "3", "five": "5"}
INPUTS = ("small.hkl", "mask.img")
NOT_OURS = ("command.txt", "summary.txt", *INPUTS)


def run(name: str, place: Path, *more: str) -> int:
    """Run the case in ``place``."""
    for path in (OUTPUTS / name).iterdir():
        if path.name in INPUTS:
            shutil.copy(path, place / path.name)
    words = split_command((OUTPUTS / name / "command.txt").read_text())[1:]
    return main([*words, "--phi-mode", "c-parity", *more])


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_every_file_equals_cs_byte_for_byte(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    threads = next((["--omp-threads", number] for word, number in THREADS.items() if f"_{word}_threads" in name), [])
    assert run(name, here, *threads, "--compile", "off") == 0
    expected = {path.name: path.read_bytes() for path in (OUTPUTS / name).iterdir() if path.name not in NOT_OURS}
    found = {path.name: path.read_bytes() for path in here.iterdir() if path.name not in INPUTS}
    assert sorted(found) == sorted(expected)
    for file in expected:
        assert found[file] == expected[file], file
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    for line in (OUTPUTS / name / "summary.txt").read_text().splitlines():
        assert line.replace("-nan", "nan") in lines  # the sign of NaN is an accident


def test_pixels_that_are_printed_stand_before_the_summary_in_scan_order(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("printed_pixels", here) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines() if line]
    first = next(at for at, line in enumerate(lines) if " : stol = " in line)
    assert lines[first:] == (OUTPUTS / "printed_pixels" / "summary.txt").read_text().splitlines()


def test_printed_pixels_are_computed_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of pixels are a few calls of the formula, and each is the pixel that is printed alone."""
    calls: list[int] = []

    def counted(experiment: ExperimentData, pixels: torch.Tensor, **state: object) -> Terms:
        calls.append(len(pixels))
        return contributions(experiment, pixels, **state)

    monkeypatch.setattr(printout, "contributions", counted)
    command = "-default_F 9 -cell 30 40 50 80 85 95 -N 4 -phi 0 -osc 2 -phisteps 2 -detpixels 64 -pixel 1 -distance 90"
    experiment = from_command(f"{command} -printout -roi 0 63 0 40", Path(), phi_mode="c-parity")
    blocks = list(printout.printout_blocks(experiment, n_threads=2))
    assert sum(calls) == len(blocks) == 64 * 41 and len(calls) < 20
    for slow, fast in ((0, 0), (0, 1), (31, 63), (32, 0), (40, 63)):  # row 32 is the first of the second thread
        alone = from_command(f"{command} -printout_pixel {fast} {slow}", Path(), phi_mode="c-parity")
        assert [blocks[64 * slow + fast]] == list(printout.printout_blocks(alone, n_threads=2))


@pytest.mark.parametrize("threads", [1, 2])
def test_printed_pixels_follow_the_end_of_interpolation(tmp_path: Path, threads: int) -> None:
    """Each of them is the pixel that is printed alone, after a search through all pixels before it."""
    sides = range(-7, 8)
    rows = [f"{h} {k} {l} {20 + (7 * h + 3 * k + 5 * l) % 11}" for h in sides for k in sides for l in sides]
    (tmp_path / "box.hkl").write_text("\n".join(rows))
    command = (
        "-hkl box.hkl -interpolate -cell 30 40 50 80 85 95 -N 2 -phi 0 -osc 2 -phisteps 2 -detpixels 16 -pixel 1 "
        "-distance 90 -oversample 1 -Xbeam 3 -Ybeam 3"
    )
    experiment = from_command(f"{command} -printout", tmp_path, phi_mode="c-parity")
    stop = run_state(experiment, n_threads=threads).interpolation_stop
    assert stop is not None and (0, 1) < stop[:2] < (15, 14)
    blocks = list(printout.printout_blocks(experiment, n_threads=threads))
    beside = [16 * stop[0] + stop[1] + step for step in (-1, 0, 1)]
    for at in (0, *beside, 128, 255):  # with two threads, the second begins in row 8
        alone = from_command(f"{command} -printout_pixel {at % 16} {at // 16}", tmp_path, phi_mode="c-parity")
        assert [blocks[at]] == list(printout.printout_blocks(alone, n_threads=threads))


def test_a_pixel_that_cannot_be_printed_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("printed_pixel", here, "-printout_pixel", "99", "0") == 2
    assert "-printout_pixel: pixel (slow 0, fast 99): not on the detector" in capsys.readouterr().err


def test_one_thread_gives_other_first_pixels_than_two(here: Path) -> None:
    name = "first_pixels_two_threads"
    assert run(name, here) == 0
    two = np.fromfile(OUTPUTS / name / "f.bin", dtype=np.float32).reshape(13, 12)
    one = np.fromfile(here / "f.bin", dtype=np.float32).reshape(13, 12)
    # the second thread starts with row 7 of 13
    assert np.argwhere(one != two).tolist() == [[7, 0]]


def test_the_header_reads_back_as_the_same_detector(here: Path) -> None:
    assert run("plain", here) == 0
    text = read_header(here / "intimage.img")
    assert (keyword(text, "SIZE1"), keyword(text, "SIZE2"), keyword(text, "WAVELENGTH")) == (20.0, 16.0, 1.1)
    again = from_command(["-default_F", "5", "-cell", "30", "-img", "intimage.img", "-N", "2"], here)
    first = from_command(split_command((OUTPUTS / "plain" / "command.txt").read_text()), here)
    assert dict(header_fields(again))["DISTANCE"] == dict(header_fields(first))["DISTANCE"]
    assert (again.detector.n_fast, again.detector.n_slow) == (20, 16)


def test_the_header_has_512_bytes(here: Path) -> None:
    data = header(from_command("-default_F 5 -cell 30 40 50 -distance 100 -detpixels 8 -N 2", here))
    assert len(data) == 512 and data.startswith(b"{\nHEADER_BYTES=512;\n") and data.rstrip().endswith(b"}\x0c"[:1])


def test_integers_round_half_up_and_stop_at_the_largest() -> None:
    values = np.array([[-100.0, 0.0, 0.5, 1.49, 1.5, 70000.0]], dtype=np.float32)
    roi = (slice(0, 1), slice(0, 6))
    assert integer_image(values, 1.0, 0.0, roi).tolist() == [[0, 0, 1, 1, 2, 65535]]
    assert integer_image(values, 2.0, 10.0, roi).tolist() == [[0, 10, 11, 13, 13, 65535]]
    assert integer_image(values, 1.0, 40.0, (slice(0, 1), slice(1, 3))).tolist() == [[0, 40, 41, 0, 0, 0]]


def test_a_pgm_truncates_and_wraps_around() -> None:
    data = pgm(np.array([[0.0, 0.99, 300.0], [1.0, 2.0, -5.0]], dtype=np.float32), 1.0, (slice(0, 2), slice(0, 3)))
    assert data == b"P5\n3 2\n# pixels scaled by 1\n255\n" + bytes([0, 0, 255, 1, 2, 256 - 5])


def test_a_file_is_written_atomically(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"before")

    def broken() -> object:
        yield b"half"
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match=r"cannot write .*a\.bin: No space left on device"):
        write_whole(target, broken())
    assert target.read_bytes() == b"before" and list(tmp_path.iterdir()) == [target]
    write_whole(target, [b"af", b"ter"])
    assert target.read_bytes() == b"after" and list(tmp_path.iterdir()) == [target]


def test_outputs_in_a_missing_folder_are_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plain", here, "-floatfile", "gone/f.bin") == 4
    assert re.search(r"cannot write gone/f\.bin", capsys.readouterr().err)


def test_the_image_of_the_cli_is_that_of_render(here: Path) -> None:
    assert run("roi_mask_scaled", here) == 0
    words = split_command((OUTPUTS / "roi_mask_scaled" / "command.txt").read_text())
    image = render(from_command(words, here, phi_mode="c-parity"))
    np.testing.assert_array_equal(np.fromfile(here / "f.bin", dtype=np.float32).reshape(16, 20), image.photons.numpy())
    assert int(image.rendered.sum()) == 15 * 11 - 1  # one masked pixel lies inside the ROI
