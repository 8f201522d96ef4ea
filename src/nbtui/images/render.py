"""A comparison of images as text and as a JSON object. Pure functions of frozen values."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nbtui.images.metrics import AGREES, Gates, ImageComparison
from nbtui.images.peaks import Peak, PeakPair

_LEVELS = ".:-=+*#%@"  # small to large, a level per decade
_SHOWN_PEAKS = 5
_EXPLAIN = {"relation", "displaced", "constant"}  # findings that explain a difference all over the image
_APART = 0.01  # pixels; closer partners are not listed


def summary(comparison: ImageComparison, gates: Gates, names: tuple[str, str]) -> Iterator[str]:
    """Lines for a terminal, the verdict last; ``names`` of the two images, already sanitized."""
    found = comparison
    yield f"C       {names[0]}"
    yield f"other   {names[1]}"
    yield from _compared(found)
    yield ""
    yield f"correlation      {_number(found.correlation, 10)}"
    yield f"RMSE             {found.rmse:.6g}   MSE {found.mse:.6g}"
    yield f"max abs diff     {found.largest:.6g}{_place(found.largest_at)}"
    yield f"sum C, other     {found.sum_c:.10g}, {found.sum_py:.10g}   ratio {_number(found.sum_ratio, 10)}"
    yield f"max C, other     {found.max_c:.10g}, {found.max_py:.10g}"
    if found.ratios is not None:
        low, middle, high = found.ratios
        yield f"other/C          median {middle:.7g}, 90 % from {low:.7g} to {high:.7g} (above 1e-3 of C's maximum)"
    yield f"beyond {AGREES:g}     {found.beyond} pixels (of their value, where above {AGREES:g} of the maximum)"
    distance = "none" if found.peak_distance is None else f"at most {found.peak_distance:.4g} px apart"
    yield f"peaks            {len(found.peaks)} pairs, {distance}" if found.peaks else "peaks            none"
    for pair in found.peaks[:_SHOWN_PEAKS]:
        if pair.distance is None or pair.distance >= _APART:
            yield f"  {_pair(pair)}"
    yield from _worst(found)
    yield from _map(found)
    yield ""
    yield verdict(found, gates)
    yield from (f"  {sentence}" for sentence in sentences(found))


def verdict(found: ImageComparison, gates: Gates) -> str:
    """The verdict, with the failed gates."""
    failures = found.failures(gates)
    if failures:
        return f"DIFFER ({gates.name} gates): " + "; ".join(failures)
    if found.largest == 0.0:
        return f"AGREE ({gates.name} gates): every compared pixel is equal"
    beyond = "" if gates.every_pixel else f"; {found.beyond} pixels differ by more than {AGREES:g} of their value"
    return f"AGREE ({gates.name} gates){beyond}"


def sentences(found: ImageComparison) -> list[str]:
    """Sentences beside the numbers: the place of the difference, and the change from one image to the other."""
    told = [f"where: {found.place.sentence}"] if found.place else []
    told += [finding.sentence for finding in found.findings]
    if found.place and found.place.everywhere and not {f.id for f in found.findings} & _EXPLAIN:
        told.append("no turn, shift, scale or offset of one image explains half of the difference")
    return told


def _compared(found: ImageComparison) -> Iterator[str]:
    fast0, fast1, slow0, slow1 = found.roi
    yield f"size {found.size[0]} x {found.size[1]} (slow x fast), ROI slow {slow0}-{slow1} fast {fast0}-{fast1}"
    left_out = f", {found.masked} masked" * bool(found.masked)
    left_out += f", {found.not_numbers} are not finite in both" * bool(found.not_numbers)
    left_out += f", {found.only_one} are not finite in one" * bool(found.only_one)
    yield f"{found.compared} pixels compared{left_out}"


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
        "ratio_percentiles": None if found.ratios is None else dict(zip(("5", "50", "95"), found.ratios, strict=True)),
        "peaks": [{"c": _peak(p.c), "py": _peak(p.py), "distance": p.distance} for p in found.peaks],
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
        "where": _where(found),
        "findings": [{"id": f.id, "sentence": f.sentence, **f.numbers} for f in found.findings],
        "gates": gates.name,
        "failures": failures,
        "verdict": "diverge" if failures else "agree",
    }


def _worst(found: ImageComparison) -> Iterator[str]:
    if not found.worst:
        return
    yield ""
    yield f"{'worst pixels':<14}{'slow':>6}{'fast':>6}{'C':>18}{'other':>18}{'difference':>14}{'other/C':>14}"
    for pixel in found.worst:
        ratio = _ratio(pixel.c, pixel.py)
        yield (
            f"{'':14}{pixel.slow:>6}{pixel.fast:>6}{pixel.c:>18.9g}{pixel.py:>18.9g}{pixel.difference:>14.4g}"
            f"{'' if ratio is None else format(ratio, '.7g'):>14}"
        )


def _map(found: ImageComparison) -> Iterator[str]:
    if found.largest == 0.0:
        return
    rows = found.map.largest.tolist()
    (down, across), (fast0, fast1, slow0, _) = found.map.block, found.roi
    levels = f"'@' within a decade of {found.largest:.3g}, one level per decade"
    yield ""
    yield f"where (largest difference per {down} x {across} pixels; {levels})"
    yield f"  slow    fast {fast0} to {fast1}"
    for at, row in enumerate(rows):
        yield f"{slow0 + at * down:>6} |" + "".join(_level(value, found.largest) for value in row) + "|"


def _level(value: float, largest: float) -> str:
    if math.isnan(value):
        return "x"
    if value == 0.0:
        return " "
    below = int(-math.log10(max(value / largest, 1e-300)))
    return _LEVELS[max(0, len(_LEVELS) - 1 - below)]


def _pair(pair: PeakPair) -> str:
    c, py = (
        f"{name} slow {peak.centre[0]:.2f} fast {peak.centre[1]:.2f}" if peak else f"{name} none"
        for name, peak in (("C", pair.c), ("other", pair.py))
    )
    return f"{c}  {py}  " + ("no partner" if pair.distance is None else f"{pair.distance:.4g} px")


def _peak(peak: Peak | None) -> dict[str, float] | None:
    if peak is None:
        return None
    (slow, fast), (centre_slow, centre_fast) = peak.pixel, peak.centre
    return {
        "slow": slow,
        "fast": fast,
        "centre_slow": centre_slow,
        "centre_fast": centre_fast,
        "height": peak.height,
    }


def _where(found: ImageComparison) -> dict[str, object] | None:
    if found.place is None:
        return None
    at = found.place
    fast0, fast1, slow0, slow1 = at.box
    return {
        "pixels": at.differing,
        "spots": at.spots,
        "box": {"fast_from": fast0, "fast_to": fast1, "slow_from": slow0, "slow_to": slow1},
        "everywhere": at.everywhere,
        "main_pixels": at.main,
        "main_spots": at.main_spots,
        "sentence": at.sentence,
    }


def _pixel(pixel: tuple[int, int] | None) -> dict[str, int] | None:
    return None if pixel is None else {"slow": pixel[0], "fast": pixel[1]}


def _place(pixel: tuple[int, int] | None) -> str:
    return "" if pixel is None else f" at slow {pixel[0]} fast {pixel[1]}"


def _ratio(c: float, py: float) -> float | None:
    return py / c if c else None


def _number(value: float | None, digits: int) -> str:
    return "undefined" if value is None else f"{value:.{digits}g}"
