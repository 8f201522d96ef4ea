"""The box of pixels of each of several panels."""

from __future__ import annotations

from collections.abc import Sequence

from nbsim.api import Experiment
from nbsim.errors import InputError
from nbsim.pixel.pixel import Box, box_axes


def boxes(panels: Sequence[Experiment], slow: Box, fast: Box) -> list[tuple[range, range]]:
    """Rows and columns of the box of each panel.

    Raises:
        InputError: no ranges, a number of them that differs from that of the panels, or a box that leaves its panel.
    """
    made = []
    axes_of_each = (_of_each(name, axis, len(panels)) for name, axis in (("slow", slow), ("fast", fast)))
    for index, (panel, rows, columns) in enumerate(zip(panels, *axes_of_each, strict=True)):
        try:
            made.append(box_axes(panel, rows, columns))
        except InputError as error:
            raise InputError(f"panel {index}: {error}") from None
    return made


def _of_each(name: str, axis: Box, count: int) -> Sequence[range | None]:
    """An axis of the box of each of ``count`` panels."""
    if not isinstance(axis, (list, tuple)):
        return [axis] * count  # type: ignore[list-item]
    if len(axis) != count:
        raise InputError(f"{name}: {len(axis)} ranges for {count} panels; give one for each, or a single range")
    return axis
