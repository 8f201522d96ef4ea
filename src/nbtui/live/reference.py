"""A reference without a C program: our simulator standing in for a named one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import nbtui
from nbtui.live.model import Case, Settings
from nbtui.live.programs import STOCK
from nbtui.live.session import simulate
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines


@dataclass(frozen=True)
class StandIn:
    """A simulated reference: its trace, and its lines as in a C log."""

    trace: Trace
    lines: tuple[str, ...]
    settings: Settings


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
    lines = tuple(line.replace("TRACE_PY", "TRACE_C", 1) for line in simulate(case, used).trace_lines)
    program = (used.c_program or STOCK).name
    origin = f"nbsim {nbtui.__version__} as {program} C"
    trace = replace(parse_lines(lines, origin), side="C", pixel=case.pixel, simulated=True)
    return StandIn(trace, lines, used)
