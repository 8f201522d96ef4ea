"""The logs of a package whose Python trace is a simulation, as lines of ASCII."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nbtui.evidence.ascii_text import ascii_line
from nbtui.evidence.layout import PER_PHI, PYTHON_LOG, WARNS
from nbtui.live.model import Simulation
from nbtui.live.reference import StandIn
from nbtui.live.session import split_phi
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines


def trace_lines(simulation: Simulation, c: Trace) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines of the main log and of the per-phi log, which exists only for several phi steps.

    ``c``: the reference, whose kind decides on C's -printout block.
    """
    lines = tuple(ascii_line(line) for line in simulation.lines_for(c))
    return split_phi(lines) if simulation.axes["phi_step"] > 1 else (lines, ())


def python_log_lines(simulation: Simulation, c: Trace) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Name and lines of the Python logs, warnings first."""
    main, phi = trace_lines(simulation, c)
    base = f"{PYTHON_LOG}{simulation.settings.device}"
    yield f"{base}.log", (*(ascii_line(f"{WARNS}{notice}") for notice in simulation.notices), *main)
    if phi:
        yield f"{base}{PER_PHI}", phi


def reference_lines(reference: StandIn) -> tuple[str, ...]:
    """The lines of the reference's log, its origin first."""
    return tuple(map(ascii_line, (f"simulated: {reference.trace.origin}", *reference.lines)))


def written_reference(reference: StandIn, pixel: tuple[int, int] | None) -> Trace:
    """The reference as in its log, in ASCII: the comparison uses the checkable values."""
    trace = parse_lines(reference_lines(reference)[1:], reference.trace.origin)
    return replace(trace, side="C", pixel=pixel, simulated=True)
