"""Taps: a port in Python prints the lines that ``nbtui compare`` reads.

    from nbtui import tap  # or a copy of this file in the port: it needs the standard library only

    with tap.trace(pixel=(685, 1039), out="py.log") as t:
        image = model()

    def model():  # anywhere inside
        t = tap.current()
        if t:
            t("omega_pixel", omega[t.pixel])
        with t.step(phi=3, domain=2):
            t("hkl_frac", hkl)  # h, k, l of this pixel and step

- A pixel is (slow, fast). Without one, ``trace(pixel=None)``, and outside of every trace, a tap does nothing: no copy
  to the host, no work. It is false then, so that ``if t:`` guards what only a trace needs.
- Values are floats, torch tensors, numpy arrays, or lists of them, on any device; %.17g keeps every bit. A value in
  another precision than float64 says so in a line of its own, ``TRACE_PY_DTYPE: omega_pixel float32``.
- Names and shapes are those of the catalogue: ``python -m nbtui.tap --fields`` (or ``python tap.py --fields``) lists
  them with their units. ``t.own(name, value)`` prints anything else.
- C prints a value where its loops are at source, phi step and mosaic domain 0. Inside ``t.step(...)`` a tap prints
  it there only; ``hkl_frac``, ``F_latt_b`` and ``F_latt`` also fill the phi line of the step (at source and domain 0),
  and with ``hkl_rounded`` and ``F_cell`` the term line, if a ``term.`` value is tapped in the step.
- ``t.gradient("cell_a", value)``: derivative of I_pixel_final by the number as typed on the command line (A, degrees,
  mm); ``t.gradient("cell", values)`` prints all six.
- torch.compile: a tap that is off leaves one whole graph (``fullgraph=True`` works). A tap that is on breaks the graph
  (``fullgraph=True`` refuses it), and a function with a tap inside ``with t.step(...)`` runs uncompiled; values may
  differ from those of the fused code in the last bits. On and off are each compiled once.
- One trace at a time, from one thread. Inside ``torch.func.vmap`` a value has no numbers; tap outside.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from itertools import product
from typing import Any, NamedTuple, TextIO

__all__ = ["PixelTrace", "TapError", "TapField", "current", "fields", "trace"]

# made by `make docs` from the field catalogue: where the line belongs | shape | unit | names
_TABLE = """\
setup | text | - | detector_convention convention_mapping; setup | angles | rad | angles_rad; setup | vector | 1 |
twotheta_axis initial_fdet initial_sdet initial_odet fdet_after_rotz sdet_after_rotz odet_after_rotz fdet_after_twotheta
sdet_after_twotheta odet_after_twotheta spindle_axis_raw spindle_axis_normalized; setup | beam | km | beam_center_m;
setup | scalar | m | Fclose_m Sclose_m close_distance_m Fbeam_m Sbeam_m distance_m; setup | scalar | 1 | ratio
spindle_magnitude; setup | vector | m | term_fast_before_rot term_slow_before_rot term_close_before_rot
pix0_before_rotation pix0_after_rotz pix0_after_twotheta term_fast term_slow term_beam pix0_vector_calculated
pix0_vector; setup | matrix | 1 | Rx Ry Rz R_total; bare | vector | 1 | DETECTOR_FAST_AXIS DETECTOR_SLOW_AXIS
DETECTOR_NORMAL_AXIS; bare | vector | m | DETECTOR_PIX0_VECTOR; first | vector | m | pix0_vector_meters
pixel_pos_meters; first | vector | 1 | fdet_vec sdet_vec diffracted_vec incident_vec hkl_frac hkl_rounded; first |
scalar | m | R_distance_meters close_distance_meters lambda_meters; first | scalar | 1 | obliquity_factor F_latt_a
F_latt_b F_latt_c F_latt; first | scalar | sr | omega_pixel_sr; first | scalar | A | lambda_angstroms; first | vector |
m^-1 | scattering_vec_A_inv; source | scalar | 1 | source.source_index source.source_weight source.F_latt
source.F_latt_squared source.polar source.cos_2theta; source | vector | 1 | source.source_direction; source | scalar | A
| source.lambda_angstroms; phi | scalar | A^-1 | phi.S_x phi.S_y phi.S_z phi.a_star_y phi.b_star_y phi.c_star_y; first |
vector | A | rot_a_angstroms rot_b_angstroms rot_c_angstroms; first | vector | A^-1 | rot_a_star_A_inv rot_b_star_A_inv
rot_c_star_A_inv; phi | scalar | 1 | phi.phi_tic phi.k_frac phi.F_latt_b phi.F_latt; phi | scalar | deg | phi.phi_deg;
phi | scalar | A^3 | phi.V_actual; rotstar | scalar | A | rotstar.ap_y rotstar.bp_y rotstar.cp_y; term | scalar | 1 |
term.thick term.sub_slow term.sub_fast term.source term.phi_step term.mosaic_domain term.h term.k term.l term.h0 term.k0
term.l0 term.F_latt; tricubic | list | 1 | tricubic.h_coords tricubic.k_coords tricubic.l_coords; tricubic | grid | e |
tricubic.grid; first | scalar | e | F_cell_nearest F_cell_interpolated F_cell; term | scalar | e | term.F_cell; source |
scalar | e | source.F_cell; source | scalar | e^2 | source.F_cell_squared source.I_contribution
source.I_contribution_post_polar; stored | scalar | e^2 | I_before_scaling I_before_scaling_post_polar; term | scalar |
e^2 | term.F_cell2_F_latt2; stored | scalar | m | r_e_meters; stored | scalar | m^2 | r_e_sqr; stored | scalar |
photons/m^2 | fluence_photons_per_m2; stored | scalar | 1 | steps oversample_thick oversample_polar oversample_omega
capture_fraction polar cos_2theta; stored | scalar | sr | omega_pixel; stored | scalar | photons | I_pixel_final
floatimage_accumulated; gradient | scalar | photons/A | gradient.cell_a gradient.cell_b gradient.cell_c
gradient.wavelength; gradient | scalar | photons/deg | gradient.cell_alpha gradient.cell_beta gradient.cell_gamma
gradient.misset_x gradient.misset_y gradient.misset_z gradient.mosaic_spread gradient.mosaic_spreads_a
gradient.mosaic_spreads_b gradient.mosaic_spreads_c gradient.detector_rotations_x gradient.detector_rotations_y
gradient.detector_rotations_z gradient.twotheta gradient.phi gradient.oscillation; gradient | scalar | photons |
gradient.n_cells_a gradient.n_cells_b gradient.n_cells_c gradient.polarization; gradient | scalar | m^2 |
gradient.fluence; gradient | scalar | photons/mm | gradient.distance gradient.close_distance; gradient | scalar |
photons/mm, or /pixel | gradient.beam_center_x gradient.beam_center_y; gradient | scalar | photons/e |
gradient.default_f
"""  # end of the table


class TapError(ValueError):
    """A value that cannot be printed: an unknown name, another shape, or no numbers."""


class TapField(NamedTuple):
    """One row of the catalogue."""

    name: str
    place: str  # setup, bare, first (pass), stored, phi, rotstar, source, term, tricubic, gradient
    shape: str  # scalar, vector (3), matrix (9), angles (4), beam (3), list, grid (n, n, n), text
    unit: str


def fields() -> list[TapField]:
    """Every name that a tap takes, with its place, shape and unit. Meanings: docs/traces.md of nbtui."""
    return list(_FIELDS.values())


def _rows() -> Iterator[TapField]:
    for group in _TABLE.replace("\n", " ").strip().split("; "):
        place, shape, unit, names = group.split(" | ")
        yield from (TapField(name, place, shape, unit) for name in names.split())


_FIELDS = {row.name: row for row in _rows()}
_GRADIENT = "gradient."
_COUNTS = {"scalar": 1, "vector": 3, "matrix": 9, "angles": 4, "beam": 3}
_LABELS = {"angles": ("rotx", "roty", "rotz", "twotheta"), "beam": ("X", "Y", "pixel_mm")}
_LOOPS = ("thick", "sub_slow", "sub_fast", "source", "phi", "domain")  # counters of a step
_COUNTERS = dict(zip(_LOOPS, (*_LOOPS[:4], "phi_step", "mosaic_domain"), strict=True))  # their names in a term line
_FIRST = ("source", "phi", "domain")  # all 0 where C prints
_ALSO = {  # keys of the phi line and of the term line that a value fills, too
    "hkl_frac": (("", "k_frac", ""), ("h", "k", "l")),
    "hkl_rounded": ((), ("h0", "k0", "l0")),
    "F_latt_b": (("F_latt_b",), ()),
    "F_latt": (("F_latt",), ("F_latt",)),
    "F_cell": ((), ("F_cell",)),
}
_FULL = ("float64", "int", "uint", "bool")  # beginnings of the names of types that a double holds


class Step:
    """A place in the loops, with the keys of its phi line and term line."""

    def __init__(self, tap: PixelTrace, counters: dict[str, int]) -> None:
        self._tap = tap
        self.counters = counters
        self.lines: dict[str, dict[str, str]] = {"phi": {}, "rotstar": {}, "term": {}, "also": {}}

    def __enter__(self) -> Step:
        self._tap._steps.append(self)
        return self

    def __exit__(self, *problem: object) -> None:
        self._tap._close_step(self)


class PixelTrace:
    """The lines of one pixel. Made by `trace`."""

    def __init__(self, pixel: tuple[int, int], out: Any) -> None:
        slow, fast = (int(index) for index in pixel)
        if slow < 0 or fast < 0:
            raise TapError(f"pixel ({slow}, {fast}): indices (slow, fast) count from 0")
        self.pixel = (slow, fast)
        self._out = out
        self._stream: TextIO | None = None
        self._flat = _flat
        self._steps: list[Step] = []
        self._said: set[tuple[str, str]] = set()  # field and precision
        self._before: PixelTrace | _Off = _OFF

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> PixelTrace:
        global _current
        out: Any = sys.stdout if self._out is None else self._out
        self._stream = out if hasattr(out, "write") else open(out, "w", buffering=1, encoding="utf-8")  # noqa: PTH123
        compiler = getattr(sys.modules.get("torch"), "compiler", None)
        self._flat = _flat if compiler is None else compiler.disable(_flat)
        self._before, _current = _current, self
        self._print(f"TRACE_CONFIG: tracing pixel (spixel={self.pixel[0]}, fpixel={self.pixel[1]})")
        return self

    def __exit__(self, *problem: object) -> None:
        global _current
        _current = self._before
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.flush() if stream in (sys.stdout, self._out) else stream.close()

    def step(self, **counters: int) -> Step:
        """A place in the loops, as a context: thick, sub_slow, sub_fast, source, phi, domain, each from 0.

        Inner steps keep the counters of outer ones. Raises TapError for another name or a negative number.
        """
        for name, value in counters.items():
            if name not in _COUNTERS:
                raise TapError(f"step: no loop {name!r}{_nearest(name, _COUNTERS)}; known: {', '.join(_COUNTERS)}")
            if int(value) < 0:
                raise TapError(f"step: {name} = {value}; counters begin at 0")
        return Step(self, {name: int(value) for name, value in counters.items()})

    def __call__(self, name: str, value: Any) -> None:
        """Print one value. Raises TapError for a name or shape that is not in the catalogue."""
        row = _FIELDS.get(name)
        if row is None:
            raise TapError(f"no field {name!r}{_nearest(name, _FIELDS)}; t.own({name!r}, ...) prints your own values")
        if row.place == "gradient":
            raise TapError(f"{name}: t.gradient({name.removeprefix(_GRADIENT)!r}, ...) prints a gradient")
        numbers = self._numbers(name, row.shape, value)
        if row.place == "first" and self._steps:
            self._into_lines(name, numbers)
        elif row.place in ("phi", "rotstar", "term"):
            self._into_line(row, numbers[0])
        else:
            self._print(self._line(row, numbers))

    def gradient(self, name: str, value: Any) -> None:
        """Print the derivative of I_pixel_final [photons] by one parameter, or by all components of one.

        Units are those of the command line. Raises TapError for an unknown parameter or another number of components.
        """
        names = [row.name.removeprefix(_GRADIENT) for row in _FIELDS.values() if row.place == "gradient"]
        parts = [part for part in names if part == name] or [part for part in names if part.rpartition("_")[0] == name]
        if not parts:
            raise TapError(f"no parameter {name!r}{_nearest(name, names)}")
        numbers = self._numbers(_GRADIENT + name, "list", value)
        if len(numbers) != len(parts):
            raise TapError(f"gradient {name} has {_values(len(parts))}, and this one {len(numbers)}")
        for part, number in zip(parts, numbers, strict=True):
            self._print(f"TRACE_PY_GRAD: {part} {number}")

    def own(self, name: str, value: Any) -> None:
        """Print a value outside the catalogue, one number or several; nbtui compares it with the other log's."""
        if not name.isidentifier() or name in _FIELDS:
            raise TapError(f"own: {name!r} must be an identifier that is not in the catalogue")
        self._print(f"TRACE_PY: {name} {' '.join(self._numbers(name, 'list', value))}")

    def _at(self, counter: str) -> int:
        """The counter of the innermost step that has it."""
        return next((step.counters[counter] for step in reversed(self._steps) if counter in step.counters), 0)

    def _line(self, row: TapField, numbers: list[str]) -> str:
        """The line of a field that has its own; a grid has one per element."""
        text, last = " ".join(numbers), row.name.rpartition(".")[2]
        if row.shape in _LABELS:
            text = " ".join(f"{label}:{number}" for label, number in zip(_LABELS[row.shape], numbers, strict=True))
        elif row.shape == "matrix":
            text = "[" + "; ".join(" ".join(numbers[at : at + 3]) for at in (0, 3, 6)) + "]"
        if row.shape == "list":
            return f"TRACE_PY_TRICUBIC_{last[0].upper()}_COORDS: [{', '.join(numbers)}]"
        if row.shape == "grid":
            side = round(len(numbers) ** (1 / 3))
            if side**3 != len(numbers):
                raise TapError(f"{row.name} takes a cube of values, such as (4, 4, 4), not {len(numbers)}")
            places = product(range(side), repeat=3)
            cells = (f"[{i},{j},{k}]={number}" for (i, j, k), number in zip(places, numbers, strict=True))
            return "\n".join(f"TRACE_PY_TRICUBIC: {cell}" for cell in cells)
        if row.place == "source":
            self._step_with("source", row.name)
            return f"TRACE_PY_SOURCE {self._at('source')}: {last} {text}"
        if row.place == "bare":
            return f"{row.name} {text}"
        return f"TRACE_PY:{row.name}={text}" if row.place == "setup" else f"TRACE_PY: {row.name} {text}"

    def _into_lines(self, name: str, numbers: list[str]) -> None:
        """A value of the pixel loop inside a step: its own line where C has one, and its keys of the other lines."""
        if not any(map(self._at, _FIRST)):
            self._print(self._line(_FIELDS[name], numbers))
        of_phi, of_term = _ALSO.get(name, ((), ()))
        phi = [step for step in self._steps if "phi" in step.counters]
        if phi and not self._at("source") and not self._at("domain"):
            phi[-1].lines["phi"].update((key, numbers[at]) for at, key in enumerate(of_phi) if key)
        self._steps[-1].lines["also"].update(zip(of_term, numbers, strict=False))

    def _into_line(self, row: TapField, number: str) -> None:
        """A value of a phi line or a term line, which is printed at the end of its step."""
        _, _, key = row.name.partition(".")
        step = self._step_with("" if row.place == "term" else "phi", row.name)
        if key == "phi_tic" or key in _COUNTERS.values():
            raise TapError(f"{row.name}: t.step(...) prints it")
        step.lines[row.place][key] = number

    def _step_with(self, counter: str, name: str) -> Step:
        """The innermost step, of those with a counter if one is named."""
        for step in reversed(self._steps):
            if not counter or counter in step.counters:
                return step
        raise TapError(f"{name}: tap it inside 'with t.step({counter or 'phi'}=i):'")

    def _close_step(self, step: Step) -> None:
        """Print the phi line and the term line of a step at its end."""
        lines = step.lines
        for label in ("phi", "rotstar"):
            if lines[label]:
                self._print_pairs(label, {"phi_tic": str(step.counters["phi"]), **lines[label]})
        if lines["term"]:
            counters = {name: str(self._at(counter)) for counter, name in _COUNTERS.items()}
            self._print_pairs("term", {**counters, **lines["also"], **lines["term"]})
        self._steps.remove(step)

    def _print_pairs(self, label: str, values: dict[str, str]) -> None:
        self._print(f"TRACE_PY_{label.upper()} " + " ".join(f"{key}={value}" for key, value in values.items()))

    def _numbers(self, name: str, shape: str, value: Any) -> list[str]:
        """The numbers of a value in row-major order, as text; states another precision than float64 once per field."""
        if (shape == "text") != isinstance(value, str):
            raise TapError(f"{name} takes {'a text' if shape == 'text' else 'numbers'}, not {type(value).__name__}")
        if isinstance(value, str):
            return ["".join(char if char.isprintable() else " " for char in value)]
        precision: set[str] = set()
        try:
            numbers = [_text(item) for item in self._flat(value, precision)]
        except (RuntimeError, TypeError, ValueError, OverflowError) as error:
            reason = str(error).partition("\n")[0]
            raise TapError(f"{name}: this {type(value).__name__} has no numbers to print here: {reason}") from None
        wanted = _COUNTS.get(shape)
        if wanted is not None and len(numbers) != wanted:
            size = f"has the shape {tuple(value.shape)}" if hasattr(value, "shape") else f"holds {len(numbers)}"
            raise TapError(f"{name} takes {_values(wanted)}, and this one {size}; tap the traced element")
        for dtype in sorted(precision):
            if not dtype.startswith(_FULL) and (name, dtype) not in self._said:
                self._said.add((name, dtype))
                self._print(f"TRACE_PY_DTYPE: {name} {dtype}")
        return numbers

    def _print(self, line: str) -> None:
        if self._stream is None:
            raise TapError("the trace is not open: use 'with tap.trace(...) as t:'")
        self._stream.write(line + "\n")


class _Off:
    """The tap outside of every trace: it does nothing, and torch.compile sees nothing."""

    pixel = None

    def __bool__(self) -> bool:
        return False

    def __call__(self, name: str, value: Any) -> None:
        pass

    gradient = own = __call__

    def step(self, **counters: int) -> AbstractContextManager[None]:
        return nullcontext()  # one of the few that torch.compile enters without a break

    def __enter__(self) -> _Off:
        return self

    def __exit__(self, *problem: object) -> None:
        pass


_OFF = _Off()
_current: PixelTrace | _Off = _OFF


def trace(pixel: tuple[int, int] | None, out: Any = None) -> PixelTrace | _Off:
    """A trace of this pixel (slow, fast) as a context; it does nothing for None.

    ``out``: a path, whose file is replaced, or a text stream; None is stdout.
    """
    return _OFF if pixel is None else PixelTrace(pixel, out)


def current() -> PixelTrace | _Off:
    """The tap of the open trace; one that does nothing outside of every trace."""
    return _current


def _nearest(name: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _values(count: int) -> str:
    return "1 value" if count == 1 else f"{count} values"


def _flat(value: Any, precision: set[str]) -> list[Any]:
    """The Python numbers of a value, row by row; adds the names of its precisions."""
    if hasattr(value, "dtype"):
        precision.add(str(value.dtype).rpartition(".")[2])
    if hasattr(value, "detach"):
        value = value.detach()
    with suppress(RuntimeError):  # inside torch.func.grad, torch 2.6 gives out single numbers alone
        value = value.tolist() if hasattr(value, "tolist") else value
    if hasattr(value, "reshape"):
        value = [number.item() for number in value.reshape(-1)]
    if isinstance(value, (list, tuple)):
        return [number for item in value for number in _flat(item, precision)]
    return [value]


def _text(number: Any) -> str:
    """A number as printed: 17 digits keep every bit of a double; whole numbers have no point."""
    return str(int(number)) if isinstance(number, int) else f"{float(number):.17g}"


for _class in (PixelTrace, Step):
    for _method in filter(callable, vars(_class).values()):
        setattr(_method, "_torchdynamo_disable", True)  # noqa: B010  as torch.compiler.disable does


def _main(words: list[str]) -> int:
    if words == ["--fields"]:
        for row in fields():
            print(f"{row.name:32} {row.shape:7} {row.unit}")
        return 0
    print("usage: tap.py --fields", file=sys.stderr)
    return 2


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
