"""One line to events, for every dialect, and for lines that want to do harm."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtui.trace.numbers import integer, number
from nbtui.trace.reading import grammar, printout
from nbtui.trace.reading.grammar import Banner, Event, KeyValues, Marker, Named, NoticeLine, Odd, Pixel, parse
from nbtui.trace.reading.reader import parse_lines
from nbtui.trace.text import clean


def only(text: str) -> Event:
    events = parse(text)
    assert len(events) == 1, events
    return events[0]


def named(text: str) -> Named:
    event = only(text)
    assert isinstance(event, Named)
    return event


@pytest.mark.parametrize(
    ("line", "side", "name", "values"),
    [
        ("TRACE_C: F_cell 190.27", "C", "F_cell", (190.27,)),
        ("TRACE_PY: hkl_rounded -7 -1 -14", "PY", "hkl_rounded", (-7, -1, -14)),
        ("TRACE_PY: hkl_rounded 0.000e+00 5.000e+00 0.000e+00", "PY", "hkl_rounded", (0, 5, 0)),
        ("TRACE_C:distance_m=0.23127466", "C", "distance_m", (0.23127466,)),
        ("TRACE_C:initial_fdet=0 0 1", "C", "initial_fdet", (0.0, 0.0, 1.0)),
        ("TRACE_C:detector_convention=MOSFLM", "C", "detector_convention", ("MOSFLM",)),
        ("TRACE_PY: detector_convention MOSFLM", "PY", "detector_convention", ("MOSFLM",)),
        ("TRACE_C:angles_rad=rotx:0.1 roty:-0 rotz:2e-3 twotheta:0", "C", "angles_rad", (0.1, -0.0, 2e-3, 0.0)),
        ("TRACE_C:beam_center_m=X:5.12e-05 Y:5.12e-05 pixel_mm:0.1", "C", "beam_center_m", (5.12e-05, 5.12e-05, 0.1)),
        ("TRACE_C:Rx=[1 0 0; 0 1 -0; 0 0 1]", "C", "Rx", (1.0, 0.0, 0.0, 0.0, 1.0, -0.0, 0.0, 0.0, 1.0)),
        ("TRACE_PY: I_before_scaling_pre_polar 5.5", "PY", "I_before_scaling", (5.5,)),
        ("TRACE_PY: F_latt NOT_EXTRACTED", "PY", "F_latt", ("NOT_EXTRACTED",)),
        ("TRACE_PY: my_tap [1.5, 2, 3]", "PY", "my_tap", (1.5, 2.0, 3.0)),
        ("TRACE_PY: my_tap on, as asked", "PY", "my_tap", ("on, as asked",)),
        ("DETECTOR_PIX0_VECTOR 0.12 0.0325 -0.0325", "", "DETECTOR_PIX0_VECTOR", (0.12, 0.0325, -0.0325)),
        ("TRACE_C_SOURCE2: cos2theta -0.01375", "C", "source[2].cos_2theta", (-0.01375,)),
        ("TRACE_PY_SOURCE 1: source_direction 0 0 1", "PY", "source[1].source_direction", (0.0, 0.0, 1.0)),
        ("TRACE_PY_TRICUBIC: [0,1,3]=81.98", "PY", "tricubic.grid", (81.98,)),
        ("TRACE_PY_TRICUBIC_H_COORDS: [-8.0, -7.0]", "PY", "tricubic.h_coords", (-8.0, -7.0)),
    ],
)
def test_named_values(line: str, side: str, name: str, values: tuple[object, ...]) -> None:
    event = named(line)
    assert (event.side, event.name, event.values) == (side, name, values)
    assert [math.copysign(1, v) for v in event.values if isinstance(v, float)] == [
        math.copysign(1, v) for v in values if isinstance(v, float)
    ]


def test_arrows_in_the_mapping_text_survive() -> None:
    text = "Fbeam←Ybeam_mm(+0.5px),Sbeam←Xbeam_mm(+0.5px),beam_vec=[1 0 0]"
    assert named("TRACE_C:convention_mapping=" + text).values == (text,)
    assert named("TRACE_PY: convention_mapping " + text).values == (text,)


def test_phi_and_term_lines() -> None:
    event = only("TRACE_C_PHI phi_tic=3 phi_deg=0.03 k_frac=-0.59 F_latt_b=-nan F_latt=1.#IND")
    assert isinstance(event, KeyValues) and event.kind == "phi"
    assert (event.values["phi_tic"], event.values["k_frac"]) == (3.0, -0.59)
    assert math.isnan(event.values["F_latt_b"]) and math.isnan(event.values["F_latt"])
    event = only("TRACE_PY_TERM thick=0 sub_slow=1 h=1.5 F_cell=100 F_cell2_F_latt2=4e5")
    assert isinstance(event, KeyValues) and event.kind == "term"
    assert event.values["F_cell2_F_latt2"] == 4e5


def test_a_counter_that_is_not_finite_is_left_out() -> None:
    event = only("TRACE_C_PHI phi_tic=nan k_frac=nan")
    assert isinstance(event, KeyValues) and list(event.values) == ["k_frac"]
    event = only("TRACE_C_TERM h0=inf h=inf")
    assert isinstance(event, KeyValues) and list(event.values) == ["h"]


def test_rotated_vectors_under_a_reciprocal_label() -> None:
    events = parse("TRACE_PY_ROTSTAR phi_tic=1 ap_y=-21.8 bp_y=0.71 cp_y=-24.39")
    assert [(e.name, e.values) for e in events if isinstance(e, Named)] == [
        ("rotstar.ap_y", (-21.8,)),
        ("rotstar.bp_y", (0.71,)),
        ("rotstar.cp_y", (-24.39,)),
    ]


def test_the_pixel_is_slow_then_fast_whoever_names_it() -> None:
    assert only("TRACE_CONFIG: tracing pixel (spixel=685, fpixel=1039)") == Pixel(685, 1039, 2)
    assert only("  Tracing pixel (slow=158, fast=147)") == Pixel(158, 147, 2)
    assert only("nanoBragg -lambda 1 -trace_pixel 12 14 -noprogress") == Pixel(12, 14, 1)
    assert only("nanoBragg -dump_pixel 12 14") == Pixel(12, 14, 1)
    assert printout.head("1039  685 : stol = 1.2e+09 or 0.12") == (
        (685, 1039),
        [("printout.stol", (1.2e9,)), ("printout.stol_plane", (0.12,))],
    )


def test_a_trace_line_glued_behind_a_warning_or_another_line() -> None:
    events = parse("WARNING: out of range for three point interpolation TRACE_C: F_cell 12.5")
    assert isinstance(events[0], NoticeLine) and events[0].kind == "warning"
    assert isinstance(events[1], Named) and events[1].values == (12.5,)
    events = parse("TRACE_C: F_latt 2.5TRACE_C: F_cell 12.5")
    assert [e.values for e in events if isinstance(e, Named)] == [(2.5,), (12.5,)]
    assert named("INFO:root:TRACE_PY: F_cell 12.5").values == (12.5,)


@pytest.mark.parametrize(
    "line",
    [
        "TRACE_C_TAP4: idx 3 F_cell 12.5 F_latt 1",
        "TRACE_C_TAP5: polar 0.96",
        "TRACE_C_HKL_BOUNDS: -20 20 -20 20",
        "TRACE_C_OMEGA: pixel=(0,0) omega=1e-8",
        "TRACE_PY_SOMETHING_NEW a=1",
    ],
)
def test_ad_hoc_taps_are_kept_as_they_are(line: str) -> None:
    event = only(line)
    assert isinstance(event, Odd) and event.text == line and not event.reason


@pytest.mark.parametrize(
    "line", ["TRACE_C: rot_a_angstroms 1 2", "TRACE_PY: F_cell 1 2", "TRACE_C: 12", "TRACE_C:Rx=[1]"]
)
def test_wrong_counts_are_never_a_value(line: str) -> None:
    event = only(line)
    assert isinstance(event, Odd) and event.reason


@pytest.mark.parametrize(
    "line",
    [
        "Captured 10 TRACE_PY_PHI lines",
        "Captured 43 TRACE_PY lines",
        "grep TRACE_C log",
        "TRACE_PY_PHI",
        "TRACE_C:",
        "12% done",
        "",
        "DETECTOR_FOO_AXIS 1 2 3",
        "MY_DETECTOR_FAST_AXIS 1 2 3",
    ],
)
def test_sentences_about_traces_are_no_traces(line: str) -> None:
    assert parse(line) == []


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("WARNING: auto-generating odet_vector", "warning"),
        ("x.py:990: UserWarning: wavelengths are ignored", "warning"),
        ("custom convention selected.", "convention"),
        ("pivoting detector around sample", "pivot"),
        ("reading Fs from Fdump.bin", "hkl"),
        ("re-reading scaled.hkl", "hkl"),
        ("  64333 initialized hkls (all others =0)", "hkl"),
        ("  created a total of 3 sources:", "sources"),
        ("  created a total of 8 mosaic domains", "mosaic"),
        ("  wave=1.2e-10 meters +/- 0% in 1 steps", "wavelength"),
        ("  incident fluence: 1e+24 photons/m^2", "fluence"),
        ("  3x3 pixel oversample steps", "oversample"),
        ("max_I = 446.254  at 0.117906 0.178794", "info"),
        ("TRACE:   V_cell = 24682.3, V_star = 4.05149e-05", "prose"),
    ],
)
def test_notices(line: str, kind: str) -> None:
    event = only(line)
    assert isinstance(event, NoticeLine)
    assert (event.kind, event.text) == (kind, line.strip())


def test_banner_and_markers() -> None:
    assert isinstance(
        only("nanoBragg nanocrystal diffraction simulator - James Holton and Ken Frankel 5-17-17"), Banner
    )
    assert isinstance(only("TRACE_PY_TRICUBIC_GRID_START"), Marker)


@pytest.mark.parametrize("token", ["nan", "-nan", "NaN", "-nan(ind)", "nan(0x8000)", "1.#IND", "-1.#IND00", "1.#QNAN"])
def test_not_a_number(token: str) -> None:
    read = number(token)
    assert read is not None and math.isnan(read)


@pytest.mark.parametrize(("token", "value"), [("inf", math.inf), ("-inf", -math.inf), ("1.#INF", math.inf)])
def test_infinity(token: str, value: float) -> None:
    assert number(token) == value


@pytest.mark.parametrize("token", ["1_000", "٣", "0x1p3", "1e", "--1", "", "1.#", "NOT_EXTRACTED", "1,5"])
def test_no_number(token: str) -> None:
    assert number(token) is None


def test_integers_stay_exact_and_huge_ones_do_not_fail() -> None:
    assert integer("123456789012345678") == 123456789012345678
    assert integer("9" * 5000) == math.inf
    assert integer("2.5") == 2.5
    assert integer("?") == "?"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain ← text", "plain ← text"),
        ("\x1b[01;31m\x1b[KTRACE_C\x1b[m\x1b[K: x 1", "TRACE_C: x 1"),
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("a\tb\u00a0c", "a b c"),
        ("a\u202eb\u2066", "a\\u202eb\\u2066"),
        ("\ufeffx", "x"),
        ("a\nb\rc\0", "a␊b␍c␀"),
        ("\x9b2J\x7f", "\\x9b2J␡"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_clean(raw: str, shown: str) -> None:
    assert clean(raw) == shown


@given(st.text(alphabet=st.characters(), max_size=300))
def test_nothing_that_comes_out_of_clean_can_steer_a_terminal(text: str) -> None:
    shown = clean(text)
    assert shown.isprintable()
    shown.encode("utf-8")
    assert clean(shown) == shown


_PIECES = st.sampled_from(
    [
        "TRACE_C: ",
        "TRACE_PY:",
        "TRACE_C_PHI ",
        "TRACE_PY_TERM ",
        "TRACE_PY_SOURCE 99999999: ",
        "TRACE_C_SOURCE2: ",
        "TRACE_PY_TRICUBIC: [0,0,0]=",
        "TRACE_CONFIG: (spixel=1, fpixel=",
        "TRACE:",
        "DETECTOR_FAST_AXIS ",
        "hkl_rounded ",
        "steps=",
        "Rx=[1 0",
        "phi_tic=",
        "1e999 ",
        "-nan",
        "9" * 30,
        "[/red] [bold]",
        "\x1b[2J",
        "0 0 1",
        " : stol = ",
    ]
)


@given(st.lists(_PIECES | st.text(max_size=20), max_size=12).map("".join))
def test_no_line_is_fatal_and_every_text_is_harmless(line: str) -> None:
    text = clean(line)
    for event in grammar.parse(text):
        for shown in (getattr(event, "text", ""), getattr(event, "name", ""), getattr(event, "raw_name", "")):
            assert shown.isprintable()
    printout.head(text)
    printout.row(text)


EARLY = [
    "=== TRACE: Pixel (64, 79) [slow, fast] ===",
    "TRACE: pixel_pos_meters = 0.1 -0.00555 0.00125",
    "TRACE: hkl_frac = [1.5, 2.5, -3.5]",
    "TRACE: R_distance_meters 0.100161",
    "TRACE: lambda_angstroms = 1.25 A",
    "TRACE: Omega (solid angle) = 9.951648166e-07",
    "TRACE: Polarization = 0.9983869706",
    "TRACE: own_value 3.25",
    "TRACE:   a_star = [0.0351723, 0, 0] |a_star| = 0.0351723",
    "TRACE: Computing cross products of reciprocal vectors:",
    "TRACE: I_pixel_final = 0.005086183082",
]


def test_the_early_dialect_is_read() -> None:
    trace = parse_lines(EARLY)
    assert trace.pixel == (64, 79) and trace.side == "?" and trace.sha256
    assert {record.name: record.values for record in trace.records} == {
        "pixel_pos_meters": (0.1, -0.00555, 0.00125),
        "hkl_frac": (1.5, 2.5, -3.5),
        "R_distance_meters": (0.100161,),
        "lambda_angstroms": (1.25,),
        "omega_pixel": (9.951648166e-07,),
        "polar": (0.9983869706,),
        "own_value": (3.25,),
        "I_pixel_final": (0.005086183082,),
    }
    assert [record.line for record in trace.records] == [2, 3, 4, 5, 6, 7, 8, 11]


def test_the_early_dialect_names_its_pixel_order() -> None:
    assert parse_lines([EARLY[0].replace("slow, fast", "fast, slow"), *EARLY[1:]]).pixel == (79, 64)


def test_a_second_pixel_of_the_early_dialect_is_another_run() -> None:
    trace = parse_lines([*EARLY, EARLY[0].replace("64", "65"), *(line.replace("1.5", "9.5") for line in EARLY[1:])])
    assert trace.runs == 2 and trace.pixel == (65, 79)
    assert trace.all("hkl_frac")[0].values == (9.5, 2.5, -3.5) and len(trace.all("hkl_frac")) == 1


def test_the_early_dialect_counts_only_without_other_trace_lines() -> None:
    trace = parse_lines(["TRACE_PY: F_cell 100", *EARLY])
    assert [record.name for record in trace.records] == ["F_cell"]


def test_prose_about_the_cell_is_no_early_dialect() -> None:
    prose = ["TRACE: Raw matrix values from file:", "TRACE:   lambda0 = 0.9768 Angstroms", "TRACE:   V_cell = 24682.3"]
    assert not parse_lines(prose).records
