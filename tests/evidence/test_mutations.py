"""Random forgeries: small edits of every kind, checksums made to fit again, each of which is noticed.

An edit that leaves every statement the same is excluded by construction: lines that no statement is made from (see
`judged`), and values that are equal after the edit.
"""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbtui.evidence.check.finding import CheckOutcome
from nbtui.parity.metrics import to_json
from support.forging import PHI_LOG, PYTHON_LOG, metrics_of, said, signed

SEEDS = 23  # each makes one forgery of every kind
METRICS = "metrics.json"
TEXTS = ("summary.md", "commands.txt", "terms.csv", PYTHON_LOG, PHI_LOG)
STATUSES = ("PASS", "MINOR", "DIVERGENT", "CRITICAL", "MISSING")

Place = tuple[str | int, ...]


def judged(name: str, line: str) -> bool:
    """Whether a statement is made from a line of a file: the own path of a package is not, but for its stamp."""
    if name.startswith("trace_py"):
        return line.startswith(("TRACE_PY", "# ", "WARNING"))
    return not line.startswith("- package: ")


def leaves(value: object, place: Place = ()) -> Iterator[tuple[Place, object]]:
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield from leaves(inner, (*place, key))
    else:
        yield place, value


def put(found: dict[str, Any], place: Place, value: object) -> None:
    inner: Any = found
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value


def a_number(package: Path, rng: random.Random) -> str:
    found = metrics_of(package)
    numbers = [(place, value) for place, value in leaves(found) if type(value) in (int, float)]
    place, value = rng.choice(numbers)
    put(found, place, value + rng.choice((1, -1)) if type(value) is int else (value * 1.01 or 1e-9))
    (package / METRICS).write_text(to_json(found))
    return f"{place}: {value}"


def a_text(package: Path, rng: random.Random) -> str:
    found = metrics_of(package)
    texts = [(place, value) for place, value in leaves(found) if isinstance(value, str) and value]
    place, value = rng.choice(texts)
    other = rng.choice([text for _, text in texts if text != value])
    put(found, place, other)
    (package / METRICS).write_text(to_json(found))
    return f"{place}: {value!r} -> {other!r}"


def a_status(package: Path, rng: random.Random) -> str:
    found = metrics_of(package)
    label = rng.choice(list(found["factors"]))
    old = found["factors"][label]["status"]
    found["factors"][label]["status"] = rng.choice([status for status in STATUSES if status != old])
    (package / METRICS).write_text(to_json(found))
    return f"{label}: {old}"


def a_key_dropped(package: Path, rng: random.Random) -> str:
    found = metrics_of(package)
    place = rng.choice([place for place, _ in leaves(found)])
    inner: Any = found
    for key in place[:-1]:
        inner = inner[key]
    del inner[place[-1]]
    (package / METRICS).write_text(to_json(found))
    return f"{place} is gone"


def two_keys_swapped(package: Path, rng: random.Random) -> str:
    found = metrics_of(package)
    one, other = rng.sample(list(found["factors"]), 2)
    while found["factors"][one] == found["factors"][other]:
        one, other = rng.sample(list(found["factors"]), 2)
    rows = found["factors"]
    rows[one], rows[other] = rows[other], rows[one]
    (package / METRICS).write_text(to_json(found))
    return f"{one} <-> {other}"


def lines_of(package: Path, rng: random.Random) -> tuple[Path, list[str], int]:
    """A file, its lines, and one of those that are judged."""
    path = package / rng.choice(TEXTS)
    lines = path.read_text().split("\n")[:-1]
    places = [at for at, line in enumerate(lines) if line and judged(path.name, line)]
    return path, lines, rng.choice(places)


def a_digit(package: Path, rng: random.Random) -> str:
    while True:
        path, lines, at = lines_of(package, rng)
        places = [found.start() for found in re.finditer(r"[0-9]", lines[at])]
        if not places:
            continue
        where = rng.choice(places)
        digit = str((int(lines[at][where]) + rng.randint(1, 9)) % 10)
        line = f"{lines[at][:where]}{digit}{lines[at][where + 1 :]}"
        path.write_text("\n".join([*lines[:at], line, *lines[at + 1 :]]) + "\n")
        return f"{path.name} line {at + 1}: {lines[at]!r} -> {line!r}"


def a_line_dropped(package: Path, rng: random.Random) -> str:
    path, lines, at = lines_of(package, rng)
    path.write_text("\n".join([*lines[:at], *lines[at + 1 :]]) + "\n")
    return f"{path.name} without line {at + 1}: {lines[at]!r}"


def a_line_twice(package: Path, rng: random.Random) -> str:
    path, lines, at = lines_of(package, rng)
    path.write_text("\n".join([*lines[: at + 1], *lines[at:]]) + "\n")
    return f"{path.name} line {at + 1} twice: {lines[at]!r}"


def two_lines_swapped(package: Path, rng: random.Random) -> str:
    while True:
        path, lines, at = lines_of(package, rng)
        if at + 1 == len(lines) or lines[at] == lines[at + 1] or not judged(path.name, lines[at + 1]):
            continue
        lines[at], lines[at + 1] = lines[at + 1], lines[at]
        path.write_text("\n".join(lines) + "\n")
        return f"{path.name} lines {at + 1} and {at + 2} swapped: {lines[at]!r}"


KINDS: tuple[Callable[[Path, random.Random], str], ...] = (
    *(a_number, a_text, a_status, a_key_dropped, two_keys_swapped),
    *(a_digit, a_line_dropped, a_line_twice, two_lines_swapped),
)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_random_forgery_is_noticed(
    kind: Callable[[Path, random.Random], str], diverging: Path, agreeing: Path, tmp_path: Path
) -> None:
    unnoticed = []
    for seed in range(SEEDS):
        rng = random.Random(f"{kind.__name__} {seed}")
        base = rng.choice((diverging, agreeing))
        package = tmp_path / str(seed) / base.name
        shutil.copytree(base, package)
        what = kind(package, rng)
        outcome = signed(package)
        if outcome.outcome is not CheckOutcome.FAILED:
            unnoticed.append(f"seed {seed}: {what}\n{said(outcome)}")
    assert not unnoticed, "\n".join(unnoticed)


def test_there_are_more_than_two_hundred() -> None:
    assert SEEDS * len(KINDS) >= 200
