"""The whole detector through the C kernel: boxes of pixels, written straight into the image."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from nbsim.image.arguments import arguments
from nbsim.model import ExperimentData
from nbsim.pixel.run_state import Pixel, RunState, first_pass_stop
from nbsim.workers import Stopped, in_threads

Box = tuple[int, int, int, int]  # slow from, to, fast from, to, inclusive
Stop = tuple[int, int, int]  # slow, fast, flat pass

_QUESTION = ctypes.CFUNCTYPE(ctypes.c_int)
_TERMS_OF_BOX = 1 << 22  # some ten milliseconds
_BOXES = 64  # of an image at least, for its threads and its progress
_WHOLE_VECTORS = 128  # pixels that the kernel takes together


class Native:
    """One experiment in the C kernel ``library``; :mod:`nbsim.image.scope` says which it covers.

    ``terms``: dtype of the library's terms; None: that of the experiment.
    """

    def __init__(self, experiment: ExperimentData, library: ctypes.CDLL, terms: torch.dtype | None = None) -> None:
        self._experiment = experiment
        self._library = library
        self._arguments = arguments(experiment, terms)

    def render(
        self, box: Box, state: RunState, photons: Tensor, doubtful: Tensor, stopped: Stopped
    ) -> tuple[int, float]:
        """Write the rendered pixels of ``box``, and which of them the full formula must compute.

        Args:
            box: the pixels.
            state: what they inherit from others.
            photons: float32 (n_slow, n_fast).
            doubtful: bool (n_slow, n_fast), False before.
            stopped: called several times a second.

        Returns:
            the number of doubtful pixels, and the sum of the solid angles of the others [sr].
        """
        stop = state.interpolation_stop or (self._experiment.detector.n_slow, 0, 0)
        omega = ctypes.c_double()
        outputs = (*(ctypes.c_void_p(tensor.data_ptr()) for tensor in (photons, doubtful)), ctypes.byref(omega))
        found = self._call("render_box", box, (ctypes.c_int64 * 3)(*stop), *outputs, stopped=stopped)
        return found, omega.value

    def search(self, box: Box, stopped: Stopped) -> Stop | None:
        """The first pixel of ``box`` in scan order with a pass that cannot interpolate F: slow, fast, flat pass."""
        found = (ctypes.c_int64 * 3)()
        if self._call("search_box", box, found, stopped=stopped) == 0:
            return None
        slow, fast, at = found
        return slow, fast, at

    def interpolation_stop(self, first: Sequence[Pixel], n_threads: int, stopped: Stopped) -> Stop | None:
        """Where C's interpolation ends, as in :class:`RunState`; ``first``: pixels with the first pass of a thread."""
        found = [stop for pixel in first if (stop := first_pass_stop(self._experiment, pixel)) is not None]

        def ahead() -> Iterator[Box]:
            for box in boxes(self._experiment):
                if found and min(found)[:2] < (box[0], box[2]):
                    return
                yield box

        def of_box(box: Box, stopped: Stopped) -> Stop | None:
            row, bottom, left, right = box
            stop = self.search(box, stopped)
            while stop is not None and stop[:2] in first:  # judged above, from its own first pass
                slow, fast, _ = stop
                stop = self.search((slow, slow, fast + 1, right), stopped) if fast < right else None
                row = slow + 1
                if stop is None and row <= bottom:
                    stop = self.search((row, bottom, left, right), stopped)
            return stop

        for stop in in_threads(of_box, ahead(), n_threads=n_threads, stopped=stopped):
            if stop is not None:
                found.append(stop)
        return min(found, default=None)

    def _call(self, name: str, box: Box, *rest: object, stopped: Stopped) -> int:
        raised: list[BaseException] = []

        def asked() -> int:
            try:
                stopped()
            except BaseException as error:  # an interrupt of the user, too, crosses the C code here
                raised.append(error)
            return len(raised)

        run = ctypes.byref(self._arguments.run)
        found: int = getattr(self._library, name)(run, (ctypes.c_int64 * 4)(*box), *rest, _QUESTION(asked))
        if raised:
            raise raised[0]
        return found


def boxes(experiment: ExperimentData) -> Iterator[Box]:
    """Boxes of pixels in scan order that cover the region of interest: rows, or parts of rows where passes are many."""
    detector, n_passes = experiment.detector, experiment.n_passes
    fast0, fast1, slow0, slow1 = detector.roi
    left, right = max(fast0, 0), min(fast1, detector.n_fast - 1)
    top, bottom = max(slow0, 0), min(slow1, detector.n_slow - 1)
    if left > right or top > bottom:
        return
    width, height = right - left + 1, bottom - top + 1
    pixels = max(1, min(_TERMS_OF_BOX // n_passes, width * height // _BOXES))
    if pixels >= width:
        together = pixels // width
        for row in range(top, bottom + 1, together):
            yield row, min(row + together - 1, bottom), left, right
        return
    part = max(pixels, min(width, _WHOLE_VECTORS))
    for row in range(top, bottom + 1):
        for column in range(left, right + 1, part):
            yield row, row, column, min(column + part - 1, right)
