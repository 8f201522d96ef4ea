"""The metrics.json object, with everything beyond the comparison itself.

Source: spec/evidence_package.md, metrics.json.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import nbtui
from nbtui.evidence.ascii_text import spelled
from nbtui.parity import standing
from nbtui.parity.coverage import too_little
from nbtui.parity.inheritance import inherited_from
from nbtui.parity.metrics import metrics
from nbtui.parity.model import Comparison, Row
from nbtui.parity.preflight import show
from nbtui.parity.render import split_common
from nbtui.regular_file import open_regular
from nbtui.trace.model import Trace
from nbtui.trace.side import SideName

if TYPE_CHECKING:
    from nbtui.live.model import Case, Settings, Simulation

_PIECE = 1 << 20  # bytes
TWO_LOGS = "two logs"  # name of a comparison without a case


def record(
    comparison: Comparison,
    c: Trace,
    py: Trace,
    *,
    case: Case | None = None,
    settings: Settings | None = None,
    simulation: Simulation | None = None,
    more: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """The metrics.json object. ``settings`` states mode, dtype and device; ``more`` adds the keys of an export."""
    extra: dict[str, object] = {
        "trace_sha256": {"c": c.sha256, "py": py.sha256},
        "first_divergence_detail": _detail(comparison, comparison.first_divergence),
        "first_reaching_detail": _detail(comparison, comparison.first_reaching),
    }
    if case is not None:
        command = normalised_command(case)
        extra |= {"command": command, "command_hash": hashlib.sha256(command.encode()).hexdigest()}
    if settings is not None:
        extra |= {"phi_mode": settings.phi_mode, "dtype": settings.dtype, "device": settings.device}
        from nbtui.live.programs import stated  # two logs are compared without it

        name, quirks = stated(settings)
        extra |= {"quirks": quirks, "c_program": name or None, "omp_threads": settings.omp_threads}
    if simulation is not None:
        extra |= simulation_entries(simulation)
    extra |= more or {}
    return metrics(comparison, c, py, case=case.name if case is not None else TWO_LOGS, extra=extra)


def simulation_entries(simulation: Simulation) -> dict[str, object]:
    """The keys of metrics.json that only the simulation determines."""
    axes = simulation.axes
    return {
        "steps": simulation.steps,
        "oversample": axes["sub_slow"],
        "phi_steps": axes["phi_step"],
        "mosaic_domains": axes["mosaic_domain"],
        "sources": axes["source"],
        "thick_steps": axes["thick"],
        "n_cells": list(simulation.n_cells),
        "float64_error": simulation.float64_error,
        "notices": list(simulation.notices),
    }


def side_entry(
    side: SideName, trace: Trace, settings: Settings | None = None, *, file: str | None = None
) -> dict[str, object]:
    """One side of a comparison with its origin: a log's file, or the simulator with its settings.

    ``file``: the name of the log for a reader; default: its path.
    """
    entry: dict[str, object] = {
        "role": side.role.value,
        "name": side.name,
        "file": None,
        "sha256": None,
        "modified": None,
        "simulation": None,
    }
    path = Path(trace.origin)
    if settings is not None:
        from nbtui.live.programs import stated

        program, quirks = stated(settings)
        entry["simulation"] = {
            "simulator": f"nbsim {nbtui.__version__}",
            "phi_mode": settings.phi_mode,
            "dtype": settings.dtype,
            "device": settings.device,
            "quirks": quirks,
            "c_program": program or None,
        }
    elif path.is_file():
        modified = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
        entry |= {
            "file": file or spelled(str(path)),
            "sha256": sha256_of(path),
            "modified": modified.replace("+00:00", "Z"),
        }
    return entry


def normalised_command(case: Case) -> str:
    """The case's command line on one line, quoted for a shell, the pixel last."""
    pixel = () if case.pixel is None else ("-trace_pixel", str(case.pixel[0]), str(case.pixel[1]))
    return shlex.join(["nanoBragg", *case.argv, *pixel])


def input_entry(path: Path, name: str) -> dict[str, object]:
    """``path`` (as shown to the reader), ``sha256`` and ``size`` of one input file. Raises OSError."""
    return {"path": name, "sha256": sha256_of(path), "size": path.stat().st_size}


def sha256_of(path: Path) -> str:
    """Checksum of a file of any size. Raises OSError."""
    digest = hashlib.sha256()
    with open_regular(path) as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def disagreement(comparison: Comparison) -> str:
    """Why a comparison is not an agreement; empty for one that is."""
    first = comparison.first_divergence
    if first is not None:
        return f"{first.label} diverges"
    if not comparison.num_compared:
        return "no value exists on both sides"
    return "" if comparison.agrees else too_little(comparison)


def _detail(comparison: Comparison, row: Row | None) -> dict[str, object] | None:
    """A divergence at full precision."""
    if row is None:
        return None
    common = split_common(show(row.c_value), show(row.py_value))[0]
    cause = inherited_from(comparison, row)
    return {
        "label": row.label,
        "unit": row.unit,
        "description": row.description,
        "c_value": row.c_value,
        "py_value": row.py_value,
        "abs_delta": row.abs_delta,
        "rel_delta": row.rel_delta,
        "ulp": row.ulp,
        "tolerance": row.tolerance,
        "digits_agreeing": sum(char.isdigit() for char in common.lstrip("-0.")),
        "inherited_from": cause.label if cause is not None else None,
        "origin": standing.origin(comparison, row),
        "obstacle": standing.obstacle(comparison, row),
        "status": row.status.value,
    }
