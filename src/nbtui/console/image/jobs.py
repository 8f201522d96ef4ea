"""Background jobs of the image screen: read the command and C's image, simulate, compare."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nbtui.console.image import state as states
from nbtui.console.image.state import Difference, Image
from nbtui.errors import UnusableInput
from nbtui.images import read as files
from nbtui.images.metrics import ImageComparison, compare_images
from nbtui.images.read import c_image_of, read_image, words
from nbtui.images.threads import with_threads
from nbtui.live.images import PreparedCase, Resolution, prepare
from nbtui.live.model import Case, Settings
from nbtui.trace.text import clean

TOLD_EVERY = 0.25  # s between two progress messages
NO_C_IMAGE = "give --c-image FILE, or put C's float image into the case folder as image.npy"


@dataclass(frozen=True, eq=False)
class ImagePrepared:
    """The command and C's image have been read."""

    frame: PreparedCase
    resolution: Resolution
    c_file: files.Picture | None  # as read, of the detector's size
    c: Image | None  # as displayed
    extent: tuple[int, int, int, int] | None  # fast from, to, slow from, to, for a cut-out
    c_origin: str
    c_problem: str


@dataclass(frozen=True)
class ImageProgress:
    """Progress of the simulation; ``left`` in seconds, None: not known yet."""

    done: float
    left: float | None = None


@dataclass(frozen=True, eq=False)
class ImageSimulated:
    """The Python image and its difference from C's."""

    python: Image
    difference: Difference | None


@dataclass(frozen=True, eq=False)
class ImagesCompared:
    """Metrics of the two images; None without comparable pixels."""

    comparison: ImageComparison | None


def reporter(tell: Callable[[ImageProgress], None]) -> Callable[[int, int], None]:
    """A progress callback that reports at most once per interval."""
    began = told = time.monotonic()

    def report(done: int, total: int) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= TOLD_EVERY:
            told = now
            tell(ImageProgress(done / total, seconds_left(now - began, done / total)))

    return report


def seconds_left(elapsed: float, done: float) -> float | None:
    """Estimated seconds left at constant speed; None while too early to estimate."""
    return elapsed * (1.0 - done) / done if done > 0.02 else None


def read(case: Case, settings: Settings) -> ImagePrepared:
    """Prepare the case and read C's image; a missing or unusable image becomes a message, not an error.

    Raises:
        UnusableInput: the command line, one of its files or a setting is unusable.
    """
    frame = prepare(case, settings)
    resolution = frame.resolution()
    path = case.c_image or c_image_of(case.folder, case.argv) or c_image_of(case.workdir, case.argv)
    if path is None:
        return ImagePrepared(frame, resolution, None, None, None, "", NO_C_IMAGE)
    try:
        if case.c_image_at is not None:
            return _cut_out(frame, resolution, path, case.c_image_at)
        found = read_image(path, frame.shape)
        if found.size != frame.shape:
            part = all(have <= whole for have, whole in zip(found.size, frame.shape, strict=True))
            hint = "; a cut-out? --c-at SLOW FAST says where it begins" if part else ""
            raise UnusableInput(f"{found.name}: {words(found.size)}, but the detector is {words(frame.shape)}{hint}")
    except UnusableInput as error:
        return ImagePrepared(frame, resolution, None, None, None, "", clean(str(error)))
    return ImagePrepared(frame, resolution, found, states.cut(found.as_floats(), None), None, path.name, "")


def _cut_out(frame: PreparedCase, resolution: Resolution, path: Path, at: tuple[int, int]) -> ImagePrepared:
    part = read_image(path)
    (slow, fast), (rows, columns) = at, part.size
    extent = (fast, fast + columns - 1, slow, slow + rows - 1)
    origin = f"{path.name}, slow {slow}-{extent[3]} fast {fast}-{extent[1]}"
    whole = files.placed(part, frame.shape, at)
    return ImagePrepared(frame, resolution, whole, states.cut(whole.as_floats(), extent), extent, origin, "")


def simulated(ready: ImagePrepared, python: Image) -> ImageSimulated:
    """The Python image with its difference from C's."""
    if ready.c is None:
        return ImageSimulated(python, None)
    return ImageSimulated(python, states.differences(ready.c, states.cut(python, ready.extent)))


def compared(ready: ImagePrepared, python: Image) -> ImagesCompared:
    """Metrics of the two images, if both exist and have comparable pixels."""
    if ready.c_file is None:
        return ImagesCompared(None)
    try:
        simulated = files.Picture("simulated", python, "simulated")
        found = compare_images(ready.c_file, simulated, roi=ready.extent)
        return ImagesCompared(with_threads(found, ready.c_file, simulated, ready.frame.thread_counts))
    except UnusableInput:  # no comparable pixel
        return ImagesCompared(None)
