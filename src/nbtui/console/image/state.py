"""State of the image screen, frozen, and its pure transitions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import numpy.typing as npt

from nbtui.console.image.step import StepMarks
from nbtui.images.metrics import ImageComparison, beyond_tolerance
from nbtui.live.images import PixelFacts, Resolution

Image = npt.NDArray[np.float32]
Pixel = tuple[int, int]  # (slow, fast)

TITLES = {"c": "C", "python": "live", "difference": "live - C"}  # the views
RANGES = (2, 3, 4, 6, 8)  # decades covered by the levels
LISTED = 200  # worst pixels reachable by n and N
COMPARABLE = 30.0  # largest brightness ratio of two images with common levels
FIT = 0
CLOSE = -2
# detector pixels per dot; -2: a pixel is 2 x 2 dots
ZOOMS = (128, 96, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1, -2, -4, -8)


class ImagePhase(Enum):
    """Phase of the Python image."""

    PREPARING = "reading the command and its files"
    SIMULATING = "simulating"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    READY = "ready"


@dataclass(frozen=True, eq=False)
class Difference:
    """Python minus C, and the disagreeing pixels."""

    delta: Image
    differing: int  # pixels beyond tolerance
    worst: tuple[Pixel, ...]  # the LISTED largest of them by absolute difference, largest first
    largest: float  # of the absolute differences


@dataclass(frozen=True, eq=False)
class ImageState:
    """Everything the image screen shows. Immutable."""

    name: str
    cursor: Pixel
    home: Pixel  # the pixel of the main screen
    phi_mode: str = ""
    log_pixel: Pixel | None = None  # the pixel of C's log
    shape: Pixel | None = None  # of the detector
    c: Image | None = None
    c_origin: str = ""
    extent: tuple[int, int, int, int] | None = None  # fast from, to, slow from, to, for a cut-out C image
    c_problem: str = ""  # why the C image is missing, with the remedy
    python: Image | None = None
    difference: Difference | None = None
    phase: ImagePhase = ImagePhase.PREPARING
    bright_c: float = 0.0  # brightest pixel of each image
    bright_python: float = 0.0
    done: float = 0.0  # finished fraction of the simulation
    left: float | None = None  # estimated seconds left, once known
    failure: str = ""
    view: str = "python"
    zoom: int = FIT  # one of ZOOMS, or FIT: the whole detector
    corner: Pixel = (0, 0)  # upper left visible pixel
    decades: int = 3
    characters: bool = False  # levels as characters rather than half blocks
    facts: PixelFacts | None = None  # of the pixel under the cursor
    step: StepMarks | None = None  # the step of the main screen
    rank: int | None = None  # place of the cursor in the list of worst pixels
    comparison: ImageComparison | None = None  # image metrics; they arrive after the difference
    judged: bool = False  # the comparison has ended, with or without a result
    resolution: Resolution | None = None
    rings: bool = True  # rings of equal resolution are drawn
    chosen: bool = False  # the user has chosen the view
    typed: str | None = None  # the target pixel during entry
    keys: bool = False  # the list of keys is shown
    message: str = ""

    @property
    def shown(self) -> Image | None:
        """The image of the chosen view."""
        if self.view == "difference":
            return self.difference.delta if self.difference else None
        return self.c if self.view == "c" else self.python

    @property
    def busy(self) -> bool:
        return self.phase in (ImagePhase.PREPARING, ImagePhase.SIMULATING, ImagePhase.STOPPING)

    @property
    def top(self) -> float:
        """Upper end of the levels: common to C and Python unless their units differ; separate for the difference."""
        if self.view == "difference":
            return self.difference.largest if self.difference else 0.0
        low, high = sorted((self.bright_c, self.bright_python))
        if low * COMPARABLE >= high or low <= 0.0:
            return high
        return self.bright_c if self.view == "c" else self.bright_python

    def _in_extent(self, pixel: Pixel) -> bool:
        if self.extent is None:
            return True
        fast0, fast1, slow0, slow1 = self.extent
        return slow0 <= pixel[0] <= slow1 and fast0 <= pixel[1] <= fast1

    def value(self, image: Image | None) -> float | None:
        """The value of ``image`` under the cursor; None outside it."""
        if image is not None and image is not self.python and not self._in_extent(self.cursor):
            return None
        return None if image is None else float(image[self.cursor])


def cut(image: npt.NDArray[np.floating], extent: tuple[int, int, int, int] | None) -> Image:
    """The image as float32, zero outside ``extent``."""
    with np.errstate(over="ignore", invalid="ignore"):
        whole: Image = image.astype(np.float32)
    if extent is not None:
        fast0, fast1, slow0, slow1 = extent
        kept = np.zeros_like(whole)
        kept[slow0 : slow1 + 1, fast0 : fast1 + 1] = whole[slow0 : slow1 + 1, fast0 : fast1 + 1]
        return kept
    return whole


def largest(image: npt.NDArray[np.floating]) -> float:
    """The largest finite value; 0 without any."""
    finite = image[np.isfinite(image)]
    return float(finite.max()) if finite.size else 0.0


@np.errstate(over="ignore", invalid="ignore")
def differences(c: Image, python: Image) -> Difference:
    """Compare two images of equal shape, with the tolerance of :func:`nbtui.images.metrics.beyond_tolerance`.

    A NaN on one side only ranks as the worst.
    """
    left, right = c.astype(np.float64), python.astype(np.float64)
    numbers = np.isfinite(left) & np.isfinite(right)
    alike = (left == right) | (np.isnan(left) & np.isnan(right))
    delta = np.where(alike, 0.0, np.nan)
    np.subtract(right, left, out=delta, where=numbers)
    where = np.flatnonzero(beyond_tolerance(left, right, numbers) | ~(numbers | alike))
    size = np.where(np.isfinite(delta), np.abs(delta), np.inf).ravel()[where]
    n_fast = c.shape[1]
    order = where[np.argsort(-size, kind="stable")[:LISTED]]
    worst = tuple((int(at) // n_fast, int(at) % n_fast) for at in order)
    return Difference(delta.astype(np.float32), len(where), worst, largest(np.abs(delta)))


def with_c(state: ImageState, c: Image | None, origin: str, problem: str) -> ImageState:
    """Store C's image, or the reason for its absence."""
    bright = 0.0 if c is None else largest(c)
    return replace(state, c=c, c_origin=origin, c_problem=problem, bright_c=bright)


def simulated(state: ImageState, python: Image, difference: Difference | None) -> ImageState:
    """Store the Python image; show the difference from C, if any, unless the user has chosen a view."""
    differs = difference is not None and difference.differing > 0 and not state.chosen
    return replace(
        state,
        phase=ImagePhase.READY,
        python=python,
        bright_python=largest(python),
        difference=difference,
        judged=difference is None,
        comparison=None,
        view="difference" if differs else state.view,
    )


# --- cursor ----------------------------------------------------------------------------------------------------------


def to_pixel(state: ImageState, pixel: Pixel) -> ImageState:
    """Move the cursor to ``pixel``, or to the nearest one on the detector."""
    if state.shape is None:
        return state
    slow, fast = (max(0, min(size - 1, at)) for at, size in zip(pixel, state.shape, strict=True))
    return replace(state, cursor=(slow, fast), rank=None)


def moved(state: ImageState, slow: int, fast: int) -> ImageState:
    """Move the cursor by some pixels, clamped at the edges."""
    return to_pixel(state, (state.cursor[0] + slow, state.cursor[1] + fast))


def viewed(state: ImageState, view: str) -> ImageState:
    """Switch the view. An unavailable one explains why, and how to get it."""
    return replace(state, view=view, chosen=True, message=missing(replace(state, view=view)))


def missing(state: ImageState) -> str:
    """Why the chosen view is empty; "" if it is not."""
    if state.shown is not None:
        return ""
    if state.view != "python" and state.c is None:
        return state.c_problem or "the C image is being read"
    if state.phase is ImagePhase.FAILED:
        return state.failure
    if state.phase is ImagePhase.STOPPED:
        return "the simulation was stopped; 2 starts it again"
    return "the live image is being simulated"


def worst(state: ImageState, by: int) -> ImageState:
    """Move to the next (previous) of the worst pixels, wrapping around."""
    if state.difference is None:
        why = missing(replace(state, view="difference"))
        return replace(state, message=f"no list of worst pixels: {why}")
    listed = state.difference.worst
    if not listed:
        return replace(state, message="no pixel differs")
    first = 0 if by > 0 else len(listed) - 1
    rank = first if state.rank is None else (state.rank + by) % len(listed)
    around = state.rank is not None and rank == first
    message = "the only one" if len(listed) == 1 else "wrapped around" if around else ""
    return replace(to_pixel(state, listed[rank]), rank=rank, message=message)


def typed(state: ImageState, text: str) -> ImageState:
    """Move the cursor to the typed pixel: slow, then fast."""
    words = text.replace(",", " ").split()
    here = replace(state, typed=None)
    if not words:
        return here
    if state.shape is None:
        return replace(here, message="the detector is not known yet")
    if len(words) != 2 or not all(word.isdecimal() and len(word) < 10 for word in words):
        return replace(here, message=f"'{text.strip()}' is not a pixel: type slow and fast, two whole numbers")
    slow, fast = int(words[0]), int(words[1])
    if slow >= state.shape[0] or fast >= state.shape[1]:
        last = f"slow 0 to {state.shape[0] - 1}, fast 0 to {state.shape[1] - 1}"
        return replace(here, message=f"slow {slow} fast {fast} is not on the detector: {last}")
    return to_pixel(here, (slow, fast))


def ranged(state: ImageState) -> ImageState:
    """Switch to the next range of decades."""
    return replace(state, decades=RANGES[(RANGES.index(state.decades) + 1) % len(RANGES)])


def said_of_it(state: ImageState) -> str:
    """The image values at the cursor as a sentence, for the user about to trace it; may be empty."""
    c, python = state.value(state.c), state.value(state.python)
    if c is None or python is None:
        return ""
    ratio = f" ({100.0 * (python / c - 1.0):+.3g} %)" if c else ""
    return f"images: C {c:.6g}, live {python:.6g}{ratio}"


# --- zoom and view ---------------------------------------------------------------------------------------------------


def scale(state: ImageState, dots: Pixel) -> int:
    """The effective zoom on a canvas of ``dots`` (down, across): detector pixels per dot, or -dots per pixel."""
    if state.zoom != FIT or state.shape is None:
        return state.zoom or 1
    if 0 in dots:
        return ZOOMS[0]
    larger = next((zoom for zoom in reversed(ZOOMS) if zoom < 0 and _fits(state.shape, dots, zoom)), None)
    return larger or max(-(-size // seen) for size, seen in zip(state.shape, dots, strict=True))


def _fits(shape: Pixel, dots: Pixel, zoom: int) -> bool:
    return all(size <= seen for size, seen in zip(shape, _pixels_seen(dots, zoom), strict=True))


def _pixels_seen(dots: Pixel, zoom: int) -> Pixel:
    """Detector pixels (slow, fast) entirely within ``dots``; at least one."""
    slow, fast = (count * zoom if zoom > 0 else max(1, count // -zoom) for count in dots)
    return slow, fast


def zoomed(state: ImageState, by: int, dots: Pixel) -> ImageState:
    """Zoom in (``by`` 1) or out around the cursor; the limits are reported."""
    here = scale(state, dots)
    steps = [zoom for zoom in ZOOMS if zoom < here] if by > 0 else [zoom for zoom in reversed(ZOOMS) if zoom > here]
    if not steps:
        return replace(state, message="already at the closest zoom" if by > 0 else "already at the widest zoom")
    zoom = steps[0]
    seen = _pixels_seen(dots, zoom)
    corner = (state.cursor[0] - seen[0] // 2, state.cursor[1] - seen[1] // 2)
    return in_view(replace(state, zoom=zoom, corner=corner), dots)


def close_up(state: ImageState, dots: Pixel) -> ImageState:
    """Toggle between single pixels around the cursor and the whole detector."""
    if state.zoom == CLOSE:
        return replace(state, zoom=FIT)
    seen = _pixels_seen(dots, CLOSE)
    corner = (state.cursor[0] - seen[0] // 2, state.cursor[1] - seen[1] // 2)
    return in_view(replace(state, zoom=CLOSE, corner=corner), dots)


def in_view(state: ImageState, dots: Pixel) -> ImageState:
    """Scroll by half a view if the cursor would leave it."""
    if state.shape is None:
        return state
    zoom = scale(state, dots)
    slow, fast = map(_page, state.cursor, state.corner, state.shape, _pixels_seen(dots, zoom))
    corner = (slow, fast)
    return state if corner == state.corner else replace(state, corner=corner)


def _page(cursor: int, start: int, size: int, seen: int) -> int:
    """First visible pixel along one axis: ``start`` if that shows the cursor; never beyond the last page."""
    if not start <= cursor < start + seen:
        start = cursor - seen // 2
    return max(0, min(start, size - seen))


def dot_of(state: ImageState, pixel: Pixel, zoom: int) -> Pixel:
    """Dot (down, across) containing the centre of ``pixel``."""
    steps = (at - start for at, start in zip(pixel, state.corner, strict=True))
    down, across = (step // zoom if zoom > 0 else step * -zoom + -zoom // 2 for step in steps)
    return down, across


def pixel_of(state: ImageState, dot: Pixel, zoom: int) -> Pixel | None:
    """The pixel in the middle of a dot; None outside the detector."""
    if state.shape is None:
        return None
    slow, fast = (start + (at * zoom if zoom > 0 else at // -zoom) for at, start in zip(dot, state.corner, strict=True))
    if slow >= state.shape[0] or fast >= state.shape[1]:
        return None
    middle = (zoom - 1) // 2 if zoom > 0 else 0
    return min(slow + middle, state.shape[0] - 1), min(fast + middle, state.shape[1] - 1)
