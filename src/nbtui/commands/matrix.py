"""``nbtui compare CASE --matrix``: one case in every phi mode, dtype and available device."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from nbtui.commands.options import Request, say
from nbtui.errors import SimulationFailed
from nbtui.parity.compare import raised
from nbtui.parity.coverage import TOO_LITTLE
from nbtui.parity.metrics import to_json
from nbtui.parity.model import Comparison, Row
from nbtui.schemas import labelled
from nbtui.trace.model import Trace

if TYPE_CHECKING:
    from nbtui.live.model import Case

_MODES = ("c-parity", "spec")
_DTYPES = ("float64", "float32")
_DEVICES = ("cpu", "cuda")


@dataclass(frozen=True)
class MatrixCell:
    """One combination of phi mode, dtype and device with its comparison, or the ``failure`` of its simulation."""

    phi_mode: str
    dtype: str
    device: str
    comparison: Comparison | None
    failure: str = ""

    @property
    def name(self) -> str:
        return f"{self.phi_mode} {self.dtype} {self.device}"

    @property
    def agrees(self) -> bool:
        return self.comparison is not None and self.comparison.agrees

    def outside(self) -> dict[str, Row]:
        """The row farthest out of tolerance by field, pipeline order."""
        found: dict[str, Row] = {}
        for row in self.comparison.rows if self.comparison else ():
            if raised(row) and (row.field not in found or _size(row) > _size(found[row.field])):
                found[row.field] = row
        return found


def matrix(request: Request, case: Case, c: Trace, *, as_json: bool) -> int:
    """Simulate ``case`` in every combination and print where each leaves tolerance. Returns 0 if all agree, else 1.

    Raises:
        SimulationFailed: every simulation failed.
    """
    from nbtui.live.session import runtime

    devices = _DEVICES if runtime()["cuda_available"] else _DEVICES[:1]
    absent = tuple(device for device in _DEVICES if device not in devices)
    cells = tuple(_cells(request, case, c, devices))
    if all(cell.comparison is None for cell in cells):
        raise SimulationFailed(cells[0].failure)
    if as_json:
        click.echo(to_json(labelled("matrix", as_object(case.name, cells, absent))), nl=False)
    else:
        click.echo("\n".join(table(cells, absent)))
    return 0 if all(cell.agrees for cell in cells) else 1


def _cells(request: Request, case: Case, c: Trace, devices: tuple[str, ...]) -> Iterator[MatrixCell]:
    from nbtui.live.session import simulate

    for device, dtype, mode in itertools.product(devices, _DTYPES, _MODES):
        say(f"simulating {mode} {dtype} {device}")
        settings = replace(request.settings(), phi_mode=mode, dtype=dtype, device=device)
        try:
            simulation = simulate(case, settings)
        except SimulationFailed as error:
            yield MatrixCell(mode, dtype, device, None, str(error))
        else:
            yield MatrixCell(mode, dtype, device, request.compare(c, simulation.trace))


def table(cells: tuple[MatrixCell, ...], absent: tuple[str, ...]) -> Iterator[str]:
    """A verdict per combination, then the fields out of tolerance: the largest relative difference, ``=`` inside."""
    outside = [cell.outside() for cell in cells]
    orders = {name: row.order for found in outside for name, row in found.items()}
    width = max([len(name) for name in orders] + [len("verdict")])
    columns = [max(len(cell.name), 12) for cell in cells]

    def row(name: str, values: Iterable[str]) -> str:
        return f"{name:<{width}}  " + "  ".join(
            f"{value:>{column}}" for value, column in zip(values, columns, strict=True)
        )

    yield row("", (cell.name for cell in cells))
    yield row("verdict", (_verdict(cell).upper() for cell in cells))
    for name in sorted(orders, key=lambda name: (orders[name], name)):
        yield row(name, (_text(cell, found.get(name)) for cell, found in zip(cells, outside, strict=True)))
    first = next(cell.comparison for cell in cells if cell.comparison is not None)
    yield ""
    yield f"largest relative difference where outside the tolerance of profile {first.profile}; = inside"
    for cell, found in zip(cells, outside, strict=True):
        if cell.failure:
            yield f"{cell.name}: {cell.failure}"
        elif found:
            yield f"{cell.name}: leaves tolerance first at {_first(cell)}, {len(found)} fields in all"
    yield from (f"{device}: not available to torch" for device in absent)


def as_object(name: str, cells: tuple[MatrixCell, ...], absent: tuple[str, ...]) -> dict[str, object]:
    """The matrix as plain values."""
    return {
        "case": name,
        "devices_absent": list(absent),
        "matrix": [
            {
                "phi_mode": cell.phi_mode,
                "dtype": cell.dtype,
                "device": cell.device,
                "verdict": _verdict(cell),
                "failure": cell.failure or None,
                "first_divergence": _first(cell),
                "outside": [
                    {
                        "field": row.field,
                        "label": row.label,
                        "stage": row.stage,
                        "c": row.c_value,
                        "py": row.py_value,
                        "rel_delta": row.rel_delta,
                        "tolerance": row.tolerance,
                    }
                    for row in cell.outside().values()
                ],
            }
            for cell in cells
        ],
    }


def _verdict(cell: MatrixCell) -> str:
    if cell.comparison is not None and cell.comparison.too_little and cell.comparison.first_divergence is None:
        return TOO_LITTLE
    return "failed" if cell.comparison is None else "agree" if cell.agrees else "diverge"


def _first(cell: MatrixCell) -> str | None:
    first = cell.comparison.first_divergence if cell.comparison else None
    return first.label if first else None


def _text(cell: MatrixCell, row: Row | None) -> str:
    if cell.comparison is None:
        return "-"
    if row is None:
        return "="
    return "differs" if row.rel_delta is None else f"{row.rel_delta:+.2e}"


def _size(row: Row) -> float:
    return float("inf") if row.rel_delta is None else abs(row.rel_delta)
