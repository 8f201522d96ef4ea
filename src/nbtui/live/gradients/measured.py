"""The derivatives of a pixel by runs of the user's C program with one number moved.

The program runs on the pixel alone and the one rendered before it, whose last vectors it keeps at phi = 0. A build that
prints a trace gives 15 to 17 digits of the pixel; of a stock build the pixel is the product of values with 10 digits.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import nbsim
from nbtui.errors import SimulationFailed
from nbtui.live.c_program import Limits, run_c_program
from nbtui.live.door import experiment_of, simulator
from nbtui.live.gradients.difference import SHRINK, FiniteDifference
from nbtui.live.gradients.model import PixelSlopes, Slope
from nbtui.live.gradients.ours import log_name, vector_of
from nbtui.live.model import Case, Settings
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import read_trace
from nbtui.trace.text import clean

FULL, STOCK = 1e-15, 4e-10  # relative uncertainty of the pixel in the two kinds of log
_SAME = 1e-8  # relative: the pixel of the C program and ours
_BEST = 0.3  # of the largest smooth step, which the first of two steps may reach
_SAFETY = 2.0
_PARTS = ("polar", "omega_pixel", "capture_fraction")


@dataclass(frozen=True)
class Measurement:
    """Derivatives by runs of a C program, by name, and why there are none, if so."""

    program: Path
    slopes: dict[str, FiniteDifference]
    obstacle: str = ""


def measured_slopes(
    program: Path, case: Case, settings: Settings, slopes: PixelSlopes, progress: Callable[[int, int], None]
) -> Measurement:
    """The derivatives that differences of simulated runs have, by runs of ``program``.

    Raises:
        UnusableInput, SimulationFailed: the case is unusable, or the program failed.
    """
    wanted = [slope for slope in slopes.slopes if slope.difference is not None and slope.difference.step > 0.0]
    with tempfile.TemporaryDirectory(prefix="nbtui-gradients-") as folder:
        runs = _Runs(program, case, settings, Path(folder))
        try:
            here = runs.first(only_near=True)
            if not _same(here, slopes.value):
                here = runs.first(only_near=False)
        except nbsim.InputError as error:
            return Measurement(program, {}, f"the C program cannot run this case: {clean(str(error))}")
        if not _same(here, slopes.value):
            return Measurement(
                program,
                {},
                f"its pixel is {here:.10g}, the simulated one {slopes.value:.10g}; choose --c-program or "
                "--phi-mode c-parity so that both are the same run",
            )
        found = {}
        for number, slope in enumerate(wanted):
            found[slope.name] = _difference(runs, slope)
            progress(number + 1, len(wanted))
    return Measurement(program, found)


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=_SAME)


class _Runs:
    """Runs of the C program with one parameter moved."""

    def __init__(self, program: Path, case: Case, settings: Settings, folder: Path) -> None:
        self._program, self._case, self._folder = program, case, folder
        with simulator(case.name, "gradient"):
            self._vector = vector_of(experiment_of(case, replace(settings, dtype="float64")))[0]
        self._limits = Limits(settings.omp_threads)
        self._names = [log_name(name) for name in self._vector.names]
        self._region: tuple[str, ...] = ()
        self.precision, self.here = FULL, math.nan

    def first(self, *, only_near: bool) -> float:
        """The pixel as it is; ``only_near``: from now on without the rest of the detector."""
        assert self._case.pixel is not None
        slow, fast = self._case.pixel
        near = ("-roi", str(fast - 1), str(fast), str(slow), str(slow))
        self._region = near if only_near and fast > 0 else ()
        self.here = self.value(self._names[0], 0.0)
        return self.here

    def value(self, name: str, step: float) -> float:
        """The pixel with the parameter moved by ``step``, in its own unit."""
        scales = self._vector.scales.tolist()
        x = [step / scale if other == name else 0.0 for other, scale in zip(self._names, scales, strict=True)]
        experiment = self._vector.from_vector(x)
        case = replace(self._case, argv=(*experiment.to_command(self._folder), *self._region))
        path = self._folder / "c.log"
        with path.open("w+b") as log:
            traced = run_c_program(self._program, case, log, self._limits)
        trace = read_trace(path)
        self.precision = FULL if traced else STOCK
        if traced:
            return _last(trace, "I_pixel_final")
        sums = [_last(trace, "printout.I_per_step"), *(_last(trace, name) for name in _PARTS)]
        return math.prod((nbsim.R_E_SQR, float(experiment.beam.fluence), *sums))

    def slope(self, name: str, at: float, step: float) -> float:
        """The central difference quotient."""
        above, below = at + step, at - step
        return (self.value(name, step) - self.value(name, -step)) / (above - below)


def _difference(runs: _Runs, slope: Slope) -> FiniteDifference:
    """Two steps, extrapolated. The first one is as small as the digits of the log allow."""
    assert slope.difference is not None and slope.ours is not None
    size = abs(runs.here) / max(abs(slope.difference.value), abs(runs.here) / slope.scale * 1e-9)
    balanced = size * runs.precision**0.2  # of two steps the error of the extrapolation falls with the fourth power
    first = min(_BEST * slope.difference.smooth, max(balanced, slope.difference.step))
    coarse, fine = runs.slope(slope.name, slope.at, first), runs.slope(slope.name, slope.at, first / SHRINK)
    value = fine + (fine - coarse) / (SHRINK**2 - 1.0)
    rounding = runs.precision * abs(runs.here) * SHRINK / first
    return FiniteDifference(
        value, _SAFETY * (abs(value - fine) / SHRINK + rounding), first / SHRINK, slope.difference.smooth
    )


def _last(trace: Trace, name: str) -> float:
    """The last value of a field, by its name in the trace or in the block of a stock build.

    Raises:
        SimulationFailed: the log does not hold it.
    """
    shown = [record for record in trace.records if name in (record.name, record.raw_name)]
    if not shown or isinstance(shown[-1].values[0], str):
        raise SimulationFailed(f"the log of the C program holds no {name}")
    return float(shown[-1].values[0])
