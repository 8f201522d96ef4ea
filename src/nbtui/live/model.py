"""A case and the result of its simulation, as numpy arrays without torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nbsim import F_CELL_ORIGINS, TERM_AXES, TERM_COLUMNS, CProgram, Quirks
from nbtui.trace.model import Trace
from nbtui.trace.reading.printout import holds_block

if TYPE_CHECKING:
    from nbsim import Experiment

__all__ = [
    "F_CELL_ORIGINS",
    "TERM_AXES",
    "TERM_COLUMNS",
    "CProgram",
    "Case",
    "Quirks",
    "Settings",
    "Simulation",
    "TermTable",
]


@dataclass(frozen=True)
class Case:
    """Command line, folder of its inputs, pixel and, optionally, C log."""

    name: str
    argv: tuple[str, ...]  # nanoBragg flags, without the program name and without -trace_pixel
    workdir: Path
    pixel: tuple[int, int] | None  # (slow, fast)
    c_log: Path | None
    c_terms: Path | None = None  # terms.csv of the C program, if any
    folder: Path | None = None
    c_image: Path | None = None  # the C program's image, if the user named one
    c_image_at: tuple[int, int] | None = None  # (slow, fast) of its first pixel, where it is a cut-out
    own_pixel: tuple[int, int] | None = None  # (slow, fast) that the command line itself names
    reading: tuple[tuple[str, bool], ...] = ()  # explicit quirks, for input files that C cannot read
    compat: bool = True  # read the command line as the C program does; False: by the rules of nbsim
    c_program: CProgram | None = None  # that made the C log; None: the stock one
    omp_threads: int = 1  # of that run


@dataclass(frozen=True)
class Settings:
    """Settings of the simulation."""

    phi_mode: str = "spec"  # or "c-parity"
    dtype: str = "float64"
    device: str = "cpu"
    quirks: tuple[tuple[str, bool], ...] = ()  # explicit --quirk NAME=on|off
    c_program: CProgram | None = None  # whose quirks apply, below phi mode and explicit ones; None: the stock program's
    omp_threads: int = 1  # OMP_NUM_THREADS of the C run to reproduce


def reference_settings(case: Case) -> Settings:
    """The settings of a simulation that stands for the C program of a case."""
    mode = "c-parity" if case.c_program is None else case.c_program.phi_mode
    return Settings(mode, c_program=case.c_program, omp_threads=case.omp_threads)


@dataclass(frozen=True)
class TermTable:
    """Contributions in accumulation order; columns as in terms.csv, each (n,).

    The last four are missing from terms.csv, and known for simulated pixels only: the factors of F_latt (SQUARE
    crystals; None for other shapes) and the origin of F_cell, an index into ``F_CELL_ORIGINS``.
    """

    thick: np.ndarray
    sub_slow: np.ndarray
    sub_fast: np.ndarray
    source: np.ndarray
    phi_step: np.ndarray
    mosaic_domain: np.ndarray
    h: np.ndarray
    k: np.ndarray
    l: np.ndarray
    h0: np.ndarray
    k0: np.ndarray
    l0: np.ndarray
    F_latt: np.ndarray
    F_cell: np.ndarray
    F_cell2_F_latt2: np.ndarray
    F_latt_a: np.ndarray | None = None
    F_latt_b: np.ndarray | None = None
    F_latt_c: np.ndarray | None = None
    F_cell_origin: np.ndarray | None = None


@dataclass(frozen=True)
class Simulation:
    """One simulated pixel."""

    case: Case
    settings: Settings
    pixel: tuple[int, int]
    trace_lines: tuple[str, ...]  # TRACE_PY lines, emission order, TRACE_PY_PHI in place
    trace: Trace
    terms: TermTable
    axes: dict[str, int]  # thick, sub_slow, sub_fast, source, phi_step, mosaic_domain -> size
    phi_deg: tuple[float, ...]
    n_cells: tuple[int, int, int]
    steps: int
    notices: tuple[str, ...]
    input_files: tuple[Path, ...]
    seconds: float
    causes: tuple[str, ...] = ()  # of a difference, applied to imitate a log
    float64_error: float | None = None  # float32 runs: relative error of I_pixel_final against float64
    printout_lines: tuple[str, ...] = ()  # C's -printout block of the pixel, for a comparison with a stock build
    set_up: Experiment | None = field(default=None, compare=False, repr=False)  # that made the pixel

    def lines_for(self, c: Trace | None) -> tuple[str, ...]:
        """The trace lines, with C's -printout block where the reference ``c`` prints one."""
        return self.trace_lines + (self.printout_lines if c is not None and holds_block(c) else ())
