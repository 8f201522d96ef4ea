"""Inputs that nobody wrote: a known input, changed in a few places."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

# words with a meaning for one of the readers, and numbers at the edges of the types
WORDS = tuple(
    word.encode()
    for word in (
        "nan", "inf", "-inf", "1e400", "-1", "0", "-0.0", "1e308", "1e-320", "", " ", "0x10", "\uff15", "1_000", "#",
        "2147483647", "-2147483648", "4294967296", "99999999999999999999", "9" * 400, "1e999999999", "0." + "1" * 300,
        "TRACE_C: ", "TRACE_PY: ", "TRACE_C_PHI ", "TRACE_PY_TERM ", "TRACE: ", "TRACE_CONFIG: ", "DETECTOR_FAST_AXIS ",
        "I_pixel_final ", "hkl_frac ", "phi_tic=", "max_I = ", "pixel=", "source[3].", "TRACE_C_SOURCE0: ", "WARNING",
        " : stol = ", "final intensity = ", "{", "}", "[", "]", '"', "'", "\\", ",", "=", ";", ":", "\n", "\r", "\t",
        "\x1b[31m", "\x1b]0;x\x07", "\x07", "\x9b2J", "\u202e", "\u2028", "\x85", "null", "true", "[[", '{"a":',
        "HEADER_BYTES=512;", "SIZE1=0;", "SIZE2=999999;", "TYPE=float;", "NCOL", "loop_", "_refln.index_h", "data_",
        "_cell.length_a 1e9", "(3, 3)", "'<f8'", "'O'", "sha256", "../../etc/passwd", "/dev/zero", "-trace_pixel 1 2",
        "-hkl", "-cell", "-N", "-phisteps 100000000", "--", "%s", "\0", "\xff\xfe",
    )
)  # fmt: skip
_NUMBER = re.compile(rb"[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?")
LARGEST = 200_000  # bytes of an input


def mutated(source: random.Random, inputs: Sequence[bytes]) -> bytes:
    """One of the inputs with one to six changes."""
    data = source.choice(inputs)
    for _ in range(source.choice((1, 1, 1, 2, 3, 6))):
        data = source.choice(_CHANGES)(source, data, inputs)
    return data[:LARGEST]


def _place(source: random.Random, data: bytes) -> tuple[int, int]:
    start = source.randint(0, len(data))
    return start, min(len(data), start + source.choice((0, 1, 1, 2, 4, 8, 40, 400)))


def _byte(source: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, _end = _place(source, data)
    return data[:start] + bytes([source.randrange(256)]) + data[start + 1 :]


def _bit(source: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    if not data:
        return data
    at = source.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << source.randrange(8)]) + data[at + 1 :]


def _word(source: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _place(source, data)
    return data[:start] + source.choice(WORDS) + data[source.choice((start, end)) :]


def _number(source: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, _end = _place(source, data)
    found = _NUMBER.search(data, start)
    return data if found is None else data[: found.start()] + source.choice(WORDS) + data[found.end() :]


def _gone(source: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _place(source, data)
    return data[:start] + data[end:]


def _cut(source: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    return data[: source.randint(0, len(data))]


def _again(source: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _place(source, data)
    return data[:start] + data[start:end] * source.choice((2, 3, 50, 2000)) + data[end:]


def _joined(source: random.Random, data: bytes, inputs: Sequence[bytes]) -> bytes:
    other = source.choice(inputs)
    return data[: source.randint(0, len(data))] + other[source.randint(0, len(other)) :]


def _lines(source: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    lines = data.split(b"\n")
    at = source.randrange(len(lines))
    line = lines.pop(at)
    if source.random() < 0.7:
        lines.insert(source.randint(0, len(lines)), line)
    return b"\n".join(lines)


_CHANGES = (_byte, _bit, _word, _word, _number, _number, _number, _gone, _cut, _again, _joined, _lines)
