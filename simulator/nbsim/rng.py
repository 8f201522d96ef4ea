"""The uniform generator of the C program, bit for bit.

A minimal-standard congruential generator behind a shuffle table of 32 words; the table is shared by all
callers, the seed belongs to each. Source: nanobragg_setup.md section 4.4 and quirk S22.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache

import numpy as np
import numpy.typing as npt

_MULTIPLIER = 16807
_MODULUS = 2147483647
_WORDS = 32
_WARM_UP = 40
_BUCKET = 1 + (_MODULUS - 1) // _WORDS
_AT_ONCE = 1 << 14
_LARGEST = struct.unpack("f", struct.pack("f", 1.0 - 1.2e-7))[0]


def float32(value: float) -> float:
    """``value`` rounded to the nearest float32."""
    rounded: float = struct.unpack("f", struct.pack("f", value))[0]
    return rounded


class Generator:
    """The program-wide part of the generator: the shuffle table and the last output word."""

    def __init__(self) -> None:
        self._table = [0] * _WORDS
        self._last = 0

    def _fill(self, state: int) -> int:
        state = max(-state, 1)
        for i in reversed(range(_WARM_UP)):
            state = state * _MULTIPLIER % _MODULUS
            if i < _WORDS:
                self._table[i] = state
        self._last = self._table[0]
        return state

    def draw(self, state: int) -> tuple[float, int]:
        """Next deviate in (0, 1), a float32 value, and the caller's new state.

        A state <= 0 restarts the table from its negative.
        """
        if state <= 0 or self._last == 0:
            state = self._fill(state)
        state = state * _MULTIPLIER % _MODULUS
        slot = self._last // _BUCKET
        self._last, self._table[slot] = self._table[slot], state
        return float32(min(self._last * (1.0 / _MODULUS), _LARGEST)), state

    def draw_many(self, state: int, n: int) -> tuple[list[float], int]:
        """The next ``n`` deviates as from repeated :meth:`draw`, and the caller's new state."""
        if state <= 0 or self._last == 0:
            state = self._fill(state)
        states = (state * _powers(n) % _MODULUS).tolist()
        table, last, words = self._table, self._last, []
        for word in states:
            slot = last // _BUCKET
            last, table[slot] = table[slot], word
            words.append(last)
        self._last = last
        values = np.minimum(np.array(words, dtype=np.float64) * (1.0 / _MODULUS), _LARGEST)
        return values.astype(np.float32).tolist(), states[-1]


@cache
def _powers(n: int) -> npt.NDArray[np.int64]:
    """Powers 1 ... n of the multiplier, which give each of the next n states."""
    powers = [1]
    for _ in range(n):
        powers.append(powers[-1] * _MULTIPLIER % _MODULUS)
    return np.array(powers[1:], dtype=np.int64)


class Stream:
    """One caller's stream of deviates: its own state, the shared table."""

    def __init__(self, generator: Generator, typed_seed: int) -> None:
        self._generator = generator
        self._state = -typed_seed

    def draw(self) -> float:
        """Next deviate in (0, 1), a float32 value."""
        value, self._state = self._generator.draw(self._state)
        return value

    def endless(self) -> Iterator[float]:
        """All further deviates. It reads ahead, so that no other stream can use the table afterwards."""
        while True:
            values, self._state = self._generator.draw_many(self._state, _AT_ONCE)
            yield from values
