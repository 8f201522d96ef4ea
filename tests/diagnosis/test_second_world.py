"""The tests' own port: equal to the C program without switches, and wrong in the way that each switch says."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from port.faults import FAULTS, Faults, Kind
from support.second_world import Base, Sample, bases, run, shows, verdict

SINGLE_PRECISION = 2e-7  # F comes from a table of single precision, and enters squared
PRINTED_OTHERWISE = {"I_before_scaling_pre_polar": "I_before_scaling", "F_cell_interpolated": "F_cell"}


def _blocks(text: str, tag: str) -> dict[str, list[list[float]]]:
    found: dict[str, list[list[float]]] = {}
    for name, values in re.findall(rf"{tag}: (\w+)((?: [-+.\dein]+)+)", text):
        found.setdefault(name, []).append([float(value) for value in values.split()])
    return found


def _gap(ours: list[float], theirs: list[float]) -> float:
    size = max(map(abs, theirs)) or 1.0
    return max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) / size


def _gaps(base: Base) -> dict[str, float]:
    """Difference of every field that the two logs share, relative to its largest component.

    The port's one block is that of the pixel's centre: the middle one of C's for an odd oversampling.
    """
    c = _blocks(base.c_log.read_text(encoding="utf-8", errors="replace"), "TRACE_C")
    ours = _blocks(run(base).text, "TRACE_PY")
    (oversample,) = re.findall(r"Oversample = (\d+)", run(base).text)
    subpixels = int(oversample) ** 2
    names = {name: PRINTED_OTHERWISE.get(name, name) for name in ours}
    if "F_cell_interpolated" not in ours and len(c.get("F_cell", ())) == len(c["R_distance_meters"]):
        names["F_cell_nearest"] = "F_cell"
    shared = {name: c[field] for name, field in names.items() if field in c}
    middle = {name: rows[subpixels // 2 if len(rows) > 1 else 0] for name, rows in shared.items()}
    repeated = {name for name, rows in shared.items() if len(rows) > 1}
    of_the_block = repeated if subpixels % 2 == 0 else set()
    return {name: _gap(ours[name][0], values) for name, values in middle.items() if name not in of_the_block}


def _phi_lines(text: str, tag: str) -> list[list[float]]:
    lines = re.findall(rf"{tag} phi_tic=.*", text)
    return [[float(word) for word in re.findall(r"=(\S+)", line)] for line in lines]


@pytest.fixture(scope="module")
def choices(shared: Path) -> list[Base]:
    return bases(shared)


@pytest.mark.slow
def test_without_switches_the_port_is_the_c_program(choices: list[Base]) -> None:
    gaps = {base.name: _gaps(base) for base in choices}
    assert len(gaps) >= 60
    assert min(map(len, gaps.values())) >= 14
    assert {"hkl_frac", "rot_a_star_A_inv", "F_latt_c", "F_cell_nearest", "polar", "I_pixel_final"} <= set().union(
        *gaps.values()
    )
    apart = {
        (base, name): gap for base, fields in gaps.items() for name, gap in fields.items() if gap > SINGLE_PRECISION
    }
    assert apart == {}


def test_without_switches_every_phi_step_is_that_of_the_c_program(choices: list[Base]) -> None:
    compared = 0
    for base in choices:
        ours = _phi_lines(run(base).text, "TRACE_PY_PHI")
        theirs = _phi_lines(base.c_log.read_text(encoding="utf-8", errors="replace"), "TRACE_C_PHI")
        if len(ours) == len(theirs) > 1:  # one subpixel
            compared += 1
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9, err_msg=base.name)
    assert compared >= 8


def test_there_are_sixty_switches_and_their_causes_have_names() -> None:
    assert Counter(fault.kind for fault in FAULTS.values()) == {Kind.KNOWN: 34, Kind.HOOK: 8, Kind.UNKNOWN: 18}
    assert {fault.kind for fault in FAULTS.values() if not fault.ids} == {Kind.UNKNOWN}


@pytest.mark.slow
def test_every_switch_shows_somewhere(choices: list[Base]) -> None:
    assert [fault.name for fault in FAULTS.values() if not any(shows(fault, base) for base in choices)] == []


def test_a_misspelt_switch_is_refused() -> None:
    with pytest.raises(ValueError, match="no such fault: phi_mid"):
        Faults("phi_mid")


def _sample(*faults: str) -> Sample:
    return Sample(Base("base", Path(), Path()), faults)


@pytest.mark.parametrize(
    ("faults", "ids", "word", "false"),
    [
        (("phi_midpoint",), ("phi_midpoint", "float32"), "right", set()),
        (("phi_midpoint",), ("phi_midpoint", "kahn_default"), "among false", {"kahn_default"}),
        (("phi_midpoint",), ("tap_after_polar",), "silent", set()),
        (("phi_midpoint",), ("phi_sign",), "wrong", {"phi_sign"}),
        (("default_f_zero", "phi_midpoint"), ("option_ignored", "phi_midpoint"), "right", set()),
        (("default_f_zero", "phi_midpoint"), ("phi_midpoint",), "partly", set()),
        (("hook_polar_one",), ("print_rederived",), "right", set()),
        (("hook_polar_one",), ("kahn_default",), "wrong", {"kahn_default"}),
        (("lorentz_factor",), (), "right", set()),
        ((), ("float32",), "right", set()),
        (("lorentz_factor",), ("steps_factor",), "wrong", {"steps_factor"}),
    ],
)
def test_an_answer_counts_by_its_causes_of_the_simulation(
    faults: tuple[str, ...], ids: tuple[str, ...], word: str, false: set[str]
) -> None:
    judged = verdict(_sample(*faults), ids)
    assert (judged.word, judged.false) == (word, false)


@pytest.mark.parametrize(
    ("name", "faults"),
    [
        ("custom_vectors_pix0", ("fluence_default", "normal_as_typed", "other_pivot", "phi_fresh")),
        ("dials_orgxy_oversample1", ("origin_ignored",)),
        ("sourcefile_weights_oversample1", ("nominal_wavelength",)),
        ("thick_absorption_oversample1", ("one_layer",)),
    ],
)
def test_the_switches_make_the_pixels_of_a_living_port(
    choices: list[Base], shared: Path, name: str, faults: tuple[str, ...]
) -> None:
    (base,) = (base for base in choices if base.name == f"live_{name}")
    log = (shared / "live_sample" / "cases" / name / "trace_py.log").read_text(encoding="utf-8")
    (living,) = _blocks(log, "TRACE_PY")["I_before_scaling_pre_polar"]
    assert run(base, faults).intensity == pytest.approx(living[0], rel=1e-4)  # its cell is of single precision
    assert run(base).intensity != pytest.approx(living[0], rel=1e-2)
