"""A C log against the C program that made it by the word of the user."""

from __future__ import annotations

from dataclasses import replace

from nbtui.live.model import Case
from nbtui.live.programs import STOCK
from nbtui.parity.program import FRESH, keeps_vectors, other_program
from nbtui.trace.model import Trace
from nbtui.trace.side import C
from nbtui.trace.text import clean


def contradicted(case: Case, c: Trace) -> tuple[str, ...]:
    """A sentence where the log is not of the named C program, beyond what the comparison of the two logs says."""
    program = case.c_program or STOCK
    if program.switches.phi_carryover:
        pixel = c.pixel or case.pixel  # many logs do not name it
        return tuple(map(clean, other_program(replace(c, pixel=pixel), C))) if c.pixel is None else ()
    if not keeps_vectors(c):
        return ()
    return (
        f"Not the {clean(program.name)} C program: the C log keeps the vectors of the last phi step at phi = 0, as the "
        "stock one does (--c-program stock).",
    )


def named_already(case: Case, finding: str) -> bool:
    """Whether a finding says that the log is not of the stock program where the user has named another."""
    return finding.endswith(f"{FRESH}.") and case.c_program is not None and not case.c_program.switches.phi_carryover
