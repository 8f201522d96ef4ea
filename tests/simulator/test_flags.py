"""The command line: side effects in order, refusals, headers. Expectations: nanobragg_setup.md section 1."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nbsim import from_command
from nbsim.errors import InputError
from nbsim.options.headers import read_mask
from nbsim.options.parse import parse, split_command
from nbsim.options.quirks import Quirks
from nbsim.options.table import FLAGS
from support.places import SHARED


def test_reference_commands_parse() -> None:
    if not SHARED.exists():
        pytest.skip(f"no shared cases at {SHARED}")
    cases = sorted((SHARED / "golden" / "cases").glob("*/command.txt"))
    cases += [SHARED / "demo" / "command.txt", SHARED / "seed_case" / "command.txt"]
    for case in cases:
        options = parse(split_command(case.read_text()), SHARED / "golden" / "inputs")
        assert options.trace_pixel is not None and options.write_noise is False


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("-detector_thickstep 3", "-detector_thickstep: unknown option; the nearest known one is -detector_thicksteps"),
        ("-roi 1 2", "-roi needs 4 values, got 2"),
        ("-lambda", "-lambda needs 1 value, got 0"),
        ("-lambda -N 5", "-lambda needs 1 value, got 0"),
        ("-lambda x", "-lambda x: 'x' is not a number"),
        ("-N 1e3", "-N 1e3: needs a whole number"),
        ("-N 5.7", "-N 5.7: needs a whole number"),
        ("-cell -N 5", "-cell needs 1 to 6 values"),
        ("-density", "-density needs 1 value"),
        ("-detector_abs", "-detector_abs needs 1 value"),
        ("-hdiv 3", "-hdiv: unknown option; the nearest known ones are -hdivrange, -hdivstep, -hdivsteps; C skips it$"),
        ("-HKL x", "-HKL: unknown option; the nearest known one is -hkl; C skips it$"),
        ("-detector_twotheta 3", "the nearest known one is -twotheta; C skips it$"),
        ("-detector_pivot beam", "the nearest known one is -pivot; C skips it$"),
        ("-convention MOSFLM", "-convention: unknown option; the nearest known one is -mosflm; C skips it$"),
        ("-dispstep 3", "nearest known one is -dispsteps; C skips it$"),
        ("-dumpfile F", "nearest known one is -dump; C reads it as -dump$"),
        ("-bogus 3", "-bogus: unknown option; nbsim --help lists the known ones; C skips it$"),
        ("--lambda 1", "nearest known one is -lambda; C reads it as -lambda$"),
        ("-pivot corner", "-pivot corner: must be"),
        ("-N 5 6", "'6' .* belongs to no option"),
    ],
)
def test_unusable_command_lines_are_refused(typed: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(typed.split())


def test_aliases_units_and_negative_values_are_understood() -> None:
    typed = "./nanoBragg -wavelength 1.5 -mosaic_spread 0.3 -mosaic_domains 4 -hdivrange 4 -dispersion 2 -cell 10 20"
    options = parse([*typed.split(), "-phi", "-.5", "-seed", "-3", "-pix0_vector_mm", "-1", "2", "3"])
    assert (options.wavelength_a, options.mosaic_deg, options.mosaic_domains) == (1.5, 0.3, 4)
    assert (options.hdiv_range, options.dispersion, options.cell) == (0.004, 0.02, (10.0, 20.0))
    assert (options.phi_deg, options.noise_seed, options.pix0_vector_m) == (-0.5, -3, (-0.001, 0.002, 0.003))
    assert parse(["-energy", "12398.42"]).wavelength_a == 1.0
    assert parse(["-printout_pixel", "5", "7"]).printout_pixel == (7, 5)


@pytest.mark.parametrize(
    ("typed", "convention", "pivot"),
    [
        ("-xds -fdet_vector 1 0 0", "CUSTOM", "SAMPLE"),
        ("-fdet_vector 1 0 0 -xds", "XDS", "SAMPLE"),
        ("-dials -fdet_vector 1 0 0", "CUSTOM", "BEAM"),
        ("-twotheta 5 -distance 100", "MOSFLM", "BEAM"),
        ("-distance 100 -ORGX 5", "MOSFLM", "SAMPLE"),
    ],
)
def test_side_effects_follow_the_order(typed: str, convention: str, pivot: str) -> None:
    options = parse(typed.split())
    assert (options.convention, options.pivot) == (convention, pivot)


def test_the_twotheta_axis_follows_the_quirk() -> None:
    typed = ["-twotheta", "20", "-distance", "100", "-twotheta_axis", "0", "0", "-1"]
    assert (parse(typed).twotheta_deg, parse(typed).pivot) == (0.0, "SAMPLE")
    sane = parse(typed, quirks=Quirks(twotheta_axis_sets_angle=False))
    assert (sane.twotheta_deg, sane.pivot, sane.twotheta_axis) == (20.0, "BEAM", (0.0, 0.0, -1.0))


def test_later_options_overwrite_earlier_ones() -> None:
    late_inf = parse(["-detector_thick", "320", "-detector_abs", "inf"])
    assert (late_inf.thickness_um, late_inf.mu_per_m) == (0.0, 0.0)
    assert parse(["-misset", "random", "-misset", "1", "2", "3"]).misset_random is False
    assert parse(["-misset", "1", "2", "3", "-misset", "random"]).misset_random is True
    assert parse(["-nopgm", "-pgmscale", "2"]).write_pgm is True
    assert parse(["-nopolar", "-polar", "0.5"]).nopolar is False
    curved = parse(["-curved_det", "-N", "4"])
    assert curved.curved and curved.n_a == 4


def _smv(path: Path, body: bytes, **keys: str) -> None:
    lines = "".join(f"{key}={value};\n" for key, value in keys.items())
    path.write_bytes((f"{{\nHEADER_BYTES=512;\n{lines}}}").encode().ljust(512) + body)


def test_headers_come_first_and_the_image_wins(tmp_path: Path) -> None:
    pixels = np.array([[1, 0, 2], [3, 4, 0]], dtype="<u2")
    common = {"SIZE1": "3", "SIZE2": "2", "PIXEL_SIZE": "0.5"}
    _smv(tmp_path / "m.img", pixels.tobytes(), **common, BEAM_CENTER_Y="0.25", PHI="7", TWOTHETA="9")
    _smv(tmp_path / "i.img", b"", **common, DISTANCE="90", CLOSE_DISTANCE="80", PHI="8")
    mask_only = parse(["-mask", "m.img"], tmp_path)
    assert (mask_only.ybeam_mm, mask_only.twotheta_deg, mask_only.phi_deg) == (0.75, 0.0, 7.0)
    both = parse(["-pixel", "0.4", "-img", "i.img", "-mask", "m.img"], tmp_path)
    assert (both.pixel_mm, both.phi_deg, both.detpixels_fast, both.detpixels_slow) == (0.4, 8.0, 3, 2)
    assert both.distance_mm == both.close_distance_mm == 80.0  # S27b
    assert read_mask(tmp_path / "m.img", 3, 2).tolist() == [[True, False, True], [True, True, False]]
    with pytest.raises(InputError, match="mask is 3 x 2 pixels, the detector 4 x 2"):
        read_mask(tmp_path / "m.img", 4, 2)
    (tmp_path / "text.img").write_text("hello")
    for name, message in (("gone.img", "cannot be read"), ("text.img", "not an SMV file")):
        with pytest.raises(InputError, match=message):
            parse(["-img", name], tmp_path)


def test_a_value_that_c_would_cut_short_is_refused() -> None:
    for typed in ("-N 1e3", "-N 5.7", "-distance 100mm", "-lambda 1e400", "-lambda nan", "-N 99999999999"):
        with pytest.raises(InputError, match=typed):
            parse(typed.split())
        if "e400" not in typed and "nan" not in typed and "999" not in typed:
            parse(typed.split(), compat=True)


@pytest.mark.parametrize(
    ("typed", "changed"),
    [
        ("-Nfoo 5 -N 1e3 --lambda 1.5A", {"n_a": 1, "n_b": 1, "wavelength_a": 1.5}),
        ("-misset random -misset_seed 5 -phi 3", {"misset_random": False, "misset_deg": (5.0, 0.0, 3.0)}),
        ("-misset_seed 5 -misset random", {"misset_random": True, "misset_seed": 5}),
        ("-distance_of_it 80mm stray -roi 1 2", {"distance_mm": 80.0, "roi": None}),
        ("-oversample_thick 3", {"oversample_thick": True, "oversample": -1}),
        ("-dump_pixel 3 4", {"dump_file": "3", "trace_pixel": (3, 4)}),
        ("-printout_pixel 3 4", {"printout": True, "printout_pixel": (4, 3)}),
        ("-phi -N 5", {"phi_deg": 0.0, "n_a": 5}),
        ("-hdiv 3 -hdivsteps 2", {"hdiv_steps": 2, "hdiv_range": -1.0}),
        ("-detector_absorption_depth 300um", {"attenuation_um": 300.0}),
        ("-curved_det", {"curved": False}),
        ("-cell 10 20 -30", {"cell": (10.0, 20.0)}),
        ("-cell 10 -mat -lambda 0.97", {"matrix_file": None, "wavelength_a": 0.97}),
        (f"-mat {__file__} -cell 10 -mat gone.mat", {"matrix_file": None}),
    ],
)
def test_words_are_matched_as_in_c(typed: str, changed: dict[str, object]) -> None:
    """By the rules of section 1.1; benchmarks/blind_parity.py holds them against the C program itself."""
    options = parse(typed.split(), compat=True)
    assert {name: getattr(options, name) for name in changed} == changed


def test_words_that_c_reads_otherwise_are_listed() -> None:
    typed = "-dumpfile F --lambda 1.5A -N 0 -polar 2 -Na 1e3 -osc -1 -misset_seed 5 -phi 3"
    assert parse(typed.split(), compat=True).read_as == (
        "-dumpfile as -dump",
        "--lambda as -lambda",
        "--lambda 1.5A as 1.5",
        "-N 0 as not given",
        "-polar 2 as 2 (at most 1)",
        "-Na 1e3 as 1",
        "-osc -1 as not given",
        "-misset_seed also as -misset 5 0 3",
    )
    plain = (
        "-twotheta_axis 0 1 0 -pix0_vector_mm 1 2 3 -printout_pixel 3 4 -detpixels_x 20 -mosaic_domains 3 -wavelength 1"
    )
    assert parse(plain.split(), compat=True).read_as == ()


def test_words_that_c_skips_are_listed() -> None:
    assert parse(["-unknown", "7", "-N", "5", "stray", "-Nfoo", "3", "-lambda"], compat=True).ignored == (
        "-unknown", "7", "stray", "-Nfoo", "3", "-lambda",
    )  # fmt: skip
    with pytest.raises(InputError, match="-detector_abs needs a value; the stock C program crashes"):
        parse(["-detector_abs"], compat=True)


def test_rows_that_c_finds_in_one_word_stand_in_its_order() -> None:
    order = [flag.names[0] for flag in FLAGS]
    for first, second in (
        ("-misset", "-misset_seed"),
        ("-twotheta_axis", "-twotheta"),
        ("-printout", "-printout_pixel"),
    ):
        assert order.index(first) < order.index(second)
    for name in ("-oversample_thick", "-oversample_polar", "-oversample_omega"):
        assert order.index(name) < order.index("-oversample")


def test_header_values_that_c_ignores_are_reported(tmp_path: Path) -> None:
    keys = {"SIZE1": "4", "SIZE2": "4", "DISTANCE": "70", "CLOSE_DISTANCE": "60", "TWOTHETA": "5"}
    _smv(tmp_path / "i.img", b"", **keys)
    words = "-default_F 5 -cell 30 -N 3 -oversample 1 -img i.img -distance 200"
    for more, said in (("", 2), ("-close_distance 190 -twotheta 5", 0)):
        made = from_command(f"{words} {more}", tmp_path)
        assert sum("S27" in notice for notice in made.notices) == said
        assert made.options.close_distance_mm == (190.0 if more else 60.0)


def test_a_command_text_is_split_as_by_a_shell() -> None:
    text = "# how it was run\nOMP_NUM_THREADS=1 ./nanoBragg -hkl 'a b.hkl' \\\n  -N 5 > log.txt\n"
    assert split_command(text) == ["./nanoBragg", "-hkl", "a b.hkl", "-N", "5"]
    with pytest.raises(InputError, match="quot"):
        split_command("nanoBragg 'open")
