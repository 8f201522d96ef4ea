"""``nbtui terms``: every contribution to the pixel, in accumulation order."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

import click

from nbtui.commands.options import Request, case_options, say
from nbtui.schemas import labelled

if TYPE_CHECKING:
    from nbtui.live.model import Simulation

_UNITS = {"h": "1", "k": "1", "l": "1", "F_latt": "1", "F_cell": "e", "F_cell2_F_latt2": "e^2", "share": "1"}
_INSIDE = "    "  # before a line of a term in the object
_AT_ONCE = 2000  # pieces written at a time
_STEPS = 6  # columns that say which step a term belongs to


@click.command("terms")
@click.option("--json", "style", flag_value="json", help="Print one JSON object with every term.")
@click.option("--csv", "style", flag_value="csv", help="Print terms.csv as in a package, 17 digits.")
@case_options(judged=False)
def command(request: Request, style: str | None) -> int:
    """Print every contribution F_cell^2 F_latt^2 to the pixel of CASE."""
    from nbtui.live.session import simulate, terms_csv_pieces

    simulation = simulate(request.case(), request.settings())
    for notice in simulation.notices:
        say(notice)
    if style == "csv":
        pieces = terms_csv_pieces(simulation.terms)
    elif style == "json":
        pieces = _json(simulation)
    else:
        pieces = (f"{line}\n" for line in _table(simulation))
    at_once = 1 if style == "csv" else _AT_ONCE  # those pieces are long already
    while piece := "".join(islice(pieces, at_once)):
        click.echo(piece, nl=False)
    return 0


def _rows(simulation: Simulation) -> Iterator[tuple[tuple[float | int, ...], float]]:
    """Every term with its share of the sum."""
    from nbtui.live.session import term_rows

    total = _sum(simulation)
    for rows in term_rows(simulation.terms):
        yield from ((row, row[-1] / total if total else 0.0) for row in rows)


def _sum(simulation: Simulation) -> float:
    """The sum of the terms in accumulation order."""
    values = simulation.terms.F_cell2_F_latt2
    return float(values.cumsum()[-1]) if len(values) else 0.0


def _json(simulation: Simulation) -> Iterator[str]:
    """The JSON object, term by term."""
    from nbtui.live.model import TERM_COLUMNS
    from nbtui.parity.metrics import to_json

    head = labelled(
        "terms",
        {
            "case": simulation.case.name,
            "pixel": {"slow": simulation.pixel[0], "fast": simulation.pixel[1]},
            "phi_mode": simulation.settings.phi_mode,
            "c_program": simulation.settings.c_program.name if simulation.settings.c_program is not None else None,
            "dtype": simulation.settings.dtype,
            "device": simulation.settings.device,
            "axes": simulation.axes,
            "units": _UNITS,
            "sum": _sum(simulation),
            "terms": [],
        },
    )
    text = to_json(head)
    before, _, after = text.rpartition("[]")
    names = [f'{_INSIDE}  "{name}": ' for name in (*TERM_COLUMNS, "share")]
    comma = "[\n"
    yield before
    for row, share in _rows(simulation):
        values = ",\n".join(name + _number(value) for name, value in zip(names, (*row, share), strict=True))
        yield f"{comma}{_INSIDE}{{\n{values}\n{_INSIDE}}}"
        comma = ",\n"
    yield ("\n  ]" if len(simulation.terms.h) else "[]") + after


def _number(value: float) -> str:
    """As `to_json` writes it."""
    return repr(value) if math.isfinite(value) else '"nan"' if math.isnan(value) else '"inf"' if value > 0 else '"-inf"'


def _table(simulation: Simulation) -> Iterator[str]:
    slow, fast = simulation.pixel
    count = len(simulation.terms.h)
    yield f"pixel slow {slow} fast {fast}   phi mode {simulation.settings.phi_mode}   {count} terms"
    yield f"sum F_cell^2 F_latt^2 = {_sum(simulation):.15g} e^2"
    yield (
        f"{'layer':>5} {'sub s':>5} {'sub f':>5} {'src':>4} {'phi':>4} {'dom':>4} {'h':>12} {'k':>12} {'l':>12} "
        f"{'node':>13} {'F_latt':>12} {'F_cell/e':>10} {'term/e^2':>14} {'share':>8}"
    )
    for row, share in _rows(simulation):
        layer, sub_slow, sub_fast, source, phi, domain = row[:_STEPS]
        h, k, l, h0, k0, l0, f_latt, f_cell, term = row[_STEPS:]
        node = f"{h0:.0f} {k0:.0f} {l0:.0f}"
        yield (
            f"{layer:>5} {sub_slow:>5} {sub_fast:>5} {source:>4} {phi:>4} {domain:>4} {h:>12.6f} {k:>12.6f} {l:>12.6f} "
            f"{node:>13} {f_latt:>12.6g} {f_cell:>10.6g} {term:>14.8g} {100 * share:>7.2f}%"
        )
