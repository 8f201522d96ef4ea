"""MTZ and CIF structure factors against direct sums over atoms, which know nothing of symmetry in reciprocal space."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import gemmi
import numpy as np
import pytest

from nbsim.cli import main
from nbsim.errors import InputError
from nbsim.factors.reflection_file import is_reflection_file
from nbsim.factors.reflections import read_reflections
from nbsim.factors.table import load_structure_factors, nearest
from nbsim.options.parse import parse
from nbsim.options.quirks import Quirks

CELL = (31.0, 37.0, 43.0, 90.0, 90.0, 90.0)
ATOMS = np.array([[0.11, 0.23, 0.37], [0.42, 0.08, 0.15], [0.27, 0.33, 0.46]])  # fractional
STRENGTH = np.array([6.0, 8.0, 16.0 + 3.0j])  # the last one scatters anomalously
Operation = Callable[[np.ndarray], np.ndarray]

# general positions as the International Tables print them
P212121: list[Operation] = [
    lambda x: x,
    lambda x: np.array([0.5 - x[0], -x[1], 0.5 + x[2]]),
    lambda x: np.array([-x[0], 0.5 + x[1], 0.5 - x[2]]),
    lambda x: np.array([0.5 + x[0], 0.5 - x[1], -x[2]]),
]
P43: list[Operation] = [
    lambda x: x,
    lambda x: np.array([-x[0], -x[1], x[2] + 0.5]),
    lambda x: np.array([-x[1], x[0], x[2] + 0.75]),
    lambda x: np.array([x[1], -x[0], x[2] + 0.25]),
]
C2: list[Operation] = [
    lambda x: x,
    lambda x: np.array([-x[0], x[1], -x[2]]),
    lambda x: np.array([x[0] + 0.5, x[1] + 0.5, x[2]]),
    lambda x: np.array([0.5 - x[0], x[1] + 0.5, -x[2]]),
]
P3: list[Operation] = [
    lambda x: x,
    lambda x: np.array([-x[1], x[0] - x[1], x[2]]),
    lambda x: np.array([x[1] - x[0], -x[0], x[2]]),
]
GROUPS = {
    "P 21 21 21": (P212121, CELL),
    "P 43": (P43, (37.0, 37.0, 43.0, 90.0, 90.0, 90.0)),
    "C 1 2 1": (C2, (51.0, 37.0, 43.0, 90.0, 103.0, 90.0)),
    "P 3": (P3, (37.0, 37.0, 43.0, 90.0, 90.0, 120.0)),
}


def amplitude(operations: list[Operation], hkl: np.ndarray) -> np.ndarray:
    """|F| of ``hkl`` (n, 3): the sum over every atom in the cell."""
    total = np.zeros(len(hkl), dtype=complex)
    for operation in operations:
        for atom, strength in zip(ATOMS, STRENGTH, strict=True):
            total += strength * np.exp(2j * np.pi * (hkl @ operation(atom)))
    return np.abs(total)


def unique(group: str, d_min: float = 6.0) -> np.ndarray:
    """Indices of the asymmetric unit that the group allows, F000 first."""
    found = gemmi.make_miller_array(gemmi.UnitCell(*GROUPS[group][1]), gemmi.SpaceGroup(group), d_min, 1e9, True)
    return np.concatenate([np.zeros((1, 3), dtype=int), found])


def write_mtz(path: Path, group: str, indices: np.ndarray, columns: dict[tuple[str, str], np.ndarray]) -> None:
    mtz = gemmi.Mtz(with_base=True)
    mtz.spacegroup = gemmi.SpaceGroup(group)
    mtz.set_cell_for_all(gemmi.UnitCell(*GROUPS[group][1]))
    mtz.add_dataset("made")
    for name, kind in columns:
        mtz.add_column(name, kind)
    mtz.set_data(np.column_stack([indices, *columns.values()]).astype(np.float32))
    mtz.write_to_file(str(path))


def write_cif(path: Path, group: str, indices: np.ndarray, columns: dict[str, np.ndarray], mark: str = ".") -> None:
    cell = dict(zip(("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma"), GROUPS[group][1],
                    strict=True))  # fmt: skip
    lines = ["data_made", *(f"_cell{mark}{name} {value}" for name, value in cell.items())]
    lines += [f"_symmetry{mark}space_group_name_H-M '{group}'", "loop_"]
    lines += [f"_refln{mark}{name}" for name in ("index_h", "index_k", "index_l", *columns)]
    for row, hkl in enumerate(indices):
        words = ["?" if np.isnan(values[row]) else f"{values[row]:.7g}" for values in columns.values()]
        lines.append(" ".join([*map(str, hkl), *words]))
    path.write_text("\n".join(lines) + "\n")


def box(sf: object) -> np.ndarray:
    """Every index of a table, in its order."""
    low, shape = (sf.h_min, sf.k_min, sf.l_min), sf.grid.shape
    return np.stack(np.meshgrid(*(np.arange(lo, lo + n) for lo, n in zip(low, shape, strict=True)), indexing="ij"), -1)


def within(group: str, hkl: np.ndarray, d_min: float = 6.0) -> np.ndarray:
    return gemmi.UnitCell(*GROUPS[group][1]).calculate_1_d2_array(hkl.astype(np.int32)) <= (1 / d_min) ** 2 * (1 - 1e-9)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("suffix", ["mtz", "cif"])
def test_every_reflection_of_p1_is_the_direct_sum(tmp_path: Path, group: str, suffix: str) -> None:
    operations, indices = GROUPS[group][0], unique(group)
    # without the anomalous part: Friedel mates are equal
    calm = (amplitude(operations, indices) ** 2 + amplitude(operations, -indices) ** 2) ** 0.5
    path = tmp_path / f"f.{suffix}"
    if suffix == "mtz":
        write_mtz(path, group, indices, {("F", "F"): calm, ("SIGF", "Q"): calm * 0})
    else:
        write_cif(path, group, indices, {"F_meas_au": calm, "F_meas_sigma_au": calm * 0})
    table, notices = read_reflections(path, 0.0)
    hkl = box(table).reshape(-1, 3)
    expected = (amplitude(operations, hkl) ** 2 + amplitude(operations, -hkl) ** 2) ** 0.5
    inside = within(group, hkl)
    assert inside.sum() > 4 * len(indices)
    np.testing.assert_allclose(table.grid.numpy().ravel()[inside], expected[inside], rtol=3e-6, atol=2e-4)
    assert len(notices) == 1 and "electrons" in notices[0]


@pytest.mark.parametrize("group", GROUPS)
def test_friedel_mates_of_anomalous_columns(tmp_path: Path, group: str) -> None:
    operations, indices = GROUPS[group][0], unique(group)
    plus, minus = amplitude(operations, indices), amplitude(operations, -indices)
    assert np.abs(plus - minus).max() > 1.0
    write_mtz(tmp_path / "f.mtz", group, indices, {("F(+)", "G"): plus, ("F(-)", "G"): minus})
    write_cif(tmp_path / "f.cif", group, indices, {"pdbx_F_plus": plus, "pdbx_F_minus": minus})
    for name, column in (("f.mtz", "F(+)"), ("f.cif", "pdbx_F_plus")):
        table, _ = read_reflections(tmp_path / name, 0.0, column)
        hkl = box(table).reshape(-1, 3)
        inside = within(group, hkl)
        expected = amplitude(operations, hkl)
        np.testing.assert_allclose(table.grid.numpy().ravel()[inside], expected[inside], rtol=3e-6, atol=2e-4)
    with pytest.raises(InputError, match=r"name the column of F\(\+\)"):
        read_reflections(tmp_path / "f.mtz", 0.0, "F(-)")


def _cell_for(group: gemmi.SpaceGroup) -> tuple[float, ...]:
    system = group.crystal_system_str()
    if system == "monoclinic":
        angles = [90.0, 90.0, 90.0]
        angles["abc".index(group.monoclinic_unique_axis())] = 102.0
        return (21.0, 23.0, 25.0, *angles)
    if system in ("trigonal", "hexagonal"):
        return (23.0,) * 3 + (75.0,) * 3 if group.ext == "R" else (22.0, 22.0, 26.0, 90.0, 90.0, 120.0)
    cells = {"triclinic": (21, 23, 25, 80, 95, 105), "orthorhombic": (21, 23, 25, 90, 90, 90)}
    cells |= {"tetragonal": (22, 22, 27, 90, 90, 90), "cubic": (23, 23, 23, 90, 90, 90)}
    return tuple(map(float, cells[system]))


def test_settings_of_every_kind_against_direct_sums(tmp_path: Path) -> None:
    """Every ninth setting of gemmi's table: other origins, axes and centrings than the standard ones too."""
    strength, path = np.array([6.0, 8.0, 16.0]), tmp_path / "f.mtz"
    groups = list(gemmi.spacegroup_table())[::9]
    assert len({group.number for group in groups}) > 50
    for group in groups:
        cell = gemmi.UnitCell(*_cell_for(group))
        positions = [
            (np.array(op.rot) @ atom + np.array(op.tran)) / op.DEN for op in group.operations() for atom in ATOMS
        ]
        weights = np.tile(strength, len(positions) // len(strength))

        def amplitudes(hkl: np.ndarray, at: list = positions, weights: np.ndarray = weights) -> np.ndarray:
            return np.abs(np.exp(2j * np.pi * (hkl @ np.array(at).T)) @ weights)

        indices = np.concatenate([[[0, 0, 0]], gemmi.make_miller_array(cell, group, 6.0, 1e9, True)])
        mtz = gemmi.Mtz(with_base=True)
        mtz.spacegroup = group
        mtz.set_cell_for_all(cell)
        mtz.add_dataset("made")
        mtz.add_column("F", "F")
        mtz.set_data(np.column_stack([indices, amplitudes(indices)]).astype(np.float32))
        mtz.write_to_file(str(path))
        table = read_reflections(path, 3.3)[0]
        hkl = box(table).reshape(-1, 3)
        inside = cell.calculate_1_d2_array(hkl.astype(np.int32)) <= (1 / 6.0) ** 2 * (1 - 1e-9)
        found = table.grid.numpy().ravel()[inside]
        np.testing.assert_allclose(found, amplitudes(hkl[inside]), rtol=1e-5, atol=1e-3, err_msg=group.xhm())


def test_a_missing_mate_takes_the_value_of_the_other(tmp_path: Path) -> None:
    indices = np.array([[0, 0, 0], [1, 2, 3], [2, 1, 1], [1, 1, 1]])
    plus, minus = np.array([9.0, 5.0, np.nan, np.nan]), np.array([9.0, np.nan, 7.0, np.nan])
    write_mtz(tmp_path / "f.mtz", "P 21 21 21", indices, {("F(+)", "G"): plus, ("F(-)", "G"): minus})
    table, notices = read_reflections(tmp_path / "f.mtz", 0.5, "F(+)")
    values = {tuple(h): f for h, f in zip(box(table).reshape(-1, 3).tolist(), table.grid.ravel().tolist(), strict=True)}
    assert values[1, 2, 3] == values[-1, -2, -3] == 5.0
    assert values[2, 1, 1] == values[-2, -1, -1] == 7.0
    assert values[1, 1, 1] == 0.5
    assert any("1 reflections without a value" in notice for notice in notices)


def test_holes_are_default_f_and_forbidden_reflections_zero(tmp_path: Path) -> None:
    indices = np.array([[1, 2, 3], [0, 0, 4]])
    write_mtz(tmp_path / "f.mtz", "P 21 21 21", indices, {("F", "F"): np.array([5.0, 6.0])})
    table, notices = read_reflections(tmp_path / "f.mtz", 2.5)
    values = {tuple(h): f for h, f in zip(box(table).reshape(-1, 3).tolist(), table.grid.ravel().tolist(), strict=True)}
    assert values[0, 0, 4] == values[0, 0, -4] == 6.0
    assert values[0, 0, 1] == values[0, 0, 3] == values[1, 0, 0] == values[0, -1, 0] == 0.0  # screw axes
    assert values[0, 0, 2] == values[0, 0, 0] == values[1, 1, 1] == 2.5
    assert table.n_reflections == 8 + 2
    assert any("F000 is missing: 2.5" in notice for notice in notices)


def test_missing_low_resolution_data_are_counted(tmp_path: Path) -> None:
    group = "P 21 21 21"
    indices = unique(group)
    spacing = gemmi.UnitCell(*CELL).calculate_d_array(indices.astype(np.int32))
    kept = spacing < 12.0
    write_mtz(tmp_path / "f.mtz", group, indices[kept], {("F", "F"): np.ones(kept.sum())})
    notices = read_reflections(tmp_path / "f.mtz", 0.0)[1]
    lost, all_ = int((np.isfinite(spacing) & (spacing >= 12.0)).sum()), int((spacing[1:] >= 10.0).sum())
    assert any(f"{lost} of {all_} unique reflections beyond 10 A are missing" in notice for notice in notices)


def test_intensities_only_when_named(tmp_path: Path) -> None:
    indices = np.array([[0, 0, 0], [1, 2, 3], [1, 1, 1]])
    values = np.array([100.0, 49.0, -3.0])
    write_mtz(tmp_path / "f.mtz", "P 21 21 21", indices, {("IMEAN", "J"): values, ("PHI", "P"): values})
    with pytest.raises(InputError, match="no plain amplitude column; choose with --column NAME from IMEAN"):
        read_reflections(tmp_path / "f.mtz", 0.0)
    table, notices = read_reflections(tmp_path / "f.mtz", 0.0, "IMEAN")
    assert sorted(set(table.grid.ravel().tolist())) == [0.0, 7.0, 10.0]
    assert any("1 negative" in notice for notice in notices)
    with pytest.raises(InputError, match="neither amplitudes nor intensities; usable: IMEAN"):
        read_reflections(tmp_path / "f.mtz", 0.0, "PHI")


def test_several_amplitude_columns_are_ambiguous(tmp_path: Path) -> None:
    indices, values = unique("P 3"), np.ones(len(unique("P 3")))
    write_mtz(tmp_path / "f.mtz", "P 3", indices, {("FP", "F"): values, ("FC", "F"): 2 * values})
    write_cif(tmp_path / "f.cif", "P 3", indices, {"F_meas_au": values, "F_calc_au": 2 * values})
    for name, columns, wanted in (("f.mtz", "FP, FC", "FC"), ("f.cif", "F_meas_au, F_calc_au", "F_calc_au")):
        with pytest.raises(InputError, match=f"several amplitude columns, {columns}; choose with --column NAME"):
            read_reflections(tmp_path / name, 0.0)
        assert float(read_reflections(tmp_path / name, 0.0, wanted)[0].grid.max()) == 2.0
        with pytest.raises(InputError, match="no column 'F'; it has"):
            read_reflections(tmp_path / name, 0.0, "F")


def test_a_small_molecule_cif(tmp_path: Path) -> None:
    indices = np.array([[0, 0, 0], [1, 2, 3], [2, 0, 0]])
    write_cif(tmp_path / "f.cif", "P 21 21 21", indices, {"F_squared_meas": np.array([4.0, 9.0, 16.0])}, "_")
    table, _ = read_reflections(tmp_path / "f.cif", 0.0, "F_squared_meas")
    assert sorted(set(table.grid.ravel().tolist())) == [0.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("f.mtz", b"", "damaged, or not a valid MTZ file"),
        ("f.mtz", b"MTZ " + b"\0" * 100, "damaged, or not a valid MTZ file"),
        ("f.mtz", b"0 0 0 100\n", "damaged, or not a valid MTZ file"),
        ("f.cif", b"hello world", "damaged, or not a valid CIF file"),
        ("f.cif", b"data_x\n_cell.length_a 3\n", "no reflections in it"),
        (
            "f.cif",
            b"data_x\nloop_\n_refln.index_h\n_refln.index_k\n_refln.index_l\n_refln.F_meas\n1 2 3 4\n",
            "its cell",
        ),
        ("gone.mtz", None, "No such file"),
    ],
)
def test_unusable_files_are_named(tmp_path: Path, name: str, data: bytes | None, said: str) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=name.replace(".", r"\.")) as caught:
        read_reflections(tmp_path / name, 1.0)
    assert said in str(caught.value)


def test_a_file_without_values_or_space_group_is_refused(tmp_path: Path) -> None:
    write_mtz(tmp_path / "f.mtz", "P 3", np.array([[1, 2, 3]]), {("F", "F"): np.array([np.nan])})
    with pytest.raises(InputError, match="holds no value"):
        read_reflections(tmp_path / "f.mtz", 1.0)
    write_cif(tmp_path / "f.cif", "P 3", np.array([[1, 2, 3]]), {"F_meas": np.array([1.0])})
    text = (tmp_path / "f.cif").read_text().replace("'P 3'", "'Q 17'")
    (tmp_path / "f.cif").write_text(text)
    with pytest.raises(InputError, match="names no known space group"):
        read_reflections(tmp_path / "f.cif", 1.0)


def test_a_box_beyond_the_memory_is_refused_with_its_size(tmp_path: Path) -> None:
    write_mtz(tmp_path / "f.mtz", "P 3", np.array([[90000, 0, 90000]]), {("F", "F"): np.array([1.0])})
    with pytest.raises(InputError, match=r"180001 x 180001 x 180001 needs .* TiB of memory, .* are available"):
        read_reflections(tmp_path / "f.mtz", 1.0)


def test_the_options_of_the_command_line(tmp_path: Path) -> None:
    write_mtz(
        tmp_path / "f.mtz", "P 43", np.array([[0, 0, 0], [1, 2, 3]]), {("FP", "F"): [4.0, 5.0], ("FC", "F"): [6, 7]}
    )
    words = ["-hkl", "f.mtz", "--column", "FC", "-cell", "40", "40", "43", "90", "90", "90"]
    table, notices, files = load_structure_factors(parse(words, tmp_path), tmp_path, Quirks())
    assert files == [str(tmp_path / "f.mtz")] and float(table.grid.max()) == 7.0
    assert any("its cell 37 37 43 90 90 90 is not the one simulated" in notice for notice in notices)
    index = [table.grid.new_tensor([float(i)]) for i in (-1, -2, -3)]
    assert float(nearest(table, *index)) == 7.0
    (tmp_path / "f.hkl").write_text("0 0 0 1\n")
    with pytest.raises(InputError, match=r"--column FC: .* a text without columns"):
        load_structure_factors(parse(["-hkl", "f.hkl", "--column", "FC"], tmp_path), tmp_path, Quirks())


def test_an_mtz_and_the_same_list_as_text_make_the_same_image(here: Path) -> None:
    operations, indices = P212121, unique("P 21 21 21")
    strength = np.round(amplitude(operations, indices) + amplitude(operations, -indices)) + 1.0
    write_mtz(here / "f.mtz", "P 21 21 21", indices, {("F", "F"): strength})
    table, _ = read_reflections(here / "f.mtz", 0.0)
    rows = zip(box(table).reshape(-1, 3).tolist(), table.grid.ravel().tolist(), strict=True)
    (here / "f.hkl").write_text("".join(f"{h} {k} {l} {f:g}\n" for (h, k, l), f in rows))
    plain = (
        "-cell 31 37 43 90 90 90 -misset 10 20 30 -lambda 1 -distance 80 -detpixels 16 -pixel 1 -N 3 -nonoise -nopgm"
    )
    for name in ("mtz", "hkl"):
        assert main([*plain.split(), "-hkl", f"f.{name}", "-floatfile", f"{name}.bin", "-dump", f"{name}.dump"]) == 0
    assert (here / "mtz.bin").read_bytes() == (here / "hkl.bin").read_bytes()
    assert (here / "mtz.dump").read_bytes() == (here / "hkl.dump").read_bytes()
    assert np.fromfile(here / "mtz.bin", dtype=np.float32).max() > 0.0


BARE = "-lambda 1 -distance 80 -detpixels 8 -pixel 1 -N 3 -nonoise -nopgm -hkl f.mtz"


def test_the_cell_of_the_file_is_used_when_none_is_typed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_mtz(here / "f.mtz", "P 43", np.array([[0, 0, 0], [1, 2, 3]]), {("F", "F"): np.array([4.0, 5.0])})
    for typed in ("", "-cell 37 37 43 90 90 90"):
        assert main([*BARE.split(), *typed.split(), "-floatfile", f"{len(typed)}.bin"]) == 0
        said = capsys.readouterr().err
        assert ("no -cell and no -mat: the cell of f.mtz, 37 37 43 90 90 90, is simulated" in said) is not typed
        assert "is not the one simulated" not in said
    assert (here / "0.bin").read_bytes() == (here / "23.bin").read_bytes()


@pytest.mark.parametrize("typed", ["-cell 40", "-mat A.mat"])
def test_a_cell_that_differs_from_that_of_the_file_is_reported(
    here: Path, typed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_mtz(here / "f.mtz", "P 43", np.array([[0, 0, 0], [1, 2, 3]]), {("F", "F"): np.array([4.0, 5.0])})
    (here / "A.mat").write_text("0.025 0 0\n0 0.025 0\n0 0 0.025\n")
    assert main([*BARE.split(), *typed.split()]) == 0
    assert "its cell 37 37 43 90 90 90 is not the one simulated, 40 40 40 90 90 90" in capsys.readouterr().err


def test_an_mtz_is_known_by_its_first_bytes_and_may_be_compressed(tmp_path: Path) -> None:
    write_mtz(tmp_path / "f.mtz", "P 43", np.array([[0, 0, 0], [1, 2, 3]]), {("F", "F"): np.array([4.0, 5.0])})
    write_cif(tmp_path / "f.cif", "P 43", np.array([[0, 0, 0], [1, 2, 3]]), {"F_meas": np.array([4.0, 5.0])})
    (tmp_path / "f.hkl").write_bytes((tmp_path / "f.mtz").read_bytes())
    for name in ("f.mtz", "f.cif"):
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress((tmp_path / name).read_bytes()))
    (tmp_path / "r1abcsf.ent").write_bytes((tmp_path / "f.cif").read_bytes())
    for name in ("f.hkl", "f.mtz.gz", "f.cif.gz", "r1abcsf.ent"):
        assert is_reflection_file(tmp_path / name)
        assert read_reflections(tmp_path / name, 0.0)[0].n_reflections == 1 + 2 * 4, name
