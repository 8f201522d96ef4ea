"""For arbitrary words and files, nbsim ends with a documented exit code and a line that names the culprit."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbsim.cli import main
from nbsim.options.flag import Flag
from nbsim.options.table import FLAGS

CRYSTAL = ["-cell", "30", "40", "50", "90", "90", "90", "-lambda", "1", "-N", "3", "-oversample", "1", "-seed", "1"]
DETECTOR = ["-detpixels", "6", "-distance", "100", "-pixel", "3"]
PLAIN = [*CRYSTAL, *DETECTOR, "-default_F", "10"]
HEADER = (
    b"{\nHEADER_BYTES=512;\nBYTE_ORDER=little_endian;\nSIZE1=6;\nSIZE2=6;\nPIXEL_SIZE=1;\nDISTANCE=90;\n"
    b"WAVELENGTH=1;\nBEAM_CENTER_X=3;\nBEAM_CENTER_Y=3;\nPHI=0;\nOSC_RANGE=1;\nCLOSE_DISTANCE=90;\n}\f"
)
FILES = {
    "-img": HEADER.ljust(512) + struct.pack("<36H", *range(36)),
    "-mask": HEADER.ljust(512) + struct.pack("<36H", *range(36)),
    "-hkl": b"".join(b"%d %d %d 7.5\n" % (h, k, l) for h in (-1, 0, 1) for k in (-1, 0, 1) for l in (-1, 0, 1)),
    "-dump": b"-1 1 -1 1 -1 1\n\x0c" + np.arange(64.0).tobytes(),
    "-sourcefile": b"-10 0 0 1 1e-10\n-10 0.01 0 1 1.01e-10\n",
    "-mat": b"0.03 0 0\n0 0.025 0\n0 0 0.02\n",
    "-hkl x.cif": (
        b"data_x\n_cell.length_a 37\n_cell.length_b 37\n_cell.length_c 43\n_cell.angle_alpha 90\n_cell.angle_beta 90\n"
        b"_cell.angle_gamma 90\n_symmetry.space_group_name_H-M 'P 43'\nloop_\n_refln.index_h\n_refln.index_k\n"
        b"_refln.index_l\n_refln.F_meas_au\n0 0 0 4\n1 2 3 5\n"
    ),
    "-hkl x.mtz": b"MTZ " + bytes(200),
}
WORDS = [
    "nan", "inf", "-inf", "1e400", "-1", "0", "-0.0", "1e308", "-1e308", "1e-320", "", " ", "0x10", "\uff15", "--",
    "1_000", "2147483647", "-2147483648", "99999999999999999999", "1e15", "1e-12", "5", "0.5", "-7.25", "random",
    "x\x1b[31m", "-N",
]  # fmt: skip
FLAG_NAMES = sorted(name for flag in FLAGS for name in flag.spellings if flag.names != ("-phisteps",))
SLOW_AND_SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def examples(number: int) -> settings:
    return settings(max_examples=number, deadline=None, suppress_health_check=SLOW_AND_SHARED)


def run(words: list[str], here: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code and stderr, after checks that every run must pass."""
    before = {path: path.read_bytes() for path in here.iterdir()}
    capsys.readouterr()
    code = main(words)
    out, err = capsys.readouterr()
    assert code in (0, 2, 4)
    assert "Traceback" not in err and "Warning" not in err
    assert all(c == "\n" or c.isprintable() for c in out + err)
    if code:
        assert err.startswith("nbsim: ") and not out
        assert {path: path.read_bytes() for path in here.iterdir()} == before
    for path in set(here.iterdir()) - set(before):
        path.unlink()
    return code, err


@pytest.mark.slow
@examples(40)
@given(flag=st.sampled_from(FLAG_NAMES), words=st.lists(st.sampled_from(WORDS), max_size=6))
def test_any_value_after_any_flag_is_used_or_refused(
    flag: str, words: list[str], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for more in ([], ["--compat"]):
        run([*PLAIN, flag, *words, *more], here, capsys)


@examples(16)
@given(
    flag=st.sampled_from([f for f in FLAGS if f.kind in ("int", "float") and f.values == 1 and len(f.names) == 1]),
    word=st.sampled_from(["nan", "inf", "1e400", "x", "", "0x10", "1_000", "\uff15"]),
)
def test_a_value_that_is_not_a_number_is_named_with_its_flag(
    flag: Flag, word: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = flag.names[0]
    code, err = run([*PLAIN, name, word], here, capsys)
    assert code == 2 and name in err


@pytest.mark.slow
@examples(60)
@given(data=st.data(), flag=st.sampled_from(sorted(FILES)))
def test_any_damage_to_any_file_is_handled(
    data: st.DataObject, flag: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = FILES[flag]
    option, _, named = flag.partition(" ")
    name = named or "x.dat"
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 12)))
    inside = data.draw(st.sampled_from([word.encode() for word in WORDS]) | st.binary(max_size=12))
    tail = whole[end:] if data.draw(st.booleans()) else b""
    (here / name).write_bytes(whole[:start] + inside + tail)
    words = [*CRYSTAL] if option in ("-img", "-mask") else [*CRYSTAL, *DETECTOR]
    words += ["-default_F", "0" if option == "-dump" else "10", option, name]
    code, err = run(words, here, capsys)
    assert code == 0 or name in err
    (here / name).unlink()


@examples(40)
@given(words=st.lists(st.text(max_size=8) | st.sampled_from(FLAG_NAMES), max_size=6))
def test_any_words_are_handled(words: list[str], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not {"-h", "--help", "-help"} & set(words):
        code, _ = run([*words, "-N"], here, capsys)
        assert code == 2
