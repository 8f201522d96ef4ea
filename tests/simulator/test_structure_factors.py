"""HKL text, the binary cache and the two look-ups."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nbsim.errors import InputError
from nbsim.factors.table import (
    in_interpolation_range,
    load_structure_factors,
    nearest,
    read_cache,
    read_hkl,
    tricubic,
    write_cache,
)
from nbsim.model import StructureFactors
from nbsim.options.options import Options
from nbsim.options.quirks import Quirks

C = Quirks()


def _hkl(folder: Path, text: str) -> Path:
    path = folder / "f.hkl"
    path.write_text(text)
    return path


def _at(sf: StructureFactors, *hkl: float) -> float:
    h, k, l = (torch.tensor(v, dtype=torch.float64) for v in hkl)
    return float(nearest(sf, h, k, l))


def test_holes_duplicates_and_bounds(tmp_path: Path) -> None:
    sf, notices = read_hkl(_hkl(tmp_path, "-1 0 0 5\n1 2 3 7\n1 2 3 8\n"), 3.0, C)
    assert sf.grid is not None and sf.grid.shape == (3, 3, 4) and sf.n_reflections == 3 and not notices
    assert [_at(sf, -1, 0, 0), _at(sf, 1, 2, 3), _at(sf, 0, 1, 1), _at(sf, 2, 2, 3)] == [5.0, 8.0, 3.0, 3.0]


def test_fractional_row_ends_the_table_as_in_c_but_not_in_spec(tmp_path: Path) -> None:
    path = _hkl(tmp_path, "0 0 1 5\n1.0 0 0 6\n2 0 0 7\n")
    sf, notices = read_hkl(path, 0.0, C)
    assert [_at(sf, 0, 0, 1), _at(sf, 1, 0, 0), _at(sf, 2, 0, 0)] == [5.0, 0.0, 0.0]
    assert sf.h_min == 0 and sf.grid is not None and sf.grid.shape[0] == 3
    assert f"{path}:2:" in notices[0]
    sane, _ = read_hkl(path, 0.0, Quirks(hkl_integer_rows=False))
    assert [_at(sane, 1, 0, 0), _at(sane, 2, 0, 0)] == [6.0, 7.0]


def test_a_comment_ends_the_table_as_in_c_unless_the_switch_skips_it(tmp_path: Path) -> None:
    path = _hkl(tmp_path, "0 0 1 5\n# why\n2 0 0 7 # here\n0 1 0 9\n")
    sf, notices = read_hkl(path, 0.0, C)
    assert sf.n_reflections == 1
    assert notices[0].startswith(f"{path}:2: '#' begins no comment in C") and "comments_as_data=off" in notices[0]
    skipped, none = read_hkl(path, 0.0, Quirks(comments_as_data=False))
    assert [_at(skipped, 0, 0, 1), _at(skipped, 2, 0, 0), _at(skipped, 0, 1, 0)] == [5.0, 7.0, 9.0] and not none
    with pytest.raises(InputError, match=r"f\.hkl:1: '#' begins no comment in C, no row .* '--quirk comments_as_data"):
        read_hkl(_hkl(tmp_path, "# h k l F\n1 0 0 5\n"), 0.0, C)


def test_broken_files_name_file_and_line(tmp_path: Path) -> None:
    path = _hkl(tmp_path, "1 0 0 5\n2 0 zero 6\n")
    assert f"{path}:2:" in read_hkl(path, 0.0, C)[1][0]
    with pytest.raises(InputError, match=r"f\.hkl:1: no row"):
        read_hkl(_hkl(tmp_path, "h k l F\n1 0 0 5\n"), 0.0, C)
    with pytest.raises(InputError, match=r"gone\.hkl"):
        load_structure_factors(Options(hkl_file="gone.hkl"), tmp_path, C)


def test_every_row_of_a_large_file_is_read(tmp_path: Path) -> None:
    text = "".join(f"{h} {k} {l} {h + k + l}.5\n" for h in range(40) for k in range(40) for l in range(40))
    path = _hkl(tmp_path, text)
    table, _ = read_hkl(path, 0.0, C)
    assert table.n_reflections == 64_000
    assert table.grid is not None and float(table.grid[39, 38, 37]) == 39 + 38 + 37 + 0.5


def test_cache_round_trip_and_silent_use(tmp_path: Path) -> None:
    sf, _ = read_hkl(_hkl(tmp_path, "-1 0 0 5\n1 2 3 7\n"), 3.0, C)
    write_cache(tmp_path / "Fdump.bin", sf)
    data = (tmp_path / "Fdump.bin").read_bytes()
    assert data.startswith(b"-1 1 0 2 0 3\n\x0c") and len(data) == 14 + 8 * 4 * 4 * 5
    again, notices, files = load_structure_factors(Options(), tmp_path, C)
    assert again.grid is not None and sf.grid is not None and torch.equal(again.grid, sf.grid)
    assert again.n_reflections == 36 and "Fdump.bin" in notices[0] and len(files) == 1
    (tmp_path / "short.bin").write_bytes(data[:-8])
    with pytest.raises(InputError, match="bytes of data"):
        read_cache(tmp_path / "short.bin", 0.0)


def test_a_cache_that_c_misreads_is_reported(tmp_path: Path) -> None:
    """Section 5.2: the lowest byte of 100.16 is 0x0A, which C skips."""
    for value, said in (("100.16", 2), ("100.5", 1)):
        write_cache(tmp_path / "Fdump.bin", read_hkl(_hkl(tmp_path, f"0 0 0 {value}\n"), 0.0, C)[0])
        table, notices, _ = load_structure_factors(Options(), tmp_path, C)
        assert _at(table, 0, 0, 0) == float(value)
        assert len(notices) == said and ("S25" in notices[-1]) == (said == 2)


def test_a_run_without_structure_factors_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="-default_F"):
        load_structure_factors(Options(), tmp_path, C)
    sf, _, _ = load_structure_factors(Options(default_f=4.0), tmp_path, C)
    assert sf.grid is None and _at(sf, 1, 2, 3) == 4.0


def test_tricubic_is_exact_on_a_cubic() -> None:
    def cubic(h: torch.Tensor, k: torch.Tensor, l: torch.Tensor) -> torch.Tensor:
        return h**3 - 2 * h * k**2 * l**3 + k**3 * l + 0.5 * l**2 + 7

    axis = torch.arange(-4.0, 5.0, dtype=torch.float64)
    sf = StructureFactors(
        cubic(*torch.meshgrid(axis, axis, axis, indexing="ij")), -4, -4, -4, torch.tensor(0.0), "default", 1
    )
    h = torch.tensor([[-1.3, 0.25], [2.0, -2.0]], dtype=torch.float64, requires_grad=True)
    k, l = torch.full_like(h, 0.7), torch.full_like(h, -1.6)
    value = tricubic(sf, h, k, l)
    torch.testing.assert_close(value, cubic(h, k, l), rtol=1e-12, atol=1e-10)
    (slope,) = torch.autograd.grad(value.sum(), h)
    torch.testing.assert_close(slope, (3 * h**2 - 2 * k**2 * l**3).detach(), rtol=1e-10, atol=1e-9)
    edges = torch.tensor([-2.01, -2.0, 2.0, 2.01], dtype=torch.float64)
    zero = torch.zeros_like(edges)
    assert in_interpolation_range(sf, edges, zero, zero).tolist() == [False, True, True, False]
    assert tricubic(sf, edges * 100, zero, zero).shape == (4,)
