"""Every pattern that sees the text of a file takes time in proportion to its length, whatever the text is."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import itertools
import pkgutil
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import nbsim
import nbtui
from nbtui.live.parameters.c_setup import _lines
from nbtui.trace.model import TraceError
from nbtui.trace.reading.printout import _ROWS
from nbtui.trace.reading.reader import read_trace

BEFORE = (
    "", "TRACE_C_PHI ", "TRACE: ", "Pixel (1, 2)", "final intensity = ", "pixel 1", "SIZE1", "{ HEADER_BYTES", "\\",
    "spixel = 1", "-trace_pixel 1", "max_I = ",
)  # fmt: skip
REPEATED = (
    "a", "1", " ", "_", "=", "TRACE_C_", "1.", "a b ", "-", "e1", "x1", "( ", "[", "\n", "a:", ".", "0x", "DETECTOR_A",
    "DETECTOR_DIMENSIONS", "\\ ", "a_", "A", "\t", "1 ", "a.1", "|", "+1",
)  # fmt: skip
BEHIND = ("", "_", "!")
SHORT = 3000  # characters; quadratic time is then some ms
NOTICED = 0.002  # s of processor time
CERTAIN = 0.015  # s: less is noise
# patterns for words of the program itself or of the user, never for the text of a file
OWN_WORDS = {"nbtui.console.logs.state", "nbtui.console.terminal.damage", "nbtui.console.logs.pane"}


Pattern = re.Pattern[str] | re.Pattern[bytes]
METHODS = frozenset({"match", "fullmatch", "search", "findall", "finditer", "sub", "split"})


@dataclass(frozen=True)
class Used:
    """A pattern and the methods that its module uses."""

    pattern: Pattern
    methods: frozenset[str]


def patterns() -> Iterator[tuple[str, Used]]:
    for package in (nbtui, nbsim):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith("__main__") or module.name in OWN_WORDS:
                continue
            source = inspect.getsource(importlib.import_module(module.name))
            for name, value in vars(importlib.import_module(module.name)).items():
                pattern = getattr(value, "__self__", value)  # also of a bound fullmatch or findall
                if isinstance(pattern, re.Pattern):
                    calls = {value.__name__} if pattern is not value else set(re.findall(rf"\b{name}\.(\w+)", source))
                    yield f"{module.name}.{name}", Used(pattern, frozenset(calls & METHODS or METHODS))
    for number, (pattern, _) in enumerate(_lines()):
        yield f"set-up line {number}", Used(pattern, frozenset({"search"}))
    for number, (pattern, _) in enumerate(_ROWS):
        yield f"-printout line {number}", Used(pattern, frozenset({"fullmatch"}))


def seconds(used: Used, parts: tuple[str, str, str], length: int) -> float:
    pattern: Any = used.pattern
    text: str | bytes = parts[0] + parts[1] * (length // len(parts[1])) + parts[2]
    text = text.encode() if isinstance(pattern.pattern, bytes) else text
    start = time.process_time()
    for method in ("match", "fullmatch", "search", "findall"):
        if method in used.methods or (method == "findall" and used.methods & {"finditer", "sub", "split"}):
            getattr(pattern, method)(text)
    return time.process_time() - start


@pytest.mark.slow
def test_no_pattern_takes_quadratic_time() -> None:
    found = dict(patterns())
    assert len(found) > 40
    slow = []
    for name, pattern in found.items():
        for parts in itertools.product(BEFORE, REPEATED, BEHIND):
            if seconds(pattern, parts, SHORT) < NOTICED:
                continue
            once, twice = (min(seconds(pattern, parts, size) for _ in range(2)) for size in (2 * SHORT, 4 * SHORT))
            if twice > max(3.0 * once, CERTAIN):
                slow.append((name, parts, once, twice))
                break
    assert not slow


LINES = (
    "TRACE_C: {}", "TRACE_C: F_cell {}", "TRACE_C: hkl_frac {}", "TRACE_PY_PHI {}", "TRACE_C_PHI phi_tic=1 {}",
    "TRACE_C_PHI {}", "TRACE_C_SOURCE {}", "TRACE_C_TRICUBIC [1, {}", "TRACE: {}", "DETECTOR_FAST_AXIS {}",
    "WARNING {}", "wave={}", "tracing pixel (slow = {}", "1 2 : stol = {}", "final intensity = {}", " xtal: {}", "{}",
)  # fmt: skip


def reading(path: Path, content: str) -> float:
    path.write_text(content)
    start = time.process_time()
    with contextlib.suppress(TraceError):
        read_trace(path)
    return time.process_time() - start


@pytest.mark.slow
@pytest.mark.parametrize("line", LINES)
def test_one_long_line_is_read_in_linear_time(line: str, tmp_path: Path) -> None:
    for repeated in ("1", "a", " ", "a=1 ", "a b", "1 ", "TRACE_C: ", "(", "TRACE_C_A"):
        sizes = (30_000, 60_000)
        if reading(tmp_path / "log", line.format(repeated * (sizes[0] // len(repeated))) + "x\n") < 0.1:
            continue
        once, twice = (
            min(reading(tmp_path / "log", line.format(repeated * (size // len(repeated))) + "x\n") for _ in range(2))
            for size in sizes
        )
        assert twice < 3.0 * once, (repeated, once, twice)


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize(
    "line",
    [
        "TRACE_C: F_cell 1", "TRACE_C_PHI phi_tic=1e F_latt=1", "TRACE_PY_PHI phi_tic=1e999 F_latt=1", "TRACE: a 1",
        "5 5 : stol = 1", "WARNING", "TRACE_C", "DETECTOR_FAST_AXIS 1 2 3", "TRACE_C: I_pixel_final 1",
    ],
)  # fmt: skip
def test_many_lines_are_read_in_linear_time(line: str, end: str, tmp_path: Path) -> None:
    good = f"TRACE_C_PHI phi_tic=1 F_latt=1{end}TRACE_PY_PHI phi_tic=1 F_latt=1{end}"
    if reading(tmp_path / "log", good + (line + end) * 4000) < 0.4:
        return
    once, twice = (min(reading(tmp_path / "log", good + (line + end) * n) for _ in range(2)) for n in (4000, 8000))
    assert twice < 3.0 * once
