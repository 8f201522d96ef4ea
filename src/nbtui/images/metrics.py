"""Numbers that compare two images of one size, and the gates of a profile.

A difference is Python minus C. Values are float64 whatever the files hold; units are those of the files (photons,
or counts of an integer image).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nbtui.errors import UnusableInput
from nbtui.images.findings import FULL, ImageFinding, displacement, odd_values, related
from nbtui.images.peaks import Peak, PeakPair, match_peaks
from nbtui.images.place import Place, place
from nbtui.images.ranks import counted, largest
from nbtui.images.read import Picture, Size, words
from nbtui.images.relation import Pair

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Pixel = tuple[int, int]  # (slow, fast)

AGREES = 1e-6  # of a pixel's value, where that exceeds this part of the brightest (design, images against C)
WORST = 10  # pixels listed
_ROWS = 256  # of an image processed together
_RATIOS = (5.0, 50.0, 95.0)  # reported percentiles of Python / C
_FAINT = 1e-3  # of C's brightest pixel: fainter ones say little about a ratio
_MAP_ROWS, _MAP_COLUMNS = 16, 32  # blocks at most


@dataclass(frozen=True)
class Gates:
    """The conditions for two images to agree; None: no condition."""

    name: str
    correlation: float | None
    sum_ratio: tuple[float, float] | None
    peak_distance: float | None  # pixels
    every_pixel: bool  # within AGREES


GATES = {
    gates.name: gates
    for gates in (
        Gates("field", 0.9995, (0.99, 1.01), 1.0, False),
        Gates("exact", None, None, None, True),
    )
}


@dataclass(frozen=True)
class WorstPixel:
    """A pixel that differs."""

    slow: int
    fast: int
    c: float
    py: float
    difference: float


@dataclass(frozen=True, eq=False)
class BlockMap:
    """The largest absolute difference of every block of pixels."""

    block: Size  # pixels per block
    largest: Array  # (rows, columns); NaN where no pixel of the block was compared


@dataclass(frozen=True, eq=False)
class ImageComparison:
    """All results. Undefined numbers (a constant image, a zero sum) are None."""

    size: Size
    roi: tuple[int, int, int, int]  # fast from, to, slow from, to; inclusive
    compared: int  # pixels in the ROI, not masked, and a number in both images
    masked: int
    not_numbers: int  # NaN or infinite in both images alike; ignored
    only_one: int  # NaN or infinite in one image, or differently: never agrees
    first_only_one: Pixel | None
    correlation: float | None
    mse: float
    rmse: float
    largest: float  # absolute difference
    largest_at: Pixel | None
    sum_c: float
    sum_py: float
    max_c: float
    max_py: float
    beyond: int  # pixels beyond AGREES
    ratios: tuple[float, float, float] | None  # Python / C of C's bright pixels: 5 %, median, 95 %
    worst: tuple[WorstPixel, ...]
    peaks: tuple[PeakPair, ...]  # farthest first
    map: BlockMap
    place: Place | None  # where most of the difference lies; None without one
    findings: tuple[ImageFinding, ...]  # oddities, and the change that turns one image into the other

    @property
    def sum_ratio(self) -> float | None:
        """Python over C."""
        ratio = self.sum_py / self.sum_c if self.sum_c else np.nan
        return float(ratio) if np.isfinite(ratio) else None

    @property
    def peak_distance(self) -> float | None:
        """The largest distance between partners [px]; infinite when one has no partner, None without any peak."""
        if not self.peaks:
            return None
        farthest = self.peaks[0].distance
        return float("inf") if farthest is None else farthest

    def judged(self, gates: Gates) -> dict[str, str]:
        """Every gate by name, with its failure in words; empty where it passes.

        An undefined number passes when the images are equal, and fails otherwise.
        """
        equal = self.largest == 0.0
        found = {"finite pixels": ""}
        if self.only_one:
            where = _at(self.first_only_one)
            found["finite pixels"] = f"{self.only_one} pixels are not finite in one image only, first {where}"
        if gates.correlation is not None:
            passes = equal or (self.correlation or 0.0) >= gates.correlation
            words = f"correlation {_number(self.correlation)} is below {gates.correlation}"
            found["correlation"] = "" if passes else words
        if gates.sum_ratio is not None:
            low, high = gates.sum_ratio
            passes = equal or (self.sum_ratio is not None and low <= self.sum_ratio <= high)
            words = f"ratio of sums {_number(self.sum_ratio)} is outside {low} to {high}"
            found["ratio of sums"] = "" if passes else words
        if gates.peak_distance is not None:
            passes = equal or (self.peak_distance or 0.0) <= gates.peak_distance
            words = f"peaks lie up to {_number(self.peak_distance)} px apart, the limit is {gates.peak_distance:g}"
            found["peak positions"] = "" if passes else words
        if gates.every_pixel:
            words = f"{self.beyond} pixels differ by more than {AGREES:g} of their value"
            found["every pixel"] = words if self.beyond and not equal else ""
        return found

    def failures(self, gates: Gates) -> list[str]:
        """The gates that fail, in words; empty when the images agree."""
        return [words for words in self.judged(gates).values() if words]


@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # beyond a double's range: infinite, or undefined
def compare_images(
    c: Picture, py: Picture, *, roi: tuple[int, int, int, int] | None = None, mask: Mask | None = None
) -> ImageComparison:
    """Compare two images of one size.

    Args:
        c: the reference.
        py: the suspect.
        roi: fast from, to, slow from, to, inclusive, as in ``-roi``; default: everything.
        mask: True where a pixel counts, of the images' size; gaps and bad pixels that a file marks never count.

    Raises:
        UnusableInput: the sizes differ, the ROI holds no pixel of the image, or no pixel is left to compare.
    """
    check_sizes(c, py)
    region, limits = _region(roi, c.size)
    whole = c.as_floats(), py.as_floats()
    left, right = (image[region] for image in whole)
    kept = np.ones(left.shape, dtype=bool)
    for counts in (mask, c.valid, py.valid):
        if counts is not None:
            kept &= counts[region]
    finite_c, finite_py = np.isfinite(left), np.isfinite(right)
    alike = (left == right) | (np.isnan(left) & np.isnan(right))
    both = kept & finite_c & finite_py
    odd = kept & ~(finite_c & finite_py)
    only_one = odd & ~alike
    if not both.any():
        raise UnusableInput(f"{c.name}, {py.name}: no pixel left to compare (ROI, mask, or no finite values)")
    delta = np.zeros_like(left)
    np.subtract(right, left, out=delta, where=both)
    corner = (limits[2], limits[0])
    peaks = tuple(_moved(pair, corner) for pair in match_peaks(left, right, both))
    differs = beyond_tolerance(left, right, both)
    beyond = int(differs.sum())
    order = _largest_first(np.abs(delta), WORST)
    mse = float(np.mean(np.square(counted(delta, both))))
    counted_pixels = counted(left, both), counted(right, both)
    return ImageComparison(
        size=c.size,
        roi=limits,
        compared=int(both.sum()),
        masked=int((~kept).sum()),
        not_numbers=int((odd & alike).sum()),
        only_one=int(only_one.sum()),
        first_only_one=_first(only_one, corner),
        correlation=_correlation(*counted_pixels),
        mse=mse,
        rmse=float(np.sqrt(mse)),
        largest=float(np.abs(delta).max()),
        largest_at=_shifted(order[0], corner) if order else None,
        sum_c=float(counted_pixels[0].sum()),
        sum_py=float(counted_pixels[1].sum()),
        max_c=float(counted_pixels[0].max()),
        max_py=float(counted_pixels[1].max()),
        beyond=beyond,
        ratios=_ratios(*counted_pixels),
        worst=tuple(
            WorstPixel(*_shifted(at, corner), float(left[at]), float(right[at]), float(delta[at])) for at in order
        ),
        peaks=peaks,
        map=_block_map(np.abs(delta), both),
        place=place(delta, differs, corner),
        findings=tuple(_findings((c, py), whole, region, kept, peaks, differs=beyond > 0)),
    )


def check_sizes(c: Picture, py: Picture) -> None:
    """Refuse two images of different size, showing both.

    Raises:
        UnusableInput: they differ.
    """
    if c.size == py.size:
        return
    raise UnusableInput(f"sizes differ: {c.name} is {words(c.size)}, {py.name} is {words(py.size)}{_size_hint(c, py)}")


def _size_hint(c: Picture, py: Picture) -> str:
    """A likely reason: axes exchanged, or a cut-out."""
    if c.size != py.size[::-1]:
        smaller = all(have <= whole for have, whole in zip(c.size, py.size, strict=True))
        return "; for a cut-out, give the position of its first pixel with --at SLOW FAST" if smaller else ""
    left, right = c.as_floats(), py.as_floats().T
    both = np.isfinite(left) & np.isfinite(right)
    found = _correlation(left[both], right[both]) if both.any() else None
    told = "" if found is None else f" (correlation {found:.6g} after that)"
    return f"; one is the transpose of the other: check the order of the axes{told}"


def beyond_tolerance(c: Array, py: Array, compared: Mask) -> Mask:
    """Pixels that differ by more than AGREES of C's value, where either exceeds AGREES of C's brightest."""
    floor = AGREES * float(np.abs(counted(c, compared)).max(initial=0.0))
    found = np.zeros(c.shape, dtype=bool)
    with np.errstate(invalid="ignore", over="ignore"):
        for at in range(0, c.shape[0], _ROWS):  # in pieces: whole images would need many times their memory
            rows = slice(at, at + _ROWS)
            size = np.abs(c[rows])
            differs = np.abs(py[rows] - c[rows]) > AGREES * np.maximum(size, floor)
            found[rows] = compared[rows] & differs & (np.maximum(size, np.abs(py[rows])) > floor)
    return found


def _findings(
    pictures: tuple[Picture, Picture],
    whole: tuple[Array, Array],
    region: tuple[slice, slice],
    kept: Mask,
    peaks: tuple[PeakPair, ...],
    *,
    differs: bool,
) -> Iterator[ImageFinding]:
    """Oddities of the images; if they differ, also the change of one that explains it."""
    integer = [np.issubdtype(picture.values.dtype, np.integer) for picture in pictures]
    for name, image, is_integer in zip(("C", "other"), whole, integer, strict=True):
        yield from odd_values(name, image[region], kept, is_integer)
    if not differs:
        return
    counted = np.zeros(whole[0].shape, dtype=bool)
    counted[region] = kept
    steps, full = zip(*((1.0, FULL) if is_integer else (0.0, np.inf) for is_integer in integer), strict=True)
    grains = _grain(pictures[0]), _grain(pictures[1])
    relation = related(Pair(*whole, counted, steps, grains, full), beyond_tolerance)
    moved = displacement(peaks) if relation is None else None
    yield from (found for found in (relation, moved) if found is not None)


def _grain(picture: Picture) -> float:
    """The resolution of the picture's floats, in parts of a value; 0 for whole numbers."""
    dtype = picture.values.dtype
    if not np.issubdtype(dtype, np.floating):
        return 0.0
    return float(np.finfo(np.float32 if dtype.itemsize <= 4 else np.float64).eps)


def _ratios(c: Array, py: Array) -> tuple[float, float, float] | None:
    bright = c > _FAINT * max(float(c.max()), 0.0)
    if not bright.any():
        return None
    low, middle, high = np.percentile(py[bright] / c[bright], _RATIOS).tolist()
    return low, middle, high


def _region(roi: tuple[int, int, int, int] | None, size: Size) -> tuple[tuple[slice, slice], tuple[int, int, int, int]]:
    n_slow, n_fast = size
    if roi is None:
        return (slice(None), slice(None)), (0, n_fast - 1, 0, n_slow - 1)
    fast0, fast1, slow0, slow1 = roi
    if not (0 <= fast0 <= fast1 < n_fast and 0 <= slow0 <= slow1 < n_slow):
        raise UnusableInput(
            f"--roi {fast0} {fast1} {slow0} {slow1} (fast from, to, slow from, to, inclusive): "
            f"outside an image of {words(size)}"
        )
    return (slice(slow0, slow1 + 1), slice(fast0, fast1 + 1)), roi


def _correlation(a: Array, b: Array) -> float | None:
    """Pearson's coefficient; None where one image is constant."""
    a, b = a - a.mean(), b - b.mean()
    # scaled first: squares of very large or small intensities leave the range of a double
    scale_a, scale_b = float(np.abs(a).max()), float(np.abs(b).max())
    if scale_a == 0.0 or scale_b == 0.0:
        return None
    a /= scale_a
    b /= scale_b
    found = float(np.clip(np.dot(a, b) / np.sqrt(np.dot(a, a) * np.dot(b, b)), -1.0, 1.0))
    return found if np.isfinite(found) else None


def _largest_first(values: Array, limit: int) -> list[Pixel]:
    flat = values.ravel()
    count = min(limit, int(np.count_nonzero(flat)))
    if count == 0:
        return []
    chosen = largest(flat, count)
    chosen = chosen[np.lexsort((chosen, -flat[chosen]))]
    return [(int(i) // values.shape[1], int(i) % values.shape[1]) for i in chosen]


def _block_map(absolute: Array, compared: Mask) -> BlockMap:
    n_slow, n_fast = absolute.shape
    block = (-(-n_slow // _MAP_ROWS), -(-n_fast // _MAP_COLUMNS))
    rows, columns = -(-n_slow // block[0]), -(-n_fast // block[1])
    padded = np.full((rows * block[0], columns * block[1]), -1.0)
    padded[:n_slow, :n_fast] = np.where(compared, absolute, -1.0)
    largest = padded.reshape(rows, block[0], columns, block[1]).max(axis=(1, 3))
    return BlockMap(block, np.where(largest < 0.0, np.nan, largest))


def _shifted(at: Pixel, corner: Pixel) -> Pixel:
    return at[0] + corner[0], at[1] + corner[1]


def _moved(pair: PeakPair, corner: Pixel) -> PeakPair:
    def moved(peak: Peak | None) -> Peak | None:
        if peak is None:
            return None
        centre = (peak.centre[0] + corner[0], peak.centre[1] + corner[1])
        return Peak(_shifted(peak.pixel, corner), centre, peak.height)

    return PeakPair(moved(pair.c), moved(pair.py), pair.distance)


def _first(where: Mask, corner: Pixel) -> Pixel | None:
    if not where.any():
        return None
    flat = int(np.argmax(where))
    return _shifted((flat // where.shape[1], flat % where.shape[1]), corner)


def _at(pixel: Pixel | None) -> str:
    return f"(slow {pixel[0]}, fast {pixel[1]})" if pixel else ""


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.7g}"
