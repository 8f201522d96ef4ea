"""The derivatives of one pixel, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from nbtui.live.gradients.difference import FiniteDifference


class SlopeVerdict(StrEnum):
    """What is known about one derivative."""

    AGREE = "agree"
    DIFFER = "differ"
    KINK = "kink"  # no derivative at this point
    NONE = "none"  # no derivative on this case
    UNKNOWN = "unknown"
    MISSING = "missing"  # not in the user's log


@dataclass(frozen=True)
class Slope:
    """The derivative of the pixel by one parameter, per unit of the command line.

    Attributes:
        name: as in a gradient line, ``cell_a``.
        unit: of the derivative.
        at: value of the parameter.
        scale: a small change of the parameter, in its own unit.
        ours: by autograd, in float64; None without one.
        difference: of exact runs of our simulator, which are those of the C program bit for bit; None without one.
        reason: why there is no derivative.
    """

    name: str
    unit: str
    at: float
    scale: float = 1.0
    ours: float | None = None
    difference: FiniteDifference | None = None
    reason: str = ""


@dataclass(frozen=True)
class PixelSlopes:
    """The derivatives of one pixel, in the order of the parameters."""

    pixel: tuple[int, int]
    value: float  # I_pixel_final [photons]
    slopes: tuple[Slope, ...]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class JudgedSlope:
    """A derivative with that of the user's log and the verdict."""

    slope: Slope
    theirs: float | None
    measured: FiniteDifference | None  # of runs of the C program
    verdict: SlopeVerdict
    note: str = ""
