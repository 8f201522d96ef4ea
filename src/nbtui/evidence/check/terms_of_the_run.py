"""The run behind terms.csv: its phi mode, its precision, and the lines of its log."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from nbtui.evidence.check.term_rows import Array, TermRows
from nbtui.evidence.read.folder import mapping, number, text
from nbtui.live.run_options import RunOptions
from nbtui.trace.model import Trace

_PRINTED = 1e-13  # relative: a log has 15 digits
_PRINTED_SINGLE = 1e-6
_TELLING = 16  # bits of a number beyond which it is not a float32 value by chance
_ENOUGH = 4  # such numbers

Key = tuple[float, ...]


class RunOfTerms:
    """Collects the rows that the log prints, and those that tell how the run was made."""

    def __init__(self, metrics: Mapping[str, object], options: RunOptions | None, py: Trace | None) -> None:
        self._metrics, self._options, self._py = metrics, options, py
        self._last_phi = int(number(metrics.get("phi_steps")) or 1) - 1
        self._shown: dict[Key, Array] = {}  # by thick, sub_slow, sub_fast, phi_step: first source and domain
        self._ends: dict[Key, dict[int, Array]] = {}  # h, k, l by pass, source and domain: first and last phi step
        self._single = self._double = 0

    def take(self, rows: TermRows) -> None:
        """Look at the next rows."""
        axes = rows.axes
        for at in np.flatnonzero((axes[:, 3] == 0) & (axes[:, 5] == 0)):
            self._shown[*axes[at, :3], axes[at, 4]] = rows.table[at]
        if self._last_phi > 0:
            for at in np.flatnonzero((axes[:, 4] == 0) | (axes[:, 4] == self._last_phi)):
                self._ends.setdefault((*axes[at, :4], axes[at, 5]), {})[int(axes[at, 4])] = rows.hkl[at]
        values = np.concatenate([rows.hkl.ravel(), rows.table[:, 12:].ravel()])
        short = values == _rounded(values, _TELLING)
        single = values == values.astype(np.float32)
        self._single += int(np.count_nonzero(single & ~short))
        self._double += int(np.count_nonzero(~single))

    def whole(self) -> list[str]:
        """Contradictions with the statements of the run."""
        return [*self._precision(), *self._phi_mode(), *(self._log(self._py) if self._py is not None else ())]

    def _precision(self) -> Iterator[str]:
        dtype = self._metrics.get("dtype")
        if dtype == "float32" and self._double:
            yield "holds float64 numbers, dtype is float32"
        if dtype == "float64" and self._single >= _ENOUGH and not self._double:
            yield "holds float32 numbers only, dtype is float64"

    def _phi_mode(self) -> Iterator[str]:
        """With C's carry-over, phi = 0 repeats the vectors of the last phi step, except in the very first pass."""
        given = self._options
        if self._last_phi < 1 or given is None or not given.turns_from_zero:
            return
        repeats = [_same(steps, 0, self._last_phi) for steps in self._ends.values() if len(steps) > 1]
        carried = mapping(self._metrics.get("quirks")).get("phi_carryover", self._metrics.get("phi_mode") == "c-parity")
        if repeats and all(repeats) and not carried:
            yield f"phi = 0 repeats the last phi step, phi_mode is {self._metrics.get('phi_mode')}"
        pixel = mapping(self._metrics.get("pixel"))
        first = given.part_of_detector or pixel == {"slow": 0, "fast": 0} or self._metrics.get("omp_threads") != 1
        if repeats and not any(repeats) and carried and not (first and len(repeats) <= 1):
            yield f"phi = 0 has vectors of its own, phi_mode is {self._metrics.get('phi_mode')}"

    def _log(self, py: Trace) -> Iterator[str]:
        """h, k, l, F_latt and F_cell of the passes that the log prints."""
        room = _PRINTED_SINGLE if text(self._metrics.get("dtype")) == "float32" else _PRINTED
        passes = list(dict.fromkeys(key[:3] for key in self._shown))
        for name, columns in (("hkl_frac", slice(6, 9)), ("F_latt", slice(12, 13)), ("F_cell", slice(13, 14))):
            records = py.all(name)
            if len(records) != len(passes):
                continue
            for record, key in zip(records, passes, strict=True):
                row = self._shown.get((*key, 0.0))
                if row is not None and not _close(record.values, row[columns], room):
                    yield f"{name} in line {record.line} of the log is not that of pass {_shown_key(key)}"
        for line in py.phi:
            if line.occurrence < len(passes):
                row = self._shown.get((*passes[line.occurrence], line.phi_tic))
                for name, column in (("k_frac", 7), ("F_latt", 12)):
                    if row is None or name not in line.values:
                        continue
                    if not _close((line.values[name],), row[column : column + 1], room):
                        yield f"{name} of phi step {line.phi_tic:g} in the log is not that of its term"


def _close(printed: tuple[object, ...], values: Array, room: float) -> bool:
    size = max((abs(float(value)) for value in values), default=0.0)
    return len(printed) == len(values) and all(
        isinstance(one, int | float) and math.isclose(one, other, rel_tol=room, abs_tol=room * size)
        for one, other in zip(printed, values.tolist(), strict=True)
    )


def _same(steps: Mapping[int, Array], one: int, other: int) -> bool:
    """Whether h, k, l of two phi steps are equal to the last bit."""
    return np.array_equal(steps[one], steps[other])


def _rounded(values: Array, bits: int) -> Array:
    fraction, exponent = np.frexp(values)
    return np.asarray(np.ldexp(np.round(np.ldexp(fraction, bits)), exponent - bits))


def _shown_key(key: Key) -> str:
    return ", ".join(f"{value:g}" for value in key)
