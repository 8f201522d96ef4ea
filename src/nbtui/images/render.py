"""A comparison of images as text and as a JSON object. Plain functions of frozen values."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nbtui.images.metrics import AGREES, Gates, ImageComparison
from nbtui.images.peaks import PeakPair

_LEVELS = ".:-=+*#%@"  # small to large, a level per decade
_SHOWN_PEAKS = 5


def summary(comparison: ImageComparison, gates: Gates, names: tuple[str, str]) -> Iterator[str]:
    """Lines for a terminal; ``names`` of the C and the Python image, already harmless."""
    found, failures = comparison, comparison.failures(gates)
    fast0, fast1, slow0, slow1 = found.roi
    yield f"C       {names[0]}"
    yield f"Python  {names[1]}"
    yield f"size {found.size[0]} x {found.size[1]} (slow x fast), ROI slow {slow0}-{slow1} fast {fast0}-{fast1}"
    left_out = f", {found.masked} masked" * bool(found.masked)
    left_out += f", {found.not_numbers} are no number in both" * bool(found.not_numbers)
    left_out += f", {found.only_one} are no number in one" * bool(found.only_one)
    yield f"{found.compared} pixels compared{left_out}"
    yield ""
    yield f"correlation      {_number(found.correlation, 10)}"
    yield f"RMSE             {found.rmse:.6g}   MSE {found.mse:.6g}"
    yield f"max abs diff     {found.largest:.6g}{_place(found.largest_at)}"
    yield f"sum C, Python    {found.sum_c:.10g}, {found.sum_py:.10g}   ratio {_number(found.sum_ratio, 10)}"
    yield f"max C, Python    {found.max_c:.10g}, {found.max_py:.10g}"
    yield f"beyond {AGREES:g}     {found.beyond} pixels (of their value, where above {AGREES:g} of the maximum)"
    distance = "no peak" if found.peak_distance is None else f"{found.peak_distance:.4g} px at most"
    yield f"peaks            {len(found.peaks)} pairs, {distance}"
    for pair in found.peaks[:_SHOWN_PEAKS]:
        if pair.distance is None or pair.distance > 0.0:
            yield f"  {_pair(pair)}"
    yield from _worst(found)
    yield from _map(found)
    yield ""
    if failures:
        yield f"DIFFER ({gates.name} gates): " + "; ".join(failures)
    elif found.largest == 0.0:
        yield f"AGREE ({gates.name} gates): every compared pixel is equal"
    else:
        beyond = "" if gates.every_pixel else f"; {found.beyond} pixels differ by more than {AGREES:g} of their value"
        yield f"AGREE ({gates.name} gates){beyond}"


def as_object(comparison: ImageComparison, gates: Gates, names: tuple[str, str]) -> dict[str, object]:
    """The same as plain Python values; undefined numbers are None, infinite ones stay infinite."""
    found, failures = comparison, comparison.failures(gates)
    fast0, fast1, slow0, slow1 = found.roi
    return {
        "c_image": names[0],
        "py_image": names[1],
        "size": {"slow": found.size[0], "fast": found.size[1]},
        "roi": {"fast_from": fast0, "fast_to": fast1, "slow_from": slow0, "slow_to": slow1},
        "pixels_compared": found.compared,
        "pixels_masked": found.masked,
        "pixels_not_numbers_in_both": found.not_numbers,
        "pixels_not_numbers_in_one": found.only_one,
        "correlation": found.correlation,
        "mse": found.mse,
        "rmse": found.rmse,
        "max_abs_diff": found.largest,
        "max_abs_diff_at": _pixel(found.largest_at),
        "sum_c": found.sum_c,
        "sum_py": found.sum_py,
        "sum_ratio": found.sum_ratio,
        "max_c": found.max_c,
        "max_py": found.max_py,
        "pixels_beyond_1e-6": found.beyond,
        "peak_distance_max": found.peak_distance,
        "peaks": [{"c": _pixel(p.c), "py": _pixel(p.py), "distance": p.distance} for p in found.peaks],
        "worst_pixels": [
            {
                "slow": w.slow,
                "fast": w.fast,
                "c": w.c,
                "py": w.py,
                "difference": w.difference,
                "ratio": _ratio(w.c, w.py),
            }
            for w in found.worst
        ],
        "map": {
            "block": {"slow": found.map.block[0], "fast": found.map.block[1]},
            "max_abs_diff": [[None if math.isnan(x) else x for x in row] for row in found.map.largest.tolist()],
        },
        "gates": gates.name,
        "failures": failures,
        "verdict": "diverge" if failures else "agree",
    }


def _worst(found: ImageComparison) -> Iterator[str]:
    if not found.worst:
        return
    yield ""
    yield f"{'worst pixels':<14}{'slow':>6}{'fast':>6}{'C':>18}{'Python':>18}{'difference':>14}{'Python/C':>12}"
    for pixel in found.worst:
        ratio = _ratio(pixel.c, pixel.py)
        yield (
            f"{'':14}{pixel.slow:>6}{pixel.fast:>6}{pixel.c:>18.9g}{pixel.py:>18.9g}{pixel.difference:>14.4g}"
            f"{'' if ratio is None else format(ratio, '.7g'):>12}"
        )


def _map(found: ImageComparison) -> Iterator[str]:
    if found.largest == 0.0:
        return
    rows = found.map.largest.tolist()
    block = f"{found.map.block[0]} x {found.map.block[1]}"
    yield ""
    scale = f"'@' within a decade of {found.largest:.3g}, one level a decade"
    yield f"where (largest difference per {block} pixels; {scale})"
    for row in rows:
        yield "  " + "".join(_level(value, found.largest) for value in row)


def _level(value: float, largest: float) -> str:
    if math.isnan(value):
        return "x"
    if value == 0.0:
        return " "
    below = int(-math.log10(value / largest))
    return _LEVELS[max(0, len(_LEVELS) - 1 - below)]


def _pair(pair: PeakPair) -> str:
    c = f"C {pair.c[0]},{pair.c[1]}" if pair.c else "C none"
    py = f"Python {pair.py[0]},{pair.py[1]}" if pair.py else "Python none"
    return f"{c}  {py}  " + ("no partner" if pair.distance is None else f"{pair.distance:.4g} px")


def _pixel(pixel: tuple[int, int] | None) -> dict[str, int] | None:
    return None if pixel is None else {"slow": pixel[0], "fast": pixel[1]}


def _place(pixel: tuple[int, int] | None) -> str:
    return "" if pixel is None else f" at slow {pixel[0]} fast {pixel[1]}"


def _ratio(c: float, py: float) -> float | None:
    return py / c if c else None


def _number(value: float | None, digits: int) -> str:
    return "undefined" if value is None else f"{value:.{digits}g}"
