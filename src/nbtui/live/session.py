"""Simulation of one pixel of a case, as trace lines and as terms.csv.

torch is imported inside the functions, since reading and comparing logs does not need it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import nbsim
from nbtui.errors import UnusableInput
from nbtui.live.door import experiment_of, simulator
from nbtui.live.model import TERM_COLUMNS, Case, Settings, Simulation, TermTable
from nbtui.trace.text import clean

_PIECE = 4096  # terms written at a time


def split_command(text: str, where: str) -> list[str]:
    """A command text as words, program name included; comments, continuations and redirections dropped.

    Raises:
        UnusableInput: unbalanced quotes, named with ``where``.
    """
    with simulator(where):
        return nbsim.split_command(text)


def simulate(case: Case, settings: Settings | None = None) -> Simulation:
    """Simulate the pixel of ``case``.

    A float32 run is repeated in float64, and its relative error in ``I_pixel_final`` is reported.

    Raises:
        UnusableInput: the command line, one of its files or a setting is unusable.
        SimulationFailed: the simulator failed.
    """
    settings = settings or Settings()
    pixel = case.pixel
    if pixel is None:
        raise UnusableInput(f"{clean(case.name)}: no pixel; give --pixel SLOW FAST")
    with simulator(case.name):
        import torch  # seconds excluded from the time of the simulation

        started = time.perf_counter()
        with torch.no_grad():
            threads = settings.omp_threads
            set_up = experiment_of(case, settings)
            result = set_up.pixel(*pixel, n_threads=threads)
            error64 = None
            if settings.dtype == "float32":
                exact = experiment_of(case, replace(settings, dtype="float64")).pixel(*pixel, n_threads=threads)
                error64 = result.relative_error(exact)
        return replace(_simulation(case, settings, pixel, result, error64, started), set_up=set_up)


def _simulation(
    case: Case,
    settings: Settings,
    pixel: tuple[int, int],
    result: nbsim.PixelResult,
    error64: float | None,
    started: float,
) -> Simulation:
    from nbtui.trace.reading.printout import block_records
    from nbtui.trace.reading.reader import parse_lines

    experiment, sampling = result.experiment, result.experiment.sampling
    texts = tuple(nbsim.format_line(line, "TRACE_PY") for line in nbsim.trace_lines(result))
    columns = nbsim.terms_rows(result)
    block = nbsim.printout_block(result)
    printed = block_records(block, len(texts) + 1)
    trace = replace(parse_lines(texts, "live"), side="PY", pixel=pixel, simulated=True, printout=printed)
    return Simulation(
        case=case,
        settings=settings,
        pixel=pixel,
        trace_lines=texts,
        trace=trace,
        terms=TermTable(**{name: np.asarray(columns[name]) for name in TERM_COLUMNS}, **nbsim.term_details(result)),
        axes={
            "thick": experiment.detector.n_layers,
            "sub_slow": sampling.oversample,
            "sub_fast": sampling.oversample,
            "source": int(experiment.beam.source_directions.shape[0]),
            "phi_step": sampling.n_phi,
            "mosaic_domain": int(experiment.crystal.mosaic_matrices.shape[0]),
        },
        phi_deg=tuple(math.degrees(phi) for phi in sampling.phi_values()),
        n_cells=experiment.crystal.whole_n_cells,
        steps=experiment.n_steps,
        notices=_notices((*experiment.notices, *result.warnings), error64),
        input_files=tuple(Path(name) for name in experiment.input_files),
        seconds=time.perf_counter() - started,
        float64_error=error64,
        printout_lines=block,
    )


def _notices(notices: Iterable[str], error64: float | None) -> tuple[str, ...]:
    found = tuple(clean(notice) for notice in notices)
    if error64 is None:
        return found
    return (*found, f"float32: relative error of I_pixel_final against float64 is {error64:.3g}")


def terms_csv(terms: TermTable) -> str:
    """The contributions as ``terms.csv``, in accumulation order: integers unchanged, reals with 17 digits."""
    return "".join(terms_csv_pieces(terms))


def terms_csv_pieces(terms: TermTable) -> Iterator[str]:
    """``terms.csv`` in chunks, since there may be millions of lines."""
    yield ",".join(TERM_COLUMNS) + "\n"
    for rows in term_rows(terms):
        yield "".join(",".join(f"{value:.17g}" for value in row) + "\n" for row in rows)


def term_rows(terms: TermTable) -> Iterator[list[tuple[float | int, ...]]]:
    """The contributions as rows of TERM_COLUMNS, in chunks of some thousands."""
    columns = [getattr(terms, name) for name in TERM_COLUMNS]
    for start in range(0, len(columns[0]), _PIECE):
        yield list(zip(*(column[start : start + _PIECE].tolist() for column in columns), strict=True))


def split_phi(lines: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Trace lines without the phi lines, and the phi lines (``TRACE_PY_PHI``)."""
    phi = tuple(line for line in lines if line.startswith("TRACE_PY_PHI"))
    return tuple(line for line in lines if not line.startswith("TRACE_PY_PHI")), phi


def runtime() -> dict[str, object]:
    """Torch's view of the machine: ``torch``, ``cuda_available``, ``cuda_devices``, ``torch_threads``."""
    import torch

    available = torch.cuda.is_available()
    names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if available else []
    return {
        "torch": str(torch.__version__),
        "cuda_available": available,
        "cuda_devices": names,
        "torch_threads": torch.get_num_threads(),
    }
