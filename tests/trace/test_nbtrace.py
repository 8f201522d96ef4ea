"""`nbtrace.h`: compiled as C and C++, and every bit of every field read back."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import nbtui
from nbtui.parity.compare import compare
from nbtui.trace.fields.catalogue import Shape, Tap, Tolerance
from nbtui.trace.fields.field import Field
from nbtui.trace.fields.gradient import GROUP
from nbtui.trace.model import Value
from nbtui.trace.reading.reader import parse_lines
from support.places import TOP
from support.tapped import COUNTERS, GRID, TAPPED, every_value, read_back

HEADER = Path(nbtui.__file__).with_name("nbtrace.h")
STRICT = ["-Wall", "-Wextra", "-pedantic", "-Wconversion", "-Wshadow", "-Werror"]
BUILDS = {
    "C99": ["cc", "-std=c99", "-x", "c"],
    "C11": ["cc", "-std=c11", "-x", "c"],
    "C++98": ["c++", "-std=c++98", "-x", "c++"],
    "C++17": ["c++", "-std=c++17", "-x", "c++"],
}


def compiled(folder: Path, body: str, build: list[str]) -> subprocess.CompletedProcess[str]:
    """The result of the compiler for a program with this body of main."""
    if shutil.which(build[0]) is None:
        pytest.skip(f"no {build[0]}")
    source = folder / "port.c"
    source.write_text(f'#include "nbtrace.h"\nint main(int argc, char **argv)\n{{\n{body}\nreturn 0;\n}}\n')
    command = [*build, *STRICT, f"-I{HEADER.parent}", str(source), "-o", str(folder / "port")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def run(folder: Path, *words: str) -> str:
    return subprocess.run([folder / "port", *words], capture_output=True, text=True, check=True).stdout


def literals(values: tuple[Value, ...]) -> str:
    return ", ".join(f'"{value}"' if isinstance(value, str) else repr(value) for value in values)


def statement(entry: Field, values: tuple[Value, ...]) -> str:
    """The statements that print a field."""
    name, whole, numbers = entry.name, entry.tolerance is Tolerance.INTEGER, literals(values)
    key = name.rpartition(".")[2]
    if name == "tricubic.grid":
        places = [(i, j, k) for i in range(GRID) for j in range(GRID) for k in range(GRID)]
        return " ".join(f"NBT_GRID({i}, {j}, {k}, {x!r});" for (i, j, k), x in zip(places, values, strict=True))
    if entry.shape is Shape.LIST:
        return f"{{ const double v[] = {{{numbers}}}; NBT_COORDS({key[0]}, v, {len(values)}); }}"
    if entry.shape is Shape.MATRIX:
        return f"{{ const double v[] = {{{numbers}}}; NBT_MATRIX({name}, v); }}"
    if entry.tap is Tap.GRADIENT:
        return f"NBT_GRADIENT({name.removeprefix(GROUP)}, {numbers});"
    if entry.tap is Tap.TERM:
        return "" if key in COUNTERS else f"NBT_TERM_{'INDEX' if whole else 'VALUE'}({key}, {numbers});"
    if entry.tap is Tap.PHI_STEP:
        return "" if key == "phi_tic" else f"NBT_{name.partition('.')[0].upper()}_VALUE({key}, {numbers});"
    if entry.tap is Tap.SOURCE:
        if entry.shape is Shape.VECTOR:
            return f"NBT_SOURCE_DIRECTION(0, {numbers});"
        return f"NBT_SOURCE_{'NUMBER' if whole else 'VALUE'}(0, {key}, {numbers});"
    kinds = {Shape.TEXT: "TEXT", Shape.ANGLES: "ANGLES", Shape.BEAM: "BEAM", Shape.SCALAR: "WHOLE" if whole else "REAL"}
    return f"NBT_{kinds.get(entry.shape, 'INDICES' if whole else 'VECTOR')}({name}, {numbers});"


def every_statement() -> str:
    """A program that prints every field; the keys of one line stand together."""
    values = every_value()
    lines = ["nbt_arguments(argc, argv);", "if (nbt_traced(3, 7)) {"]
    together = {"phi.": "NBT_PHI(0);", "rotstar.": "NBT_ROTSTAR(0);", "term.": "NBT_TERM(0, 0, 0, 0, 0, 0);"}
    lines += [statement(entry, values[entry.name]) for entry in TAPPED if not entry.name.startswith(tuple(together))]
    for group, begin in together.items():
        keys = [statement(entry, values[entry.name]) for entry in TAPPED if entry.name.startswith(group)]
        lines += [begin, *keys, "NBT_END();"]
    return "\n".join([*lines, "}"])


@pytest.mark.parametrize("build", BUILDS)
def test_every_bit_of_every_field_survives_header_log_and_reader(build: str, tmp_path: Path) -> None:
    done = compiled(tmp_path, every_statement(), BUILDS[build])
    assert done.returncode == 0, done.stderr
    trace = parse_lines(run(tmp_path, "-trace_pixel", "3", "7").splitlines(), "c.log")
    assert trace.pixel == (3, 7) and trace.side == "C" and not trace.unknown
    found, wanted = read_back(trace), every_value()
    assert set(found) == {entry.name for entry in TAPPED}
    for name, values in wanted.items():
        assert list(map(repr, found[name])) == [
            repr(float(value)) if isinstance(found[name][0], float) and not isinstance(value, str) else repr(value)
            for value in values
        ], name
    assert compare(trace, trace).num_divergent == 0
    assert run(tmp_path) == ""
    assert run(tmp_path, "-trace_pixel", "3", "8") == "TRACE_CONFIG: tracing pixel (spixel=3, fpixel=8)\n"


def test_a_program_that_uses_nothing_of_it_has_no_warning(tmp_path: Path) -> None:
    done = compiled(tmp_path, "(void)argc; (void)argv;", BUILDS["C99"])
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "wrong", ["NBT_REAL(omega_pixl, 1.0);", "NBT_REAL(hkl_frac, 1.0);", "NBT_GRADIENT(cell_q, 1);"]
)
def test_a_wrong_name_or_shape_does_not_compile(wrong: str, tmp_path: Path) -> None:
    done = compiled(tmp_path, f"(void)argc; (void)argv; {wrong}", BUILDS["C99"])
    assert done.returncode != 0
    assert re.search(r"NBT_[A-Z_]*(omega_pixl|hkl_frac|cell_q)", done.stderr)
    if "omega_pixl" in wrong:
        assert "NBT_REAL_omega_pixel" in done.stderr  # proposed


def test_the_page_shows_a_program_that_compiles(tmp_path: Path) -> None:
    page = (TOP / "docs" / "traces.md").read_text("utf-8")
    example = page.partition("### With nbtrace.h")[2].partition("```c\n")[2].partition("```")[0]
    frame = (
        "const double pixel_pos[4] = {0, 1, 2, 3}; double distance = 1, F_cell = 2, F_latt = 3, k = 4, dI_da = 5;\n"
        "int spixel = 3, fpixel = 7, h0 = 1, k0 = 2, l0 = 3, phi_tic = 0, steps = 9;\n"
    )
    done = compiled(tmp_path, frame + example.replace('#include "nbtrace.h"\n', ""), BUILDS["C99"])
    assert done.returncode == 0, done.stderr
    trace = parse_lines(run(tmp_path, "-trace_pixel", "3", "7").splitlines(), "c.log")
    assert trace.all("gradient.cell_a")[0].values == (5.0,) and trace.phi[0].values["k_frac"] == 4.0
