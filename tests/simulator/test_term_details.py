"""The factors of F_latt and the origin of F_cell at every step, against the input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from nbsim import from_command
from nbsim.pixel.details import F_CELL_ORIGINS, term_details
from nbsim.pixel.pixel import PixelResult, simulate_pixel
from nbsim.pixel.trace import TERM_COLUMNS, terms_rows
from nbtui.live.cases import load_case
from nbtui.live.session import simulate, terms_csv

COMMAND = (
    "-cell 30 40 50 90 90 90 -lambda 1.2 -distance 100 -detpixels 64 -pixel 0.5 -N 5 -default_F 7 -mosaic_spread 1 "
    "-mosaic_dom 6 -phi 0 -osc 1 -phisteps 3 "
)


def run(folder: Path, more: str, hkl: list[str]) -> PixelResult:
    (folder / "some.hkl").write_text("\n".join(hkl) + "\n")
    experiment = from_command((COMMAND + more).split(), folder)
    with torch.no_grad():
        return simulate_pixel(experiment, 20, 40)


def origins(result: PixelResult) -> set[str]:
    return {F_CELL_ORIGINS[code] for code in np.unique(term_details(result)["F_cell_origin"])}


def every_node(size: int) -> list[str]:
    span = range(-size, size + 1)
    return [f"{h} {k} {l} {100 + h + k + l}" for h in span for k in span for l in span]


def test_every_node_of_a_complete_list_comes_from_the_table(tmp_path: Path) -> None:
    result = run(tmp_path, "-hkl some.hkl -nointerpolate", every_node(12))
    assert origins(result) == {"table"}


def test_a_node_missing_from_the_list_has_the_default(tmp_path: Path) -> None:
    result = run(tmp_path, "-hkl some.hkl -nointerpolate", ["-12 -12 -12 5", "12 12 12 5"])
    assert origins(result) == {"default"}


def test_nodes_beyond_the_list_are_out_of_range(tmp_path: Path) -> None:
    result = run(tmp_path, "-hkl some.hkl -nointerpolate", ["20 20 20 5", "22 22 22 5"])
    assert origins(result) == {"out of range"}
    assert set(terms_rows(result)["F_cell"]) == {7.0}


def test_every_node_has_the_default_without_a_list(tmp_path: Path) -> None:
    assert origins(run(tmp_path, "", [""])) == {"default"}


@pytest.mark.slow
def test_interpolated_values_are_marked(tmp_path: Path) -> None:
    result = run(tmp_path, "-hkl some.hkl -interpolate", every_node(12))
    assert origins(result) == {"interpolated"}


def test_factors_multiply_to_f_latt_and_follow_the_terms() -> None:
    simulation = simulate(load_case(None))
    table = simulation.terms
    assert table.F_latt_a is not None and table.F_latt_b is not None and table.F_latt_c is not None
    assert len(table.F_latt_a) == len(table.F_latt)
    assert table.F_latt_a * table.F_latt_b * table.F_latt_c == pytest.approx(table.F_latt, rel=1e-12)
    # sin(pi N h) / sin(pi h), worked out from the term's own index
    expected = np.sin(np.pi * simulation.n_cells[1] * table.k) / np.sin(np.pi * table.k)
    assert pytest.approx(expected, rel=1e-9) == table.F_latt_b
    assert terms_csv(table).splitlines()[0] == ",".join(TERM_COLUMNS)  # the file is unchanged


def test_other_shapes_have_no_factors(tmp_path: Path) -> None:
    details = term_details(run(tmp_path, "-gauss_xtal", [""]))
    assert set(details) == {"F_cell_origin"}
