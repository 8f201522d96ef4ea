"""What a prediction explains, in bits.

A row counts as explained when the prediction reproduces it to the precision of the numbers; coming closer counts
nothing, because among hundreds of variants one always comes closer by chance. Breaking a row that agreed costs more
than the row, most of all in the values that make the pixel. A field that differs although a value made from it is
reproduced does not feed the pixel: it counts little.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nbtui.diagnosis.hypotheses.record import CauseKind, Variant
from nbtui.diagnosis.search.rows import PIXEL, SUM, Rows
from nbtui.live.scene import Array
from nbtui.parity.align import END
from nbtui.parity.streams import upstream

PRICE = 8.0  # bits per hypothesis: what one of some hundred variants explains by chance
PRICE_OF_PRINT = 3.0  # the same for the few forms that change lines only
UNLIKELY = 2.0  # more bits for a cause of the simulation while the pixel agrees
OF_PRINT = 6.0  # most bits of a field that differs although a value made from it agrees
HARM = 1.5  # cost of breaking a row that agreed, relative to the row
HARM_TO_PIXEL = 4.0  # the same for a value that makes the pixel

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Scored:
    """The misfit of a prediction."""

    row_bits: Array
    bits: float  # over all fields
    cost: float  # bits that are not explained, or broken
    unknown: float  # those of values that the pixel is made from


@dataclass
class Score:
    """Scores predictions of ``rows``; ``apart``: misfit of each row before any hypothesis [bits]."""

    rows: Rows
    apart: Array

    def of(self, predicted: Array) -> Scored:
        """The score of a prediction, NaN where it has no line."""
        row_bits = self.rows.bits(predicted, self.rows.suspect)
        left = np.where((row_bits > 0.0) | self._fed(row_bits), np.maximum(row_bits, self.apart), 0.0)
        broken = (row_bits > 0.0) & (self.apart == 0.0)
        left = np.where(broken, left * self._harm, left)
        fields = np.bincount(self.rows.group, weights=left / self._share, minlength=len(self.rows.sizes))
        printed = self._of_print(row_bits, predicted)
        unknown = float(fields[~printed].sum())
        cost = unknown + float(np.minimum(fields[printed], OF_PRINT).sum())
        return Scored(row_bits, self.rows.total(row_bits), cost, unknown)

    def price(self, variant: Variant) -> float:
        """Bits that a variant costs."""
        if variant.hypothesis.kind is CauseKind.PRINT:
            shown = self._pixel.any() or self._sums.any()  # else nothing tells the print from the pixel
            return variant.price + (PRICE_OF_PRINT if shown else PRICE + UNLIKELY)
        return variant.price + PRICE + (UNLIKELY if self._pixel_agrees else 0.0)

    def _of_print(self, row_bits: Array, predicted: Array) -> Flags:
        """Fields that do not feed the pixel, because a value downstream of them is reproduced."""
        printed = np.zeros(len(self.rows.sizes), dtype=bool)
        everything = np.ones(len(self.rows), dtype=bool)
        for total, before in ((PIXEL, everything), (SUM, ~self._makes_pixel)):
            if self.rows.reproduced(total, row_bits, predicted):
                printed |= np.bincount(self.rows.group, weights=before, minlength=len(printed)) > 0.0
        return printed

    def _fed(self, row_bits: Array) -> Flags:
        """Rows of the block that are made from an unexplained one: reproducing them explains nothing.

        Unless the sum is reproduced: then the unexplained ones do not feed the pixel.
        """
        wrong = np.flatnonzero(np.bincount(self.rows.group, weights=row_bits, minlength=len(self.rows.sizes)) > 0.0)
        if wrong.size == 0 or not (row_bits[self._sums] > 0.0).any():
            return np.zeros(len(row_bits), dtype=bool)
        feeds = np.asarray(self._downstream[wrong].any(axis=0), dtype=bool)
        return np.asarray(feeds[self.rows.group] & ~self._makes_pixel, dtype=bool)

    def _rows_of(self, name: str) -> Flags:
        return np.asarray([field == name for field in self.rows.fields], dtype=bool)

    @cached_property
    def _pixel(self) -> Flags:
        return self._rows_of(PIXEL)

    @cached_property
    def _sums(self) -> Flags:
        return self._rows_of(SUM)

    @cached_property
    def _makes_pixel(self) -> Flags:
        """Rows of the values that make the pixel, printed after all loops."""
        return np.asarray([place[0] == END for place in self.rows.places], dtype=bool)

    @cached_property
    def _pixel_agrees(self) -> bool:
        return bool(self._pixel.any() and not (self.apart[self._pixel] > 0.0).any())

    @cached_property
    def _harm(self) -> Array:
        return np.where(self._makes_pixel, HARM_TO_PIXEL, HARM)

    @cached_property
    def _share(self) -> Array:
        """Rows over which a field's bits are averaged: those that differ, so that one phi step of many counts whole."""
        apart = np.bincount(self.rows.group, weights=self.apart > 0.0, minlength=len(self.rows.sizes))
        differing = np.maximum(apart, 1.0)[self.rows.group]
        return np.where(self.apart > 0.0, differing, self.rows.sizes[self.rows.group])

    @cached_property
    def _downstream(self) -> Flags:
        """For each field, the fields that are made from it, (fields, fields)."""
        names = list(dict.fromkeys(self.rows.fields))
        return np.asarray([[one in upstream(other) for other in names] for one in names], dtype=bool)
