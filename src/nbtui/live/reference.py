"""A reference without a C program: our simulator standing in for a named one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import nbtui
from nbtui.live import session
from nbtui.live.model import Case, Settings, Simulation
from nbtui.live.programs import STOCK
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines


@dataclass(frozen=True)
class StandIn:
    """A simulated reference: its trace, and its lines as in a C log."""

    trace: Trace
    lines: tuple[str, ...]
    simulation: Simulation

    @property
    def settings(self) -> Settings:
        """The settings of the reference."""
        return self.simulation.settings

    def serves(self, case: Case, settings: Settings) -> bool:
        """Whether it is the reference of this case with these settings."""
        made = self.simulation
        return (made.case.argv, made.pixel, made.settings) == (case.argv, case.pixel, reference_settings(settings))


def reference_settings(settings: Settings) -> Settings:
    """The settings of the reference: the named C program (stock by default) in float64, with its own phi mode."""
    program = settings.c_program or STOCK
    return Settings(
        phi_mode=program.phi_mode, device=settings.device, c_program=program, omp_threads=settings.omp_threads
    )


def simulated_reference(case: Case, settings: Settings) -> StandIn:
    """The pixel of ``case`` as the C program named in ``settings`` traces it.

    Raises:
        UnusableInput, SimulationFailed: as :func:`nbtui.live.session.simulate`.
    """
    used = reference_settings(settings)
    simulation = session.simulate(case, used)
    lines = tuple(line.replace("TRACE_PY", "TRACE_C", 1) for line in simulation.trace_lines)
    program = (used.c_program or STOCK).name
    origin = f"nbsim {nbtui.__version__} as {program} C"
    trace = replace(parse_lines(lines, origin), side="C", pixel=case.pixel, simulated=True)
    return StandIn(trace, lines, simulation)
