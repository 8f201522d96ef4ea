"""Two images compared."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nbtui.errors import UnusableInput
from nbtui.images.metrics import Gates, ImageComparison, check_sizes
from nbtui.images.pictures import pictures
from nbtui.images.read import Picture, Size, c_image_of, is_raw, read_image
from nbtui.images.render import as_object, sentences, summary, verdict
from nbtui.regular_file import open_regular
from nbtui.results import page
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.live.model import Case, Settings

YOURS = "your image"
IMAGES = "images"  # below the reports: images that differ
_HEAD = 4096  # bytes that tell pixels from a log
_TEXTS = (b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff")  # a compressed log, and one in UTF-16
_SUFFIXES = (".npy", ".img", ".smv", ".bin")  # of a missing file that was to be an image
_LARGEST_SHOWN = 512  # pixels of a side; larger images have no picture in a notebook, only numbers


@dataclass(frozen=True, repr=False, eq=False)
class ImageComparisonResult:
    """Your image against the reference. True where they agree; ``print`` shows the text of ``nbtui images``."""

    _comparison: ImageComparison
    _gates: Gates
    _pictures: tuple[Picture, Picture]  # reference, suspect

    @property
    def agrees(self) -> bool:
        """Whether every gate of the profile passes."""
        return not self.failures

    @property
    def verdict(self) -> str:
        """One line, with the failed gates."""
        return verdict(self._comparison, self._gates)

    @property
    def failures(self) -> tuple[str, ...]:
        """The gates that fail, in words."""
        return tuple(self._comparison.failures(self._gates))

    @property
    def correlation(self) -> float | None:
        """Pearson's coefficient of the compared pixels; None where an image is constant."""
        return self._comparison.correlation

    @property
    def sum_ratio(self) -> float | None:
        """Sum of your image over that of the reference."""
        return self._comparison.sum_ratio

    @property
    def rmse(self) -> float:
        """Root mean square difference, in the unit of the images."""
        return self._comparison.rmse

    @property
    def max_abs_diff(self) -> float:
        """Largest absolute difference, in the unit of the images."""
        return self._comparison.largest

    @property
    def max_abs_diff_at(self) -> tuple[int, int] | None:
        """(slow, fast) of it."""
        return self._comparison.largest_at

    @property
    def pixels_beyond(self) -> int:
        """Pixels that differ by more than 1e-6 of their value, where above 1e-6 of the maximum."""
        return self._comparison.beyond

    @property
    def findings(self) -> tuple[str, ...]:
        """The place of the difference, and the change that turns one image into the other, as sentences."""
        return tuple(sentences(self._comparison))

    def to_json(self) -> str:
        """The object of ``nbtui images --json``."""
        from nbtui.parity.metrics import to_json

        return to_json(as_object(self._comparison, self._gates, self._names))

    def to_dict(self) -> dict[str, Any]:
        """The same as plain Python values."""
        found: dict[str, Any] = json.loads(self.to_json())
        return found

    def pngs(self) -> dict[str, bytes]:
        """The files of ``nbtui images --png``: both images and their difference, by name."""
        made = pictures(*self._pictures, self._comparison)
        return {name: picture.file(name) for name, picture in made.items()}

    @property
    def _names(self) -> tuple[str, str]:
        return self._pictures[0].name, self._pictures[1].name

    def __bool__(self) -> bool:
        return self.agrees

    def __repr__(self) -> str:
        return f"ImageComparisonResult({self.verdict})"

    def __str__(self) -> str:
        return "\n".join(summary(self._comparison, self._gates, self._names))

    def _repr_html_(self) -> str:
        numbers = [
            ("correlation", str(self.correlation)),
            ("ratio of sums", str(self.sum_ratio)),
            ("RMSE", f"{self.rmse:.6g}"),
            ("largest difference", f"{self.max_abs_diff:.6g}"),
            ("at (slow, fast)", str(self.max_abs_diff_at or "-")),
            ("pixels beyond 1e-06", str(self.pixels_beyond)),
        ]
        parts = [page.heading(self.verdict), page.bullets(self.findings), page.table(("", ""), numbers)]
        if max(self._comparison.size) <= _LARGEST_SHOWN:
            drawn = pictures(*self._pictures, self._comparison)
            parts += [page.picture(one.file(name), f"{name}: {one.legend}") for name, one in drawn.items()]
        return page.block(*parts)


def pair_of_case(image: object, case: Case, settings: Settings, size: Size | None) -> tuple[Picture, Picture]:
    """The image of a case, the C program's own or simulated in its place, and yours.

    Raises:
        UnusableInput, SimulationFailed: an unusable image or case, sizes that differ, or a failed simulation.
    """
    kept = c_image_of(case.folder, case.argv)
    if kept is not None:
        c = read_image(kept, size or _size_of(image))
        return c, picture_of(image, YOURS, size or c.size)
    from nbtui.live.images import prepare
    from nbtui.live.reference import reference_settings

    used = reference_settings(settings)
    frame = prepare(case, used)
    yours = picture_of(image, YOURS, size or frame.shape)
    program = used.c_program.name if used.c_program is not None else "stock"
    name = f"simulated, {clean(case.name)} as {clean(program)} C"
    check_sizes(Picture(name, np.broadcast_to(np.float32(0.0), frame.shape), "simulated"), yours)
    return Picture(name, frame.image(), "simulated"), yours


def _size_of(image: object) -> Size | None:
    """The size of an array or a tensor; None for a path."""
    shape: tuple[int, ...] = tuple(getattr(image, "shape", ()))
    return (int(shape[0]), int(shape[1])) if len(shape) == 2 else None


def picture_of(given: object, name: str, size: Size | None) -> Picture:
    """An image by its path, or given as an array or a tensor (slow, fast).

    Raises:
        UnusableInput: neither, not two-dimensional, not real numbers, or an unusable file.
    """
    if isinstance(given, str | os.PathLike):
        return read_image(Path(given), size)
    if hasattr(given, "detach"):  # a tensor: of any device, with or without a gradient
        given = given.detach().cpu()
    try:
        values: npt.NDArray[np.generic] = np.asarray(given)
    except (TypeError, ValueError) as error:
        raise UnusableInput(f"{name}: {type(given).__name__} is not an image; give a path or an array") from error
    if values.ndim != 2 or values.dtype.kind not in "fiub" or 0 in values.shape:
        shape = " x ".join(map(str, values.shape)) or "a single value"
        raise UnusableInput(f"{name}: {shape} of type {values.dtype} is not an image of real numbers (slow, fast)")
    return Picture(name, values, "npy")


def is_image(given: object) -> bool:
    """Whether an argument is an image rather than a log: an array, a tensor, or a file of pixels."""
    if not isinstance(given, str | os.PathLike):
        return hasattr(given, "shape")
    path = Path(given)
    if "\n" in str(given) or not path.is_file():
        return path.suffix in _SUFFIXES
    with open_regular(path) as stream:
        head = stream.read(_HEAD)
    if head.startswith(_TEXTS) or b"TRACE_" in head:
        return False
    return not is_raw(path) or b"\0" in head


def evidence(result: ImageComparisonResult, root: Path, note: str) -> Path:
    """A new folder with both images, their pictures, the numbers and the text of a comparison.

    Raises:
        NotWritten: it cannot be written.
    """
    from nbtui.evidence.write.files import write_package

    def fill(folder: Path, stamp: str) -> None:
        for name, picture in zip(("reference.npy", "image.npy"), result._pictures, strict=True):
            np.save(folder / name, picture.values)
        for name, png in result.pngs().items():
            (folder / name).write_bytes(png)
        (folder / "images.json").write_text(result.to_json(), encoding="ascii")
        (folder / "summary.txt").write_text(f"{note}\n\n{result}\n", encoding="utf-8")

    return write_package(root, datetime.now(UTC), fill)
