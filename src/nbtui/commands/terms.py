"""``nbtui terms``: every contribution of the pixel, in accumulation order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from nbtui.commands.options import Request, case_options, say

if TYPE_CHECKING:
    from nbtui.live.model import Simulation

_UNITS = {"h": "1", "k": "1", "l": "1", "F_latt": "1", "F_cell": "e", "F_cell2_F_latt2": "e^2", "share": "1"}
_STEPS = 6  # columns that say which step a term belongs to


@click.command("terms")
@click.option("--json", "style", flag_value="json", help="One object with every term.")
@click.option("--csv", "style", flag_value="csv", help="As terms.csv of a package, 17 digits.")
@case_options(judged=False)
def command(request: Request, style: str | None) -> int:
    """Print every contribution F_cell^2 F_latt^2 of the pixel of CASE."""
    from nbtui.live.session import simulate, terms_csv

    simulation = simulate(request.case(), request.settings())
    for notice in simulation.notices:
        say(notice)
    if style == "csv":
        click.echo(terms_csv(simulation.terms), nl=False)
    elif style == "json":
        from nbtui.parity.metrics import to_json

        click.echo(to_json(_object(simulation)), nl=False)
    else:
        for line in _table(simulation):
            click.echo(line)
    return 0


def _shares(simulation: Simulation) -> tuple[float, list[float]]:
    """Sum of the terms and each term's part of it."""
    values = simulation.terms.F_cell2_F_latt2.tolist()
    total = sum(values)
    return total, [value / total if total else 0.0 for value in values]


def _rows(simulation: Simulation) -> list[tuple[float | int, ...]]:
    from nbtui.live.session import TERM_COLUMNS

    columns = [getattr(simulation.terms, name).tolist() for name in TERM_COLUMNS]
    return list(zip(*columns, strict=True))


def _object(simulation: Simulation) -> dict[str, object]:
    from nbtui.live.session import TERM_COLUMNS

    total, shares = _shares(simulation)
    rows = zip(_rows(simulation), shares, strict=True)
    return {
        "case": simulation.case.name,
        "pixel": {"slow": simulation.pixel[0], "fast": simulation.pixel[1]},
        "phi_mode": simulation.settings.phi_mode,
        "dtype": simulation.settings.dtype,
        "device": simulation.settings.device,
        "axes": simulation.axes,
        "units": _UNITS,
        "sum": total,
        "terms": [{**dict(zip(TERM_COLUMNS, row, strict=True)), "share": share} for row, share in rows],
    }


def _table(simulation: Simulation) -> Iterator[str]:
    slow, fast = simulation.pixel
    total, shares = _shares(simulation)
    yield f"pixel slow {slow} fast {fast}   phi mode {simulation.settings.phi_mode}   {len(shares)} terms"
    yield f"sum F_cell^2 F_latt^2 = {total:.15g} e^2"
    yield (
        f"{'layer':>5} {'sub s':>5} {'sub f':>5} {'src':>4} {'phi':>4} {'dom':>4} {'h':>12} {'k':>12} {'l':>12} "
        f"{'node':>13} {'F_latt':>12} {'F_cell/e':>10} {'term/e^2':>14} {'share':>8}"
    )
    for row, share in zip(_rows(simulation), shares, strict=True):
        layer, sub_slow, sub_fast, source, phi, domain = row[:_STEPS]
        h, k, l, h0, k0, l0, f_latt, f_cell, term = row[_STEPS:]
        node = f"{h0:.0f} {k0:.0f} {l0:.0f}"
        yield (
            f"{layer:>5} {sub_slow:>5} {sub_fast:>5} {source:>4} {phi:>4} {domain:>4} {h:>12.6f} {k:>12.6f} {l:>12.6f} "
            f"{node:>13} {f_latt:>12.6g} {f_cell:>10.6g} {term:>14.8g} {100 * share:>7.2f}%"
        )
