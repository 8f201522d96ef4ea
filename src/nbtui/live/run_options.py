"""The options of a command line that a verification of its terms needs, without a simulation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import nbsim
from nbtui.errors import UnusableInput
from nbtui.live.cases import case_of_command
from nbtui.live.programs import PROGRAMS
from nbtui.live.scene import parsed


@dataclass(frozen=True)
class RunOptions:
    """A command line, as far as it decides on terms.csv."""

    argv: tuple[str, ...]
    shape: str  # of the crystal: SQUARE, ROUND, GAUSS, TOPHAT
    fudge: float
    cells: tuple[int, int, int] | None  # None: from the size of the crystal
    interpolates: bool | None  # None: C decides by the number of cells
    turns_from_zero: bool  # the phi scan begins at phi = 0 and has steps
    part_of_detector: bool  # a region of interest: its first pixel is the first of the run
    may_skip: bool  # terms beyond a resolution limit or of no intensity have no row
    weighted: bool  # the intensity is not the plain sum of the terms


def run_options(command: str, c_program: str) -> RunOptions | None:
    """The options of a nanoBragg command, as a C program of the table reads it; None if it is unusable."""
    program = next((known for known in PROGRAMS if known.name == c_program), None)
    try:
        given = parsed(case_of_command(command, "command", name="package", workdir=Path()))
    except (nbsim.NbsimError, UnusableInput):
        return None
    if program is not None:
        given = replace(given, **dict(program.always))
    sized = given.sample_a_mm or given.sample_b_mm or given.sample_c_mm
    counts = [max(1, round(count)) for count in (given.n_a, given.n_b, given.n_c)]
    return RunOptions(
        argv=tuple(given.argv),
        shape=given.shape,
        fudge=given.fudge,
        cells=None if sized else (counts[0], counts[1], counts[2]),
        interpolates=given.interpolate,
        turns_from_zero=given.phi_deg == 0.0 and bool(given.osc_deg or given.phi_step_deg),
        part_of_detector=given.roi is not None,
        may_skip=bool(given.dmin_a) or given.shape in ("GAUSS", "TOPHAT"),
        weighted=bool(given.oversample_thick or given.oversample_polar or given.oversample_omega or given.water_um),
    )
