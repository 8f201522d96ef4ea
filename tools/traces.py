"""docs/traces.md: every field of the catalogue, with the lines that print it in a C program and in a port."""

from __future__ import annotations

from collections.abc import Iterator

from trace_lines import C_HELPERS, PLACES, PY_HELPERS, PY_PRINTOUT, c_line, format_of, py_line

from nbtui.trace.fields.catalogue import FIELDS
from nbtui.trace.fields.field import Field, Tap

FIRST = (
    ("pixel_pos_meters", "the detector: distance, beam centre, rotations, pixel order"),
    ("hkl_frac", "everything up to the index: beam, wavelength, cell, orientation, phi"),
    ("F_cell", "the table of structure factors and its lookup"),
    ("I_before_scaling", "lattice factor and accumulation: shape, cells, steps of every loop"),
    ("I_pixel_final", "scaling: fluence, steps, solid angle, polarization, absorption"),
)


def page() -> str:
    """docs/traces.md."""
    return "".join(_parts())


def _parts() -> Iterator[str]:
    yield _HEAD
    yield "| Field | What it closes |\n|---|---|\n"
    yield from (f"| `{name}` | {what} |\n" for name, what in FIRST)
    yield _AFTER_FIRST
    yield f"```c\n{C_HELPERS}```\n\n{_CALL}"
    for number, place in enumerate(PLACES, start=1):
        yield f"{number}. {place.where}:\n\n```c\n{place.condition} {{\n"
        yield from (f"    {statement}\n" for statement in dict.fromkeys(place.statements.values()))
        yield "}\n```\n\n"
    yield f"{_PORT}```python\n{PY_HELPERS}```\n{_PORT_USE}```python\n{PY_PRINTOUT}```\n{_TABLE_HEAD}"
    for tap in Tap:
        rows = [entry for entry in FIELDS if entry.tap is tap]
        if rows:
            title = tap.value[0].upper() + tap.value[1:]
            yield f"\n### {title}\n\n| Field | Meaning | Unit | Shape | Format | C | Python |\n{'|---' * 7}|\n"
            yield from map(_row, rows)


def _row(entry: Field) -> str:
    note = f"; {entry.tap_note}" if entry.tap_note else ""
    unit = entry.unit or "-"
    cells = (
        f"`{entry.name}`",
        f"{entry.description}{note}",
        unit,
        entry.shape.value,
        f"`{format_of(entry)}`",
        c_line(entry),
        f"`{py_line(entry)}`",
    )
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


_HEAD = """# Traces

Made by `make docs` from the field catalogue (`src/nbtui/trace/fields`).

nbtui compares two programs value by value. A stock C program prints 16 values of a pixel (`-printout_pixel`), with 4 to
10 digits; most ports print none. The lines on this page make either print what nbtui reads: `TRACE_C` in the C program,
`TRACE_PY` in a port. Nothing else of the output matters; a log may hold everything that the program prints.

- One field per line: `TRACE_C: name value` or `TRACE_C: name x y z`; in the set-up `TRACE_C:name=value`.
- **17 digits** (`%.17g`) keep every bit of a double. With fewer, nbtui judges each value by half a unit of its last
  printed digit, and small differences stay unseen.
- The pixel is always (slow, fast), as in `-trace_pixel SLOW FAST`; only `-printout_pixel` has FAST first.
- Lines may be left out, repeated (once per layer and sub-pixel) and in any order within a block. Unknown names are kept
  and compared, too.

## Begin with five fields

Five lines divide the pipeline into five parts. The first of them that differs names the part in which to add more.

"""
_AFTER_FIRST = """
`nbtui compare` states how many fields both logs have; five of them are too few for the verdict AGREE unless
`--allow-partial` is given. `nbtui diagnose` needs more of the pixel loop to name a cause: add the rest of the part that
differs, then all lines of the first pass and of the stored pixel.

## A C program

Paste these functions above `main`. They work inside the OpenMP loop of the program, whose variables are all listed.

"""
_CALL = """Call `trace_arguments(argc, argv);` before the loop over the arguments in `main`, then paste the statements
below at their places. The option is `-trace_pixel SLOW FAST`, which `nbtui c-trace --binary YOUR_BUILD CASE` passes;
run one thread (`OMP_NUM_THREADS=1`), as that command does. These lines were tried in the stock program: with them, all
fields of a log agree with our simulator.

"""
_PORT = """## A port in Python

"""
_PORT_USE = """
Print where the value is made, for the traced pixel only, and print the tensor that makes the pixel, never a second
computation beside it: `trace("hkl_frac", hkl[slow, fast])`. Begin a log with
`print(f"TRACE_CONFIG: tracing pixel (spixel={slow}, fpixel={fast})")`. In a vectorized port the loops are axes: the
`F_cell` of the first pass is the element at source 0, phi step 0, domain 0; a phi line is one element along the phi
axis; a term line is one element of the product of all axes.

A term line has the columns of terms.csv:

```python
place = {"thick": 0, "sub_slow": 0, "sub_fast": 1, "source": 0, "phi_step": 2, "mosaic_domain": 0}
index = {"h": h, "k": k, "l": l, "h0": h0, "k0": k0, "l0": l0}
keys("TERM", **place, **index, F_latt=f_latt, F_cell=f_cell, F_cell2_F_latt2=f_cell**2 * f_latt**2)
```

The console compares the term lines of a C log with the terms of our simulator, step by step. Those of a port are read,
and not compared. A phi line:

```python
keys("PHI", phi_tic=2, phi_deg=phi_deg, k_frac=k, F_latt_b=f_latt_b, F_latt=f_latt)
```

A port that is compared with a stock C program may print the block of that program, for one pixel:

"""
_TABLE_HEAD = """
## Every field

By the place at which the line is printed. `-` in the column C: no variable of the C program holds it, or (`R_total`,
`convention_mapping`) it says nothing beyond other lines. The instrumented build of our reference logs prints the lines
of the sample pivot for the beam pivot, too, but with fixed values; leave those out. The values of
`scattering_vec_A_inv` may be in m^-1, as in the C program, or in A^-1; nbtui finds out.
"""
