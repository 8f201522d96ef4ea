"""Pictures of two compared images: both in grey, and their difference in colour."""

from __future__ import annotations

from dataclasses import dataclass

from nbtui.images.legend import with_difference, with_photons
from nbtui.images.metrics import ImageComparison
from nbtui.images.png import DECADES, Bytes, difference_colours, levels, png
from nbtui.images.read import Picture

C, PYTHON, DIFFERENCE = "c.png", "python.png", "difference.png"


@dataclass(frozen=True, eq=False)
class Drawn:
    """Grey levels or colours with their legend, in the picture and in words."""

    pixels: Bytes
    legend: str

    def file(self, name: str) -> bytes:
        """The PNG file with this name."""
        return png(self.pixels, f"{name}: {self.legend}")


def pictures(c: Picture, py: Picture, comparison: ImageComparison) -> dict[str, Drawn]:
    """The compared part of both images and of their difference, by file name."""
    fast0, fast1, slow0, slow1 = comparison.roi
    region = (slice(slow0, slow1 + 1), slice(fast0, fast1 + 1))
    brightest, largest = max(comparison.max_c, comparison.max_py), comparison.largest
    left, right = c.values[region], py.values[region]
    grey = f"log scale, {DECADES} decades: white {brightest:.4g}, black nothing"
    colour = (
        f"red other larger, blue C larger, white equal, black no number in one; log scale, {DECADES} decades: "
        f"full colour {largest:.4g}"
    )
    return {
        C: Drawn(with_photons(levels(left, brightest), brightest), grey),
        PYTHON: Drawn(with_photons(levels(right, brightest), brightest), grey),
        DIFFERENCE: Drawn(with_difference(difference_colours(left, right, largest), largest), colour),
    }
