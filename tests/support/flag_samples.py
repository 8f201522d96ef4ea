"""A small run, and for every flag of the simulator values that such a run may have."""

from __future__ import annotations

import random
import struct
from pathlib import Path

from nbsim import Flag

SIZE = 5  # pixels of the detector along each side
START = f"-cell 30 40 50 80 85 95 -misset 12 34 56 -N 3 -lambda 1 -distance 60 -detpixels {SIZE} -pixel 4"
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


def write_inputs(folder: Path) -> None:
    """The files that the runs read."""
    sides = range(-10, 11)
    rows = [f"{h} {k} {l} {5 + (h + 2 * k + 3 * l) % 7}" for h in sides for k in sides for l in sides]
    (folder / "box.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")
    (folder / "sources.txt").write_text("-10 0 0 1 1e-10\n-10 0.05 0 3 1.01e-10\n", encoding="ascii")
    (folder / "a.mat").write_text("0.02 0.005 0\n-0.004 0.018 0.002\n0.001 0 0.015\n", encoding="ascii")
    header = f"{{\nHEADER_BYTES=512;\nSIZE1={SIZE};\nSIZE2={SIZE};\nBYTE_ORDER=little_endian;\nPIXEL_SIZE=4;\n}}\n"
    values = [0 if index % 7 == 3 else 1 for index in range(SIZE * SIZE)]
    (folder / "mask.img").write_bytes(header.encode().ljust(512) + struct.pack(f"<{SIZE * SIZE}H", *values))


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
