"""One simulated pixel: its value, its trace and its contributions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbtui.results import page
from nbtui.results.logs import TraceResult
from nbtui.trace.text import clean

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from nbtui.live.model import Simulation
    from nbtui.trace.model import Trace


@dataclass(frozen=True, repr=False, eq=False)
class SimulationResult:
    """A pixel computed by our simulator; it takes the place of a log in every function of nbtui.api."""

    _simulation: Simulation
    _trace: Trace
    lines: tuple[str, ...]  # of a log
    stands_for_c: bool  # simulated as the reference

    @property
    def pixel(self) -> tuple[int, int]:
        """(slow, fast)."""
        return self._simulation.pixel

    @property
    def value(self) -> float:
        """``I_pixel_final``, photons."""
        return float(self._trace.all("I_pixel_final")[-1].values[0])

    @property
    def trace(self) -> TraceResult:
        """Its trace."""
        return TraceResult(self._trace, "\n".join(self.lines))

    @property
    def terms(self) -> dict[str, npt.NDArray[np.generic]]:
        """The contributions in accumulation order, arrays of one length by the column of ``terms.csv``."""
        from nbtui.live.model import TERM_COLUMNS

        return {name: getattr(self._simulation.terms, name) for name in TERM_COLUMNS}

    @property
    def notices(self) -> tuple[str, ...]:
        """Suspicious points of the command line and of the run, as sentences."""
        return self._simulation.notices

    def __repr__(self) -> str:
        slow, fast = self.pixel
        role = "simulated C" if self.stands_for_c else "simulated"
        name = clean(self._simulation.case.name)
        return f"SimulationResult({name}, {role}: pixel (slow {slow}, fast {fast}) = {self.value:.17g} photons)"

    def __str__(self) -> str:
        return "\n".join([repr(self), *self.notices, *self.lines])

    def _repr_html_(self) -> str:
        return page.block(page.heading(repr(self)), page.bullets(self.notices), self.trace._repr_html_())


def simulation_of(result: SimulationResult) -> Simulation:
    """The simulation as the rooms of nbtui take it."""
    return result._simulation
