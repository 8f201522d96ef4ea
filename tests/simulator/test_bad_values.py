"""Impossible experiments: the error names the flag or the file, the line and the remedy, before anything runs."""

from __future__ import annotations

import math
import re
import struct
from pathlib import Path

import pytest
import torch

from nbsim.cli import main
from nbsim.errors import InputError
from nbsim.memory import check_memory
from nbsim.setup.checks import check_device_memory

PLAIN = "-default_F 10 -cell 30 40 50 90 90 90 -lambda 1 -distance 100 -detpixels 8 -N 2 -nonoise -nopgm"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("-distance 0", "-distance 0: must be positive"),
        ("-distance -50", "-distance -50: must be positive"),
        ("-distance nan", "'nan' is not a number"),
        ("-distance inf", "'inf' is not a number"),
        ("-close_distance 0", "-close_distance 0"),
        ("-pixel 0", "-pixel 0: must be positive"),
        ("-N 0", "-N 0: must be at least 1; C treats it as not given"),
        ("-Nb -2", "-Nb -2: must be at least 1"),
        ("-xtalsize -1", "-xtalsize -1: must be at least 0 mm"),
        ("-cell 30 40 50 90 90 200", "-cell 30 40 50 90 90 200: no cell has these angles"),
        ("-cell 30 40 50 10 10 170", "no cell has these angles"),
        ("-cell 0 40 50 90 90 90", "-cell 0 40 50 90 90 90"),
        ("-lambda 0", "-lambda 0: must be positive"),
        ("-energy -5", "-energy -5: must be positive"),
        ("-osc -1", "-osc -1: must be at least 0 deg; C treats it as not given"),
        ("-flux 0", "-flux 0: must be more than 0 photons/s; C treats it as not given"),
        ("-polar 2", "-polar 2: at most 1"),
        ("-polar -2", "-polar -2: at most 1 on either side"),
        ("-Xbeam 1e12", "-Xbeam 1e.12: at most 1e.09 mm"),
        ("-default_F 1e61", "-default_F 1e.61: at most 1e.60"),
        (
            "-img zero.img",
            r"-close_distance 0: must be positive \(as the header of zero\.img has it, or the command line\)",
        ),
        ("-img lying.img", r"lying\.img: HEADER_BYTES=1e.09 does not fit a file of 520 bytes"),
        ("-img far.img", r"far\.img: PIXEL_SIZE=inf is not a valid detector value in the header"),
        ("-img vast.img", r"vast\.img: the header names 4 x 1e.12 pixels"),
        ("-default_F 0 -dump nan.bin", r"nan\.bin: damaged; it holds values that are not valid structure factors"),
        ("-default_F 0 -dump .", r"-dump \.: a directory or a device"),
        ("-hkl far.cif", r"far\.cif: 1e.12 1 1 are not valid Miller indices"),
        ("-dispersion 300 -dispsteps 3", "-dispersion 300"),
        ("-roi 5 2 0 3", "-roi 5 2 0 3 .* holds no pixel of a detector of 8 x 8"),
        ("-roi 50 60 0 3", "-roi 50 60 0 3"),
        ("-fdet_vector 1 0 0 -sdet_vector 1 0 0", "are parallel"),
        ("-spindle_axis 0 0 0", "-spindle_axis 0 0 0: the vector must not be zero"),
        ("-sourcefile zero.txt", r"zero\.txt:2: a source at the sample"),
        ("-sourcefile empty.txt", r"empty\.txt: no source in the file"),
        ("-sourcefile gone.txt", r"gone\.txt: cannot be read"),
        ("-hkl empty.txt", r"empty\.txt:1: no row"),
        ("-hkl nan.hkl", r"nan\.hkl:2: '1 0 0 nan' is not a reflection"),
        ("-hkl huge.hkl", r"huge\.hkl:1: '1e\+300 0 0 5' is not a reflection"),
        ("-hkl box.hkl", r"box\.hkl: the dense table of its index box 200001 x 200001 x 200001 needs .* TiB"),
        ("-mask other.img", r"other\.img: mask is 4 x 4 pixels, the detector 8 x 8"),
        ("-mat empty.txt", r"empty\.txt: a matrix has 9 numbers"),
        (
            "-detpixels 100000000",
            "an image of 100000000 x 100000000 pixels .* needs .* TiB of memory, .* are available",
        ),
        (
            "-phisteps 2000000000 -osc 1",
            "a pixel of 2000000000 passes needs .* of memory, .*; lower -phisteps",
        ),
        ("-oversample 100000", "a pixel of 10000000000 passes"),
        ("-mosaic 1 -mosaic_domains 2000000000", "-mosaic_domains 2000000000: .* of memory"),
        ("-hdivsteps 1000000 -hdivrange 1 -vdivsteps 1000000 -vdivrange 1", "1000000000000 sources"),
    ],
)
def test_impossible_values_are_refused(here: Path, typed: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "zero.txt").write_text("-10 0 0 1 1e-10\n0 0 0 1 1e-10\n")
    (here / "empty.txt").write_text("")
    (here / "nan.hkl").write_text("0 0 0 5\n1 0 0 nan\n")
    (here / "huge.hkl").write_text("1e300 0 0 5\n")
    (here / "box.hkl").write_text("100000 100000 100000 5\n-100000 -100000 -100000 1\n")
    (here / "other.img").write_bytes(b"{\nHEADER_BYTES=512;\nSIZE1=4;\nSIZE2=4;\n}\f".ljust(512) + b"\1" * 8)
    head = "{{\nHEADER_BYTES={};\nSIZE1=4;\nSIZE2={};\nPIXEL_SIZE={};\nCLOSE_DISTANCE={};\n}}\f"
    for name, values in (
        ("zero", (512, 4, 1, 0)),
        ("lying", (10**9, 4, 1, 90)),
        ("far", (512, 4, "1e400", 90)),
        ("vast", (512, 10**12, 1, 90)),
    ):
        (here / f"{name}.img").write_bytes(head.format(*values).encode().ljust(512) + b"\1" * 8)
    (here / "nan.bin").write_bytes(b"0 0 0 0 0 0\n\f" + struct.pack("<8d", math.nan, *range(7)))
    (here / "far.cif").write_text(
        "data_x\n_cell.length_a 9\n_cell.length_b 9\n_cell.length_c 9\n_cell.angle_alpha 90\n_cell.angle_beta 90\n"
        "_cell.angle_gamma 90\n_symmetry.space_group_name_H-M 'P 1'\nloop_\n_refln.index_h\n_refln.index_k\n"
        "_refln.index_l\n_refln.F_meas\n1 2 3 4\n1000000000000 1 1 4\n"
    )
    before = sorted(here.iterdir())
    assert main([*PLAIN.split(), *typed.split()]) == 2
    out, err = capsys.readouterr()
    assert re.search(said, err), err
    assert err.startswith("nbsim: ") and "Traceback" not in err and len(err.strip().splitlines()) <= 2
    assert out == "" and sorted(here.iterdir()) == before


def test_an_image_beyond_the_memory_is_refused_in_words() -> None:
    check_memory(1, "a byte")
    with pytest.raises(InputError, match=r"a lot needs 1024 TiB of memory, [0-9.]+ .iB are available"):
        check_memory(1 << 50, "a lot")


def test_an_image_beyond_the_memory_of_a_device_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (3 << 30, 8 << 30))
    check_device_memory(1000, 1000, torch.device("cuda"))
    check_device_memory(1 << 20, 1 << 20, torch.device("cpu"))
    with pytest.raises(InputError, match=r"10000 x 20000 pixels .* needs 6.47 GiB of memory on cuda:1, 3 GiB are free"):
        check_device_memory(10000, 20000, torch.device("cuda:1"))
