"""The lines that print each field of the catalogue, in a C program and in a port.

tests/trace/test_traces_page.py compiles and runs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nbtui.trace.fields.catalogue import FIELDS
from nbtui.trace.fields.field import Field, Shape, Tap, Tolerance

REAL = "%.17g"

C_HELPERS = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int trace_slow = -1, trace_fast = -1;

static void trace_arguments(int argc, char **argv)
{
    for (int i = 1; i + 2 < argc; ++i)
        if (strcmp(argv[i], "-trace_pixel") == 0) {
            trace_slow = atoi(argv[i + 1]);
            trace_fast = atoi(argv[i + 2]);
            printf("TRACE_CONFIG: tracing pixel (spixel=%d, fpixel=%d)\\n", trace_slow, trace_fast);
        }
}
static int tracing(void) { return trace_slow >= 0; }
static int traced(int slow, int fast) { return slow == trace_slow && fast == trace_fast; }

/* vectors are v[1], v[2], v[3], as everywhere in the program */
static void setup_text(const char *name, const char *text) { printf("TRACE_C:%s=%s\\n", name, text); }
static void setup_real(const char *name, double x) { printf("TRACE_C:%s=%.17g\\n", name, x); }
static void setup_vector(const char *name, const double *v, double scale)
{
    printf("TRACE_C:%s=%.17g %.17g %.17g\\n", name, v[1] * scale, v[2] * scale, v[3] * scale);
}
static void bare_vector(const char *name, const double *v)
{
    printf("%s %.17g %.17g %.17g\\n", name, v[1], v[2], v[3]);
}
static void trace_real(const char *name, double x) { printf("TRACE_C: %s %.17g\\n", name, x); }
static void trace_whole(const char *name, int n) { printf("TRACE_C: %s %d\\n", name, n); }
static void trace_vector(const char *name, const double *v, double scale)
{
    printf("TRACE_C: %s %.17g %.17g %.17g\\n", name, v[1] * scale, v[2] * scale, v[3] * scale);
}
"""

PY_HELPERS = '''def text(value):
    """17 digits for reals; tensors and arrays as their numbers."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return " ".join(map(text, value))
    if isinstance(value, str):
        return value
    return str(int(value)) if isinstance(value, int) else f"{value:.17g}"


def setup(name, value):
    print(f"TRACE_PY:{name}={text(value)}")


def bare(name, value):
    print(f"{name} {text(value)}")


def trace(name, value):
    print(f"TRACE_PY: {name} {text(value)}")


def keys(label, **values):
    print(f"TRACE_PY_{label} " + " ".join(f"{key}={text(value)}" for key, value in values.items()))


def of_source(index, name, value):
    print(f"TRACE_PY_SOURCE {index}: {name} {text(value)}")
'''


@dataclass(frozen=True)
class Place:
    """Where lines of C go: a sentence, and the condition around them."""

    where: str
    condition: str
    statements: Mapping[str, str]  # by field


def _vector(name: str, vector: str, scale: str = "1.0") -> str:
    return f'trace_vector("{name}", {vector}, {scale});'


def _real(name: str, value: str) -> str:
    return f'trace_real("{name}", {value});'


def _setup_vector(name: str, vector: str, scale: str = "1.0") -> str:
    return f'setup_vector("{name}", {vector}, {scale});'


def _setup_real(name: str, value: str) -> str:
    return f'setup_real("{name}", {value});'


_THREE = f"{REAL} {REAL} {REAL}"
_SINC = "N{0} > 1 ? sincg(M_PI * {1}, N{0}) : 1.0"
_CONVENTION = (
    'beam_convention == MOSFLM ? "MOSFLM" : beam_convention == XDS ? "XDS" : beam_convention == ADXV ? "ADXV" : '
    'beam_convention == DENZO ? "DENZO" : beam_convention == DIALS ? "DIALS" : "CUSTOM"'
)
_TERM_NAMES = "thick_tic, subS, subF, source, phi_tic, mos_tic, h, k, l, h0, k0, l0, F_latt, F_cell"
_TERM = (
    'printf("TRACE_C_TERM thick=%d sub_slow=%d sub_fast=%d source=%d phi_step=%d mosaic_domain=%d '
    f'h={REAL} k={REAL} l={REAL} h0=%d k0=%d l0=%d F_latt={REAL} F_cell={REAL} F_cell2_F_latt2={REAL}\\n", '
    f"{_TERM_NAMES}, F_cell*F_cell*F_latt*F_latt);"
)
_PHI = (
    f'printf("TRACE_C_PHI phi_tic=%d phi_deg={REAL} k_frac={REAL} F_latt_b={REAL} F_latt={REAL}\\n", '
    f"phi_tic, phi * (180.0 * M_1_PI), k, {_SINC.format('b', 'k')}, F_latt);"
)

# In the order of the program. A statement that prints several fields stands at the first of them.
PLACES = (
    Place(
        "In `main`, in the branch for `detector_pivot == SAMPLE`, after `pix0_vector` is set and before it is rotated",
        "if (tracing())",
        {
            "detector_convention": f'setup_text("detector_convention", {_CONVENTION});',
            "angles_rad": f'printf("TRACE_C:angles_rad=rotx:{REAL} roty:{REAL} rotz:{REAL} twotheta:{REAL}\\n", '
            "detector_rotx, detector_roty, detector_rotz, detector_twotheta);",
            "beam_center_m": f'printf("TRACE_C:beam_center_m=X:{REAL} Y:{REAL} pixel_mm:{REAL}\\n", '
            "Xclose / 1000.0, Yclose / 1000.0, pixel_size * 1000.0);",
            "initial_fdet": _setup_vector("initial_fdet", "fdet_vector"),
            "initial_sdet": _setup_vector("initial_sdet", "sdet_vector"),
            "initial_odet": _setup_vector("initial_odet", "odet_vector"),
            "Fclose_m": _setup_real("Fclose_m", "Fclose"),
            "Sclose_m": _setup_real("Sclose_m", "Sclose"),
            "close_distance_m": _setup_real("close_distance_m", "close_distance"),
            "ratio": _setup_real("ratio", "ratio"),
            "distance_m": _setup_real("distance_m", "distance"),
            "term_fast_before_rot": _setup_vector("term_fast_before_rot", "fdet_vector", "-Fclose"),
            "term_slow_before_rot": _setup_vector("term_slow_before_rot", "sdet_vector", "-Sclose"),
            "term_close_before_rot": _setup_vector("term_close_before_rot", "odet_vector", "close_distance"),
            "pix0_before_rotation": _setup_vector("pix0_before_rotation", "pix0_vector"),
        },
    ),
    Place(
        "The same branch, after `rotate` of `pix0_vector`",
        "if (tracing())",
        {"pix0_after_rotz": _setup_vector("pix0_after_rotz", "pix0_vector")},
    ),
    Place(
        "The same branch, after `rotate_axis` of `pix0_vector`",
        "if (tracing())",
        {"pix0_after_twotheta": _setup_vector("pix0_after_twotheta", "pix0_vector")},
    ),
    Place(
        "After `rotate` of the three detector axes",
        "if (tracing())",
        {
            "fdet_after_rotz": _setup_vector("fdet_after_rotz", "fdet_vector"),
            "sdet_after_rotz": _setup_vector("sdet_after_rotz", "sdet_vector"),
            "odet_after_rotz": _setup_vector("odet_after_rotz", "odet_vector"),
        },
    ),
    Place(
        "After `rotate_axis` of the three detector axes",
        "if (tracing())",
        {
            "twotheta_axis": _setup_vector("twotheta_axis", "twotheta_axis"),
            "fdet_after_twotheta": _setup_vector("fdet_after_twotheta", "fdet_vector"),
            "sdet_after_twotheta": _setup_vector("sdet_after_twotheta", "sdet_vector"),
            "odet_after_twotheta": _setup_vector("odet_after_twotheta", "odet_vector"),
            "DETECTOR_FAST_AXIS": 'bare_vector("DETECTOR_FAST_AXIS", fdet_vector);',
            "DETECTOR_SLOW_AXIS": 'bare_vector("DETECTOR_SLOW_AXIS", sdet_vector);',
            "DETECTOR_NORMAL_AXIS": 'bare_vector("DETECTOR_NORMAL_AXIS", odet_vector);',
        },
    ),
    Place(
        "In the branch for `detector_pivot == BEAM`, after `pix0_vector` is set",
        "if (tracing())",
        {
            "Rx": f'printf("TRACE_C:Rx=[1 0 0; 0 {REAL} {REAL}; 0 {REAL} {REAL}]\\n", '
            "cos(detector_rotx), -sin(detector_rotx), sin(detector_rotx), cos(detector_rotx));",
            "Ry": f'printf("TRACE_C:Ry=[{REAL} 0 {REAL}; 0 1 0; {REAL} 0 {REAL}]\\n", '
            "cos(detector_roty), sin(detector_roty), -sin(detector_roty), cos(detector_roty));",
            "Rz": f'printf("TRACE_C:Rz=[{REAL} {REAL} 0; {REAL} {REAL} 0; 0 0 1]\\n", '
            "cos(detector_rotz), -sin(detector_rotz), sin(detector_rotz), cos(detector_rotz));",
            "Fbeam_m": _setup_real("Fbeam_m", "Fbeam"),
            "Sbeam_m": _setup_real("Sbeam_m", "Sbeam"),
            "distance_m": _setup_real("distance_m", "distance"),
            "term_fast": _setup_vector("term_fast", "fdet_vector", "-Fbeam"),
            "term_slow": _setup_vector("term_slow", "sdet_vector", "-Sbeam"),
            "term_beam": _setup_vector("term_beam", "beam_vector", "distance"),
            "pix0_vector": _setup_vector("pix0_vector", "pix0_vector"),
        },
    ),
    Place(
        "After both branches",
        "if (tracing())",
        {"DETECTOR_PIX0_VECTOR": 'bare_vector("DETECTOR_PIX0_VECTOR", pix0_vector);'},
    ),
    Place(
        "In the loop over sources, after `stol` is set and before the test of `dmin`",
        "if (source == 0 && traced(spixel, fpixel))",
        {
            "pix0_vector_meters": _vector("pix0_vector_meters", "pix0_vector"),
            "fdet_vec": _vector("fdet_vec", "fdet_vector"),
            "sdet_vec": _vector("sdet_vec", "sdet_vector"),
            "pixel_pos_meters": _vector("pixel_pos_meters", "pixel_pos"),
            "R_distance_meters": _real("R_distance_meters", "airpath"),
            "omega_pixel_sr": _real("omega_pixel_sr", "omega_pixel"),
            "close_distance_meters": _real("close_distance_meters", "close_distance"),
            "obliquity_factor": _real("obliquity_factor", "close_distance / airpath"),
            "diffracted_vec": _vector("diffracted_vec", "diffracted"),
            "incident_vec": _vector("incident_vec", "incident"),
            "lambda_meters": _real("lambda_meters", "lambda"),
            "lambda_angstroms": _real("lambda_angstroms", "lambda * 1e10"),
            "scattering_vec_A_inv": _vector("scattering_vec_A_inv", "scattering"),
        },
    ),
    Place(
        "In the loop over domains, after `F_latt` is complete and before the test `F_latt == 0.0`",
        "if (source == 0 && phi_tic == 0 && mos_tic == 0 && traced(spixel, fpixel))",
        {
            "rot_a_angstroms": _vector("rot_a_angstroms", "a", "1e10"),
            "rot_b_angstroms": _vector("rot_b_angstroms", "b", "1e10"),
            "rot_c_angstroms": _vector("rot_c_angstroms", "c", "1e10"),
            "rot_a_star_A_inv": _vector("rot_a_star_A_inv", "a_star"),
            "rot_b_star_A_inv": _vector("rot_b_star_A_inv", "b_star"),
            "rot_c_star_A_inv": _vector("rot_c_star_A_inv", "c_star"),
            "hkl_frac": f'printf("TRACE_C: hkl_frac {_THREE}\\n", h, k, l);',
            "hkl_rounded": 'printf("TRACE_C: hkl_rounded %d %d %d\\n", h0, k0, l0);',
        },
    ),
    Place(
        "The same place",
        "if (source == 0 && phi_tic == 0 && mos_tic == 0 && xtal_shape == SQUARE && traced(spixel, fpixel))",
        {
            "F_latt_a": _real("F_latt_a", _SINC.format("a", "h")),
            "F_latt_b": _real("F_latt_b", _SINC.format("b", "k")),
            "F_latt_c": _real("F_latt_c", _SINC.format("c", "l")),
            "F_latt": _real("F_latt", "F_latt"),
        },
    ),
    Place(
        "The same place",
        "if (source == 0 && mos_tic == 0 && xtal_shape == SQUARE && traced(spixel, fpixel))",
        dict.fromkeys(("phi.phi_tic", "phi.phi_deg", "phi.k_frac", "phi.F_latt_b", "phi.F_latt"), _PHI),
    ),
    Place(
        "In the loop over domains, after `F_cell` is complete and before it is added to `I`",
        "if (source == 0 && phi_tic == 0 && mos_tic == 0 && traced(spixel, fpixel))",
        {"F_cell": _real("F_cell", "F_cell")},
    ),
    Place(
        "The same place",
        "if (traced(spixel, fpixel))",
        {entry.name: _TERM for entry in FIELDS if entry.tap is Tap.TERM},
    ),
    Place(
        "After the loops, behind the statement that adds to `floatimage[imgidx]`",
        "if (traced(spixel, fpixel))",
        {
            "I_before_scaling": _real("I_before_scaling", "I"),
            "r_e_meters": _real("r_e_meters", "sqrt(r_e_sqr)"),
            "r_e_sqr": _real("r_e_sqr", "r_e_sqr"),
            "fluence_photons_per_m2": _real("fluence_photons_per_m2", "fluence"),
            "steps": 'trace_whole("steps", steps);',
            "oversample_thick": 'trace_whole("oversample_thick", oversample_thick);',
            "oversample_polar": 'trace_whole("oversample_polar", oversample_polar);',
            "oversample_omega": 'trace_whole("oversample_omega", oversample_omega);',
            "capture_fraction": _real("capture_fraction", "capture_fraction"),
            "polar": _real("polar", "polar"),
            "omega_pixel": _real("omega_pixel", "omega_pixel"),
            "cos_2theta": _real("cos_2theta", "dot_product(incident, diffracted)"),
            "I_pixel_final": _real("I_pixel_final", "test"),
            "floatimage_accumulated": _real("floatimage_accumulated", "floatimage[imgidx]"),
        },
    ),
)

_KEYS_OF_LINES = {
    name: line
    for place in PLACES
    for name, statement in place.statements.items()
    for line, text in (("phi", _PHI), ("term", _TERM))
    if statement == text
}

# the formats of the block that every C program prints, and the variable of a port
_PRINTOUT = {
    "printout.stol": ("stol = %g", "{stol:g}"),
    "printout.stol_plane": ("or %g", "{stol_plane:g}"),
    "printout.pixel_pos_meters": ("at %g %g %g", "{x:g} {y:g} {z:g}"),
    "printout.hkl_frac": ("hkl= %f %f %f", "{h:f} {k:f} {l:f}"),
    "printout.hkl_rounded": ("hkl0= %d %d %d", "{h0} {k0} {l0}"),
    "printout.F_cell": ("F_cell=%g", "{f_cell:g}"),
    "printout.F_latt": ("F_latt=%g", "{f_latt:g}"),
    "printout.I": ("I = %g", "{intensity:g}"),
    "printout.I_per_step": ("I/steps %15.10g", "{intensity / steps:15.10g}"),
    "printout.polar": ("polar   %15.10g", "{polar:15.10g}"),
    "printout.omega": ("omega   %15.10g", "{omega:15.10g}"),
    "printout.capture_fraction": ("capfrac %15.10g", "{capture:15.10g}"),
    "printout.pixel": ("pixel   %15.10g", "{pixel:15.10g}"),
    "printout.cell_x": ("X: %11.8f %11.8f %11.8f", "{a[0]:11.8f} {b[0]:11.8f} {c[0]:11.8f}"),
    "printout.cell_y": ("Y: %11.8f %11.8f %11.8f", "{a[1]:11.8f} {b[1]:11.8f} {c[1]:11.8f}"),
    "printout.cell_z": ("Z: %11.8f %11.8f %11.8f", "{a[2]:11.8f} {b[2]:11.8f} {c[2]:11.8f}"),
}
PY_PRINTOUT = """print(f"{fast:4d} {slow:4d} : stol = {stol:g} or {stol_plane:g}")
print(f"at {x:g} {y:g} {z:g}")
print(f"hkl= {h:f} {k:f} {l:f}  hkl0= {h0} {k0} {l0}")
print(f" F_cell={f_cell:g}  F_latt={f_latt:g}   I = {intensity:g}")
print(f"I/steps {intensity / steps:15.10g}")
print(f"polar   {polar:15.10g}")
print(f"omega   {omega:15.10g}")
print(f"capfrac {capture:15.10g}")
print(f"pixel   {pixel:15.10g}")
print("real-space cell vectors (Angstrom):")
print("     a           b           c         ")
print(f"X: {a[0]:11.8f} {b[0]:11.8f} {c[0]:11.8f}")
print(f"Y: {a[1]:11.8f} {b[1]:11.8f} {c[1]:11.8f}")
print(f"Z: {a[2]:11.8f} {b[2]:11.8f} {c[2]:11.8f}")
"""


def py_line(entry: Field) -> str:
    """The statement of a port."""
    name, last = entry.name, entry.name.rpartition(".")[2]
    if entry.tap is Tap.PRINTOUT:
        return _PRINTOUT[name][1]
    if name.startswith("rotstar."):
        return f"keys('ROTSTAR', phi_tic=i, {last}={last})"
    if entry.tap in (Tap.PHI_STEP, Tap.TERM):
        return f"keys('{'PHI' if entry.tap is Tap.PHI_STEP else 'TERM'}', ..., {last}={last})"
    if entry.tap is Tap.SOURCE:
        return f"of_source(i, '{last}', {last})"
    if entry.tap is Tap.INTERPOLATION:
        if last == "grid":
            return "print(f'TRACE_PY_TRICUBIC: [{i},{j},{k}]={grid[i, j, k]:.17g}')"
        return f"print(f'TRACE_PY_TRICUBIC_{last.upper()}: [{{text({last})}}]')"
    if entry.tap is Tap.GRADIENT:
        return f"print(f'TRACE_PY_GRAD: {last} {{text({last})}}')"
    if entry.tap is Tap.PLACED:
        return f"bare('{name}', {_variable(name)})"
    if entry.tap.in_setup:
        return f"setup('{name}', {_value(entry)})"
    return f"trace('{name}', {_variable(name)})"


def _variable(name: str) -> str:
    return name.lower().replace("detector_", "")


def _value(entry: Field) -> str:
    if entry.shape is Shape.MATRIX:
        return f"'[' + '; '.join(map(text, {_variable(entry.name)})) + ']'"
    if entry.shape is Shape.ANGLES:
        return "f'rotx:{text(rotx)} roty:{text(roty)} rotz:{text(rotz)} twotheta:{text(twotheta)}'"
    if entry.shape is Shape.BEAM:
        return "f'X:{text(x / 1000)} Y:{text(y / 1000)} pixel_mm:{text(pixel_mm)}'"
    return _variable(entry.name)


def format_of(entry: Field) -> str:
    """The printf format of the values of a field."""
    if entry.tap is Tap.PRINTOUT:
        return _PRINTOUT[entry.name][0]
    if entry.shape is Shape.TEXT:
        return "%s"
    if entry.shape is Shape.ANGLES:
        return f"rotx:{REAL} roty:{REAL} rotz:{REAL} twotheta:{REAL}"
    if entry.shape is Shape.BEAM:
        return f"X:{REAL} Y:{REAL} pixel_mm:{REAL}"
    one = "%d" if entry.tolerance is Tolerance.INTEGER else REAL
    if entry.shape is Shape.MATRIX:
        row = " ".join([one] * 3)
        return f"[{row}; {row}; {row}]"
    if entry.shape is Shape.LIST:
        return f"[{one}, {one}, ...]"
    return " ".join([one] * (3 if entry.shape in (Shape.VECTOR, Shape.HKL) else 1))


def c_line(entry: Field) -> str:
    """The statement of a C program, or why there is none."""
    if entry.tap is Tap.PRINTOUT:
        return "in every build"
    if entry.name in _KEYS_OF_LINES:
        return f"in the {_KEYS_OF_LINES[entry.name]} line"
    for place in PLACES:
        if entry.name in place.statements:
            return f"`{place.statements[entry.name]}`"
    return "-"
