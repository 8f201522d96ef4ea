"""docs/traces.md: its lines are compiled and run, and nbtui reads what they print."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nbtui.trace.fields.catalogue import FIELDS
from nbtui.trace.fields.field import Field, Shape, Tap, Tolerance
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines
from support.places import TOP

PAGE = (TOP / "docs" / "traces.md").read_text(encoding="utf-8")
TAPPED, HELPERS, TERM_EXAMPLE, PHI_EXAMPLE, BLOCK = re.findall(r"```python\n(.*?)```", PAGE, re.S)
C_HELPERS, *C_LINES, HEADER_EXAMPLE = re.findall(r"```c\n(.*?)```", PAGE, re.S)
ROWS = {cells[0].strip("`"): cells for line in PAGE.splitlines() if len(cells := line[2:-2].split(" | ")) == 7}
BY_NAME = {entry.name: entry for entry in FIELDS}
PHI = ("phi.phi_tic", "phi.phi_deg", "phi.k_frac", "phi.F_latt_b", "phi.F_latt")


def test_every_field_has_a_row_with_its_unit_shape_and_place() -> None:
    for entry in FIELDS:
        _, _, unit, shape, _, c_line, py_line = ROWS[entry.name]
        assert unit == (entry.unit or "-") and shape == entry.shape
        assert py_line.strip("`") and c_line
        heading = PAGE.rindex("\n### ", 0, PAGE.rindex(f"\n| `{entry.name}` |"))
        assert PAGE[heading + 5 :].lower().startswith(entry.tap.lower())


def value_of(entry: Field) -> Any:
    """A value of the field's shape."""
    if entry.shape is Shape.TEXT:
        return "MOSFLM"
    if entry.shape is Shape.MATRIX:
        return [[1.0, 0.0, 0.0], [0.0, 0.6, -0.8], [0.0, 0.8, 0.6]]
    number: float = 3 if entry.tolerance is Tolerance.INTEGER else 0.1 + 0.2  # 17 digits
    return [number, 2 * number, 3 * number] if entry.shape in (Shape.VECTOR, Shape.HKL, Shape.LIST) else number


class Values(dict[str, Any]):
    """Every unknown name has one value."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value

    def __missing__(self, name: str) -> Any:
        if name in ("print", "map"):
            raise KeyError(name)
        index = name in ("i", "j") or (name == "k" and isinstance(self.value, Grid))
        return 2 if index else self.value


class Grid:
    def __getitem__(self, at: tuple[int, int, int]) -> float:
        return 0.1 + 0.2


def printed(code: str, names: dict[str, Any]) -> Trace:
    """What the code of the page prints, read by nbtui."""
    out = io.StringIO()
    space: dict[str, Any] = {}
    exec(HELPERS, space)
    names.update(space)
    with contextlib.redirect_stdout(out):
        exec(code, space, names)
    return parse_lines(out.getvalue().splitlines(), "page")


def read(trace: Trace) -> dict[str, tuple[Any, ...]]:
    """The last values of every field of a trace."""
    found = {record.name.replace("[2]", ""): tuple(record.values) for record in trace.records}
    for kind, lines in (("phi", trace.phi), ("term", trace.terms)):
        found |= {f"{kind}.{key}": (value,) for line in lines for key, value in line.values.items()}
    return found


@pytest.mark.parametrize("name", [entry.name for entry in FIELDS if entry.tap is not Tap.PRINTOUT])
def test_the_python_line_of_a_field_is_read_as_that_field_with_every_bit(name: str) -> None:
    entry = BY_NAME[name]
    code = ROWS[name][6].strip("`").replace("..., ", "")
    value = value_of(entry)
    trace = printed(code, Values(Grid() if name == "tricubic.grid" else value))
    flat = [n for row in value for n in row] if entry.shape is Shape.MATRIX else value
    wanted = tuple(flat) if isinstance(flat, list) else (flat,)
    if entry.shape is Shape.BEAM:
        wanted = (value / 1000, value / 1000, value)
    elif entry.shape is Shape.ANGLES:
        wanted = (value,) * 4
    assert read(trace)[name] == wanted


def test_the_term_and_phi_lines_of_the_page_are_read() -> None:
    names = dict.fromkeys(("h", "k", "l", "f_latt", "f_cell", "phi_deg", "f_latt_b"), 1.5)
    terms = printed(TERM_EXAMPLE, {**names, "h0": 2, "k0": 3, "l0": 1})
    assert set(read(terms)) == {entry.name for entry in FIELDS if entry.tap is Tap.TERM}
    phis = printed(PHI_EXAMPLE, dict(names))
    assert set(read(phis)) == set(PHI)


def test_the_block_of_a_port_is_read_as_that_of_the_c_program() -> None:
    names: dict[str, Any] = dict.fromkeys(("stol", "stol_plane", "x", "y", "z", "h", "k", "l", "f_cell", "f_latt"), 1.5)
    names |= dict.fromkeys(("intensity", "polar", "omega", "capture", "pixel"), 2.5)
    names |= {"steps": 5, "fast": 7, "slow": 3, "h0": 1, "k0": 2, "l0": 3, **dict.fromkeys("abc", (1.0, 2.0, 3.0))}
    trace = printed(BLOCK, names)
    block = {entry.trace_name or entry.name for entry in FIELDS if entry.tap is Tap.PRINTOUT}
    assert set(read(trace)) == block
    assert trace.pixel == (3, 7)


DECLARED = """#include <math.h>
typedef enum { SAMPLE, BEAM } pivot;
typedef enum { SQUARE, ROUND, GAUSS, TOPHAT } shapetype;
typedef enum { CUSTOM, ADXV, MOSFLM, XDS, DIALS, DENZO } convention;
"""
VECTORS = (
    "pix0_vector fdet_vector sdet_vector odet_vector beam_vector twotheta_axis pixel_pos diffracted incident "
    "scattering a b c a_star b_star c_star"
)
REALS = (
    "detector_rotx detector_roty detector_rotz detector_twotheta Xclose Yclose pixel_size Fclose Sclose close_distance "
    "ratio distance Fbeam Sbeam airpath omega_pixel lambda h k l F_latt F_cell phi I r_e_sqr fluence capture_fraction "
    "polar test Na Nb Nc"
)
WHOLES = (
    "source phi_tic mos_tic thick_tic subS subF h0 k0 l0 steps oversample_thick oversample_polar oversample_omega "
    "imgidx"
)


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_the_c_lines_compile_and_print_what_nbtui_reads(tmp_path: Path) -> None:
    """In a frame of our own, with the names of the C program's variables, each with another value."""
    values = {name: 0.1 + at for at, name in enumerate(REALS.split())}
    frame = [
        *(f"double {name}[4] = {{0, {at}.1, {at}.2, {at}.3}};" for at, name in enumerate(VECTORS.split())),
        *(f"double {name} = {value!r};" for name, value in values.items()),
        *(f"int {name} = 0;" for name in WHOLES.split()),
        "float floatimage[1] = {1.5f}; int spixel = 3, fpixel = 7;",
        "shapetype xtal_shape = SQUARE; convention beam_convention = XDS;",
    ]
    body = "\n".join([*frame, "trace_arguments(argc, argv);", *C_LINES, "return 0;"])
    functions = (
        "static double sincg(double x, double n) { return x + n; }\n"
        "static double dot_product(double *x, double *y) { return x[1] * y[1]; }\n"
    )
    source = f"{C_HELPERS}{DECLARED}{functions}int main(int argc, char **argv) {{\n{body}\n}}\n"
    (tmp_path / "page.c").write_text(source, encoding="utf-8")
    built = ["cc", "-Wall", "-Werror", "-Wno-unused", "-o", "page", "page.c", "-lm"]
    done = subprocess.run(built, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    out = subprocess.run(
        [tmp_path / "page", "-trace_pixel", "3", "7"], capture_output=True, text=True, check=True
    ).stdout
    trace = parse_lines(out.splitlines(), "page")
    assert trace.pixel == (3, 7)
    found = read(trace)
    wanted = {name for name, cells in ROWS.items() if cells[5].startswith(("`", "in the"))}
    assert set(found) == wanted & set(BY_NAME) and len(wanted) > 80
    assert found["R_distance_meters"] == (values["airpath"],)
    assert found["hkl_frac"] == (values["h"], values["k"], values["l"])
    assert found["detector_convention"] == ("XDS",)
    silent = subprocess.run([tmp_path / "page", "-trace_pixel", "3", "8"], capture_output=True, text=True, check=True)
    assert "TRACE_C: " not in silent.stdout
