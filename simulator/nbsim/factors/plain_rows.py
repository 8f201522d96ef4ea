"""Plain rows ``h k l F`` read as arrays: the fast path of :mod:`nbsim.factors.hkl_text`.

Plain: a word is an optional sign and digits, that of F with at most one decimal point after its first digit; white
space of ASCII separates words; rows are complete. Any other text is left to the reader of words.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

_COLUMNS = 4
_PIECE = 1 << 15  # bytes of text whose arrays stay in the cache
_TOGETHER = 8  # digits of one load
_EXACT = 15  # digits that a double holds; their quotient by a power of ten below 10^23 is rounded once, as in float()
# codes of characters: a digit is its value, signs come last
_POINT, _SPACE, _MINUS, _PLUS, _OTHER = 10, 11, 12, 13, 255
_CODE = dict(zip(b"0123456789.-+", (*range(10), _POINT, _MINUS, _PLUS), strict=True))
_CODE |= dict.fromkeys(b" \t\n\v\f\r", _SPACE)
_CODES = bytes(_CODE.get(character, _OTHER) for character in range(256))
_IN_FRONT, _BEHIND = bytes([_SPACE]) * _TOGETHER, bytes([_SPACE])
_LAST_BYTES = np.array([(1 << 64) - (1 << 8 * (_TOGETHER - n)) for n in range(_TOGETHER + 1)], dtype=np.uint64)
_POWERS = 10 ** np.arange(_TOGETHER + 1, dtype=np.uint64)
# neighbours joined: digits to pairs, pairs to fours, fours to eight; the factor, then the bits to move and to keep
_JOINS = [
    [np.uint64(number) for number in join]
    for join in (
        (10 << 8 | 1, 8, 0x00FF00FF00FF00FF),
        (100 << 16 | 1, 16, 0x0000FFFF0000FFFF),
        (10000 << 32 | 1, 32, 0x00000000FFFFFFFF),
    )
]


def plain_rows(data: bytes) -> tuple[Whole, Floats] | None:
    """Indices (3, n) within +-10^8 and F (n,) of plain rows, F with every bit of ``float``; None: not plain."""
    most = (len(data) + 1) // (2 * _COLUMNS)  # a digit and a blank each
    indices, values, n = np.empty((3, most), dtype=np.int64), np.empty(most), 0
    for piece in _pieces(data):
        rows = _rows(piece)
        if rows is None:
            return None
        begun, n = n, n + len(rows[1])
        indices[:, begun:n], values[begun:n] = rows
    return (indices[:, :n], values[:n]) if n else None


def _pieces(data: bytes) -> Iterator[bytes]:
    """``data`` in pieces of whole lines; a line beyond the size of a piece ends them with all that is left."""
    start = 0
    while start < len(data):
        end = data.rfind(b"\n", start, start + _PIECE) + 1 if start + _PIECE < len(data) else 0
        yield data[start : end or len(data)]
        start = end or len(data)


def _rows(data: bytes) -> tuple[Whole, Floats] | None:
    """Indices (3, n) and F (n,), n >= 0, of one piece; None: not plain."""
    text = b"".join((_IN_FRONT, data.translate(_CODES), _BEHIND))
    if _OTHER in text:
        return None
    codes = np.frombuffer(text, dtype=np.uint8)
    digit = codes < _POINT
    edges = np.flatnonzero(digit[1:] != digit[:-1]) + 1
    starts, ends = edges[0::2].copy(), edges[1::2].copy()  # of the runs of digits
    before, after = codes.take(starts - 1), codes.take(ends)
    fractions = np.flatnonzero(before == _POINT)
    heads = np.flatnonzero(before != _POINT)
    if len(heads) % _COLUMNS or _has_a_bad_word(codes, digit) or (after[fractions] == _POINT).any():
        return None
    lengths = ends - starts
    shape = (len(heads) // _COLUMNS, _COLUMNS)
    digits, signs = lengths.take(heads).reshape(shape), before.take(heads).reshape(shape)
    beyond = digits > _TOGETHER
    if (beyond | (after.take(heads).reshape(shape) == _POINT))[:, :3].any():
        return None
    numbers = _last_digits(text, ends, lengths)
    of_heads = numbers.take(heads).reshape(shape)
    indices = of_heads[:, :3].T.astype(np.int64, order="C")
    np.negative(indices, out=indices, where=signs[:, :3].T == _MINUS)

    # ahead of the j-th fraction are j others and whole rows, the last of which is its own
    row = (fractions - np.arange(len(fractions))) // _COLUMNS - 1
    mantissa, decimals, end = of_heads[:, 3].copy(), np.zeros(len(digits), dtype=np.int64), ends.take(heads[3::4])
    decimals[row], end[row] = lengths[fractions], ends[fractions]
    mantissa[row] = mantissa[row] * _POWERS.take(decimals[row], mode="clip") + numbers[fractions]
    values = mantissa.astype(np.float64) / _POWERS.astype(np.float64).take(decimals, mode="clip")
    long = np.flatnonzero(beyond[:, 3] | (decimals > _TOGETHER) | (digits[:, 3] + decimals > _EXACT))
    words = zip(starts[heads[3::4][long]] - len(_IN_FRONT), end[long] - len(_IN_FRONT), strict=True)
    values[long] = [float(data[first:last]) for first, last in words]
    np.negative(values, out=values, where=signs[:, 3] == _MINUS)
    return indices, values


def _has_a_bad_word(codes: npt.NDArray[np.uint8], digit: npt.NDArray[np.bool_]) -> bool:
    """Whether a sign is not between white space and a digit, or a point not behind a digit."""
    sign, point = codes[1:-1] > _SPACE, codes[1:] == _POINT
    bad_sign = sign & ~((codes[:-2] == _SPACE) & digit[2:])
    return bool(bad_sign.any()) or bool((point & ~digit[:-1]).any())


def _last_digits(text: bytes, ends: Whole, lengths: Whole) -> npt.NDArray[np.uint64]:
    """The last eight digits, as one number, of runs of ``lengths`` that end in ``text`` at ``ends``."""
    eight = np.ndarray(len(text) - _TOGETHER + 1, dtype="<u8", buffer=text, strides=(1,))
    numbers: npt.NDArray[np.uint64] = eight.take(ends - _TOGETHER)
    numbers &= _LAST_BYTES.take(lengths, mode="clip")
    for factor, moved, kept in _JOINS:
        numbers *= factor
        numbers >>= moved
        numbers &= kept
    return numbers
