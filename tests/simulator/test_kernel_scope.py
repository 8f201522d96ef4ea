"""The image kernel against the formula: every flag and every quirk gives the same pixels, or the kernel refuses it."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import pytest
import torch

from nbsim import FLAGS, Experiment, Flag, Quirks
from nbsim.image import scope
from nbsim.image.scope import CONDITIONS, FOLLOWED, PARTS, fits_kernel
from nbsim.image.tiles import KernelTiles
from nbsim.pixel.accumulation import sum_pixels
from nbsim.pixel.terms import contributions

SIZE = 5
BASES = {
    "bare": "-default_F 50 -oversample 1",
    "full": "-hkl box.hkl -nointerpolate -sourcefile sources.txt -oversample 2 -detector_abs 300 -detector_thick 400 "
    "-thicksteps 2 -mosaic 2 -mosaic_domains 2 -phi 0 -osc 3 -phisteps 2 -polar 0.8 -water 0.005",
}
WORDS = {
    "-mat": "a.mat", "-pivot": "sample", "-curved_det": "yes", "-img": "mask.img", "-mask": "mask.img",
    "-sourcefile": "sources.txt", "-hkl": "box.hkl", "--column": "F", "-dump": "Fdump.bin", "-stolout": "x",
    "-stol": "x", "-floatfile": "x", "-intfile": "x", "-pgmfile": "x", "-noisefile": "x",
}  # fmt: skip
NUMBERS = {
    "-cell": "35 45 55 80 95 100", "-samplesize": "2e-5", "-sample_x": "2e-5", "-sample_y": "2e-5", "-sample_z": "2e-5",
    "-energy": "9000", "-roi": "1 3 1 4", "-dmin": "4", "-fdet_vector": "0.1 0 1", "-sdet_vector": "0 -1 0.1",
    "-odet_vector": "1 0.1 0.1", "-beam_vector": "1 0.02 0.01", "-detector_abs": "200", "-detector_thick": "250",
    "-water": "0.008", "-printout_pixel": "1 2", "-trace_pixel": "1 2", "-ORGX": "2", "-ORGY": "3", "-polar": "-0.5",
    "-close_distance": "55", "-detpixels": "4", "-detpixels_x": "4", "-detpixels_y": "4", "-beamsize": "0.1",
}  # fmt: skip
LEAST_CLAIMED = 0.7  # of the flags


@dataclass(frozen=True)
class Change:
    """A base with one flag added or one quirk switched."""

    base: str
    words: tuple[str, ...] = ()
    quirk: str = ""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kernel")
    sides = range(-10, 11)
    rows = [f"{h} {k} {l} {5 + (h + 2 * k + 3 * l) % 7}" for h in sides for k in sides for l in sides]
    (path / "box.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")
    (path / "sources.txt").write_text("-10 0 0 1 1e-10\n-10 0.05 0 3 1.01e-10\n", encoding="ascii")
    (path / "a.mat").write_text("0.02 0.005 0\n-0.004 0.018 0.002\n0.001 0 0.015\n", encoding="ascii")
    header = f"{{\nHEADER_BYTES=512;\nSIZE1={SIZE};\nSIZE2={SIZE};\nBYTE_ORDER=little_endian;\nPIXEL_SIZE=4;\n}}\n"
    values = [0 if index % 7 == 3 else 1 for index in range(SIZE * SIZE)]
    (path / "mask.img").write_bytes(header.encode().ljust(512) + struct.pack(f"<{SIZE * SIZE}H", *values))
    return path


def words_of(flag: Flag) -> tuple[str, ...]:
    """A flag with values that an experiment may have. A new flag of words needs an entry in WORDS."""
    name = flag.names[0]
    if flag.kind == "str":
        return (name, WORDS[name]) if flag.values else (name,)
    if name in NUMBERS:
        return name, *NUMBERS[name].split()
    draw = random.Random(name)
    if flag.kind == "int":
        return name, *(str(draw.randint(2, 3)) for _ in range(flag.values))
    initial = flag.initial
    around = initial if isinstance(initial, (int, float)) and initial > 0.0 else 1.0
    return name, *(f"{around * draw.uniform(0.7, 1.2):.6g}" for _ in range(flag.values))


@cache
def experiment_of(change: Change, folder: Path) -> Experiment:
    draw = random.Random(change.base)
    angles = " ".join(f"{draw.uniform(0.0, 90.0):.3f}" for _ in range(3))
    start = (
        f"-cell 30 40 50 {draw.uniform(75, 105):.2f} 85 95 -misset {angles} -N 3 -lambda 1 -distance 60 "
        f"-detpixels {SIZE} -pixel 4 {BASES[change.base]}"
    )
    default = {field.name: field.default for field in fields(Quirks)}
    quirks = {change.quirk: not default[change.quirk]} if change.quirk else {}
    return Experiment.from_command([*start.split(), *change.words], folder, quirks=quirks)


def flag_changes() -> Iterator[Change]:
    for base in BASES:
        for flag in FLAGS:
            if flag.names == ("--column",) and "box.hkl" in BASES[base]:
                continue  # a text of h k l F has no columns to choose from
            yield Change(base, words_of(flag))


def quirk_changes() -> Iterator[Change]:
    for base in BASES:
        for field in fields(Quirks):
            yield Change(base, quirk=field.name)


CHANGES = (*map(Change, BASES), *flag_changes(), *quirk_changes())


def compared(experiment: Experiment) -> int:
    """Pixels on which the kernel and the formula were compared; the rest the kernel leaves to the formula itself."""
    size = torch.arange(experiment.detector.n_slow), torch.arange(experiment.detector.n_fast)
    pixels = torch.cartesian_prod(*size)
    with torch.no_grad():
        values, omega, doubtful = KernelTiles(experiment, None).values(pixels, lambda: None)
        sums = sum_pixels(experiment, contributions(experiment, pixels))
    sure = ~doubtful
    largest = float(sums.value.abs().max())
    torch.testing.assert_close(values[sure], sums.value[sure], rtol=1e-7, atol=1e-11 * largest)
    torch.testing.assert_close(omega[sure], sums.omega_now[sure, 0, 0], rtol=1e-12, atol=0.0)
    return int(sure.sum())


def test_every_field_is_followed_or_has_a_condition() -> None:
    listed = [f"{part}.{name}" for part, names in FOLLOWED.items() for name in names.split()] + [*CONDITIONS]
    assert len(set(listed)) == len(listed)
    assert set(listed) == {f"{part}.{field.name}" for part, kind in PARTS.items() for field in fields(kind)}


def test_a_field_that_the_kernel_does_not_know_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = experiment_of(Change("bare"), folder)
    assert fits_kernel(base)
    monkeypatch.setitem(scope.FOLLOWED, "beam", FOLLOWED["beam"].replace("kahn ", ""))
    assert scope.unlisted() == {"beam.kahn"}
    monkeypatch.setattr(scope, "_COMPLETE", not scope.unlisted())
    assert not fits_kernel(base)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: " ".join((change.base, *change.words, change.quirk)))
def test_the_kernel_is_the_formula_or_refuses(change: Change, folder: Path) -> None:
    experiment = experiment_of(change, folder)
    if fits_kernel(experiment):
        assert compared(experiment) > 0


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_is_needed(condition: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the comparison above fails for some flag or quirk: a claim that is wrong is seen."""
    refused = [change for change in CHANGES if not fits_kernel(experiment_of(change, folder))]
    monkeypatch.delitem(scope.CONDITIONS, condition)
    claimed = [experiment_of(change, folder) for change in refused]
    claimed = [experiment for experiment in claimed if fits_kernel(experiment)]
    assert claimed

    def differs(experiment: Experiment) -> bool:
        try:
            compared(experiment)
        except AssertionError:
            return True
        return False

    assert any(differs(experiment) for experiment in claimed)


def test_most_flags_go_through_the_kernel(folder: Path) -> None:
    flags = list(flag_changes())
    fitting = sum(fits_kernel(experiment_of(change, folder)) for change in flags)
    assert fitting > LEAST_CLAIMED * len(flags)
