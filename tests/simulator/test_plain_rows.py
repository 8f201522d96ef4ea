"""The fast reader of rows ``h k l F`` against the reader of words, which takes any text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nbsim.errors import InputError
from nbsim.factors import plain_rows as fast
from nbsim.factors.hkl_text import read_rows, rows_of_words
from nbsim.options.quirks import Quirks

QUIRKS = (Quirks(), Quirks(hkl_integer_rows=False), Quirks(comments_as_data=False))
INDEX = st.one_of(
    st.integers(-99, 99).map(str),
    st.integers(-(10**8) + 1, 10**8 - 1).map(str),
    st.sampled_from(["-0", "+3", "007", "-00000001"]),
)
DECIMAL = st.one_of(
    st.decimals(-(10**6), 10**6, places=2).map(str),
    st.floats(-1e4, 1e4).filter(lambda f: "e" not in repr(f)).map(repr),
    st.from_regex(r"[+-]?[0-9]{1,30}(\.[0-9]{0,30})?", fullmatch=True),
)
WHITE = st.sampled_from([" ", "  ", "\t", "\n", "\r\n", "\r", " \v", "\f"])
ASCII = "1.0 1. .5 -.5 - + . --1 1- 1-2 1.2.3 1..2 1.-2 1e3 1E-2 1_0 0x1f inf -nan #1 word 1,5 123456789 -4294967296"
STRANGE = st.sampled_from([*ASCII.split(), "\0", "\x1c", "\x85", "\xa0", "\xb2", "1" + "0" * 61, "1" + "0" * 400])
ROW = st.tuples(INDEX, INDEX, INDEX, DECIMAL)


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """Rows in order, some with a strange or a missing word, with white space of any kind between words."""
    words = [word for row in draw(st.lists(ROW, min_size=1, max_size=6)) for word in row]
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(words)))
        words[at : at + draw(st.integers(0, 1))] = draw(st.lists(STRANGE, max_size=1))
    white = draw(st.lists(WHITE, min_size=len(words) + 1, max_size=len(words) + 1))
    ends = draw(st.tuples(st.booleans(), st.booleans()))
    inner = "".join(word + space for word, space in zip(words, white, strict=False))
    return ((white[-1] if ends[0] else "") + (inner if ends[1] else inner.rstrip())).encode("latin-1")


def answer(read, *given_to) -> object:
    """Everything that a reader says of a text, each number with its bits."""
    try:
        rows = read(*given_to)
    except InputError as error:
        return str(error)
    return rows.indices.tolist(), rows.values.tobytes(), rows.used, rows.notices


@pytest.mark.slow
@given(text=texts(), quirks=st.sampled_from(QUIRKS))
@example(text=b"", quirks=QUIRKS[0])
@example(text=b" \n", quirks=QUIRKS[0])
@example(text=b"1 2 3 -0", quirks=QUIRKS[0])
@example(text=b"1 2 3 4 5", quirks=QUIRKS[0])
@example(text=b"1 2 3 9007199254740993", quirks=QUIRKS[0])
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_text_is_read_as_by_its_words(text: bytes, quirks: Quirks, tmp_path: Path) -> None:
    path = tmp_path / "f.hkl"
    path.write_bytes(text)
    assert answer(read_rows, path, quirks) == answer(rows_of_words, text, path, quirks)


@given(rows=st.lists(ROW, min_size=1, max_size=30), white=WHITE)
@settings(max_examples=80, deadline=None)
def test_whole_indices_and_decimals_take_the_fast_way_and_every_bit(
    rows: list[tuple[str, str, str, str]], white: str
) -> None:
    read = fast.plain_rows(white.join(word for row in rows for word in row).encode())
    assert read is not None
    indices, values = read
    assert indices.T.tolist() == [[int(word) for word in row[:3]] for row in rows]
    assert values.tobytes() == np.array([float(row[3]) for row in rows]).tobytes()


@pytest.mark.parametrize(
    "text",
    [
        "", " \n", "1 2 3", "1 2 3 4 5", "1.0 2 3 4", "1. 2 3 4", "1 2 3 .5", "1 2 3 1e3", "1 2 3 4#", "1 2 - 3 4",
        "1 2-3 4", "1 2 3 1.2.3", "1 2 3 1.-2", "1 2 3 +-4", "123456789 2 3 4", "1 2 3 4\0", "1\xa02 3 4", "1 2 3 nan",
        "1 2 3 4-", "1 2 3 4 .", "1 . 2 3 4", "1 2 3 4..", "1 2 3 4 -", "-.5 1 2 3",
    ],
)  # fmt: skip
def test_anything_else_is_left_to_the_reader_of_words(text: str) -> None:
    assert fast.plain_rows(text.encode("latin-1")) is None


def test_a_text_of_many_pieces_is_read_whole() -> None:
    lines = [f"{at % 90 - 45} {at % 7} {-at} {at}.{at % 1000:03d}" for at in range(20_000)]
    for between in ("\n", "\r\n", " "):
        text = between.join(lines).encode()
        assert len(text) > 2 * fast._PIECE
        read = fast.plain_rows(text)
        assert read is not None
        expected = [[float(word) for word in line.split()] for line in lines]
        assert np.column_stack((read[0].T, read[1])).tolist() == expected


def test_rows_over_the_end_of_a_piece_are_left_to_the_reader_of_words(tmp_path: Path) -> None:
    path = tmp_path / "f.hkl"
    path.write_text("\n".join(f"1 2\n3 {at}" for at in range(30_000)) + "\n0\n0 0 1")
    assert read_rows(path, Quirks()).values.tolist() == [*range(30_000), 1]


def test_one_bad_byte_far_into_a_text_ends_it_there(tmp_path: Path) -> None:
    lines = [f"{at % 90} 0 0 {at}.5" for at in range(20_000)]
    lines[15_000] = "1 2 3 x"
    path = tmp_path / "f.hkl"
    path.write_text("\n".join(lines))
    rows = read_rows(path, Quirks())
    assert len(rows.values) == 15_000 and rows.notices[0].startswith(f"{path}:15001: not a number ('x')")
