"""The field catalogue against the simulator: every line has a row, and every row that says so has a line."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import fields
from functools import reduce
from pathlib import Path

import pytest

import nbsim
from nbsim import TraceLine, from_command, simulate_pixel, trace_lines
from nbtui.live import c_terms
from nbtui.live.made_by import made_by
from nbtui.live.model import TERM_COLUMNS, TermTable
from nbtui.trace.fields.catalogue import FIELDS, Tap, Tolerance, field
from support.golden_cases import NAMES, golden_case, needs, simulated

SETTINGS = {"dtype", "TRACE_CONFIG:"}  # lines about the run, not of a field
KITCHEN_SINK = (
    "-default_F 100 -cell 30 40 50 80 85 95 -misset 10 20 30 -N 3 -lambda 1 -distance 100 -detpixels 32 -pixel 0.1 "
    "-phi 10 -osc 2 -phisteps 3 -mosaic_spread 1 -mosaic_domains 2 -hdivrange 1 -hdivsteps 2 -dispersion 1 "
    "-dispsteps 2 -oversample 2 -detector_thick 100 -detector_abs 500 -detector_thicksteps 2 -oversample_thick "
    "-oversample_polar -oversample_omega -detector_rotx 3 -detector_roty 4 -detector_rotz 5 -twotheta 20 "
    "-water 1 -curved_det "
)
COMMANDS = [
    KITCHEN_SINK + "-pivot sample",
    KITCHEN_SINK + "-pivot beam",
    KITCHEN_SINK + "-xds -round_xtal",
    KITCHEN_SINK + "-point_pixel -nopolar",
]


def names(lines: Iterable[TraceLine]) -> set[str]:
    """The canonical names of trace lines, each key of a phi line on its own."""
    found: set[str] = set()
    for line in lines:
        found |= {f"phi.{key}" for key in line.values[::2]} if line.style == "phi" else {line.name}
    return found - SETTINGS


def lines_of(command: str) -> tuple[TraceLine, ...]:
    return trace_lines(simulate_pixel(from_command(command, Path()), 14, 20))


@pytest.fixture(scope="module")
def printed() -> set[str]:
    """Names in the traces of the kitchen-sink command lines."""
    return set().union(*(names(lines_of(command)) for command in COMMANDS))


@pytest.mark.parametrize("name", NAMES)
def test_every_line_of_a_golden_case_has_one_row(name: str, request: pytest.FixtureRequest) -> None:
    needs(request, name)
    for line in names(trace_lines(simulated(name))):
        assert [entry.simulated for entry in FIELDS if line in (entry.name, *entry.aliases)] == [True], line


def test_the_simulator_prints_every_field_that_the_catalogue_marks_so_and_no_other(printed: set[str]) -> None:
    assert printed == {entry.name for entry in FIELDS if entry.simulated}


def test_a_line_has_as_many_values_as_its_row_says(printed: set[str]) -> None:
    counts = {"scalar": 1, "vector": 3, "hkl": 3, "angles": 4, "beam": 3, "matrix": 1, "text": 1}
    for command in COMMANDS:
        for line in lines_of(command):
            entry = field(line.name)
            if entry is not None:
                assert len(line.values) == counts[entry.shape], line.name
                assert all(isinstance(value, int) for value in line.values) == (entry.tolerance is Tolerance.INTEGER)


def test_the_simulator_names_the_maker_of_every_line_of_the_pixel() -> None:
    assert nbsim.MADE_BY.keys() == {entry.name for entry in FIELDS if entry.simulated and not entry.tap.in_setup}


@pytest.mark.parametrize("maker", sorted({*nbsim.MADE_BY.values(), nbsim.SETUP_LINES_MADE_BY}))
def test_every_maker_exists(maker: str) -> None:
    module, _, path = maker.partition(":")
    made = reduce(getattr, path.split("."), importlib.import_module(f"nbsim.{module}"))
    assert callable(made) or isinstance(made, property)


def test_file_and_line_of_the_maker_are_those_of_the_function() -> None:
    for entry in FIELDS:
        place, _, function = made_by(entry).partition(" ")
        assert bool(place) is entry.simulated
        if entry.simulated:
            maker = nbsim.SETUP_LINES_MADE_BY if entry.tap.in_setup else nbsim.MADE_BY[entry.name]
            module, _, path = maker.partition(":")
            made = reduce(getattr, path.split("."), importlib.import_module(f"nbsim.{module}"))
            lines, start = inspect.getsourcelines(made.fget if isinstance(made, property) else made)
            head = next(n for n, text in enumerate(lines) if text.lstrip().startswith("def "))
            assert place == f"nbsim/{module.replace('.', '/')}.py:{start + head}", entry.name
            assert function == path.rpartition(".")[2]


def test_asking_for_the_maker_loads_no_torch() -> None:
    code = (
        "from nbtui.live.made_by import made_by; from nbtui.trace.fields.catalogue import FIELDS; import sys;"
        "assert any(map(made_by, FIELDS)); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_columns_of_terms_are_those_of_the_c_program_in_every_table() -> None:
    (head, *_) = (golden_case("demo").folder / "terms.csv").read_text("utf-8").splitlines()
    assert tuple(head.split(",")) == TERM_COLUMNS
    assert tuple(entry.name.removeprefix("term.") for entry in FIELDS if entry.tap is Tap.TERM) == TERM_COLUMNS
    assert tuple(column.name for column in fields(TermTable))[: len(TERM_COLUMNS)] == TERM_COLUMNS
    whole = {f"term.{name}" for name in c_terms.INTEGERS}
    assert whole == {entry.name for entry in FIELDS if entry.tap is Tap.TERM and entry.tolerance is Tolerance.INTEGER}
