"""``make quirks``: docs/quirks.md, every quirk of the C program with a pixel that it changes, simulated by nbsim.

The examples are a table of this file, the sentences those of the simulator's own table, the numbers those of the run.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from markdown_table import table

from nbsim import Experiment, InputError, Quirks, image_values
from nbtui.api import compare, simulate

PAGE = Path(__file__).resolve().parents[1] / "docs" / "quirks.md"
BASE = "-cell 40 50 60 75 85 95 -misset 10 20 30 -lambda 1.1 -distance 60 -detpixels 5 -pixel 4 -N 3 -oversample 1"
F20 = "-default_F 20 -nointerpolate"
LAYERS = "-detector_abs 500 -detector_thick 300 -detector_thicksteps 3"
# h, k, l are whole numbers: 80 mm along the beam, 60 mm across, 100 mm in all, a cell of ten wavelengths
WHOLE = "-cell 10 10 10 90 90 90 -misset 0 0 0 -lambda 1 -distance 80 -detpixels 3 -pixel 60 -Xbeam 60 -Ybeam 60 -N 5"
SEEN = 1e-9  # of the brightest pixel: a smaller change is rounding


@dataclass(frozen=True)
class Example:
    """Words behind BASE with which a quirk has an effect; later words win."""

    words: str
    beside: tuple[str, ...] = ()  # quirks that are off in both runs
    dtype: str = "float64"


EXAMPLES = {
    "phi_carryover": Example(f"{F20} -phi 0 -osc 3 -phisteps 3"),
    "cached_corrections": Example(f"{F20} -oversample 2 -polar 0.9 -sourcefile sources.txt"),
    "curved_transposed": Example(f"{F20} -curved_det -pixel 1"),
    "point_pixel_without_area": Example(f"{F20} -point_pixel"),
    "last_layer_capture": Example(f"{F20} {LAYERS}"),
    "thick_flag_zeroes": Example(f"{F20} -oversample_thick"),
    "culled_polar_zero": Example(f"{F20} -water 10 -dmin 1000"),
    "source_weights_ignored": Example(f"{F20} -sourcefile sources.txt"),
    "nopolar_overridden": Example(f"{F20} -polar 0.5 -oversample_polar -nopolar"),
    "grating_literal": Example(f"{F20} {WHOLE}"),
    "dimensional_shape_width": Example(f"{F20} -gauss_xtal -fudge 0.7"),
    "sphere_literal": Example(f"{F20} {WHOLE} -round_xtal"),
    "zero_term_skip": Example(f"{F20} -N 4 -oversample 2 -tophat_spots -oversample_polar -polar 0.8"),
    "interpolation_switch_off": Example("-hkl small.hkl -default_F 7 -interpolate"),
    "background_twice": Example(f"{F20} -water 5 -fluence 1e28"),
    "running_sum_weights": Example(f"{F20} -oversample 2 -oversample_omega"),
    "background_weighted": Example(f"{F20} -oversample 2 -oversample_omega -water 2", ("running_sum_weights",)),
    "twotheta_axis_sets_angle": Example(f"{F20} -twotheta 10 -twotheta_axis 0 1 2"),
    "last_thickness_flag_crashes": Example(f"{F20} -detector_thick"),
    "last_curved_det_ignored": Example(f"{F20} -curved_det"),
    "pix0_vector_discarded": Example(f"{F20} -pix0_vector 100 0 0"),
    "convention_forces_pivot": Example(f"{F20} -xds -pivot beam -ORGX 2 -ORGY 3 -twotheta 4"),
    "normal_rederived": Example(f"{F20} -odet_vector 1 0.1 0.1"),
    "twotheta_axis_as_typed": Example(f"{F20} -twotheta_axis 0 1 2 -twotheta 10"),
    "ratio_without_twotheta": Example(f"{F20} -curved_det x -twotheta 9 -detector_rotx 5"),
    "mosaic_first_identity": Example(f"{F20} -mosaic 2 -mosaic_domains 3"),
    "mosaic_single_precision": Example(f"{F20} -mosaic 2 -mosaic_domains 3"),
    "interpolate_before_sizes": Example("-hkl box.hkl -default_F 7 -pixel 2 -N 5 -samplesize 3e-6"),
    "matrix_rescaled_by_cell": Example(f"{F20} -mat orientation.mat"),
    "cell_sine_of_gamma_star": Example(F20),
    "source_file_literal": Example(f"{F20} -sourcefile short.txt"),
    "comments_as_data": Example("-hkl commented.hkl -default_F 7 -nointerpolate"),
    "hkl_integer_rows": Example("-hkl fractions.hkl -default_F 7 -nointerpolate"),
    "naive_float32": Example(f"{F20} -N 50 -Xbeam 50 -Ybeam 50", dtype="float32"),
}  # fmt: skip
SOURCES = "-10 0.01 0 1.0 1.1e-10\n-10 0 0.4 0.5 1.15e-10\n-10 -0.5 -0.1 2.0 1.05e-10\n"
SHORT = "-10 -0.5 0.3"  # without a line break
MATRIX = "0.0270 0.0020 -0.0010\n-0.0030 0.0215 0.0015\n0.0025 -0.0020 0.0180\n"

_HEAD = f"""# Quirks and φ modes in numbers

Made by `make quirks`: the numbers come from runs of nbsim, and a test repeats them.

The C program has oddities that change numbers. nbsim has each of them as a switch. All are on by default, because the
aim is parity, but for `phi_carryover`, which follows the φ mode. `--quirk NAME=off` (in Python
`quirks={{"NAME": False}}`) is the behaviour that the physics or the documentation suggests. [flags.md](flags.md) lists
the switches with their sources, [programs.md](programs.md) the states that make other C programs. A port that shall
agree with the C program implements the column "on".

Every row is one small image, 5 x 5 pixels unless its words say otherwise:

```
nbsim {BASE} WORDS
```

with the words of the row. The pixel is (slow, fast), the one that changes most; its values are in photons. "First
field" is the first line of its trace that differs between on and off: where to look in a port. At whole numbers
`grating_literal` divides rounding errors by each other; its numbers are noise. So are those of `naive_float32`, which
is an oddity of ports, not of C, and off by default.
"""
_PHI = """
## φ modes

At phi = 0 the C program does not compute the rotated vectors: it keeps those of the last phi step, left over from the
pixel before (`c-parity`). The physics asks for the unrotated vectors (`spec`). Only runs with a phi step at exactly 0
and more than one step are affected. The built-in demo is such a run; its pixel in both modes:

"""
_AFTER_PHI = """
The pixel of `spec` differs from that of `c-parity` by {change}: one step of {steps} sees another part of the
reflection. The first pixel of each OpenMP thread has no pixel before it and starts with fresh vectors, so that the
stock program gives other first pixels with another number of threads ([programs.md](programs.md), Threads).
`nbtui diagnose` names this cause `phi_carryover`.
"""
_FILES = f"""
## Files of the examples

`sources.txt` (x, y, z [m], weight, wavelength [m]); `short.txt` has `{SHORT}` as a fourth line, without a line break:

```text
{SOURCES}```

`orientation.mat`:

```text
{MATRIX}```

`box.hkl` holds every reflection with |h|, |k|, |l| up to 12 and F = 5 + (h + 2 k + 3 l) mod 7, one `h k l F` per line;
`small.hkl` those up to 7. `commented.hkl` is `box.hkl` with a line `# -9` before h = -9, `fractions.hkl` has `-9.0` in
place of h = -9.
"""


@dataclass(frozen=True)
class Effect:
    """The pixel that a quirk changes most; a value is None where nbsim refuses the command line."""

    pixel: tuple[int, int]
    on: float | None
    off: float | None
    changed: int  # pixels
    of: int
    first_field: str

    @property
    def change(self) -> float | None:
        """Of off against on, relative."""
        return (self.off - self.on) / self.on if self.on and self.off is not None else None


def write_inputs(folder: Path) -> None:
    """The input files of EXAMPLES."""
    for name, limit in (("box", 12), ("small", 7)):
        sides = range(-limit, limit + 1)
        rows = [f"{h} {k} {l} {5 + (h + 2 * k + 3 * l) % 7}\n" for h in sides for k in sides for l in sides]
        (folder / f"{name}.hkl").write_text("".join(rows), encoding="ascii")
    box = (folder / "box.hkl").read_text(encoding="ascii")
    (folder / "commented.hkl").write_text(box.replace("\n-9 ", "\n# -9\n-9 ", 1), encoding="ascii")
    (folder / "fractions.hkl").write_text(box.replace("\n-9 ", "\n-9.0 "), encoding="ascii")
    (folder / "sources.txt").write_text(SOURCES, encoding="ascii")
    (folder / "short.txt").write_text(f"{SOURCES}{SHORT}", encoding="ascii")
    (folder / "orientation.mat").write_text(MATRIX, encoding="ascii")


def effect(name: str, folder: Path) -> Effect:
    """The example of a quirk, simulated with it on and off."""
    example = EXAMPLES[name]
    states = [{**dict.fromkeys(example.beside, False), name: on} for on in (True, False)]
    on, off = (_image(example, folder, state) for state in states)
    shown = on if on is not None else off
    assert shown is not None
    difference = (on - off).abs() if on is not None and off is not None else shown.abs()
    slow, fast = divmod(int(difference.argmax()), difference.shape[1])
    changed = int((difference > SEEN * shown.abs().max()).sum())
    first = ""
    if on is not None and off is not None:
        command = f"{BASE} {example.words}"
        made = [simulate(command, pixel=(slow, fast), quirks=state, workdir=folder) for state in states]
        c, py = ("\n".join(one.lines) for one in made)
        found = compare(py, reference=c, tolerance=SEEN).first_divergence
        first = found.label if found is not None else ""
    values = [None if image is None else float(image[slow, fast]) for image in (on, off)]
    return Effect((slow, fast), *values, changed, difference.numel(), first)


def _image(example: Example, folder: Path, quirks: dict[str, bool]) -> torch.Tensor | None:
    """All pixels [photons], (n_slow, n_fast), float64, in C's order; None where nbsim refuses the words."""
    try:
        made = Experiment.from_command(
            f"{BASE} {example.words}", folder, quirks=quirks, dtype=getattr(torch, example.dtype)
        )
    except InputError:
        return None
    if example.dtype == "float32":
        return made.image(compile_kernel=False).photons.double()
    rows, columns = made.detector.n_slow, made.detector.n_fast
    pixels = torch.cartesian_prod(torch.arange(rows), torch.arange(columns))
    return image_values(made, pixels, interpolation_end=True).reshape(rows, columns)


def effects() -> dict[str, Effect]:
    """The effect of every quirk, in the order of the simulator's table."""
    with tempfile.TemporaryDirectory() as name:
        write_inputs(Path(name))
        return {quirk.name: effect(quirk.name, Path(name)) for quirk in fields(Quirks)}


def page(found: dict[str, Effect]) -> str:
    """docs/quirks.md."""
    words = {quirk.name: quirk.metadata for quirk in fields(Quirks)}
    changes = (
        (f"`{name}`", words[name]["on"], words[name]["off"], _change(one), _code(one.first_field))
        for name, one in found.items()
    )
    examples = (
        (f"`{name}`", _words(EXAMPLES[name]), f"{one.pixel}", _photons(one.on), _photons(one.off),
         f"{one.changed} of {one.of}")
        for name, one in found.items()
    )  # fmt: skip
    return "".join(
        [
            _HEAD,
            "\n## Effects\n\n",
            table(("Quirk", "On, as in C", "Off", "Change of the pixel", "First field"), changes),
            "\n## Examples\n\n",
            table(("Quirk", "Words", "Pixel", "On", "Off", "Pixels that change"), examples),
            _phi_modes(),
            _FILES,
        ]
    )


def _change(found: Effect) -> str:
    if found.on is None or found.off is None:
        return "the command line is refused while on"
    if not found.changed:
        return f"below {SEEN:g}: rounding"
    if found.change is None:
        return "from 0"
    ratio = found.off / found.on
    return f"{100 * found.change:+.3g} %" if 0.1 < ratio < 10 else f"x {ratio:.3g}"


def _words(example: Example) -> str:
    beside = "".join(f" --quirk {name}=off" for name in example.beside)
    beside += "" if example.dtype == "float64" else f" --dtype {example.dtype}"
    return f"`{example.words}{beside}`"


def _photons(value: float | None) -> str:
    return "refused" if value is None else f"{value:.4g}"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _phi_modes() -> str:
    made = {mode: simulate("demo", phi_mode=mode) for mode in ("spec", "c-parity")}
    rows = []
    for mode, one in made.items():
        k_frac = one.terms["k"][one.terms["mosaic_domain"] == 0]
        rows.append((f"`{mode}`", f"{k_frac[0]:.6f}", f"{k_frac[-1]:.6f}", f"{one.value:.6g}"))
    steps = int(made["spec"].terms["phi_step"][-1]) + 1
    change = made["spec"].value / made["c-parity"].value - 1
    head = ("Mode", "k_frac at phi = 0", "k_frac at the last step", "I_pixel_final [photons]")
    return _PHI + table(head, rows) + _AFTER_PHI.format(change=f"{100 * change:+.3g} %", steps=steps)


def main(words: list[str]) -> int:
    """Write the page, to another file if one is named."""
    (Path(words[0]) if words else PAGE).write_text(page(effects()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
