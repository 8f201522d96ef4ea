"""Random nanoBragg command lines, and the files that they name."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import numpy as np

from nbsim import flag_named
from nbsim.options.flag import NUMBER

Words = list[str]

CONVENTIONS = ["-mosflm", "-adxv", "-denzo", "-xds", "-dials"]
SIZE = 16  # of the masks, pixels along either edge
_ORDER_MATTERS = 0.5  # share of command lines whose flags are shuffled


def write_inputs(folder: Path, rng: random.Random) -> None:
    """Every file that :func:`command` may name."""
    rows = [
        f"{h} {k} {l} {rng.uniform(0.1, 300):.3f}"
        for h in range(-7, 8)
        for k in range(-7, 8)
        for l in range(-7, 8)
        if rng.random() < 0.9
    ]
    (folder / "box.hkl").write_text("\n".join(rows) + "\n")
    small = [f"{h} {k} {l} {rng.uniform(5, 90):.2f}" for h in range(-2, 4) for k in range(-3, 4) for l in range(-2, 3)]
    small[0] = "-2 -3 -2 64"  # C misreads a cache whose first value begins with a byte of white space (S25)
    (folder / "small.hkl").write_text("\n".join(small) + "\n")
    # tabs, several rows in a line, a sign, duplicates, no end of line, and a word that ends the table
    odd = "\t0\t0\t0\t+40.5\n-1 2 3 7e1 1 1 1 .5\n1 1 1 33.\n\n2 0 -1 12\n" + "\n".join(small[::3]) + "\nend of list"
    (folder / "odd.hkl").write_text(odd)
    (folder / "decimal.hkl").write_text("\n".join(small[:90]) + "\n3.0 1 1 50\n" + "\n".join(small[90:]) + "\n")
    (folder / "src.txt").write_text("-10 0 0 1 1.10e-10\n-10 0.02 0.01 5 1.12e-10\n-9.9 -0.03 0.02 0.5 1.08e-10\n")
    (folder / "odd_src.txt").write_text(
        "\n ,;\n-10, 0.01; 0.02\n\t-9\t0.02 -0.01 nan 1.2e-10 and more\n-10 nan 0.03 2\n-10:0:0.01!1!1.05e-10"
    )
    star = np.linalg.inv(np.array([[38.0, 3, -2], [-4, 47, 5], [1, -6, 52]])) * 1.1
    (folder / "A.mat").write_text("\n".join(" ".join(f"{x:.9f}" for x in row) for row in star) + "\n")
    _write_masks(folder, rng)


def _write_masks(folder: Path, rng: random.Random) -> None:
    pixels = [0 if rng.random() < 0.2 else rng.randint(1, 65535) for _ in range(SIZE * SIZE)]
    own = f"{{\nHEADER_BYTES=512;\nDIM=2;\nBYTE_ORDER=little_endian;\nSIZE1={SIZE};\nSIZE2={SIZE};\n}}\f"
    (folder / "mask.img").write_bytes(own.encode().ljust(512) + struct.pack(f"<{SIZE * SIZE}H", *pixels))
    # as other programs write it: long header, other order, big-endian, spaces
    other = (
        f"{{\nHEADER_BYTES= 1024;\nTYPE=unsigned_short;\nBYTE_ORDER=big_endian;\nSIZE2={SIZE};\nSIZE1={SIZE};\n"
        "PIXEL_SIZE=1.500000;\nDISTANCE=85.00;\nPHI=2.0000;\nOSC_RANGE=0.5;\nWAVELENGTH=1.05;\nTWOTHETA=3;\n"
        "BEAM_CENTER_X=11.5;\nBEAM_CENTER_Y=12.25;\nDETECTOR=made up;\n}\f"
    )
    (folder / "other.img").write_bytes(other.encode().ljust(1024) + struct.pack(f">{SIZE * SIZE}H", *pixels))


def _crystal(rng: random.Random) -> list[Words]:
    pick = rng.choice
    groups: list[Words] = []
    if rng.random() < 0.2:
        groups.append(["-mat", "A.mat"])
        if rng.random() < 0.3:
            groups.append(["-cell", "38", "47", "52", "88", "95", "100"])
    else:
        cell = [f"{rng.uniform(25, 70):.3f}" for _ in range(3)] + [f"{rng.uniform(70, 115):.3f}" for _ in range(3)]
        groups.append(["-cell", *cell[: pick([1, 2, 3, 4, 5, 6, 6, 6, 6])]])
    draw = rng.random()
    if draw < 0.6:
        groups.append(["-misset", *(f"{rng.uniform(-90, 90):.3f}" for _ in range(3))])
    elif draw < 0.8:
        # this order: upstream reads -misset_seed as -misset too, and the later one counts
        groups.append(["-misset_seed", str(rng.randint(-99, 999)), "-misset", "random"])
    groups += pick(
        [
            [["-N", str(rng.randint(1, 9))]],
            [["-Na", "3"], ["-Nb", "6"], ["-Nc", "4"]],
            [["-xtalsize", "0.00015"]],
            [["-N", "3"], ["-sample_x", "0.0002"], ["-xtal_width", "0.0001"], ["-heigh", "0.00016"]],
            [["-samplesize", "0.0002"], ["-beamsize", "0.00012"]],
        ]
    )
    groups += pick([[], [], [["-nointerpolate"]], [["-interpolate"]], [["-interpolate"], ["-nointerpolate"]]])
    groups += pick(
        [
            [["-default_F", "100"]],
            [["-hkl", "box.hkl"]],
            [["-hkl", "small.hkl"], ["-default_F", "13"]],
            [["-hkl", "odd.hkl"], ["-default_F", "5"]],
            [["-hkl", "decimal.hkl"], ["-dump", "own.bin"]],
            [["-dump", "kept.bin"]],
        ]
    )
    groups += pick(
        [[], [], [["-round_xtal"]], [["-gauss_xtal"]], [["-tophat_spots"]], [["-gauss_xtal"], ["-fudge", "0.7"]]]
    )
    if rng.random() < 0.4:
        groups += [["-mosaic", f"{rng.uniform(0.05, 3):.3f}"], ["-mosaic_domains", str(rng.randint(1, 5))]]
        groups += pick([[], [["-mosaic_seed", str(rng.randint(-5, 9999))]]])
    return groups


def _beam(rng: random.Random) -> list[Words]:
    pick = rng.choice
    groups = pick([[["-lambda", f"{rng.uniform(0.8, 1.6):.4f}"]], [["-wavelength", "1.1"]], [["-energy", "11000"]], []])
    if rng.random() < 0.25:
        groups = [*groups, ["-sourcefile", pick(["src.txt", "odd_src.txt"])]]
    elif rng.random() < 0.3:
        groups = groups + pick(
            [
                [["-dispersion", "2"], ["-dispsteps", "3"]],
                [["-divergence", "4"], ["-divsteps", "3"]],
                [["-hdivrange", "3"], ["-hdivstep", "1"], ["-square_div"]],
                [["-divergence", "2"], ["-divsteps", "2"], ["-dispersion", "1"], ["-dispsteps", "2"]],
                [["-divergence", "3"], ["-hdivsteps", "3"], ["-vdivstep", "0.7"], ["-round_div"]],
            ]
        )
    groups = groups + pick(
        [[], [["-polar", "0.9"]], [["-polar", "-1"]], [["-nopolar"]], [["-nopolar"], ["-polar", "0.3"]]]
    )
    return groups + pick(
        [
            [],
            [],
            [["-water", "5"]],
            [["-fluence", "1e24"]],
            [["-flux", "1e12"], ["-exposure", "0.1"]],
            [["-fluence", "1e31"]],
        ]
    )


def _detector(rng: random.Random) -> list[Words]:
    pick = rng.choice
    size = pick(
        [
            [["-detpixels_x", str(rng.randint(8, 20))], ["-detpixels_y", str(rng.randint(8, 20))]],
            [["-detpixels", str(rng.randint(9, 18))]],
            [["-detsize", "15"], ["-pixel", "1"]],
            [["-mask", "mask.img"]],
            [["-mask", "other.img"]],
            [["-img", "other.img"]],
            [["-img", "of_c.img"]],
            [["-mask", "of_c.img"]],
            [["-img", "of_c.img"], ["-mask", "other.img"]],
        ]
    )
    groups = [*size, ["-distance", f"{rng.uniform(30, 150):.2f}"]]
    if size[0][0] != "-detsize" and (size[0][0].startswith("-det") or rng.random() < 0.5):
        groups.append(["-pixel", pick(["0.1", "0.2", "1.0", "2.0"])])
    groups += pick([[], [], [], [["-dmin", "3"]], [["-curved_det", "x"]], [["-point_pixel"]]])
    if rng.random() < 0.3:
        groups += [["-detector_abs", "300"], ["-detector_thick", "200"]]
        groups += pick([[], [["-detector_thicksteps", "3"]], [["-thicksteps", "1"]]])
    elif rng.random() < 0.1:
        groups += [["-detector_thick", "320", "-detector_abs", "inf"]]
    convention = pick([None, *CONVENTIONS])
    groups += [[convention]] if convention else []
    if rng.random() < 0.4:
        groups += [[f"-detector_rot{axis}", f"{rng.uniform(-20, 20):.2f}"] for axis in "xyz"]
    if rng.random() < 0.2:
        groups.append(["-twotheta", f"{rng.uniform(-20, 20):.2f}"])
    if rng.random() < 0.1:
        groups.append(["-twotheta_axis", "0", "0", "-1"])
    groups += pick(
        [
            [],
            [],
            [["-Xbeam", "1.3"], ["-Ybeam", "0.9"]],
            [["-ORGX", "4"], ["-ORGY", "6.5"]],
            [["-Xclose", "2.5"], ["-Yclose", "3"]],
            [["-close_distance", "77"]],
            [["-pivot", "sample"]],
            [["-pivot", "beam"]],
            [["-odet_vector", "1", "0.05", "0"]],
            [["-fdet_vector", "0", "0.1", "1"], ["-sdet_vector", "0", "-1", "0.1"]],
            [["-beam_vector", "1", "0.05", "0"], ["-polar_vector", "0", "1", "1"]],
            [["-pix0_vector", "1", "2", "3"]],
        ]
    )
    roi = pick(
        [[], [], [], ["2", "6", "3", "7"], ["-1", "5", "-1", "6"], ["3", "-1", "2", "-5"], ["0", "99", "4", "4"]]
    )
    return groups + ([["-roi", *roi]] if roi else [])


def _sampling(rng: random.Random) -> list[Words]:
    pick = rng.choice
    groups = [["-oversample", pick(["1", "1", "2", "3"])]]
    if rng.random() < 0.7:
        groups += [["-phi", pick(["0", "-0.5", "7", "-0.1", "0"])]]
        groups += pick(
            [
                [["-osc", pick(["1", "0.3", "0"])], ["-phisteps", pick(["1", "2", "3", "4"])]],
                [["-osc", "1"]],
                [["-phisteps", "3"]],
                [["-osc", "0.9"], ["-phistep", "0.4"]],
                [["-phistep", "0.2"]],
            ]
        )
        if rng.random() < 0.2:
            groups += [["-spindle_axis", "0.2", "1", "0.3"]]
    for flag in ("-oversample_thick", "-oversample_polar", "-oversample_omega"):
        if rng.random() < 0.15:
            groups.append([flag])
    return groups


def _outputs(rng: random.Random) -> list[Words]:
    pick = rng.choice
    groups = [["-seed", str(rng.choice([0, 1, 7, 42, -1, -77, rng.randint(1, 2**31 - 1)]))], ["-noprogress"]]
    groups += pick([[], [], [["-nonoise"]], [["-nopgm"]], [["-nopgm"], ["-pgmscale", "0.5"]]])
    groups += pick([[], [["-adc", "0"]], [["-adc", "17.5"]], [["-adc", "-30"]]])
    groups += pick([[], [], [["-scale", "2.5"]], [["-pgmscale", "0.01"]]])
    groups += pick(
        [[], [], [["-floatfile", "a.bin"], ["-intimage", "b.img"], ["-pgmfile", "c.pgm"], ["-noiseimage", "d.img"]]]
    )
    if rng.random() < 0.1:
        groups.append(["-printout"])
    return groups + pick([[], [], [["-coherent"]], [["-density", "1.2"]], [["-stolout", "x.stol"]]])


def command(rng: random.Random) -> Words:
    """A random command line that the C program accepts, on a detector of a few hundred pixels.

    The flags are shuffled in half of them, and some are given twice: the order has side effects in C.
    """
    groups = [*_crystal(rng), *_beam(rng), *_detector(rng), *_sampling(rng), *_outputs(rng)]
    if rng.random() < 0.2:
        groups.append(rng.choice([group for group in groups if len(group) == 2]))
    if rng.random() < _ORDER_MATTERS:
        rng.shuffle(groups)
    return [word for group in groups for word in group]


def spoiled(words: Words, rng: random.Random) -> Words:
    """``words`` in spellings that only C's own matching rules accept, some of them nonsense."""
    result: Words = []
    for word in words:
        flag = flag_named(word) if word.startswith("-") else None
        free = flag is not None and not flag.exact and word in flag.names and not word.startswith("-misset")
        if free and rng.random() < 0.2:
            word = rng.choice([f"{word}foo", f"-{word}", f"{word}_of_it"])
        elif NUMBER.fullmatch(word) and rng.random() < 0.1:
            word = f"{word}mm"
        result.append(word)
    if rng.random() < 0.5:
        result[:0] = rng.choice([["-unknown", "7"], ["stray"], ["-misset_seed", "5"], ["-hdiv", "3"]])
    return result


def where_fixed_differs(words: Words, rng: random.Random) -> Words:
    """``words``, often with flags that the stock and the fixed program take differently."""
    draw = rng.random()
    if draw < 0.35:
        flags = rng.sample(["-oversample_thick", "-oversample_polar", "-oversample_omega"], rng.randint(1, 3))
        words = [*words, "-oversample", rng.choice(["1", "2"]), *flags, *rng.choice([[], ["-water", "3"]])]
    elif draw < 0.6:
        words = [*words, "-phi", rng.choice(["0", "-0.5"]), "-osc", "1", "-phisteps", rng.choice(["2", "4"])]
    last = rng.choice(["-curved_det", "-detector_abs", "-detector_thick", "-detector_thicksteps", "-thicksteps"])
    return [*words, last] if rng.random() < 0.25 else words
