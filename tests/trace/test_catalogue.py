"""The field catalogue: complete, in pipeline order, without contradictions."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from nbtui.diagnosis.search import rows
from nbtui.parity import preflight, units
from nbtui.trace.fields import catalogue
from nbtui.trace.fields.catalogue import FIELDS, STAGES, canonical, components, field, log_only_reason, order
from nbtui.trace.reading.run import END

NAMED = re.compile(r"^TRACE_(?:C|PY): ?([A-Za-z_]\w*)[= ]", re.MULTILINE)
PHI_KEYS = re.compile(r"^TRACE_(?:C|PY)_PHI (.*)$", re.MULTILINE)


def test_names_and_aliases_are_unique() -> None:
    names = [name for entry in FIELDS for name in (entry.name, *entry.aliases)]
    assert len(names) == len(set(names))


def test_stages_follow_the_pipeline() -> None:
    assert [stage.value for stage in STAGES] == [
        "detector",
        "pixel",
        "scattering",
        "crystal",
        "lattice",
        "structure_factor",
        "accumulation",
        "scaling",
        "gradients",
    ]
    places = [STAGES.index(entry.stage) for entry in FIELDS]
    assert places == sorted(places)


def test_every_entry_is_described_and_its_dependencies_exist() -> None:
    for entry in FIELDS:
        assert entry.description and entry.printed_when, entry.name
        for name in (*entry.depends_on, *entry.hidden_inputs):
            assert field(name) is not None, (entry.name, name)
            assert order(name) < order(entry.name) or name == "polar", (entry.name, name)


def test_the_scaling_chain_is_that_of_the_existing_packages() -> None:
    chain = {entry.name for entry in FIELDS if entry.scaling}
    assert {
        "I_before_scaling",
        "r_e_sqr",
        "fluence_photons_per_m2",
        "steps",
        "capture_fraction",
        "polar",
        "omega_pixel",
        "cos_2theta",
        "I_pixel_final",
    } == chain


def test_aliases_and_numbered_sources() -> None:
    assert canonical("I_before_scaling_pre_polar") == "I_before_scaling"
    assert canonical("source[2].cos2theta") == "source[2].cos_2theta"
    entry = field("source[1].wavelength_angstroms")
    assert entry is not None and entry.name == "source.lambda_angstroms"
    assert order("source[7].polar") == order("source.polar")


@pytest.mark.parametrize("names", [preflight.GIVEN, END, rows.FACTORS, (units.FIELD,)])
def test_tables_of_other_rooms_name_fields_of_the_catalogue(names: Iterable[str]) -> None:
    assert names and all(name in {entry.name for entry in FIELDS} for name in names)


def test_unknown_names_come_last_and_stay_themselves() -> None:
    assert canonical("my_own_tap") == "my_own_tap"
    assert field("my_own_tap") is None
    assert order("my_own_tap") == order("another") > order("floatimage_accumulated")


@pytest.mark.parametrize(
    ("shape", "n", "expected"),
    [
        ("scalar", 1, ("",)),
        ("vector", 3, ("x", "y", "z")),
        ("hkl", 3, ("h", "k", "l")),
        ("matrix", 9, tuple("012345678")),
        ("angles", 4, ("rotx", "roty", "rotz", "twotheta")),
        ("text", 1, ("",)),
        ("vector", 2, ("0", "1")),
        ("scalar", 0, ()),
    ],
)
def test_components(shape: str, n: int, expected: tuple[str, ...]) -> None:
    assert components(shape, n) == expected


def test_lines_that_say_nothing_about_the_image() -> None:
    for name in ("beam_center_m", "rot_a_star_A_inv", "rot_b_star_A_inv", "rot_c_star_A_inv", "convention_mapping"):
        assert log_only_reason(name), name
    assert not log_only_reason("initial_fdet")
    assert "MOSFLM" in log_only_reason("initial_fdet", beam_pivot=True)
    assert not log_only_reason("F_cell", beam_pivot=True)
    assert not log_only_reason("my_own_tap")


def test_every_name_in_the_reference_data_is_known(shared: Path) -> None:
    logs = [
        path
        for folder in ("golden/cases", "seed_case", "demo", "dialects", "zoo_sample/cases", "legacy_bundles")
        for path in sorted((shared / folder).rglob("*"))
        if path.suffix in (".log", ".txt") and path.is_file()
    ]
    assert len(logs) > 60
    for path in logs:
        text = path.read_text("utf-8", "replace")
        unknown = {name for name in NAMED.findall(text) if field(name) is None}
        assert not unknown, (path, unknown)
        for line in PHI_KEYS.findall(text):
            unknown = {pair.split("=")[0] for pair in line.split()} - {e.name.removeprefix("phi.") for e in FIELDS}
            assert not unknown, (path, unknown)


def test_reading_needs_neither_torch_nor_numpy_nor_a_screen() -> None:
    modules = "nbtui.trace.reading.reader, nbtui.trace.units, nbtui.trace.fields.catalogue"
    code = f"import sys, {modules}; print([m for m in ('torch', 'numpy', 'textual', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_catalogue_module_names_what_others_use() -> None:
    assert all(hasattr(catalogue, name) for name in catalogue.__all__)
