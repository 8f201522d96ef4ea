"""Ratios, self-consistency, units, preflight, attribution: each against numbers worked out by hand."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nbtui.diagnosis import hypotheses
from nbtui.diagnosis.diagnose import base_setup
from nbtui.diagnosis.explain.attribution import attribute
from nbtui.diagnosis.explain.causes import explains_more
from nbtui.diagnosis.hypotheses.catalogue import CATALOGUE, GROUPS, variants_of
from nbtui.diagnosis.hypotheses.record import Hypothesis, Problem
from nbtui.diagnosis.replay.replay import replay
from nbtui.diagnosis.replay.setup import with_rules
from nbtui.diagnosis.search.fit import SMOOTH
from nbtui.diagnosis.search.preflight import hints, preflight
from nbtui.diagnosis.search.ratios import match, matches, products
from nbtui.live.scene import Unusable
from nbtui.parity.own_values import contradictions
from nbtui.parity.unit_names import CONVERSIONS, conversion_name
from nbtui.trace.reading.reader import parse_lines
from nbtui.trace.side import YOUR_LOG
from nbtui.trace.side import C as C_LOG
from support.console_causes import cause
from support.diagnosis_traces import causes, changed, demo, demo_log, edited, lines_of


def test_a_ratio_is_named_at_full_precision() -> None:
    tried = products({"polar": 0.91463969894451, "omega": 4.2e-7, "steps": 10.0})
    found = match(0.91463969894451 / 10.0, tried)
    assert found is not None
    name, chance = found
    assert set(name.split(" x ")) == {"polar", "(steps)^-1"}
    assert chance < 1e-9


def test_a_ratio_that_fits_to_a_thousandth_is_not_named() -> None:
    assert match(0.91463969894451 * 1.001, products({"polar": 0.91463969894451, "steps": 10.0})) is None


def test_a_window_that_lets_chance_in_is_refused() -> None:
    many = products({f"f{n}": 1.0 + 0.0137 * (n + 1) for n in range(12)})
    assert match(1.0137, many, window=1e-2) is None


def test_products_hold_no_factor_with_its_inverse() -> None:
    tried = products({"a": 2.0, "b": 3.0})
    assert [len(group) for group in tried.logs] == [4, 8, 12]
    assert max(tried.logs[2]) == pytest.approx(math.log(27.0), abs=1e-12)


@pytest.mark.parametrize(("factor", "name"), [(1e-10, "1e-10"), (2.0 * math.pi, "2 pi"), (180.0 / math.pi, "180/pi")])
def test_a_conversion_is_named(factor: float, name: str) -> None:
    vector = np.array([1.5, -2.25, 0.125])
    assert conversion_name(vector, vector * factor, 1e-12) == name
    assert CONVERSIONS[name] == pytest.approx(factor, rel=1e-15)


def test_no_conversion_for_a_vector_off_in_one_component() -> None:
    assert conversion_name(np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 31.0]), 1e-12) == ""


def test_the_c_programs_own_log_agrees_with_itself() -> None:
    assert contradictions(demo_log(), C_LOG, (9, 8, 7)) == ()


@pytest.mark.parametrize(
    "name",
    ["R_distance_meters", "diffracted_vec", "scattering_vec_A_inv", "hkl_frac", "F_latt", "I_pixel_final", "r_e_sqr"],
)
def test_a_line_that_contradicts_its_trace_is_found(name: str) -> None:
    findings = contradictions(parse_lines(edited(lines_of(), name, lambda x: x * 1.01)), YOUR_LOG)
    assert name in {finding.field for finding in findings}


def test_a_lattice_factor_of_another_count_is_found() -> None:
    findings = contradictions(parse_lines(lines_of()), YOUR_LOG, (9, 8, 6))
    assert {finding.field for finding in findings} == {"F_latt_c"}


def test_the_notices_of_the_c_program_are_explained() -> None:
    log = parse_lines(["WARNING: auto-generating odet_vector", "TRACE_C: polar 0.5"])
    assert hints(log, log) == {"odet_as_typed": 2.0}
    assert any("odet_as_typed" in line for line in preflight(demo(), log, parse_lines(["TRACE_PY: polar 0.5"])))


def test_a_log_older_than_its_inputs_is_reported(tmp_path: Path) -> None:
    import os

    (tmp_path / "demo.hkl").write_text("0 0 1 5\n")
    log = tmp_path / "trace_c.log"
    log.write_text("TRACE_C: polar 0.5\n")
    os.utime(log, (1.0e9, 1.0e9))
    case = replace(demo(), workdir=tmp_path, c_log=log)
    trace = parse_lines(["TRACE_C: polar 0.5"])
    assert any("older than its input demo.hkl" in line for line in preflight(case, trace, trace))


def test_a_pixel_other_than_the_commands_is_reported() -> None:
    case = replace(demo(), pixel=(14, 12))
    trace = demo_log()
    assert any(line.startswith("Slow and fast exchanged?") for line in preflight(case, trace, trace))


def test_a_background_pixel_is_reported() -> None:
    trace = parse_lines(["TRACE_C: F_cell 0", "TRACE_C: polar 0.5"])
    assert any("background pixel" in line for line in preflight(demo(), trace, trace))


def test_shares_add_up_to_the_gap() -> None:
    case = demo()
    assert case.pixel is not None
    base = base_setup(case, case.pixel)
    good, bad = replay(base), replay(with_rules(base, "crystal", phi_carryover=False))
    shares = attribute(good, bad)
    gap = float(bad.terms.sum() - good.terms.sum())
    for share in shares:
        assert share.gap == pytest.approx(gap, rel=1e-12)
        if not share.axis.startswith("term"):
            assert sum(part for _, part in share.parts) == pytest.approx(gap, rel=1e-9)


def test_a_doubled_factor_takes_all_of_the_gap() -> None:
    case = demo()
    assert case.pixel is not None
    base = base_setup(case, case.pixel)
    table = base.scene.table
    assert table.grid is not None
    doubled = replace(base, scene=replace(base.scene, table=replace(table, grid=2.0 * table.grid)))
    by_factor = next(share for share in attribute(replay(base), replay(doubled)) if share.axis == "factor")
    assert [name for name, _ in by_factor.parts] == ["F_cell^2"]


def test_no_gap_no_shares() -> None:
    case = demo()
    assert case.pixel is not None
    made = replay(base_setup(case, case.pixel))
    assert attribute(made, made) == ()


def test_what_follows_from_another_detector_is_inherited() -> None:
    diagnosis = causes(lines_of(changed({"-denzo": []})))
    assert diagnosis.new_divergence == "Fbeam_m"  # the set-up line that the origin follows from
    assert "hkl_frac" in diagnosis.inherited
    assert "scattering_vec_A_inv" in diagnosis.inherited


def test_every_record_is_listed_in_its_group() -> None:
    for group in GROUPS:
        defined = [value for value in vars(group).values() if isinstance(value, Hypothesis)]
        assert sorted(item.id for item in defined) == sorted(item.id for item in group.HYPOTHESES), group.__name__
    assert len(CATALOGUE) == sum(len(group.HYPOTHESES) for group in GROUPS)


def test_the_ids_are_those_of_the_specification(shared: Path) -> None:
    table = [line for line in (shared / "spec" / "hypotheses.md").read_text().splitlines() if line.startswith("| `")]
    specified = {id for line in table for id in re.findall("`([a-z0-9_]+)`", line.split("|")[1])}
    quirks = {"curved_transposed", "thick_flag_zeroes", "culled_polar_zero", "zero_term_skip", "hkl_integer_rows"}
    quirks |= {"hkl_comments"}
    quirks |= {"cell_sine_of_gamma_star", "mosaic_single_precision", "layer_thickness"}
    assert set(CATALOGUE) - specified == quirks | {"option_unit", "c_program"}


def test_an_id_stands_in_its_record_alone() -> None:
    """Code that means one hypothesis says so by its record, so that a new one touches no other file."""
    package = Path(hypotheses.__file__).parent.parent
    elsewhere = [path for path in package.rglob("*.py") if path.parent.name != "hypotheses"]
    common = {"convention", "float32", "fudge", "interpolation", "pivot", "twotheta_axis"}  # words of the field as well
    quirks = {name for item in CATALOGUE.values() for name in item.quirks}  # some have the name of their hypothesis
    found = {
        (path.name, id)
        for path in elsewhere
        for id in CATALOGUE.keys() - common
        if re.search(rf"\"{id}\"" if id in quirks else rf"\"{id}\"|\({id}\)", path.read_text())
    }
    assert len(elsewhere) > 10
    assert found == set()


def test_every_form_can_be_replayed() -> None:
    case = changed({"-default_F": ["3"], "-water": ["2"], "-oversample": ["2"], "-oversample_polar": []})
    case = changed({"-detector_thick": ["200"], "-detector_abs": ["300"], "-pivot": ["sample"]}, case)
    assert case.pixel is not None
    base = base_setup(case, case.pixel)
    variants = variants_of(Problem(case, base, demo_log(), demo_log()))
    assert len(variants) > 250
    refused = set()
    for variant in variants:
        try:
            setup = variant.change(base)
        except Unusable:
            refused.add(variant.form.name)
            continue
        replay(setup)
    assert refused == {"-cell ignored", "-cell: degrees taken as radians"}  # no crystal, an impossible one


def test_a_fit_tries_the_structure_factor_and_what_depends_on_it_last() -> None:
    last = SMOOTH[SMOOTH.index("F_cell") :]
    assert last == ("F_cell", "I_before_scaling", "I_pixel_final", "floatimage_accumulated")


def test_a_factor_13_percent_off_a_conversion_is_no_unit() -> None:
    vector = np.array([1.5, -2.25, 0.125])
    assert conversion_name(vector, vector * 5.05e-7, 2e-5) == ""  # 180/pi x 1e-8 is 5.73e-7


def test_a_line_of_single_precision_off_by_a_factor_near_a_conversion_names_no_unit() -> None:
    single = [re.sub(r"-?\d+\.\d+(?:e[-+]\d+)?", lambda x: f"{np.float32(x[0]):.15g}", line) for line in lines_of()]
    near = contradictions(
        parse_lines(edited(single, "R_distance_meters", lambda x: x * 57.5)), YOUR_LOG
    )  # 180/pi is 57.296
    exact = contradictions(parse_lines(edited(single, "R_distance_meters", lambda x: x * 180.0 / math.pi)), YOUR_LOG)
    of_near, of_exact = (next(x.sentence for x in found if x.field == "R_distance_meters") for found in (near, exact))
    assert "another unit" not in of_near
    assert "180/pi times that: another unit" in of_exact


def test_ratios_of_a_log_of_few_digits_are_matched_to_its_digits() -> None:
    c = parse_lines(_short("C", 7376350.606953))
    off = 7376350.606953 * 0.914639
    told = matches(c, parse_lines(_short("PY", off)))
    assert [match.product for match in told] == ["polar"]
    assert matches(c, parse_lines(_short("PY", off * 1.0001))) == ()


def _short(side: str, intensity: float) -> list[str]:
    """A log of six digits."""
    numbers = {
        "R_distance_meters": 0.100361347,
        "omega_pixel": 1.58277993e-5,
        "polar": 0.914639,
        "cos_2theta": 0.996399,
    }
    return [f"TRACE_{side}: {name} {value:.6g}" for name, value in (numbers | {"I_before_scaling": intensity}).items()]


def test_a_superset_is_listed_only_if_it_explains_more_in_what_is_printed() -> None:
    """A printed digit of the share, or half of what is left, is more; a tenth of what is left is not."""
    one = cause("phi_carryover", explained=0.93, residual=0.068)
    for more, worth in (
        ({"explained": 0.93, "residual": 0.068}, False),
        ({"explained": 0.9304, "residual": 0.061}, False),
        ({"explained": 0.94, "residual": 0.068}, True),
        ({"explained": 0.93, "residual": 0.03}, True),
    ):
        both = cause("phi_carryover", "pivot", **more)
        assert explains_more(both, 10.0, one, 20.0) is worth
        assert not explains_more(both, 19.0, one, 20.0)  # one bit: within chance
    assert explains_more(cause("pivot", "odet_as_typed", explained=0.1), 30.0, one, 20.0)  # not a superset
