"""X-ray sources: read from a file, or a grid of divergence and dispersion.

Source: nanobragg_setup.md sections 4.1 to 4.3 and quirks S20, S21.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from nbsim.c_numbers import leading_number, without_comments
from nbsim.errors import InputError
from nbsim.parameters import Parameters
from nbsim.regular_file import read_regular
from nbsim.setup.plan import Steps
from nbsim.vectors import cross, rotate_about, unit

SOURCE_DISTANCE = 10.0  # m; not settable
_COLUMNS = 5
_SEPARATORS = " \t,;:!"
_SEPARATOR = re.compile(f"[{_SEPARATORS}]")
_MOST_SOURCES = 1_000_000
_LARGEST_FILE = 1 << 28  # bytes


@dataclass(frozen=True)
class Sources:
    """Q sources: raw positions (Q, 3) [m], wavelengths (Q,) [m], weights (Q,)."""

    positions: Tensor
    wavelengths: Tensor
    weights: Tensor


def _literal_row(line: str) -> list[float]:
    """The columns of one line as C reads them; text counts as 0."""
    values: list[float] = []
    rest = line.lstrip(_SEPARATORS)
    while len(values) < _COLUMNS:
        value, end = leading_number(rest)
        values.append(value)
        rest = rest[end:]
        if rest.startswith("\n"):
            break
        # C skips the rest of the word, line end included
        found = _SEPARATOR.search(rest)
        rest = rest[found.start() :].lstrip(_SEPARATORS) if found else ""
        if rest.startswith("\n"):
            break
    return values


def _plain_row(line: str, path: Path, number: int) -> list[float]:
    words = re.split(f"[{_SEPARATORS}]+", line.strip(_SEPARATORS))[:_COLUMNS]
    values: list[float] = []
    for word in words:
        try:
            values.append(float(word))
        except ValueError as error:
            raise InputError(f"{path}:{number}: {word!r} is not a number (columns: X Y Z weight wavelength)") from error
    return values


def _padded(values: list[float]) -> list[float]:
    return values + [math.nan] * (_COLUMNS - len(values))


def _complete(values: list[float], defaults: list[float]) -> list[float]:
    return [default if math.isnan(value) else value for value, default in zip(values, defaults, strict=True)]


def listed_sources(rows: Tensor, beam: Tensor, wavelength: Tensor) -> Sources:
    """Sources of the ``rows`` (Q, 5) of a file; defaults of nan: on the beam, weight 1, ``wavelength`` [m], scalar."""
    one = torch.ones(1, dtype=rows.dtype)
    defaults = torch.cat((-SOURCE_DISTANCE * beam, one, wavelength[None]))
    table = torch.where(rows.isnan(), defaults, rows)
    return Sources(table[:, :3], table[:, 4], table[:, 3])


def read_sources(
    path: Path, beam: Tensor, wavelength: float, *, literal: bool, comments: bool = False, dark: bool = False
) -> Tensor:
    """Rows of a text file: X Y Z [m] weight wavelength [m], (Q, 5), nan where a value is missing.

    ``literal``: read as in C (S20); otherwise comments and blank lines are skipped. ``comments``: skip text from ``#``
    on in a literal reading, too. ``dark``: accept sources without wavelength or direction, from lines that C reads as
    zeros.

    Raises:
        InputError: unreadable, without a source, or with one that has no direction or no positive wavelength.
    """
    try:
        text = read_regular(path, _LARGEST_FILE).decode("latin-1")
    except OSError as error:
        raise InputError(f"-sourcefile {path}: cannot be read ({error.strerror})") from error
    defaults = [*(-SOURCE_DISTANCE * beam).tolist(), 1.0, wavelength]
    rows: list[list[float]] = []
    if comments:
        text = without_comments(text)
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        last = number == len(lines)
        if literal:
            if not line.strip(_SEPARATORS) and not (last and line):
                continue
            values = _padded(_literal_row(line if last else line + "\n"))
        else:
            stripped = line.split("#")[0].strip().strip(_SEPARATORS)
            if not stripped:
                continue
            values = _padded(_plain_row(stripped, path, number))
        row = _complete(values, defaults)
        if not ((row[4] > 0.0 or dark) and all(map(math.isfinite, row))):
            shown = " ".join(f"{value:g}" for value in row)
            if "#" in line:
                raise InputError(
                    f"{path}:{number}: '#' begins no comment in C, which reads this line as a source of {shown}; "
                    "'--quirk comments_as_data=off', in Python quirks={'comments_as_data': False}, skips comments"
                )
            raise InputError(
                f"{path}:{number}: a source needs a finite position and a positive wavelength, this one reads as "
                f"{shown}; C takes what it cannot read for 0, '--quirk source_file_literal=off', "
                "in Python quirks={'source_file_literal': False}, fills in defaults"
            )
        if row[:3] == [0.0, 0.0, 0.0] and not dark:
            raise InputError(f"{path}:{number}: a source at the sample (0 0 0) has no direction")
        rows.append(values)
    if not rows:
        raise InputError(f"-sourcefile {path}: no source in the file")
    return torch.tensor(rows, dtype=torch.float64)


def with_spectrum(sources: Sources, parameters: Parameters) -> Sources:
    """``sources`` with the directions, wavelengths and weights of ``parameters``, where given.

    A single source is repeated for each of them.

    Raises:
        InputError: their numbers differ.
    """
    given = {
        "source_directions": parameters.source_directions,
        "source_wavelengths": parameters.source_wavelengths,
        "source_weights": parameters.source_weights,
    }
    counts = {name: len(value) for name, value in given.items() if value is not None}
    own = len(sources.weights)
    if not counts:
        return sources
    count = max(counts.values())
    if len(set(counts.values())) > 1 or own not in (1, count):
        listed = ", ".join(f"{name} {number}" for name, number in counts.items())
        raise InputError(f"numbers of sources differ: {listed}, the command line {own}; give all three at one length")
    directions, waves, weights = given.values()
    repeats = count // own
    return Sources(
        sources.positions.repeat(repeats, 1) if directions is None else SOURCE_DISTANCE * directions,
        sources.wavelengths.repeat(repeats) if waves is None else waves / 1e10,
        sources.weights.repeat(repeats) if weights is None else weights,
    )


def generate_sources(
    beam: Tensor,
    polarization: Tensor,
    wavelength: Tensor,
    horizontal: Steps,
    vertical: Steps,
    dispersion: Steps,
    *,
    round_shape: bool,
) -> Sources:
    """Grid of divergences (h outer, v inner) times wavelengths (innermost); all weights 1 / number.

    Raises:
        InputError: no point is left, too many are, or a wavelength is not positive.
    """
    total = horizontal.count * vertical.count * dispersion.count
    if total > _MOST_SOURCES:
        raise InputError(
            f"-hdivsteps, -vdivsteps, -dispsteps: they ask for {total} sources; at most {_MOST_SOURCES} are sensible"
        )
    accepted = accepted_divergences(horizontal, vertical, round_shape)
    shares = [1.0 + dispersion.step * k - dispersion.range / 2.0 for k in range(dispersion.count)]
    if not accepted:
        raise InputError("-hdiv..., -vdiv...: the round divergence leaves no source; -square_div keeps the corners")
    if min(shares) <= 0.0:
        raise InputError(f"-dispersion {100.0 * dispersion.range:g}: a wavelength would not be positive")
    across = unit(cross(beam, polarization))
    angles = torch.tensor(accepted, dtype=torch.float64)
    start = (-SOURCE_DISTANCE * beam).expand(len(accepted), 3)
    positions = rotate_about(rotate_about(start, polarization, angles[:, 1]), across, angles[:, 0])
    waves = torch.stack([wavelength * share for share in shares])
    count = len(accepted) * len(waves)
    return Sources(
        positions.repeat_interleave(len(waves), dim=0),
        waves.repeat(len(accepted)),
        torch.full((count,), 1.0 / count, dtype=torch.float64),
    )


def accepted_divergences(horizontal: Steps, vertical: Steps, round_shape: bool) -> list[tuple[float, float]]:
    """(h, v) in radians inside the ellipse; a one-dimensional fan is never trimmed."""

    def term(angle: float, steps: Steps) -> float:
        even = 1 - steps.count % 2
        return (angle * angle - steps.step * steps.step / 4.0 * even) / steps.range / steps.range

    trimmed = round_shape and horizontal.range != 0.0 and vertical.range != 0.0
    points: list[tuple[float, float]] = []
    for i in range(horizontal.count):
        h = horizontal.step * i - horizontal.range / 2.0
        for j in range(vertical.count):
            v = vertical.step * j - vertical.range / 2.0
            if not (trimmed and (term(h, horizontal) + term(v, vertical)) * 4.0 > 1.1):
                points.append((h, v))
    return points
