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
    yield f"{_HEADER}```c\n{_HEADER_EXAMPLE}```\n{_AFTER_HEADER}"
    yield f"{_PORT}```python\n{_TAPPED}```\n{_AFTER_TAPPED}"
    yield f"{_BY_HAND}```python\n{PY_HELPERS}```\n{_PORT_USE}```python\n{PY_PRINTOUT}```\n{_TABLE_HEAD}"
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
_HEADER = """### With nbtrace.h

A header of our own does the same with checked names: `src/nbtui/nbtrace.h`, in the installed package beside
`nbtui/tap.py`. Copy it beside the C program; it is C99 and C++, needs no other file and prints nothing without
`-trace_pixel`. Its macros cover every field of the tables below, also those that the C program has no variable for.

"""
_HEADER_EXAMPLE = """#include "nbtrace.h"

nbt_arguments(argc, argv);               /* -trace_pixel SLOW FAST; or nbt_begin(slow, fast, file) */

if (nbt_tracing()) {                     /* in the set-up */
    NBT_TEXT(detector_convention, "MOSFLM");
    NBT_REAL(distance_m, distance);
}
if (nbt_traced(spixel, fpixel)) {        /* in the pixel loop */
    NBT_VECTOR(pixel_pos_meters, pixel_pos[1], pixel_pos[2], pixel_pos[3]);
    NBT_INDICES(hkl_rounded, h0, k0, l0);
    NBT_REAL(F_cell, F_cell);
    NBT_PHI(phi_tic);                    /* one line of several keys ends with NBT_END */
    NBT_PHI_VALUE(k_frac, k);
    NBT_PHI_VALUE(F_latt, F_latt);
    NBT_END();
    NBT_WHOLE(steps, steps);
    NBT_GRADIENT(cell_a, dI_da);         /* where the program has derivatives */
}
"""
_AFTER_HEADER = """
A wrong name or shape does not compile: `NBT_REAL(omega_pixl, x)` ends with "`NBT_REAL_omega_pixl` undeclared", and the
compiler proposes `NBT_REAL_omega_pixel`. The comment at the top of the header lists all macros by example.

"""
_PORT = """## A port in Python

`nbtui.tap` prints the lines and checks every name and shape. It is one file that needs the standard library only: a
port that shall not depend on nbtui copies it (`cp $(python -c "import nbtui.tap; print(nbtui.tap.__file__)") .`) and
writes `import tap`. `python -m nbtui.tap --fields` lists names, shapes and units.

"""
_TAPPED = """from nbtui import tap


def intensity(hkl, f_latt, f_cell, omega, scale):  # one pixel: hkl (phi, domain, 3), the others (phi, domain)
    t = tap.current()
    t("omega_pixel", omega)
    total = 0.0
    for phi in range(hkl.shape[0]):
        with t.step(phi=phi):
            t("phi.phi_deg", 0.5 * phi)
            for domain in range(hkl.shape[1]):
                with t.step(domain=domain):
                    t("hkl_frac", hkl[phi, domain])
                    t("F_latt", f_latt[phi, domain])
                    t("F_cell", f_cell[phi, domain])
                    term = (f_cell[phi, domain] * f_latt[phi, domain]) ** 2
                    t("term.F_cell2_F_latt2", term)
                    total = total + term
    t("I_before_scaling", total)
    value = total * omega * scale
    t("I_pixel_final", value)
    return value


with tap.trace(pixel=(685, 1039), out="py.log") as t:
    value = intensity(hkl, f_latt, f_cell, omega, scale)
    value.backward()
    t.gradient("wavelength", scale.grad)
"""
_AFTER_TAPPED = """
- `tap.trace(pixel=None)`, and everything outside of a trace, is off: a tap then does nothing, and nothing leaves the
  device (0.1 microseconds per tap). It is false, so that `if t:` guards a computation for the trace alone.
- Values may be floats, tensors on any device, arrays, or lists of them. `%.17g` keeps every bit, whatever
  `torch.set_printoptions` says. A field in another precision than float64 has a line of its own,
  `TRACE_PY_DTYPE: F_cell float32`; `nbtui compare` repeats it, and weighs differences accordingly.
- `t.step` takes the counters `thick`, `sub_slow`, `sub_fast`, `source`, `phi` and `domain`; inner steps keep those of
  outer ones. C prints the values of its inner loops for source, phi step and domain 0 only, and so does a tap inside a
  step. `hkl_frac`, `F_latt_b` and `F_latt` at source and domain 0 also make the phi line, which ends with the step; a
  step with a `term.` value also makes a term line.
- In a vectorized port the loops are axes: tap the traced element, and tap the tensor that makes the pixel, never a
  second computation beside it.
- `t.own("my_value", x)` prints a value outside the catalogue; nbtui compares it if the other log has it, too.
- `t.gradient("cell_a", value)` prints a derivative of `I_pixel_final` in photons per unit of the command line, and
  `t.gradient("cell", values)` all six. They form the last stage of a comparison, with a tolerance ten times as wide;
  `nbtui gradients CASE --py LOG` judges them against our own and against finite differences.
- `torch.compile`: with the trace off, a function with taps stays one graph, also under `fullgraph=True`
  (`torch._dynamo.explain`: no break). With it on, every tap breaks the graph, and a function with a tap inside
  `with t.step(...)` runs uncompiled; `fullgraph=True` refuses it. Values may then differ from those of the fused code
  in the last bits. On and off are each compiled once, however often traces open.
- Inside `torch.func.vmap` a value has no numbers; tap outside. `torch.func.grad` and `jvp` are fine.

"""
_BY_HAND = """### The lines by hand

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
