"""F by hkl and by asymmetric unit, against symmetry written out by hand and gemmi's own units."""

from __future__ import annotations

from pathlib import Path

import gemmi
import pytest
import torch

import nbsim
from nbsim import AsymmetricUnit, Experiment, InputError

BOX = range(-6, 7)
COMMAND = (
    "-cell 7 8 9 90 90 90 -misset 10 20 30 -N 3 -lambda 1 -distance 30 -detpixels 24 -pixel 3 -oversample 1 "
    "-default_F 2 -nointerpolate -hkl f.hkl"
)


def orthorhombic(h: int, k: int, l: int) -> float:
    """F with the symmetry of P 21 21 21, absences included."""
    odd_axis = sum(i == 0 for i in (h, k, l)) == 2 and (h + k + l) % 2 == 1
    return 0.0 if odd_axis else 20.0 + (7 * abs(h) + 3 * abs(k) + 5 * abs(l)) % 11


@pytest.fixture
def experiment(here: Path) -> Experiment:
    rows = [f"{h} {k} {l} {orthorhombic(h, k, l)}" for h in BOX for k in BOX for l in BOX]
    (here / "f.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")
    return Experiment.from_command(COMMAND)


def test_the_unit_of_an_orthorhombic_table_is_an_octant_without_absences(experiment: Experiment) -> None:
    unit = AsymmetricUnit.of(experiment, "P 21 21 21")
    octant = {(h, k, l) for h in range(7) for k in range(7) for l in range(7)}
    expected = {index for index in octant if orthorhombic(*index) > 0.0}
    assert {tuple(abs(i) for i in row) for row in unit.indices.tolist()} == expected
    assert len(unit.indices) == len(expected)
    for row, value in zip(unit.indices.tolist(), unit.start.tolist(), strict=True):
        assert value == orthorhombic(*row)
    grid = experiment.structure_factors.grid
    assert grid is not None and torch.equal(unit.table(unit.start), grid)


@pytest.mark.parametrize(
    "name", ["P 1", "P 1 21 1", "C 1 2 1", "P 43 21 2", "P 61 2 2", "R 3:H", "R 3:R", "I 21 3", "F d -3 m"]
)
@pytest.mark.parametrize("anomalous", [False, True])
def test_units_are_as_large_as_those_of_gemmi(name: str, anomalous: bool, experiment: Experiment) -> None:
    """The reach of the ball keeps every orbit inside the table or outside of it."""
    group = gemmi.find_spacegroup_by_name(name)
    flat = experiment.with_parameters(structure_factors=torch.full((13, 13, 13), 5.0))
    operations, asu = group.operations(), gemmi.ReciprocalAsu(group)
    grid = flat.structure_factors.grid
    assert grid is not None
    every = [(h, k, l) for h in BOX for k in BOX for l in BOX]
    present = [index for index in every if not operations.is_systematically_absent(index)]
    holes = torch.full_like(grid, 5.0)
    for index in set(every) - set(present):
        holes[tuple(i + 6 for i in index)] = 0.0
    unit = AsymmetricUnit.of(flat.with_parameters(structure_factors=holes), name, anomalous=anomalous)
    found = {(*asu.to_asu(index, operations)[0], anomalous and _is_mate(index, operations, asu)) for index in present}
    assert len(unit.indices) == len(found)


def _is_mate(index: tuple[int, int, int], operations: gemmi.GroupOps, asu: gemmi.ReciprocalAsu) -> bool:
    """The index reaches gemmi's unit only with its sign changed: ``to_asu`` gives an even number."""
    if operations.is_reflection_centric(index):
        return False
    return asu.to_asu(index, operations)[1] % 2 == 0


def test_values_of_the_unit_have_the_summed_gradients_of_their_mates(experiment: Experiment) -> None:
    unit = AsymmetricUnit.of(experiment, "P 21 21 21")
    values = unit.start.clone().requires_grad_()
    photons = experiment.with_parameters(structure_factors=unit.table(values)).photons()
    (by_unit,) = torch.autograd.grad(photons.sum(), values)
    grid = experiment.structure_factors.grid
    assert grid is not None
    leaf = grid.clone().requires_grad_()
    (by_cell,) = torch.autograd.grad(experiment.with_parameters(structure_factors=leaf).photons().sum(), leaf)
    for row, slope in zip(unit.indices.tolist(), by_unit.tolist(), strict=True):
        mates = {(s * row[0], t * row[1], u * row[2]) for s in (1, -1) for t in (1, -1) for u in (1, -1)}
        total = sum(float(by_cell[h + 6, k + 6, l + 6]) for h, k, l in mates)
        assert slope == pytest.approx(total, rel=1e-12, abs=1e-12)
    assert float(by_unit.abs().max()) > 0.0


def test_f_by_hkl_is_read_changed_and_followed(experiment: Experiment) -> None:
    terms = experiment.terms(12, 20)
    strongest = int(terms["F_cell2_F_latt2"].argmax())
    index = torch.tensor([[int(terms[name][strongest]) for name in ("h0", "k0", "l0")], [1, 2, 3]])
    assert nbsim.reflections_at(experiment, index).tolist() == [orthorhombic(*row) for row in index.tolist()]
    values = torch.tensor([33.0, 44.0]).double().requires_grad_()
    changed = nbsim.with_reflections(experiment, index, values)
    value = changed.pixel(12, 20).value
    (slope,) = torch.autograd.grad(value, values)
    # one reflection alone makes this pixel, proportional to its square
    assert float(slope[0]) == pytest.approx(2.0 * float(value.detach()) / 33.0, rel=1e-12) and float(slope[1]) == 0.0
    grid = experiment.structure_factors.grid
    assert grid is not None and changed.structure_factors.grid is not None
    assert int((changed.structure_factors.grid != grid).sum()) == 2


def test_errors_name_reflection_and_remedy(experiment: Experiment) -> None:
    with pytest.raises(InputError, match=r"reflection 7 0 0: outside the table \(h -6 to 6, .*default_F"):
        nbsim.reflections_at(experiment, torch.tensor([[0, 0, 2], [7, 0, 0]]))
    with pytest.raises(InputError, match=r"whole numbers of shape \(n, 3\)"):
        nbsim.reflections_at(experiment, torch.tensor([[0.0, 0.0, 2.0]]))
    with pytest.raises(InputError, match="listed twice"):
        nbsim.with_reflections(experiment, torch.tensor([[1, 1, 1], [1, 1, 1]]), torch.ones(2))
    with pytest.raises(InputError, match="2 reflections need as many"):
        nbsim.with_reflections(experiment, torch.tensor([[1, 1, 1], [1, 1, 2]]), torch.ones(3))
    with pytest.raises(InputError, match=r"does not have the symmetry of P 4: F of .* expand it first"):
        AsymmetricUnit.of(experiment, "P 4")
    unit = AsymmetricUnit.of(experiment, "P 21 21 21")
    with pytest.raises(InputError, match=f"the unit has {len(unit.indices)} reflections"):
        unit.table(torch.ones(5))
    bare = Experiment.from_command("-default_F 3 -cell 40 50 60 90 90 90 -N 3 -distance 60 -detpixels 4")
    with pytest.raises(InputError, match="no table of structure factors; give -hkl"):
        AsymmetricUnit.of(bare, "P 1")
