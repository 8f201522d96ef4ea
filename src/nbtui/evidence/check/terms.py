"""terms.csv of a package: its columns, every product, and the sum of the terms.

Source: spec/evidence_package.md, terms.csv.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from pathlib import Path

from nbtui.evidence.check.finding import SHOWN, FileFinding, Weight
from nbtui.evidence.layout import GIVEN_LOG, TERMS
from nbtui.evidence.read.folder import number, regular_size, text
from nbtui.regular_file import open_regular_text

COLUMNS = (
    *("thick", "sub_slow", "sub_fast", "source", "phi_step", "mosaic_domain"),
    *("h", "k", "l", "h0", "k0", "l0", "F_latt", "F_cell", "F_cell2_F_latt2"),
)
ROUNDING = {"float64": 1e-9, "float32": 1e-4}  # of a sum of terms, relative; of one product likewise
WEIGHTING = ("-oversample_thick", "-oversample_polar", "-oversample_omega")  # then the sum is not of bare terms


def check_terms(folder: Path, metrics: dict[str, object]) -> list[FileFinding]:
    """terms.csv: columns, every product, and the sum against I_before_scaling of the Python side."""
    if regular_size(folder / TERMS) is None:
        return [FileFinding(TERMS, "cannot be read")]
    try:
        with open_regular_text(folder / TERMS) as lines:  # there may be millions
            return _terms(lines, metrics)
    except (OSError, csv.Error) as error:
        return [FileFinding(TERMS, f"cannot be read: {error}")]


def _terms(lines: Iterable[str], metrics: dict[str, object]) -> list[FileFinding]:
    tolerance = ROUNDING.get(text(metrics.get("dtype")), ROUNDING["float64"])
    reader = csv.reader(lines)
    if tuple(next(reader, ())) != COLUMNS:
        return [FileFinding(TERMS, f"the first line must be {','.join(COLUMNS)}")]
    found: list[FileFinding] = []
    total = 0.0
    for at, row in enumerate(reader, start=2):
        values = [number(cell) for cell in row]
        if len(values) != len(COLUMNS) or None in values:
            return [FileFinding(TERMS, f"line {at} does not hold {len(COLUMNS)} numbers")]
        f_latt, f_cell, product = (value or 0.0 for value in values[-3:])
        total += product
        expected = f_cell**2 * f_latt**2
        if not math.isclose(expected, product, rel_tol=tolerance, abs_tol=1e-300) and len(found) < SHOWN:
            found.append(FileFinding(TERMS, f"line {at}: F_cell^2 F_latt^2 is {expected!r}, not {product!r}"))
    if text(metrics.get("python_trace")) == GIVEN_LOG:
        return [
            *found,
            FileFinding(
                TERMS, "the Python trace is a given log; the terms belong to nbtui's own simulation", Weight.REMARK
            ),
        ]
    stated = number(metrics.get("I_before_scaling_Py"))
    command = f" {text(metrics.get('command'))} "
    if stated is None or any(f" {flag} " in command for flag in WEIGHTING) or " -water " in command:
        return [*found, FileFinding(TERMS, "the sum of terms is weighted in this run: not compared", Weight.UNJUDGED)]
    if not math.isclose(total, stated, rel_tol=tolerance, abs_tol=1e-300):
        found.append(FileFinding(TERMS, f"the terms add up to {total!r}, I_before_scaling_Py is {stated!r}"))
    return found
