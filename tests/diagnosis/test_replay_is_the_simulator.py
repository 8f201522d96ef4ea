"""The replay against the simulator: every flag, and every quirk that a hypothesis claims to imitate.

The replay is the pixel loop written once more (in numpy, so that every rule can be broken): these tests keep the two
in step. A new flag or quirk is found here until the replay knows it.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from nbsim import FLAGS, Flag, Quirks, walk
from nbtui.diagnosis.diagnose import base_setup
from nbtui.diagnosis.hypotheses.catalogue import CATALOGUE
from nbtui.diagnosis.hypotheses.record import Problem
from nbtui.diagnosis.replay.replay import Replay, replay
from nbtui.diagnosis.search.rows import Rows, common_rows, predictions
from nbtui.errors import UnusableInput
from nbtui.live.model import Case, Settings
from nbtui.live.session import simulate
from nbtui.trace.model import Trace
from support.flag_samples import BASES, START, words_of, write_inputs

PIXEL = (2, 3)  # (slow, fast), inside the ROI and the mask of the samples
# and one on which the flags that need others have an effect
RUNS = BASES | {
    "tilted": "-hkl box.hkl -interpolate -gauss_xtal -fudge 0.7 -twotheta 7 -detector_rotx 5 -detector_roty -3 "
    "-spindle_axis 1 0.1 0.2 -phi 3 -osc 2 -phisteps 2 -flux 1e12 -exposure 0.5 -beamsize 0.2 -polar 0.4 "
    "-oversample 2 -oversample_polar -oversample_omega -oversample_thick "
    "-detector_abs 300 -detector_thick 400 -thicksteps 2 -sourcefile sources.txt -dmin 2"
}
SAME = 1e-8  # relative; the replay sums in another order
# quirk -> flags with which it changes the pixel
IMITATED = {
    "phi_carryover": "-osc 3 -phisteps 2",
    "point_pixel_without_area": "-point_pixel",
    "source_weights_ignored": "-sourcefile sources.txt",
    "interpolation_switch_off": "-hkl small.hkl -interpolate -oversample 2 -osc 3 -phisteps 2",
    "running_sum_weights": "-oversample 2 -oversample_polar",
    "twotheta_axis_sets_angle": "-twotheta 10 -twotheta_axis 0 1 2",
    "twotheta_axis_as_typed": "-twotheta_axis 0 1 2 -twotheta 10",
    "pix0_vector_discarded": "-pix0_vector 100 0 0",
    "convention_forces_pivot": "-xds -pivot beam -ORGX 2 -ORGY 3 -twotheta 4",
    "normal_rederived": "-odet_vector 1 0.1 0.1",
    "mosaic_first_identity": "-mosaic 2 -mosaic_domains 3",
    "interpolate_before_sizes": "-hkl box.hkl -N 5 -samplesize 3e-6",
    "matrix_rescaled_by_cell": "-mat a.mat",
    "cell_sine_of_gamma_star": "",
    "cached_corrections": "-hkl box.hkl -oversample 2 -polar 0.7 -sourcefile sources.txt",
    "last_layer_capture": "-detector_abs 300 -detector_thick 400 -thicksteps 3",
    "background_twice": "-water 20 -flux 1e12 -polar 0.5 -detector_thick 100 -oversample 2",
    "nopolar_overridden": "-nopolar -oversample_polar -oversample 2",
    "dimensional_shape_width": "-gauss_xtal",
    "curved_transposed": "-curved_det yes -xds -twotheta 3",
    "thick_flag_zeroes": "-oversample_thick",
    "culled_polar_zero": "-dmin 100 -water 20",
    "zero_term_skip": "-oversample 2 -oversample_polar -osc 40 -phisteps 6 -tophat_spots -fudge 2",
    "mosaic_single_precision": "-mosaic 2 -mosaic_domains 3",
    "ratio_without_twotheta": "-curved_det yes -twotheta 9 -detector_rotx 5",
    "hkl_integer_rows": "-hkl fractions.hkl -nointerpolate",
    "comments_as_data": "-hkl commented.hkl -nointerpolate",
}
MATTERS = {"mosaic_single_precision": 1e-9}  # relative change that a quirk makes; 1e-4 elsewhere
# quirk -> why no form of a hypothesis is the simulator without it
NOT_IMITATED = {
    "grating_literal": "differs in rounding only: the simulator keeps the sign",
    "sphere_literal": "differs in rounding only",
    "background_weighted": "no effect while running_sum_weights is on; a form of c_program has both off",
    "last_curved_det_ignored": "a form of c_program; its trace is in test_programs.py",
    "last_thickness_flag_crashes": "no trace to compare with: the simulator refuses the word when it is on",
    "source_file_literal": "no trace to compare with: the simulator refuses a comment line when it is on",
    "naive_float32": "of images: a float32 trace is that of a port in either state",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("replay")
    write_inputs(path)
    sides = range(-4, 5)
    rows = [f"{h} {k} {l} {5 + (h + 2 * k + 3 * l) % 7}" for h in sides for k in sides for l in sides]
    (path / "small.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")
    (path / "fractions.hkl").write_text((path / "box.hkl").read_text().replace("\n-9 ", "\n-9.0 "), encoding="ascii")
    (path / "commented.hkl").write_text(
        (path / "box.hkl").read_text().replace("\n-9 ", "\n# -9\n-9 ", 1), encoding="ascii"
    )
    rows = [
        f"{h} {k} {l} {5 + (h + 2 * k + 3 * l) % 7}" for h in range(-6, 6) for k in range(-1, 7) for l in range(-6, 7)
    ]
    (path / "edge.hkl").write_text(
        "\n".join(rows) + "\n", encoding="ascii"
    )  # the pixel leaves its range while it turns
    return path


def case_of(words: list[str], folder: Path) -> Case:
    return Case("sample", tuple(words), folder, PIXEL, None)


def traced(case: Case, quirk: str = "") -> Trace:
    """The simulator's trace in C's mode, one quirk off."""
    quirks = ((quirk, False),) if quirk else ()
    return simulate(case, Settings(phi_mode="c-parity", quirks=quirks)).trace


def worst(rows: Rows, made: Replay) -> tuple[str, float]:
    """The field in which a replay misses the suspect most, and by how much."""
    judged = np.asarray([name != "floatimage_accumulated" for name in rows.fields])
    off = np.where(judged, rows.distance(predictions(rows, made), rows.suspect), 0.0)
    at = int(np.argmax(off))
    return rows.fields[at], float(off[at])


@pytest.mark.slow
@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("flag", FLAGS, ids=lambda flag: flag.names[0])
def test_the_replay_follows_every_flag(flag: Flag, run: str, folder: Path) -> None:
    if flag.names == ("--column",):
        pytest.skip("chooses a column of an MTZ file")
    assert_followed([*START.split(), *RUNS[run].split(), *words_of(flag)], folder)


@pytest.mark.parametrize("shape", ["", "-tophat_spots -fudge 2", "-tophat_spots -fudge 2 -water 2"])
def test_the_replay_skips_terms_and_stops_to_interpolate_as_the_simulator_does(shape: str, folder: Path) -> None:
    flags = "-roi 3 3 2 2 -hkl edge.hkl -interpolate -oversample 2 -oversample_polar -polar 0.8 -osc 40 -phisteps 6"
    assert_followed([*START.split(), *flags.split(), *shape.split()], folder)


def assert_followed(words: list[str], folder: Path) -> None:
    case = case_of(words, folder)
    trace = traced(case)
    made = replay(base_setup(case, PIXEL))
    rows = common_rows(trace, trace, (*made.fields, *made.phi))
    assert len(rows) > 25
    field, off = worst(rows, made)
    assert off < SAME, field


@pytest.mark.slow
@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("flag", FLAGS, ids=lambda flag: flag.names[0])
def test_an_ignored_option_is_the_simulation_without_it(flag: Flag, run: str, folder: Path) -> None:
    if flag.names == ("--column",):
        pytest.skip("chooses a column of an MTZ file")
    words = [*START.split(), *RUNS[run].split()]
    with_it, without_it = case_of([*words, *words_of(flag)], folder), case_of(_dropped(words, flag), folder)
    if not _runs(without_it):
        pytest.skip("needed")
    reference, suspect = traced(with_it), traced(without_it)
    base, other = base_setup(with_it, PIXEL), base_setup(without_it, PIXEL)
    if base.scene.interpolation_end != other.scene.interpolation_end:
        pytest.skip("another pixel ends interpolation")
    plain = replay(base)
    fields = (*plain.fields, *plain.phi)
    if base.scene.oversample != other.scene.oversample or base.scene.n_layers != other.scene.n_layers:
        fields = ("I_before_scaling", "steps", "I_pixel_final")  # the blocks are others
    rows = common_rows(reference, suspect, fields)
    if worst(rows, plain)[1] < SAME:
        return  # the flag changes nothing here
    problem = Problem(with_it, base, reference, suspect)
    names = {f"{flag.names[0]} ignored", f"{flag.names[0]} with all its consequences ignored"}
    forms = [variant for variant in CATALOGUE["option_ignored"].variants(problem) if variant.form.name in names]
    found = [worst(rows, replay(variant.change(base))) for variant in forms]
    assert min((off for _, off in found), default=1.0) < SAME, found


def _dropped(words: list[str], flag: Flag) -> list[str]:
    """The words without a flag and its values."""
    kept: list[str] = []
    for start, end, row, _ in walk(words):
        kept += [] if row.names == flag.names else words[start:end]
    return kept


def _runs(case: Case) -> bool:
    try:
        base_setup(case, PIXEL)
    except UnusableInput:
        return False
    return True


@pytest.mark.parametrize("quirk", IMITATED)
def test_a_hypothesis_imitates_its_quirk(quirk: str, folder: Path) -> None:
    """The simulator without the quirk is one of the forms of the hypothesis that names it."""
    case = case_of([*START.split(), *BASES["bare"].split(), *IMITATED[quirk].split()], folder)
    as_c, off = traced(case), traced(case, quirk)
    base = base_setup(case, PIXEL)
    plain = replay(base)
    rows = common_rows(as_c, off, (*plain.fields, *plain.phi))
    assert worst(rows, plain)[1] > MATTERS.get(quirk, 1e-4)
    problem = Problem(case, base, as_c, off)
    variants = [item.variants(problem) for item in CATALOGUE.values() if quirk in item.quirks]
    with np.errstate(all="ignore"):
        found = [worst(rows, replay(variant.change(base))) for group in variants for variant in group]
    assert min(off for _, off in found) < SAME, found


def test_every_quirk_is_imitated_or_excused() -> None:
    names = {field.name for field in fields(Quirks)}
    assert set(IMITATED) | set(NOT_IMITATED) == names
    assert not set(IMITATED) & set(NOT_IMITATED)
