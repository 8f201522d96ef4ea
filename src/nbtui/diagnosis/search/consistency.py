"""Self-consistency of a trace.

Every line that follows from other lines of the same trace by one formula is computed from them. A line that
contradicts its own trace was taken elsewhere or is in another unit: a matter of printing, not of physics.
Source: nanobragg_pixel_loop.md sections 4 to 9.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nbtui.diagnosis.replay.lattice import grating
from nbtui.diagnosis.search.units import conversion_name
from nbtui.live.scene import Array
from nbtui.parity.align import blocks
from nbtui.trace.model import Trace

DOUBLE, SINGLE = 1e-11, 2e-5  # relative deviation that printed digits allow
SINGLE_SHARE = 0.5  # share of float32 numbers among the values of a single-precision trace


@dataclass(frozen=True)
class Finding:
    """A line that contradicts its own trace."""

    field: str
    block: int
    printed: tuple[float, ...]
    expected: tuple[float, ...]
    sentence: str


def check(trace: Trace, side: str, n_cells: tuple[int, int, int] | None = None) -> tuple[Finding, ...]:
    """Every contradiction in ``trace``; ``n_cells``: to check the lattice factors as well.

    ``side`` names the trace in the sentences.
    """
    tolerance = SINGLE if _single(trace) else DOUBLE
    out: list[Finding] = []
    seen: set[str] = set()
    for number, block in enumerate(_blocks(trace)):
        for name, expected, rule in _block_rules(block, n_cells):
            _judge(out, seen, side, number, name, block[name], expected, rule, tolerance)
    once = _once(trace)
    for name, expected, rule in _scaling_rules(once):
        wider = max(tolerance, 1e-7) if name == "floatimage_accumulated" else tolerance
        _judge(out, seen, side, 0, name, once[name], expected, rule, wider)
    return tuple(out)


def _judge(
    out: list[Finding],
    seen: set[str],
    side: str,
    block: int,
    name: str,
    printed: Array,
    expected: Array,
    rule: str,
    tolerance: float,
) -> None:
    expected = np.atleast_1d(expected)
    if name in seen or printed.shape != expected.shape or not np.all(np.isfinite(expected)):
        return
    size = max(float(np.linalg.norm(expected)), 1e-300)
    # lattice factors and indices: the index's rounding, amplified by its size, not the value's
    room = tolerance * (size if name != "hkl_rounded" else 0.0)
    if name.startswith("F_latt"):
        room = max(room, tolerance * 1e3)
    if np.all(np.abs(printed - expected) <= room):
        return
    seen.add(name)
    shown, made = (", ".join(f"{value:.9g}" for value in values) for values in (printed, expected))
    ratio = conversion_name(expected, printed, tolerance)
    unit = f"; the printed value is {ratio} times that: another unit" if ratio else ""
    where = f" (block {block})" if block else ""
    out.append(
        Finding(
            name,
            block,
            tuple(map(float, printed)),
            tuple(map(float, expected)),
            f"{side} trace: {name}{where} is {shown}, but {rule} of the same trace gives {made}{unit}.",
        )
    )


def _numbers(values: tuple[object, ...]) -> Array | None:
    if any(isinstance(value, str) for value in values):
        return None
    return np.asarray([float(value) for value in values if isinstance(value, int | float)])


def _blocks(trace: Trace) -> Iterator[dict[str, Array]]:
    found: dict[int, dict[str, Array]] = {}
    for record, block in zip(trace.records, blocks(trace), strict=True):
        values = _numbers(record.values)
        if values is not None:
            found.setdefault(block, {}).setdefault(record.name, values)
    yield from (found[number] for number in sorted(found))


def _once(trace: Trace) -> dict[str, Array]:
    out: dict[str, Array] = {}
    for record in trace.records:
        values = _numbers(record.values)
        if values is not None and record.occurrence == 0:
            out[record.name] = values
    return out


def _single(trace: Trace) -> bool:
    numbers = [float(v) for record in trace.records for v in record.values if isinstance(v, float) and v != 0.0]
    values = np.asarray([value for value in numbers if len(f"{value:.15g}".replace(".", "").lstrip("-0")) >= 10])
    if values.size == 0:
        return False
    with np.errstate(over="ignore"):
        near = np.abs(values.astype(np.float32).astype(np.float64) - values) <= 2e-14 * np.abs(values)
    return float(near.mean()) > SINGLE_SHARE


def _block_rules(at: dict[str, Array], n_cells: tuple[int, int, int] | None) -> Iterator[tuple[str, Array, str]]:
    """(field, expected, formula) for every rule whose inputs are printed."""

    def have(*names: str) -> bool:
        return all(name in at for name in names)

    if have("pixel_pos_meters", "R_distance_meters"):
        length = np.asarray([np.linalg.norm(at["pixel_pos_meters"])])
        yield "R_distance_meters", length, "the length of pixel_pos_meters"
    if have("pixel_pos_meters", "diffracted_vec"):
        position = at["pixel_pos_meters"]
        yield "diffracted_vec", position / (np.linalg.norm(position) or 1.0), "pixel_pos_meters / R"
    if have("obliquity_factor", "close_distance_meters", "R_distance_meters"):
        expected = at["close_distance_meters"] / at["R_distance_meters"]
        yield "obliquity_factor", expected, "close_distance / R"
    if have("lambda_meters", "lambda_angstroms"):
        yield "lambda_angstroms", at["lambda_meters"] * 1e10, "lambda_meters x 1e10"
    if have("scattering_vec_A_inv", "diffracted_vec", "incident_vec", "lambda_meters"):
        expected = (at["diffracted_vec"] - at["incident_vec"]) / at["lambda_meters"][0]
        yield "scattering_vec_A_inv", expected, "(d - i) / lambda in 1/m"
    cell = ("rot_a_angstroms", "rot_b_angstroms", "rot_c_angstroms")
    if have("hkl_frac", "diffracted_vec", "incident_vec", "lambda_meters", *cell):
        vector = (at["diffracted_vec"] - at["incident_vec"]) / at["lambda_meters"][0]
        yield (
            "hkl_frac",
            np.asarray([at[name] @ vector for name in cell]) * 1e-10,
            "the cell vectors times (d - i) / lambda",
        )
    if have("hkl_frac", "hkl_rounded"):
        yield "hkl_rounded", np.ceil(at["hkl_frac"] - 0.5), "ceil(hkl_frac - 1/2)"
    factors = ("F_latt_a", "F_latt_b", "F_latt_c")
    if have("F_latt", *factors):
        yield "F_latt", at["F_latt_a"] * at["F_latt_b"] * at["F_latt_c"], "the product of its three factors"
    if n_cells is not None and have("hkl_frac", *factors):
        for axis, name in enumerate(factors):
            count = n_cells[axis]
            expected = grating(at["hkl_frac"][axis : axis + 1], count) if count > 1 else np.ones(1)
            yield name, expected, f"sin(pi N h)/sin(pi h) with N = {count}"


def _scaling_rules(at: dict[str, Array]) -> Iterator[tuple[str, Array, str]]:
    if "r_e_meters" in at and "r_e_sqr" in at:
        yield "r_e_sqr", at["r_e_meters"] ** 2, "r_e_meters squared"
    names = (
        "I_before_scaling",
        "r_e_sqr",
        "fluence_photons_per_m2",
        "steps",
        "capture_fraction",
        "polar",
        "omega_pixel",
    )
    if "I_pixel_final" in at and all(name in at for name in names) and at["steps"][0] != 0.0:
        expected = at["I_before_scaling"] * at["r_e_sqr"] * at["fluence_photons_per_m2"] / at["steps"]
        for flag, name in (
            ("oversample_thick", "capture_fraction"),
            ("oversample_polar", "polar"),
            ("oversample_omega", "omega_pixel"),
        ):
            if flag not in at or at[flag][0] == 0.0:
                expected = expected * at[name]
        rule = "I_before_scaling x r_e^2 x fluence / steps x the factors"
        yield "I_pixel_final", expected, rule
    if "floatimage_accumulated" in at and "I_pixel_final" in at:
        yield "floatimage_accumulated", at["I_pixel_final"], "I_pixel_final"
