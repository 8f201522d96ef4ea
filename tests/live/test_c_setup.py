"""The effective values of an experiment, and those in C's log."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from nbtui.errors import UnusableInput
from nbtui.live.cases import load_case
from nbtui.live.model import Settings
from nbtui.live.parameters.c_setup import Shown, c_setup, differs
from nbtui.live.parameters.edits import in_force, same
from nbtui.live.parameters.table import by_id
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines, read_trace


def test_effective_values_of_the_demo_are_those_worked_out_by_hand() -> None:
    case = load_case(None)
    values = in_force(case, Settings())
    # by hand from the demo's command line: 0.6 deg in 12 steps; MOSFLM's beam centre is half a pixel off the middle
    expected = {
        "wavelength": 1.2, "distance": 120.0, "phi_step": 0.05, "osc": 0.6, "phi_steps": 12, "mosaic": 0.25,
        "mosaic_domains": 8, "n_a": 9, "pixel": 0.5, "detpixels_slow": 128, "cell_a": 30.0, "cell_b": 37.0,
        "xbeam": 32.25, "fluence": 1e24, "oversample": 1, "pivot": "BEAM", "interpolate": False,
    }  # fmt: skip
    assert all(same(values[id], value, 1e-12) for id, value in expected.items()), values
    assert values["attenuation"] is None and values.keys() == by_id().keys()
    with pytest.raises(UnusableInput, match="demo: "):
        in_force(replace(case, argv=(*case.argv, "-lambda", "0")), Settings())


def test_cs_log_shows_the_parameters_of_the_demo() -> None:
    case = load_case(None)
    assert case.c_log is not None
    c = c_setup(read_trace(case.c_log))
    values = in_force(case, Settings())
    assert {"wavelength", "cell_gamma", "misset_y", "phi_steps", "mosaic", "pivot", "shape", "n_c"} <= c.keys()
    assert {id for id, seen in c.items() if differs(values[id], seen)} == {"phi_mode", "quirk.phi_carryover"}
    assert c_setup(Trace("?", "", ())) == {}


def test_cs_plain_lines_are_read() -> None:
    log = """nanoBragg nanocrystal diffraction simulator
xds convention selected.
pivoting detector around sample
initializing to default_F = 3:
  gaussian xtal: 6x7x8 cells
  wave=9.768e-11 meters +/- 2.5% in 3 steps
  polarization effect disabled
  incident fluence: 1e+24 photons/m^2
  distance=0.231275 detsize=0.423636x0.434644  pixel=0.000172 meters (2463x2527 pixels)
  4 mosaic domains over mosaic spread of 0.3 degrees
  3 phi steps from 12 to 13.2 degrees
  2x2 pixel oversample steps +omega
TRACE_C: lambda_angstroms 0.99
TRACE_C: oversample_omega 1"""
    c = {id: seen.value for id, seen in c_setup(parse_lines(log.splitlines(), "c.log")).items()}
    expected = {
        "convention": "XDS", "pivot": "SAMPLE", "default_f": 3.0, "shape": "GAUSS", "n_a": 6, "n_b": 7, "n_c": 8,
        "dispersion": 2.5, "dispersion_steps": 3, "nopolar": True, "fluence": 1e24, "pixel": 0.172,
        "detpixels_fast": 2463, "mosaic_domains": 4, "mosaic": 0.3, "phi_steps": 3, "phi": 12.0, "osc": 1.2,
        "oversample": 2, "oversample_omega": True,
        "wavelength": 0.9768,  # with a spectrum the traced wavelength is that of one source
    }  # fmt: skip
    assert all(same(c[id], value, 1e-9) for id, value in expected.items()), c


def test_a_value_differs_beyond_the_digits_that_c_prints() -> None:
    assert not differs(231.27466, Shown(231.275, 5.1e-6)) and differs(231.28, Shown(231.275, 5.1e-6))
    assert not differs((0.0, 6e-17, 1.0), Shown((0.0, 0.0, 1.0))) and differs((0.0, 1e-3, 1.0), Shown((0.0, 0.0, 1.0)))
    assert not differs(None, Shown(1.0)) and differs(False, Shown(True)) and differs((1.0,), Shown((1.0, 2.0)))
    assert differs(1e-20, Shown(0.0)) and not differs(0.0, Shown(0.0)) and not differs(math.inf, Shown(math.inf))


@pytest.mark.slow
def test_cs_values_are_those_of_its_own_command_line(shared: Path) -> None:
    """On every reference case, C's log and the experiment built from its command line show the same parameters."""
    seen = 0
    for folder in sorted((shared / "golden" / "cases").iterdir()):
        case = load_case(str(folder), workdir=shared / "golden" / "inputs")
        assert case.c_log is not None
        c = c_setup(read_trace(case.c_log))
        values = in_force(case, Settings(phi_mode="c-parity"))
        wrong = {id: (values[id], one.value) for id, one in c.items() if differs(values[id], one)}
        assert not wrong, (folder.name, wrong)
        seen += len(c)
    assert seen > 1000
